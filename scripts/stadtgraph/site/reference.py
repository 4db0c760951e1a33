"""The pages about the graph itself: questions with their answers, terms, rules."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, partial
from typing import Any, Final

from pyoxigraph import NamedNode, QueryBoolean, QueryResultsFormat, parse_query_results

from stadtgraph.messages import LANGUAGES, grouped
from stadtgraph.namespaces import shorten
from stadtgraph.queries import BadQuery, Question, ask, fill, read, write
from stadtgraph.site import ruled, termed
from stadtgraph.site.describe import predicate
from stadtgraph.site.frame import Frame, Text
from stadtgraph.site.notes import Said
from stadtgraph.site.pages import FORMATS
from stadtgraph.site.reading import Reading, sortable
from stadtgraph.site.telling import Telling, Value
from stadtgraph.site.used import Used, named_in, rules
from stadtgraph.site.words import term

ROWS: Final = 100
# The pages of terms are told in so many parts, those of rules by so many of them.
PARTS: Final = 4
RULES: Final = 48
VARIABLE: Final = re.compile(r"[?$](\w+)")
ANSWERS: Final = {**FORMATS, "csv": "CSV", "json": "JSON"}


def question_pages(reading: Reading) -> list[Callable[[], Iterator[tuple[str, bytes]]]]:
    """Return what tells a page for each question with its answer, and the list of them."""
    questions = [read(path) for path in reading.city.queries()]
    return [
        *(partial(_question_pages, reading, question) for question in questions),
        partial(_questions, reading, questions),
    ]


def _question_pages(reading: Reading, question: Question) -> Iterator[tuple[str, bytes]]:
    name = f"queries/{question.slug}"
    yield f"{name}.rq", question.text.encode()
    found = dict(_files(reading, question))
    yield from found.items()
    for lang in LANGUAGES:
        frame = Frame.of(reading, lang)
        yield frame.file(name), _question(frame, question, list(found))


def _questions(reading: Reading, questions: list[Question]) -> Iterator[tuple[str, bytes]]:
    checks = [read(path) for path in reading.city.queries("checks")]
    for lang in LANGUAGES:
        frame = Frame.of(reading, lang)
        listed = [
            (question.title(lang), question.slug, question.line("description", lang))
            for question in sorted(questions, key=lambda one: sortable(one.title(lang)))
        ]
        titles = [check.title(lang) for check in checks]
        yield frame.file("queries"), frame.render("queries.html", "queries", listed=listed, checks=titles)


def _files(reading: Reading, question: Question) -> Iterator[tuple[str, bytes]]:
    """Yield the answer to a question with its defaults in the forms that people take away most."""
    if question.only_documented:
        return
    try:
        answer = ask(reading.city.store, question.text, reading.base)
    except BadQuery:
        return
    name = f"queries/{question.slug}"
    if isinstance(answer, list):
        yield f"{name}.ttl", write(answer, "turtle", reading.base)
        yield f"{name}.jsonld", write(answer, "json", reading.base)
        return
    table = write(answer, "json", reading.base)
    yield f"{name}.json", table
    if not isinstance(answer, QueryBoolean):
        yield f"{name}.csv", write(parse_query_results(table, QueryResultsFormat.JSON), "csv", reading.base)


def _question(frame: Frame, question: Question, files: list[str]) -> bytes:
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
            header, rows, total = _answer(frame, question, answer, name)
        except BadQuery:
            trouble = frame.words("query-failed")
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
        terms=_named(frame, question, name),
        files=[(ANSWERS[name.rpartition(".")[2]], name) for name in files],
    )


def _named(frame: Frame, question: Question, page: str) -> list[tuple[str, str, str]]:
    """Return the classes and properties that a question names, in words and in short, with their pages."""
    reading = frame.reading
    found = {
        (predicate(reading, iri, frame.words), shorten(iri, reading.base), frame.term_link(iri, page))
        for iri in named_in(question.text, reading.city.prefixes)
    }
    return sorted(named for named in found if named[-1])


def heads(question: Question) -> dict[str, Mapping[str, str]]:
    """Return what people call the variables of a question: as its header says, else as usual."""
    names = sorted(set(VARIABLE.findall(question.text)))
    known = {name: question.columns.get(name) or term("column", name, "") for name in names}
    return {name: words for name, words in known.items() if words}


def _answer(
    frame: Frame, question: Question, answer: Any, name: str
) -> tuple[list[str], list[list[Value]], int]:
    told = Telling(frame, frame.reading.base, name)

    def cell(node: Any) -> Value:
        if node is None:
            return Value(Text(""))
        if isinstance(node, NamedNode) and (link := frame.term_link(node.value, name)):
            return Value(Text(predicate(frame.reading, node.value, frame.words)), link)
        return told.value(node)

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
    rows = [[cell(node) for node in line] for line in found[:ROWS]]
    kept = [at for at in range(len(header)) if not _said_twice(rows, at)]
    known = heads(question)
    named = [known.get(header[at], {}).get(frame.lang, header[at]) for at in kept]
    return named, [[row[at] for at in kept] for row in rows], len(found)


def _said_twice(rows: list[list[Value]], at: int) -> bool:
    """Tell whether a column only names what another one links to."""
    others = range(len(rows[0])) if rows else ()
    return any(
        all(
            row[other].link and not row[at].link and row[other].words.value == row[at].words.value
            for row in rows
        )
        for other in others
    )


class Reference:
    """The pages of terms and rules, and what the search says of each.

    Terms are the city's own and those of other vocabularies. What several parts need is found once.
    """

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._frames = [Frame.of(reading, lang) for lang in LANGUAGES]

    def parts(self) -> list[Callable[[], Iterator[tuple[str, bytes] | Said]]]:
        """Return what tells them; none of these needs another."""
        every = self._every_rule
        return [
            self._ontology,
            self._shapes,
            *(partial(self._terms, part) for part in range(PARTS)),
            *(partial(self._rules, every[first : first + RULES]) for first in range(0, len(every), RULES)),
        ]

    @cached_property
    def _used(self) -> Used:
        return Used(self._reading)

    @cached_property
    def _every_rule(self) -> list[str]:
        return rules(self._reading)

    @cached_property
    def _of_rules(self) -> list[ruled.Pages]:
        folder = self._reading.document(self._every_rule[0])
        return [ruled.Pages(frame, folder, self._beside("shapes")) for frame in self._frames]

    def _beside(self, page: str) -> list[tuple[str, str]]:
        """Return the downloads of all own terms, or of all rules."""
        held = self._reading.base + page in self._reading.site.things
        return [(FORMATS[form], f"{page}.{form}") for form in FORMATS if held]

    def _ontology(self) -> Iterator[tuple[str, bytes]]:
        for frame in self._frames:
            yield frame.file("def"), termed.ontology_page(self._used, frame, self._beside("def"))

    def _terms(self, part: int) -> Iterator[tuple[str, bytes] | Said]:
        beside = self._beside("def")
        for iri in self._used.terms[part::PARTS]:
            for frame in self._frames:
                yield termed.term_page(self._used, frame, iri, beside)
            yield Said(iri, "term", [termed.listed(self._used, frame, iri) for frame in self._frames])

    def _shapes(self) -> Iterator[tuple[str, bytes]]:
        for frame in self._frames:
            yield frame.file("shapes"), ruled.shapes_page(frame, self._beside("shapes"))

    def _rules(self, some: list[str]) -> Iterator[tuple[str, bytes] | Said]:
        for iri in some:
            for pages in self._of_rules:
                yield pages.page(iri)
            yield Said(iri, "rule", [ruled.listed(frame, iri) for frame in self._frames])
