"""Write a publication: every document of every thing, and only what changed since the last one.

What differs is found by comparing the whole graph with that of the last publication, statement by statement.
The documents of things that no changed statement can reach are taken over as hard links; the tree is the
same, byte for byte, as if everything had been written anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
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
    reference,
    rules,
    served,
    tables,
    void,
)
from stadtgraph.site.frame import frame_digest, prepare
from stadtgraph.site.indexes import listed
from stadtgraph.site.last import STATEMENTS, Changes, Last, engine
from stadtgraph.site.notes import Listed, Notes
from stadtgraph.site.reading import Reading
from stadtgraph.site.shelf import CannotPublish, Content, Document, Writer, shelf
from stadtgraph.site.spread import spread
from stadtgraph.site.things import Site
from stadtgraph.terms import text

__all__ = ["CannotPublish", "Publication", "complete", "publish", "switch"]
Documents = Iterator[tuple[str, Content]]
Step = Callable[[int, int], None]
Written = Mapping[str, tuple[str, int]]
OF_THE_WHOLE: Final[tuple[Callable[[Site], Documents], ...]] = tuple(
    module.whole_documents for module in (jsonld, tables, calendar, feeds, rules)
)
# In the order in which they look at what the others wrote.
AT_THE_END: Final[tuple[Callable[[Site, Written], Documents], ...]] = tuple(
    module.closing_documents for module in (catalog, void)
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
    # What changed although its version did not: dataset, def, shapes.
    rewritten: dict[str, str]


def publish(
    city: City,
    out: Path,
    step: Step = lambda done, total: None,
    editor: Path | None = None,
    processes: int | None = None,
) -> Publication:
    """Complete the graph, write it to ``out`` in every form; the city has been validated before.

    ``step`` is told how many things are done, of how many; ``editor`` is where the query editor was fetched.
    Each of several ``processes`` copies part of the graph while it reads it; by default there is one for
    each processor, eight at most.

    Raises:
        CannotPublish: ``out`` is in the way or cannot be written.
        BadQuery: a rule cannot be applied.

    """
    asserted, derived = complete(city)
    site = Site(city)
    with shelf(out) as kept:
        kept.draft.mkdir()
        earlier = downloads.earlier(out, downloads.version(site))
        reading = Reading(replace(site, earlier=earlier, dumped=kept.draft / downloads.LATEST))
        with Notes(kept.draft_things, engine() + frame_digest(reading), kept.things) as notes:
            writer = Writer(kept.draft, kept.last, notes.whole)
            for dump in downloads.whole_documents(reading.site, writer.written):
                writer.write(*dump)
            last = Last(kept, notes)
            new = _things(reading, writer, last, notes, step, processes)
            tell, sections = reference.in_search(reading)
            for iri, said in zip(sections, spread(tell, list(sections), processes), strict=True):
                notes.tell(iri, sections[iri], said)
            parts = _parts(reading, writer.written, editor)
            for part in spread(partial(_put, writer), parts, processes, worth=2, block=1):
                for one in part:
                    writer.hold(one)
            versions = frozen.closing_documents(reading, kept.last, writer.folder, writer.written)
            for document in chain(versions, _closing(reading, notes, writer.written)):
                writer.write(*document)
            notes.keep("", writer.noted.values())
            for document in feeds.closing_documents(reading.site, notes):
                writer.write(*document)
            notes.keep("", writer.noted.values())
            digest, totals = writer.finish(notes.sums()), notes.totals()
        rewritten = downloads.rewritten(site, kept.last, writer.written)
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


def _things(
    reading: Reading, writer: Writer, last: Last, notes: Notes, step: Step, processes: int | None
) -> int:
    """Write the documents of each thing, or take them over; return how many are new."""
    affected = last.affected(reading, writer.folder / STATEMENTS)
    things = reading.site.things
    stale: list[str] = []
    for iri in things:
        before = last.find(iri)
        same = (
            before and affected is not None and iri not in affected and before.place == _place(reading, iri)
        )
        if before and same and writer.keep(before.documents):
            writer.show(before.documents)
            step(len(things) - len(stale), len(things))
        else:
            last.compare(iri, before)
            stale.append(iri)
    last.rest()
    new = 0
    prepare()
    reading.prepare()
    for number, told in enumerate(spread(partial(_written, reading, writer, notes), stale, processes)):
        new += told.new
        notes.add(stale[number], told.place, told.day, told.documents)
        notes.tell(stale[number], told.section, told.said)
        writer.show(told.documents)
        step(len(things) - len(stale) + number + 1, len(things))
    return new


class Told(NamedTuple):
    """What is noted of a thing whose documents have been written."""

    place: str
    day: str
    section: str
    said: list[Listed]
    documents: list[Document]
    new: int


def _written(reading: Reading, writer: Writer, notes: Notes, iri: str) -> Told:
    known = notes.before(iri)
    documents = [one for told in _documents(reading, iri) for one in writer.put(*told, known)]
    new = sum(not one.packed and known.get(one.name) != one for one in documents)
    return Told(_place(reading, iri), reading.site.modified(iri), *listed(reading, iri), documents, new)


def _place(reading: Reading, iri: str) -> str:
    return "{}:{}".format(*reading.place(iri))


def _documents(reading: Reading, iri: str) -> Documents:
    """Yield the documents of one thing; its pages come last and name the others as downloads."""
    beside = []
    for tell in (jsonld.thing_documents, calendar.thing_documents):
        for name, content in tell(reading.site, iri):
            beside.append(name)
            yield name, content
    yield from pages.thing_documents(reading, iri, beside)


def _parts(reading: Reading, written: Written, editor: Path | None) -> list[Callable[[], Documents]]:
    """Return what tells the documents of the whole that need nothing from each other."""
    return [
        *(partial(tell, reading.site) for tell in OF_THE_WHOLE),
        partial(reference.question_pages, reading),
        partial(asking.asking_pages, reading, editor),
        *reference.term_pages(reading, written),
    ]


def _closing(reading: Reading, notes: Notes, written: Written) -> Documents:
    """Yield what has to know what else there is."""
    yield from overview.whole_documents(reading, notes)
    for tell in AT_THE_END:
        yield from tell(reading.site, written)
    yield from overview.picture_pages(reading)
    yield from files.data_pages(reading, notes, written)
    yield from served.closing_documents(reading, notes, written)


def _put(writer: Writer, part: Callable[[], Documents]) -> list[Document]:
    return [one for told in part() for one in writer.put(*told, writer.before)]


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
