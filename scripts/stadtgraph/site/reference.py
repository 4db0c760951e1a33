"""The pages about the graph itself: questions with their answers, terms, rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final
from urllib.parse import quote

from pyoxigraph import NamedNode, QueryBoolean

from stadtgraph.messages import LANGUAGES, grouped
from stadtgraph.namespaces import LOCAL, VOCABULARIES, shorten
from stadtgraph.queries import BadQuery, Question, ask, fill, read
from stadtgraph.site.describe import other_term, predicate
from stadtgraph.site.frame import DESCRIPTIONS, Frame, Text, text_in
from stadtgraph.site.pages import FORMATS, Telling, Value
from stadtgraph.site.reading import Reading
from stadtgraph.terms import TYPE, text

OWL: Final = VOCABULARIES["owl"]
SH: Final = VOCABULARIES["sh"]
ROWS: Final = 100
TARGETS: Final = {"targetSubjectsOf": "shape-subjects", "targetObjectsOf": "shape-objects"}


@dataclass(frozen=True)
class Rule:
    """A rule on one property, as people read it."""

    anchor: str
    name: Text
    path: str
    message: Text
    severity: str


@dataclass
class Shape:
    """The rules on one kind of thing."""

    anchor: str
    name: Text
    applies: list[str]
    rules: list[Rule] = field(default_factory=list)


def question_pages(reading: Reading) -> Iterator[tuple[str, bytes]]:
    """Yield a page for each question with its answer, and the list of them."""
    questions = [read(path) for path in reading.city.queries()]
    for question in questions:
        yield f"queries/{question.slug}.rq", question.text.encode()
    for lang in LANGUAGES:
        frame = Frame.of(reading, lang)
        listed = []
        for question in questions:
            title, about = question.title(lang), question.line("description", lang)
            listed.append((title, question.slug, about))
            yield frame.file(f"queries/{question.slug}"), _question(frame, question)
        checks = [read(path) for path in reading.city.queries("checks")]
        yield (
            frame.file("queries"),
            frame.render(
                "queries.html", "queries", listed=listed, checks=[check.title(lang) for check in checks]
            ),
        )


def _question(frame: Frame, question: Question) -> bytes:
    reading, name = frame.reading, f"queries/{question.slug}"
    header: list[str] = []
    rows: list[list[Value]] = []
    trouble, total = "", 0
    if question.only_documented:
        trouble = frame.words("query-foreign")
    else:
        given = {"lang": frame.lang} if "lang" in {p.name for p in question.parameters} else {}
        try:
            answer = ask(reading.city.store, fill(question, given, reading.base), reading.base)
            header, rows, total = _answer(frame, answer, name)
        except BadQuery:
            trouble = frame.words("query-failed")
    endpoint = ""
    if reading.site.dataset and not question.only_documented:
        found = reading.objects(reading.site.dataset, VOCABULARIES["void"] + "sparqlEndpoint")
        endpoint = f"{found[0]}?query={quote(question.text)}" if found else ""
    return frame.render(
        "query.html",
        name,
        title=question.title(frame.lang),
        about=question.line("description", frame.lang),
        question=question,
        header=header,
        rows=rows,
        trouble=trouble,
        more=frame.words("query-more", shown=grouped(len(rows), frame.lang), all=grouped(total, frame.lang))
        if total > len(rows)
        else "",
        endpoint=endpoint,
    )


def _answer(frame: Frame, answer: Any, name: str) -> tuple[list[str], list[list[Value]], int]:
    told = Telling(frame, frame.reading.base, name)

    def cell(term: Any) -> Value:
        return Value(Text("")) if term is None else told.value(term)

    if isinstance(answer, QueryBoolean):
        return [], [[Value(Text(frame.words("yes" if answer else "no")))]], 1
    if isinstance(answer, list):
        rows = [
            [
                cell(t.subject),
                Value(Text(predicate(frame.reading, t.predicate.value, frame.words))),
                cell(t.object),
            ]
            for t in answer[:ROWS]
        ]
        return (
            [frame.words(key) for key in ("picture-who", "picture-does", "picture-whom")],
            rows,
            len(answer),
        )
    header = [variable.value for variable in answer.variables]
    found = [[solution[variable] for variable in header] for solution in answer]
    return header, [[cell(term) for term in line] for line in found[:ROWS]], len(found)


def term_pages(reading: Reading, written: Mapping[str, tuple[str, int]]) -> Iterator[tuple[str, bytes]]:
    """Yield the pages of the city's own terms and of its rules."""
    counts = _counts(reading)
    for lang in LANGUAGES:
        frame = Frame.of(reading, lang)
        for page, render in (("def", partial(_ontology, counts)), ("shapes", _shapes)):
            beside = [(FORMATS[form], f"{page}.{form}") for form in FORMATS if f"{page}.{form}" in written]
            yield frame.file(page), render(frame, beside)


def _ontology(
    counts: tuple[Counter[str], Counter[str]], frame: Frame, beside: list[tuple[str, str]]
) -> bytes:
    reading = frame.reading
    space = reading.base + LOCAL["def"]
    own = sorted(
        {
            quad.subject.value
            for quad in reading.city.store
            if isinstance(quad.subject, NamedNode) and quad.subject.value.startswith(space)
        }
    )
    terms = []
    for iri in own:
        told = Telling(frame, iri, "def")
        terms.append(
            {
                "iri": iri,
                "anchor": iri.removeprefix(space),
                "name": frame.named(iri),
                "lead": text_in(reading.texts(iri, *reversed(DESCRIPTIONS)), frame.lang),
                "rows": [row for row in told.rows() if row.group == "fact" and row.values],
                "kinds": [other_term(reading, kind, frame.words) for kind in sorted(reading.types(iri))],
            }
        )
    ontology = reading.base + LOCAL["def"].removesuffix("#")
    return frame.render(
        "ontology.html",
        "def",
        title=frame.named(ontology) if reading.label(ontology) else Text(frame.words("ontology")),
        lead=text_in(reading.texts(ontology, *DESCRIPTIONS), frame.lang),
        terms=terms,
        used=_used(frame, counts),
        downloads=beside,
    )


def _used(
    frame: Frame, counts: tuple[Counter[str], Counter[str]]
) -> list[tuple[str, list[tuple[str, str, str, str]]]]:
    """Return classes and properties of common vocabularies that the graph uses, with how often."""
    reading = frame.reading
    found = []
    for key, counted, name in zip(("classes", "properties"), counts, (other_term, predicate), strict=True):
        rows = [
            (shorten(iri, reading.base), iri, name(reading, iri, frame.words), grouped(number, frame.lang))
            for iri, number in sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))
            if not iri.startswith(reading.base)
        ]
        found.append((frame.words(key), rows))
    return found


def _counts(reading: Reading) -> tuple[Counter[str], Counter[str]]:
    """Count how often each class and each property is used."""
    store = reading.city.store
    properties = Counter(quad.predicate.value for quad in store)
    return Counter(text(quad.object) for quad in store.quads_for_pattern(None, TYPE, None)), properties


def _shapes(frame: Frame, beside: list[tuple[str, str]]) -> bytes:
    reading = frame.reading
    store = reading.city.shapes
    space = reading.base + LOCAL["shape"]

    def values(iri: str, name: str) -> list[str]:
        quads = store.quads_for_pattern(NamedNode(iri), NamedNode(SH + name), None)
        return sorted({text(quad.object) for quad in quads if isinstance(quad.object, NamedNode)})

    def texts(iri: str, name: str) -> dict[str, str]:
        quads = store.quads_for_pattern(NamedNode(iri), NamedNode(SH + name), None)
        found = {getattr(quad.object, "language", "") or "": text(quad.object) for quad in quads}
        return dict(sorted(found.items()))

    shapes = []
    nodes = {
        q.subject.value
        for q in store.quads_for_pattern(None, TYPE, NamedNode(SH + "NodeShape"))
        if isinstance(q.subject, NamedNode)
    }
    for iri in sorted(nodes):
        applies = [other_term(reading, target, frame.words) for target in values(iri, "targetClass")]
        for name, key in TARGETS.items():
            applies += [
                frame.words(key, name=predicate(reading, target, frame.words)) for target in values(iri, name)
            ]
        shape = Shape(iri.removeprefix(space), frame.named(iri), applies)
        for rule in values(iri, "property"):
            severity = [value.removeprefix(SH) for value in values(rule, "severity")]
            path = values(rule, "path")
            shape.rules.append(
                Rule(
                    rule.removeprefix(space),
                    frame.named(rule),
                    predicate(reading, path[0], frame.words) if path else "",
                    text_in(texts(rule, "message"), frame.lang),
                    severity[0] if severity and severity[0] in ("Warning", "Info") else "Violation",
                )
            )
        shapes.append(shape)
    shapes.sort(key=lambda shape: (not shape.rules, shape.name.value.casefold(), shape.anchor))
    return frame.render("shapes.html", "shapes", shapes=shapes, downloads=beside)
