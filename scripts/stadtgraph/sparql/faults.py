"""What is wrong with a query that the store cannot read, told to people."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches
from itertools import pairwise
from typing import Final

from stadtgraph.sparql.guard import Read, Token
from stadtgraph.sparql.refused import Refused

PLACE: Final = re.compile(r"error at (\d+):(\d+): expected (?:one of )?(.*)", re.DOTALL)
# The parser compares keywords by as many characters as they have, and gives the place behind them. Where a
# query ends sooner than a keyword would, it knows the end alone; so this is put behind each query.
PADDING: Final = " " * 16
KEYWORD: Final = re.compile(r"\w{2,}", re.ASCII)
FUNCTION: Final = re.compile(r"custom function <([^>]*)> is not supported")
# What cannot follow a sign between statements.
AFTER: Final = {".": ".;,", ",": ".;,}", ";": ","}
CLOSING: Final = {"{": "}", "(": ")", "[": "]"}
KEYWORDS: Final = frozenset(
    re.findall(
        r"\w+",
        "a abs add adjust all as asc ask avg base bind bnode bound by ceil clear coalesce concat "
        "construct contains count datatype day default delete desc describe distinct drop encode_for_uri "
        "exists false filter floor from graph group group_concat haslang haslangdir having hours if in "
        "insert iri isblank isiri isliteral isnumeric istriple isuri lang langdir langmatches lateral "
        "lcase limit load max md5 min minus minutes month named not now object offset optional order "
        "predicate prefix rand reduced regex replace round sameterm sample seconds select separator "
        "service sha1 sha256 sha384 sha512 silent str strafter strbefore strdt strends strlang strlangdir "
        "strlen strstarts struuid subject substr sum timezone triple true tz ucase undef union unfold uri "
        "using uuid values version where with year",
    )
)
AGGREGATES: Final = frozenset(("AVG", "COUNT", "GROUP_CONCAT", "MAX", "MIN", "SAMPLE", "SUM"))
MODIFIERS: Final = frozenset(("GROUP", "HAVING", "LIMIT", "OFFSET", "ORDER"))
OPERATORS: Final = frozenset(("=", "!=", "<", ">", "<=", ">=", "&&", "||", "+", "-", "*", "/", "IN"))
# What the store says of a query that is well written but makes no sense, and the sentence for it.
REASONS: Final = {
    "Duplicated variable name": "query-variable-twice",
    "overrides an existing variable": "query-variable-twice",
    "contains a variable that is unbound": "query-not-grouped",
    "not authorized with GROUP BY": "query-star-grouped",
}


def explain(query: Read, reason: str) -> Refused:
    """Return what to tell the asker of a query that the store cannot read."""
    wrong = (
        _bracket(query)
        or _word(query)
        or _stop(query)
        or _head(query)
        or _modifier(query)
        or _condition(query)
    )
    if wrong:
        return wrong
    found = PLACE.search(reason)
    line, column, expected = (int(found[1]), int(found[2]), found[3]) if found else (1, 1, "")
    keywords = [one for one in expected.split(", ") if KEYWORD.fullmatch(one)]
    column -= max(map(len, keywords), default=0)
    token = _at(query.tokens, _start(query.text, line, column))
    for said, key in REASONS.items():
        if said in reason:
            named = _twice(query) if key == "query-variable-twice" else token
            return query.refuse(key, named or query.tokens[-1])
    if token is None:
        last = query.tokens[-1]
        # The store gives the end as the place also where the fault lies within.
        return query.refuse("query-has-a-fault" if last.text == "}" else "query-ends-early", last)
    if expected == "OPTIONAL" and token.text != "}":
        return query.refuse("query-statement-incomplete", token)
    return query.refuse("query-not-understood-behind" if keywords else "query-not-understood", token)


def not_answered(reason: str) -> Refused:
    """Return what to tell the asker of a query that the store could read but not answer."""
    function = FUNCTION.search(reason)
    if function:
        return Refused(400, "query-no-such-function", {"function": function[1]})
    return Refused(500, "query-failed", {"reason": reason.splitlines()[0][:200] if reason else "–"})


def _bracket(query: Read) -> Refused | None:
    """Return the bracket that has no partner."""
    opened: list[Token] = []
    for token in query.tokens:
        if token.kind != "sign":
            continue
        if token.text in CLOSING:
            opened.append(token)
        elif token.text in CLOSING.values():
            if token.text not in (CLOSING[one.text] for one in opened):
                return query.refuse("query-bracket-unopened", token)
            if CLOSING[opened[-1].text] != token.text:
                break
            opened.pop()
    if opened:
        return query.refuse("query-bracket-open", opened[-1], missing=CLOSING[opened[-1].text])
    return None


def _word(query: Read) -> Refused | None:
    """Return the first word that SPARQL does not know."""
    for token in query.tokens:
        if token.kind == "word" and token.text.casefold() not in KEYWORDS:
            near = get_close_matches(token.text.casefold(), KEYWORDS, 1, 0.7)
            hint = [("query-word-near", {"name": near[0].upper()})] if near else []
            return query.refuse("query-word-unknown", token, *hint)
    return None


def _stop(query: Read) -> Refused | None:
    """Return the first full stop, semicolon or comma that cannot stand where it does."""
    for before, token in pairwise(query.tokens):
        if token.text in AFTER.get(before.text, ()) and before.kind == "sign":
            return query.refuse("query-not-understood", token)
    return None


def _head(query: Read) -> Refused | None:
    """Return what a SELECT computes without brackets around it or without a name for it."""
    depth, opened, named, within = 0, query.tokens[0], False, False
    for token in query.tokens:
        word = token.text.upper() if token.kind == "word" else ""
        if word == "SELECT":
            within, depth = True, 0
        elif word in ("WHERE", "FROM") or token.text == "{":
            within = False
        elif within and token.text == "(":
            opened, named = (token, False) if not depth else (opened, named)
            depth += 1
        elif within and token.text == ")":
            depth -= 1
            if not depth and not named:
                return query.refuse("query-not-named", opened)
        elif within and word == "AS":
            named = True
        elif within and not depth and word in AGGREGATES:
            return query.refuse("query-not-named", token)
        elif within and not depth and token.text == ",":
            return query.refuse("query-comma", token)
    return None


def _modifier(query: Read) -> Refused | None:
    """Return what orders, groups or cuts the answer but stands within the braces of the patterns."""
    selecting: list[bool] = []  # for each open brace whether it holds a SELECT of its own
    for before, token in pairwise(query.tokens):
        if before.text == "{":
            selecting.append(token.text.upper() == "SELECT")
        elif before.text == "}":
            selecting.pop()
        if selecting and not selecting[-1] and token.kind == "word" and token.text.upper() in MODIFIERS:
            return query.refuse("query-behind-brace", token)
    return None


def _condition(query: Read) -> Refused | None:
    """Return the condition of a FILTER or HAVING that has no brackets around it."""
    for at, (word, first) in enumerate(pairwise(query.tokens)):
        if word.kind != "word" or word.text.upper() not in ("FILTER", "HAVING"):
            continue
        if first.kind in ("variable", "text", "number") or first.text == "!":
            return query.refuse("query-condition-open", first)
        behind = _behind(query.tokens, at + 2) if first.kind in ("word", "name", "iri") else ""
        if behind in OPERATORS:
            return query.refuse("query-condition-open", first)
    return None


def _behind(found: Sequence[Token], opening: int) -> str:
    """Return what stands behind the bracket that a token opens; nothing where it opens none."""
    depth = 0
    for at in range(opening, len(found) - 1):
        depth += (found[at].text == "(") - (found[at].text == ")")
        if not depth:
            return found[at + 1].text.upper() if at > opening else ""
    return ""


def _twice(query: Read) -> Token | None:
    """Return the variable that is given a name or is named although it is already there."""
    seen: set[str] = set()
    for before, token in pairwise(query.tokens):
        if token.kind == "variable":
            if before.text.upper() == "AS" or token.text in seen:
                return token
            seen.add(token.text)
        elif token.text == "{":
            break
    return None


def _start(text: str, line: int, column: int) -> int:
    """Return which character stands at a line and column."""
    lines = text.split("\n")
    return sum(len(one) + 1 for one in lines[: line - 1]) + column - 1


def _at(tokens: Sequence[Token], start: int) -> Token | None:
    """Return the token at a character or the next after it; None at the end."""
    return next((token for token in tokens if token.start + len(token.text) > start), None)
