"""Literals of XML Schema: which are well-formed, and which comes before which."""

from __future__ import annotations

import math
import re
import struct
from decimal import Decimal
from typing import Final, NamedTuple

import pyoxigraph as ox

from stadtgraph.namespaces import VOCABULARIES

XSD: Final = VOCABULARIES["xsd"]
ZONE: Final = r"(?P<zone>Z|[+-](?:0[0-9]|1[0-3]):[0-5][0-9]|[+-]14:00)?"
DAY: Final = (
    r"(?P<year>-?(?:[1-9][0-9]{3,}|0[0-9]{3}))-(?P<month>0[1-9]|1[0-2])-(?P<day>0[1-9]|[12][0-9]|3[01])"
)
CLOCK: Final = (
    r"(?:(?P<hour>[01][0-9]|2[0-3]):(?P<minute>[0-5][0-9]):(?P<second>[0-5][0-9](?:\.[0-9]+)?)"
    r"|24:00:00(?:\.0+)?)"
)
MONTHS: Final = "(?:(?P<Y>[0-9]+)Y)?(?:(?P<m>[0-9]+)M)?"
SECONDS: Final = (
    "(?:(?P<D>[0-9]+)D)?"
    r"(?:T(?=[0-9])(?:(?P<H>[0-9]+)H)?(?:(?P<M>[0-9]+)M)?(?:(?P<S>[0-9]+(?:\.[0-9]+)?)S)?)?"
)
DOUBLE: Final = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?INF|NaN"

# The lexical spaces of XML Schema 1.1. The datatypes that SPARQL 1.1 knows are checked because SHACL
# says so (4.1.2), the other ones here because pyshacl checks them too; any further ones are not checked.
LEXICAL: Final = {
    name: re.compile(pattern)
    for name, pattern in {
        "boolean": "true|false|0|1",
        "decimal": r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)",
        "integer": "[+-]?[0-9]+",
        "float": DOUBLE,
        "double": DOUBLE,
        "dateTime": DAY + "T" + CLOCK + ZONE,
        "date": DAY + ZONE,
        "time": CLOCK + ZONE,
        "duration": "(?P<minus>-?)P(?=[0-9T])" + MONTHS + SECONDS,
        "dayTimeDuration": "(?P<minus>-?)P(?=[0-9T])" + SECONDS,
        "yearMonthDuration": "(?P<minus>-?)P(?=[0-9])" + MONTHS,
        "hexBinary": "(?:[0-9a-fA-F]{2})*",
        "base64Binary": "(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?",
    }.items()
}
RANGES: Final[dict[str, tuple[int | None, int | None]]] = {
    "integer": (None, None),
    "nonPositiveInteger": (None, 0),
    "negativeInteger": (None, -1),
    "nonNegativeInteger": (0, None),
    "positiveInteger": (1, None),
    "long": (-(2**63), 2**63 - 1),
    "int": (-(2**31), 2**31 - 1),
    "short": (-(2**15), 2**15 - 1),
    "byte": (-128, 127),
    "unsignedLong": (0, 2**64 - 1),
    "unsignedInt": (0, 2**32 - 1),
    "unsignedShort": (0, 2**16 - 1),
    "unsignedByte": (0, 255),
}
TEXTS: Final = frozenset({"string", "normalizedString", "token", "language", "anyURI"})


class Value(NamedTuple):
    """What a literal stands for; values of one kind can be compared."""

    kind: str
    size: Decimal | float | str | tuple[int, int, int]
    precision: int = 0  # of a number: 0 exact, 1 xsd:float, 2 xsd:double


def is_well_formed(literal: ox.Literal) -> bool:
    """Say whether a literal's form belongs to its datatype, as far as SHACL asks (4.1.2)."""
    name = _name(literal)
    if name in LEXICAL or name in RANGES:
        return _parse(name, literal.value) is not None
    return True


def _name(literal: ox.Literal) -> str:
    datatype = literal.datatype.value
    return datatype[len(XSD) :] if datatype.startswith(XSD) else ""


def _parse(name: str, form: str) -> re.Match[str] | None:
    """Match a form and look at what a pattern cannot say: ranges and the lengths of months."""
    low, high = RANGES.get(name, (None, None))
    if name == "base64Binary":
        form = form.replace(" ", "")
    match = LEXICAL["integer" if name in RANGES else name].fullmatch(form)
    if match is None:
        return None
    if low is not None or high is not None:
        number = Decimal(form)
        if (low is not None and number < low) or (high is not None and number > high):
            return None
    elif name in ("date", "dateTime") and int(match["day"]) > 28:
        year, month = int(match["year"]), int(match["month"])
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        if int(match["day"]) > (28 + leap if month == 2 else 30 + (month + month // 8) % 2):
            return None
    return match


def value_of(term: ox.NamedNode | ox.BlankNode | ox.Literal) -> Value | None:
    """Return what ``<`` of SPARQL compares (17.3), or None for terms that have no place in any order."""
    if not isinstance(term, ox.Literal) or term.language is not None:
        return None
    name, form = _name(term), term.value
    if name in TEXTS:
        return Value(name, form)
    if name not in LEXICAL and name not in RANGES:
        return None
    match = _parse(name, form)
    return None if match is None else _value(name, form, match)


def _value(name: str, form: str, match: re.Match[str]) -> Value | None:
    if name in RANGES or name == "decimal":
        return Value("number", Decimal(form))
    match name:
        case "float":
            return Value("number", _single(float(form)), 1)
        case "double":
            return Value("number", float(form), 2)
        case "boolean":
            return Value("boolean", float(form in ("true", "1")))
        case "date":  # zones are left out, as pyshacl does; SPARQL 1.1 has no order for dates at all
            return Value("date", (int(match["year"]), int(match["month"]), int(match["day"])))
        case "time" | "dateTime":
            return Value(name + (" with zone" if match["zone"] else ""), _moment(name, match))
        case "duration" | "dayTimeDuration" | "yearMonthDuration":
            return _duration(name, match)
    return None


def _moment(name: str, match: re.Match[str]) -> Decimal:
    midnight = 24 if name == "dateTime" else 0  # written 24:00:00
    clock = [
        Decimal(match[part] or (midnight if part == "hour" else 0)) for part in ("hour", "minute", "second")
    ]
    moment = clock[0] * 3600 + clock[1] * 60 + clock[2]
    if name == "dateTime":
        moment += _days(int(match["year"]), int(match["month"]), int(match["day"])) * 86400
    zone = match["zone"]
    if zone and zone != "Z":
        moment -= (int(zone[1:3]) * 3600 + int(zone[4:]) * 60) * (-1 if zone[0] == "-" else 1)
    return moment


def _days(year: int, month: int, day: int) -> int:
    """Count days in the Gregorian calendar, which here has no first and no last year."""
    year -= month <= 2
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * ((month + 9) % 12) + 2) // 5 + day


def _duration(name: str, match: re.Match[str]) -> Value | None:
    parts = {
        part: Decimal(number) for part, number in match.groupdict().items() if number and part != "minus"
    }
    sign = -1 if match["minus"] else 1
    if "Y" in parts or "m" in parts:
        if name != "yearMonthDuration":
            return None
        return Value(name, sign * (parts.get("Y", Decimal()) * 12 + parts.get("m", Decimal())))
    units = {"D": 86400, "H": 3600, "M": 60, "S": 1}
    return Value(name, Decimal(sign * sum(number * units[part] for part, number in parts.items())))


def compare(left: Value | None, right: Value | None) -> int | None:
    """Return -1, 0 or 1; None when the two cannot be compared."""
    if left is None or right is None or left.kind != right.kind:
        return None
    a, b = left.size, right.size
    if left.kind == "number" and (precision := max(left.precision, right.precision)):
        a, b = (_promoted(size, precision) for size in (a, b))
        if a != a or b != b:
            return None
    return (a > b) - (a < b)  # type: ignore[operator]


def _promoted(size: object, precision: int) -> float:
    number = float(size)  # type: ignore[arg-type]
    return _single(number) if precision == 1 else number


def _single(number: float) -> float:
    """Round to the 32 bits of xsd:float."""
    try:
        return float(struct.unpack("f", struct.pack("f", number))[0])
    except OverflowError:
        return math.copysign(math.inf, number)
