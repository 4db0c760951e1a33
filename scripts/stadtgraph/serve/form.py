"""Answers as pages: the published page of a form or a question, with the live answer in its place."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlencode

from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from stadtgraph.messages import LANGUAGES, count_of, say
from stadtgraph.serve import parameters, protocol
from stadtgraph.serve.answers import VARY, fragment, language_of, root_of
from stadtgraph.serve.policy import POLICY_OF_EDITOR
from stadtgraph.serve.publication import Publication
from stadtgraph.serve.table import GRAPH_AS, ROWS_AS, STATEMENT, TRUTH_AS, Table, cells, collect
from stadtgraph.serve.worker import Question
from stadtgraph.serve.workers import Workers
from stadtgraph.sparql import absent
from stadtgraph.sparql.refused import Refused, Said

ANSWER: Final = re.compile(r"<!--answer-->.*?<!--/answer-->", re.DOTALL)
FIELD: Final = re.compile(r'(<textarea id="query"[^>]*>\n).*?(</textarea>)', re.DOTALL)
# The forms of a table and of a graph, by the name that "format" has for them.
TABLES: Final = {"csv": "CSV", "json": "JSON", "tsv": "TSV", "xml": "XML"}
TRUTHS: Final = {"json": "JSON", "xml": "XML"}
ASKED: Final = ("query", "default-graph-uri", "named-graph-uri")
# Of a longer question, or of more names, nobody is told what does not occur.
READ: Final = 10_000
NAMED: Final = 20
# The section of classes and properties.
TERM: Final = "term"
GRAPHS: Final = {"ttl": "Turtle", "nt": "N-Triples", "rdf": "RDF/XML", "jsonld": "JSON-LD"}


@dataclass(frozen=True)
class Told:
    """An answer or the reason why there is none."""

    table: Table | None = None
    fault: Refused | None = None
    hints: tuple[tuple[str, Mapping[str, Any]], ...] = ()

    @property
    def status(self) -> int:
        """Return the HTTP status."""
        return self.fault.status if self.fault else 200

    @property
    def forms(self) -> Mapping[str, str]:
        """Return the forms in which the answer can be taken away."""
        if self.table is None:
            return {}
        if self.table.graph:
            return GRAPHS
        return TABLES if self.table.truth is None else TRUTHS


class Sent:
    """Answer the form where it was published; without a question it is a document."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        request = Request(scope, receive)
        answer: ASGIApp = scope["app"].router.default
        if scope["method"] in ("GET", "HEAD") and "query" in request.query_params:
            answer = await _sent(request)
        await answer(scope, receive, send)


def routes() -> list[BaseRoute]:
    """Return the addresses of the form in each language."""
    return [
        Route(f"/sparql{ending}", Sent()) for ending in (".html", *(f".{lang}.html" for lang in LANGUAGES))
    ]


async def _sent(request: Request) -> Response:
    """Answer a question by the form's page, or lead to the file that was asked for."""
    try:
        given = parameters.read(request.scope["query_string"])
        if not parameters.wants_page({"format": ["html"], **given}, ""):
            return RedirectResponse(f"sparql?{urlencode(request.query_params.multi_items())}", 303)
        return await page(request, parameters.question({**given, "format": ["json"]}, ""))
    except Refused as refused:
        return protocol.refuse(request, refused)


async def ask(request: Request, question: Question) -> Told:
    """Ask, and keep as much of the answer as a page shows."""
    workers: Workers = request.app.state.workers
    try:
        answer = await workers.ask(question._replace(rows=ROWS_AS, truth=TRUTH_AS, graph=GRAPH_AS))
        with closing(answer):
            hints = tuple((key, values) for key, values in answer.about["hints"])
            return Told(await collect(answer), hints=hints)
    except Refused as refused:
        return Told(fault=refused)


async def _absent(request: Request, text: str) -> Sequence[Said]:
    """Return what to say of names in a question that do not occur in the graph."""
    publication = publication_of(request)
    asked = absent.named(text, publication.base) if len(text) <= READ else ()
    names = [iri for iri in asked if iri not in publication.things][:NAMED]
    if not names:
        return ()
    known = await ask(request, Question(_occurring(names)))
    if known.table is None:
        return ()
    there = {row[0].value for row in known.table.rows}
    terms = [iri for iri, thing in publication.things.items() if thing.section == TERM]
    return absent.hints([iri for iri in names if iri not in there], terms, publication.base)


def _occurring(names: Sequence[str]) -> str:
    """Return the question which of some names occur."""
    text = files("stadtgraph.serve").joinpath("occurring.rq").read_text("utf-8")
    return text.replace("<urn:stadtgraph:name>", " ".join(f"<{iri}>" for iri in names))


async def page(request: Request, question: Question) -> Response:
    """Answer a question that came with the form, on the form's own page."""
    lang = language_of(request)
    told = await ask(request, question)
    if told.table and not told.table.total and not told.table.truth:
        told = replace(told, hints=(*told.hints, *await _absent(request, question.text)))
    asked = [(name, value) for name, value in request.query_params.multi_items() if name in ASKED]
    asked = asked or [("query", question.text)]  # it came by POST
    links = [(words, f"sparql?{urlencode([*asked, ('format', form)])}") for form, words in told.forms.items()]
    name = {one: f"sparql{ending}" for one, ending in publication_of(request).described["endings"].items()}
    content = published(publication_of(request), name[lang])
    content = FIELD.sub(lambda found: f"{found[1]}{escape(question.text)}{found[2]}", content)
    content = ANSWER.sub(lambda _: answered(request, told, lang, links, question.text), content)
    for other in name.keys() - {lang}:
        link = escape(f"sparql?{urlencode([*asked, ('lang', other)])}")
        content = content.replace(f'href="{name[other]}"', f'href="{link}"')
    return html(content, lang, told, {"Content-Security-Policy": POLICY_OF_EDITOR})


def html(content: str, lang: str, told: Told, headers: Mapping[str, str] | None = None) -> Response:
    """Return a page that was made for one asker."""
    sent = {"Vary": VARY, "Content-Language": lang, "Cache-Control": "no-cache", **(headers or {})}
    if told.fault and told.fault.wait:
        sent["Retry-After"] = str(told.fault.wait)
    return Response(content, told.status, sent, media_type="text/html")


def publication_of(request: Request) -> Publication:
    """Return what is served now."""
    found: Publication = request.app.state.publication
    return found


def answered(
    request: Request,
    told: Told,
    lang: str,
    links: Sequence[tuple[str, str]],
    text: str = "",
    columns: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
) -> Markup:
    """Return what a page says of an answer.

    ``text`` is the question, of which a fault shows the place; ``columns`` are the words for its variables.
    """
    table = told.table or Table()
    header = (
        [say(key, lang) for key in STATEMENT]
        if table.graph
        else [columns.get(name, {}).get(lang, name) for name in table.header]
    )
    shown, fault = len(table.rows), told.fault
    count = count_of("row", table.total, lang)
    if shown < table.total:
        count = say("answer-first", lang, shown=count_of("row", shown, lang), total=count)
    return Markup(  # noqa: S704 (a template with autoescape made it)
        drawn(
            "answer.html",
            lang,
            hints=[say(key, lang, **values) for key, values in told.hints],
            fault=fault.sentence(lang) if fault else "",
            place=_place(fault, text) if fault else None,
            table=table,
            header=header,
            rows=cells(publication_of(request), table, lang, root_of(request)),
            count=count,
            downloads=links,
        )
    )


def drawn(template: str, lang: str, **values: Any) -> str:
    """Return a part of a page in a language."""
    return fragment(template, lang=lang, say=lambda key: say(key, lang), **values)


def _place(fault: Refused, text: str) -> tuple[int, str, str, str] | None:
    """Return the line of a question in which a fault stands: its number, before, the piece, after."""
    lines = text.splitlines()
    if not 0 < fault.line <= len(lines):
        return None
    line, start = lines[fault.line - 1], fault.column - 1
    piece = fault.piece.removesuffix("…") if line.startswith(fault.piece.removesuffix("…"), start) else ""
    end = start + (len(piece) or 1)
    return fault.line, line[:start], line[start:end], line[end:]


@lru_cache(64)
def published(publication: Publication, name: str) -> str:
    """Return a page as it was published."""
    return (publication.folder / name).read_text("utf-8")
