"""The pages of terms: an index, and of each class and property what it means and where it is used."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from pyoxigraph import NamedNode, Quad

from stadtgraph.messages import grouped
from stadtgraph.namespaces import LOCAL, VOCABULARIES, shorten
from stadtgraph.queries import Question
from stadtgraph.site.conditions import Rules
from stadtgraph.site.describe import other_term, predicate
from stadtgraph.site.frame import DESCRIPTIONS, Frame, Text, text_in
from stadtgraph.site.frozen import current
from stadtgraph.site.notes import Listed
from stadtgraph.site.reading import address
from stadtgraph.site.ruled import told_rule
from stadtgraph.site.telling import Row, Telling, Value
from stadtgraph.site.used import Used
from stadtgraph.site.uses import Uses
from stadtgraph.site.words import term
from stadtgraph.terms import TYPE, text

RDFS: Final = VOCABULARIES["rdfs"]
# What is said of an own term on its page, in this order.
SAID: Final = tuple(RDFS + name for name in ("subClassOf", "subPropertyOf", "domain", "range"))
EXAMPLES: Final = 6
RULES: Final = 60


def ontology_page(used: Used, frame: Frame, beside: list[tuple[str, str]]) -> bytes:
    """Return the index of the city's own terms and of those that it takes from elsewhere."""
    reading = frame.reading
    space = reading.base + LOCAL["def"]
    ontology = space.removesuffix("#")
    return frame.render(
        "ontology.html",
        "def",
        title=frame.named(ontology) if reading.label(ontology) else Text(frame.words("ontology")),
        lead=text_in(reading.texts(ontology, *DESCRIPTIONS), frame.lang),
        terms=[
            {
                "anchor": iri.removeprefix(space),
                "name": frame.named(iri),
                "lead": text_in(reading.texts(iri, *reversed(DESCRIPTIONS)), frame.lang),
                "link": frame.term_link(iri, "def"),
            }
            for iri in used.own
        ],
        used=[
            (frame.words(key), _taken(frame, counted, name))
            for key, counted, name in (
                ("classes", used.classes, other_term),
                ("properties", used.properties, predicate),
            )
        ],
        downloads=beside,
        version=current(reading.site, "def"),
    )


def _taken(frame: Frame, counted: dict[str, Uses], name: Any) -> list[tuple[str, str, str, str, str]]:
    """Return the terms of common vocabularies that the graph uses, the most used first."""
    reading = frame.reading
    return [
        (
            shorten(iri, reading.base),
            iri,
            name(reading, iri, frame.words),
            frame.term_link(iri, "def"),
            grouped(uses.number, frame.lang),
        )
        for iri, uses in sorted(counted.items(), key=lambda pair: (-pair[1].number, pair[0]))
        if not iri.startswith(reading.base)
    ]


def term_page(used: Used, frame: Frame, iri: str, beside: list[tuple[str, str]]) -> tuple[str, bytes]:
    """Return the page of a class or property in one language."""
    name = frame.reading.term_page(iri)
    return frame.file(name), _page(used, Telling(frame, iri, name), beside)


def _page(used: Used, told: Telling, beside: list[tuple[str, str]]) -> bytes:
    frame, iri, reading = told.frame, told.iri, told.reading
    own = iri.startswith(reading.base)
    of_class, of_property = used.classes.get(iri), used.properties.get(iri)
    vocabulary = _vocabulary(frame, iri)
    kinds = (
        [other_term(reading, kind, told.words) for kind in sorted(reading.types(iri))]
        if own
        else [_kind(used, frame, iri)]
    )
    file, line = reading.city.place(iri, TYPE.value) if own else ("", 0)
    read = Rules(frame, told.page)
    rules = [told_rule(read, rule) for rule in used.rules.get(iri, [])]
    return frame.render(
        "term.html",
        told.page,
        title=_named(used, frame, iri),
        kinds=kinds,
        lead=text_in(reading.texts(iri, *reversed(DESCRIPTIONS)), frame.lang) if own else Text(""),
        vocabulary=vocabulary,
        own=own,
        iri=iri,
        short=shorten(iri, reading.base),
        facts=_said(told) if own else [],
        counts=[
            (told.words(key, number=grouped(uses.number, frame.lang)), _derived(told, uses))
            for key, uses in (("term-instances", of_class), ("term-statements", of_property))
            if uses
        ],
        instances=_things(told, of_class),
        statements=_statements(told, of_property),
        rules=rules[:RULES],
        more=grouped(len(rules) - RULES, frame.lang) if len(rules) > RULES else "",
        questions=_asked(told, used.questions.get(iri, [])),
        deriving=[question.title(frame.lang) for question in used.deriving.get(iri, [])],
        place=f"{file}:{line}" if line else file,
        code=frame.code_link(file, line),
        report=frame.report_link(iri, reading.name(iri, frame.lang), f"{file}:{line}") if own else "",
        downloads=beside if own else [],
    )


def listed(used: Used, frame: Frame, iri: str) -> Listed:
    """Return what the search says of a term."""
    name = _named(used, frame, iri)
    own = iri.startswith(frame.reading.base)
    lead = text_in(frame.reading.texts(iri, *reversed(DESCRIPTIONS)), frame.lang) if own else Text("")
    kind = " · ".join(filter(None, (_kind(used, frame, iri), _vocabulary(frame, iri))))
    short = shorten(iri, frame.reading.base)
    link = frame.link(iri, "") or frame.term_link(iri, "")
    return Listed(name.value, name.lang, lead.value, lead.lang, "", kind, short, "", "", link)


def _named(used: Used, frame: Frame, iri: str) -> Text:
    if iri.startswith(frame.reading.base):
        return frame.named(iri)
    tell = predicate if used.is_property(iri) else other_term
    return Text(tell(frame.reading, iri, frame.words))


def _kind(used: Used, frame: Frame, iri: str) -> str:
    return frame.words("term-property" if used.is_property(iri) else "term-class")


def _vocabulary(frame: Frame, iri: str) -> str:
    """Return what people call the vocabulary that a term is taken from; nothing for own terms."""
    if iri.startswith(frame.reading.base):
        return ""
    prefix = shorten(iri, frame.reading.base).partition(":")[0]
    return term("vocabulary", prefix, "").get(frame.lang) or prefix


def _said(told: Telling) -> list[Row]:
    """Return what an own term is for: its domain and range, and what it is a narrower case of."""
    rows = []
    for said in SAID:
        values = []
        for quad in told.outgoing:
            if quad.predicate.value == said and isinstance(quad.object, NamedNode):
                iri = quad.object.value
                tell = predicate if said.endswith("subPropertyOf") else other_term
                link = told.frame.term_link(iri, told.page)
                values.append(Value(Text(tell(told.reading, iri, told.words)), link))
        if values:
            rows.append(Row(predicate(told.reading, said, told.words), values, "fact", said))
    return rows


def _derived(told: Telling, uses: Uses) -> str:
    if not uses.derived:
        return ""
    return told.words("term-derived", number=grouped(uses.derived, told.lang))


def _things(told: Telling, uses: Uses | None) -> list[Value]:
    """Return some things of a class."""
    found: dict[str, Value] = {}
    for _, quad in uses.first if uses else ():
        iri = text(quad.subject)
        if link := told.frame.link(iri, told.page):
            found.setdefault(iri, Value(told.frame.named(iri), link))
    return list(found.values())[: 2 * EXAMPLES]


def _statements(told: Telling, uses: Uses | None) -> list[tuple[Value, Value]]:
    """Return some statements with a property, texts in the language of the page."""
    found: dict[tuple[str, str], tuple[Value, Value]] = {}
    for _, quad in uses.first if uses else ():
        iri = text(quad.subject)
        link = told.frame.link(iri, told.page)
        if link and _wanted(told, quad):
            value = told.value(quad.object, told.iri)
            if len(value.words.value) > 160:
                value = replace(value, words=Text(value.words.value[:159] + "…", value.words.lang))
            found.setdefault((iri, text(quad.object)), (Value(told.frame.named(iri), link), value))
    return list(found.values())[:EXAMPLES]


def _wanted(told: Telling, quad: Quad) -> bool:
    language = getattr(quad.object, "language", None)
    return quad.predicate != TYPE and language in (None, told.lang)


def _asked(told: Telling, questions: list[Question]) -> list[tuple[str, str]]:
    return [
        (question.title(told.lang), address(told.frame.file(f"queries/{question.slug}"), told.page))
        for question in questions
    ]
