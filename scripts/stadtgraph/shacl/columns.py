"""A graph as columns: predicate → subject → objects, every term a number.

Set against set is what validation asks for, and dictionaries of small numbers answer it faster than a
triple store does: looking a term up by its text is what costs, so that is done once, here. Terms keep
the form in which they were written, which they do not in a store: pyoxigraph keeps "01"^^xsd:byte as
"1"^^xsd:integer and 1.50 as 1.5.
"""

from __future__ import annotations

import gc
from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, Final

import pyoxigraph as ox

from stadtgraph.findings import CannotLook
from stadtgraph.load import fault
from stadtgraph.namespaces import VOCABULARIES
from stadtgraph.shacl.graphs import Term
from stadtgraph.shacl.literals import Value, value_of
from stadtgraph.terms import TYPE

SUBCLASS: Final = ox.NamedNode(VOCABULARIES["rdfs"] + "subClassOf")
CHUNK: Final = 50_000  # statements put into a store at a time: each time it needs memory for as many
Column = Mapping[int, Sequence[int]]


class Columns:
    """A graph to look things up in; named graphs are merged."""

    def __init__(
        self,
        quads: Iterable[ox.Quad] = (),
        store: ox.Store | None = None,
        only: Collection[str] | None = None,
        log: array[int] | None = None,
    ) -> None:
        """Take statements, and put them into ``store`` too, or only those with some predicates.

        ``log`` gets the numbers of subject, predicate and object of each statement as it comes.
        """
        self.terms: list[Term] = []
        self.repeated: dict[tuple[int, int, int], int] = {}  # statements that came more than once
        self._numbers: dict[Term, int] = {}
        self.forward: dict[int, dict[int, list[int]]] = {}  # predicate → subject → objects
        self._backward: dict[int, Column] = {}
        self._instances: dict[int, set[int]] = {}
        self._values: dict[int, Value | None] = {}
        with no_garbage_collection():
            wanted = self._taken(quads, () if store is None else only, log)
            for chunk in chunks(wanted):
                if store is not None:
                    store.extend(chunk)
            self._make_sets()

    def _taken(
        self, quads: Iterable[ox.Quad], only: Collection[str] | None, log: array[int] | None
    ) -> Iterator[ox.Quad]:
        """Take statements; yield those that are wanted elsewhere."""
        number, known, last, subject = self.number, self._numbers, None, -1
        columns: dict[ox.NamedNode, tuple[dict[int, list[int]], bool, int]] = {}
        for quad in quads:
            new, predicate, value, graph = quad
            if new != last:  # most files write a subject's statements in a row
                last, subject = new, number(new)
            if predicate not in columns:
                column = self.forward.setdefault(number(predicate), {})
                columns[predicate] = column, only is None or predicate.value in only, number(predicate)
            column, wanted, middle = columns[predicate]
            which = known.get(value)
            if which is None:
                which = number(value)
            values = column.get(subject)
            if values is None:
                column[subject] = [which]
            else:
                values.append(which)
            if log is not None:
                log.extend((subject, middle, which))
            if wanted:
                yield quad if isinstance(graph, ox.DefaultGraph) else ox.Quad(new, predicate, value)

    def add(self, quads: Iterable[ox.Quad]) -> None:
        """Take further statements."""
        with no_garbage_collection():
            for _ in self._taken(quads, (), None):
                pass
            self._make_sets()
        self._backward.clear()
        self._instances.clear()

    def quads(self, only: Collection[str] | None) -> Iterator[ox.Quad]:
        """Yield the statements, or only those with some predicates."""
        terms: list[Any] = self.terms
        for predicate, column in self.forward.items():
            if only is None or terms[predicate].value in only:
                for subject, values in column.items():
                    for value in values:
                        yield ox.Quad(terms[subject], terms[predicate], terms[value])

    def known(self, term: Term | ox.Triple) -> int | None:
        """Return the number of a term that has one."""
        return self._numbers.get(term)  # type: ignore[arg-type]

    def _make_sets(self) -> None:
        for predicate, column in self.forward.items():
            for subject, values in column.items():
                if len(values) > 1 and len(set(values)) < len(values):
                    times = Counter(values)
                    column[subject] = list(times)
                    self.repeated |= {(subject, predicate, value): n for value, n in times.items() if n > 1}

    def number(self, term: Term) -> int:
        """Return the number of a term, a new one where it does not stand in the graph."""
        number = self._numbers.get(term)
        if number is None:
            if isinstance(term, ox.Triple):
                raise CannotLook([fault("triple-term", "", term=str(term)[:200])])
            number = self._numbers[term] = len(self.terms)
            self.terms.append(term)
        return number

    def blanks(self) -> dict[Term, int]:
        """Return the blank nodes, counted from 1 in the order in which they first stand in the graph."""
        blank = (term for term in self.terms if isinstance(term, ox.BlankNode))
        return {term: place for place, term in enumerate(blank, 1)}

    def numbers(self, terms: Iterable[Term]) -> set[int]:
        """Return the numbers of several terms."""
        return {self.number(term) for term in terms}

    def column(self, predicate: ox.NamedNode, inverse: bool = False) -> Column:
        """Return what a predicate leads to, from each subject or from each object."""
        number = self.number(predicate)
        forward = self.forward.get(number, {})
        if not inverse:
            return forward
        if number not in self._backward:
            self._backward[number] = turned(forward)
        return self._backward[number]

    def predicates(self) -> Iterator[tuple[int, Column]]:
        """Yield each predicate with its column."""
        yield from self.forward.items()

    def instances(self, class_: ox.NamedNode) -> set[int]:
        """Return the SHACL instances of a class (section 1.1): its own and those of its subclasses."""
        number = self.number(class_)
        if number not in self._instances:
            typed, narrower = self.column(TYPE, inverse=True), self.column(SUBCLASS, inverse=True)
            found = reachable([number], lambda node: narrower.get(node, ()))
            self._instances[number] = {node for each in found for node in typed.get(each, ())}
        return self._instances[number]

    def value(self, number: int) -> Value | None:
        """Return what a literal stands for, to be compared."""
        if number not in self._values:
            self._values[number] = value_of(self.terms[number])
        return self._values[number]

    def owners(self, nodes: Collection[int]) -> dict[int, tuple[int, int]]:
        """Return for blank nodes a node with an IRI that leads there, and its first predicate on the way."""
        return owners(self.forward, lambda number: isinstance(self.terms[number], ox.NamedNode), nodes)


def turned(forward: Column) -> dict[int, list[int]]:
    """Return what leads to each object of a column."""
    backward: dict[int, list[int]] = {}
    for subject, values in forward.items():
        for value in values:
            backward.setdefault(value, []).append(subject)
    return backward


def chunks(quads: Iterator[ox.Quad]) -> Iterator[list[ox.Quad]]:
    """Yield statements some at a time."""
    while chunk := list(islice(quads, CHUNK)):
        yield chunk


def owners(
    columns: Mapping[int, Column], is_iri: Callable[[int], bool], nodes: Collection[int]
) -> dict[int, tuple[int, int]]:
    """Return for blank nodes a node with an IRI that leads there, and its first predicate on the way."""
    waiting: dict[int, set[int]] = {node: {node} for node in nodes}
    found: dict[int, tuple[int, int]] = {}
    asked: set[int] = set()
    while waiting := {node: inner - found.keys() for node, inner in waiting.items() if node not in asked}:
        asked |= waiting.keys()
        above: dict[int, set[int]] = {}
        for predicate, column in columns.items():
            for subject, values in column.items():
                for value in values:
                    if inner := waiting.get(value):
                        if is_iri(subject):
                            found |= dict.fromkeys(inner, (subject, predicate))
                        else:
                            above.setdefault(subject, set()).update(inner)
        waiting = above
    return found


def reachable(start: Iterable[int], step: Callable[[int], Iterable[int]]) -> dict[int, None]:
    """Return the nodes that any number of steps lead to, those of the start among them, in order."""
    found = dict.fromkeys(start)
    waiting = list(found)
    while waiting:
        for node in step(waiting.pop()):
            if node not in found:
                found[node] = None
                waiting.append(node)
    return found


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Hold the collector off while millions of lists are made that stay: it would walk them for nothing."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextmanager
def frozen() -> Iterator[None]:
    """Keep the collector from walking what is loaded again and again; new garbage it still collects."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
