"""Where everything stands: themes left, bodies in the middle, partners right, the event across the foot.

Lines that many things share run in lanes beside the columns, so that no line crosses a box. Columns follow
each other's order (barycentre), so that few lines cross.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from stadtgraph.site.picture.drawing import COLUMNS, LANE, MARGIN, WIDTH, Box, Drawing, Line, curve
from stadtgraph.site.picture.lines import draw_foot, draw_left, draw_right, lanes_above
from stadtgraph.site.picture.network import Network, Relation
from stadtgraph.site.picture.text import width, wrap

GAP: Final = 10.0
PADDING: Final = 13.0
SIZE: Final = 15.0
SIZES: Final = {"event": 18.0, "theme": 16.0}

Name = Callable[[str], str]


def box(iri: str, kind: str, name: str, x: float, room: float, more: str = "") -> Box:
    """Return a box as wide as ``room`` and as high as the name needs."""
    size = SIZES.get(kind, SIZE)
    lines = wrap(name, room - 2 * PADDING, size, kind == "event")
    height = round(len(lines) * size * 1.25 + (size + 6 if more else 0) + 12)
    return Box(iri, kind, lines, x, room, height, more=more)


def around(network: Network, name: Name, more: str, top: float) -> Drawing:
    """Lay out an event and those who take part; ``top`` is the room that title and legend need."""
    drawing = Drawing()
    themes, bodies, partners = _in_order(network)
    columns = {
        kind: [box(iri, kind, name(iri), *COLUMNS[kind]) for iri in iris]
        for kind, iris in (("theme", themes), ("body", bodies), ("partner", partners))
    }
    rows = _rows_above(network)
    lanes, outer = lanes_above(network, rows)
    organising = sum(COLUMNS["body"]) + 2 * LANE
    start = MARGIN
    for row in reversed(rows):
        room = (organising + LANE - outer - GAP * (len(row) - 1)) / len(row)
        boxes = [box(iri, "above", name(iri), outer + n * (room + GAP), room) for n, iri in enumerate(row)]
        for one in boxes:
            one.y, one.h = start, max(other.h for other in boxes)
        drawing.add(boxes)
        start += boxes[0].h + 22
    start = max(start + 14, top)
    foot = start + max(_needed(column) for column in columns.values())
    _stand(columns["body"], _evenly(columns["body"], start, foot), start, foot)
    drawing.add(columns["body"])
    for kind, link in (("theme", "works-for"), ("partner", "cooperates")):
        wanted = _beside(columns[kind], drawing, network.links(link), (start + foot) / 2)
        _stand(columns[kind], wanted, start, foot)
        drawing.add(columns[kind])
    event = box(network.item, "event", name(network.item), MARGIN, WIDTH - 2 * MARGIN, more)
    event.y = foot + 42
    drawing.add([event])
    chain = [iri for iri in network.of("event") if iri != network.item]
    drawing.add(_below(event, chain, network.of("place"), name))
    draw_foot(drawing, network)
    draw_left(drawing, network, lanes)
    draw_right(drawing, network, organising)
    drawing.height = max(one.foot for one in drawing.boxes.values()) + MARGIN
    return drawing


def tree(network: Network, name: Name, top: float) -> Drawing:
    """Lay out who is part of whom, from left to right."""
    drawing = Drawing(height=top + MARGIN)
    parents: dict[str, str] = {}
    for relation in network.relations:
        if relation.subject not in _line_of(relation.object, parents):
            parents.setdefault(relation.subject, relation.object)
    depth = {iri: len(_line_of(iri, parents)) - 1 for iri in network.things}
    levels = max(depth.values(), default=0) + 1
    room = min(300.0, (WIDTH - 2 * MARGIN - 70 * (levels - 1)) / levels)
    y = top

    def stand(iri: str) -> Box:
        nonlocal y
        one = box(iri, "unit", name(iri), MARGIN + depth[iri] * (room + 70), room)
        first = y
        below = [stand(child) for child, parent in parents.items() if parent == iri]
        one.y = max(first, (below[0].middle[1] + below[-1].middle[1] - one.h) / 2) if below else first
        y = max(y, one.foot + GAP)
        drawing.add([one])
        return one

    for iri in network.things:
        if iri not in parents:
            stand(iri)
    for relation in network.relations:
        if parents.get(relation.subject) == relation.object:
            child, parent = drawing.boxes[relation.subject], drawing.boxes[relation.object]
            path = curve((child.x, child.middle[1]), (parent.right, parent.middle[1]))
            drawing.lines.append(Line(relation, path))
    drawing.height = max((one.foot for one in drawing.boxes.values()), default=top) + MARGIN
    return drawing


def _line_of(iri: str, parents: dict[str, str]) -> list[str]:
    """Return a thing and those above it, up to the top."""
    line = [iri]
    while line[-1] in parents:
        line.append(parents[line[-1]])
    return line


def _in_order(network: Network) -> tuple[list[str], list[str], list[str]]:
    """Return themes as they come, bodies in the order of their themes, partners in that of their bodies."""
    themes = network.of("theme")
    joined = {relation.subject for relation in network.links("cooperates")}
    bodies = sorted(network.of("body"), key=lambda iri: (iri not in joined, iri))
    bodies = _by_mean(bodies, themes, network.links("works-for"))
    return themes, bodies, _by_mean(sorted(network.of("partner")), bodies, network.links("cooperates"))


def _by_mean(iris: list[str], others: list[str], relations: list[Relation]) -> list[str]:
    """Return things in the mean order of the others that they are linked to, else as they come."""
    place = {iri: n for n, iri in enumerate(others)}
    ends = [(r.subject, r.object) for r in relations] + [(r.object, r.subject) for r in relations]

    def mean(iri: str) -> float:
        places = [place[other] for own, other in ends if own == iri and other in place]
        return sum(places) / len(places) if places else len(others)

    return sorted(iris, key=mean)


def _rows_above(network: Network) -> list[list[str]]:
    """Return the bodies above in rows: nearest first; who is part of another stands below it."""
    above = network.of("above")
    level = dict.fromkeys(above, 0)
    for _ in above:
        for relation in network.links("part-of"):
            if relation.subject in level and relation.object in level:
                level[relation.object] = min(
                    max(level[relation.object], level[relation.subject] + 1), len(above) - 1
                )
    rows = [[iri for iri in above if level[iri] == n] for n in range(len(above))]
    return [row for row in rows if row]


def _needed(column: list[Box]) -> float:
    """Return how high a column is at least."""
    return sum(one.h for one in column) + GAP * max(len(column) - 1, 0)


def _evenly(column: list[Box], start: float, foot: float) -> list[float]:
    """Return where boxes stand that share a height evenly."""
    free = (foot - start - sum(one.h for one in column)) / max(len(column) - 1, 1)
    tops, y = [], start
    for one in column:
        tops.append(y)
        y += one.h + free
    return tops


def _beside(column: list[Box], drawing: Drawing, relations: list[Relation], default: float) -> list[float]:
    """Return where each box would stand if it were alone: level with the bodies that it belongs to."""
    wanted = []
    for one in column:
        levels = [drawing.boxes[r.subject].middle[1] for r in relations if r.object == one.iri]
        wanted.append((sum(levels) / len(levels) if levels else default) - one.h / 2)
    return wanted


def _stand(column: list[Box], wanted: list[float], start: float, foot: float) -> None:
    """Stand boxes below each other, as near as can be to where they want to be (pool adjacent violators)."""
    before = [sum(one.h + GAP for one in column[:n]) for n in range(len(column))]
    pools: list[tuple[float, int]] = []
    for want, offset in zip(wanted, before, strict=True):
        pools.append((want - offset, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (above, n), (below, m) = pools[-2:]
            pools[-2:] = [((above * n + below * m) / (n + m), n + m)]
    levels = [level for level, number in pools for _ in range(number)]
    for one, level, offset in zip(column, levels, before, strict=True):
        one.y = round(min(max(level, start), foot - _needed(column)) + offset, 1)


def _below(event: Box, chain: list[str], places: list[str], name: Name) -> list[Box]:
    """Return what the event is part of, from the left, and where it takes place, at the right."""
    row, space = chain + places, 48.0
    room = (event.w - 2 * LANE - space * (len(row) - 1)) / max(len(row), 1)
    rooms = [min(room, width(name(iri), SIZE) + 2 * PADDING + 8) for iri in row]
    boxes = []
    x = event.x + LANE
    for n, iri in enumerate(row):
        if n == len(chain):
            x = event.right - LANE - sum(rooms[n:]) - space * (len(places) - 1)
        boxes.append(box(iri, "series" if n < len(chain) else "place", name(iri), x, rooms[n]))
        x += rooms[n] + space
    for one in boxes:
        one.y, one.h = event.foot + 32, max(other.h for other in boxes)
    return boxes
