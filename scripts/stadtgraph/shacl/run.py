"""Validate columns of data with a plan of shapes (SHACL, sections 3.4 to 3.6)."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import nullcontext

import pyoxigraph as ox
from rdflib import URIRef
from rdflib.term import Node

from stadtgraph.shacl import sparql
from stadtgraph.shacl.columns import Columns
from stadtgraph.shacl.components import COMPONENTS, Found, Reach
from stadtgraph.shacl.graphs import Source, Term, quads, quiet, term_to_rdflib, to_oxigraph, to_store
from stadtgraph.shacl.model import Constraint, Plan, Query, Shape
from stadtgraph.shacl.parse import parse
from stadtgraph.shacl.paths import follow
from stadtgraph.shacl.report import MalformedShapes, Report, Result


class Run:
    """One validation of one data graph; queries run in ``pool``, where there is one, beside all else."""

    def __init__(self, plan: Plan, data: Columns, store: ox.Store, pool: Executor | None = None) -> None:
        self.plan, self.data, self.store, self.pool = plan, data, store, pool
        self._checked: dict[Term, tuple[set[int], set[int]]] = {}
        self._asked: dict[tuple[Term, str], Future[list[sparql.Row]]] = {}

    def results(self, limit: int | None) -> tuple[list[Result], Counter[tuple[Node, URIRef]]]:
        """Validate each shape's targets; ``limit`` is for the results kept for each shape and component."""
        results: list[Result] = []
        counts: Counter[tuple[Node, URIRef]] = Counter()
        targets = [(shape, dict.fromkeys(self._target(shape), 1)) for shape in self.plan.shapes.values()]
        for shape, focus in targets:
            for constraint in shape.constraints:
                if self.pool and constraint.query and constraint.query.once and len(focus) > sparql.FEW:
                    self._start(constraint.query, constraint.others)
        for shape, focus in targets:
            for source, constraint, found, times in self._validate(shape, focus) if focus else ():
                key = term_to_rdflib(source.node), URIRef(constraint.component.value)
                keep = times if limit is None else max(0, min(times, limit - counts[key]))
                counts[key] += times
                if keep:
                    results += [self._result(source, constraint, found)] * keep
        return results, counts

    def _start(self, query: Query, given: Mapping[str, Term]) -> Future[list[sparql.Row]]:
        bound = {name: term for name, term in given.items() if name in query.bound}
        key = query.node, str(sorted((name, str(term)) for name, term in bound.items()))
        if key not in self._asked:
            if self.pool:
                self._asked[key] = self.pool.submit(sparql.rows, self.store, query, bound)
            else:
                self._asked[key] = Future()
                self._asked[key].set_result(sparql.rows(self.store, query, bound))
        return self._asked[key]

    def at_once(self, query: Query, given: Mapping[str, Term]) -> list[sparql.Row]:
        """Return the rows of a query that leaves ``$this`` free; it is asked only once."""
        return self._start(query, given).result()

    def one_by_one(
        self, query: Query, given: Mapping[str, Term], nodes: Collection[int]
    ) -> Iterable[list[sparql.Row]]:
        """Return the rows of a query for each of ``nodes``."""

        def one(node: int) -> list[sparql.Row]:
            return sparql.rows(self.store, query, {**given, "this": self.data.terms[node]})

        return self.pool.map(one, nodes) if self.pool and len(nodes) > sparql.FEW else map(one, nodes)

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
        return nodes

    def _validate(
        self, shape: Shape, focus: Mapping[int, int]
    ) -> Iterator[tuple[Shape, Constraint, Found, int]]:
        """Yield what is wrong, and how often; ``focus`` says how often a node is validated (4.7.2)."""
        if shape.deactivated:
            return
        reach = self._reach(shape, focus)
        for constraint in shape.constraints:
            if constraint.parameter == "property":
                further: dict[int, int] = {}
                for node, values in reach.values.items():
                    for value in values:
                        further[value] = further.get(value, 0) + focus[node]
                yield from self._validate(self.plan.shapes[constraint.value], further)
            else:
                for found in self._found(shape, constraint, reach):
                    yield shape, constraint, found, focus[found.focus]

    def _reach(self, shape: Shape, focus: Collection[int]) -> Reach:
        if shape.path is None:
            return Reach(focus, {node: (node,) for node in focus})
        return Reach(focus, follow(self.data, shape.path, focus))

    def _found(self, shape: Shape, constraint: Constraint, reach: Reach) -> Iterable[Found]:
        rule = COMPONENTS[constraint.parameter].rule if constraint.parameter else None
        return rule(self, constraint, reach) if rule else sparql.ask(self, shape.node, constraint, reach)

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

    def _result(self, shape: Shape, constraint: Constraint, found: Found) -> Result:
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


def _fill(template: str, bindings: Mapping[str, Term]) -> str:
    def text(match: re.Match[str]) -> str:
        return bindings[match[1]].value if match[1] in bindings else match[0]

    return re.sub(r"\{[?$](\w+)\}", text, template)


def _shown(constraint: Constraint) -> str:
    return f"sh:{constraint.parameter} {constraint.value}" if constraint.parameter else ""


def validate_compiled(
    data: Source, shapes: Source, limit: int | None = None, threads: int | None = None
) -> Report:
    """Check ``data`` against ``shapes`` with the compiled engine.

    Raises:
        MalformedShapes: the shapes graph breaks the specification.

    """
    graph = to_store(shapes)
    plan = parse(graph)
    if not plan.asks_sparql:
        columns, store = Columns(quads(data)), ox.Store()
    else:
        store = to_store(data)
        columns = Columns(store)
        if columns.repeated:
            store = _merged(store)
    try:
        with (
            quiet(),
            ThreadPoolExecutor(threads or os.cpu_count()) if plan.asks_sparql else nullcontext() as pool,
        ):
            results, counts = Run(plan, columns, store, pool).results(limit)
    except sparql.QueryFailed as error:
        raise MalformedShapes(str(error)) from error
    return Report(not counts, tuple(results), counts, lambda node: _described(graph, node))


def _merged(store: ox.Store) -> ox.Store:
    """Put all statements into one graph: pyoxigraph would count those in several graphs several times."""
    merged = ox.Store()
    merged.bulk_extend(ox.Quad(quad.subject, quad.predicate, quad.object) for quad in store)
    return merged


def _described(graph: ox.Store, node: Node) -> Iterator[tuple[Node, Node, Node]]:
    """Yield the triples of a property path, which a report needs a copy of (3.6.2.2)."""
    term = to_oxigraph(node)
    if isinstance(term, ox.BlankNode):
        for quad in graph.quads_for_pattern(term, None, None, None):
            value = term_to_rdflib(quad.object)
            yield node, term_to_rdflib(quad.predicate), value
            yield from _described(graph, value)
