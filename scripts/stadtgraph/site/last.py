"""The last publication, read in step with the new one: what differs, and what can be taken over."""

from __future__ import annotations

import hashlib
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from pyoxigraph import RdfFormat, parse

from stadtgraph.site.downloads import STATEMENTS
from stadtgraph.site.notes import Notes, Thing
from stadtgraph.site.ordered import place
from stadtgraph.site.reading import Reading
from stadtgraph.site.shelf import Shelf
from stadtgraph.site.writer import untouched
from stadtgraph.terms import text

# What else decides which bytes are written.
LIBRARIES: Final = ("brotli", "icalendar", "jinja2", "markupsafe", "pyoxigraph")


@dataclass
class Changes:
    """What differs from the publication before: IRIs of things, in order."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)


class Last:
    """The last publication's things, read in step with the new one's, and what differs."""

    def __init__(self, kept: Shelf, notes: Notes) -> None:
        self.folder = kept.last or kept.folder
        self.changes = Changes()
        self._notes = notes
        self._things = notes.things()
        self._next = next(self._things, None)
        self._stated: set[str] = set()

    def affected(self, reading: Reading, statements: Path) -> set[str] | None:
        """Return the things that changed statements reach; None where nothing can be taken over."""
        before = self._notes.published(STATEMENTS)
        if before is None or not untouched(self.folder, before):
            return None
        lines = b"".join(differing(self.folder / before.name, statements))
        quads = list(parse(lines, RdfFormat.N_QUADS))
        self._stated = {text(quad.subject).partition("#")[0] for quad in quads}
        return reading.affected(quads) if self._notes.same_engine else None

    def find(self, iri: str) -> Thing | None:
        """Return a thing as it was before; things are asked for in order."""
        while self._next and self._next.iri < iri:
            self._gone(self._next.iri)
        if self._next and self._next.iri == iri:
            found, self._next = self._next, next(self._things, None)
            return found
        return None

    def compare(self, iri: str, before: Thing | None) -> None:
        """Note whether a thing is new, or something else is stated about it; its page may differ besides."""
        if before is None:
            self.changes.added.append(iri)
        elif iri in self._stated:
            self.changes.changed.append(iri)

    def rest(self) -> None:
        """Note the things that are left: they are gone."""
        while self._next:
            self._gone(self._next.iri)

    def _gone(self, iri: str) -> None:
        self.changes.removed.append(iri)
        self._notes.drop(iri)
        self._next = next(self._things, None)


def differing(one: Path, other: Path) -> Iterator[bytes]:
    """Yield the lines that only one of two dumps has; both are in the order of their statements."""
    with one.open("rb") as before, other.open("rb") as after:
        left, right = next(before, b""), next(after, b"")
        while left or right:
            if left == right:
                left, right = next(before, b""), next(after, b"")
            elif right and (not left or place(right) < place(left)):
                yield right
                right = next(after, b"")
            else:
                yield left
                left = next(before, b"")


@cache
def engine() -> str:
    """Return a digest of what writes: the engine itself, so that a new template makes every page new."""
    digest = hashlib.blake2b(digest_size=16)

    def add(folder: Traversable) -> None:
        for entry in sorted(folder.iterdir(), key=lambda e: e.name):
            if entry.is_dir() and entry.name != "__pycache__":
                add(entry)
            elif entry.is_file():
                digest.update(entry.name.encode() + entry.read_bytes())

    add(files("stadtgraph"))
    for written in (sys.version, zlib.ZLIB_RUNTIME_VERSION, *map(version, LIBRARIES)):
        digest.update(written.encode())
    return digest.hexdigest()
