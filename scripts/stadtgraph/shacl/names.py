"""What people call a shape, also one without an IRI: the same in each run, and found in its file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import pyoxigraph as ox
from rdflib.term import Node

from stadtgraph.shacl.columns import Columns
from stadtgraph.shacl.components import referred
from stadtgraph.shacl.graphs import Term, term_to_rdflib
from stadtgraph.shacl.model import Name, Shape
from stadtgraph.shacl.paths import as_sparql


def names_of(shapes: Mapping[Term, Shape], graph: Columns) -> dict[Node, Name]:
    """Return what to call each shape."""
    blank = sorted((node for node in shapes if isinstance(node, ox.BlankNode)), key=graph.number)
    keys: dict[Term, str] = {node: f"_:rule{number}" for number, node in enumerate(blank, 1)}
    above = _above(shapes)
    return {
        term_to_rdflib(node): Name(
            keys.get(node, node.value),
            owner := _owner(node, above),
            as_sparql(shape.path, 0) if shape.path else "",
            "" if owner else " ; ".join(_targets(shape)),
        )
        for node, shape in shapes.items()
    }


def _targets(shape: Shape) -> Iterator[str]:
    yield from (f"sh:{kind} {term}" for kind, term in shape.targets)


def _above(shapes: Mapping[Term, Shape]) -> dict[Term, list[Term]]:
    above: dict[Term, list[Term]] = {}
    for node, shape in shapes.items():
        for other in referred(*shape.constraints):
            above.setdefault(other, []).append(node)
    return above


def _owner(node: Term, above: Mapping[Term, Iterable[Term]]) -> str:
    """Go up, all shapes of a level at once; shapes do not refer to themselves."""
    level = [node]
    while level:
        if named := [each.value for each in level if isinstance(each, ox.NamedNode)]:
            return min(named)
        level = [upper for each in level for upper in above.get(each, ())]
    return ""
