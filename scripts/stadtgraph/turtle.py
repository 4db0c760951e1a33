"""Where things stand in a Turtle file.

Parsers tell what a file states but not where; people need the line. This reads the tokens of Turtle
(W3C Recommendation, section 6) well enough to know in which line each subject, predicate and object of the
outer level stands. It is never used to learn what the file states.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final
from urllib.parse import urljoin

SPACE: Final = r"(?:[\s]++|\#[^\n]*+)"
IRI: Final = r"""<[^<>"{}|^`\\\x00-\x20]*+(?:\\[uU][0-9A-Fa-f]++[^<>"{}|^`\\\x00-\x20]*+)*+>"""
STRING: Final = r"""(?:\"{3}(?:[^"\\]++|\\.|"(?!""))*+\"{3} | '{3}(?:[^'\\]++|\\.|'(?!''))*+'{3}
        | "(?:[^"\\\n]++|\\.)*+" | '(?:[^'\\\n]++|\\.)*+')"""
TAG: Final = r"(?:@[A-Za-z]++(?:-[A-Za-z0-9]++)*+ | \^\^)"
NAME: Final = r"""(?:[^\s;,.()\[\]{}<>"'\#\\]|\\.|\.(?=[^\s;,()\[\]{}<>"'\#]))++"""
TOKEN: Final = re.compile(
    rf"(?P<space>{SPACE}) | (?P<iri>{IRI}) | (?P<string>{STRING}) | (?P<tag>{TAG})"
    rf"| (?P<mark>[;,.()\[\]{{}}]) | (?P<name>{NAME})",
    re.VERBOSE | re.DOTALL,
)
# A whole statement in one step: its subject, what is stated of it first, and the rest.
STATEMENT: Final = re.compile(
    rf"""(?P<before>{SPACE}*+) (?P<subject>{IRI}|(?!\.){NAME}) (?P<between>{SPACE}++)
    (?P<stated>{IRI}|(?!\.){NAME}) (?:{SPACE}|{IRI}|{STRING}|{TAG}|[;,()\[\]]|(?!\.){NAME})*+ \.""",
    re.VERBOSE | re.DOTALL,
)
DIRECTIVE: Final = re.compile(
    rf"{SPACE}*+ @?(?i:prefix|base) {SPACE}*+ (?:(?!\.){NAME})? {SPACE}*+ {IRI} (?:{SPACE}*+ \.)?",
    re.VERBOSE | re.DOTALL,
)
RDF_TYPE: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
# What begins a line: a directive or, most likely, a subject.
START: Final = re.compile(
    rb"""(?mix)^(?: (?P<directive> @?(?:prefix\s+ (?P<bound>[\w.-]*): | base) \s* <(?P<space>[^<>\n]*)> )
    | (?P<iri> <[^<>\n]*> ) | (?P<name> [\w.\x80-\xff-]*) : (?P<local> [^\s;,]*) ) (?=\s)"""
)


@dataclass
class Places:
    """Lines by what stands there: subjects, (subject, predicate), (subject, predicate, object).

    ``typed`` has the lines in which a subject begins to be given a class: several where it begins anew.
    """

    subjects: dict[str, int] = field(default_factory=dict)
    predicates: dict[tuple[str, str], int] = field(default_factory=dict)
    objects: dict[tuple[str, str, str], int] = field(default_factory=dict)
    blanks: list[int] = field(default_factory=list)
    namespaces: dict[str, int] = field(default_factory=dict)
    typed: dict[str, set[int]] = field(default_factory=dict)

    def line(self, subject: str, predicate: str = "", value: str = "") -> int:
        """Return the line of the most exact place known, 0 when the subject does not stand in the file."""
        if value and not predicate:
            lines = [line for (s, _, o), line in self.objects.items() if (s, o) == (subject, value)]
            return min(lines, default=0)
        return (
            self.objects.get((subject, predicate, value))
            or self.predicates.get((subject, predicate))
            or self.subjects.get(subject, 0)
        )


def tokens(text: str, line: int = 1) -> Iterator[tuple[str, str, int]]:
    """Yield kind, text and line of each token; the first line has the number ``line``."""
    for match in TOKEN.finditer(text):
        kind, token = match.lastgroup or "", match.group()
        if kind == "space":
            line += token.count("\n")
            continue
        yield kind, token, line
        if kind == "string":
            line += token.count("\n")


def _absolute(iri: str, base: str) -> str:
    """Resolve a relative IRI; ``urljoin`` would drop a # at the end."""
    return iri if not base or ":" in iri else urljoin(base, iri) + "#" * iri.endswith("#")


class Names:
    """The prefixes and the base of a document, as far as it has been read."""

    def __init__(self, base: str) -> None:
        self.spaces: dict[str, str] = {"@": base}
        self.declared: dict[str, int] = {}
        self._directive = ""

    def take(self, kind: str, token: str, line: int, between: bool) -> bool:
        """Take a token of a directive; say whether it was one. One begins only ``between`` statements."""
        if self._directive:
            if kind == "name" and token.endswith(":"):
                self._directive = token
            elif kind == "iri" and self._directive.endswith(":"):
                self.spaces[self._directive.removesuffix(":")] = self.resolve(kind, token)
                self.declared.setdefault(token[1:-1], line)
                self._directive = ""
            elif kind == "iri":
                self.spaces["@"] = self.resolve(kind, token)
                self._directive = ""
            return True
        if between and token.lower() in ("@prefix", "prefix", "@base", "base"):
            self._directive = token
            return True
        return False

    def resolve(self, kind: str, token: str) -> str:
        """Return the IRI or the text that a token stands for."""
        if kind == "iri":
            return _absolute(token[1:-1], self.spaces["@"])
        if kind == "string":
            return token.strip(token[0])
        if token == "a":
            return RDF_TYPE
        prefix, colon, local = token.partition(":")
        if not colon or prefix not in self.spaces:
            return token
        return self.spaces[prefix] + (re.sub(r"\\(.)", r"\1", local) if "\\" in local else local)


def places(text: str, base: str = "") -> Places:
    """Find the lines of everything at the outer level of a Turtle document that has been parsed before."""
    found = Places()
    begin = 0
    for subject, predicate, value, line in _outer(text, Names(base), found):
        begin = begin if predicate else line
        if predicate == RDF_TYPE:
            found.typed.setdefault(subject, set()).add(begin)
        if value is not None:
            found.objects.setdefault((subject, predicate, value), line)
        elif predicate:
            found.predicates.setdefault((subject, predicate), line)
        else:
            found.subjects.setdefault(subject, line)
    return found


class Lines:
    """The line of each subject of a document: twelve bytes a subject."""

    def __init__(self, text: str, predicate: str) -> None:
        found: dict[int, int] = {}
        exact: set[int] = set()
        for subject, stated, line in _stated(text, predicate):
            key = hash(subject)
            if stated == predicate and key not in exact:
                exact.add(key)
                found[key] = line
            else:
                found.setdefault(key, line)
        self._keys = array("q", sorted(found))
        self._lines = array("I", map(found.__getitem__, self._keys))

    def line(self, subject: str) -> int:
        """Return where a subject first has the property, else stands; 0 when it does not stand there."""
        key = hash(subject)
        at = bisect_left(self._keys, key)
        return self._lines[at] if at < len(self._keys) and self._keys[at] == key else 0


def _stated(text: str, predicate: str) -> Iterator[tuple[str, str, int]]:
    """Yield subject, property and line of what is stated; of a subject no more once ``predicate`` came."""
    names, at, line = Names(""), 0, 1
    while match := STATEMENT.match(text, at):
        if directive := DIRECTIVE.match(text, at):
            match = directive
            for kind, token, _ in tokens(directive.group()):
                names.take(kind, token, line, True)
        else:
            subject, stated = (_named(names, match[group]) for group in ("subject", "stated"))
            begins = line + match["before"].count("\n")
            if stated == predicate:
                yield subject, stated, begins + match["between"].count("\n")
            else:
                yield from _all(match.group(), names, line)
        line += text.count("\n", at, match.end())
        at = match.end()
    yield from _all(text[at:], names, line)


def _named(names: Names, token: str) -> str:
    return names.resolve("iri" if token.startswith("<") else "name", token)


def _all(text: str, names: Names, line: int) -> Iterator[tuple[str, str, int]]:
    for subject, stated, value, place in _outer(text, names, Places(), line):
        if value is None:
            yield subject, stated, place


def _outer(
    text: str, names: Names, found: Places, first: int = 1
) -> Iterator[tuple[str, str, str | None, int]]:
    """Yield the line of each subject, then of each property, then of each value; note other places."""
    found.namespaces = names.declared
    subject = predicate = ""
    depth = 0
    for kind, token, line in tokens(text, first):
        if token in ("[", "(") or token.startswith("_:"):
            found.blanks.append(line)
        if names.take(kind, token, line, depth == 0 and not subject):
            continue
        if token in ("[", "(", "{"):
            depth += 1
            subject = subject or "[]"
        elif token in ("]", ")", "}"):
            depth -= 1
        elif depth or kind == "tag":
            continue
        elif token == ".":
            subject = predicate = ""
        elif token == ";":
            predicate = ""
        elif token == ",":
            continue
        elif not subject:
            subject = names.resolve(kind, token)
            yield subject, "", None, line
        elif not predicate:
            predicate = names.resolve(kind, token)
            yield subject, predicate, None, line
        else:
            yield subject, predicate, names.resolve(kind, token), line


def places_of(content: bytes, wanted: Collection[str], base: str) -> Places:
    """Find the lines of some subjects in a document of any size; subjects have to begin a line."""
    names, parts, begin = {b"@": base.encode()}, [""], 0
    asked = {iri.encode() for iri in wanted}
    for start, following in pairwise([*START.finditer(content), None]):
        if start is None:
            break
        if start["directive"]:
            space = _absolute(start["space"].decode(errors="replace"), names[b"@"].decode())
            names[b"@" if start["bound"] is None else start["bound"]] = space.encode()
        elif start["iri"]:
            iri = start["iri"][1:-1]
            if (
                iri not in asked
                and _absolute(iri.decode(errors="replace"), names[b"@"].decode()) not in wanted
            ):
                continue
        elif names.get(start["name"], b":") + start["local"].replace(b"\\", b"") not in asked:
            continue
        parts.append("\n" * content.count(b"\n", begin, start.start()))
        begin = following.start() if following else len(content)
        parts.append(content[start.start() : begin].decode(errors="replace"))
    return places("".join(parts), base)


def longest_text(document: str) -> tuple[int, int]:
    """Return line and length of the longest string of a Turtle document."""
    strings = [(len(token), line) for kind, token, line in tokens(document) if kind == "string"]
    length, line = max(strings, default=(0, 1))
    return line, length
