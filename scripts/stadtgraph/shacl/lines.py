"""Where nodes without an IRI stand in a shapes graph: parsers give them names that no file has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

import pyoxigraph as ox

from stadtgraph.namespaces import VOCABULARIES
from stadtgraph.shacl.documents import TURTLE_LIKE, Source, content_of, form_of, statements
from stadtgraph.shacl.model import Name
from stadtgraph.shacl.report import Fault
from stadtgraph.turtle import Names, tokens

FIRST, REST, NIL = (VOCABULARIES["rdf"] + name for name in ("first", "rest", "nil"))
END: Final = ("", "", 0)


class Statement(NamedTuple):
    """A statement, and the line of its predicate."""

    subject: str
    predicate: str
    value: str
    line: int


NOWHERE: Final = Statement("", "", "", 0)


class Statements:
    """The statements of a Turtle document at every level.

    Nodes without an IRI are called as in the document, or ``[1`` and so on; ``begun`` has the lines in which
    they begin.
    """

    def __init__(self, text: str, base: str = "") -> None:
        self.begun: dict[str, int] = {}
        self._tokens = [*tokens(text), END]
        self._at = 0
        self._names = Names(base)
        self._found: list[tuple[int, int, Statement]] = []

    def in_order(self) -> list[Statement]:
        """Return the statements of a document that has been parsed before, in the parser's order.

        The parser gives them with the token that ends them, of several the last one first.

        Raises:
            LookupError: this is not Turtle 1.1.
            RecursionError: there are very many brackets within each other.

        """
        while self._tokens[self._at] != END:
            if self._names.take(*self._tokens[self._at], between=True) or self._is("."):
                self._at += 1
            else:
                self._about(self._subject(), ".")
        return [statement for *_, statement in sorted(self._found, key=lambda found: found[:2])]

    def _is(self, token: str) -> bool:
        return self._tokens[self._at][1] == token

    def _take(self) -> tuple[str, str, int]:
        self._at += 1
        return self._tokens[self._at - 1]

    def _begin(self, line: int) -> str:
        name = f"[{len(self.begun)}"
        self.begun[name] = line
        return name

    def _state(self, subject: str, predicate: str, value: str, line: int, token: int) -> None:
        self._found.append((token, -len(self._found), Statement(subject, predicate, value, line)))

    def _subject(self) -> str:
        """Read a node and what stands in its brackets; return what it is called."""
        kind, token, line = self._take()
        if token == "[":
            node = self._begin(line)
            self._about(node, "]")
            return node
        if token == "(" and not self._is(")"):
            node = self._begin(line)
            self._members(node)
            return node
        if token == "(":
            self._at += 1
            return NIL
        if token.startswith("_:"):
            self.begun.setdefault(token, line)
            return token
        return self._names.resolve(kind, token)

    def _about(self, subject: str, end: str) -> None:
        while not self._is(end):
            kind, token, line = self._take()
            while token != ";":
                self._object(subject, self._names.resolve(kind, token), line)
                if not self._is(","):
                    break
                self._at += 1
        self._at += 1

    def _object(self, subject: str, predicate: str, line: int) -> None:
        """Read a value; that it is a list is stated before its members are."""
        kind, token, begin = self._tokens[self._at]
        after = self._tokens[self._at + 1]
        if token == "(" and after[1] != ")":
            self._at += 1
            node = self._begin(begin)
            self._state(subject, predicate, node, line, self._at)
            self._members(node)
            return
        if kind == "string":
            # A language or a datatype ends it, or else whatever comes next.
            self._at += {"^^": 3}.get(after[1], 1 + (after[0] == "tag"))
            ended = self._at - (after[0] == "tag")
            self._state(subject, predicate, self._names.resolve(kind, token), line, ended)
        else:
            value = self._subject()
            self._state(subject, predicate, value, line, self._at - 1)

    def _members(self, node: str) -> None:
        while True:
            self._object(node, FIRST, self._tokens[self._at][2])
            line = self._tokens[self._at][2]
            if self._is(")"):
                self._state(node, REST, NIL, line, self._at)
                self._at += 1
                return
            following = self._begin(line)
            self._state(node, REST, following, line, self._at)
            node = following


@dataclass(frozen=True)
class Blank:
    """Where a node without an IRI stands: its file, the line in which it begins, those of its properties.

    A line that is not known is 0.
    """

    file: str
    line: int
    predicates: dict[str, int] = field(default_factory=dict)


def blanks_of(sources: Iterable[Source]) -> list[Blank]:
    """Return where the nodes without an IRI stand, in the order of ``Columns.blanks``."""
    found: dict[str, Blank] = {}
    for source in sources:
        quads = list(statements(source))
        written, begun = _written(source, quads)
        for quad, statement in zip(quads, written, strict=True):
            for term, name in ((quad.subject, statement.subject), (quad.object, statement.value)):
                if isinstance(term, ox.BlankNode):
                    found.setdefault(term.value, Blank(str(source), begun.get(name, 0)))
            if isinstance(quad.subject, ox.BlankNode):
                lines = found[quad.subject.value].predicates
                lines.setdefault(quad.predicate.value, statement.line)
    return list(found.values())


def place_of(what: Fault | Name, blanks: Sequence[Blank]) -> tuple[str, int]:
    """Return file and line of a node without an IRI, those of a property where a fault is about one."""
    if not 0 < what.blank <= len(blanks):
        return "", 0
    blank = blanks[what.blank - 1]
    predicate = str(what.predicate) if isinstance(what, Fault) else ""
    return blank.file, blank.predicates.get(predicate) or blank.line


def _written(source: Source, quads: Sequence[ox.Quad]) -> tuple[Sequence[Statement], dict[str, int]]:
    """Return statements as they are written; ``NOWHERE`` where it is not plain which is which."""
    if form_of(source) in TURTLE_LIKE:
        text = content_of(source).decode(errors="replace").removeprefix("\ufeff")
        document = Statements(text, source.absolute().as_uri() if isinstance(source, Path) else "")
        try:
            written = document.in_order()
        except (LookupError, RecursionError):
            written = []
        if [each.predicate for each in written] == [quad.predicate.value for quad in quads]:
            return written, document.begun
    return [NOWHERE] * len(quads), {}
