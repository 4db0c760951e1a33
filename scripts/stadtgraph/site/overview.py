"""The pages that lead to all others: start, indexes, themes, search, data, picture, the law's pages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pyoxigraph import Literal

from stadtgraph.messages import LANGUAGES, grouped
from stadtgraph.namespaces import LOCAL
from stadtgraph.site.describe import kinds, period, postal_address
from stadtgraph.site.frame import (
    DCTERMS,
    DESCRIPTIONS,
    ORG,
    SCHEMA,
    SECTIONS,
    SKOS,
    Frame,
    Text,
    section_of,
    static_documents,
    text_in,
    themes,
)
from stadtgraph.site.pages import thing_page
from stadtgraph.site.picture import pictures
from stadtgraph.site.reading import Reading, address, folded
from stadtgraph.site.words import rank, term

PER_PAGE: Final = 500
DRAWN: Final = 400  # a picture of more bodies shows nothing
LISTED: Final = ("body", "event", "place", "concept", "source", "graph", "other")
LAW: Final = ("imprint", "data-protection", "accessibility")
ALTERNATIVES: Final = (SKOS + "altLabel", SCHEMA + "alternateName")
STYLE: Final = re.compile(rb"<style>(.*?)</style>\s*", re.DOTALL)
FORMATS: Final = {
    "ttl": "Turtle",
    "nt": "N-Triples",
    "rdf": "RDF/XML",
    "jsonld": "JSON-LD",
    "trig": "TriG",
    "nq": "N-Quads",
    "csv": "CSV",
    "xlsx": "Excel",
    "json": "JSON",
    "ics": "iCalendar",
    "svg": "SVG",
    "xml": "XML",
    "atom": "Atom",
    "hdt": "HDT",
    "zip": "ZIP",
    "geojson": "GeoJSON",
}
SEPARATE: Final = ("doc/", "source/", "graph/", "embed/", "static/", "list/", "queries/")


@dataclass(frozen=True)
class Entry:
    """A thing in an index."""

    name: Text
    link: str
    lead: str = ""
    note: str = ""
    kind: str = ""


@dataclass(frozen=True)
class Bar:
    """A theme and how many bodies work for it."""

    entry: Entry
    bodies: tuple[Entry, ...]
    share: float


def whole_documents(reading: Reading) -> Iterator[tuple[str, bytes]]:
    """Yield the pages that depend on the whole graph, and the files that all pages need."""
    yield from static_documents()
    if len(reading.instances(SECTIONS["body"])) <= DRAWN:
        reading.pictures = dict(pictures(reading.city))
    drawn = reading.pictures
    yield from drawn.items()
    style = b"".join(STYLE.findall(next(iter(drawn.values()), b""))[:1]).decode()
    if drawn:
        yield "static/picture.css", (".picture {\n" + style + "}\n").encode()
    for lang in LANGUAGES:
        frame = Frame.of(reading, lang)
        yield from _start(frame, drawn)
        yield from _themes(frame)
        for section in LISTED:
            yield from _list(frame, section)
        yield from _search(frame)
        yield from _law(frame)
        yield frame.file("404"), frame.render("404.html", "404", lists=_lists(frame, "404"))
        for iri in (reading.site.dataset, reading.site.catalog):
            if iri:
                yield thing_page(frame, iri, [])


def _entry(frame: Frame, iri: str, origin: str, note: str = "") -> Entry:
    reading = frame.reading
    lead = text_in(reading.texts(iri, *DESCRIPTIONS), frame.lang)
    return Entry(
        frame.named(iri),
        frame.link(iri, origin),
        lead.value if not lead.lang else "",
        note,
        section_of(reading, iri),
    )


def _sorted_by_name(entries: list[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda entry: (folded(entry.name.value), entry.link))


def _bars(frame: Frame, origin: str) -> list[Bar]:
    """Return each theme with the bodies that work for it or for a concept below it."""
    reading = frame.reading
    found = []
    for theme in themes(reading):
        below, ahead = [], [theme]
        while ahead:
            concept = ahead.pop()
            if concept not in below:
                below.append(concept)
                ahead += reading.subjects(SKOS + "broader", concept)
        bodies = {body for concept in below for body in reading.subjects(ORG + "purpose", concept)}
        entries = _sorted_by_name([_entry(frame, body, origin) for body in bodies])
        found.append((_entry(frame, theme, origin), tuple(entries)))
    most = max([len(bodies) for _, bodies in found], default=0) or 1
    return [Bar(entry, bodies, len(bodies) / most) for entry, bodies in found]


def main_event(reading: Reading) -> str:
    """Return the event at which most bodies present themselves."""
    counted = [
        (-len(reading.objects(iri, SCHEMA + "performer")), iri)
        for iri in reading.instances(SECTIONS["event"])
    ]
    return min(counted)[1] if counted else ""


def _start(frame: Frame, drawn: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    reading = frame.reading
    event = main_event(reading)
    told: dict[str, Any] = {}
    if event:
        starts = reading.objects(event, SCHEMA + "startDate")
        ends = reading.objects(event, SCHEMA + "endDate")
        places = reading.objects(event, SCHEMA + "location")
        told = {
            "entry": _entry(frame, event, "index"),
            "when": period(starts[0], ends[0] if ends else "", frame.words) if starts else "",
            "places": [(frame.named(place), frame.link(place, "index")) for place in places],
            "series": [
                (frame.named(above), frame.link(above, "index"))
                for above in reading.objects(event, SCHEMA + "superEvent")
            ],
        }
    bodies = reading.objects(event, SCHEMA + "performer") if event else []
    all_bodies = reading.instances(SECTIONS["body"])
    bodies = bodies or all_bodies[:12]
    yield (
        frame.file("index"),
        frame.render(
            "start.html",
            "index",
            event=told,
            bodies=_sorted_by_name([_entry(frame, body, "index") for body in bodies]),
            all_bodies=grouped(len(all_bodies), frame.lang),
            bars=_bars(frame, "index"),
            picture=f"picture.{frame.lang}.svg" in drawn,
            counts=[
                (grouped(len(reading.site.things), frame.lang), frame.words("count-things")),
                (grouped(len(reading.city.store), frame.lang), frame.words("count-statements")),
                (grouped(len(_of_section(reading, "source")), frame.lang), frame.words("count-sources")),
            ],
            example=frame.link(event, "index") if event else "",
            sources=bool(_of_section(reading, "source")),
        ),
    )


def _themes(frame: Frame) -> Iterator[tuple[str, bytes]]:
    bars = _bars(frame, "theme")
    if bars:
        yield frame.file("theme"), frame.render("theme.html", "theme", bars=bars)


def _of_section(reading: Reading, section: str) -> list[str]:
    known = _sections(reading)
    return known.get(section, [])


def _sections(reading: Reading) -> dict[str, list[str]]:
    """Return the things of each section, in order."""
    found = reading.sections
    if not found:
        for iri in reading.site.things:
            if reading.document(iri) and iri.removeprefix(reading.base) not in ("def", "shapes"):
                found.setdefault(section_of(reading, iri), []).append(iri)
    return found


def _lists(frame: Frame, origin: str) -> list[tuple[str, str, str]]:
    """Return the indexes that are not empty: their name, address and size."""
    sections = _sections(frame.reading)
    entries = [
        (
            frame.words(section),
            address(frame.file(f"list/{section}"), origin),
            grouped(len(sections[section]), frame.lang),
        )
        for section in LISTED
        if section in sections
    ]
    if frame.themes:
        entries.insert(0, (frame.words("theme"), address(frame.file("theme"), origin), ""))
    return entries


def _list(frame: Frame, section: str) -> Iterator[tuple[str, bytes]]:
    """Yield the index of a section, in as many pages as it needs, grouped by class."""
    reading, name = frame.reading, f"list/{section}"
    iris = _of_section(reading, section)
    if not iris:
        return
    entries = [
        (_group(frame, section, iri), _entry(frame, iri, name, _note(frame, section, iri))) for iri in iris
    ]
    entries.sort(key=lambda pair: (pair[0], folded(pair[1].name.value), pair[1].link))
    if section == "event":
        starts = {
            frame.link(iri, name): "".join(reading.objects(iri, SCHEMA + "startDate")[:1]) for iri in iris
        }
        entries.sort(key=lambda pair: starts[pair[1].link], reverse=True)
        entries.sort(key=lambda pair: pair[0])
    count = (len(entries) + PER_PAGE - 1) // PER_PAGE
    for number in range(count):
        some = entries[number * PER_PAGE : (number + 1) * PER_PAGE]
        groups: dict[str, list[Entry]] = {}
        for (_, group), entry in some:
            groups.setdefault(group, []).append(entry)
        page = name if number == 0 else f"{name}-{number + 1}"
        pages = [
            (n + 1, address(frame.file(name if n == 0 else f"{name}-{n + 1}"), page), n == number)
            for n in range(count)
        ]
        yield (
            frame.file(page),
            frame.render(
                "list.html",
                page,
                section=section,
                groups=groups,
                pages=pages,
                total=grouped(len(entries), frame.lang),
            ),
        )


def _group(frame: Frame, section: str, iri: str) -> tuple[Any, str]:
    """Return the group of a thing in its index, with the order of groups before it."""
    reading = frame.reading
    if section == "concept":
        schemes = reading.objects(iri, SKOS + "inScheme")
        scheme = schemes[0] if schemes else iri
        return (scheme not in _theme_schemes(reading), frame.named(scheme).value), frame.named(scheme).value
    if section == "source":
        first = folded(frame.named(iri).value)[:1].upper() or "–"
        return (0, first), first
    if section == "graph":
        bases = reading.objects(iri, reading.base + LOCAL["def"] + "basis")
        name = reading.name(bases[0], frame.lang) if bases else frame.words("graph")
        return (0, name), name
    classes = [name for name in reading.types(iri) if term("class", name, reading.base)]
    best = min(classes, key=lambda name: rank("class", name, reading.base), default="")
    if best:
        return (rank("class", best, reading.base), ""), term("class", best, reading.base)[frame.lang]
    return (10**6, ""), frame.words("other")


def _theme_schemes(reading: Reading) -> set[str]:
    return {scheme for theme in themes(reading) for scheme in reading.objects(theme, SKOS + "inScheme")}


def _note(frame: Frame, section: str, iri: str) -> str:
    """Return what an index says beside a thing's name."""
    reading = frame.reading
    if section == "event":
        starts, ends = (reading.objects(iri, SCHEMA + name) for name in ("startDate", "endDate"))
        return period(starts[0], ends[0] if ends else "", frame.words) if starts else ""
    if section == "source":
        return ", ".join(reading.objects(iri, SCHEMA + "publisher"))
    if section == "body":
        return ", ".join(kinds(reading, iri, frame.words))
    if section == "place":
        lines = [postal_address(reading, part) for part in reading.objects(iri, SCHEMA + "address")]
        return ", ".join(line for one in lines for line in one)
    return ""


def _search(frame: Frame) -> Iterator[tuple[str, bytes]]:
    """Yield the search page and what it searches: a script that only holds data, so it works from disk."""
    reading = frame.reading
    entries = []
    for section, iris in _sections(reading).items():
        for iri in iris:
            alternatives = [
                quad.object.value
                for quad in reading.outgoing(iri)
                if quad.predicate.value in ALTERNATIVES and isinstance(quad.object, Literal)
            ]
            others = [name for name in reading.label(iri).values() if name != frame.named(iri).value]
            lead = text_in(reading.texts(iri, *DESCRIPTIONS), frame.lang).value
            entries.append(
                [
                    frame.named(iri).value,
                    (kinds(reading, iri, frame.words) or [frame.words(section)])[0],
                    frame.link(iri, ""),
                    " · ".join(dict.fromkeys([*others, *alternatives])),
                    lead if len(lead) <= 220 else lead[:219] + "…",
                    section,
                ]
            )
    entries.sort(key=lambda entry: (folded(entry[0]), entry[2]))
    lines = ",\n".join(json.dumps(entry, ensure_ascii=False, separators=(",", ":")) for entry in entries)
    yield f"search.{frame.lang}.js", f"window.searchIndex = [\n{lines}\n];\n".encode()
    yield frame.file("search"), search_page(frame)


def search_page(frame: Frame, **found: Any) -> bytes:
    """Return the search page; the server fills in what is ``found``."""
    filled = {"question": "", "count": "", "results": "", "served": False, **found}
    return frame.render("search.html", "search", lists=_lists(frame, "search"), **filled)


def _law(frame: Frame) -> Iterator[tuple[str, bytes]]:
    """Yield the pages that German law asks of a public body; what is not filled in yet is marked."""
    reading = frame.reading
    dataset = reading.site.dataset
    publishers = reading.objects(dataset, DCTERMS + "publisher") if dataset else []
    points = [p for publisher in publishers for p in reading.objects(publisher, SCHEMA + "contactPoint")]
    for key in LAW:
        kind = key.replace("-", " ")
        found = [p for p in points if kind in reading.objects(p, SCHEMA + "contactType")]
        rows = []
        for name, parts in (
            ("law-body", "description"),
            ("law-address", "address"),
            ("law-email", "email"),
            ("law-telephone", "telephone"),
        ):
            if key != "imprint" and name in ("law-address", "law-telephone"):
                continue
            texts = [text_in(reading.texts(point, SCHEMA + parts), frame.lang).value for point in found]
            rows.append((frame.words(name), next((value for value in texts if value), "")))
        yield frame.file(key), frame.render("law.html", key, key=key, rows=rows)


def data_pages(reading: Reading, written: Mapping[str, tuple[str, int]]) -> Iterator[tuple[str, bytes]]:
    """Yield the page that lists every file to download, with its size."""
    for lang in LANGUAGES:
        frame = Frame.of(reading, lang)
        whole: list[tuple[str, str, str]] = []
        more: list[tuple[str, str, str]] = []
        for name, (_, size) in sorted(written.items()):
            ending = name.rpartition(".")[2]
            if name.startswith(SEPARATE) or ending in ("html", "js", "css"):
                continue
            row = (name, FORMATS.get(ending, ending.upper()), _size(size, lang))
            (whole if "/latest/dataset." in name else more).append(row)
        yield (
            frame.file("data"),
            frame.render(
                "data.html",
                "data",
                whole=whole,
                more=more,
                indexes=[name for name in ("source", "graph", "other") if _of_section(reading, name)],
            ),
        )


def _size(size: int, lang: str) -> str:
    return f"{grouped(max(1, round(size / 1000)), lang)} kB"


def picture_pages(reading: Reading) -> Iterator[tuple[str, bytes]]:
    """Yield the big picture with its table."""
    drawn = reading.pictures
    for lang in LANGUAGES:
        frame = Frame.of(reading, lang)
        file = f"picture.{lang}.svg"
        if file in drawn:
            inline = STYLE.sub(b"", drawn[file]).decode().partition("?>")[2].strip()
            inline = inline.replace('role="img"', 'role="group"', 1)
            inline = re.sub(
                r'href="([^"#][^"]*)"',
                lambda match, frame=frame: f'href="{frame.link(match[1], "picture") or "#"}"',  # type: ignore[misc]
                inline,
            )
            yield (
                frame.file("picture"),
                frame.render("picture.html", "picture", svg=inline, file=file, table=content(reading, lang)),
            )


def content(reading: Reading, lang: str) -> list[Any]:
    """Return what the picture shows as rows."""
    from stadtgraph.site import picture

    rows = getattr(picture, "content", None)
    return rows(reading.city, lang) if callable(rows) else []
