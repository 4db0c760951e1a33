"""The page of everything that can be downloaded, by what it is good for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from stadtgraph.messages import LANGUAGES, grouped
from stadtgraph.namespaces import LOCAL
from stadtgraph.site.downloads import LATEST
from stadtgraph.site.frame import Frame
from stadtgraph.site.notes import Notes
from stadtgraph.site.reading import Reading

FORMATS: Final = {
    "ttl": "Turtle",
    "trig": "TriG",
    "nt": "N-Triples",
    "nq": "N-Quads",
    "jsonld": "JSON-LD",
    "rdf": "RDF/XML",
    "csv": "CSV",
    "geojson": "GeoJSON",
    "xlsx": "Excel",
    "json": "JSON",
    "ics": "iCalendar",
    "atom": "Atom",
    "svg": "SVG",
}
# Which files stand in which part of the page; a file stands in the first part that fits, others on no page.
PARTS: Final = tuple(
    (key, re.compile(pattern))
    for key, pattern in (
        ("data-whole", rf"{LATEST}/.*"),
        ("data-tables", r"tables/[^/]*"),
        ("data-excel", r"tables/excel/.*"),
        ("data-calendar", r"calendar/.*"),
        ("data-portal", r"(catalog|profile|void)\.\w+|\.well-known/void"),
        ("data-terms", r"(def|shapes|context)\.\w+"),
        ("data-news", r"feed\b.*|picture\..*"),
        ("data-version", r"(download|def|shapes)/.*"),
    )
)
FOLDED: Final = ("data-tables", "data-excel", "data-calendar", "data-version")


def data_pages(
    reading: Reading, notes: Notes, written: Mapping[str, tuple[str, int]]
) -> Iterator[tuple[str, bytes]]:
    """Yield the page that lists every file to download, with its format and size."""
    for lang in LANGUAGES:
        frame = Frame.of(reading, lang)
        parts: dict[str, list[tuple[str, str, str, str]]] = {}
        for name, (_, size) in sorted(written.items(), key=_order):
            format_ = _format(frame, name)
            part = next((key for key, pattern in PARTS if pattern.fullmatch(name)), "")
            if part and format_:
                words = _words(frame, name)
                parts.setdefault(part, []).append((name, words, format_, _size(size, lang)))
        ordered = [(key, parts[key], key in FOLDED) for key, _ in PARTS if key in parts]
        indexes = [name for name in ("source", "graph", "other") if name in notes.sections]
        yield frame.file("data"), frame.render("data.html", "data", groups=ordered, indexes=indexes)


def _words(frame: Frame, name: str) -> str:
    """Return what a file is called: calendars by what they are about, others as they are stored."""
    if not name.startswith("calendar/"):
        # The versions have files of the same names.
        past = name.startswith(("download/", "def/", "shapes/")) and not name.startswith(LATEST)
        return name.removeprefix("download/") if past else name.rpartition("/")[2]
    slug, _, lang = name.removeprefix("calendar/").removesuffix(".ics").partition(".")
    iri = frame.reading.base + LOCAL["id"] + slug
    title = frame.named(iri).value if frame.reading.document(iri) else frame.words("event")
    return frame.words("calendar-in", name=title, language=frame.words(f"language-{lang or 'de'}"))


def _order(file: tuple[str, tuple[str, int]]) -> tuple[str, int, str]:
    """Order files by folder, then by format as the formats stand above."""
    name = file[0]
    folder, _, last = name.rpartition("/")
    ending = last.removesuffix(".gz").rpartition(".")[2]
    forms = list(FORMATS)
    return folder, forms.index(ending) if ending in forms and folder.startswith("download") else 0, name


def _format(frame: Frame, name: str) -> str:
    """Return the format of a file in words; nothing for files that are not for people to take."""
    if name == ".well-known/void":
        return FORMATS["ttl"]
    plain = name.removesuffix(".gz") if name.startswith("download/") else name
    known = FORMATS.get(plain.rpartition(".")[2], "")
    return frame.words("data-packed", format=known) if known and plain != name else known


def _size(size: int, lang: str) -> str:
    return f"{grouped(max(1, round(size / 1000)), lang)} kB"
