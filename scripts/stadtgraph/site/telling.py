"""What a page tells of a thing: its statements both ways, in words, with where they come from."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any, Final

from pyoxigraph import Literal, Quad

from stadtgraph.namespaces import LOCAL, VOCABULARIES
from stadtgraph.site.derived import rules_for
from stadtgraph.site.describe import (
    host,
    is_web,
    literal,
    other_term,
    period,
    position,
    postal_address,
    predicate,
)
from stadtgraph.site.frame import Frame, Text, licence, section_of, text_in
from stadtgraph.site.reading import address, sortable
from stadtgraph.site.words import rank, term
from stadtgraph.terms import TYPE, text

DCAT: Final = VOCABULARIES["dcat"]
DCTERMS: Final = VOCABULARIES["dcterms"]
RDF: Final = VOCABULARIES["rdf"]
SCHEMA: Final = VOCABULARIES["schema"]
VCARD: Final = VOCABULARIES["vcard"]
SOURCE: Final = VOCABULARIES["dcterms"] + "source"
PASSAGE: Final = VOCABULARIES["prov"] + "wasDerivedFrom"
LICENCE: Final = VOCABULARIES["dcterms"] + "license"
CONFIDENCES: Final = {"A": "confidence-A", "B": "confidence-B", "C": "confidence-C"}
SHOWN: Final = 200
ELSEWHERE: Final = (SCHEMA + "url", SCHEMA + "sameAs")


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
    """A property with its values; ``more`` counts those that are not shown, ``link`` explains it.

    An ``inverse`` one is told from its value.
    """

    name: str
    values: list[Value] = field(default_factory=list)
    group: str = "relation"
    iri: str = ""
    more: int = 0
    link: str = ""
    inverse: bool = False


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
            self._add(rows, seen, quad, known[f"of-{self.lang}"], "relation", quad.subject, whole=True)
        for row in rows.values():
            row.values.sort(key=self.order)
        return [rows[key] for key in sorted(rows)]

    def _reason(self, quad: Quad) -> bool:
        """Whether a statement is one of a conclusion; these are told with their reasons."""
        return RDF + "Statement" in self.reading.types(text(quad.subject))

    def order(self, value: Value) -> tuple[int, str]:
        """Order what has a page by number and name; words stay as they come."""
        return (value.number, sortable(value.words.value)) if value.kind else (0, "")

    def _add(
        self,
        rows: dict[tuple[int, str], Row],
        seen: set[tuple[str, str]],
        quad: Quad,
        name: str,
        group: str,
        value: Any,
        whole: bool = False,
    ) -> None:
        key = (rank("property", quad.predicate.value, self.reading.base), name)
        if key not in rows:
            iri = quad.predicate.value
            link = self.frame.term_link(iri, self.page)
            rows[key] = Row(name, group=group, iri=iri, link=link, inverse=whole)
        row = rows[key]
        if group == "hidden" or (name, text(value)) in seen:
            return
        if isinstance(value, Literal):
            if not self.wanted(quad):
                return
        else:
            seen.add((name, text(value)))
        if len(row.values) >= SHOWN:
            row.more += 1
        else:
            told = self.value(value, "" if whole else quad.predicate.value)
            row.values.append(self._mark(replace(told, lines=()) if whole else told, quad))

    def wanted(self, quad: Quad) -> bool:
        """Whether a literal is in the page's language, or in the only one there is."""
        term = quad.object
        if not isinstance(term, Literal) or not term.language or term.language == self.lang:
            return True
        same = [q.object for q in self.reading.outgoing(self.iri) if q.predicate == quad.predicate]
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
            if property_iri == self.reading.base + LOCAL["def"] + "confidence" and node.value in CONFIDENCES:
                return Value(Text(self.words(CONFIDENCES[node.value])))
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
            if named and (page := self.frame.term_link(iri, self.page)):
                return Value(Text(known), page)
            return Value(Text(known), iri if is_web(iri) else "", outside=is_web(iri))
        if property_iri == PASSAGE:
            return Value(Text(self.passage(iri) or host(iri)), self.frame.link(iri, self.page))
        if iri == self.reading.base:
            return Value(Text(self.words("start")), address(self.frame.file("index"), self.page))
        types = self.reading.types(iri)
        link = self.frame.link(iri, self.page)
        if SCHEMA + "PostalAddress" in types:
            lines = tuple(postal_address(self.reading, iri))
            return Value(self.frame.named(iri), link, lines=lines, kind=section_of(self.reading, iri))
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
        if DCTERMS + "PeriodOfTime" in types:
            ends = [self.reading.objects(iri, DCAT + name)[:1] for name in ("startDate", "endDate")]
            if all(ends):
                return Value(Text(period(ends[0][0], ends[1][0], self.words)))
        if DCTERMS + "ProvenanceStatement" in types:
            return Value(self.frame.named(iri))
        if VCARD + "Kind" in types and not self.reading.texts(iri, VCARD + "fn"):
            return Value(Text(self.words("missing")))  # a contact that the operator has not named
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


def derived_rows(told: Telling) -> list[tuple[Row, list[str]]]:
    """Return what the rules derive about a thing, each property with the rules that do."""
    reading = told.reading
    rows: dict[str, Row] = {}
    rules: dict[str, dict[str, None]] = {}
    for quad in reading.outgoing(told.iri):
        if text(quad.graph_name) != reading.derived or not told.wanted(quad):
            continue
        iri = quad.predicate.value
        name = predicate(reading, iri, told.words)
        row = rows.setdefault(name, Row(name, iri=iri, link=told.frame.term_link(iri, told.page)))
        rules.setdefault(name, {}).update(dict.fromkeys(rules_for(reading, quad, told.lang)))
        value = replace(
            told.value(quad.object) if quad.predicate != TYPE else _class(told, quad.object), lines=()
        )
        if value in row.values:
            continue
        if len(row.values) >= SHOWN:
            row.more += 1
        else:
            row.values.append(value)
    for row in rows.values():
        row.values.sort(key=told.order)
    found = [(row, list(rules[name])) for name, row in rows.items()]
    return sorted(found, key=lambda pair: (rank("property", pair[0].iri, reading.base), pair[0].name))


def _class(told: Telling, node: Any) -> Value:
    return Value(Text(other_term(told.reading, text(node), told.words)))
