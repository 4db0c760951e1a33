"""Where the graph, its rules and its questions use a term of a vocabulary."""

from __future__ import annotations

import re
from bisect import insort
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

from pyoxigraph import BlankNode, Literal, NamedNode, Quad, Store

from stadtgraph.namespaces import LOCAL, VOCABULARIES
from stadtgraph.queries import NO_KEYWORDS, Question, read
from stadtgraph.site.reading import Reading
from stadtgraph.terms import TYPE, text

SH: Final = VOCABULARIES["sh"]
# So many uses are kept of each term, to show some of them in either language.
KEPT: Final = 24
PREFIX: Final = re.compile(r"PREFIX\s+([\w-]*):\s*<([^>\s]*)>", re.IGNORECASE)
NAME: Final = re.compile(r"(?<![\w<:])([\w-]*):([\w-]+)|<([^<>\s]+)>")
QUOTED: Final = re.compile(r'"[^"\n]*"|^\s*#[^\n]*', re.MULTILINE)
# What a rule merely puts up with.
ALLOWED: Final = NamedNode(SH + "ignoredProperties")


@dataclass
class Uses:
    """How often a term is used, how many of these uses are derived, and the first of them."""

    number: int = 0
    derived: int = 0
    first: list[tuple[tuple[bool, bool, str, str], Quad]] = field(default_factory=list)

    def add(self, quad: Quad, key: tuple[bool, bool, str, str], derived: bool) -> None:
        """Take in one use; ``key`` says which uses are shown first."""
        self.number += 1
        self.derived += derived
        if len(self.first) < KEPT or key < self.first[-1][0]:
            insort(self.first, (key, quad), key=lambda pair: pair[0])
            del self.first[KEPT:]


class Used:
    """The classes and properties that a city uses; the graph is read once."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self.classes: dict[str, Uses] = {}
        self.properties: dict[str, Uses] = {}
        ours, derived_graph = reading.base + LOCAL["id"], reading.derived
        for quad in reading.city.store:
            iri = text(quad.subject)
            derived = text(quad.graph_name) == derived_graph
            key = (not iri.startswith(ours), derived, iri, text(quad.object))
            self.properties.setdefault(quad.predicate.value, Uses()).add(quad, key, derived)
            if quad.predicate == TYPE and isinstance(quad.object, NamedNode):
                self.classes.setdefault(quad.object.value, Uses()).add(quad, key, derived)

    @cached_property
    def own(self) -> list[str]:
        """Return the city's own terms."""
        space = self._reading.base + LOCAL["def"]
        subjects = {text(quad.subject) for quad in self._reading.city.store}
        return sorted(iri for iri in subjects if iri.startswith(space))

    @cached_property
    def terms(self) -> list[str]:
        """Return every term that has a page of its own."""
        every = {*self.own, *self.properties, *self.classes}
        return sorted(iri for iri in every if self._reading.term_page(iri))

    @cached_property
    def rules(self) -> dict[str, list[str]]:
        """Map each term to the rules that speak of it."""
        found: dict[str, list[str]] = {}
        for rule in rules(self._reading):
            for iri in sorted(mentioned(self._reading.city.shapes, rule)):
                found.setdefault(iri, []).append(rule)
        return found

    @cached_property
    def questions(self) -> dict[str, list[Question]]:
        """Map each term to the documented questions that use it."""
        return self._asked(self._reading.city.queries())

    @cached_property
    def deriving(self) -> dict[str, list[Question]]:
        """Map each term to the rules of derivation that use it."""
        return self._asked(self._reading.city.queries("derive"))

    def _asked(self, paths: Iterable[Path]) -> dict[str, list[Question]]:
        found: dict[str, list[Question]] = {}
        for path in paths:
            question = read(path)
            for iri in sorted(named_in(question.text, self._reading.city.prefixes)):
                found.setdefault(iri, []).append(question)
        return found


def rules(reading: Reading) -> list[str]:
    """Return every rule with a name of its own, be it on things or on one property."""
    shapes = reading.city.shapes
    found = {
        text(quad.subject)
        for kind in ("NodeShape", "PropertyShape")
        for quad in shapes.quads_for_pattern(None, TYPE, NamedNode(SH + kind))
        if isinstance(quad.subject, NamedNode)
    }
    held = shapes.quads_for_pattern(None, NamedNode(SH + "property"), None)
    found |= {quad.object.value for quad in held if isinstance(quad.object, NamedNode)}
    return sorted(iri for iri in found if reading.document(iri))


def mentioned(shapes: Store, rule: str) -> set[str]:
    """Return the terms that a rule speaks of, in nodes without names too, but not in other rules."""
    found: set[str] = set()
    ahead: list[NamedNode | BlankNode] = [NamedNode(rule)]
    seen = set(ahead)
    while ahead:
        for quad in shapes.quads_for_pattern(ahead.pop(), None, None):
            value = quad.object
            if quad.predicate in (ALLOWED, TYPE) or isinstance(value, Literal) or value in seen:
                continue
            if isinstance(value, BlankNode):
                seen.add(value)
                ahead.append(value)
            elif isinstance(value, NamedNode):
                found.add(value.value)
    return found


def named_in(query: str, prefixes: dict[str, str]) -> set[str]:
    """Return the IRIs that a query names, in full or by prefix."""
    known = {**prefixes, **dict(PREFIX.findall(query))}
    bare = QUOTED.sub(" ", PREFIX.sub(" ", query))
    found = {
        whole or known.get(prefix, "") + local
        for prefix, local, whole in NAME.findall(bare)
        if whole or prefix in known
    }
    return found | ({TYPE.value} if re.search(r"\sa\s", NO_KEYWORDS.sub(" ", query)) else set())
