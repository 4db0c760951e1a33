"""A graph and its results as they were, in one file that is quick to read."""

from __future__ import annotations

import marshal
import os
import tempfile
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from time import time
from typing import Final

import pyoxigraph as ox

from stadtgraph.shacl.columns import Column, owners, turned
from stadtgraph.shacl.graphs import Term
from stadtgraph.shacl.reads import Triple
from stadtgraph.shacl.rows import Outcome, read_terms

SECONDS_KEPT: Final = 30 * 24 * 3600
DIGEST: Final = 32  # bytes


def digest(content: bytes) -> bytes:
    """Return what tells contents apart."""
    return blake2b(content, digest_size=DIGEST).digest()


@dataclass
class Snapshot:
    """The statements of files as numbers of terms, and what a validation found in them.

    ``terms`` are written as N-Triples writes them; ``files`` maps names to digests and statements, three
    numbers each; ``repeated`` has the statements that come more than once, with how often.
    """

    terms: list[str]
    forward: dict[int, dict[int, list[int]]]
    repeated: dict[Triple, int]
    files: dict[str, tuple[bytes, bytes]]
    outcome: Outcome

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {text: number for number, text in enumerate(self.terms)}

    @cached_property
    def _backward(self) -> dict[int, dict[int, list[int]]]:
        return {}

    def number(self, term: Term) -> int:
        """Return the number of a term, a new one where it is new."""
        text = str(term)
        number = self._numbers.setdefault(text, len(self.terms))
        if number == len(self.terms):
            self.terms.append(text)
        return number

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

    def terms_of(self, numbers: Collection[int]) -> dict[int, Term]:
        """Return terms by their numbers."""
        return dict(zip(numbers, read_terms(self.terms[number] for number in numbers), strict=True))

    def statements(self, triples: Collection[Triple]) -> Iterator[ox.Quad]:
        """Yield statements in full."""
        terms = self.terms_of({number for triple in triples for number in triple})
        for subject, predicate, value in triples:
            yield ox.Quad(terms[subject], terms[predicate], terms[value])  # type: ignore[arg-type]

    def owners(self, nodes: Iterable[str]) -> dict[str, tuple[str, str]]:
        """Return for blank nodes a node with an IRI that leads there, and its first predicate on the way."""
        asked = {self._numbers[node] for node in nodes}
        found = owners(self.forward, lambda number: self.terms[number].startswith("<"), asked)
        text = self.terms
        return {text[node]: (text[owner], text[predicate]) for node, (owner, predicate) in found.items()}

    # -- changes

    def changes(self, files: dict[str, Iterable[ox.Quad]]) -> set[Triple]:
        """Return which statements come into the graph or leave it when files say something else."""
        more: Counter[Triple] = Counter()
        for name, statements in files.items():
            more.update((self.number(s), self.number(p), self.number(o)) for s, p, o, _ in statements)
            if name in self.files:
                more.subtract(triples(self.files[name][1]))
        return {t for t, n in more.items() if n and bool(self._times(t)) != bool(self._times(t) + n)}

    def _times(self, triple: Triple) -> int:
        subject, predicate, value = triple
        return self.repeated.get(triple) or int(value in self.forward.get(predicate, {}).get(subject, ()))

    def apply(self, changed: Iterable[Triple]) -> None:
        """Put in those of the statements that are not there, and take out the others."""
        for subject, predicate, value in changed:
            column = self.forward.setdefault(predicate, {})
            self._backward.pop(predicate, None)
            values = column.setdefault(subject, [])
            if value not in values:
                values.append(value)
            else:
                values.remove(value)
                if not values:
                    del column[subject]


def triples(numbers: bytes) -> Iterator[Triple]:
    """Yield the statements of a file."""
    each = iter(array("I", numbers))
    return zip(each, each, each, strict=True)


def save(snapshot: Snapshot, path: Path, key: bytes) -> None:
    """Write a snapshot in one go; where that fails there is none, which is no fault."""
    made = snapshot.outcome
    outcome = dict(made.rows), dict(made.focus), dict(made.seconds), made.owners, made.left_to_rdflib
    content = marshal.dumps((snapshot.terms, snapshot.forward, snapshot.repeated, snapshot.files, outcome))
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        for old in path.parent.iterdir():
            if old.stat().st_mtime < time() - SECONDS_KEPT:
                old.unlink()
        descriptor, name = tempfile.mkstemp(dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(key + digest(content) + content)
            Path(name).replace(path)
        except OSError:
            Path(name).unlink()


def load(path: Path, key: bytes) -> Snapshot | None:
    """Read a snapshot; None where there is none, where it is another engine's or shapes', or damaged."""
    try:
        with path.open("rb") as file:
            if file.read(DIGEST) != key:
                return None
            check, content = file.read(DIGEST), file.read()
    except OSError:
        return None
    if digest(content) != check:
        return None
    terms, forward, repeated, files, outcome = marshal.loads(content)  # noqa: S302 # as it was written
    rows, focus, seconds, above, left = outcome
    outcome = Outcome(Counter(rows), Counter(focus), Counter(seconds), above, left)
    return Snapshot(terms, forward, repeated, files, outcome)
