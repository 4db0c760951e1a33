"""The pages of the rules: an index, and of each rule what it asks for, what it says, and what breaks it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Final

from markupsafe import Markup
from pyoxigraph import Literal, NamedNode

from stadtgraph.messages import grouped
from stadtgraph.namespaces import LOCAL, shorten
from stadtgraph.site.conditions import SH, Part, Rules
from stadtgraph.site.frame import Frame, Text, text_in
from stadtgraph.site.frozen import current
from stadtgraph.site.notes import Listed
from stadtgraph.site.telling import Value
from stadtgraph.site.used import rules
from stadtgraph.terms import TYPE, text

# Where a city keeps files with one fault each; their first lines name the rule that each breaks.
EXAMPLES: Final = "tests/shapes"
EXPECTED: Final = re.compile(r"^# expect: \w+ shape:(\S+) \w+$", re.MULTILINE)
HEAD: Final = re.compile(r"\A(?:\s*(?:#[^\n]*|@prefix [^\n]*)?\n)*")
SHOWN: Final = 12


@dataclass(frozen=True)
class Rule:
    """A rule as lists tell it; ``anchor`` is its local name."""

    iri: str
    anchor: str
    name: Text
    severity: str
    link: str
    message: Text


@dataclass
class Shape:
    """The rules on one kind of thing."""

    rule: Rule
    applies: list[Part]
    rules: list[Rule]


def examples(root: Path) -> dict[str, tuple[str, str]]:
    """Return for each rule, by its local name, Turtle that breaks it and the file it is from.

    They are the city's own test files: each is known to break the rules that it names, preferably just one.
    """
    found: dict[str, tuple[str, str]] = {}
    broken: dict[str, int] = {}
    for path in sorted((root / EXAMPLES).glob("*/*.ttl")):
        document = path.read_text("utf-8")
        names = EXPECTED.findall(document)
        for name in names:
            if len(names) < broken.get(name, len(names) + 1):
                broken[name] = len(names)
                found[name] = (HEAD.sub("", document).strip(), path.relative_to(root).as_posix())
    return found


def shapes_page(frame: Frame, beside: list[tuple[str, str]]) -> bytes:
    """Return the index of all rules in one language; each rule's IRI leads to its place there."""
    read = Rules(frame, "shapes")
    shapes = [
        Shape(told_rule(read, iri), read.targets(iri), [told_rule(read, held) for held in _held(read, iri)])
        for iri in rules(frame.reading)
        if _is_on_things(read, iri)
    ]
    shapes.sort(key=lambda shape: (not shape.rules, shape.rule.name.value.casefold(), shape.rule.anchor))
    return frame.render(
        "shapes.html",
        "shapes",
        shapes=shapes,
        anchors=_anchors(shapes),
        downloads=beside,
        version=current(frame.reading.site, "shapes"),
    )


class Pages:
    """The pages of rules in one language, with what several of them tell.

    They all lie in one folder, and so see the same links.
    """

    def __init__(self, frame: Frame, folder: str, beside: list[tuple[str, str]]) -> None:
        self._read = read = Rules(frame, folder)
        self._frame, self._beside = frame, beside
        self._holders = _holders(frame)
        self._examples = examples(read.reading.city.root)
        self._told = cache(partial(told_rule, read))
        self._reached = cache(self._aside)

    def page(self, iri: str) -> tuple[str, bytes]:
        """Return the page of one rule."""
        frame, read = self._frame, self._read
        name = frame.reading.document(iri)
        rule = self._told(iri)
        node = NamedNode(iri)
        holders = self._holders.get(iri, ())
        targets = [part for holder in holders or (iri,) for part in read.targets(holder)]
        file, line = frame.reading.city.place(iri, TYPE.value)
        place = f"{file}:{line}" if line else file
        page = frame.render(
            "rule.html",
            name,
            rule=rule,
            title=rule.name,
            other_lang=frame.other,
            other_message=_messages(read, iri).get(frame.other, ""),
            holders=[self._told(holder) for holder in holders],
            applies=list(dict.fromkeys(targets)),
            path=[part for path in read.objects(node, "path") for part in read.path(path)],
            short=shorten(iri, frame.reading.base),
            conditions=read.conditions(node),
            rules=[self._told(held) for held in _held(read, iri)],
            example=self._examples.get(rule.anchor),
            reached=self._reached(holders or (iri,)),
            iri=iri,
            place=place,
            code=frame.code_link(file, line),
            report=frame.report_link(iri, rule.name.value, place),
        )
        return frame.file(name), page

    def _aside(self, holders: tuple[str, ...]) -> Markup:
        """Return what rules apply to, which those with the same holders have in common."""
        read, lang = self._read, self._frame.lang
        things, number, graphs = reached(read, holders)
        return self._frame.part(
            "reached.html",
            read.page,
            things=things,
            number=grouped(number, lang),
            more=grouped(number - len(things), lang) if number > len(things) else "",
            graphs=graphs,
            downloads=self._beside,
        )


def told_rule(read: Rules, iri: str) -> Rule:
    """Return a rule as lists tell it."""
    frame = read.frame
    severity = [value.removeprefix(SH) for value in read.named(iri, "severity")]
    return Rule(
        iri,
        iri.removeprefix(frame.reading.base + LOCAL["shape"]),
        frame.named(iri),
        severity[0] if severity and severity[0] in ("Warning", "Info") else "Violation",
        frame.link(iri, read.page),
        text_in(_messages(read, iri), frame.lang),
    )


def listed(frame: Frame, iri: str) -> Listed:
    """Return what the search says of a rule."""
    rule = told_rule(Rules(frame, ""), iri)
    short = shorten(iri, frame.reading.base)
    kind, link = frame.words("rule"), frame.link(iri, "")
    return Listed(rule.name.value, rule.name.lang, "", "", "", kind, short, "", "", link)


def _messages(read: Rules, iri: str) -> dict[str, str]:
    found = read.objects(NamedNode(iri), "message")
    return {one.language or "": one.value for one in found if isinstance(one, Literal)}


def _is_on_things(read: Rules, iri: str) -> bool:
    return any(read.shapes.quads_for_pattern(NamedNode(iri), TYPE, NamedNode(SH + "NodeShape")))


def _held(read: Rules, iri: str) -> list[str]:
    """Return the rules that a rule on things holds."""
    return [held for held in read.named(iri, "property") if read.reading.document(held)]


def _holders(frame: Frame) -> dict[str, tuple[str, ...]]:
    """Map each rule to those through which it applies."""
    found: dict[str, set[str]] = {}
    shapes = frame.reading.city.shapes
    for name in ("property", "node"):
        for quad in shapes.quads_for_pattern(None, NamedNode(SH + name), None):
            if isinstance(quad.subject, NamedNode):
                found.setdefault(text(quad.object), set()).add(quad.subject.value)
    return {iri: tuple(sorted(holders)) for iri, holders in found.items()}


def reached(read: Rules, holders: tuple[str, ...]) -> tuple[list[Value], int, list[tuple[Text, str, str]]]:
    """Return some of the things that rules apply to, how many there are, and in which graphs they stand."""
    frame, store = read.frame, read.reading.city.store
    found: dict[str, set[str]] = {}
    for holder in holders:
        patterns = [
            *((None, TYPE, NamedNode(one)) for one in read.named(holder, "targetClass")),
            *((None, NamedNode(one), None) for one in read.named(holder, "targetSubjectsOf")),
        ]
        for pattern in patterns:
            for quad in store.quads_for_pattern(*pattern):
                graph = text(quad.graph_name)
                if isinstance(quad.subject, NamedNode) and graph != read.reading.derived:
                    found.setdefault(quad.subject.value, set()).add(graph)
    some = [iri for iri in sorted(found, key=lambda iri: ("#" in iri, iri)) if frame.link(iri, read.page)]
    values = [Value(frame.named(iri), frame.link(iri, read.page)) for iri in some[:SHOWN]]
    graphs = Counter(graph for one in found.values() for graph in one)
    return (
        values,
        len(found),
        [
            (frame.named(iri), frame.link(iri, read.page), grouped(number, frame.lang))
            for iri, number in sorted(graphs.items(), key=lambda pair: (-pair[1], pair[0]))
        ],
    )


def _anchors(shapes: list[Shape]) -> dict[tuple[str, str], str]:
    """Return the id of each rule under each shape: its own name where it is told first."""
    found: dict[tuple[str, str], str] = {}
    told = {shape.rule.anchor for shape in shapes}
    for shape in shapes:
        for rule in shape.rules:
            again = rule.anchor in told
            found[shape.rule.anchor, rule.anchor] = (
                f"{shape.rule.anchor}--{rule.anchor}" if again else rule.anchor
            )
            told.add(rule.anchor)
    return found
