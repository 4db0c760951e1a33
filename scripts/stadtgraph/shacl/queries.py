"""Write the queries of a shapes graph so that pyoxigraph can pre-bind variables (SHACL, appendix A)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from itertools import pairwise
from typing import Final, NamedTuple

import pyoxigraph as ox

from stadtgraph.shacl.graphs import Term
from stadtgraph.shacl.mentions import prefixes_in
from stadtgraph.shacl.model import Query
from stadtgraph.shacl.paths import Path, as_sparql
from stadtgraph.shacl.unfit import Unfit

TOKEN: Final = re.compile(
    r"""(?sx)
    (?P<skip> \s+ | \#[^\n\r]* | "{3}.*?(?<!\\)"{3} | '{3}.*?(?<!\\)'{3}
              | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*'
              | <[^<>"{}|^`\\\s]*> | [\w.-]*:[\w.:%\\-]* | @[\w-]+ )
    | [?$](?P<variable>\w+) | (?P<word>\w+) | (?P<sign>.)"""
)
NEVER: Final = "urn:never"  # stands in no graph


class _Token(NamedTuple):
    text: str  # a variable with ?, a word in capitals, or a sign
    start: int
    end: int


def _tokens(text: str) -> list[_Token]:
    """Return variables, words and signs; literals, IRIs and prefixed names say nothing about scopes."""
    found = []
    for match in TOKEN.finditer(text):
        if match["variable"]:
            found.append(_Token("?" + match["variable"], match.start(), match.end()))
        elif match["skip"] is None:
            found.append(_Token(match[0].upper(), match.start(), match.end()))
    return [*found, _Token("", len(text), len(text))]


def read_query(
    text: str,
    prefixes: Mapping[str, str],
    node: Term,
    messages: tuple[ox.Literal, ...],
    path: Path | None,
    parameters: Collection[str] = (),
) -> Query:
    """Make a query of a text in a shapes graph.

    Raises:
        Unfit: it is no SPARQL, or appendix A rules it out.

    """
    tokens = _tokens(text := _with_path(text, path))
    verb = next(
        (token.text for token in tokens if token.text in ("ASK", "SELECT", "CONSTRUCT", "DESCRIBE")), ""
    )
    if verb not in ("ASK", "SELECT"):
        raise Unfit("query-form")
    may_bind = ["this", *(["value"] if verb == "ASK" else []), *parameters]
    _check(tokens, may_bind)
    mentioned = {token.text[1:] for token in tokens if token.text.startswith("?")}
    bound = mentioned & {*may_bind, "currentShape"}
    once = verb == "SELECT" and _is_free(tokens)
    tokens = _tokens(text := _allowing_for(text, tokens, bound - {"this"} if once else bound))
    start = "".join(f"PREFIX {name}: <{space}>\n" for name, space in prefixes.items())
    text = start + (_asking(text, tokens, bound) if verb == "ASK" else _showing(text, tokens, bound))
    try:
        ox.Store().query(text)
    except SyntaxError as error:
        raise _explained(error.msg, text, prefixes) from error
    return Query(text, node, verb == "ASK", frozenset(bound), once, messages, path is not None)


def _explained(reason: str, text: str, prefixes: Mapping[str, str]) -> Unfit:
    """Say what is wrong without the parser's list of all characters that might have come."""
    for prefix in prefixes_in(text):
        if not re.search(rf"(?i)\bprefix\s+{re.escape(prefix)}:", text):
            return Unfit("query-prefix", prefix=prefix)
    place = re.match(r"error at (\d+):", reason)
    line = int(place[1]) if place else 1 + len(prefixes)
    near = text.splitlines()[line - 1].strip()[:80]
    return Unfit("query-line", line=line - len(prefixes), near=near)


def _with_path(text: str, path: Path | None) -> str:
    for token in reversed([token for token in _tokens(text) if token.text == "?PATH"]):
        if path is None:
            raise Unfit("query-path")
        text = text[: token.start] + as_sparql(path) + text[token.end :]
    return text


def _allowing_for(text: str, tokens: list[_Token], bound: Collection[str]) -> str:
    """Let each group mention what is pre-bound, in a pattern that never matches.

    pyoxigraph's planner takes a variable that no pattern could bind for unbound: BOUND becomes false and
    BIND is dropped where it depends on such a variable.
    """
    if not any(token.text in ("AS", "BOUND", "COALESCE", "IF") for token in tokens):
        return text
    patterns = "".join(f" OPTIONAL {{ <{NEVER}> <{NEVER}> ?{name} }}" for name in sorted(bound))
    for token, after in reversed(list(pairwise(tokens))):
        if token.text == "{" and after.text != "SELECT":
            text = text[: token.end] + patterns + text[token.end :]
    return text


def _check(tokens: list[_Token], may_bind: list[str]) -> None:
    for number, token in enumerate(tokens):
        if token.text in ("MINUS", "SERVICE", "VALUES"):
            raise Unfit("query-word", word=token.text)
        if token.text == "AS" and tokens[number + 1].text[1:] in may_bind:
            raise Unfit("query-as", name=tokens[number + 1].text)
        if token.text == "?shapesGraph":
            raise Unfit("query-shapes-graph")
    depth = 0
    for number, token in enumerate(tokens):
        depth += {"{": 1, "}": -1}.get(token.text, 0)
        if token.text == "SELECT":
            shown = _head(tokens, number)
            if depth == 0 and not shown & {"?this", "*"}:
                raise Unfit("query-this")
            if depth > 0 and (missing := [name for name in may_bind if "?" + name not in shown]):
                raise Unfit("query-within", name=missing[0])


def _head(tokens: list[_Token], at: int) -> set[str]:
    """Return what is selected as it is: what stands before the pattern outside parentheses."""
    head, depth = set(), 0
    for token in tokens[at + 1 :]:
        if token.text in ("{", "WHERE", "FROM"):
            break
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if depth == 0:
            head.add(token.text)
    return head


def _asking(text: str, tokens: list[_Token], bound: Collection[str]) -> str:
    """Write ASK as a SELECT that shows what is bound, since pyoxigraph binds no other variables."""
    verb = next(token for token in tokens if token.text == "ASK")
    shown = " ".join(f"?{name}" for name in sorted(bound)) or "(1 AS ?one)"
    return f"{text[: verb.start]}SELECT {shown}{text[verb.end :]}"


def _showing(text: str, tokens: list[_Token], bound: Collection[str]) -> str:
    """Let a SELECT show all variables that are bound before, and group by them."""
    depth, places, missing = 0, [], set[str]()
    for number, token in enumerate(tokens):
        depth += {"{": 1, "}": -1}.get(token.text, 0)
        if token.text == "SELECT" and depth == 0:
            head = _head(tokens, number)
            missing = {f"?{name}" for name in bound} - head
            if "*" in head and missing - {"?this"}:
                raise Unfit("query-star")
            places.append(tokens[number + 1].end if head & {"DISTINCT", "REDUCED"} else token.end)
        if token.text == "GROUP" and depth == 0:
            places.append(tokens[number + 1].end)
    for place in reversed(places if missing else []):
        text = f"{text[:place]} {' '.join(sorted(missing))}{text[place:]}"
    return text


def _is_free(tokens: list[_Token]) -> bool:
    """Say whether the query gives the same rows when ``$this`` is left free and rows are picked afterwards.

    Appendix A joins the bound value to every pattern. That is the same as picking rows if each group
    that mentions ``$this`` binds it by a triple of its own that comes first, and if OPTIONAL and EXISTS
    mention it only where the group that they belong to has bound it. When in doubt, no.
    """
    if any(token.text in ("LIMIT", "OFFSET", "GRAPH", "?currentShape") for token in tokens):
        return False
    groups: list[str] = []  # of each open group: "unbound", "bound", "exists", "too late"
    parentheses = 0
    for number, token in enumerate(tokens):
        before = tokens[number - 1].text if number else ""
        owner = next((group for group in reversed(groups) if group != "exists"), "")
        if token.text == "{":
            inside = bool(groups) and groups[-1] == "exists"
            late = owner == "too late" or (before == "OPTIONAL" and owner == "unbound")
            groups.append("exists" if inside or before == "EXISTS" else "too late" if late else "unbound")
        elif token.text == "}":
            groups.pop()
        elif token.text in ("(", ")"):
            parentheses += 1 if token.text == "(" else -1
        elif token.text == "?" or (
            token.text == "*" and before not in ("(", "SELECT", "DISTINCT", "REDUCED")
        ):
            return False  # a path of length zero leads to nodes that stand in no triple
        elif token.text == "SELECT" and "exists" in groups:
            return False
        elif token.text == "?this" and groups:
            if groups[-1] == "unbound" and not parentheses:
                groups[-1] = "bound"
            elif owner != "bound":
                return False
    return True
