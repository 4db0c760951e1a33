"""RDF terms and triples: their text, their order, their bytes."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pyoxigraph import (
    BlankNode,
    DefaultGraph,
    Literal,
    NamedNode,
    Quad,
    RdfFormat,
    Triple,
    serialize,
)

from stadtgraph.namespaces import VOCABULARIES

TYPE = NamedNode(VOCABULARIES["rdf"] + "type")
Term = NamedNode | BlankNode | Literal | Triple | DefaultGraph


def text(term: Term | None) -> str:
    """Return an IRI without brackets, a literal without quotes; nothing for None."""
    match term:
        case NamedNode() | BlankNode() | Literal():
            return term.value
        case None:
            return ""
    return str(term)


def in_order(triples: Iterable[Triple]) -> list[Triple]:
    """Return triples once each: by subject, its class first, then by predicate and object."""
    return sorted(set(triples), key=_order)


def quads_in_order(quads: Iterable[Quad]) -> list[Quad]:
    """Return quads by graph, then as triples."""
    return sorted(quads, key=lambda quad: (str(quad.graph_name), *_order(quad.triple)))


def _order(triple: Triple) -> tuple[str, bool, str, str]:
    return str(triple.subject), triple.predicate != TYPE, triple.predicate.value, str(triple.object)


def to_bytes(
    statements: list[Triple] | list[Quad], form: RdfFormat, prefixes: dict[str, str] | None = None
) -> bytes:
    """Write statements in the order in which they come; Turtle and TriG as a person would lay them out."""
    content = serialize(statements, format=form, prefixes=prefixes)
    if content is None:
        raise TypeError("serialize returns bytes when it is given no output")
    return _laid_out(content.decode()).encode() if form in (RdfFormat.TURTLE, RdfFormat.TRIG) else content


def _laid_out(document: str) -> str:
    """Sort the prefixes, drop those that are not used, part the subjects, indent by four.

    The serializer escapes line ends in literals, so each line is one of the document's own.
    """
    lines = document.removesuffix("\n").split("\n")
    body = [line.replace("\t", "    ") for line in lines if not line.startswith("@prefix ")]
    used = set(re.findall(r"(?:^|(?<=[\s(,^]))([A-Za-z][\w-]*):", "\n".join(body), re.MULTILINE))
    head = sorted(line for line in lines if line.startswith("@prefix ") and line[8 : line.index(":")] in used)
    parted = [line if line.startswith((" ", "}")) else f"\n{line}" for line in body]
    return "\n".join([*head, *parted]) + "\n"
