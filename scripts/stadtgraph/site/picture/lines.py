"""The ways that lines take round the boxes: shared lanes beside the columns, curves between them."""

from __future__ import annotations

from stadtgraph.site.picture.drawing import (
    COLUMNS,
    LANE,
    MARGIN,
    PORT,
    WIDTH,
    Box,
    Drawing,
    Line,
    Note,
    Point,
    curve,
)
from stadtgraph.site.picture.network import Network


def lanes_above(network: Network, rows: list[list[str]]) -> tuple[dict[str, float], float]:
    """Return the lane that leads up to each body above, and where the boxes of these bodies begin.

    Lanes to the nearest row end under its boxes; those to higher rows pass beside them first.
    """
    parents = {relation.object for relation in network.links("part-of")}
    nearest = rows[0] if rows else []
    higher = [iri for row in rows[1:] for iri in row if iri in parents]
    step = min(12.0, 52 / max(len(nearest) + len(higher), 1))
    first = COLUMNS["body"][0] - LANE
    outer = first - step * len(nearest) - 4
    lanes = {iri: first - step * n for n, iri in enumerate(nearest)}
    return lanes | {iri: outer - step * (n + 1) for n, iri in enumerate(higher)}, outer


def draw_left(drawing: Drawing, network: Network, lanes: dict[str, float]) -> None:
    """Draw who is part of whom in lanes left of the bodies, and the themes."""
    for relation in network.links("part-of"):
        child, parent = drawing.boxes[relation.subject], drawing.boxes[relation.object]
        if child.kind == "above":
            at = min(max(child.middle[0], parent.x + 20), parent.right - 20)
            half = (child.y + parent.foot) / 2
            drawing.draw(
                relation, [(child.middle[0], child.y), (child.middle[0], half), (at, half), (at, parent.foot)]
            )
        elif child.kind == "body":
            port = child.middle[1] - PORT
            lane = lanes.get(parent.iri, child.x - LANE / 2)
            if parent.kind == "above":
                at, bus = _under(parent, lane)
                way = [(lane, bus), (at, bus), (at, parent.foot)]
            else:
                way = [(lane, parent.middle[1]), (parent.x, parent.middle[1])]
            drawing.draw(relation, [(child.x, port), (lane, port), *way])
    turn = min(lanes.values(), default=COLUMNS["body"][0]) - 10
    for relation in network.links("works-for"):
        body, theme = drawing.boxes[relation.subject], drawing.boxes[relation.object]
        port = body.middle[1] + PORT
        path = curve((turn, port), (theme.right, theme.middle[1]), (body.x, port))
        drawing.lines.append(Line(relation, path))
    event = drawing.boxes[network.item]
    lane = MARGIN + 14
    for relation in network.links("about"):
        theme = drawing.boxes[relation.object]
        drawing.draw(relation, [(lane, event.y), (lane, theme.middle[1]), (theme.x, theme.middle[1])])
    if network.links("about"):
        drawing.notes.append(Note("about", lane + 10, event.y - 13, "start"))


def _under(one: Box, lane: float) -> Point:
    """Return where a lane meets the lower edge of a box, and the level at which it turns towards it."""
    return min(max(lane, one.x + 12), one.right - 12), one.foot + 14


def draw_right(drawing: Drawing, network: Network, organising: float) -> None:
    """Draw who presents itself, organises and contributes in lanes down to the event, and who cooperates."""
    event = drawing.boxes[network.item]
    nearest = max((one.y for one in drawing.boxes.values() if one.kind == "above"), default=0.0)
    for kind, column, anchor in (
        ("presents", organising - LANE, "end"),
        ("organises", organising, "start"),
        ("contributes", WIDTH - MARGIN - 14, "end"),
    ):
        for relation in network.links(kind):
            one = drawing.boxes[relation.subject]
            lane, port = column, one.middle[1]
            if kind == "organises" and one.kind == "above" and one.y == nearest:
                at, bus = _under(one, lane)
                points = [(at, one.foot), (at, bus), (lane, bus), (lane, event.y)]
            else:
                if kind == "organises":
                    lane = WIDTH - MARGIN - 6 if one.kind == "partner" else organising + LANE + 11
                port += PORT if one.kind == "body" else 0
                points = [(one.right, port), (lane, port), (lane, event.y)]
            drawing.draw(relation, points)
        if network.links(kind):
            side = -10 if anchor == "end" else 10 + (lane - column)
            drawing.notes.append(Note(kind, column + side, event.y - 13, anchor))
    for relation in network.links("cooperates"):
        body, other = drawing.boxes[relation.subject], drawing.boxes[relation.object]
        port = body.middle[1] - PORT
        if other.kind == "body":
            lane, level = organising + LANE, other.middle[1] - PORT
            drawing.draw(relation, [(body.right, port), (lane, port), (lane, level), (other.right, level)])
        else:
            path = curve((organising + 10, port), (other.x, other.middle[1]), (body.right, port))
            drawing.lines.append(Line(relation, path))


def draw_foot(drawing: Drawing, network: Network) -> None:
    """Draw what the event is part of, step by step, and where it takes place."""
    event = drawing.boxes[network.item]
    for relation in network.links("part-of"):
        child, parent = drawing.boxes[relation.subject], drawing.boxes[relation.object]
        if child is event:
            drawing.draw(relation, [(parent.middle[0], event.foot), (parent.middle[0], parent.y)])
        elif child.kind == "series":
            drawing.draw(relation, [(child.right, child.middle[1]), (parent.x, parent.middle[1])])
    for n, relation in enumerate(network.links("takes-place")):
        place = drawing.boxes[relation.object]
        drawing.draw(relation, [(place.middle[0], event.foot), (place.middle[0], place.y)])
        if n == 0:
            drawing.notes.append(Note("takes-place", place.middle[0] - 10, event.foot + 21, "end"))
