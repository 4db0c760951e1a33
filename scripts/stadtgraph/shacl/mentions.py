"""Say which predicates a SPARQL query can read: those of the IRIs that it mentions, or any.

It reads no statement whose predicate it does not mention, unless a variable stands where a predicate does, or
a path that may have no step or is negated. So each token is given its place in the patterns, which is a
hundred times as fast as rdflib's algebra. Queries come here after pyoxigraph has read them. When in doubt, a
query reads anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from stadtgraph.namespaces import VOCABULARIES

TOKEN: Final = re.compile(
    r"""(?sx)
    (?P<skip> \s+ | \#[^\n\r]* )
    | (?P<text> (?: "{3}(?:\\.|[^\\])*?"{3} | '{3}(?:\\.|[^\\])*?'{3}
                | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*' ) (?: @[\w-]+ )? )
    | <(?P<iri> [^<>"{}|^`\\\s]* )>
    | (?P<prefix> (?:\w[\w.-]*)? ) : (?P<name> (?:[\w.:-]|%[0-9A-Fa-f]{2}|\\.)* (?:(?<!\.)|(?<=\\\.)) )
    | [?$](?P<variable> \w+ )
    | (?P<number> \d*\.\d+(?:[eE][+-]?\d+)? | \d+(?:\.?[eE][+-]?\d+)? )
    | (?P<word> \w+ )
    | (?P<sign> \^\^ | . )"""
)
# What may come in each place, and which place follows; "list>end" says that an inner one opens, after which
# comes the other. Where nothing is said, it is a query that we do not understand.
GROUP: Final = {"{": "subject>subject", "}": "", "word": "constraint"}
VERBS: Final = {"]": "", ".": "subject", ";": "verb", **GROUP}
PLACES: Final = {
    "subject": {"term": "verb", "variable": "verb", "[": "verb>verb", "(": "list>verb", ".": "subject"}
    | GROUP,
    "verb": {"term": "object", "a": "object", "^": "verb", "(": "verb>object"} | VERBS,
    "object": {
        **dict.fromkeys("/|", "verb"),  # the path goes on
        **dict.fromkeys("+-", "object"),
        ")": "",
        "term": "end",
        "variable": "end",
        "[": "verb>end",
        "(": "list>end",
    },
    "end": {",": "object", "^^": "object"} | VERBS,
    "list": dict.fromkeys(("term", "variable", "^^", "+", "-"), "list")
    | {"[": "verb>list", "(": "list>list", ")": ""},
    "constraint": dict.fromkeys(("term", "variable", "word", "a"), "constraint")
    | {"(": "expression>subject", "{": "subject>subject"},
    "expression": {"(": "expression>expression", "{": "subject>expression", ")": ""},
    "head": {"{": "subject>head", "}": ""},  # of a query, and what follows its pattern
}
FREE: Final = ("expression", "head")  # where anything else may stand
LIST: Final = (VOCABULARIES["rdf"] + "first", VOCABULARIES["rdf"] + "rest")
TYPE: Final = VOCABULARIES["rdf"] + "type"


class _Unknown(Exception):
    """The query may read anything."""


@cache
def predicates_of(text: str) -> frozenset[str] | None:
    """Return IRIs, among them all predicates that a query can read; None where it may be any predicate."""
    try:
        return frozenset(_mentioned(text)) if "\\u" not in text and "\\U" not in text else None
    except _Unknown:
        return None


def prefixes_in(text: str) -> set[str]:
    """Return the prefixes of names in a text that need not be SPARQL."""
    found = (match["prefix"] for match in TOKEN.finditer(text) if match.lastgroup == "name")
    return {prefix for prefix in found if prefix != "_"}


def _mentioned(text: str) -> Iterator[str]:
    prefixes: dict[str, str] = {}
    place, above, before = "head", list[str](), ""
    for match in TOKEN.finditer(text):
        kind, token = match.lastgroup or "", match[0]
        if kind == "skip":
            continue
        if kind == "iri":
            if place == "head" and before.endswith(":"):
                prefixes[before[:-1]] = match["iri"]
            yield match["iri"]
        elif kind == "name" and match["prefix"] in prefixes:
            yield prefixes[match["prefix"]] + re.sub(r"\\(.)", r"\1", match["name"])
        elif kind == "name" and place != "head" and match["prefix"] != "_":
            raise _Unknown
        elif token == "a":
            yield TYPE
        elif place == "head" and token.upper() == "BASE":
            raise _Unknown
        place = "head" if token.upper() == "SELECT" else _next(place, _symbol(kind, token), above)
        if place == "list":
            yield from LIST
        before = token


def _symbol(kind: str, token: str) -> str:
    if kind == "word":
        return token if token == "a" else "term" if token.lower() in ("true", "false") else "word"
    return token if kind == "sign" else "variable" if kind == "variable" else "term"


def _next(place: str, symbol: str, above: list[str]) -> str:
    following = PLACES[place].get(symbol, place if place in FREE else None)
    if following is None or (not following and not above):
        raise _Unknown
    following, _, further = following.partition(">")
    if further:
        above.append(further)
    return following or above.pop()
