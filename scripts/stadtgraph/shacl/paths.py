"""Property paths (SHACL, section 2.3.1): read, written as SPARQL, followed through the columns."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import pyoxigraph as ox

from stadtgraph.shacl.columns import Column, reachable


@dataclass(frozen=True, slots=True)
class Step:
    """A predicate (2.3.1.1), backwards where inverse (2.3.1.4)."""

    predicate: ox.NamedNode
    inverse: bool = False


@dataclass(frozen=True, slots=True)
class Sequence:
    """One path after the other (2.3.1.2)."""

    parts: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Alternative:
    """Any of several paths (2.3.1.3)."""

    parts: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """A path repeated: ``*`` (2.3.1.5), ``+`` (2.3.1.6), or ``?``, at most once (2.3.1.7)."""

    part: Path
    sign: str


Path = Step | Sequence | Alternative | Repeat


def inverse(path: Path) -> Path:
    """Return the path that leads back; only predicates are ever inverse."""
    match path:
        case Step():
            return Step(path.predicate, not path.inverse)
        case Sequence():
            return Sequence(tuple(inverse(part) for part in reversed(path.parts)))
        case Alternative():
            return Alternative(tuple(inverse(part) for part in path.parts))
        case Repeat():
            return Repeat(inverse(path.part), path.sign)


def repeated(path: Path | None, inside: bool = False) -> Iterator[ox.NamedNode]:
    """Yield the predicates that a path may follow any number of times."""
    match path:
        case Step() if inside:
            yield path.predicate
        case Sequence() | Alternative():
            for part in path.parts:
                yield from repeated(part, inside)
        case Repeat():
            yield from repeated(path.part, inside or path.sign != "?")


def as_sparql(path: Path, inside: int = 3) -> str:
    """Return the path mapping (2.3.1) as text.

    ``inside`` says how firmly it has to hold together: 3 wherever it is put, 2 in a sequence, 1 in an
    alternative, 0 by itself.
    """
    match path:
        case Step():
            text, holds = (f"^{path.predicate}", 2) if path.inverse else (str(path.predicate), 3)
        case Sequence():
            text, holds = "/".join(as_sparql(part, 2) for part in path.parts), 1
        case Alternative():
            text, holds = "|".join(as_sparql(part, 1) for part in path.parts), 0
        case Repeat():
            text, holds = as_sparql(path.part) + path.sign, 2
    return text if holds >= inside else f"({text})"


class Followed(Protocol):
    """What paths are followed through."""

    def column(self, predicate: ox.NamedNode, inverse: bool = False) -> Column:
        """Return what a predicate leads to, from each subject or from each object."""


def follow(data: Followed, path: Path, focus: Collection[int]) -> Column:
    """Return the value nodes of each focus node that has any (3.7), each once."""
    match path:
        case Step():
            column = data.column(path.predicate, path.inverse)
            if len(column) < len(focus):
                return {node: values for node, values in column.items() if node in focus}
            return {node: values for node in focus if (values := column.get(node))}
        case Sequence():
            reached = follow(data, path.parts[0], focus)
            for part in path.parts[1:]:
                further = follow(data, part, {node for middle in reached.values() for node in middle})
                reached = _joined(
                    (node, (value for each in middle for value in further.get(each, ())))
                    for node, middle in reached.items()
                )
            return reached
        case Alternative():
            columns = [follow(data, part, focus) for part in path.parts]
            return _joined((node, (value for c in columns for value in c.get(node, ()))) for node in focus)
        case Repeat(sign="?"):
            once = follow(data, path.part, focus)
            return {node: list(dict.fromkeys((node, *once.get(node, ())))) for node in focus}
        case Repeat():
            return _repeated(data, path, focus)


def _joined(reached: Iterable[tuple[int, Iterable[int]]]) -> Column:
    lists = ((node, list(dict.fromkeys(values))) for node, values in reached)
    return {node: values for node, values in lists if values}


def _repeated(data: Followed, path: Repeat, focus: Collection[int]) -> Column:
    """Follow a path again and again; each node is asked once for all focus nodes together."""
    steps: dict[int, Collection[int]] = {}
    waiting, asked = set(focus), set(focus)
    while waiting:
        found = follow(data, path.part, waiting)
        steps.update(found)
        waiting = {node for values in found.values() for node in values} - asked
        asked |= waiting
    result: dict[int, list[int]] = {}
    for node in focus:
        start = [node] if path.sign == "*" else steps.get(node, ())
        if start:
            result[node] = list(reachable(start, lambda each: steps.get(each, ())))
    return result
