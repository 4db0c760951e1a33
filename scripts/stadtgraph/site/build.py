"""Write a publication: every document of every thing, and only what changed since the last one.

What differs is found by comparing the whole graph with that of the last publication, statement by statement.
The documents of things that no changed statement can reach are taken over as hard links; the tree is the
same, byte for byte, as if everything had been written anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

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
    frozen,
    jsonld,
    overview,
    pages,
    pictured,
    reference,
    rules,
    served,
    tables,
    void,
)
from stadtgraph.site.frame import frame_digest
from stadtgraph.site.indexes import listed
from stadtgraph.site.last import Changes, Last, engine
from stadtgraph.site.notes import Notes, Said
from stadtgraph.site.reading import Reading
from stadtgraph.site.shelf import CannotPublish, shelf
from stadtgraph.site.spread import Crew, spread
from stadtgraph.site.templating import prepare, static_documents
from stadtgraph.site.things import Site
from stadtgraph.site.writer import Content, Document, Writer
from stadtgraph.terms import text

__all__ = ["CannotPublish", "Publication", "complete", "publish", "switch"]
Step = Callable[[int, int], None]
# Tells some documents, and what the search says; none needs what another one of its time tells.
Part = Callable[[], Iterable[tuple[str, Content] | Said]]
OF_THE_WHOLE: Final[tuple[Callable[[Site], Iterable[tuple[str, Content]]], ...]] = tuple(
    module.whole_documents for module in (jsonld, tables, calendar, feeds, rules)
)


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
    # Versions that speak against those of dataset, def or shapes, by what is the matter.
    rewritten: dict[str, str]


def publish(
    city: City,
    out: Path,
    step: Step = lambda done, total: None,
    editor: Path | None = None,
    processes: int | None = None,
) -> Publication:
    """Complete the graph, write it to ``out`` in every form; the city has been validated before.

    ``step`` is told how much is done, of how much; ``editor`` is where the query editor was fetched.
    Each of several ``processes`` copies part of the graph while it reads it; by default there is one for
    each processor, eight at most.

    Raises:
        CannotPublish: ``out`` is in the way or cannot be written.
        BadQuery: a rule cannot be applied.

    """
    asserted, derived = complete(city)
    site = Site(city)
    with shelf(out) as kept, downloads.statements(site) as statements:
        kept.draft.mkdir()
        earlier = downloads.earlier(out, downloads.version(site))
        reading = Reading(replace(site, earlier=earlier, dumped=kept.draft / downloads.LATEST))
        digest = engine() + frame_digest(reading, statements)
        with Notes(kept.draft_things, digest, kept.things) as notes:
            writer = Writer(kept.draft, kept.last, notes.whole)
            for document in downloads.lines(reading.site, statements):
                writer.write(*document)
            last = Last(kept, notes)
            new = _first(reading, writer, last, notes, editor, step, processes)
            for document in downloads.closing_documents(site, writer.written):
                writer.write(*document)
            notes.settle()
            closing = _closing(reading, writer, notes, kept.last)
            for done in spread(partial(_put, writer), closing, processes, worth=2, block=1):
                writer.hold(*done.documents)
            for document in files.data_pages(reading, notes, writer.written):
                writer.write(*document)
            notes.keep("", writer.noted.values())
            for document in feeds.closing_documents(reading.site, notes):
                writer.write(*document)
            notes.keep("", writer.noted.values())
            digest, totals = writer.finish(notes.sums()), notes.totals()
        rewritten = downloads.rewritten(reading.site, kept.last, writer.written)
        rewritten |= frozen.rewritten(site, writer.folder)
        changed = kept.show(digest)
    return Publication(
        folder=out,
        digest=digest,
        changed=changed,
        first=not notes.known,
        files=totals.files,
        pages=totals.pages,
        written=new
        + sum(notes.whole.get(name) != writer.noted[name] for name in writer.written if name in writer.noted),
        size=totals.size,
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
    unfilled = (PLACEHOLDER, PLACEHOLDER_TEXT)
    for quad in [quad for quad in city.store if text(quad.object).startswith(unfilled)]:
        city.store.remove(quad)


class Done(NamedTuple):
    """What is noted when a thing, or a part of the whole, has been written."""

    documents: list[Document]
    said: list[Said]
    place: str = ""
    day: str = ""
    new: int = 0


def _first(
    reading: Reading,
    writer: Writer,
    last: Last,
    notes: Notes,
    editor: Path | None,
    step: Step,
    processes: int | None,
) -> int:
    """Write what needs no notes, and each thing that cannot be taken over; return how many documents are new.

    While other processes are at the former, this one takes over what is as it was.
    """
    prepare()
    reading.prepare()
    parts, things = _parts(reading, editor), reading.site.things
    work = partial(_written, reading, writer, notes)
    total, new = len(parts) + len(things), 0
    with Crew[Part | str, Done](work, [*parts, *things], processes) as crew:
        crew.queue(range(len(parts)), 1)
        stale = _stale(reading, writer, last)
        crew.queue([len(parts) + number for number in stale])
        queued = [*range(len(parts)), *stale]
        for count, (number, done) in enumerate(zip(queued, crew.results(), strict=True), 1):
            if count > len(parts):
                new += done.new
                notes.add(things[number], done.place, done.day, done.documents)
                writer.show(done.documents)
            else:
                writer.hold(*done.documents)
            for said in done.said:
                notes.tell(said)
            step(total - len(queued) + count, total)
    return new


def _stale(reading: Reading, writer: Writer, last: Last) -> list[int]:
    """Take over the documents of things that are as they were; return the numbers of the others."""
    affected = last.affected(reading, writer.folder / downloads.STATEMENTS)
    stale: list[int] = []
    for number, iri in enumerate(reading.site.things):
        before = last.find(iri)
        same = (
            before and affected is not None and iri not in affected and before.place == _place(reading, iri)
        )
        if before and same and writer.keep(before.documents):
            writer.show(before.documents)
        else:
            last.compare(iri, before)
            stale.append(number)
    last.rest()
    return stale


def _written(reading: Reading, writer: Writer, notes: Notes, item: Part | str) -> Done:
    if not isinstance(item, str):
        return _put(writer, item)
    known = notes.before(item)
    documents = [one for told in _documents(reading, item) for one in writer.put(*told, known)]
    new = sum(not one.packed and known.get(one.name) != one for one in documents)
    said = Said(item, *listed(reading, item))
    return Done(documents, [said], _place(reading, item), reading.site.day(item), new)


def _place(reading: Reading, iri: str) -> str:
    return "{}:{}".format(*reading.place(iri))


def _documents(reading: Reading, iri: str) -> Iterator[tuple[str, Content]]:
    """Yield the documents of one thing; its pages come last and name the others as downloads."""
    beside = []
    for tell in (jsonld.thing_documents, calendar.thing_documents):
        for name, content in tell(reading.site, iri):
            beside.append(name)
            yield name, content
    yield from pages.thing_documents(reading, iri, beside)


def _parts(reading: Reading, editor: Path | None) -> list[Part]:
    """Return the parts of the whole that can be told before it is known what each thing's documents are."""
    return [
        *downloads.whole_documents(reading.site),
        *(partial(tell, reading.site) for tell in OF_THE_WHOLE),
        partial(pictured.whole_documents, reading),
        partial(asking.asking_pages, reading, editor),
        static_documents,
        *reference.question_pages(reading),
        *reference.Reference(reading).parts(),
    ]


def _closing(reading: Reading, writer: Writer, notes: Notes, last: Path | None) -> list[Part]:
    """Return the parts of the whole that have to know what else there is."""
    return [
        *overview.parts(reading, notes),
        *served.parts(reading, notes),
        *(partial(module.closing_documents, reading.site, writer.written) for module in (catalog, void)),
        partial(frozen.closing_documents, reading, last, writer.folder, writer.written),
    ]


def _put(writer: Writer, part: Part) -> Done:
    documents: list[Document] = []
    said: list[Said] = []
    for told in part():
        if isinstance(told, Said):
            said.append(told)
        else:
            documents += writer.put(*told, writer.before)
    return Done(documents, said)


def switch(out: Path, tree: dict[str, bytes]) -> bool:
    """Make ``out`` show ``tree``; return whether that is something new.

    Raises:
        CannotPublish: ``out`` is in the way or cannot be written.

    """
    with shelf(out) as kept:
        writer = Writer(kept.draft)
        for name, content in tree.items():
            writer.write(name, content)
        return kept.show(writer.finish())
