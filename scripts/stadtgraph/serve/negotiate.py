"""What a client asks for: media type, language and coding (RFC 9110, section 12).

All of it is pure. What cannot be read in a header is passed over, as if it had not been sent.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

ITEMS: Final = re.compile(r'(?:[^,"]|"(?:\\.|[^"\\])*"?)+')
PARAMETERS: Final = re.compile(r';\s*([!#$%&\'*+.^_`|~\w-]+)\s*=\s*("(?:\\.|[^"\\])*"|[^;\s]*)')
RANGE: Final = re.compile(r"\s*([!#$%&'*+.^_`|~\w-]+)(?:/([!#$%&'*+.^_`|~\w-]+))?\s*(?:;|$)")
WEIGHT: Final = re.compile(r"[01]?(?:\.\d*)?")
# Other names under which clients ask for a form.
ALIASES: Final = {
    "text/html": ("application/xhtml+xml",),
    "text/turtle": ("application/x-turtle", "text/n3", "text/rdf+n3"),
    "application/ld+json": ("application/json", "application/x-json+ld"),
    "application/rdf+xml": ("application/xml", "text/xml"),
    "application/n-triples": ("text/plain",),
    "application/sparql-results+json": ("application/json",),
    "application/sparql-results+xml": ("application/xml", "text/xml"),
    "application/problem+json": ("application/json", "application/ld+json"),
}
# Parameters that our documents have, so that a range which names them fits exactly.
OURS: Final = frozenset(
    (
        ("charset", "utf-8"),
        ("profile", "http://www.w3.org/ns/json-ld#compacted"),
    )
)
# How exactly a range fits: everything, main type, name with foreign parameters, name, name with ours.
ALL, TYPE, OTHERWISE, NAME, EXACTLY = range(1, 6)


@dataclass(frozen=True)
class Form:
    """A document that can be sent: its media type, its name below the publication, its language if any."""

    media: str
    name: str
    lang: str = ""


@dataclass(frozen=True)
class Wish:
    """An item of a header: a name, its parameters, its weight between 0 and 1, its place in the header."""

    name: str
    parameters: frozenset[tuple[str, str]]
    weight: float
    place: int


@lru_cache(2048)
def wishes(header: str) -> tuple[Wish, ...]:
    """Return what a header with weights asks for (``Accept``, ``Accept-Language``, ``Accept-Encoding``)."""
    found = []
    for place, item in enumerate(ITEMS.findall(header)):
        match = RANGE.match(item)
        if match is None:
            continue
        name = f"{match[1]}/{match[2]}" if match[2] else match[1]
        weight, parameters = 1.0, []
        for key, value in PARAMETERS.findall(item):
            if key.lower() == "q":
                weight = _weight(value)
            else:
                parameters.append((key.lower(), value.strip('"').lower()))
        found.append(Wish(name.lower(), frozenset(parameters), weight, place))
    return tuple(found)


def _weight(value: str) -> float:
    if not WEIGHT.fullmatch(value) or value in ("", "."):
        return 1.0
    return min(float(value), 1.0)


def best(forms: Sequence[Form], accept: str, languages: str) -> Form | None:
    """Return the form that suits best; None when nothing is acceptable.

    The heavier wish wins, then the more exact one, then the one named first, then the order of ``forms``.
    """
    return _best(tuple(forms), accept, languages)


@lru_cache(4096)
def _best(forms: tuple[Form, ...], accept: str, languages: str) -> Form | None:
    found = {form.media: _fit(form.media, accept) for form in forms}
    media = max(found, key=lambda name: found[name], default="")
    if not media or found[media][0] <= 0:
        return None
    same = {form.lang: form for form in forms if form.media == media}
    return same[language(languages, tuple(same))]


def media_type(offered: Sequence[str], accept: str) -> str:
    """Return the media type that suits best; empty when none is acceptable."""
    form = best([Form(media, media) for media in offered], accept, "")
    return form.media if form else ""


def _fit(media: str, accept: str) -> tuple[float, int, int]:
    """Return how a media type fits: weight, exactness, and the earlier the better."""
    asked = wishes(accept)
    if not asked:
        return 1.0, ALL, 0
    main = media.partition("/")[0] + "/*"
    names = (media, *ALIASES.get(media, ()))
    fits: list[tuple[int, float, int]] = []
    for wish in asked:
        if wish.name in names:
            level = NAME
            if wish.parameters:
                level = EXACTLY if wish.parameters <= OURS else OTHERWISE
            if level == OTHERWISE and wish.weight == 0:
                continue  # unwanted with parameters that ours does not have
        elif wish.name == main:
            level = TYPE
        elif wish.name in ("*/*", "*"):
            level = ALL
        else:
            continue
        fits.append((level, wish.weight, -wish.place))
    if not fits:
        return 0.0, 0, 0
    level, weight, place = max(fits)
    return weight, level, place


@lru_cache(2048)
def language(header: str, offered: tuple[str, ...]) -> str:
    """Return the language of those offered that suits best (RFC 4647, lookup); else the first."""
    asked = wishes(header)

    def fit(lang: str) -> tuple[float, int]:
        fits = [
            (wish.name == lang, wish.weight, -wish.place)
            for wish in asked
            if wish.name == lang or wish.name.startswith(f"{lang}-")
        ]
        if any(exact and weight == 0 for exact, weight, _ in fits):
            return -1.0, 0  # not wanted, which is less than not mentioned
        if not fits:
            fits = [(False, wish.weight, -wish.place) for wish in asked if wish.name == "*"]
        return max(((weight, place) for _, weight, place in fits), default=(0.0, 0))

    return max(offered, key=fit, default="")


@lru_cache(2048)
def coding(header: str, offered: tuple[str, ...]) -> str:
    """Return the content coding that suits best, in the order offered where weights are equal; else none."""
    weights = {wish.name: wish.weight for wish in wishes(header)}
    every = weights.get("*", 0.0)
    found = {name: weights.get(name, every) for name in offered}
    name = max(found, key=lambda one: found[one], default="")
    plain = weights.get("identity", 0.0)
    return name if name and found[name] > 0 and found[name] >= plain else ""
