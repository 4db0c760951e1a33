"""Write a publication: every document of every thing, and only what changed since the last one.

What differs is found by comparing the whole graph with that of the last publication, statement by statement.
The documents of things that no changed statement can reach are taken over as hard links; the tree is the
same, byte for byte, as if everything had been written anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from importlib.resources import files as resources
from importlib.resources.abc import Traversable
from io import StringIO
from pathlib import Path
from typing import Final, TextIO

from pyoxigraph import RdfFormat, parse

from stadtgraph.derive import derive
from stadtgraph.load import City
from stadtgraph.namespaces import PLACEHOLDER, PLACEHOLDER_TEXT
from stadtgraph.site import (
    asking,
    calendar,
    catalog,
    downloads,
    feeds,
    files,
    jsonld,
    overview,
    pages,
    reference,
    rules,
    served,
    tables,
    void,
)
from stadtgraph.site.frame import frame_digest
from stadtgraph.site.indexes import Index, listed
from stadtgraph.site.reading import Reading
from stadtgraph.site.shelf import CannotPublish, Content, Document, Shelf, Writer, shelf, untouched
from stadtgraph.site.things import Site
from stadtgraph.terms import text

__all__ = ["CannotPublish", "Publication", "complete", "publish", "switch"]
Documents = Iterator[tuple[str, Content]]
Step = Callable[[int, int], None]
Written = Mapping[str, tuple[str, int]]
OF_THE_WHOLE: Final[tuple[Callable[[Site], Documents], ...]] = tuple(
    module.whole_documents for module in (jsonld, tables, calendar, feeds, rules)
)
# The form of what is noted about a publication; notes in another form are not read.
NOTES: Final = 3
# Every statement with its graph: what tells two publications apart.
STATEMENTS: Final = f"{downloads.LATEST}/dataset.nq"
# In the order in which they look at what the others wrote.
AT_THE_END: Final[tuple[Callable[[Site, Written], Documents], ...]] = tuple(
    module.closing_documents for module in (catalog, void)
)


@dataclass
class Changes:
    """What differs from the publication before: IRIs of things, in order."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Publication:
    """What a publication holds."""

    folder: Path
    digest: str
    changed: bool
    first: bool
    files: int
    pages: int
    written: int
    size: int
    asserted: int
    derived: int
    changes: Changes
    # What changed although its version did not: dataset, ontology.
    rewritten: dict[str, str]


def publish(
    city: City, out: Path, step: Step = lambda done, total: None, editor: Path | None = None
) -> Publication:
    """Complete the graph, write it to ``out`` in every form; the city has been validated before.

    ``step`` is told how many things are done, of how many; ``editor`` is where the query editor was fetched.

    Raises:
        CannotPublish: ``out`` is in the way or cannot be written.
        BadQuery: a rule cannot be applied.

    """
    asserted, derived = complete(city)
    site = Site(city)
    reading = Reading(replace(site, earlier=downloads.earlier(out, downloads.version(site))))
    with shelf(out) as kept:
        writer = Writer(kept.draft)
        kept.draft.mkdir()
        last = Last(kept, _engine() + frame_digest(reading))
        dumps = downloads.whole_documents(reading.site, writer.written)
        made = {one.name: one for dump in dumps for one in writer.write(*dump)}
        index = Index()
        with kept.draft_things.open("w", encoding="utf-8") as notes:
            notes.write(json.dumps([NOTES, last.engine, asdict(made[STATEMENTS])]) + "\n")
            reused = _things(reading, writer, last, notes, index, step)
        for name, content in _whole(reading, index, editor):
            writer.write(name, content)
        for name, content in _closing(reading, index, writer.written):
            writer.write(name, content)
        digest, size = writer.finish()
        first = not last.known
        rewritten = downloads.rewritten(site, kept.last, writer.written)
        changed = kept.show(digest)
    names = writer.written
    return Publication(
        folder=out,
        digest=digest,
        changed=changed,
        first=first,
        files=len(names),
        pages=sum(name.endswith(".html") for name in names),
        written=len(names) - reused,
        size=size,
        asserted=asserted,
        derived=derived,
        changes=last.changes,
        rewritten=rewritten,
    )


def complete(city: City) -> tuple[int, int]:
    """Make the graph what is published; return how much is asserted and how much derived."""
    _drop_placeholders(city)
    asserted = len(city.store)
    return asserted, sum(derive(city).values())


def _drop_placeholders(city: City) -> None:
    """Leave out what the operator has not filled in yet: a reader would take it for a value."""
    for quad in list(city.store):
        if text(quad.object).startswith((PLACEHOLDER, PLACEHOLDER_TEXT)):
            city.store.remove(quad)


def _things(reading: Reading, writer: Writer, last: Last, notes: TextIO, index: Index, step: Step) -> int:
    """Write the documents of each thing, or take them over; return how many were taken over."""
    affected = last.affected(reading, writer.folder / STATEMENTS)
    things = reading.site.things
    reused = 0
    for number, iri in enumerate(things):
        place = "{}:{}".format(*reading.place(iri))
        before = last.find(iri)
        same = before and before.place == place and affected is not None and iri not in affected
        if before and same and writer.keep(last.folder, before.documents):
            reused += sum(not document.packed for document in before.documents)
            notes.write(before.line)
            index.add(iri, before.section, before.listed)
        else:
            documents = [one for document in _documents(reading, iri) for one in writer.write(*document)]
            last.compare(iri, before)
            section, said = listed(reading, iri)
            noted = [[d.name, d.digest, d.size, d.made, d.packed] for d in documents]
            entry = [iri, place, noted, section, said]
            notes.write(json.dumps(entry, ensure_ascii=False) + "\n")
            index.add(iri, section, said)
        step(number + 1, len(things))
    last.rest()
    return reused


def _documents(reading: Reading, iri: str) -> Documents:
    """Yield the documents of one thing; its pages come last and name the others as downloads."""
    beside = []
    for tell in (jsonld.thing_documents, calendar.thing_documents):
        for name, content in tell(reading.site, iri):
            beside.append(name)
            yield name, content
    yield from pages.thing_documents(reading, iri, beside)


def _whole(reading: Reading, index: Index, editor: Path | None) -> Documents:
    """Yield what depends on the whole graph."""
    for tell in OF_THE_WHOLE:
        yield from tell(reading.site)
    reference.list_terms(reading, index)
    yield from overview.whole_documents(reading, index)
    yield from reference.question_pages(reading)
    yield from asking.asking_pages(reading, editor)


def _closing(reading: Reading, index: Index, written: Written) -> Documents:
    """Yield what has to know everything that was written."""
    for tell in AT_THE_END:
        yield from tell(reading.site, dict(written))
    yield from overview.picture_pages(reading)
    yield from reference.term_pages(reading, written)
    yield from files.data_pages(reading, index, written)
    yield from feeds.closing_documents(reading.site, written)
    yield from served.closing_documents(reading, index, written)


@dataclass(frozen=True)
class Before:
    """A thing in the last publication."""

    iri: str
    place: str
    documents: list[Document]
    section: str
    listed: list[list[str]]
    line: str


class Last:
    """The last publication's things, read in step with the new one's, and what differs."""

    def __init__(self, kept: Shelf, engine: str) -> None:
        self.engine = engine
        self.changes = Changes()
        self.folder: Path = kept.last or kept.folder
        self._lines: TextIO = kept.things.open(encoding="utf-8") if kept.things else StringIO()
        head = json.loads(next(self._lines, "[]"))
        self._statements: Document | None = None
        self._same_engine = False
        self._stated: set[str] = set()
        self.known = isinstance(head, list) and head[:1] == [NOTES]
        if not self.known:
            self._lines.close()
            self._lines = StringIO()
        else:
            self._same_engine = head[1] == self.engine
            self._statements = Document(**head[2])
        self._next = self._read()

    def affected(self, reading: Reading, statements: Path) -> set[str] | None:
        """Return the things that changed statements reach; None where nothing can be taken over."""
        before = self.folder / STATEMENTS
        if self._statements is None or not untouched(self.folder, self._statements):
            return None
        lines = b"".join((*_missing(statements, before), *_missing(before, statements)))
        quads = list(parse(lines, RdfFormat.N_QUADS))
        self._stated = {text(quad.subject).partition("#")[0] for quad in quads}
        return reading.affected(quads) if self._same_engine else None

    def _read(self) -> Before | None:
        line = next(self._lines, "")
        if not line:
            self._lines.close()
            return None
        iri, place, documents, section, said = json.loads(line)
        return Before(iri, place, [Document(*document) for document in documents], section, said, line)

    def find(self, iri: str) -> Before | None:
        """Return a thing as it was before; things are asked for in order."""
        while self._next and self._next.iri < iri:
            self.changes.removed.append(self._next.iri)
            self._next = self._read()
        if self._next and self._next.iri == iri:
            found, self._next = self._next, self._read()
            return found
        return None

    def compare(self, iri: str, before: Before | None) -> None:
        """Note whether a thing is new, or something else is stated about it; its page may differ besides."""
        if before is None:
            self.changes.added.append(iri)
        elif iri in self._stated:
            self.changes.changed.append(iri)

    def rest(self) -> None:
        """Note the things that are left: they are gone."""
        while self._next:
            self.changes.removed.append(self._next.iri)
            self._next = self._read()


def _missing(there: Path, here: Path) -> Iterator[bytes]:
    """Yield the lines of one file that another has not; of that one only its lines' hashes are held."""
    with here.open("rb") as lines:
        known = set(map(hash, lines))
    with there.open("rb") as lines:
        yield from (line for line in lines if hash(line) not in known)


@cache
def _engine() -> str:
    """Return a digest of the engine itself: a new template makes every page new."""
    digest = hashlib.blake2b(digest_size=16)

    def add(folder: Traversable) -> None:
        for entry in sorted(folder.iterdir(), key=lambda e: e.name):
            if entry.is_dir() and entry.name != "__pycache__":
                add(entry)
            elif entry.is_file():
                digest.update(entry.name.encode() + entry.read_bytes())

    add(resources("stadtgraph"))
    return digest.hexdigest()


def switch(out: Path, tree: dict[str, bytes]) -> bool:
    """Make ``out`` show ``tree``; return whether that is something new.

    Raises:
        CannotPublish: ``out`` is in the way or cannot be written.

    """
    with shelf(out) as kept:
        writer = Writer(kept.draft)
        for name, content in tree.items():
            writer.write(name, content)
        return kept.show(writer.finish()[0])
