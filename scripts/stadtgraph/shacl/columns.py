"""The data as columns: predicate → subject → objects, every term a number.

Set against set is what validation asks for, and dictionaries of small numbers answer it faster than a
triple store does: looking a term up by its text is what costs, so that is done once, here.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

import pyoxigraph as ox

from stadtgraph.namespaces import VOCABULARIES
from stadtgraph.shacl.graphs import Term
from stadtgraph.shacl.literals import Value, value_of
from stadtgraph.terms import TYPE

SUBCLASS: Final = ox.NamedNode(VOCABULARIES["rdfs"] + "subClassOf")
Column = Mapping[int, Sequence[int]]


class Columns:
    """A data graph to look things up in; named graphs are merged."""

    def __init__(self, quads: Iterable[ox.Quad]) -> None:
        self.terms: list[Term] = []
        self.repeated = False  # does a triple stand in more than one graph
        self._numbers: dict[Term, int] = {}
        self._forward: dict[int, dict[int, list[int]]] = {}
        self._backward: dict[int, Column] = {}
        self._instances: dict[int, set[int]] = {}
        self._values: dict[int, Value | None] = {}
        with _no_garbage_collection():
            self._fill(quads)

    def _fill(self, quads: Iterable[ox.Quad]) -> None:
        number, last, subject = self.number, None, -1
        for quad_subject, predicate, value, _ in quads:
            if quad_subject != last:  # most files write a subject's statements in a row
                last, subject = quad_subject, number(quad_subject)
            column = self._forward.setdefault(number(predicate), {})
            values = column.get(subject)
            if values is None:
                column[subject] = [number(value)]
            else:
                values.append(number(value))
        for column in self._forward.values():
            for subject, values in column.items():
                if len(values) > 1 and len(set(values)) < len(values):
                    column[subject] = list(dict.fromkeys(values))
                    self.repeated = True

    def number(self, term: Term) -> int:
        """Return the number of a term, a new one where it does not stand in the data."""
        number = self._numbers.get(term)
        if number is None:
            number = self._numbers[term] = len(self.terms)
            self.terms.append(term)
        return number

    def numbers(self, terms: Iterable[Term]) -> set[int]:
        """Return the numbers of several terms."""
        return {self.number(term) for term in terms}

    def column(self, predicate: ox.NamedNode, inverse: bool = False) -> Column:
        """Return what a predicate leads to, from each subject or from each object."""
        number = self.number(predicate)
        forward = self._forward.get(number, {})
        if not inverse:
            return forward
        if number not in self._backward:
            backward: dict[int, list[int]] = {}
            for subject, values in forward.items():
                for value in values:
                    backward.setdefault(value, []).append(subject)
            self._backward[number] = backward
        return self._backward[number]

    def predicates(self) -> Iterator[tuple[int, Column]]:
        """Yield each predicate with its column."""
        yield from self._forward.items()

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
def _no_garbage_collection() -> Iterator[None]:
    """Hold the collector off while millions of lists are made that stay: it would walk them for nothing."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
