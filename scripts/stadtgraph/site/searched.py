"""The search page and what it searches: scripts that only hold data, so that it works from disk.

What a large city has is cut into parts, by how the words of its names begin; a page fetches the few that it
needs. The server has every entry in one file of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from itertools import groupby
from typing import Final

from stadtgraph.site.frame import Frame
from stadtgraph.site.indexes import search_page
from stadtgraph.site.notes import LETTERS, Notes
from stadtgraph.site.writer import Content
from stadtgraph.terms import Out

WHOLE: Final = 5000  # so many things are searched in one piece
PART: Final = 2000  # so many things a part holds at most


def search_pages(frame: Frame, notes: Notes) -> Iterator[tuple[str, Content]]:
    """Yield the search page in one language, and what it searches."""
    large = sum(notes.sections.values()) > WHOLE
    if large:
        yield from _parts(frame, notes)
    else:
        written = "window.searchIndex = [\n" + ",\n".join(notes.by_name(frame.lang)) + "\n];\n"
        yield f"search.{frame.lang}.js", written.encode()
    yield frame.file("search"), search_page(frame, notes)


def _parts(frame: Frame, notes: Notes) -> Iterator[tuple[str, Content]]:
    lang = frame.lang
    yield f"server/entries.{lang}.jsonl", partial(_tell, notes.by_name(lang))
    parts = notes.beginnings(lang, PART)

    def part_of(told: tuple[str, str, str]) -> str:
        # A word that is a beginning of many others stands apart from them.
        return next(told[0][:n] for n in range(LETTERS, 1, -1) if told[0][:n] in parts or n == 2)

    for part, told in groupby(notes.by_beginning(lang), key=part_of):
        lines: dict[str, str] = {}
        for _, iri, brief in told:
            if len(lines) < PART:
                lines[iri] = brief
        written = f'window.searchPart("{part}", [\n' + ",\n".join(lines.values()) + "\n]);\n"
        yield f"search/{lang}/{part}.js", written.encode()
    counted = {"most": PART, "folder": f"search/{lang}/", "parts": parts}
    yield f"search.{lang}.js", f"window.searchParts = {json.dumps(counted)};\n".encode()


def _tell(lines: Iterator[str], out: Out) -> None:
    for line in lines:
        out.write(f"{line}\n".encode())
