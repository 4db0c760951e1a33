"""RDF terms and triples: their text, their order, their bytes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from io import BytesIO
from tempfile import TemporaryFile
from typing import IO, Any, Final, Protocol, cast

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
LAID_OUT: Final = (RdfFormat.TURTLE, RdfFormat.TRIG)
USED: Final = re.compile(rb"(?:^|(?<=[\s(,^]))([A-Za-z][\w-]*):", re.MULTILINE)
CHUNK: Final = 1 << 18  # bytes that are laid out at a time
# A bare carriage return is read as a line end (XML 1.0, section 2.11); the serializer leaves it bare.
RETURN: Final = (b"\r", b"&#xD;")


class Out(Protocol):
    """Where bytes are written."""

    def write(self, content: bytes, /) -> Any:
        """Write some more."""

    def flush(self) -> Any:
        """Leave nothing in between."""


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


def _order(triple: Triple) -> tuple[str, bool, str, str]:
    return str(triple.subject), triple.predicate != TYPE, triple.predicate.value, str(triple.object)


def to_bytes(
    statements: Iterable[Triple] | Iterable[Quad], form: RdfFormat, prefixes: dict[str, str] | None = None
) -> bytes:
    """Return statements in the order in which they come; Turtle and TriG as a person would lay them out."""
    content = serialize(statements, format=form, prefixes=prefixes)
    if content is None:
        raise TypeError("serialize returns bytes when it is given no output")
    if form not in LAID_OUT:
        return content.replace(*RETURN) if form == RdfFormat.RDF_XML else content
    out = BytesIO()
    _lay_out(BytesIO(content), out)
    return out.getvalue()


def write(
    statements: Iterable[Triple] | Iterable[Quad], form: RdfFormat, prefixes: dict[str, str], out: Out
) -> None:
    """Write what ``to_bytes`` returns without ever holding the whole of it."""
    if form not in LAID_OUT:
        written = InXml(out) if form == RdfFormat.RDF_XML else out
        serialize(statements, cast("IO[bytes]", written), form, prefixes=prefixes)
        return
    with TemporaryFile() as plain:
        serialize(statements, plain, form, prefixes=prefixes)
        plain.seek(0)
        _lay_out(plain, out)


class InXml:
    """Where XML is written whose texts keep their carriage returns."""

    def __init__(self, out: Out) -> None:
        self._out = out
        self.flush = out.flush

    def write(self, part: bytes) -> int:
        """Write some more."""
        self._out.write(part.replace(*RETURN))
        return len(part)


def _lay_out(plain: IO[bytes], out: Out) -> None:
    """Sort the prefixes, drop those that are not used, part the subjects, indent by four.

    The serializer escapes line ends in literals, so each line is one of the document's own.
    """
    declared: list[bytes] = []
    used: set[bytes] = set()
    for lines in iter(lambda: plain.readlines(CHUNK), []):
        declared += [line for line in lines if line.startswith(b"@prefix ")]
        used.update(USED.findall(b"".join([line for line in lines if not line.startswith(b"@prefix ")])))
    out.write(b"".join(sorted(line for line in declared if line[8 : line.index(b":")] in used)))
    plain.seek(0)
    for lines in iter(lambda: plain.readlines(CHUNK), []):
        body = [line.replace(b"\t", b"    ") for line in lines if not line.startswith(b"@prefix ")]
        out.write(b"".join([line if line.startswith((b" ", b"}")) else b"\n" + line for line in body]))
