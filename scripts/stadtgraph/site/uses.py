"""How often the graph uses each class and each property, and the first of these uses."""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Final

from pyoxigraph import NamedNode, Quad, Store

from stadtgraph.terms import TYPE, text

# So many uses are kept of each term, to show some of them in either language.
KEPT: Final = 24
Head = tuple[bool, bool, str]


@dataclass
class Uses:
    """How often a term is used, how many of these uses are derived, and the first of them."""

    number: int = 0
    derived: int = 0
    first: list[tuple[tuple[Head, str], Quad]] = field(default_factory=list)

    def add(self, quad: Quad, head: Head, derived: bool) -> None:
        """Take in one use; ``head``, and then its object, say which uses are shown first."""
        self.number += 1
        self.derived += derived
        if len(self.first) < KEPT or head <= self.first[-1][0][0]:
            insort(self.first, ((head, text(quad.object)), quad), key=itemgetter(0))
            del self.first[KEPT:]


def gathered(store: Store, ours: str, rules: str) -> tuple[dict[str, Uses], dict[str, Uses]]:
    """Return the uses of classes and of properties; the store is read once.

    Things whose IRI begins with ``ours`` are shown first; ``rules`` is the graph of what is derived.
    """
    classes: dict[str, Uses] = {}
    properties: dict[str, Uses] = {}
    for quad in store:
        iri = text(quad.subject)
        derived = text(quad.graph_name) == rules
        head = (not iri.startswith(ours), derived, iri)
        properties.setdefault(quad.predicate.value, Uses()).add(quad, head, derived)
        if quad.predicate == TYPE and isinstance(quad.object, NamedNode):
            classes.setdefault(quad.object.value, Uses()).add(quad, head, derived)
    return classes, properties
