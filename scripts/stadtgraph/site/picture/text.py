"""Room that text takes: estimated from a table, so that a picture is the same on every machine.

The table holds the widths of the common sans-serif faces in thousandths of the type size. A reader's own
system font may run wider, so every estimate is made a little too large.
"""

from __future__ import annotations

import re
from typing import Final

WIDTHS: Final = {
    letter: width
    for width, letters in {
        222: "ijl'|‘’",
        278: " .,:;/!Itf[]\\",
        333: 'r()-“”„"`',
        389: "*",
        500: "cksvxyzJ",
        556: "abdeghnopquäöü0123456789L?_$#–€",
        611: "FTZß",
        667: "ABEKPSVXYÄ&",
        722: "CDHNRUwÜ",
        778: "GOQÖ",
        833: "mM",
        944: "W",
    }.items()
    for letter in letters
}
UNKNOWN: Final = 1000
ALLOWANCE: Final = 1.1
BOLD: Final = 1.07


def width(text: str, size: float, bold: bool = False) -> float:
    """Return how wide a line of text is at most, in the unit of ``size``."""
    units = sum(WIDTHS.get(letter, UNKNOWN) for letter in text)
    return units * size / 1000 * ALLOWANCE * (BOLD if bold else 1)


def wrap(text: str, room: float, size: float, bold: bool = False) -> list[str]:
    """Return ``text`` in as few lines of ``room`` as it needs, and those of about the same length."""
    lines = _filled(text, room, size, bold)
    longest = max((width(part.rstrip(), size, bold) for part in _parts(text)), default=0.0)
    narrow = room - size / 2
    while len(lines) > 1 and narrow >= longest:
        closer = _filled(text, narrow, size, bold)
        if len(closer) > len(lines):
            break
        lines = closer
        narrow -= size / 2
    return lines


def _parts(text: str) -> list[str]:
    """Return the pieces between which a line may end: after a space or hyphen, not inside "e. V."."""
    return re.findall(r"(?:\b\w\. )*[^\s-]+-*\s*|\S+\s*", text)


def _filled(text: str, room: float, size: float, bold: bool) -> list[str]:
    """Fill line by line; break inside a word only where nothing else helps."""
    lines = [""]
    for part in _parts(text):
        while part:
            if width((lines[-1] + part).rstrip(), size, bold) <= room:
                lines[-1] += part
                part = ""
            elif lines[-1]:
                lines.append("")
            else:
                fits = max((n for n in range(1, len(part)) if width(part[:n], size, bold) <= room), default=1)
                lines[-1], part = part[:fits], part[fits:]
                lines.append("")
    return [line.rstrip() for line in lines if line.strip()]
