"""Say what is wrong where a shape has no ``sh:message`` of its own (SHACL, section 3.6.2.7)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import pyoxigraph as ox

from stadtgraph.messages import LANGUAGES, say
from stadtgraph.namespaces import shorten
from stadtgraph.shacl.components import COMPONENTS, referred
from stadtgraph.shacl.graphs import Term
from stadtgraph.shacl.model import Constraint

SHOWN: Final = 10  # members of a list
LONGEST: Final = 100  # characters of a value
KINDS: Final = {ox.NamedNode: "IRI", ox.BlankNode: "BlankNode", ox.Literal: "Literal"}


def sentences(constraint: Constraint, value: Term | None, path: Term | None) -> dict[str, str]:
    """Return what is wrong with a value, in every language."""
    component = COMPONENTS.get(constraint.parameter)
    key = f"constraint-{component.name}" if component else "constraint-of-ones-own"
    limit, rule = _limit(constraint), _rule(constraint)
    return {
        lang: say(key, lang, value=_text(value, lang), path=_text(path, lang), limit=limit, rule=rule)
        for lang in LANGUAGES
    }


def _limit(constraint: Constraint) -> str:
    value = constraint.value
    members: tuple[Any, ...] = value if isinstance(value, tuple) else (value,)
    texts = [KINDS[each] if isinstance(each, type) else _text(each, "en") for each in members[:SHOWN]]
    return ", ".join(texts) + ", …" * (len(members) > SHOWN)


def _rule(constraint: Constraint) -> str:
    """Return the parameter with the shapes that have an IRI, or the component where it is somebody's own."""
    if not constraint.parameter:
        return _short(constraint.component.value)
    shapes = [node.value for node in referred(constraint) if isinstance(node, ox.NamedNode)]
    return " ".join((f"sh:{constraint.parameter}", *map(_short, shapes)))


def _text(term: Any, lang: str) -> str:
    match term:
        case ox.NamedNode():
            return _short(term.value)
        case ox.BlankNode():
            return say("node-without-owner", lang)
        case ox.Literal():
            return _cut(term.value) or '""'
    return "" if term is None else _cut(str(term))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


@lru_cache(maxsize=10_000)
def _short(iri: str) -> str:
    return shorten(iri, "")
