"""The picture of the graph: its files, and the page that shows it beside the same as a table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from stadtgraph.messages import LANGUAGES, grouped
from stadtgraph.site.frame import Frame
from stadtgraph.site.picture import Picture
from stadtgraph.site.reading import Reading

STYLE: Final = re.compile(rb"<style>(.*?)</style>\s*", re.DOTALL)


def whole_documents(reading: Reading) -> Iterator[tuple[str, bytes]]:
    """Yield the picture in each language, its style, and its page."""
    picture = Picture(reading.city)
    drawn = dict(picture.drawn())
    yield from drawn.items()
    style = b"".join(STYLE.findall(next(iter(drawn.values()), b""))[:1]).decode()
    if drawn:
        yield "static/picture.css", (".picture {\n" + style + "}\n").encode()
    for lang in LANGUAGES:
        frame = Frame.of(reading, lang)
        file = f"picture.{lang}.svg"
        if file in drawn:
            inline = STYLE.sub(b"", drawn[file]).decode().partition("?>")[2].strip()
            inline = inline.replace('role="img"', 'role="group"', 1)
            inline = re.sub(
                r'href="([^"#][^"]*)"',
                lambda match, frame=frame: f'href="{frame.link(match[1], "picture") or "#"}"',  # type: ignore[misc]
                inline,
            )
            table, cut = _rows(frame, picture), _cut(frame, picture)
            page = frame.render("picture.html", "picture", svg=inline, file=file, table=table, cut=cut)
            yield frame.file("picture"), page


def _rows(frame: Frame, picture: Picture) -> list[list[tuple[str, str]]]:
    """Return what the picture shows as rows of words, each with the page that it leads to."""
    rows = zip(picture.content(frame.lang), picture.ends(), strict=True)
    return [
        [
            (who, frame.link(first, "picture")),
            (does, ""),
            (whom, frame.link(last, "picture")),
            (grounds, ""),
        ]
        for (who, does, whom, grounds), (first, last) in rows
    ]


def _cut(frame: Frame, picture: Picture) -> str:
    """Return what the picture leaves out, as a sentence; nothing where it shows every body."""
    drawn, known = picture.left_out()
    if drawn == known:
        return ""
    return frame.words("picture-cut", drawn=grouped(drawn, frame.lang), all=grouped(known, frame.lang))
