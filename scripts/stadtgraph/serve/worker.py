"""What a worker does: answer one question at a time from the graph it was born with."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from socket import socket
from typing import IO, Any, Final, NamedTuple, cast

from pyoxigraph import (
    NamedNode,
    QueryBoolean,
    QueryResultsFormat,
    QuerySolutions,
    QueryTriples,
    RdfFormat,
    Store,
    Triple,
    serialize,
)

from stadtgraph.serve.frames import Answering, receive
from stadtgraph.sparql import faults, guard
from stadtgraph.sparql.absent import occurs
from stadtgraph.sparql.refused import Refused
from stadtgraph.terms import InXml

ROWS: Final = {
    "application/sparql-results+json": QueryResultsFormat.JSON,
    "application/sparql-results+xml": QueryResultsFormat.XML,
    "text/csv": QueryResultsFormat.CSV,
    "text/tab-separated-values": QueryResultsFormat.TSV,
}
# The specification of the tables knows no form for yes and no.
TRUTH: Final = {name: ROWS[name] for name in list(ROWS)[:2]}
GRAPH: Final = {
    "text/turtle": RdfFormat.TURTLE,
    "application/ld+json": RdfFormat.JSON_LD,
    "application/n-triples": RdfFormat.N_TRIPLES,
    "application/rdf+xml": RdfFormat.RDF_XML,
}
# Bytes that no XML document may hold: control characters, U+FFFE and U+FFFF.
NOT_IN_XML: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")
ELEMENT: Final = re.compile(r"[^\W\d][\w.-]*\Z")


class Question(NamedTuple):
    """What is asked: a SPARQL query, and the media type that each kind of answer shall have.

    An empty media type says that the asker takes no such answer. ``default_graphs`` and ``named_graphs`` are
    the dataset of the SPARQL 1.1 Protocol (section 2.1.4); with neither, the default graph is the union of
    all graphs.
    """

    text: str
    rows: str = "application/sparql-results+json"
    truth: str = "application/sparql-results+json"
    graph: str = "text/turtle"
    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()

    def to_json(self) -> bytes:
        """Return this as it goes to a worker."""
        return json.dumps(self).encode()

    @classmethod
    def from_json(cls, content: bytes) -> Question:
        """Return what came to a worker."""
        text, rows, truth, graph, default_graphs, named_graphs = json.loads(content)
        return cls(text, rows, truth, graph, tuple(default_graphs), tuple(named_graphs))


@dataclass(frozen=True)
class City:
    """What a worker knows."""

    store: Store
    base: str
    prefixes: Mapping[str, str]
    graphs: tuple[str, ...]


def answer_all(connection: socket, city: City) -> None:
    """Answer what comes over a connection until the other side is gone."""
    while True:
        try:
            _, content = receive(connection)
            answer(Question.from_json(content), city, Answering(connection))
        except (EOFError, BrokenPipeError, ConnectionResetError):
            return


def answer(question: Question, city: City, answering: Answering) -> None:
    """Answer a question, or say why not."""
    try:
        _answer(question, city, answering)
    except Refused as refused:
        answering.refuse(refused.to_json())
    except MemoryError:
        answering.refuse(Refused(503, "query-too-large").to_json())
    except (RuntimeError, ValueError, OSError) as error:
        if isinstance(error, ConnectionError):
            raise
        answering.refuse(faults.not_answered(str(error)).to_json())


def _answer(question: Question, city: City, answering: Answering) -> None:
    read = guard.read(question.text, city.base, city.prefixes, city.graphs, partial(occurs, city.store))
    guard.check_graphs((*question.default_graphs, *question.named_graphs), city.graphs)
    # The store reads each prefix that it is given, which takes as long as a short query.
    prefixes = {name: space for name, space in city.prefixes.items() if f"{name}:" in read.text}
    try:
        results = city.store.query(
            read.text + faults.PADDING, base_iri=city.base, prefixes=prefixes, **_dataset(question, read)
        )
    except SyntaxError as error:
        raise faults.explain(read, str(error)) from error
    match results:
        case QueryTriples():
            media, offered = question.graph, tuple(GRAPH)
        case QueryBoolean():
            media, offered = question.truth, tuple(TRUTH)
        case _:
            media, offered = question.rows, tuple(ROWS)
    if not media:
        raise Refused(406, "query-not-acceptable", {"offered": ", ".join(offered)})
    answering.begin(json.dumps({"media": media, "lasts": read.lasts, "hints": read.hints}).encode())
    out = cast(IO[bytes], WithoutControls(answering) if media.endswith("xml") else answering)
    match results:
        case QueryTriples():
            triples = in_xml(results) if media == "application/rdf+xml" else results
            serialize(triples, out, format=GRAPH[media], prefixes=dict(city.prefixes))
        case QueryBoolean() | QuerySolutions():
            results.serialize(out, format=ROWS[media])
    answering.end()


class WithoutControls(InXml):
    """An answer in XML, which knows no control characters (XML 1.0, section 2.2)."""

    def write(self, part: bytes) -> int:
        """Take a part of the answer."""
        if NOT_IN_XML.search(part):
            raise Refused(406, "query-not-in-xml")
        return super().write(part)


def in_xml(triples: Iterable[Triple]) -> Iterator[Triple]:
    """Yield triples whose predicates end in what can be an element's name (RDF/XML, section 5).

    Raises:
        Refused: one does not, so that RDF/XML cannot tell it.

    """
    for triple in triples:
        if not ELEMENT.search(triple.predicate.value):
            raise Refused(406, "query-not-in-xml")
        yield triple


def _dataset(question: Question, read: guard.Read) -> dict[str, Any]:
    """Return the graphs that are asked: those of the request, else those of the query, else all."""
    if question.default_graphs or question.named_graphs:
        return {
            "default_graph": [NamedNode(graph) for graph in question.default_graphs],
            "named_graphs": [NamedNode(graph) for graph in question.named_graphs],
        }
    return {"use_default_graph_as_union": not read.names_graphs}
