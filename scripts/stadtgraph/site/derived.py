"""Which rule of ``queries/derive/`` a derived statement is owed to, told from the rules' templates."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from pyoxigraph import NamedNode, Quad

from stadtgraph.messages import LANGUAGES
from stadtgraph.namespaces import VOCABULARIES, expand
from stadtgraph.queries import read
from stadtgraph.site.reading import Reading
from stadtgraph.site.things import REMEMBERED
from stadtgraph.terms import TYPE, text

TEMPLATE: Final = re.compile(r"CONSTRUCT\s*\{(.*?)\}", re.DOTALL)
STATEMENT: Final = re.compile(r"^\s*(\S+)\s+(\S+)\s+(\S+|\"[^\"]*\"\S*)\s*\.\s*$", re.MULTILINE)
NAME: Final = re.compile(r"[a-z]+:\w+|<[^<>\s]+>")
WIDER: Final = NamedNode(VOCABULARIES["rdfs"] + "subPropertyOf")


class Rule(NamedTuple):
    """A rule's titles, the statements of its template (variables with ``?``), and every IRI that it names."""

    titles: tuple[str, ...]
    template: tuple[tuple[str, ...], ...]
    names: frozenset[str]


def rules_for(reading: Reading, quad: Quad, lang: str) -> list[str]:
    """Return the titles of the rules that a statement is owed to."""
    return [rule.titles[LANGUAGES.index(lang)] for rule in _fitting(reading, quad)]


@lru_cache(REMEMBERED)  # a thing's page asks for it once in each language
def _fitting(reading: Reading, quad: Quad) -> list[Rule]:
    """Of several rules whose template fits, those that also say what the subject is know best."""
    fits = [(rule, _fit(reading, rule, quad)) for rule in _rules(reading)]
    best = max((fit for _, fit in fits), default=0)
    return [rule for rule, fit in fits if fit == best > 0]


def _fit(reading: Reading, rule: Rule, quad: Quad) -> int:
    """Return 2 where a template fits a statement and gives its subject a class, 1 where it fits, else 0."""
    types = reading.types(text(quad.subject))
    best = 0
    for subject, predicate, value in rule.template:
        if not _states(reading, rule, predicate, quad) or (value[0] != "?" and value != text(quad.object)):
            continue
        given = {o for s, p, o in rule.template if (s, p) == (subject, TYPE.value) and o[0] != "?"}
        if given <= types:
            best = max(best, 2 if given else 1)
    return best


def _states(reading: Reading, rule: Rule, predicate: str, quad: Quad) -> bool:
    """Tell whether a property of a template, maybe a variable, can be that of a statement."""
    if predicate[0] != "?":
        return predicate == quad.predicate.value
    if quad.predicate.value in rule.names:
        return True
    narrower = reading.city.store.quads_for_pattern(None, WIDER, quad.predicate)
    return WIDER.value in rule.names and any(narrower)


@lru_cache(1)
def _rules(reading: Reading) -> tuple[Rule, ...]:
    found = []
    for path in reading.city.queries("derive"):
        rule = read(path)
        titles = tuple(rule.title(lang) for lang in LANGUAGES)
        template = TEMPLATE.search(rule.text)
        statements = STATEMENT.findall(template[1]) if template else []
        whole = tuple(tuple(_node(name, reading.base) for name in statement) for statement in statements)
        names = frozenset(_node(name, reading.base) for name in NAME.findall(rule.text))
        found.append(Rule(titles, whole, names))
    return tuple(found)


def _node(name: str, base: str) -> str:
    if name == "a":
        return TYPE.value
    return name.strip("<>") if name.startswith("<") else expand(name, base) or name
