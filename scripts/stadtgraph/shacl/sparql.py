"""SHACL-SPARQL: ask constraints and constraint components that are queries (sections 5.3 and 6.3).

A query is asked with ``$this`` bound to each focus node. Where it would give the same rows with
``$this`` free, it is asked once for all focus nodes, which is a hundred times as fast.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import Executor, Future
from functools import cached_property
from typing import Final

import pyoxigraph as ox
import rdflib
from rdflib.term import Node

from stadtgraph.namespaces import VOCABULARIES
from stadtgraph.shacl.columns import Columns
from stadtgraph.shacl.components import Found, Reach
from stadtgraph.shacl.graphs import STRING, Term, term_to_rdflib, to_oxigraph
from stadtgraph.shacl.mentions import predicates_of
from stadtgraph.shacl.model import Constraint, Query
from stadtgraph.terms import TYPE

FEW: Final = 200
AS_WRITTEN: Final = {STRING, ox.NamedNode(VOCABULARIES["rdf"] + "langString")}
Row = Mapping[str, Term]


class QueryFailed(Exception):
    """A query of a shape reports a failure of its own (5.3)."""

    def __init__(self, shape: Term, focus: Term) -> None:
        super().__init__(shape, focus)
        self.shape, self.focus = shape, focus


class Asker:
    """The data as columns and in a store, which may have changed the forms of literals.

    A store keeps numbers, booleans and dates in one form only, so a query that reads such literals in
    another form is left to rdflib, which is slow. Queries run in ``pool``, beside all else.
    """

    def __init__(self, data: Columns, store: ox.Store, is_original: bool, pool: Executor | None) -> None:
        self.data, self.store, self.pool = data, store, pool
        self._is_original = is_original
        self._left: set[Term] = set()
        self._loose: dict[str, bool] = {}
        self._bound: dict[Term, bool] = {}
        self._asked: dict[tuple[str, str], Future[list[Row]]] = {}

    def _changed(self, terms: Collection[Term]) -> set[Term]:
        """Return which literals the store keeps in another form."""
        typed = [term for term in terms if isinstance(term, ox.Literal) and term.datatype not in AS_WRITTEN]
        if self._is_original or not typed:
            return set()
        store = ox.Store()
        store.extend(ox.Quad(ox.NamedNode(f"n:{n}"), TYPE, term) for n, term in enumerate(typed))
        kept = ((typed[int(quad.subject.value[2:])], quad.object) for quad in store)
        return {term for term, same in kept if term != same}

    def _is_loose(self, predicate: str) -> bool:
        """Say whether a predicate leads to such literals."""
        if predicate not in self._loose:
            column = self.data.column(ox.NamedNode(predicate))
            values = {value for each in column.values() for value in each}
            self._loose[predicate] = bool(self._changed([self.data.terms[value] for value in values]))
        return self._loose[predicate]

    @cached_property
    def _graph(self) -> rdflib.Graph:
        graph, terms = rdflib.Graph(), [term_to_rdflib(term) for term in self.data.terms]
        for predicate, column in self.data.predicates():
            for subject, values in column.items():
                for value in values:
                    graph.add((terms[subject], terms[predicate], terms[value]))
        return graph

    def _reads_what_the_store_kept(self, query: Query) -> bool:
        read = predicates_of(query.text)
        if read is None:
            read = frozenset(self.data.terms[number].value for number, _ in self.data.predicates())
        return not any(map(self._is_loose, read))

    def _binds_what_the_store_kept(self, bound: Row) -> bool:
        new = [term for term in bound.values() if term not in self._bound]
        if new:
            changed = self._changed(new)
            self._bound |= {term: term in changed for term in new}
        return not any(self._bound[term] for term in bound.values())

    def rows(self, query: Query, bound: Row) -> list[Row]:
        """Ask a query with variables bound before."""
        bound = {name: term for name, term in bound.items() if name in query.bound}
        if self._reads_what_the_store_kept(query) and self._binds_what_the_store_kept(bound):
            return self._rows_of_store(query, bound)
        self._left.add(query.node)
        return self._rows_of_rdflib(query, bound)

    @property
    def left_to_rdflib(self) -> frozenset[Node]:
        """Queries that were asked of rdflib, since they read literals that the store has changed."""
        return frozenset(map(term_to_rdflib, self._left))

    def _rows_of_store(self, query: Query, bound: Row) -> list[Row]:
        values: dict[ox.Variable, Term | ox.Triple] = {ox.Variable(name): bound[name] for name in bound}
        found = self.store.query(query.text, substitutions=values, use_default_graph_as_union=True)
        if not isinstance(found, ox.QuerySolutions):
            raise TypeError("the parser lets nothing but SELECT through")
        names = [variable.value for variable in found.variables]
        rows = [{name: row[name] for name in names if row[name] is not None} for row in found]
        return rows  # type: ignore[return-value] # noqa: RET504 (no triple terms: the data has none)

    def _rows_of_rdflib(self, query: Query, bound: Row) -> list[Row]:
        terms = {name: term_to_rdflib(term) for name, term in bound.items()}
        found = self._graph.query(query.text, initBindings=terms)  # type: ignore[arg-type]
        return [{str(name): to_oxigraph(term) for name, term in row.items()} for row in found.bindings]

    def start(self, query: Query, given: Row) -> Future[list[Row]]:
        """Begin to ask a query that leaves ``$this`` free; it is asked only once."""
        bound = {name: term for name, term in given.items() if name in query.bound}
        key = query.text, str(sorted((name, str(term)) for name, term in bound.items()))
        if key not in self._asked:
            if self.pool and self._reads_what_the_store_kept(query):
                self._asked[key] = self.pool.submit(self._rows_of_store, query, bound)
            else:
                self._asked[key] = Future()
                self._asked[key].set_result(self.rows(query, bound))
        return self._asked[key]

    def solutions(self, query: Query, given: Row, focus: Collection[int]) -> Iterator[tuple[int, Row]]:
        """Yield focus nodes with the rows of a query."""
        if query.once and len(focus) > FEW:
            found = self.start(query, given).result()
            if all("this" in row for row in found):
                for row in found:
                    node = self.data.number(row["this"])
                    if node in focus:
                        yield node, row
                return
        for node in focus:
            for row in self.rows(query, {**given, "this": self.data.terms[node]}):
                yield node, row


def ask(asker: Asker, shape: Term, constraint: Constraint, reach: Reach) -> Iterator[Found]:
    """Yield what a query finds wrong (5.3, 6.3)."""
    query = constraint.query
    if query is None:
        return
    terms, number = asker.data.terms, asker.data.number
    given = {**constraint.others, "currentShape": shape}
    if query.is_ask:
        for focus, values in reach.values.items():
            for each in values:
                bound = {**given, "this": terms[focus], "value": terms[each]}
                if not asker.rows(query, bound):
                    yield Found(focus, each, bindings=bound)
        return
    for focus, row in asker.solutions(query, given, reach.focus):
        failure = row.get("failure")
        if isinstance(failure, ox.Literal) and failure.value in ("true", "1"):
            raise QueryFailed(shape, terms[focus])
        value = number(row["value"]) if "value" in row else None if query.on_path else focus
        path = number(row["path"]) if isinstance(row.get("path"), ox.NamedNode) else None
        yield Found(focus, value, path, {**given, **row})
