"""What a request to the endpoint asks: the parameters of the SPARQL 1.1 Protocol (section 2.1)."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qsl

from stadtgraph.serve import negotiate
from stadtgraph.serve.worker import GRAPH, ROWS, TRUTH, Question
from stadtgraph.sparql.refused import Refused

FORM: Final = "application/x-www-form-urlencoded"
UPDATE: Final = "application/sparql-update"
DIRECT: Final = "application/sparql-query"
CHARSET: Final = re.compile(r';\s*charset\s*=\s*"?([^";\s]*)', re.IGNORECASE)
# What "format" understands besides media types: the forms of rows, of yes or no, and of a graph.
JSON, XML, CSV, TSV = ROWS
TURTLE, JSON_LD, N_TRIPLES, RDF_XML = GRAPH
FORMATS: Final[Mapping[str, tuple[str, str, str]]] = {
    "json": (JSON, JSON, JSON_LD),
    "xml": (XML, XML, RDF_XML),
    "csv": (CSV, "", ""),
    "tsv": (TSV, "", ""),
    **dict.fromkeys(("ttl", "turtle", "n3"), ("", "", TURTLE)),
    **dict.fromkeys(("jsonld", "json-ld"), ("", "", JSON_LD)),
    **dict.fromkeys(("nt", "ntriples"), ("", "", N_TRIPLES)),
    **dict.fromkeys(("rdf", "rdfxml", "rdf+xml"), ("", "", RDF_XML)),
}
HTML: Final = "text/html"
FIELDS: Final = 1000
Parameters = Mapping[str, list[str]]


def read(text: bytes, more: bytes = b"") -> dict[str, list[str]]:
    """Return the parameters of a query string, and of a form sent with it.

    Raises:
        Refused: they are not in UTF-8, or far too many.

    """
    found: dict[str, list[str]] = {}
    try:
        for part in (text, more):
            # In text, since escapes that give no UTF-8 would be let through in bytes.
            pairs = parse_qsl(part.decode(), keep_blank_values=True, errors="strict", max_num_fields=FIELDS)
            for name, value in pairs:
                found.setdefault(name, []).append(value)
    except UnicodeDecodeError as error:
        raise Refused(400, "protocol-not-utf8") from error
    except ValueError as error:
        raise Refused(400, "protocol-too-many", {"most": FIELDS}) from error
    return found


def of_post(kind: str, query_string: bytes, body: bytes) -> dict[str, list[str]]:
    """Return the parameters of a POST by its media type.

    Raises:
        Refused: the media type is none of the two, or the content is not in UTF-8.

    """
    name = kind.partition(";")[0].strip().lower()
    charset = CHARSET.search(kind)
    if name == UPDATE:
        raise Refused(415, "protocol-update")
    if name not in (FORM, DIRECT) or (charset and not _is_utf8(charset[1])):
        raise Refused(415, "protocol-media-type", {"accepted": f"{FORM}, {DIRECT}"})
    if name == FORM:
        return read(query_string, body.strip(b"\r\n"))
    found = read(query_string)
    try:
        found.setdefault("query", []).append(body.decode())
    except UnicodeDecodeError as error:
        raise Refused(400, "protocol-not-utf8") from error
    return found


def question(given: Parameters, accept: str) -> Question:
    """Return what is asked.

    Raises:
        Refused: the protocol wants exactly one query, or there is no such form.

    """
    if "update" in given or "using-graph-uri" in given or "using-named-graph-uri" in given:
        raise Refused(400, "protocol-update")
    queries = given.get("query", [])
    if len(queries) != 1:
        raise Refused(400, "protocol-two-queries" if queries else "protocol-no-query")
    rows, truth, graph = forms(format_of(given), accept)
    return Question(
        queries[0],
        rows,
        truth,
        graph,
        tuple(one for one in given.get("default-graph-uri", []) if one),
        tuple(one for one in given.get("named-graph-uri", []) if one),
    )


@lru_cache(1024)
def forms(asked: str, accept: str) -> tuple[str, str, str]:
    """Return the media type for rows, for yes or no, and for a graph; empty where none suits.

    Raises:
        Refused: the parameter ``format`` names none that there is.

    """
    named = asked and asked != "html"
    found = _named(asked) if named else ("", "", "")
    if not named or "*/*" not in (accept or "*/*"):
        # What "format" leaves open is for Accept to say; some clients send both, and mean Accept.
        by_header = (negotiate.media_type(tuple(kind), accept or "*/*") for kind in (ROWS, TRUTH, GRAPH))
        found = tuple(one or other for one, other in zip(found, by_header, strict=True))
    if named and not any(found):
        raise Refused(400, "protocol-format", {"format": asked[:80], "known": ", ".join(FORMATS)})
    return found[0], found[1], found[2]


def _named(asked: str) -> tuple[str, ...]:
    """Return the media types that a list of names and media types stands for, the first of each kind."""
    kinds = (tuple(ROWS), tuple(TRUTH), tuple(GRAPH))
    read = [
        FORMATS.get(one) or tuple(negotiate.media_type(kind, one) if one else "" for kind in kinds)
        for one in (part.strip("+") for part in asked.split(","))
    ]
    return tuple(next(filter(None, kind), "") for kind in zip(*read, strict=True))


def wants_page(given: Parameters, accept: str) -> bool:
    """Whether the asker is a person with a browser."""
    return _wants_page(format_of(given), accept)


def format_of(given: Parameters) -> str:
    """Return the format that is asked for by its parameter; empty when none is."""
    return given["format"][-1].strip().lower().replace(" ", "+") if "format" in given else ""


@lru_cache(1024)
def _wants_page(asked: str, accept: str) -> bool:
    if asked:
        return asked == "html"
    return negotiate.media_type((JSON, TURTLE, HTML, XML, RDF_XML), accept or "*/*") == HTML


def _is_utf8(name: str) -> bool:
    try:
        return codecs.lookup(name).name in ("utf-8", "ascii")
    except LookupError:
        return False
