"""Results as rows of text, to be kept in a file and sent to other processes.

A row names its constraint by numbers: where its shape comes up in the shapes graph, and its place among the
shape's constraints. They are the same each time the same files are read, which names of blank nodes are not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import pyoxigraph as ox
from rdflib import URIRef
from rdflib.term import Node

from stadtgraph.shacl.columns import Columns
from stadtgraph.shacl.components import Found
from stadtgraph.shacl.graphs import Term, quiet, term_to_rdflib, to_oxigraph
from stadtgraph.shacl.model import Plan
from stadtgraph.shacl.report import Report, Result
from stadtgraph.shacl.run import Run, described

T = TypeVar("T")
Row = tuple[int, int, str, str | None, str | None, tuple[tuple[str, str], ...]]


@dataclass
class Outcome:
    """What a run came to: how often each result, how many focus nodes of each shape, and what reports show.

    Each focus node adds its own, so outcomes of parts add up, and what a change does can be put in. Shapes
    and queries go by their numbers in the shapes graph.
    """

    rows: Counter[Row] = field(default_factory=Counter)
    focus: Counter[int] = field(default_factory=Counter)
    seconds: Counter[int] = field(default_factory=Counter)
    owners: dict[str, tuple[str, str]] = field(default_factory=dict)
    left_to_rdflib: set[int] = field(default_factory=set)

    def add(self, other: Outcome) -> None:
        """Put in what another part came to."""
        self.rows.update(other.rows)
        self.focus.update(other.focus)
        self.seconds.update(other.seconds)
        self.owners |= other.owners
        self.left_to_rdflib |= other.left_to_rdflib

    def take(self, other: Outcome) -> None:
        """Take out what a part came to."""
        self.rows.subtract(other.rows)
        self.focus.subtract(other.focus)


def outcome_of(run: Run, shapes: Columns) -> Outcome:
    """Validate."""
    terms, outcome = run.data.terms, Outcome()
    for shape, place, found, times in run.found():
        value, path = (None if each is None else str(terms[each]) for each in (found.value, found.path))
        bindings = tuple(sorted((name, str(term)) for name, term in found.bindings.items()))
        row = shapes.number(shape.node), place, str(terms[found.focus]), value, path, bindings
        outcome.rows[row] += times
    for node, number in run.focus.items():
        outcome.focus[shapes.number(to_oxigraph(node))] = number
    for node, seconds in run.seconds.items():
        outcome.seconds[shapes.number(to_oxigraph(node))] = seconds
    for node, (owner, predicate) in run.owners().items():
        outcome.owners[str(to_oxigraph(node))] = str(to_oxigraph(owner)), str(to_oxigraph(predicate))
    left = run.asker.left_to_rdflib if run.asker else ()
    outcome.left_to_rdflib = {shapes.number(to_oxigraph(node)) for node in left}
    return outcome


def report_of(outcome: Outcome, plan: Plan, shapes: Columns, limit: int | None = None) -> Report:
    """Make a report; ``limit`` is for the results kept for each shape and component."""
    rows = +outcome.rows
    blank = {row[2] for row in rows if row[2] in outcome.owners}
    read = _terms(rows, (text for node in blank for text in outcome.owners[node]))
    data = Columns()
    run = Run(plan, data)
    results: list[Result] = []
    counts: Counter[tuple[Node, URIRef]] = Counter()
    with quiet():
        for (number, place, focus, value, path, bindings), times in rows.items():
            shape = plan.shapes[shapes.terms[number]]
            constraint = shape.constraints[place]
            key = term_to_rdflib(shape.node), URIRef(constraint.component.value)
            keep = times if limit is None else max(0, min(times, limit - counts[key]))
            counts[key] += times
            if keep:
                found = Found(
                    data.number(read[focus]),
                    None if value is None else data.number(read[value]),
                    None if path is None else data.number(read[path]),
                    {name: read[term] for name, term in bindings},
                )
                results += [run.result(shape, constraint, found)] * keep

    def by_node(numbers: Mapping[int, T]) -> dict[Node, T]:
        return {term_to_rdflib(shapes.terms[number]): each for number, each in numbers.items()}

    return Report(
        not counts,
        tuple(results),
        counts,
        focus=by_node(outcome.focus),
        seconds=by_node(outcome.seconds),
        left_to_rdflib=frozenset(by_node(dict.fromkeys(outcome.left_to_rdflib))),
        owners={
            term_to_rdflib(read[node]): (term_to_rdflib(read[owner]), term_to_rdflib(read[predicate]))
            for node, (owner, predicate) in outcome.owners.items()
            if node in blank
        },
        unused=tuple(map(term_to_rdflib, plan.unused)),
        names=plan.names,
        describe=lambda node: described(shapes, to_oxigraph(node)),
    )


def _terms(rows: Iterable[Row], others: Iterable[str]) -> dict[str, Term]:
    """Return the terms of rows, and others."""
    texts = dict.fromkeys(others) | dict.fromkeys(
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
        yield quad.object  # no triple terms: the data has none
