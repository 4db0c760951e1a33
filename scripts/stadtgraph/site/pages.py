"""A page for every thing, in German and English: what it is, what it is linked to, where that comes from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pyoxigraph import BlankNode, Literal, NamedNode

from stadtgraph.messages import LANGUAGES, grouped
from stadtgraph.namespaces import VOCABULARIES
from stadtgraph.site import calendar
from stadtgraph.site.describe import (
    kinds,
    period,
    point_in_time,
    position,
    postal_address,
    predicate,
)
from stadtgraph.site.frame import AGENT_NAMES, DESCRIPTIONS, Frame, Text, section_of, text_in
from stadtgraph.site.neighbourhood import neighbourhood
from stadtgraph.site.reading import Reading, sortable
from stadtgraph.site.telling import PASSAGE, SHOWN, Row, Telling, Value, derived_rows
from stadtgraph.terms import text

SCHEMA: Final = VOCABULARIES["schema"]
SKOS: Final = VOCABULARIES["skos"]
OF_MANY: Final = ("def", "shapes")
EVENTS: Final = frozenset(SCHEMA + name for name in ("Event", "Festival", "EventSeries"))
PROVENANCE: Final = VOCABULARIES["dcterms"] + "ProvenanceStatement"
CONTACTS: Final = frozenset((SCHEMA + "ContactPoint", VOCABULARIES["vcard"] + "Kind"))
FORMATS: Final = {"ttl": "Turtle", "jsonld": "JSON-LD", "nt": "N-Triples", "rdf": "RDF/XML"}


def thing_documents(reading: Reading, iri: str, beside: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Yield the pages of one thing; ``beside`` names its documents in other forms."""
    name = reading.document(iri)
    if not name or name in OF_MANY:
        return
    for lang in LANGUAGES:
        yield thing_page(Frame.of(reading, lang), iri, beside)


def thing_page(frame: Frame, iri: str, beside: Sequence[str]) -> tuple[str, bytes]:
    """Return the page of a thing in one language."""
    name = frame.reading.document(iri)
    return frame.file(name), _page(Telling(frame, iri, name), beside)


def _page(told: Telling, beside: Sequence[str]) -> bytes:
    reading, iri, words = told.reading, told.iri, told.words
    types = reading.types(iri)
    rows = told.rows()
    report, place = told.report()
    section = section_of(reading, iri)
    names = reading.label(iri)
    other = [value for lang, value in names.items() if lang not in (told.lang, "")]
    title = told.frame.named(iri)
    lead = text_in(reading.texts(iri, *DESCRIPTIONS), told.lang)
    facts = [row for row in rows if row.group == "fact" and row.values]
    relations = [row for row in rows if row.group == "relation" and row.values]
    notes = [
        row for row in rows if row.group == "note" and any(v.words.value != lead.value for v in row.values)
    ]
    form = "event" if types & EVENTS and reading.objects(iri, SCHEMA + "performer") else "thing"
    if section == "concept" and [row.iri for row in facts] == [SKOS + "notation"]:
        facts = []  # a number alone tells nobody anything
    if section == "event" and (when := _when(told)):
        facts = [row for row in facts if row.iri not in (SCHEMA + "startDate", SCHEMA + "endDate")]
        facts.insert(0, when)
    values: dict[str, Any] = {
        "title": title,
        "other_name": other[0] if other and other[0] != title.value else "",
        "other_lang": "en" if told.lang == "de" else "de",
        "kinds": kinds(reading, iri, words),
        "section": section,
        "lead": lead,
        "facts": facts,
        "relations": relations,
        "notes": notes,
        "origins": told.origins(),
        "sources": told.sources(),
        "passages": told.passages(),
        "conclusions": told.conclusions(),
        "report": report,
        "place": place,
        "day": point_in_time(reading.site.day(iri), words),
        "iri": iri,
        "downloads": _downloads(told.page, beside),
        "embedded": [
            (lang, name) for lang in LANGUAGES for name in beside if name.endswith(f".{lang}.jsonld")
        ],
        "calendar": _calendar(told, beside),
        "derived": derived_rows(told),
        "picture": neighbourhood(told.frame, iri, section, relations),
        "fragments": _fragments(told),
        "held": _held(told) if section == "graph" else None,
        "withdrawn": "true" in reading.objects(iri, VOCABULARIES["owl"] + "deprecated"),
    }
    if form == "event":
        values |= _event(told, relations)
    return told.frame.render(f"{form}.html", told.page, **values, snippet=told.frame.snippet(iri))


@dataclass(frozen=True)
class Fragment:
    """Something that stands on the page of another thing: a passage of a source, a contact."""

    anchor: str
    name: Text
    rows: list[Row]
    unfilled: bool = False


def _fragments(told: Telling) -> list[Fragment]:
    """Return what stands on the page of a thing, passages in the order of the text."""
    found = []
    for iri in told.reading.fragments(told.iri):
        inner = Telling(told.frame, iri, told.page)
        passage = inner.passage(iri)
        kind = kinds(told.reading, iri, told.words)
        types = told.reading.types(iri)
        contact = not types.isdisjoint(CONTACTS)
        label = told.reading.label(iri) or told.reading.texts(iri, *AGENT_NAMES)
        rows = [row for row in inner.rows() if row.group in ("fact", "relation") and row.values]
        if label and PROVENANCE in types:  # its words are what it says, not what it is called
            rows.append(Row("", [Value(text_in(label, told.lang))]))
            label = {}
        if label:
            name = text_in(label, told.lang)
        else:
            roles = [predicate(told.reading, q.predicate.value, told.words) for q in inner.incoming]
            name = Text(passage or "".join(roles[:1]) or ", ".join(kind) or told.words("data-record"))
        unfilled = contact and not rows
        if label and kind and not rows and not unfilled:
            rows.append(Row("", [Value(Text(", ".join(kind)))]))
        used = [quad for quad in inner.incoming if quad.predicate.value == PASSAGE]
        if used:
            values = [inner.value(quad.subject) for quad in used]
            rows.append(Row(told.words("used-for"), sorted(values, key=inner.order)))
        found.append((_start(iri), Fragment(iri.partition("#")[2], name, rows, unfilled)))
    return [fragment for _, fragment in sorted(found, key=lambda pair: (pair[0], pair[1].anchor))]


def _start(iri: str) -> int:
    match = re.search(r"#char=(\d+),", iri)
    return int(match[1]) if match else 0


def _held(told: Telling) -> tuple[str, list[Value], int]:
    """Return how much a named graph states, and about which things; the rest is counted."""
    quads = list(told.reading.city.store.quads_for_pattern(None, None, None, NamedNode(told.iri)))
    subjects = {text(quad.subject) for quad in quads if not isinstance(quad.subject, BlankNode)}
    things = [iri for iri in subjects if iri != told.iri and "#" not in iri and told.reading.document(iri)]
    some = sorted((told.value(NamedNode(iri)) for iri in sorted(things)[:SHOWN]), key=told.order)
    count = told.words("graph-count", number=grouped(len(quads), told.lang))
    return count, some, max(0, len(things) - SHOWN)


def _when(told: Telling) -> Row | None:
    """Return when an event takes place, as one row."""
    starts = [q for q in told.outgoing if q.predicate.value == SCHEMA + "startDate"]
    if not starts:
        return None
    ends = told.reading.objects(told.iri, SCHEMA + "endDate")
    written = period(text(starts[0].object), ends[0] if ends else "", told.words)
    return Row(told.words("date"), [told._mark(Value(Text(written)), starts[0])], "when")


def _calendar(told: Telling, beside: Sequence[str]) -> calendar.Offered | None:
    """Return the calendars that a page offers: that of the event itself, that which has its name."""
    own = f"{told.page}{'' if told.lang == 'de' else '.' + told.lang}.ics"
    return calendar.offered(told.reading.site, told.lang, own if own in beside else "", told.iri)


def _downloads(page: str, beside: Sequence[str]) -> list[tuple[str, str]]:
    """Return the documents of a thing that hold the same as its page, by format."""
    endings = ((name.removeprefix(f"{page}."), name) for name in beside if name.startswith(f"{page}."))
    return [(FORMATS[ending], name) for ending, name in endings if ending in FORMATS]


def _event(told: Telling, relations: list[Row]) -> dict[str, Any]:
    """Return what a good event page has: place with address, and each body with its themes."""
    reading = told.reading
    themes = set(reading.objects(told.iri, SCHEMA + "about"))
    places = []
    for place in reading.objects(told.iri, SCHEMA + "location"):
        lines = [
            line for a in reading.objects(place, SCHEMA + "address") for line in postal_address(reading, a)
        ]
        points = [position(reading, p, told.words) for p in reading.objects(place, SCHEMA + "geo")]
        map_link = next((link for _, link in points if link), "")
        places.append((told.frame.named(place), told.frame.link(place, told.page), lines, map_link))
    performers = []
    for quad in told.outgoing:
        if quad.predicate.value == SCHEMA + "performer" and not isinstance(quad.object, Literal):
            body = text(quad.object)
            linked = dict.fromkeys(q.object for q in reading.outgoing(body) if text(q.object) in themes)
            about = sorted(map(told.value, linked), key=told.order)
            lead = text_in(reading.texts(body, *DESCRIPTIONS), told.lang)
            performers.append((told._mark(told.value(quad.object), quad), lead, about))
    performers.sort(key=lambda entry: sortable(entry[0].words.value))
    # The same properties lead here from its own parts, which stay among the relations.
    own = [row for row in relations if not row.inverse]
    beside = [row for row in own if row.iri in (SCHEMA + "superEvent", SCHEMA + "organizer")]
    apart = [row for row in own if row.iri in (SCHEMA + "performer", SCHEMA + "location")]
    return {
        "beside": beside,
        "places": places,
        "performers": performers,
        "relations": [row for row in relations if row not in beside and row not in apart],
    }
