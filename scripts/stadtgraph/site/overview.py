"""The pages that lead to all others: start, indexes, themes, search, the law's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from stadtgraph.messages import LANGUAGES, grouped
from stadtgraph.site.describe import period
from stadtgraph.site.frame import (
    DCTERMS,
    DESCRIPTIONS,
    ORG,
    SCHEMA,
    SECTIONS,
    Frame,
    section_of,
    text_in,
    themes,
)
from stadtgraph.site.indexes import LISTED, Entry, index_links, list_pages
from stadtgraph.site.notes import Notes
from stadtgraph.site.pages import thing_page
from stadtgraph.site.reading import MISSING, Reading, folded
from stadtgraph.site.searched import search_pages
from stadtgraph.site.writer import Content

LAW: Final = ("imprint", "data-protection", "accessibility")
# What else such a page has to say: in the words of the catalogue's fragment of that name.
FURTHER: Final[Mapping[str, tuple[str, ...]]] = {
    "imprint": (),
    "data-protection": (
        "data-protection-controller",
        "data-protection-stored",
        "data-protection-basis",
        "data-protection-rights",
        "data-protection-authority",
    ),
    "accessibility": (
        "accessibility-standard",
        "accessibility-conformity",
        "accessibility-barriers",
        "accessibility-assessment",
        "accessibility-enforcement",
    ),
}
USUAL: Final[Mapping[str, str]] = {
    "accessibility-standard": "accessibility-standard-text",
    "data-protection-stored": "data-protection-stored-text",
}


@dataclass(frozen=True)
class Bar:
    """A theme and how many bodies work for it."""

    entry: Entry
    anchor: str
    bodies: tuple[Entry, ...]
    share: float


def parts(reading: Reading, notes: Notes) -> list[Callable[[], Iterator[tuple[str, Content]]]]:
    """Return what tells the pages that depend on the whole graph; none of them needs another."""
    frames = [Frame.of(reading, lang) for lang in LANGUAGES]
    return [
        *(partial(list_pages, frame, notes, section) for section in LISTED for frame in frames),
        *(partial(search_pages, frame, notes) for frame in frames),
        *(partial(_pages, frame, notes) for frame in frames),
    ]


def _pages(frame: Frame, notes: Notes) -> Iterator[tuple[str, bytes]]:
    """Yield the pages of which there is one each."""
    yield from _start(frame, notes)
    yield from _themes(frame)
    yield from _law(frame)
    yield frame.file(MISSING), frame.render("404.html", MISSING, lists=index_links(frame, notes, MISSING))
    for iri in (frame.reading.site.dataset, frame.reading.site.catalog):
        if iri:
            yield thing_page(frame, iri, [])


def _entry(frame: Frame, iri: str, origin: str, concluded: bool = False) -> Entry:
    reading = frame.reading
    lead = text_in(reading.texts(iri, *DESCRIPTIONS), frame.lang)
    return Entry(
        frame.named(iri),
        frame.link(iri, origin),
        lead.value if not lead.lang else "",
        kind=section_of(reading, iri),
        concluded=concluded,
    )


def _sorted_by_name(entries: list[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda entry: (folded(entry.name.value), entry.link))


def _bars(frame: Frame, origin: str) -> list[Bar]:
    """Return each theme with the bodies that work for it, as its own page and the graph's questions count."""
    reading = frame.reading
    found = []
    for theme in themes(reading):
        bodies = [
            _entry(frame, body, origin, reading.concluded(body, ORG + "purpose", theme))
            for body in reading.subjects(ORG + "purpose", theme)
        ]
        found.append((theme, tuple(_sorted_by_name(bodies))))
    most = max([len(bodies) for _, bodies in found], default=0) or 1
    return [
        Bar(
            _entry(frame, theme, origin),
            _slug(reading, theme),
            bodies,
            len(bodies) / most,
        )
        for theme, bodies in found
    ]


def _slug(reading: Reading, iri: str) -> str:
    return reading.document(iri).rpartition("/")[2]


def _basis(frame: Frame, bars: list[Bar]) -> str:
    """Return how much of the themes' bodies the editors concluded, as a sentence; nothing where none is."""
    marks = [body.concluded for bar in bars for body in bar.bodies]
    if not any(marks):
        return ""
    if all(marks):
        return frame.words("chart-concluded-all")
    return frame.words(
        "chart-concluded", number=grouped(sum(marks), frame.lang), all=grouped(len(marks), frame.lang)
    )


def main_event(reading: Reading) -> str:
    """Return the event at which most bodies present themselves."""
    counted = [
        (-len(reading.objects(iri, SCHEMA + "performer")), iri)
        for iri in reading.instances(SECTIONS["event"])
    ]
    return min(counted)[1] if counted else ""


def _start(frame: Frame, notes: Notes) -> Iterator[tuple[str, bytes]]:
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
            "when_concluded": any(
                reading.concluded(event, SCHEMA + "startDate", start) for start in starts[:1]
            ),
            "places": [(frame.named(place), frame.link(place, "index")) for place in places],
            "series": [
                (frame.named(above), frame.link(above, "index"))
                for above in reading.objects(event, SCHEMA + "superEvent")
            ],
        }
    all_bodies = reading.instances(SECTIONS["body"])
    bodies = reading.objects(event, SCHEMA + "performer") if event else []
    bodies = bodies or all_bodies[:12]
    cards = [
        _entry(frame, body, "index", bool(event) and reading.concluded(event, SCHEMA + "performer", body))
        for body in bodies
    ]
    bars = _bars(frame, "index")
    yield (
        frame.file("index"),
        frame.render(
            "start.html",
            "index",
            event=told,
            bodies=_sorted_by_name(cards),
            all_bodies=grouped(len(all_bodies), frame.lang),
            bars=bars,
            basis=_basis(frame, bars),
            counts=[
                (grouped(len(reading.site.things), frame.lang), frame.words("count-things")),
                (grouped(len(reading.city.store), frame.lang), frame.words("count-statements")),
                (grouped(notes.sections.get("source", 0), frame.lang), frame.words("count-sources")),
            ],
            example=frame.link(event, "index") if event else "",
            lists=index_links(frame, notes, "index"),
            sources="source" in notes.sections,
            reported=bool(frame.report_link("", "", "")),
            snippet=frame.snippet(reading.site.dataset),
        ),
    )


def _themes(frame: Frame) -> Iterator[tuple[str, bytes]]:
    bars = _bars(frame, "theme")
    if bars:
        yield frame.file("theme"), frame.render("theme.html", "theme", bars=bars, basis=_basis(frame, bars))


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
        for part in FURTHER[key]:
            usual = frame.words(USUAL[part]) if part in USUAL else ""
            catalog = reading.site.catalog
            said = reading.texts(f"{catalog}#{part}", *DESCRIPTIONS) if catalog else {}
            rows.append((frame.words(part), text_in(said, frame.lang).value or usual))
        yield frame.file(key), frame.render("law.html", key, key=key, rows=rows)
