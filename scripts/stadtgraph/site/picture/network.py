"""What the picture shows, found by classes and properties: an event, who is there, for what, with whom."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from pyoxigraph import Literal, NamedNode, Quad

from stadtgraph.derive import DERIVED
from stadtgraph.findings import in_language
from stadtgraph.load import City
from stadtgraph.messages import say
from stadtgraph.namespaces import LOCAL, VOCABULARIES, shorten
from stadtgraph.terms import TYPE, text

ORG: Final = VOCABULARIES["org"]
RDF: Final = VOCABULARIES["rdf"]
SCHEMA: Final = VOCABULARIES["schema"]
BODIES: Final = ("FormalOrganization", "Organization", "OrganizationalCollaboration", "OrganizationalUnit")
DRAWN: Final = 200  # a picture of more bodies shows nothing
DESCRIPTIONS: Final = (VOCABULARIES["dcterms"] + "description", SCHEMA + "description")


@dataclass(frozen=True)
class Relation:
    """One line of the picture: ``subject`` does ``kind`` to ``object``, as ``graph`` states."""

    subject: str
    kind: str
    object: str
    graph: str
    concluded: bool


@dataclass
class Network:
    """The things of the picture, each with its class, in the order of their mention; and their relations."""

    item: str = ""
    bodies: int = 0  # how many there are; of more than ``DRAWN`` only the topmost are drawn
    things: dict[str, str] = field(default_factory=dict)
    relations: list[Relation] = field(default_factory=list)

    def of(self, *classes: str) -> list[str]:
        """Return the things of these classes."""
        return [iri for iri, kind in self.things.items() if kind in classes]

    def links(self, *kinds: str) -> list[Relation]:
        """Return the relations of these kinds."""
        return [relation for relation in self.relations if relation.kind in kinds]


class Reading:
    """Read a city's store in an order that is always the same."""

    def __init__(self, city: City) -> None:
        self.city = city
        self.conclusions = self._conclusions()

    def _conclusions(self) -> set[tuple[str, str, str]]:
        """Return every statement that a reason is given for: what a source states needs none."""
        store = self.city.store
        found = set()
        for quad in store.quads_for_pattern(None, NamedNode(RDF + "subject"), None):
            parts = [
                [text(q.object) for q in store.quads_for_pattern(quad.subject, NamedNode(RDF + name), None)]
                for name in ("predicate", "object")
            ]
            found |= {(text(quad.object), predicate, value) for predicate in parts[0] for value in parts[1]}
        return found

    def quads(self, subject: str | None, predicate: str, value: str | None = None) -> list[Quad]:
        """Return what links things, each statement once; as written rather than as derived."""
        found: dict[tuple[str, str], Quad] = {}
        start, end = (NamedNode(iri) if iri else None for iri in (subject, value))
        quads = self.city.store.quads_for_pattern(start, NamedNode(predicate), end)
        for quad in sorted(quads, key=self._order):
            if isinstance(quad.subject, NamedNode) and isinstance(quad.object, NamedNode):
                found.setdefault((quad.subject.value, quad.object.value), quad)
        return list(found.values())

    def _order(self, quad: Quad) -> tuple[bool, str, str]:
        return text(quad.graph_name) == self.city.base + DERIVED, str(quad.subject), str(quad.object)

    def objects(self, subject: str, predicate: str) -> list[str]:
        """Return the things that ``subject`` is linked to."""
        return sorted(text(quad.object) for quad in self.quads(subject, predicate))

    def relation(self, quad: Quad, kind: str, backwards: bool = False) -> Relation:
        """Return a statement as a line of the picture, read from its object where that reads better."""
        subject, value = text(quad.subject), text(quad.object)
        concluded = (subject, quad.predicate.value, value) in self.conclusions
        ends = (value, subject) if backwards else (subject, value)
        return Relation(ends[0], kind, ends[1], text(quad.graph_name), concluded)

    def literals(self, subject: str, predicate: str) -> list[Literal]:
        """Return the texts and numbers of a property."""
        quads = self.city.store.quads_for_pattern(NamedNode(subject), NamedNode(predicate), None)
        return sorted({q.object for q in quads if isinstance(q.object, Literal)}, key=str)


def find_network(reading: Reading) -> Network:
    """Return the event at which most bodies present themselves and who is there; else who is part of whom.

    A body's cooperation with one that it is part of is left out: it says little and would cross the picture.
    """
    item = _item(reading)
    found = _around(reading, item) if item else _units(reading)
    found.relations = list(dict.fromkeys(found.relations))
    return found


def _item(reading: Reading) -> str:
    """Return the event with most performers; of two, the more specific one."""
    performers: dict[str, int] = {}
    for quad in reading.quads(None, SCHEMA + "performer"):
        performers[text(quad.subject)] = performers.get(text(quad.subject), 0) + 1
    ranked = [(-n, -len(list(_chain(reading, iri))), iri) for iri, n in performers.items()]
    return min(ranked)[2] if ranked else ""


def _chain(reading: Reading, event: str) -> Iterator[Quad]:
    """Yield the steps from an event up to what it is part of; the first where there are several."""
    seen = {event}
    while quads := [q for q in reading.quads(event, SCHEMA + "superEvent") if text(q.object) not in seen]:
        yield quads[0]
        event = text(quads[0].object)
        seen.add(event)


def _around(reading: Reading, item: str) -> Network:
    performers = reading.quads(item, SCHEMA + "performer")
    found = Network(item, len(performers), {item: "event"})
    performers = performers[:DRAWN]
    bodies = [text(quad.object) for quad in performers]
    themes = sorted(reading.objects(item, SCHEMA + "about"), key=lambda iri: _notation(reading, iri))
    found.things |= dict.fromkeys(bodies, "body")
    above = list(_above(reading, bodies))
    organisers = [reading.relation(q, "organises", True) for q in reading.quads(item, SCHEMA + "organizer")]
    for iri in (*(relation.object for relation in above), *(relation.subject for relation in organisers)):
        found.things.setdefault(iri, "above")
    for iri in themes:
        found.things.setdefault(iri, "theme")
    contributors = reading.quads(item, SCHEMA + "contributor")
    together = list(_cooperations(reading, bodies))
    for iri in (*(relation.object for relation in together), *(text(quad.object) for quad in contributors)):
        found.things.setdefault(iri, "partner")
    chain = list(_chain(reading, item))
    places = reading.quads(item, SCHEMA + "location")
    found.things |= {text(quad.object): "event" for quad in chain}
    found.things |= {text(quad.object): "place" for quad in places}
    classes = found.things
    found.relations += [
        *above,
        *organisers,
        *(reading.relation(quad, "presents", True) for quad in performers),
        *(reading.relation(quad, "about") for quad in reading.quads(item, SCHEMA + "about")),
        *(
            reading.relation(quad, "works-for")
            for body in bodies
            for quad in reading.quads(body, ORG + "purpose")
            if classes.get(text(quad.object)) == "theme"
        ),
        *(relation for relation in together if classes[relation.object] in ("body", "partner")),
        *(
            reading.relation(quad, "contributes", True)
            for quad in contributors
            if classes[text(quad.object)] == "partner"
        ),
        *(reading.relation(quad, "part-of") for quad in chain),
        *(reading.relation(quad, "takes-place") for quad in places),
    ]
    return found


def _notation(reading: Reading, theme: str) -> tuple[int, str, str]:
    notations = [text(term) for term in reading.literals(theme, VOCABULARIES["skos"] + "notation")]
    first = notations[0] if notations else "~"
    return (int(first) if first.isdecimal() else 10**6), first, theme


def _above(reading: Reading, bodies: Iterable[str]) -> Iterator[Relation]:
    """Yield who is part of whom, from these bodies up to the top."""
    ahead, seen = list(bodies), set()
    while ahead:
        body = ahead.pop(0)
        if body not in seen:
            seen.add(body)
            for quad in reading.quads(body, ORG + "unitOf"):
                yield reading.relation(quad, "part-of")
                ahead.append(text(quad.object))


def _cooperations(reading: Reading, bodies: list[str]) -> Iterator[Relation]:
    """Yield who cooperates with these bodies, each pair once, whichever of the two says so."""
    predicate = reading.city.base + LOCAL["def"] + "cooperatesWith"
    pairs: dict[frozenset[str], Relation] = {}
    for body in bodies:
        quads = [*reading.quads(body, predicate), *reading.quads(None, predicate, body)]
        for quad in sorted(quads, key=reading._order):
            relation = reading.relation(quad, "cooperates", text(quad.subject) != body)
            if relation.object != body:
                pairs.setdefault(frozenset((relation.subject, relation.object)), relation)
    yield from pairs.values()


def _units(reading: Reading) -> Network:
    """Return every body and what it is part of, for a city that has no event to show."""
    quads = reading.quads(None, ORG + "unitOf")
    bodies = {text(term) for quad in quads for term in (quad.subject, quad.object)}
    for name in BODIES:
        bodies |= {text(quad.subject) for quad in reading.quads(None, TYPE.value, ORG + name)}
    drawn = _topmost(sorted(bodies), [(text(quad.subject), text(quad.object)) for quad in quads])
    found = Network(things=dict.fromkeys(drawn, "unit"), bodies=len(bodies))
    relations = [reading.relation(quad, "part-of") for quad in quads]
    found.relations = [one for one in relations if {one.subject, one.object} <= found.things.keys()]
    return found


def _topmost(bodies: list[str], parts: list[tuple[str, str]]) -> list[str]:
    """Return as many bodies as can be drawn, those first that stand nearest to the top."""
    if len(bodies) <= DRAWN:
        return bodies
    below: dict[str, list[str]] = {}
    for part, whole in parts:
        below.setdefault(whole, []).append(part)
    lower = {part for part, whole in parts if part != whole}
    tops = sorted(
        (one for one in bodies if one not in lower), key=lambda one: (-len(below.get(one, ())), one)
    )
    level = [one for one in tops if one in below] or bodies
    found: dict[str, None] = {}
    while level and len(found) < DRAWN:
        found |= dict.fromkeys(level)
        level = [part for one in level for part in below.get(one, ()) if part not in found]
    return sorted([*found, *(one for one in tops if one not in found)][:DRAWN])


def label(city: City, iri: str, lang: str) -> str:
    """Return the name of a thing on one line."""
    return _one_line(in_language(city.label(iri), lang) or shorten(iri, city.base))


def description(reading: Reading, iri: str, lang: str) -> str:
    """Return a thing's description on one line; empty when it has none."""
    for predicate in DESCRIPTIONS:
        texts = {term.language or "": term.value for term in reading.literals(iri, predicate)}
        if texts:
            return _one_line(in_language(texts, lang))
    return ""


def _one_line(words: str) -> str:
    """Return text without what XML cannot hold."""
    return re.sub(r"[\x00-\x20\x7f-\x9f\ufffe\uffff]+", " ", words).strip()


def basis(reading: Reading, graph: str, lang: str) -> str:
    """Return what the statements of a graph rest on, in words; empty where the city does not say."""
    kinds = reading.objects(graph, reading.city.base + LOCAL["def"] + "basis")
    return label(reading.city, kinds[0], lang) if kinds else ""


def start(reading: Reading, event: str, lang: str) -> tuple[str, bool]:
    """Return when an event starts, as people write it, and whether the editors concluded that."""
    predicate = SCHEMA + "startDate"
    for term in reading.literals(event, predicate):
        return _date(term.value, lang), (event, predicate, term.value) in reading.conclusions
    return "", False


def _date(value: str, lang: str) -> str:
    match = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)(?:T(\d\d:\d\d).*)?", value)
    if not match or not 1 <= int(match[2]) <= 12:
        return _one_line(value)
    month = say("picture-months", lang).split()[int(match[2]) - 1]
    date = say("picture-date", lang, day=int(match[3]), month=month, year=match[1])
    return say("picture-date-time", lang, date=date, time=match[4]) if match[4] else date
