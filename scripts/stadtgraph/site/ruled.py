"""The pages of the rules: an index, and of each rule what it asks for, what it says, and what breaks it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from pyoxigraph import BlankNode, Literal, NamedNode

from stadtgraph.messages import grouped
from stadtgraph.namespaces import LOCAL, shorten
from stadtgraph.site.conditions import SH, Part, Rules
from stadtgraph.site.frame import Frame, Text, text_in
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


@cache
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
        Shape(told_rule(read, iri), read.targets(iri), _held(read, iri)) for iri in rules(frame.reading)
        if _is_on_things(read, iri)
    ]
    shapes.sort(key=lambda shape: (not shape.rules, shape.rule.name.value.casefold(), shape.rule.anchor))
    return frame.render("shapes.html", "shapes", shapes=shapes, anchors=_anchors(shapes), downloads=beside)


def rule_pages(frame: Frame, beside: list[tuple[str, str]]) -> Iterator[tuple[str, bytes]]:
    """Yield the page of each rule in one language."""
    holders = _holders(frame)
    known = examples(frame.reading.city.root)
    for iri in rules(frame.reading):
        name = frame.reading.document(iri)
        yield frame.file(name), _page(Rules(frame, name), iri, holders.get(iri, []), known, beside)


def _page(
    read: Rules,
    iri: str,
    holders: list[str],
    known: dict[str, tuple[str, str]],
    beside: list[tuple[str, str]],
) -> bytes:
    frame, page = read.frame, read.page
    rule = told_rule(read, iri)
    messages = _messages(read, iri)
    targets = [part for holder in holders or [iri] for part in read.targets(holder)]
    paths = [part for node in read.objects(NamedNode(iri), "path") for part in read.path(node)]
    things, number, graphs = _reached(read, holders or [iri])
    file, line = frame.reading.city.place(iri, TYPE.value)
    return frame.render(
        "rule.html",
        page,
        rule=rule,
        title=rule.name,
        other_lang=frame.other,
        other_message=messages.get(frame.other, ""),
        holders=[told_rule(read, holder) for holder in holders],
        applies=list(dict.fromkeys(targets)),
        path=paths,
        short=shorten(iri, frame.reading.base),
        conditions=read.conditions(NamedNode(iri)),
        rules=_held(read, iri),
        example=known.get(rule.anchor),
        things=things,
        number=grouped(number, frame.lang),
        more=grouped(number - len(things), frame.lang) if number > len(things) else "",
        graphs=graphs,
        iri=iri,
        place=f"{file}:{line}" if line else file,
        code=frame.code_link(file, line),
        report=frame.report_link(iri, rule.name.value, f"{file}:{line}"),
        downloads=beside,
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


def _messages(read: Rules, iri: str) -> dict[str, str]:
    found = read.objects(NamedNode(iri), "message")
    return {one.language or "": one.value for one in found if isinstance(one, Literal)}


def _is_on_things(read: Rules, iri: str) -> bool:
    return any(read.shapes.quads_for_pattern(NamedNode(iri), TYPE, NamedNode(SH + "NodeShape")))


def _held(read: Rules, iri: str) -> list[Rule]:
    """Return the rules that a rule on things holds."""
    return [told_rule(read, held) for held in read.named(iri, "property") if read.reading.document(held)]


def _holders(frame: Frame) -> dict[str, list[str]]:
    """Map each rule to those through which it applies."""
    found: dict[str, set[str]] = {}
    shapes = frame.reading.city.shapes
    for name in ("property", "node"):
        for quad in shapes.quads_for_pattern(None, NamedNode(SH + name), None):
            if isinstance(quad.subject, NamedNode):
                found.setdefault(text(quad.object), set()).add(quad.subject.value)
    return {iri: sorted(holders) for iri, holders in found.items()}


def _reached(read: Rules, holders: list[str]) -> tuple[list[Value], int, list[tuple[Text, str, str]]]:
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
