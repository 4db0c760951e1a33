"""Boxes, lines and words of a picture, and the shapes of lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from stadtgraph.site.picture.network import Relation

WIDTH: Final = 1200.0
MARGIN: Final = 24.0
COLUMNS: Final = {"theme": (60.0, 172.0), "body": (394.0, 306.0), "partner": (850.0, 298.0)}
LANE: Final = 18.0
PORT: Final = 6.0
RADIUS: Final = 8.0

Point = tuple[float, float]


@dataclass
class Box:
    """A thing and where it stands."""

    iri: str
    kind: str
    lines: list[str]
    x: float
    w: float
    h: float
    y: float = 0.0
    more: str = ""

    @property
    def right(self) -> float:
        """The right edge."""
        return self.x + self.w

    @property
    def foot(self) -> float:
        """The lower edge."""
        return self.y + self.h

    @property
    def middle(self) -> Point:
        """The centre."""
        return self.x + self.w / 2, self.y + self.h / 2


@dataclass(frozen=True)
class Line:
    """A relation and the way it takes."""

    relation: Relation
    path: str


@dataclass(frozen=True)
class Note:
    """A word beside a line; ``kind`` is the relation it names."""

    kind: str
    x: float
    y: float
    anchor: str


@dataclass
class Drawing:
    """Everything in its place."""

    height: float = 0.0
    boxes: dict[str, Box] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def add(self, boxes: Iterable[Box]) -> None:
        """Keep boxes by the thing they stand for."""
        self.boxes.update({box.iri: box for box in boxes})

    def draw(self, relation: Relation, points: Sequence[Point]) -> None:
        """Draw a relation along horizontal and vertical stretches with round corners."""
        self.lines.append(Line(relation, rounded(points)))


def rounded(points: Sequence[Point]) -> str:
    """Return a path of straight stretches with round corners."""
    kept: list[Point] = []
    for point in points:
        if not kept or abs(kept[-1][0] - point[0]) + abs(kept[-1][1] - point[1]) > 0.1:
            kept.append(point)
    corners = [
        corner
        for before, corner, after in zip(kept, kept[1:], kept[2:], strict=False)
        if abs(before[0] - after[0]) > 0.1 and abs(before[1] - after[1]) > 0.1
    ]
    kept = [kept[0], *corners, kept[-1]]
    path = f"M{_at(kept[0])}"
    for (before, corner), (_, after) in pairwise(pairwise(kept)):
        path += f"L{_at(_towards(corner, before))}Q{_at(corner)} {_at(_towards(corner, after))}"
    return path + f"L{_at(kept[-1])}"


def _towards(corner: Point, other: Point) -> Point:
    dx, dy = other[0] - corner[0], other[1] - corner[1]
    length = abs(dx) + abs(dy)
    step = min(RADIUS, length / 2) / length
    return corner[0] + dx * step, corner[1] + dy * step


def curve(start: Point, end: Point, before: Point | None = None) -> str:
    """Return a path that leaves and arrives level; ``before`` is where it comes from in a straight line."""
    half = (start[0] + end[0]) / 2
    head = f"M{_at(before)}L{_at(start)}" if before else f"M{_at(start)}"
    return f"{head}C{_at((half, start[1]))} {_at((half, end[1]))} {_at(end)}"


def _at(point: Point) -> str:
    return f"{round(point[0], 1):g} {round(point[1], 1):g}"
