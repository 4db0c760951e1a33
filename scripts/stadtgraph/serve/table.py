"""An answer as a table for people: its first rows, and how many there are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlsplit

from pyoxigraph import (
    BlankNode,
    Literal,
    NamedNode,
    QueryResultsFormat,
    QuerySolutions,
    RdfFormat,
    parse,
    parse_query_results,
)

from stadtgraph.messages import say
from stadtgraph.namespaces import shorten
from stadtgraph.serve.line import Answer
from stadtgraph.serve.publication import Publication
from stadtgraph.terms import text

ROWS: Final = 500
MOST: Final = 4 << 20
# In these forms a row is a line, so that the first rows can be taken without the rest.
ROWS_AS: Final = "text/tab-separated-values"
TRUTH_AS: Final = "application/sparql-results+json"
GRAPH_AS: Final = "application/n-triples"
# A part of a source's text, as RFC 5147 has it.
PASSAGE: Final = re.compile(r"(.+)#char=(\d+),(\d+)")
STATEMENT: Final = ("answer-subject", "answer-predicate", "answer-object")


@dataclass(frozen=True)
class Cell:
    """What stands in a cell: words with their language, where they lead, and the language tag to show."""

    words: str
    lang: str = ""
    link: str = ""
    outside: bool = False
    tag: str = ""


@dataclass(frozen=True)
class Table:
    """The beginning of an answer; ``total`` counts all its rows, ``truth`` is the answer yes or no."""

    header: Sequence[str] = ()
    rows: Sequence[Sequence[Any]] = ()
    total: int = 0
    truth: bool | None = None
    graph: bool = False


async def collect(answer: Answer) -> Table:
    """Read an answer to its end and keep its first rows.

    Raises:
        Refused: the answer breaks off.

    """
    kept, total = bytearray(), 0
    async for part in answer.parts():
        if total <= ROWS and len(kept) < MOST:
            kept += part
        total += part.count(b"\n")
    if answer.media == TRUTH_AS:
        return Table(truth=bool(parse_query_results(bytes(kept), QueryResultsFormat.JSON)))
    whole = kept[: kept.rfind(b"\n") + 1]
    if answer.media == GRAPH_AS:
        triples = parse(_first(whole, ROWS), RdfFormat.N_TRIPLES)
        return Table((), [(t.subject, t.predicate, t.object) for t in triples], total, graph=True)
    found = parse_query_results(_first(whole, ROWS + 1), QueryResultsFormat.TSV)
    assert isinstance(found, QuerySolutions)  # noqa: S101 (what is no yes or no and no graph)
    header = [variable.value for variable in found.variables]
    return Table(header, [[row[name] for name in header] for row in found], max(0, total - 1))


def _first(content: bytearray, lines: int) -> bytes:
    """Return so many lines of a text."""
    end = -1
    for _ in range(lines):
        after = content.find(b"\n", end + 1)
        if after < 0:
            break
        end = after
    return bytes(content[: end + 1])


def cells(publication: Publication, table: Table, lang: str, root: str) -> list[list[Cell]]:
    """Return the rows of a table as people read them; ``root`` is the way to the start page."""
    return [[cell(publication, term, lang, root) for term in row] for row in table.rows]


def cell(publication: Publication, term: Any, lang: str, root: str) -> Cell:
    """Return a term as people read it: things by their names, other IRIs short, all of them as links."""
    if term is None:
        return Cell("")
    if isinstance(term, Literal):
        return Cell(term.value, term.language or "", tag=term.language or "")
    if not isinstance(term, NamedNode):
        return Cell(f"_:{term.value}" if isinstance(term, BlankNode) else text(term))
    iri = term.value
    if thing := publication.things.get(iri):
        page, _, fragment = thing.page.partition("#")
        ending = publication.described["endings"][lang]
        link = f"{root}{quote(page)}{ending}" + (f"#{quote(fragment)}" if fragment else "")
        return Cell(thing.name(lang), "" if lang in thing.names else next(iter(thing.names), ""), link)
    if iri.startswith(publication.base):
        here = root + quote(iri[len(publication.base) :], "/#=,:")
        passage = PASSAGE.fullmatch(iri)
        if passage and (source := publication.things.get(passage[1])):
            name = source.name(lang)
            return Cell(say("answer-passage", lang, source=name, start=passage[2], end=passage[3]), link=here)
        return Cell(shorten(iri, publication.base), "zxx", here)
    web = urlsplit(iri).scheme in ("http", "https")
    return Cell(shorten(iri, publication.base), "zxx", iri if web else "", web)
