"""SHACL-SPARQL: ask constraints and constraint components that are queries (sections 5.3 and 6.3).

A query is asked with ``$this`` bound to each focus node. Where it would give the same rows with
``$this`` free, it is asked once for all focus nodes, which is a hundred times as fast.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final, Protocol

import pyoxigraph as ox

from stadtgraph.shacl.columns import Columns
from stadtgraph.shacl.components import Found, Reach
from stadtgraph.shacl.graphs import Term
from stadtgraph.shacl.model import Constraint, Query

FEW: Final = 200
Row = dict[str, Term]


class QueryFailed(Exception):
    """A query reports a failure of its own (5.3)."""


class Asker(Protocol):
    """What queries need to know."""

    data: Columns
    store: ox.Store

    def at_once(self, query: Query, given: Mapping[str, Term]) -> list[Row]:
        """Return the rows of a query that leaves ``$this`` free."""

    def one_by_one(
        self, query: Query, given: Mapping[str, Term], nodes: Collection[int]
    ) -> Iterable[list[Row]]:
        """Return the rows of a query for each of ``nodes``."""


def ask(asker: Asker, shape: Term, constraint: Constraint, reach: Reach) -> Iterator[Found]:
    """Yield what a query finds wrong (5.3, 6.3)."""
    query = constraint.query
    if query is None:
        return
    terms, number = asker.data.terms, asker.data.number
    given = {name: term for name, term in constraint.others.items() if name in query.bound}
    if "currentShape" in query.bound:
        given["currentShape"] = shape
    if query.is_ask:
        for focus, values in reach.values.items():
            for each in values:
                bound = {**given, "this": terms[focus], "value": terms[each]}
                if not rows(asker.store, query, bound):
                    yield Found(focus, each, bindings=bound)
        return
    for focus, row in _solutions(asker, query, given, reach.focus):
        failure = row.get("failure")
        if isinstance(failure, ox.Literal) and failure.value in ("true", "1"):
            raise QueryFailed(f"the query of {query.node} reports a failure at {terms[focus]}")
        value = number(row["value"]) if "value" in row else None if query.on_path else focus
        path = number(row["path"]) if isinstance(row.get("path"), ox.NamedNode) else None
        yield Found(focus, value, path, {**given, **row})


def _solutions(
    asker: Asker, query: Query, given: Mapping[str, Term], focus: Collection[int]
) -> Iterator[tuple[int, Row]]:
    if query.once and len(focus) > FEW:
        found = asker.at_once(query, given)
        if all("this" in row for row in found):
            for row in found:
                node = asker.data.number(row["this"])
                if node in focus:
                    yield node, row
            return
    for node, found in zip(focus, asker.one_by_one(query, given, focus), strict=True):
        for row in found:
            yield node, row


def rows(store: ox.Store, query: Query, bound: Mapping[str, Term]) -> list[Row]:
    """Ask a query with variables bound before."""
    found = store.query(
        query.text,
        substitutions={ox.Variable(name): term for name, term in bound.items() if name in query.bound},
        use_default_graph_as_union=True,
    )
    if not isinstance(found, ox.QuerySolutions):
        raise TypeError("the parser lets nothing but SELECT through")
    names = [variable.value for variable in found.variables]
    return [
        {name: term for name in names if (term := row[name]) is not None and not isinstance(term, ox.Triple)}
        for row in found
    ]
