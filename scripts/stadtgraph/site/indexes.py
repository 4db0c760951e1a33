"""The indexes and the search: what they say of each thing, kept from one publication to the next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from math import ceil
from typing import Any, Final

from pyoxigraph import Literal

from stadtgraph.messages import LANGUAGES, grouped
from stadtgraph.namespaces import LOCAL
from stadtgraph.site import calendar
from stadtgraph.site.describe import kinds, period, postal_address
from stadtgraph.site.frame import (
    DESCRIPTIONS,
    ORG,
    SCHEMA,
    SKOS,
    Frame,
    Text,
    section_of,
    text_in,
    themes,
)
from stadtgraph.site.notes import Listed, Notes, shortened
from stadtgraph.site.pages import OF_MANY
from stadtgraph.site.reading import Reading, address, folded
from stadtgraph.site.words import rank, term

PER_PAGE: Final = 500
LISTED: Final = ("body", "event", "place", "concept", "source", "graph", "other")
ALTERNATIVES: Final = (SKOS + "altLabel", SCHEMA + "alternateName")
MARK: Final = 30  # letters of a name that tells where a page of an index begins or ends
UNIT: Final = ORG + "OrganizationalUnit"
LAST: Final = 10**6
BETWEEN: Final = " · "


@dataclass(frozen=True)
class Entry:
    """A thing in an index."""

    name: Text
    link: str
    lead: str = ""
    note: str = ""
    kind: str = ""
    concluded: bool = False


def listed(reading: Reading, iri: str) -> tuple[str, list[Listed]]:
    """Return the section of a thing, and what indexes and search say of it; nothing where it has no page."""
    if not reading.document(iri) or iri.removeprefix(reading.base) in OF_MANY:
        return "", []
    section = section_of(reading, iri)
    return section, [_listed(Frame.of(reading, lang), iri, section) for lang in LANGUAGES]


def _listed(frame: Frame, iri: str, section: str) -> Listed:
    reading, name = frame.reading, frame.named(iri)
    lead = text_in(reading.texts(iri, *DESCRIPTIONS), frame.lang)
    alternatives = [
        quad.object.value
        for quad in reading.outgoing(iri)
        if quad.predicate.value in ALTERNATIVES and isinstance(quad.object, Literal)
    ]
    others = [other for other in reading.label(iri).values() if other != name.value]
    order, group = _group(frame, section, iri)
    return Listed(
        name.value,
        name.lang,
        lead.value,
        lead.lang,
        _note(frame, section, iri),
        (kinds(reading, iri, frame.words) or [frame.words(section)])[0],
        BETWEEN.join(dict.fromkeys([*others, *alternatives])),
        order,
        group,
        frame.link(iri, ""),
        "".join(reading.objects(iri, SCHEMA + "startDate")[:1]) if section == "event" else "",
    )


def _group(frame: Frame, section: str, iri: str) -> tuple[str, str]:
    """Return what orders the groups of an index, and the name of the thing's group."""
    reading = frame.reading
    if section == "concept":
        schemes = reading.objects(iri, SKOS + "inScheme")
        scheme = schemes[0] if schemes else iri
        return scheme, frame.named(scheme).value
    if section == "source":
        first = folded(frame.named(iri).value)[:1].upper() or "–"
        return first, first
    if section == "graph":
        bases = reading.objects(iri, reading.base + LOCAL["def"] + "basis")
        name = reading.name(bases[0], frame.lang) if bases else frame.words("graph")
        return name, name
    classes = [name for name in reading.types(iri) if term("class", name, reading.base)]
    best = min(classes, key=lambda name: rank("class", name, reading.base), default="")
    place = rank("class", best, reading.base) if best else LAST
    if best == UNIT:
        place = 0  # what belongs to the city itself
    words = term("class", best, reading.base) if best else {}
    return f"{place:07}", words.get(f"many-{frame.lang}") or words.get(frame.lang) or frame.words("other")


def _note(frame: Frame, section: str, iri: str) -> str:
    """Return what an index says beside a thing's name."""
    reading = frame.reading
    if section == "event":
        starts, ends = (reading.objects(iri, SCHEMA + name) for name in ("startDate", "endDate"))
        written = period(starts[0], ends[0] if ends else "", frame.words) if starts else ""
        return _marked(frame, written, iri, SCHEMA + "startDate", starts)
    if section == "source":
        return ", ".join(reading.objects(iri, SCHEMA + "publisher"))
    if section == "body":
        forms = reading.objects(iri, ORG + "classification")
        written = ", ".join(kinds(reading, iri, frame.words))
        return _marked(frame, written, iri, ORG + "classification", forms)
    if section == "place":
        lines = [postal_address(reading, part) for part in reading.objects(iri, SCHEMA + "address")]
        return ", ".join(line for one in lines for line in one)
    return ""


def _marked(frame: Frame, written: str, iri: str, predicate: str, values: list[str]) -> str:
    """Return what an index says, and whether the editors concluded it."""
    concluded = any(frame.reading.concluded(iri, predicate, value) for value in values)
    return f"{written} ({frame.words('concluded')})" if concluded else written


def index_links(frame: Frame, notes: Notes, origin: str) -> list[tuple[str, str, str]]:
    """Return the indexes that are not empty: their name, address and size."""
    entries = [
        (
            frame.words(section),
            address(frame.file(f"list/{section}"), origin),
            grouped(notes.sections[section], frame.lang),
        )
        for section in LISTED
        if section in notes.sections
    ]
    if frame.themes:
        entries.insert(0, (frame.words("theme"), address(frame.file("theme"), origin), ""))
    return entries


def list_pages(frame: Frame, notes: Notes, section: str) -> Iterator[tuple[str, bytes]]:
    """Yield the index of a section, in as many pages as it needs, grouped by class."""
    reading, name, size = frame.reading, f"list/{section}", notes.sections.get(section, 0)
    main = {scheme for theme in themes(reading) for scheme in reading.objects(theme, SKOS + "inScheme")}
    whole = reading.site.dataset if section == "event" else ""
    dated = calendar.offered(reading.site, frame.lang, "", whole) if whole else None
    found = notes.of(section, frame.lang, main)
    names = [name if number == 0 else f"{name}-{number + 1}" for number in range(ceil(size / PER_PAGE))]
    spans = _spans(notes.ends(section, frame.lang, main, PER_PAGE)) if len(names) > 1 else [""]
    up = address("", name)
    for page in names:
        groups: dict[str, list[Entry]] = {}
        for _, one in islice(found, PER_PAGE):
            lead, link = "" if one.lead_lang else one.lead, up + one.link if one.link else ""
            entry = Entry(Text(one.name, one.lang), link, lead, one.note, section)
            groups.setdefault(one.group, []).append(entry)
        pages = [
            (span, address(frame.file(other), page), other == page)
            for span, other in zip(spans, names, strict=True)
        ]
        total = grouped(size, frame.lang)
        values = {"section": section, "groups": groups, "pages": pages, "total": total, "calendar": dated}
        yield frame.file(page), frame.render("list.html", page, **values)


def _spans(ends: Iterator[tuple[str, Listed]]) -> list[str]:
    """Return from which name to which each page of an index leads."""
    names = [shortened(one.name, MARK) for _, one in ends]
    if len(names) % 2:  # a last page that holds a single thing begins and ends with it
        names.append(names[-1])
    return [
        first if first == last else f"{first} – {last}"
        for first, last in zip(names[::2], names[1::2], strict=True)
    ]


def search_page(frame: Frame, notes: Notes, **found: Any) -> bytes:
    """Return the search page; the server fills in what is ``found``."""
    filled = {"question": "", "count": "", "results": "", "served": False, **found}
    return frame.render("search.html", "search", lists=index_links(frame, notes, "search"), **filled)
