"""Results as rows of text, to be kept in a file and sent to other processes.

A row names its constraint by numbers: where its shape comes up in the shapes graph, and its place among the
shape's constraints. They are the same each time the same files are read, which names of blank nodes are not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import pyoxigraph as ox
from rdflib import URIRef
from rdflib.term import Node

from stadtgraph.shacl.columns import Columns
from stadtgraph.shacl.components import Found
from stadtgraph.shacl.graphs import Term, quiet, term_to_rdflib, to_oxigraph
from stadtgraph.shacl.model import Plan
from stadtgraph.shacl.report import Report, Result
from stadtgraph.shacl.run import Run, described

Row = tuple[int, int, str, str | None, str | None, tuple[tuple[str, str], ...]]
Rows = Counter[Row]


def rows_of(run: Run, shapes: Columns) -> Rows:
    """Validate, and return how often each result came."""
    terms, rows = run.data.terms, Rows()
    for shape, place, found, times in run.found():
        value, path = (None if each is None else str(terms[each]) for each in (found.value, found.path))
        bindings = tuple(sorted((name, str(term)) for name, term in found.bindings.items()))
        rows[shapes.number(shape.node), place, str(terms[found.focus]), value, path, bindings] += times
    return rows


def report_of(rows: Rows, plan: Plan, shapes: Columns, limit: int | None = None) -> Report:
    """Make a report of rows; ``limit`` is for the results kept for each shape and component."""
    read = _terms(rows)
    data = Columns()
    run = Run(plan, data)
    results: list[Result] = []
    counts: Counter[tuple[Node, URIRef]] = Counter()
    with quiet():
        for (shape_number, place, focus, value, path, bindings), times in rows.items():
            shape = plan.shapes[shapes.terms[shape_number]]
            constraint = shape.constraints[place]
            key = term_to_rdflib(shape.node), URIRef(constraint.component.value)
            keep = times if limit is None else max(0, min(times, limit - counts[key]))
            counts[key] += times
            if keep:
                numbers = (None if each is None else data.number(read[each]) for each in (focus, value, path))
                found = Found(*numbers, {name: read[term] for name, term in bindings})  # type: ignore[arg-type]
                results += [run.result(shape, constraint, found)] * keep
    return Report(
        not counts, tuple(results), counts, describe=lambda node: described(shapes, to_oxigraph(node))
    )


def _terms(rows: Iterable[Row]) -> dict[str, Term]:
    """Return the terms of rows."""
    texts = dict.fromkeys(
        text
        for _, _, focus, value, path, bindings in rows
        for text in (focus, value, path, *(term for _, term in bindings))
        if text is not None
    )
    return dict(zip(texts, read_terms(texts), strict=True))


def read_terms(texts: Iterable[str]) -> Iterator[Term]:
    """Yield the terms that were written as N-Triples writes them."""
    lines = "".join(f"<x:> <x:> {text} .\n" for text in texts)
    for quad in ox.parse(lines, format=ox.RdfFormat.N_TRIPLES, lenient=True):
        yield quad.object  # type: ignore[misc] # no triple terms: the data has none
