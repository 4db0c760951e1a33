"""Fetch a graph from a SPARQL endpoint, to the last statement or not at all.

Endpoints send as many rows as they like and say nothing of the rest (Virtuoso: 10,000), so pages are asked
for until none brings anything new, and what came is held against a count.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from typing import Final

from pyoxigraph import BlankNode, NamedNode, Quad, QuerySolutions

from stadtgraph.queries import BadQuery, ask_endpoint

PAGE: Final = 10_000  # statements
SECONDS: Final = 300  # for each page
ANY: Final = "GRAPH <urn:stadtgraph:graph>"


def fetch(
    url: str, graph: str = "", progress: Callable[[int, int], None] = lambda done, total: None
) -> list[Quad]:
    """Return the statements of a named graph, or of the default graph.

    Raises:
        BadQuery: the endpoint fails, does not send everything, or names blank nodes anew in each answer.

    """
    total = _number(url, graph)
    if total == 0:
        raise BadQuery("endpoint-empty", url=url, graph=graph or "–")
    found: dict[Quad, None] = {}
    rows = 0
    while page := _page(url, graph, rows):
        known = len(found)
        found |= dict.fromkeys(page)
        if rows == 0 and total > len(page):
            _check_blank_nodes(url, graph, page)
        rows += len(page)
        progress(len(found), total)
        if len(found) == known:
            break
    if len(found) != total:
        raise BadQuery("endpoint-incomplete", url=url, total=str(total), came=str(len(found)))
    return list(found)


def _check_blank_nodes(url: str, graph: str, page: list[Quad]) -> None:
    """Blank nodes have their names in one answer only (SPARQL 1.1, 4.1.4); most stores keep them."""
    anonymous = any(isinstance(term, BlankNode) for quad in page for term in (quad.subject, quad.object))
    if anonymous and set(_page(url, graph, 0)) != set(page):
        raise BadQuery("endpoint-blank-nodes", url=url)


def _page(url: str, graph: str, start: int) -> list[Quad]:
    text = f"{_query('statements', url, graph)}LIMIT {PAGE}\nOFFSET {start}\n"
    try:
        return [Quad(row["subject"], row["predicate"], row["object"]) for row in _rows(url, text)]
    except (KeyError, TypeError, SyntaxError) as error:
        raise BadQuery("endpoint-unreadable", url=url, reason=str(error)[:300]) from error


def _number(url: str, graph: str) -> int:
    try:
        [row] = _rows(url, _query("number-of-statements", url, graph))
        return int(row["number"].value)
    except (ValueError, KeyError, AttributeError, SyntaxError) as error:
        raise BadQuery("endpoint-unreadable", url=url, reason=str(error)[:300]) from error


def _rows(url: str, query: str) -> QuerySolutions:
    answer = ask_endpoint(url, query, SECONDS)
    if not isinstance(answer, QuerySolutions):
        raise BadQuery("endpoint-unreadable", url=url, reason="SELECT → ASK")
    return answer


def _query(name: str, url: str, graph: str) -> str:
    text = files("stadtgraph").joinpath(f"{name}.rq").read_text("utf-8")
    try:
        return text.replace(ANY, f"GRAPH {NamedNode(graph)}" if graph else "")
    except ValueError as error:
        raise BadQuery("endpoint-graph", url=url, graph=graph) from error
