"""Validate columns of data with a plan of shapes (SHACL, sections 3.4 to 3.6)."""

from __future__ import annotations

import os
import re
from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from time import perf_counter

import pyoxigraph as ox
from rdflib import URIRef
from rdflib.term import Node

from stadtgraph.shacl import sparql
from stadtgraph.shacl.columns import Column, Columns, chunks, frozen
from stadtgraph.shacl.components import COMPONENTS, Found, Reach
from stadtgraph.shacl.graphs import Source, Term, quads, quiet, term_to_rdflib, to_oxigraph
from stadtgraph.shacl.mentions import predicates_of
from stadtgraph.shacl.model import Constraint, Plan, Query, Shape
from stadtgraph.shacl.paths import follow
from stadtgraph.shacl.plans import read_plan
from stadtgraph.shacl.report import Fault, MalformedShapes, Report, Result
from stadtgraph.shacl.sentences import sentences
from stadtgraph.shacl.syntax import told

Progress = Callable[[int, int], None]


def silent(done: int, total: int) -> None:
    """Tell nobody how many rules of how many are done."""


@dataclass(frozen=True)
class Part:
    """A part of a validation: some focus nodes of shapes with targets, and some constraints left out.

    ``focus`` says of a shape and its focus nodes which to look at. A constraint goes by its shape and its
    place among that shape's constraints.
    """

    focus: Callable[[Shape, Columns, Collection[int]], Iterable[int]] = lambda shape, data, nodes: nodes
    without: Collection[tuple[Term, int]] = frozenset()


class Run:
    """One validation of one data graph, or of a part of it."""

    def __init__(
        self,
        plan: Plan,
        data: Columns,
        asker: sparql.Asker | None = None,
        progress: Progress = silent,
        part: Part = Part(),  # it is frozen
    ) -> None:
        self.plan, self.data, self.asker, self.progress, self.part = plan, data, asker, progress, part
        self.focus: dict[Node, int] = {}  # how many focus nodes each shape with targets has
        self.seconds: Counter[Node] = Counter()  # by shape
        self._checked: dict[Term, tuple[set[int], set[int]]] = {}
        self._done = self._rules = 0
        self._blank: set[int] = set()

    def results(self, limit: int | None) -> tuple[list[Result], Counter[tuple[Node, URIRef]]]:
        """Validate each shape's targets; ``limit`` is for the results kept for each shape and component."""
        results: list[Result] = []
        counts: Counter[tuple[Node, URIRef]] = Counter()
        for shape, place, found, times in self.found():
            constraint = shape.constraints[place]
            key = term_to_rdflib(shape.node), URIRef(constraint.component.value)
            keep = times if limit is None else max(0, min(times, limit - counts[key]))
            counts[key] += times
            if keep:
                results += [self.result(shape, constraint, found)] * keep
        return results, counts

    def found(self) -> Iterator[tuple[Shape, int, Found, int]]:
        """Yield what is wrong: a shape, the place of the constraint, what is found, and how often."""
        with frozen():
            yield from self._found_at_targets()

    def _found_at_targets(self) -> Iterator[tuple[Shape, int, Found, int]]:
        shapes = [shape for shape in self.plan.shapes.values() if shape.targets]
        targets = [(shape, dict.fromkeys(self.target(shape), 1)) for shape in shapes]
        self.focus = {term_to_rdflib(shape.node): len(focus) for shape, focus in targets}
        self._rules = sum(map(self._size, shapes))
        for shape, focus in targets:
            for place, constraint in enumerate(shape.constraints if not shape.deactivated else ()):
                query, without = constraint.query, (shape.node, place) in self.part.without
                if self.asker and query and query.once and len(focus) > sparql.FEW and not without:
                    self.asker.start(query, constraint.others)
        for shape, focus in targets:
            done = self._done + self._size(shape)
            for each in self._validate(shape, focus) if focus else ():
                if isinstance(self.data.terms[each[2].focus], ox.BlankNode):
                    self._blank.add(each[2].focus)
                yield each
            self._done = done  # of shapes that meet nothing or are deactivated no rule is looked at
            self.progress(done, self._rules)

    def owners(self) -> dict[Node, tuple[Node, Node]]:
        """Return where the focus nodes of results hang that have no IRI."""
        terms = self.data.terms
        found = self.data.owners(self._blank) if self._blank else {}
        return {
            term_to_rdflib(terms[node]): (term_to_rdflib(terms[owner]), term_to_rdflib(terms[predicate]))
            for node, (owner, predicate) in found.items()
        }

    def target(self, shape: Shape) -> dict[int, None]:
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
        return dict.fromkeys(self.part.focus(shape, self.data, nodes.keys()), None)

    def _validate(self, shape: Shape, focus: Mapping[int, int]) -> Iterator[tuple[Shape, int, Found, int]]:
        """Yield what is wrong, and how often; ``focus`` says how often a node is validated (4.7.2)."""
        if shape.deactivated or self._says_nothing(shape):
            return
        reach = self._reach(shape, focus)
        node = term_to_rdflib(shape.node)
        for place, constraint in enumerate(shape.constraints):
            if constraint.parameter == "property":
                further = focus if shape.path is None else _times(reach.values, focus)
                yield from self._validate(self.plan.shapes[constraint.value], further)
            elif (shape.node, place) not in self.part.without:
                started = perf_counter()
                result = list(self._found(shape, constraint, reach))
                self.seconds[node] += perf_counter() - started  # type: ignore[assignment]
                for found in result:
                    yield shape, place, found, focus[found.focus]
        self._done += 1
        self.progress(self._done, self._rules)

    def _says_nothing(self, shape: Shape) -> bool:
        """Say whether this part leaves out all that a shape could report."""
        return bool(self.part.without) and all(
            self._says_nothing(self.plan.shapes[constraint.value])
            if constraint.parameter == "property"
            else (shape.node, place) in self.part.without
            for place, constraint in enumerate(shape.constraints)
        )

    def _size(self, shape: Shape) -> int:
        """Count a shape and its property shapes, which are the rules that progress is told of."""
        nested = (c.value for c in shape.constraints if c.parameter == "property")
        return 1 + sum(self._size(self.plan.shapes[node]) for node in nested)

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
        """Return messages by language: the query's, the shape's, or else our own (5.3.2)."""
        message = found.bindings.get("message")
        if isinstance(message, ox.Literal):
            return {message.language or "": message.value}
        templates = (constraint.query.messages if constraint.query else ()) or shape.messages
        if templates:
            return {template.language or "": _fill(template.value, found.bindings) for template in templates}
        terms = self.data.terms
        path = None if found.path is None else terms[found.path]
        return sentences(constraint, terms[found.focus if found.value is None else found.value], path)


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


@contextmanager
def running(
    plan: Plan,
    data: Source | Columns,
    threads: int | None = None,
    progress: Progress = silent,
    part: Part = Part(),  # it is frozen
    log: array[int] | None = None,
) -> Iterator[Run]:
    """Load data and yield a run; for ``log`` see ``Columns``.

    Raises:
        MalformedShapes: a query reports a failure of its own (5.3).
        CannotLook: a file cannot be read.

    """
    pool = ThreadPoolExecutor(threads or os.cpu_count()) if plan.queries else nullcontext()
    with quiet(), pool as executor:
        columns, asker = _loaded(data, plan.queries, executor, log)
        try:
            yield Run(plan, columns, asker, progress, part)
        except sparql.QueryFailed as error:
            node = term_to_rdflib(error.shape)
            name, focus = plan.names[node], ("focus", told(error.focus))
            owner = URIRef(name.owner) if name.owner else node
            raise MalformedShapes([Fault(owner, node, None, "failure", (focus,), name.blank)]) from error


def validate_compiled(
    data: Source,
    shapes: Source,
    limit: int | None = None,
    threads: int | None = None,
    progress: Progress = silent,
) -> Report:
    """Check ``data`` against ``shapes`` with the compiled engine.

    Raises:
        MalformedShapes: the shapes graph breaks the specification.
        CannotLook: a file cannot be read.

    """
    graph, plan = read_plan(shapes)
    with running(plan, data, threads, progress) as run:
        results, counts = run.results(limit)
    return Report(
        not counts,
        tuple(results),
        counts,
        run.focus,
        dict(run.seconds),
        run.asker.left_to_rdflib if run.asker else frozenset(),
        run.owners(),
        tuple(map(term_to_rdflib, plan.unused)),
        plan.names,
        lambda node: described(graph, to_oxigraph(node)),
    )


def _loaded(
    data: Source | Columns, queries: list[Query], pool: Executor | None, log: array[int] | None
) -> tuple[Columns, sparql.Asker | None]:
    if not queries:
        return data if isinstance(data, Columns) else Columns(quads(data), log=log), None
    if isinstance(data, ox.Store):
        columns, store = Columns(data), data
        if columns.repeated:  # pyoxigraph counts a statement in several graphs several times
            columns = Columns(data, store := ox.Store())
        return columns, sparql.Asker(columns, store, True, pool)
    store = ox.Store()
    read = [predicates_of(query.text) for query in queries]
    only = None if None in read else frozenset().union(*filter(None, read))
    if isinstance(data, Columns):
        columns = data
        for chunk in chunks(data.quads(only)):
            store.extend(chunk)
    else:
        columns = Columns(quads(data), store, only, log)
    return columns, sparql.Asker(columns, store, False, pool)


def described(graph: Columns, node: Term) -> Iterator[tuple[Node, Node, Node]]:
    """Yield the triples of a property path, which a report needs a copy of (3.6.2.2)."""
    number = graph.number(node)
    for predicate, column in graph.predicates() if isinstance(node, ox.BlankNode) else ():
        for value in column.get(number, ()):
            yield tuple(term_to_rdflib(each) for each in (node, graph.terms[predicate], graph.terms[value]))  # type: ignore[misc]
            yield from described(graph, graph.terms[value])
