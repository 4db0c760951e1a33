"""The picture of the graph: one SVG file for each language, made from nothing but the graph itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from stadtgraph.load import City
from stadtgraph.messages import LANGUAGES, count_of, say
from stadtgraph.site.picture.drawing import WIDTH
from stadtgraph.site.picture.layout import SIZE, SIZES, around, tree
from stadtgraph.site.picture.network import (
    Network,
    Reading,
    basis,
    description,
    find_network,
    label,
    start,
)
from stadtgraph.site.picture.text import width, wrap
from stadtgraph.site.templating import TEMPLATES

COUNTS: Final = {
    "unit": "picture-unit",
    "body": "picture-body",
    "above": "picture-above",
    "theme": "picture-theme",
    "partner": "picture-partner",
    "event": "picture-event",
    "place": "picture-place",
}
CLASSES: Final = {
    "unit": "picture-class-unit",
    "above": "picture-class-above",
    "body": "picture-class-body",
    "theme": "picture-class-theme",
    "partner": "picture-class-partner",
    "event": "picture-class-event",
    "place": "picture-class-place",
}
RELATIONS: Final = {
    "part-of": "picture-part-of",
    "presents": "picture-presents",
    "works-for": "picture-works-for",
    "cooperates": "picture-cooperates",
    "contributes": "picture-contributes",
    "organises": "picture-organises",
    "about": "picture-about",
    "takes-place": "picture-takes-place",
}
HEADING: Final = 23.0
SMALL: Final = 14.0
ROOM: Final = 286.0
LEGEND: Final = 772.0


@dataclass(frozen=True)
class Entry:
    """A line of the legend: a class of things, a kind of relation, or the mark of a conclusion."""

    sort: str
    kind: str
    text: str
    x: float
    y: float


class Picture:
    """The picture of a city as it is now."""

    def __init__(self, city: City) -> None:
        self._reading = Reading(city)
        self._found = find_network(self._reading)

    def drawn(self) -> Iterator[tuple[str, bytes]]:
        """Yield name and content of the picture in each language."""
        for lang in LANGUAGES:
            yield f"picture.{lang}.svg", _picture(self._reading, self._found, lang)

    def content(self, lang: str) -> list[tuple[str, str, str, str]]:
        """Return it as a table: who, does what, to whom, and what the statement rests on."""
        city = self._reading.city
        return [
            (
                label(city, relation.subject, lang),
                say(RELATIONS[relation.kind], lang),
                label(city, relation.object, lang),
                basis(self._reading, relation.graph, lang),
            )
            for relation in self._found.relations
        ]

    def ends(self) -> list[tuple[str, str]]:
        """Return who and what each row of that table links."""
        return [(relation.subject, relation.object) for relation in self._found.relations]

    def left_out(self) -> tuple[int, int]:
        """Return how many bodies are drawn, and how many there are."""
        return len(self._found.of("body", "unit")), self._found.bodies


def _picture(reading: Reading, found: Network, lang: str) -> bytes:
    names = {iri: label(reading.city, iri, lang) for iri in found.things}
    heading = say("picture-heading" if found.item else "picture-heading-units", lang)
    legend = _legend(found, lang)
    heading_lines = wrap(heading, ROOM, HEADING, True)
    subtitle = wrap(names[found.item], ROOM, SIZE) if found.item else []
    top = max([56.0 + 29 * len(heading_lines) + 20 * len(subtitle), *(entry.y + 28 for entry in legend)])
    if found.item:
        when, when_concluded = start(reading, found.item, lang)
        drawing = around(found, names.__getitem__, when, top)
    else:
        when_concluded = False
        drawing = tree(found, names.__getitem__, top)
    text = TEMPLATES.get_template("picture.svg").render(
        lang=lang,
        heading=heading_lines,
        heading_size=HEADING,
        subtitle=subtitle,
        summary=_summary(found, lang),
        width=WIDTH,
        drawing=drawing,
        sizes=SIZES,
        size=SIZE,
        legend=legend,
        legend_at=LEGEND,
        legend_title=say("picture-legend", lang),
        small=SMALL,
        relations={kind: say(key, lang) for kind, key in RELATIONS.items()},
        names=names,
        descriptions={iri: description(reading, iri, lang) for iri in found.things},
        when_concluded=when_concluded,
    )
    return text.encode()


def _legend(found: Network, lang: str) -> list[Entry]:
    """Return what needs explaining: the classes, and the lines that carry no word of their own."""
    entries: list[Entry] = []
    classes = [kind for kind in CLASSES if found.of(kind)]
    kinds = [kind for kind in ("part-of", "presents", "works-for", "cooperates") if found.links(kind)]
    rows = [("box", kind, say(CLASSES[kind], lang)) for kind in classes]
    lines = [("line", kind, say(RELATIONS[kind], lang)) for kind in kinds]
    if any(relation.concluded for relation in found.relations):
        lines.append(("line", "conclusion", say("picture-conclusion", lang)))
    x = LEGEND
    for column in (rows, lines):
        entries += [Entry(*entry, x, 54.0 + 20 * n) for n, entry in enumerate(column)]
        x += 56 + max([width(entry[2], SMALL) for entry in column], default=0.0)
    return entries


def _summary(found: Network, lang: str) -> str:
    """Return in one or two sentences what there is to see."""
    counts = [count_of(COUNTS[kind], len(found.of(kind)), lang) for kind in COUNTS if found.of(kind)]
    if not counts:
        return say("picture-empty", lang)
    *first, last = counts
    things = say("picture-and", lang, first=", ".join(first), last=last) if first else last
    relations = count_of("picture-relation", len(found.relations), lang)
    concluded = sum(relation.concluded for relation in found.relations)
    summary = say("picture-summary", lang, things=things, relations=relations)
    return f"{summary} {count_of('picture-concluded', concluded, lang)}" if concluded else summary
