"""Ask a SPARQL endpoint, and fetch a graph from one, to the last statement or not at all.

Endpoints send as many rows as they like and say nothing of the rest (Virtuoso: 10,000), so pages are asked
for until none brings anything new, and what came is held against a count.
"""

from __future__ import annotations

import json
import re
from ast import literal_eval
from collections.abc import Callable
from contextlib import suppress
from importlib.resources import files
from textwrap import shorten
from typing import Final

from pyoxigraph import (
    BlankNode,
    NamedNode,
    Quad,
    QueryResultsFormat,
    QuerySolutions,
    RdfFormat,
    parse,
    parse_query_results,
)

from stadtgraph.queries import Answer, BadQuery
from stadtgraph.terms import in_order

PAGE: Final = 10_000  # statements
SECONDS: Final = 300  # for each page
LONGEST: Final = 10_000  # bytes of what an endpoint says is wrong
ANY: Final = "GRAPH <urn:stadtgraph:graph>"
# Virtuoso's names of blank nodes, which are none (SPARQL 1.1 Query Results JSON, 3.2.2; Turtle, 2.6).
NODE_ID: Final = re.compile(rb'("type"\s*:\s*"bnode"\s*,\s*"value"\s*:\s*")nodeID://')


def ask_endpoint(url: str, query: str, timeout: int, lang: str = "en") -> Answer:
    """Ask a SPARQL endpoint (SPARQL 1.1 Protocol, POST), and read its answer.

    ``timeout`` is in seconds; ``lang`` is the language in which the endpoint may say what is wrong.

    Raises:
        BadQuery: the endpoint does not answer, answers too late, refuses, or answers what nobody can read.

    """
    from http.client import HTTPException
    from urllib.error import HTTPError, URLError

    from SPARQLWrapper import JSON, POST, TURTLE, SPARQLWrapper
    from SPARQLWrapper.SPARQLExceptions import SPARQLWrapperException

    wrapper = SPARQLWrapper(url, agent="stadtgraph")
    wrapper.setMethod(POST)
    wrapper.setTimeout(timeout)
    wrapper.addCustomHttpHeader("Accept-Language", lang)
    wrapper.setQuery(query)
    graph = wrapper.queryType in ("CONSTRUCT", "DESCRIBE")
    wrapper.setReturnFormat(TURTLE if graph else JSON)
    try:
        response = wrapper.query().response
        answer = response.read()
        if graph:
            # Some endpoints send RDF/XML whatever they are asked for, one under the name of another type.
            kind = RdfFormat.from_media_type(response.headers.get("Content-Type", ""))
            form = RdfFormat.RDF_XML if answer.startswith(b"<?xml") else kind or RdfFormat.TURTLE
            return in_order(quad.triple for quad in parse(answer, format=form))
        return parse_query_results(input=NODE_ID.sub(rb"\1", answer), format=QueryResultsFormat.JSON)
    except TimeoutError as error:
        raise BadQuery("endpoint-timeout", url=url, seconds=str(timeout)) from error
    except SPARQLWrapperException as error:
        # The wrapper has read what came, and tells it as Python writes bytes.
        if isinstance(error.__context__, HTTPError):
            error.__context__.close()
        content = str(error).partition("Response:\n")[2]
        reason = _reason(literal_eval(content) if content else b"") or type(error).__name__
        raise BadQuery("endpoint-refused", url=url, reason=reason) from error
    except HTTPError as error:
        with error:
            reason = _reason(error.read(LONGEST)) or f"HTTP {error.code} {error.reason}"
        raise BadQuery("endpoint-refused", url=url, reason=reason) from error
    except (URLError, HTTPException, OSError) as error:
        if isinstance(getattr(error, "reason", None), TimeoutError):
            raise BadQuery("endpoint-timeout", url=url, seconds=str(timeout)) from error
        raise BadQuery("endpoint-silent", url=url, reason=str(getattr(error, "reason", error))) from error
    except (SyntaxError, ValueError) as error:
        raise BadQuery("endpoint-unreadable", url=url, reason=str(error)[:300]) from error


def _reason(content: bytes) -> str:
    """Return what an endpoint says is wrong: problem details (RFC 9457) or the first lines of a text."""
    with suppress(ValueError, KeyError, TypeError):
        return str(json.loads(content)["detail"]).strip().removesuffix(".")
    lines = [line.strip() for line in content.decode(errors="replace").splitlines() if line.strip()]
    if not lines or lines[0].startswith(("<", "{")):
        return ""
    return shorten(" ".join(lines[:2]), 300, placeholder=" …").removesuffix(".")


def fetch(
    url: str,
    graph: str = "",
    progress: Callable[[int, int], None] = lambda done, total: None,
    lang: str = "en",
) -> list[Quad]:
    """Return the statements of a named graph, or of the default graph.

    Raises:
        BadQuery: the endpoint fails, does not send everything, or names blank nodes anew in each answer.

    """
    total = _number(url, graph, lang)
    if total == 0:
        raise BadQuery("endpoint-empty", url=url, graph=graph or "–")
    found: dict[Quad, None] = {}
    rows = 0
    while page := _page(url, graph, rows, lang):
        known = len(found)
        found |= dict.fromkeys(page)
        if rows == 0 and total > len(page):
            _check_blank_nodes(url, graph, page, lang)
        rows += len(page)
        progress(len(found), total)
        if len(found) == known:
            break
    if len(found) != total:
        raise BadQuery("endpoint-incomplete", url=url, total=str(total), came=str(len(found)))
    return list(found)


def _check_blank_nodes(url: str, graph: str, page: list[Quad], lang: str) -> None:
    """Blank nodes have their names in one answer only (SPARQL 1.1, 4.1.4); most stores keep them."""
    anonymous = any(isinstance(term, BlankNode) for quad in page for term in (quad.subject, quad.object))
    if anonymous and set(_page(url, graph, 0, lang)) != set(page):
        raise BadQuery("endpoint-blank-nodes", url=url)


def _page(url: str, graph: str, start: int, lang: str) -> list[Quad]:
    text = f"{_query('statements', url, graph)}LIMIT {PAGE}\nOFFSET {start}\n"
    try:
        return [Quad(row["subject"], row["predicate"], row["object"]) for row in _rows(url, text, lang)]
    except (KeyError, TypeError, SyntaxError) as error:
        raise BadQuery("endpoint-unreadable", url=url, reason=str(error)[:300]) from error


def _number(url: str, graph: str, lang: str) -> int:
    try:
        [row] = _rows(url, _query("number-of-statements", url, graph), lang)
        return int(row["number"].value)
    except (ValueError, KeyError, AttributeError, SyntaxError) as error:
        raise BadQuery("endpoint-unreadable", url=url, reason=str(error)[:300]) from error


def _rows(url: str, query: str, lang: str) -> QuerySolutions:
    answer = ask_endpoint(url, query, SECONDS, lang)
    if not isinstance(answer, QuerySolutions):
        raise BadQuery("endpoint-unreadable", url=url, reason="SELECT → ASK")
    return answer


def _query(name: str, url: str, graph: str) -> str:
    text = files("stadtgraph").joinpath(f"{name}.rq").read_text("utf-8")
    try:
        return text.replace(ANY, f"GRAPH {NamedNode(graph)}" if graph else "")
    except ValueError as error:
        raise BadQuery("endpoint-graph", url=url, graph=graph) from error
