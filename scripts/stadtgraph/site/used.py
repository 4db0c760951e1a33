"""Where the graph, its rules and its questions use a term of a vocabulary."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Final

from pyoxigraph import BlankNode, Literal, NamedNode, Store

from stadtgraph.namespaces import LOCAL, VOCABULARIES
from stadtgraph.queries import NO_KEYWORDS, Question, read
from stadtgraph.site.reading import Reading
from stadtgraph.terms import TYPE, text

SH: Final = VOCABULARIES["sh"]
PREFIX: Final = re.compile(r"PREFIX\s+([\w-]*):\s*<([^>\s]*)>", re.IGNORECASE)
NAME: Final = re.compile(r"(?<![\w<:])([\w-]*):([\w-]+)|<([^<>\s]+)>")
QUOTED: Final = re.compile(r'"[^"\n]*"|^\s*#[^\n]*', re.MULTILINE)
# What a rule merely puts up with.
ALLOWED: Final = NamedNode(SH + "ignoredProperties")


class Used:
    """The classes and properties that a city uses."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self.classes, self.properties = reading.uses

    @cached_property
    def own(self) -> list[str]:
        """Return the city's own terms."""
        return self._reading.fragments(self._reading.base + LOCAL["def"].removesuffix("#"))

    @cached_property
    def terms(self) -> list[str]:
        """Return every term that has a page of its own."""
        every = {*self.own, *self.properties, *self.classes}
        return sorted(iri for iri in every if self._reading.term_page(iri))

    def is_property(self, iri: str) -> bool:
        """Tell whether a term is a property rather than a class."""
        return iri in self.properties or any("Property" in kind for kind in self._reading.types(iri))

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
