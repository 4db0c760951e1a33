"""What a publication is made of, noted in a file beside it, so that no list of all things is held in memory.

The file is a database of SQLite. The next publication begins with a copy of it and changes what differs.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Final, NamedTuple

from stadtgraph.messages import LANGUAGES
from stadtgraph.site.reading import folded
from stadtgraph.site.writer import Document

# The form of the notes; those in another form are not read.
FORM: Final = 5
LEAD: Final = 220  # letters of a description that the search shows
# By so many letters at most the words of names are told apart.
LETTERS: Final = 6
UMLAUT: Final = re.compile("(a|o|u)e")
# Whoever dies while writing a draft begins anew, so that nothing has to be kept from being lost.
HASTE: Final = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA temp_store = FILE"
ORDER: Final = "CASE section WHEN 'concept' THEN rank NOT IN (SELECT value FROM json_each(?)) ELSE rank END"
DOCUMENT: Final = "name, digest, size, made, packed"
IN_SECTION: Final = f"""
    SELECT iri, lang, row_number() OVER (ORDER BY {ORDER}, starts DESC, grouped, folded, iri) AS number
    FROM listed WHERE section = ? AND lang = ?
"""  # noqa: S608 (nothing of it comes from outside)


class Listed(NamedTuple):
    """What indexes and search say of a thing in one language; its documents depend on no less."""

    name: str
    lang: str
    lead: str
    lead_lang: str
    note: str
    kind: str
    others: str
    order: str
    group: str
    link: str
    starts: str = ""


class Said(NamedTuple):
    """What indexes and search say of a thing, a term or a rule in each language, and where it is listed."""

    iri: str
    section: str
    listed: list[Listed]


@dataclass(frozen=True)
class Thing:
    """A thing as it was published: where it stands in the city's files, and its documents."""

    iri: str
    place: str
    documents: tuple[Document, ...]


@dataclass(frozen=True)
class Totals:
    """How much a publication holds; what is packed for the network is not counted."""

    files: int
    pages: int
    size: int


class Notes:
    """The notes on a publication that is being written."""

    def __init__(self, path: Path, engine: str, last: Path | None) -> None:
        self._last = last
        before = _engine(last) if last else None
        self.known, self.same_engine = before is not None, before == engine
        if last and self.same_engine:
            shutil.copyfile(last, path)
        self._base = sqlite3.connect(path, isolation_level=None)
        self._base.executescript(HASTE)
        if not self.same_engine:
            self._base.executescript(files("stadtgraph.site").joinpath("notes.sql").read_text("utf-8"))
            self._base.execute("INSERT INTO about VALUES (?, ?)", (FORM, engine))
        self._path, self._owner = path, os.getpid()
        self._base.execute("BEGIN")
        self.whole = {document.name: document for document in _documents(self._base, "")}
        self._base.execute("DELETE FROM document WHERE thing = ''")
        self._base.execute("DELETE FROM listed WHERE iri NOT IN (SELECT iri FROM thing)")
        self._base.execute("DELETE FROM beginning WHERE iri NOT IN (SELECT iri FROM thing)")

    def __enter__(self) -> Notes:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Write down what was noted."""
        self._base.execute("COMMIT")
        self._base.close()

    def settle(self) -> None:
        """Let processes that are forked now read what is noted so far."""
        self._base.execute("COMMIT")
        self._base.execute("BEGIN")

    @cached_property
    def _elsewhere(self) -> sqlite3.Connection:
        return _opened(self._path)

    @property
    def _reader(self) -> sqlite3.Connection:
        """Return a connection of this process; SQLite lets none be carried over a fork."""
        return self._base if os.getpid() == self._owner else self._elsewhere

    def things(self) -> Iterator[Thing]:
        """Yield the things of the last publication in order."""
        if self._last and self.known:
            with closing(_opened(self._last)) as base:
                rows = base.execute(f"""
                    SELECT iri, place, {DOCUMENT} FROM thing CROSS JOIN document ON thing = iri ORDER BY iri
                """)  # noqa: S608 (nothing of it comes from outside)
                for (iri, place), some in groupby(rows, key=itemgetter(0, 1)):
                    yield Thing(iri, place, tuple(Document._make(row[2:]) for row in some))

    def published(self, name: str) -> Document | None:
        """Return a document of the whole as the last publication holds it."""
        if not self._last or not self.known:
            return None
        with closing(_opened(self._last)) as base:
            return next((document for document in _documents(base, "") if document.name == name), None)

    def before(self, iri: str) -> dict[str, Document]:
        """Return a thing's documents in the last publication by name, where the same engine wrote them."""
        if not self._last or not self.same_engine:
            return {}
        with closing(_opened(self._last)) as base:
            return {document.name: document for document in _documents(base, iri)}

    def add(self, iri: str, place: str, day: str, documents: Iterable[Document]) -> None:
        """Note a thing and its documents in place of what was noted of it."""
        self.drop(iri)
        self._base.execute("INSERT INTO thing VALUES (?, ?, ?)", (iri, place, day))
        self.keep(iri, documents)

    def tell(self, said: Said) -> None:
        """Note what indexes and search say."""
        iri, section, _ = said
        rows = [
            (
                *(iri, n, section, one.order, one.starts, one.group, folded(one.name), json.dumps(one)),
                *(_entry(one, section, lead) for lead in (shortened(one.lead, LEAD), "")),
            )
            for n, one in enumerate(said.listed)
        ]
        self._base.executemany("INSERT OR REPLACE INTO listed VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
        letters = [
            (n, some, folded(one.name), iri) for n, one in enumerate(said.listed) for some in _beginnings(one)
        ]
        self._base.executemany("INSERT OR IGNORE INTO beginning VALUES (?, ?, ?, ?)", letters)

    def keep(self, iri: str, documents: Iterable[Document]) -> None:
        """Note documents of a thing; with an empty IRI those of the whole."""
        self._base.executemany(
            "INSERT OR REPLACE INTO document VALUES (?, ?, ?, ?, ?, ?)",
            ((iri, *document) for document in documents),
        )

    def drop(self, iri: str) -> None:
        """Forget a thing."""
        for statement in (
            "DELETE FROM thing WHERE iri = ?",
            "DELETE FROM document WHERE thing = ?",
            "DELETE FROM listed WHERE iri = ?",
            "DELETE FROM beginning WHERE iri = ?",
        ):
            self._base.execute(statement, (iri,))

    @cached_property
    def sections(self) -> dict[str, int]:
        """How many things each section lists; asked for when all of them are noted."""
        return dict(
            self._reader.execute("SELECT section, count(*) FROM listed WHERE lang = 0 GROUP BY section")
        )

    def of(self, section: str, lang: str, main: Collection[str]) -> Iterator[tuple[str, Listed]]:
        """Yield the things of a section as its index orders them; ``main`` schemes of concepts come first."""
        found = f"SELECT iri, lang FROM ({IN_SECTION}) ORDER BY number"  # noqa: S608
        yield from self._told(self._reader.execute(found, _asked(section, lang, main)))

    def ends(self, section: str, lang: str, main: Collection[str], size: int) -> Iterator[tuple[str, Listed]]:
        """Yield the first and the last thing of each part of that order."""
        found = f"""
            SELECT iri, lang FROM ({IN_SECTION})
            WHERE number % ? IN (0, 1)
                OR number = (SELECT count(*) FROM listed WHERE section = ? AND lang = 0)
            ORDER BY number
        """  # noqa: S608
        yield from self._told(self._reader.execute(found, (*_asked(section, lang, main), size, section)))

    def _told(self, rows: Iterable[tuple[str, int]]) -> Iterator[tuple[str, Listed]]:
        """Yield what is said of each; it is not part of what is put in order, which takes memory."""
        for iri, lang in rows:
            found = self._reader.execute("SELECT said FROM listed WHERE iri = ? AND lang = ?", (iri, lang))
            yield iri, Listed(*json.loads(found.fetchone()[0]))

    def by_name(self, lang: str) -> Iterator[str]:
        """Yield what the search has of every listed thing, by name."""
        rows = self._reader.execute(
            "SELECT found FROM listed WHERE lang = ? ORDER BY folded, iri", (LANGUAGES.index(lang),)
        )
        yield from (found for (found,) in rows)

    def beginnings(self, lang: str, most: int) -> dict[str, int]:
        """Return the beginnings of words in names that part all things, where it can be into ``most``.

        A part that would be larger is parted by one letter more; each comes with the number of its things.
        """
        found: dict[str, int] = {}
        larger, length = [""], 0
        while larger and length < LETTERS:
            before, length = length, max(2, length + 1)
            rows = self._reader.execute(
                """
                SELECT substr(letters, 1, ?) AS part, count(DISTINCT iri) FROM beginning
                WHERE lang = ? AND substr(letters, 1, ?) IN (SELECT value FROM json_each(?)) GROUP BY part
                """,
                (length, LANGUAGES.index(lang), before, json.dumps(larger)),
            )
            counted = dict(rows)
            larger = [part for part, number in counted.items() if number > most and length < LETTERS]
            found |= {part: number for part, number in counted.items() if part not in larger}
        return found

    def by_beginning(self, lang: str) -> Iterator[tuple[str, str, str]]:
        """Yield first letters, IRI and what the search has of each thing, for every word of its names."""
        yield from self._reader.execute(
            """
            SELECT letters, beginning.iri, brief FROM beginning CROSS JOIN listed USING (iri, lang)
            WHERE beginning.lang = ? ORDER BY letters, beginning.folded, beginning.iri
            """,
            (LANGUAGES.index(lang),),
        )

    def by_section(self) -> Iterator[tuple[str, str, list[Listed]]]:
        """Yield section, IRI and what is said of every listed thing in each language, by IRI."""
        said: list[Listed] = []
        rows = self._reader.execute("SELECT section, iri, said FROM listed ORDER BY section, iri, lang")
        for section, iri, one in rows:
            said.append(Listed(*json.loads(one)))
            if len(said) == len(LANGUAGES):
                yield section, iri, said
                said = []

    def sums(self) -> Iterator[tuple[str, str]]:
        """Yield name and checksum of every document by name."""
        yield from self._reader.execute("SELECT name, digest FROM document ORDER BY name")

    def pages(self) -> Iterator[tuple[str, str, str]]:
        """Yield every page by name, with its thing and the day of its last change where it is one's own."""
        yield from self._reader.execute("""
            SELECT name, document.thing, ifnull(day, '') FROM document LEFT JOIN thing ON iri = document.thing
            WHERE name GLOB '*.html' ORDER BY name
        """)

    def has(self, iri: str, name: str) -> bool:
        """Tell whether a thing, or with an empty IRI the whole, has a document."""
        rows = self._reader.execute("SELECT 1 FROM document WHERE thing = ? AND name = ?", (iri, name))
        return rows.fetchone() is not None

    def totals(self) -> Totals:
        """Return how much there is."""
        counted = "SELECT count(*), sum(name GLOB '*.html'), sum(size) FROM document WHERE NOT packed"
        return Totals(*self._reader.execute(counted).fetchone())


def _entry(one: Listed, section: str, lead: str) -> str:
    entry = [one.name, one.kind, one.link, one.others, lead, section]
    return json.dumps(entry, ensure_ascii=False, separators=(",", ":"))


def shortened(words: str, most: int) -> str:
    """Return words, cut where they are too long."""
    return words if len(words) <= most else words[: most - 1] + "…"


def _beginnings(one: Listed) -> set[str]:
    """Return how the words of a thing's names begin; "u" for "ue" is how many people type an umlaut."""
    words = folded(f"{one.name} {one.others}")
    return {word[:LETTERS] for word in (*words.split(), *UMLAUT.sub(r"\1", words).split())}


def _engine(path: Path) -> str | None:
    """Return by which engine notes were written; None when they are in another form."""
    try:
        with closing(_opened(path)) as base:
            form, engine = base.execute("SELECT form, engine FROM about").fetchone()
            return str(engine) if form == FORM else None
    except (sqlite3.DatabaseError, TypeError, ValueError):
        return None


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)


def _documents(base: sqlite3.Connection, iri: str) -> Iterator[Document]:
    rows = base.execute(f"SELECT {DOCUMENT} FROM document WHERE thing = ?", (iri,))  # noqa: S608
    yield from map(Document._make, rows)


def _asked(section: str, lang: str, main: Collection[str]) -> tuple[str, str, int]:
    return json.dumps(sorted(main)), section, LANGUAGES.index(lang)
