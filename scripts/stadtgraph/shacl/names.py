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
    blanks = graph.blanks()
    blank = sorted((node for node in shapes if isinstance(node, ox.BlankNode)), key=graph.number)
    keys: dict[Term, str] = {node: f"_:rule{number}" for number, node in enumerate(blank, 1)}
    above = _above(shapes)
    names = {}
    for node, shape in shapes.items():
        start = _start(node, above, shapes)
        owner = start.value if isinstance(start, ox.NamedNode) else ""
        targets = " ; ".join(_targets(shapes[start])) if start else ""
        first = f"<{owner}>" if owner else f"[ {targets} ]" if targets else keys[node]
        names[term_to_rdflib(node)] = Name(
            keys.get(node, node.value),
            owner,
            first,
            as_sparql(shape.path, 0) if shape.path else "",
            " ; ".join(_targets(shape)),
            blanks.get(node, 0),
        )
    return names


def _targets(shape: Shape) -> Iterator[str]:
    yield from (f"sh:{kind} {term}" for kind, term in shape.targets)


def _above(shapes: Mapping[Term, Shape]) -> dict[Term, list[Term]]:
    above: dict[Term, list[Term]] = {}
    for node, shape in shapes.items():
        for other in referred(*shape.constraints):
            above.setdefault(other, []).append(node)
    return above


def _start(node: Term, above: Mapping[Term, Iterable[Term]], shapes: Mapping[Term, Shape]) -> Term | None:
    """Return the nearest shape that has an IRI, itself or above, else the nearest with targets.

    All shapes of a level are looked at at once; shapes do not refer to themselves.
    """
    level, targeted = [node], None
    while level:
        if named := [each for each in level if isinstance(each, ox.NamedNode)]:
            return min(named, key=str)
        targeted = targeted or next((each for each in level if shapes[each].targets), None)
        level = [upper for each in level for upper in above.get(each, ())]
    return targeted
