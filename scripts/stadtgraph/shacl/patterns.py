"""Regular expressions of ``sh:pattern`` (SHACL, section 4.4.3): those that SPARQL's REGEX takes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Final

import pyoxigraph as ox

from stadtgraph.shacl.unfit import Unfit

PIECES: Final = re.compile(
    r"(?s)(?P<escape>\\.)|(?P<class>\[\^?(?:\\.|[^\]\\])*\])|(?P<space>\s)|(?P<end>\$)|."
)
FLAGS: Final = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}


def mismatches(pattern: str, flags: str, texts: Iterable[str]) -> set[str]:
    """Return the texts in which the pattern does not occur.

    Raises:
        Unfit: it is no pattern.

    """
    if "q" in flags:
        pattern, flags = re.escape(pattern), flags.replace("q", "").replace("x", "")
    try:
        found = _compiled(pattern, flags).search
    except re.error:
        return _asked(pattern, flags, set(texts))
    return {text for text in texts if not found(text)}


@cache
def _compiled(pattern: str, flags: str) -> re.Pattern[str]:
    r"""Write a pattern for Python: there ``$`` alone would stand before a last line break too."""
    if unknown := set(flags) - {*FLAGS, "x"}:
        raise Unfit("flags", flags="".join(sorted(unknown)))

    def piece(match: re.Match[str]) -> str:
        if match["space"] and "x" in flags:
            return ""
        return r"\Z" if match["end"] and "m" not in flags else match[0]

    combined = re.NOFLAG
    for flag in set(flags) - {"x"}:
        combined |= FLAGS[flag]
    return re.compile(PIECES.sub(piece, pattern), combined)


def _asked(pattern: str, flags: str, texts: set[str]) -> set[str]:
    r"""Ask pyoxigraph about patterns that Python does not know, such as ``\p{Lu}``."""
    call = f"REGEX(?v, {ox.Literal(pattern)}, {ox.Literal(flags)})"
    values = " ".join(str(ox.Literal(text)) for text in texts)
    if not ox.Store().query(f"ASK {{ VALUES ?v {{ '' }} FILTER ({call} || !{call}) }}"):
        raise Unfit("pattern", pattern=pattern[:100])
    rows = ox.Store().query(f"SELECT ?v {{ VALUES ?v {{ {values} }} FILTER (!{call}) }}")
    return {row["v"].value for row in rows}  # type: ignore[union-attr]
