"""A small picture of what is directly linked to a thing, and the bars of a chart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from stadtgraph.site.frame import Frame

ROOM: Final = 9
EACH: Final = 4
WIDTH: Final = 360
ROW: Final = 34
GAP: Final = 30
LETTERS: Final = 36
DRAWN: Final = ("body", "event", "place", "concept", "theme")


@dataclass(frozen=True)
class Node:
    """A box of the picture."""

    words: str
    whole: str
    link: str
    kind: str
    y: int
    concluded: bool


@dataclass(frozen=True)
class Branch:
    """A relation and the boxes it leads to; ``more`` is the line that counts the rest."""

    name: str
    y: int
    nodes: tuple[Node, ...]
    more: str
    more_y: int


def neighbourhood(frame: Frame, iri: str, kind: str, rows: list[Any]) -> dict[str, Any] | None:
    """Return the picture of a thing's relations; nothing when there is little to see."""
    drawn = [row for row in rows if any(value.kind in DRAWN for value in row.values)]
    if not drawn:
        return None
    branches, y = [], 62
    left = ROOM
    for row in drawn[:5]:
        values = [value for value in row.values if value.kind in DRAWN]
        some = values[: max(1, min(EACH, left))]
        left -= len(some)
        nodes = []
        top = y
        y += 14
        for value in some:
            nodes.append(
                Node(_short(value.words.value), value.words.value, value.link, value.kind, y, value.concluded)
            )
            y += ROW
        hidden = len(values) - len(some) + row.more
        more = frame.words("neighbourhood-more", number=hidden) if hidden else ""
        branches.append(Branch(row.name, top, tuple(nodes), more, y + 12))
        y += GAP if not more else GAP + 16
        if left <= 0:
            break
    name = frame.named(iri).value
    return {
        "name": _short(name, 38),
        "title": frame.words("neighbourhood-of", name=name),
        "kind": kind,
        "branches": branches,
        "width": WIDTH,
        "height": y - GAP + 16,
        "last": branches[-1].nodes[-1].y + 14,
    }


def _short(name: str, letters: int = LETTERS) -> str:
    return name if len(name) <= letters else name[: letters - 1].rstrip() + "…"
