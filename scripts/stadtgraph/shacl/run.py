"""Validate columns of data with a plan of shapes (SHACL, sections 3.4 to 3.6)."""

from __future__ import annotations

import os
import re
from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext

import pyoxigraph as ox
from rdflib import URIRef
from rdflib.term import Node

from stadtgraph.shacl import sparql
from stadtgraph.shacl.columns import Column, Columns
from stadtgraph.shacl.components import COMPONENTS, Found, Reach
from stadtgraph.shacl.graphs import Source, Term, quads, quiet, term_to_rdflib, to_oxigraph
from stadtgraph.shacl.model import Constraint, Plan, Query, Shape
from stadtgraph.shacl.parse import parse
from stadtgraph.shacl.paths import follow
from stadtgraph.shacl.queries import predicates_of
from stadtgraph.shacl.report import MalformedShapes, Report, Result


class Run:
    """One validation of one data graph, or of ``only`` some focus nodes and ``only_if`` some constraints.

    A constraint goes by its shape and its place among that shape's constraints.
    """

    def __init__(
        self,
        plan: Plan,
        data: Columns,
        asker: sparql.Asker | None = None,
        only: Mapping[Term, Iterable[Term]] | None = None,
        only_if: Callable[[tuple[Term, int]], bool] = lambda constraint: True,
    ) -> None:
        self.plan, self.data, self.asker, self.only, self.only_if = plan, data, asker, only, only_if
        self._checked: dict[Term, tuple[set[int], set[int]]] = {}

    def results(self, limit: int | None) -> tuple[list[Result], Counter[tuple[Node, URIRef]]]:
        """Validate each shape's targets; ``limit`` is for the results kept for each shape and component."""
        results: list[Result] = []
        counts: Counter[tuple[Node, URIRef]] = Counter()
        for source, place, found, times in self.found():
            constraint = source.constraints[place]
            key = term_to_rdflib(source.node), URIRef(constraint.component.value)
            keep = times if limit is None else max(0, min(times, limit - counts[key]))
            counts[key] += times
            if keep:
                results += [self.result(source, constraint, found)] * keep
        return results, counts

    def found(self) -> Iterator[tuple[Shape, int, Found, int]]:
        """Yield what is wrong: the shape, the place of its constraint, the result, and how often."""
        targets = [(shape, dict.fromkeys(self._target(shape), 1)) for shape in self.plan.shapes.values()]
        for shape, focus in targets:
            for place, constraint in enumerate(shape.constraints):
                if len(focus) > sparql.FEW and not shape.deactivated and self.only_if((shape.node, place)):
                    if self.asker and constraint.query and constraint.query.once:
                        self.asker.start(constraint.query, constraint.others)
        for shape, focus in targets:
            if focus:
                yield from self._validate(shape, focus)

    def _target(self, shape: Shape) -> dict[int, None]:
        """Return the focus nodes of a shape (2.1.3)."""
        nodes: dict[int, None] = {}
        for kind, term in shape.targets:
            if kind == "targetNode":
                nodes[self.data.number(term)] = None
            elif isinstance(term, ox.NamedNode):
                nodes |= dict.fromkeys(
                    self.data.instances(term)
                    if kind == "targetClass"
                    else self.data.column(term, inverse=kind == "targetObjectsOf")
                )
        if self.only is None:
            return nodes
        return dict.fromkeys(nodes.keys() & self.data.numbers(self.only.get(shape.node, ())))

    def _validate(
        self, shape: Shape, focus: Mapping[int, int]
    ) -> Iterator[tuple[Shape, int, Found, int]]:
        """Yield what is wrong, and how often; ``focus`` says how often a node is validated (4.7.2)."""
        if shape.deactivated:
            return
        reach = self._reach(shape, focus)
        for place, constraint in enumerate(shape.constraints):
            if constraint.parameter == "property":
                further = focus if shape.path is None else _times(reach.values, focus)
                yield from self._validate(self.plan.shapes[constraint.value], further)
            elif self.only_if((shape.node, place)):
                for found in self._found(shape, constraint, reach):
                    yield shape, place, found, focus[found.focus]

    def _reach(self, shape: Shape, focus: Collection[int]) -> Reach:
        return Reach(focus, follow(self.data, shape.path, focus) if shape.path else None)

    def _found(self, shape: Shape, constraint: Constraint, reach: Reach) -> Iterable[Found]:
        if self.asker and constraint.query:
            return sparql.ask(self.asker, shape.node, constraint, reach)
        rule = COMPONENTS[constraint.parameter].rule
        return rule(self, constraint, reach) if rule else ()

    def failing(self, node: Term, nodes: set[int]) -> set[int]:
        """Return those of ``nodes`` that do not conform to a shape (3.5); each is looked at once."""
        shape = self.plan.shapes[node]
        if shape.deactivated:
            return set()
        checked, failed = self._checked.setdefault(node, (set(), set()))
        if new := nodes - checked:
            reach = self._reach(shape, new)
            for constraint in shape.constraints:
                failed.update(found.focus for found in self._found(shape, constraint, reach))
            checked |= new
        return nodes & failed

    def result(self, shape: Shape, constraint: Constraint, found: Found) -> Result:
        """Return one result as the specification has it (3.6.2)."""
        terms = self.data.terms
        path = terms[found.path] if found.path is not None else shape.path_node
        return Result(
            term_to_rdflib(terms[found.focus]),
            None if path is None else term_to_rdflib(path),
            None if found.value is None else term_to_rdflib(terms[found.value]),
            URIRef(constraint.component.value),
            term_to_rdflib(shape.node),
            URIRef(shape.severity.value),
            self._messages(shape, constraint, found),
            term_to_rdflib(constraint.value) if constraint.parameter == "sparql" else None,
        )

    def _messages(self, shape: Shape, constraint: Constraint, found: Found) -> Mapping[str, str]:
        """Return messages by language: the query's, the shape's, or else the bare rule (5.3.2)."""
        message = found.bindings.get("message")
        if isinstance(message, ox.Literal):
            return {message.language or "": message.value}
        templates = (constraint.query.messages if constraint.query else ()) or shape.messages
        if templates:
            return {template.language or "": _fill(template.value, found.bindings) for template in templates}
        return {"": f"{constraint.component.value.rpartition('#')[2]}: {_shown(constraint)}"}


def _times(values: Column, focus: Mapping[int, int]) -> dict[int, int]:
    """Say how often each value node is validated."""
    times: dict[int, int] = {}
    for node, each in values.items():
        for value in each:
            times[value] = times.get(value, 0) + focus[node]
    return times


def _fill(template: str, bindings: Mapping[str, Term]) -> str:
    def text(match: re.Match[str]) -> str:
        return bindings[match[1]].value if match[1] in bindings else match[0]

    return re.sub(r"\{[?$](\w+)\}", text, template)


def _shown(constraint: Constraint) -> str:
    return f"sh:{constraint.parameter} {constraint.value}" if constraint.parameter else ""


@contextmanager
def running(
    plan: Plan,
    data: Source | Iterator[ox.Quad],
    threads: int | None = None,
    only: Mapping[Term, Iterable[Term]] | None = None,
    only_if: Callable[[tuple[Term, int]], bool] = lambda constraint: True,
    log: array[int] | None = None,
) -> Iterator[Run]:
    """Load data and yield a run; for ``log`` see ``Columns``.

    Raises:
        MalformedShapes: a query reports a failure of its own (5.3).

    """
    pool = ThreadPoolExecutor(threads or os.cpu_count()) if plan.queries else nullcontext()
    with quiet(), pool as executor:
        columns, asker = _loaded(data, plan.queries, executor, log)
        try:
            yield Run(plan, columns, asker, only, only_if)
        except sparql.QueryFailed as error:
            raise MalformedShapes(str(error)) from error


def validate_compiled(
    data: Source, shapes: Source, limit: int | None = None, threads: int | None = None
) -> Report:
    """Check ``data`` against ``shapes`` with the compiled engine.

    Raises:
        MalformedShapes: the shapes graph breaks the specification.

    """
    graph = Columns(quads(shapes))
    with running(parse(graph), data, threads) as run:
        results, counts = run.results(limit)
    return Report(not counts, tuple(results), counts, lambda node: described(graph, to_oxigraph(node)))


def _loaded(
    data: Source | Iterator[ox.Quad], queries: list[Query], pool: Executor | None, log: array[int] | None
) -> tuple[Columns, sparql.Asker | None]:
    statements = data if isinstance(data, Iterator) else quads(data)
    if not queries:
        return Columns(statements, log=log), None
    if isinstance(data, ox.Store):
        columns, store = Columns(statements), data
        if columns.repeated:  # pyoxigraph counts a statement in several graphs several times
            columns = Columns(data, store := ox.Store())
        return columns, sparql.Asker(columns, store, True, pool)
    store = ox.Store()
    read = [predicates_of(query.text) for query in queries]
    only = None if None in read else frozenset().union(*filter(None, read))
    columns = Columns(statements, store, only, log)
    return columns, sparql.Asker(columns, store, False, pool)


def described(graph: Columns, node: Term) -> Iterator[tuple[Node, Node, Node]]:
    """Yield the triples of a property path, which a report needs a copy of (3.6.2.2)."""
    number = graph.number(node)
    for predicate, column in graph.predicates() if isinstance(node, ox.BlankNode) else ():
        for value in column.get(number, ()):
            yield tuple(term_to_rdflib(each) for each in (node, graph.terms[predicate], graph.terms[value]))  # type: ignore[misc]
            yield from described(graph, graph.terms[value])
