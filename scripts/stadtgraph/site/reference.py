"""The pages about the graph itself: questions with their answers, terms, rules."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final

from pyoxigraph import NamedNode, QueryBoolean, QueryResultsFormat, parse_query_results

from stadtgraph.messages import LANGUAGES, grouped
from stadtgraph.namespaces import shorten
from stadtgraph.queries import BadQuery, Question, ask, fill, read, write
from stadtgraph.site import ruled, termed
from stadtgraph.site.describe import predicate
from stadtgraph.site.frame import Frame, Text
from stadtgraph.site.notes import Listed
from stadtgraph.site.pages import FORMATS
from stadtgraph.site.reading import Reading
from stadtgraph.site.telling import Telling, Value
from stadtgraph.site.used import Used, named_in, rules
from stadtgraph.site.words import term

ROWS: Final = 100
VARIABLE: Final = re.compile(r"[?$](\w+)")
ANSWERS: Final = {**FORMATS, "csv": "CSV", "json": "JSON"}


def question_pages(reading: Reading) -> Iterator[tuple[str, bytes]]:
    """Yield a page for each question with its answer, and the list of them."""
    questions = [read(path) for path in reading.city.queries()]
    files = {}
    for question in questions:
        yield f"queries/{question.slug}.rq", question.text.encode()
        found = dict(_files(reading, question))
        files[question.slug] = list(found)
        yield from found.items()
    for lang in LANGUAGES:
        frame = Frame.of(reading, lang)
        listed = []
        for question in questions:
            title, about = question.title(lang), question.line("description", lang)
            listed.append((title, question.slug, about))
            yield frame.file(f"queries/{question.slug}"), _question(frame, question, files[question.slug])
        checks = [read(path) for path in reading.city.queries("checks")]
        yield (
            frame.file("queries"),
            frame.render(
                "queries.html", "queries", listed=listed, checks=[check.title(lang) for check in checks]
            ),
        )


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


def in_search(reading: Reading) -> tuple[Callable[[str], list[Listed]], dict[str, str]]:
    """Return what tells the search of a term or a rule in each language, and the section of each."""
    used, frames = Used(reading), [Frame.of(reading, lang) for lang in LANGUAGES]
    sections = {**dict.fromkeys(used.terms, "term"), **dict.fromkeys(rules(reading), "rule")}

    def tell(iri: str) -> list[Listed]:
        if sections[iri] == "term":
            return [termed.listed(used, frame, iri) for frame in frames]
        return [ruled.listed(frame, iri) for frame in frames]

    return tell, sections


def term_pages(
    reading: Reading, written: Mapping[str, tuple[str, int]]
) -> Iterator[Callable[[], Iterator[tuple[str, bytes]]]]:
    """Yield what tells the pages of terms and of the city's rules in each language.

    Terms are the city's own and those of other vocabularies.
    """
    used = Used(reading)
    for lang in LANGUAGES:
        frame = Frame.of(reading, lang)
        of_terms, of_rules = (
            [(FORMATS[form], f"{page}.{form}") for form in FORMATS if f"{page}.{form}" in written]
            for page in ("def", "shapes")
        )
        yield partial(_term_pages, used, frame, of_terms)
        yield partial(_rule_pages, frame, of_rules)


def _term_pages(used: Used, frame: Frame, beside: list[tuple[str, str]]) -> Iterator[tuple[str, bytes]]:
    yield frame.file("def"), termed.ontology_page(used, frame, beside)
    yield from termed.term_pages(used, frame, beside)


def _rule_pages(frame: Frame, beside: list[tuple[str, str]]) -> Iterator[tuple[str, bytes]]:
    yield frame.file("shapes"), ruled.shapes_page(frame, beside)
    yield from ruled.rule_pages(frame, beside)
