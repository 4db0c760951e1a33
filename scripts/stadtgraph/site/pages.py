"""A page for every thing, in German and English: what it is, what it is linked to, where that comes from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from pyoxigraph import BlankNode, Literal, NamedNode, Quad

from stadtgraph.messages import LANGUAGES, grouped
from stadtgraph.namespaces import LOCAL, VOCABULARIES
from stadtgraph.site.describe import (
    host,
    is_web,
    kinds,
    literal,
    other_term,
    period,
    position,
    postal_address,
    predicate,
)
from stadtgraph.site.frame import DESCRIPTIONS, Frame, Text, licence, section_of, text_in
from stadtgraph.site.neighbourhood import neighbourhood
from stadtgraph.site.reading import Reading, address, folded
from stadtgraph.site.words import rank, term
from stadtgraph.terms import text

ORG: Final = VOCABULARIES["org"]
RDF: Final = VOCABULARIES["rdf"]
SCHEMA: Final = VOCABULARIES["schema"]
SOURCE: Final = VOCABULARIES["dcterms"] + "source"
PASSAGE: Final = VOCABULARIES["prov"] + "wasDerivedFrom"
LICENCE: Final = VOCABULARIES["dcterms"] + "license"
SHOWN: Final = 200
ELSEWHERE: Final = (SCHEMA + "url", SCHEMA + "sameAs")
OF_MANY: Final = ("def", "shapes")
EVENTS: Final = frozenset(SCHEMA + name for name in ("Event", "Festival", "EventSeries"))
FORMATS: Final = {"ttl": "Turtle", "jsonld": "JSON-LD", "nt": "N-Triples", "rdf": "RDF/XML"}


@dataclass(frozen=True)
class Value:
    """One value of a property: words, the page it leads to, and whether the editors concluded it."""

    words: Text
    link: str = ""
    outside: bool = False
    kind: str = ""
    concluded: bool = False
    lines: tuple[str, ...] = ()
    map: str = ""
    number: int = 0


@dataclass
class Row:
    """A property with its values; ``more`` counts those that are not shown."""

    name: str
    values: list[Value] = field(default_factory=list)
    group: str = "relation"
    iri: str = ""
    more: int = 0


@dataclass(frozen=True)
class Origin:
    """A named graph that says something about a thing, and where."""

    graph: str
    link: str
    basis: str
    place: str


@dataclass(frozen=True)
class Conclusion:
    """Something the editors concluded, and why."""

    what: str
    value: Value
    reason: Text
    link: str


class Telling:
    """Tell one thing in one language."""

    def __init__(self, frame: Frame, iri: str, name: str) -> None:
        self.frame, self.iri, self.page = frame, iri, name
        self.reading, self.words, self.lang = frame.reading, frame.words, frame.lang
        self.outgoing = [q for q in self.reading.outgoing(iri) if text(q.graph_name) != self.reading.derived]
        self.incoming = [q for q in self.reading.incoming(iri) if text(q.graph_name) != self.reading.derived]
        self.concluded = self._concluded()

    def _concluded(self) -> dict[tuple[str, str, str], str]:
        """Return the statements about this thing that have a reason, each with the conclusion's IRI."""
        found = {}
        statements = [text(q.subject) for q in self.incoming if q.predicate.value == RDF + "subject"]
        statements += [text(q.subject) for q in self.incoming if q.predicate.value == RDF + "object"]
        for statement in statements:
            parts = [
                self.reading.objects(statement, RDF + name) for name in ("subject", "predicate", "object")
            ]
            if all(parts):
                found[(parts[0][0], parts[1][0], parts[2][0])] = statement
        return found

    def rows(self) -> list[Row]:
        """Return what is stated about the thing and what refers to it, in the order of ``terms.toml``."""
        rows: dict[tuple[int, str], Row] = {}
        seen: set[tuple[str, str]] = set()
        for quad in self.outgoing:
            known = term("property", quad.predicate.value, self.reading.base)
            name = predicate(self.reading, quad.predicate.value, self.words)
            self._add(rows, seen, quad, name, known.get("group", "relation"), quad.object)
        for quad in self.incoming:
            known = term("property", quad.predicate.value, self.reading.base)
            if known.get("group") == "hidden" or "of-de" not in known or self._reason(quad):
                continue
            self._add(rows, seen, quad, known[f"of-{self.lang}"], "relation", quad.subject)
        for row in rows.values():
            row.values.sort(key=self.order)
        return [rows[key] for key in sorted(rows)]

    def _reason(self, quad: Quad) -> bool:
        """Whether a statement is one of a conclusion; these are told with their reasons."""
        return RDF + "Statement" in self.reading.types(text(quad.subject))

    def order(self, value: Value) -> tuple[int, str]:
        """Order what has a page by number and name; words stay as they come."""
        return (value.number, folded(value.words.value)) if value.kind else (0, "")

    def _add(
        self,
        rows: dict[tuple[int, str], Row],
        seen: set[tuple[str, str]],
        quad: Quad,
        name: str,
        group: str,
        value: Any,
    ) -> None:
        key = (rank("property", quad.predicate.value, self.reading.base), name)
        row = rows.setdefault(key, Row(name, group=group, iri=quad.predicate.value))
        if group == "hidden" or (name, text(value)) in seen:
            return
        if isinstance(value, Literal):
            if not self._wanted(quad):
                return
        else:
            seen.add((name, text(value)))
        if len(row.values) >= SHOWN:
            row.more += 1
        else:
            row.values.append(self._mark(self.value(value, quad.predicate.value), quad))

    def _wanted(self, quad: Quad) -> bool:
        """Whether a literal is in the page's language, or in the only one there is."""
        term = quad.object
        if not isinstance(term, Literal) or not term.language or term.language == self.lang:
            return True
        same = [q.object for q in self.outgoing if q.predicate == quad.predicate]
        return not any(isinstance(other, Literal) and other.language == self.lang for other in same)

    def _mark(self, value: Value, quad: Quad) -> Value:
        key = (text(quad.subject), quad.predicate.value, text(quad.object))
        if key not in self.concluded:
            return value
        return replace(value, concluded=True)

    def value(self, node: Any, property_iri: str = "") -> Value:
        """Return a term as a value on this page."""
        if isinstance(node, Literal):
            if property_iri in (SCHEMA + "startDate", SCHEMA + "endDate"):
                return Value(Text(period(node.value, "", self.words)))
            written = literal(node, self.words)
            return Value(Text(written, node.language or ""))
        iri = text(node)
        if not iri.startswith(self.reading.base):
            if known_value := term("value", iri, self.reading.base):
                return Value(Text(known_value[self.lang]))
            if property_iri == LICENCE:
                return Value(Text(licence(iri, self.lang)), iri if is_web(iri) else "", outside=is_web(iri))
            named = property_iri not in ELSEWHERE and not property_iri.endswith("Match")
            known = other_term(self.reading, iri, self.words) if named else host(iri)
            return Value(Text(known), iri if is_web(iri) else "", outside=is_web(iri))
        if property_iri == PASSAGE:
            return Value(Text(self.passage(iri) or host(iri)), self.frame.link(iri, self.page))
        if iri == self.reading.base:
            return Value(Text(self.words("start")), address(self.frame.file("index"), self.page))
        types = self.reading.types(iri)
        link = self.frame.link(iri, self.page)
        if SCHEMA + "PostalAddress" in types:
            lines = tuple(postal_address(self.reading, iri))
            return Value(self.frame.named(iri), link, lines=lines)
        if SCHEMA + "GeoCoordinates" in types:
            written, map_link = position(self.reading, iri, self.words)
            return Value(self.frame.named(iri), link, lines=(written,) if written else (), map=map_link)
        if SCHEMA + "PropertyValue" in types:
            parts = (
                self.reading.objects(iri, SCHEMA + "propertyID"),
                self.reading.objects(iri, SCHEMA + "value"),
            )
            lines = (f"{', '.join(parts[0])}: {', '.join(parts[1])}",) if all(parts) else ()
            return Value(self.frame.named(iri), link, lines=lines)
        number = self.reading.number(iri)
        return Value(self.frame.named(iri), link, kind=section_of(self.reading, iri), number=number)

    def passage(self, iri: str) -> str:
        """Return which part of a source a passage is; nothing for other fragments."""
        match = re.search(r"#char=(\d+),(\d+)$", iri)
        return self.words("origin-passage", start=match[1], end=match[2]) if match else ""

    def origins(self) -> list[Origin]:
        """Return the graphs that state something about the thing, with basis, file and line."""
        found = []
        for graph in sorted({text(quad.graph_name) for quad in self.outgoing}):
            bases = self.reading.objects(graph, self.reading.base + LOCAL["def"] + "basis")
            path = self.reading.city.files.get(graph)
            found.append(
                Origin(
                    graph=self.reading.name(graph, self.lang),
                    link=self.frame.link(graph, self.page),
                    basis=self.reading.name(bases[0], self.lang) if bases else "",
                    place=self.reading.city.relative(path) if path else "",
                )
            )
        return found

    def sources(self) -> list[Value]:
        """Return the sources that the thing names."""
        quads = [q for q in self.outgoing if q.predicate.value == SOURCE]
        return [self.value(quad.object) for quad in quads]

    def passages(self) -> list[Value]:
        """Return the passages that the thing was taken from."""
        return [self.value(q.object, PASSAGE) for q in self.outgoing if q.predicate.value == PASSAGE]

    def conclusions(self) -> list[Conclusion]:
        """Return what the editors concluded about the thing, with their reasons."""
        found = []
        for (subject, property_iri, value), statement in sorted(self.concluded.items()):
            what = predicate(self.reading, property_iri, self.words)
            reason = text_in(self.reading.texts(statement, VOCABULARIES["rdfs"] + "comment"), self.lang)
            link = self.frame.link(statement, self.page)
            if subject != self.iri:
                whole = f"{self.frame.named(subject).value}, {what}"
                found.append(Conclusion(whole, Value(self.frame.named(self.iri)), reason, link))
                continue
            terms = [
                q.object
                for q in self.outgoing
                if (q.predicate.value, text(q.object)) == (property_iri, value)
            ]
            value_told = self.value(terms[0], property_iri) if terms else Value(Text(value))
            found.append(Conclusion(what, value_told, reason, link))
        return found

    def report(self) -> tuple[str, str]:
        """Return the address at which to report an error, prefilled; and where the thing stands."""
        file, line = self.reading.place(self.iri)
        place = f"{file}:{line}" if line else file
        return self.frame.report_link(self.iri, self.reading.name(self.iri, self.lang), place), place


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
    facts = [row for row in rows if row.group == "fact" and row.values]
    relations = [row for row in rows if row.group == "relation" and row.values]
    form = "event" if types & EVENTS and reading.objects(iri, SCHEMA + "performer") else "thing"
    if section == "event" and (when := _when(told)):
        facts = [row for row in facts if row.iri not in (SCHEMA + "startDate", SCHEMA + "endDate")]
        facts.insert(0, when)
    values: dict[str, Any] = {
        "title": title,
        "other_name": other[0] if other and other[0] != title.value else "",
        "other_lang": "en" if told.lang == "de" else "de",
        "kinds": kinds(reading, iri, words),
        "section": section,
        "lead": text_in(reading.texts(iri, *DESCRIPTIONS), told.lang),
        "facts": facts,
        "relations": relations,
        "notes": [row for row in rows if row.group == "note" and row.values],
        "origins": told.origins(),
        "sources": told.sources(),
        "passages": told.passages(),
        "conclusions": told.conclusions(),
        "report": report,
        "place": place,
        "iri": iri,
        "downloads": _downloads(told.page, beside),
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


def _fragments(told: Telling) -> list[Fragment]:
    """Return what stands on the page of a thing, passages in the order of the text."""
    found = []
    for iri in told.reading.fragments(told.iri):
        inner = Telling(told.frame, iri, told.page)
        passage = inner.passage(iri)
        kind = kinds(told.reading, iri, told.words)
        label = told.reading.label(iri)
        name = (
            text_in(label, told.lang)
            if label
            else Text(passage or ", ".join(kind) or told.words("data-record"))
        )
        rows = [row for row in inner.rows() if row.group in ("fact", "relation") and row.values]
        used = [quad for quad in inner.incoming if quad.predicate.value == PASSAGE]
        if used:
            values = [inner.value(quad.subject) for quad in used]
            rows.append(Row(told.words("used-for"), sorted(values, key=inner.order)))
        found.append((_start(iri), Fragment(iri.partition("#")[2], name, rows)))
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
    performers.sort(key=lambda entry: folded(entry[0].words.value))
    told_apart = (SCHEMA + "performer", SCHEMA + "location")
    return {
        "places": places,
        "performers": performers,
        "relations": [row for row in relations if row.iri not in told_apart],
    }
