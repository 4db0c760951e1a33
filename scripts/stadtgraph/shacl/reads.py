"""Say what validating a focus node reads, which focus nodes a statement can matter to, and what they need.

Two places ask this: what an edit can affect (``memory``), and how to cut a graph into parts (``parts``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import pyoxigraph as ox

from stadtgraph.shacl.columns import SUBCLASS, Column
from stadtgraph.shacl.components import referred
from stadtgraph.shacl.graphs import Term
from stadtgraph.shacl.model import Constraint, Plan, Shape
from stadtgraph.shacl.paths import Alternative, Path, Repeat, Sequence, Step, follow, inverse
from stadtgraph.shacl.scopes import Unbounded, joined, reads_of_query
from stadtgraph.terms import TYPE

Triple = tuple[int, int, int]
Roots = Mapping[Term, Collection[int]]  # focus nodes of shapes that have targets
COMPARING = ("equals", "disjoint", "lessThan", "lessThanOrEquals")


@dataclass(frozen=True, slots=True)
class Read:
    """A predicate, any where None, that is followed from the nodes at the end of a path from a focus node."""

    path: Path | None
    predicate: ox.NamedNode | None
    inverse: bool = False


class Graph(Protocol):
    """Columns, as far as they are asked here."""

    def column(self, predicate: ox.NamedNode, inverse: bool = False) -> Column:
        """Return what a predicate leads to, from each subject or from each object."""

    def number(self, term: Term) -> int:
        """Return the number of a term."""

    def predicates(self) -> Iterable[tuple[int, Column]]:
        """Yield each predicate with its column."""


class Reads:
    """What the shapes of a plan read."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.roots = [shape for shape in plan.shapes.values() if shape.targets]

    @cached_property
    def by_root(self) -> dict[Term, list[Read]]:
        """What is read for a focus node of each shape with targets, all but ``rdfs:subClassOf``."""
        return {shape.node: list(dict.fromkeys(self.of_root(shape))) for shape in self.roots}

    @cached_property
    def whole(self) -> frozenset[tuple[Term, int]]:
        """Constraints that need the whole graph: shapes, and places among their constraints."""
        return frozenset(
            (shape.node, place)
            for shape in self.plan.shapes.values()
            for place, constraint in enumerate(shape.constraints)
            if constraint.parameter != "property" and self._is_whole(shape, constraint)
        )

    def _is_whole(self, shape: Shape, constraint: Constraint) -> bool:
        try:
            list(self._of_constraint(shape, constraint, None))
        except Unbounded:
            return True
        return False

    def of_root(self, shape: Shape) -> Iterator[Read]:
        """Yield what is read for a focus node, without what needs the whole graph."""
        for kind, term in shape.targets:
            if kind != "targetNode":
                predicate = TYPE if kind == "targetClass" else term
                yield Read(None, predicate, kind == "targetObjectsOf")  # type: ignore[arg-type]
        yield from self._reported(shape, None)

    def _reported(self, shape: Shape, before: Path | None) -> Iterator[Read]:
        """Yield what shapes read that report results of their own (4.7.2), without what is whole."""
        if shape.deactivated:
            return
        yield from _along(shape.path, before)
        for place, constraint in enumerate(shape.constraints):
            if constraint.parameter == "property":
                yield from self._reported(self.plan.shapes[constraint.value], joined(before, shape.path))
            elif (shape.node, place) not in self.whole:
                yield from self._of_constraint(shape, constraint, before)

    def _of_shape(self, node: Term, before: Path | None) -> Iterator[Read]:
        shape = self.plan.shapes[node]
        if not shape.deactivated:
            yield from _along(shape.path, before)
            for constraint in shape.constraints:
                yield from self._of_constraint(shape, constraint, before)

    def _of_constraint(self, shape: Shape, constraint: Constraint, before: Path | None) -> Iterator[Read]:
        values = joined(before, shape.path)
        if query := constraint.query:
            for place, path in reads_of_query(query.text, query.bound, query.is_ask):
                yield from _along(path, joined(values if place.start == "value" else before, place.path))
        elif constraint.parameter == "class":
            yield Read(values, TYPE)
        elif constraint.parameter in COMPARING:
            yield Read(before, constraint.value)
        elif constraint.parameter == "closed":
            yield Read(values, None)
        else:
            for node in referred(constraint):
                yield from self._of_shape(node, values)

    # -- what a change matters to, and what a check needs

    def affected(self, graph: Graph, changed: Collection[Triple]) -> dict[Term, set[int]]:
        """Return the focus nodes whose check reads statements that came or went, in the graph before.

        A check that reads none of them comes to the same result: it would do the same steps again.
        """
        subjects: dict[int, set[int]] = {}
        objects: dict[int, set[int]] = {}
        anywhere: set[int] = set()
        for subject, predicate, value in changed:
            subjects.setdefault(predicate, set()).add(subject)
            objects.setdefault(predicate, set()).add(value)
            anywhere.add(subject)
        found: dict[Term, set[int]] = {}
        led: dict[tuple[Path | None, frozenset[int]], set[int]] = {}
        for root, reads in self.by_root.items():
            found[root] = set()
            for read in reads:
                if read.predicate is None:
                    nodes = anywhere
                else:
                    nodes = (objects if read.inverse else subjects).get(graph.number(read.predicate), set())
                if nodes:
                    key = read.path, frozenset(nodes)
                    if key not in led:
                        led[key] = _at_end(graph, read.path and inverse(read.path), nodes)
                    found[root] |= led[key]
        return found

    def slots(self, graph: Graph, roots: Roots) -> Iterator[tuple[Read, set[int]]]:
        """Yield what is read for these focus nodes, with the nodes from which it is read."""
        for root, reads in self.by_root.items():
            ends: dict[Path | None, set[int]] = {}
            for read in reads if roots.get(root) else ():
                if read.path not in ends:
                    ends[read.path] = _at_end(graph, read.path, roots[root])
                yield read, ends[read.path]

    def needed(self, graph: Graph, roots: Roots) -> set[Triple]:
        """Return the statements that checking these focus nodes reads."""
        subclass = graph.number(SUBCLASS)
        found = {(s, subclass, o) for s, values in graph.column(SUBCLASS).items() for o in values}
        for read, nodes in self.slots(graph, roots):
            if read.predicate is None:
                columns = graph.predicates()
            else:
                columns = [(graph.number(read.predicate), graph.column(read.predicate, read.inverse))]
            for predicate, column in columns:
                for node in nodes & column.keys():
                    found.update(
                        (value, predicate, node) if read.inverse else (node, predicate, value)
                        for value in column[node]
                    )
        return found


def _along(path: Path | None, before: Path | None) -> Iterator[Read]:
    """Yield what following a path reads."""
    match path:
        case Step():
            yield Read(before, path.predicate, path.inverse)
        case Sequence():
            for part in path.parts:
                yield from _along(part, before)
                before = joined(before, part)
        case Alternative():
            for part in path.parts:
                yield from _along(part, before)
        case Repeat(sign="?"):
            yield from _along(path.part, before)
        case Repeat():
            yield from _along(path.part, joined(before, Repeat(path.part, "*")))


def _at_end(graph: Graph, path: Path | None, nodes: Collection[int]) -> set[int]:
    if path is None:
        return set(nodes)
    return {value for values in follow(graph, path, nodes).values() for value in values}
