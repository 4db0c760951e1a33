"""Values as people write them: dates, durations, numbers, positions, addresses; and the names of terms."""

from __future__ import annotations

import re
from datetime import date
from typing import Final
from urllib.parse import urlsplit

from pyoxigraph import Literal

from stadtgraph.messages import grouped
from stadtgraph.namespaces import VOCABULARIES
from stadtgraph.site.reading import Reading
from stadtgraph.site.words import Words, rank, term

XSD: Final = VOCABULARIES["xsd"]
SCHEMA: Final = VOCABULARIES["schema"]
DATE: Final = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?(?:T(\d\d:\d\d)\S*)?(?:Z|[+-]\d\d:\d\d)?")
DURATION: Final = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:T(?:(\d+)H)?)?")
MAP: Final = "https://www.openstreetmap.org/?mlat={latitude}&mlon={longitude}#map=17/{latitude}/{longitude}"
NUMBERS: Final = tuple(XSD + name for name in ("integer", "nonNegativeInteger", "int", "long"))
FRACTIONS: Final = tuple(XSD + name for name in ("decimal", "double", "float"))


def point_in_time(value: str, words: Words, weekday: bool = False) -> str:
    """Return a date, with its time where it has one: So., 7. Mai 2023, 12:00 Uhr."""
    match = DATE.fullmatch(value)
    if not match:
        return value
    year, month, day, time = match.groups()
    if not month:
        return year
    if not 1 <= int(month) <= 12:
        return value
    named = words("months").split()[int(month) - 1]
    if not day:
        return f"{named} {year}"
    written = words("date-day", day=int(day), month=named, year=year)
    if weekday:
        try:
            number = date(int(year), int(month), int(day)).weekday()
        except ValueError:
            return value
        written = words("date-weekday", weekday=words("weekdays").split()[number], date=written)
    return words("date-time", date=written, time=time) if time else written


def period(start: str, end: str, words: Words) -> str:
    """Return from when to when something takes place; the day once where it is the same."""
    first = point_in_time(start, words, weekday=True)
    if not end or end == start:
        return first
    if start[:10] == end[:10] and len(start) > 10 < len(end):
        day = point_in_time(start[:10], words, weekday=True)
        return words("date-time", date=day, time=f"{start[11:16]}–{end[11:16]}")
    return words("date-range", start=first, end=point_in_time(end, words, weekday=True))


def literal(value: Literal, words: Words) -> str:
    """Return a literal as a person would write it."""
    kind, written = value.datatype.value, value.value
    if kind in (XSD + "date", XSD + "dateTime", XSD + "gYear", XSD + "gYearMonth"):
        return point_in_time(written, words)
    if kind == XSD + "boolean":
        return words("yes" if written in ("true", "1") else "no")
    if kind == XSD + "duration" and (match := DURATION.fullmatch(written)):
        parts = zip("YMDH", match.groups(), strict=True)
        return ", ".join(words(f"duration-{unit}", number=number) for unit, number in parts if number)
    if kind in NUMBERS and re.fullmatch(r"\d{1,18}", written):
        return written if len(written) < 5 else grouped(int(written), words.lang)
    if kind in FRACTIONS and words.lang == "de":
        return written.replace(".", ",")
    return written


def postal_address(reading: Reading, iri: str) -> list[str]:
    """Return the lines of an address."""
    street, code, town = (
        ", ".join(reading.objects(iri, SCHEMA + name))
        for name in ("streetAddress", "postalCode", "addressLocality")
    )
    return [line for line in (street, f"{code} {town}".strip()) if line]


def position(reading: Reading, iri: str, words: Words) -> tuple[str, str]:
    """Return a position in words, and the address of a map of it."""
    latitude, longitude = (
        next(iter(reading.objects(iri, SCHEMA + name)), "") for name in ("latitude", "longitude")
    )
    if not all(re.fullmatch(r"-?\d+(\.\d+)?", number) for number in (latitude, longitude)):
        return "", ""
    numbers = f"{latitude}° {words('north')}, {longitude}° {words('east')}"
    if words.lang == "de":
        numbers = f"{latitude.replace('.', ',')}° N, {longitude.replace('.', ',')}° {words('east')}"
    return numbers, MAP.format(latitude=latitude, longitude=longitude)


def host(iri: str) -> str:
    """Return the site that an address leads to, as people call it."""
    try:
        found = urlsplit(iri)
    except ValueError:
        return iri
    return (found.hostname or found.path or iri).removeprefix("www.")


def is_web(iri: str) -> bool:
    """Whether an IRI may be a link: nothing but web and mail addresses, no script."""
    return iri.startswith(("https://", "http://", "mailto:"))


def kinds(reading: Reading, iri: str, words: Words) -> list[str]:
    """Return what a thing is, in words: its own classification first, else its most exact known class."""
    forms = reading.objects(iri, VOCABULARIES["org"] + "classification")
    if forms:
        return [reading.name(form, words.lang) for form in forms]
    known = [name for name in reading.types(iri) if term("class", name, reading.base)]
    best = sorted(known, key=lambda name: rank("class", name, reading.base))[:1]
    return [term("class", name, reading.base)[words.lang] for name in best]


def predicate(reading: Reading, iri: str, words: Words) -> str:
    """Return the name of a property: the engine's, else the ontology's, else what its IRI says."""
    return term("property", iri, reading.base).get(words.lang) or other_term(reading, iri, words)


def other_term(reading: Reading, iri: str, words: Words) -> str:
    """Return the name of a class or value of a vocabulary."""
    for kind in ("class", "value", "property"):
        if known := term(kind, iri, reading.base).get(words.lang):
            return known
    if label := reading.label(iri):
        return label.get(words.lang) or next(iter(label.values()))
    local = re.split(r"[/#]", iri.rstrip("/#"))[-1]
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", local)
    return (parted if parted.isupper() else parted.lower()) or iri
