"""A query's tokens, read before anything runs: what would leave the machine or change data is refused.

The tokens are the terminals of SPARQL 1.1 (section 19.8), so that a word in a text, a name or a comment is
not taken for a command. Where the store's parser would take apart what is one token here, the query is
refused as well: better one strange query too many than one request to somebody else's address.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from itertools import groupby, pairwise
from typing import Final, NamedTuple
from urllib.parse import urljoin

from stadtgraph.namespaces import near_misses, prefixes
from stadtgraph.sparql.refused import Refused, Said

_BASE: Final = (
    "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c\u200d\u2070-\u218f"
    "\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_CHARS: Final = _BASE + "_0-9\u00b7\u0300-\u036f\u203f\u2040\\-"
_ESCAPE: Final = r"%[0-9A-Fa-f]{2}|\\[_~.\-!$&'()*+,;=/?#@%]"
# A full stop belongs to a name unless the name ends with it. A prefix has a bound, since what begins
# like one is looked through for its colon.
_PREFIX: Final = rf"[{_BASE}](?:[{_CHARS}]|\.+(?=[{_CHARS}])){{0,100}}+"
_LOCAL: Final = rf"(?:[{_BASE}_:0-9]|{_ESCAPE})(?:[{_CHARS}:]|{_ESCAPE}|\.+(?=[{_CHARS}:%\\]))*+"
_POINT: Final = r"\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8}"
TOKENS: Final = re.compile(
    rf"""
    (?P<space>[ \t\r\n]+)
    |(?P<comment>\#[^\r\n]*)
    |(?P<iri><(?:[^\x00-\x20<>"{{}}|^`\\]|{_POINT})*+>)
    |(?P<text>\"\"\"(?:[^"\\]|\\.|"(?!""))*+\"\"\"|'''(?:[^'\\]|\\.|'(?!''))*+'''
        |"(?:[^"\\\n\r]|\\.)*+"|'(?:[^'\\\n\r]|\\.)*+')
    |(?P<variable>[?$][{_BASE}_0-9][{_BASE}_0-9\u00b7\u0300-\u036f\u203f\u2040]*)
    |(?P<blank>_:[{_BASE}_0-9](?:[{_CHARS}]|\.+(?=[{_CHARS}]))*+)
    |(?P<name>(?:{_PREFIX})?:(?:{_LOCAL})?)
    |(?P<number>(?:[0-9]+(?:\.[0-9]*(?=[eE][+-]?[0-9]))?|[0-9]*\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    |(?P<word>[A-Za-z_][A-Za-z_0-9]*)
    |(?P<lang>@[A-Za-z]+(?:-[A-Za-z0-9]+)*(?:--[A-Za-z]+)?)
    |(?P<sign>\^\^|&&|\|\||!=|<=|>=|<<|>>|\{{\||\|\}}|[{{}}()\[\];,.=<>!+\-*/|^?~])
    |(?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
BETWEEN: Final = frozenset(("space", "comment"))
CODE_POINTS: Final = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")
FORMS: Final = frozenset(("SELECT", "CONSTRUCT", "DESCRIBE", "ASK"))
UPDATES: Final = frozenset(
    ("INSERT", "DELETE", "LOAD", "CLEAR", "CREATE", "DROP", "COPY", "MOVE", "ADD", "WITH")
)
OPENING: Final = frozenset("{([")
CLOSING: Final = frozenset("})]")
# How deep brackets may be nested: the store's parser calls itself at each, until its process ends.
DEEPEST: Final = 250
# Functions that answer differently each time they are asked.
FLEETING: Final = frozenset(("RAND", "NOW", "UUID", "STRUUID", "BNODE"))
# An address that may also be read as a comparison, a SERVICE and the beginning of a comment.
AMBIGUOUS: Final = re.compile(r"\).*service.*#", re.IGNORECASE | re.DOTALL)


class Token(NamedTuple):
    """A piece of a query and where it begins."""

    kind: str
    text: str
    start: int


@dataclass(frozen=True)
class Read:
    """A query that may run: its text, and what its tokens tell."""

    text: str
    tokens: Sequence[Token]
    words: Set[str]
    known: Sequence[str]
    hints: tuple[Said, ...]

    @property
    def names_graphs(self) -> bool:
        """Whether the query names its own dataset."""
        return "FROM" in self.words

    @property
    def lasts(self) -> bool:
        """Whether the query is answered the same as long as the data are."""
        return FLEETING.isdisjoint(self.words)

    def place(self, start: int) -> tuple[int, int]:
        """Return line and column of a character."""
        before = self.text[:start]
        return before.count("\n") + 1, start - (before.rfind("\n") + 1) + 1

    def refuse(self, key: str, token: Token, *hints: Said, **values: str) -> Refused:
        """Return why the query is refused, at a token."""
        line, column = self.place(token.start)
        piece = token.text if len(token.text) <= 60 else token.text[:59] + "…"
        return Refused(400, key, dict(values), (*hints, *self.hints), line, column, piece)


def tokens(text: str) -> Iterator[Token]:
    """Yield the tokens of a query; joined again they give the text."""
    for match in TOKENS.finditer(text):
        yield Token(str(match.lastgroup), match[0], match.start())


def telling(text: str) -> list[Token]:
    """Return the tokens of a query without what stands between them."""
    return [
        Token(str(match.lastgroup), match[0], match.start())
        for match in TOKENS.finditer(text)
        if match.lastgroup not in BETWEEN
    ]


def read(
    text: str,
    base: str,
    prefixes: Mapping[str, str],
    graphs: Sequence[str],
    occurs: Callable[[str], bool] = lambda iri: False,
) -> Read:
    """Read a query.

    ``prefixes`` are those that it may use without declaring them, ``graphs`` those that there are; ``occurs``
    tells whether an IRI occurs in the data.

    Raises:
        Refused: the query would leave the store or change it, or cannot be understood from its tokens.

    """
    found = telling(text)
    if any(token.text == "\\" for token in found):
        text = _resolved(text)
        found = telling(text)
    words = {token.text.upper() for token in found if token.kind == "word"}
    known = {**prefixes, **declared(found)} if "PREFIX" in words else prefixes
    query = Read(text, found, words, tuple(known), _near_misses(found, base))
    if not found:
        raise Refused(400, "query-empty")
    _check_characters(query)
    _check_depth(query)
    _check_form(query)
    _check_services(query)
    if "PREFIX" in words:
        _check_declarations(query)
    _check_prefixes(query, known, occurs)
    if query.names_graphs:
        check_graphs(_from(found, known, base), graphs)
    return query


def check_graphs(asked: Iterable[str], graphs: Sequence[str]) -> None:
    """Check that each asked graph is one of those that there are.

    Raises:
        Refused: one is not; the message names those whose names are near.

    """
    for graph in asked:
        if graph not in graphs:
            near = get_close_matches(graph, graphs, 3, 0.6) or graphs[:5]
            raise Refused(400, "query-no-such-graph", {"graph": graph, "near": ", ".join(near) or "–"})


def _resolved(text: str) -> str:
    """Return a query with its code points in words and names resolved (section 19.2).

    The store resolves them in texts and addresses only.
    """
    runs = groupby(tokens(text), key=lambda token: token.kind in ("text", "iri", "comment"))
    parts = [(whole, "".join(token.text for token in run)) for whole, run in runs]
    return "".join(part if whole else _with_code_points(part) for whole, part in parts)


def _check_characters(query: Read) -> None:
    for token in query.tokens:
        if token.kind == "other":
            raise query.refuse("query-text-open" if token.text in "\"'" else "query-character", token)


def _check_depth(query: Read) -> None:
    depth = 0
    for token in query.tokens:
        if token.text in OPENING:
            depth += 1
            if depth > DEEPEST:
                raise query.refuse("query-too-deep", token, most=str(DEEPEST))
        elif token.text in CLOSING:
            depth -= 1


def _check_form(query: Read) -> None:
    words = (token for token in query.tokens if token.kind == "word")
    for token in words:
        word = token.text.upper()
        if word in UPDATES:
            raise query.refuse("query-is-update", token)
        if word in FORMS:
            return


def _check_services(query: Read) -> None:
    if "service" not in query.text.casefold():
        return
    follows = [*query.tokens[1:], Token("end", "", len(query.text))]
    for token, after in zip(query.tokens, follows, strict=True):
        folded = token.text.casefold()
        if "service" in folded and (
            token.kind == "word"
            or (token.kind == "name" and folded.partition(":")[0].endswith("service") and after.text == "{")
            or (token.kind == "iri" and AMBIGUOUS.search(token.text))
        ):
            raise query.refuse("query-service", token)


def _check_declarations(query: Read) -> None:
    follows = [*query.tokens[1:], query.tokens[-1], query.tokens[-1]]
    for word, name, address in zip(query.tokens, follows, follows[1:], strict=False):
        wrong = name.kind != "name" or not name.text.endswith(":") or address.kind != "iri"
        if wrong and word.kind == "word" and word.text.upper() == "PREFIX":
            raise query.refuse("query-prefix-form", name)


def _check_prefixes(query: Read, known: Mapping[str, str], occurs: Callable[[str], bool]) -> None:
    for before, token in zip((None, *query.tokens), query.tokens, strict=False):
        if token.kind == "name":
            name, _, local = token.text.partition(":")
            if name not in known:
                if before and before.text == "<" and before.start + 1 == token.start:
                    raise query.refuse("query-address", before)
                likely = [one for one, space in known.items() if occurs(space + local)]
                near = get_close_matches(name, likely, 1, 0) or get_close_matches(name, known, 1, 0.5)
                hint = [("query-prefix-near", {"name": near[0], "space": known[near[0]]})] if near else []
                raise query.refuse("query-prefix-unknown", token, *hint, name=name)


def declared(found: Sequence[Token]) -> dict[str, str]:
    """Return the prefixes that a query declares."""
    return {
        name.text.partition(":")[0]: address.text[1:-1]
        for word, name, address in zip(found, found[1:], found[2:], strict=False)
        if word.kind == "word" and word.text.upper() == "PREFIX"
        if name.kind == "name" and address.kind == "iri"
    }


def _from(found: Sequence[Token], known: Mapping[str, str], base: str) -> Iterator[str]:
    """Yield the graphs that a query names as its dataset."""
    for word, address in pairwise(found):
        if word.kind == "word" and word.text.upper() == "BASE" and address.kind == "iri":
            base = urljoin(base, address.text[1:-1])
        if word.kind == "word" and word.text.upper() in ("FROM", "NAMED"):
            if address.kind == "iri":
                yield urljoin(base, _with_code_points(address.text[1:-1]))
            elif address.kind == "name":
                name, _, local = address.text.partition(":")
                yield known[name] + re.sub(r"\\(.)", r"\1", local)


def near_misses_in(text: str, base: str) -> tuple[Said, ...]:
    """Return a hint for each namespace of a query that differs from a known one by little."""
    return _near_misses(telling(text), base)


def _near_misses(found: Sequence[Token], base: str) -> tuple[Said, ...]:
    hints = dict.fromkeys(_namespaces(found, base))
    return tuple((key, dict(values)) for key, values in hints)


def _namespaces(found: Sequence[Token], base: str) -> Iterator[tuple[str, tuple[tuple[str, str], ...]]]:
    """Yield a hint for each namespace that differs from a known one by little, and so matches nothing."""
    wrong = _wrong(base)
    for token in found:
        if token.kind == "iri":
            address = token.text[1:-1]
            space = address[: max(address.rfind("#"), address.rfind("/")) + 1]
            if space in wrong:
                yield "query-near-miss", (("right", wrong[space]), ("wrong", space))
    cut = _cut(base)
    for space in declared(found).values():
        if space in cut:
            yield "query-near-miss", (("right", cut[space]), ("wrong", space))


@cache
def _wrong(base: str) -> Mapping[str, str]:
    return near_misses(base)


@cache
def _cut(base: str) -> Mapping[str, str]:
    """Return namespaces without their last character, with the right one."""
    known = set(prefixes(base).values())
    spaces = {**near_misses(base), **{space: space for space in known}}
    return {space[:-1]: right for space, right in spaces.items() if space[:-1] not in known}


def _with_code_points(text: str) -> str:
    return CODE_POINTS.sub(lambda match: chr(int(match[1] or match[2], 16)), text)
