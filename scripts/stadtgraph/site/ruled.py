"""The page of the rules: what each asks for, what it says, and an example that breaks it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pyoxigraph import NamedNode

from stadtgraph.namespaces import LOCAL, VOCABULARIES
from stadtgraph.site.describe import other_term, predicate
from stadtgraph.site.frame import Frame, Text, text_in
from stadtgraph.terms import TYPE, text

SH: Final = VOCABULARIES["sh"]
TARGETS: Final = {"targetSubjectsOf": "shape-subjects", "targetObjectsOf": "shape-objects"}
# Where a city keeps files with one fault each; their first lines name the rule that each breaks.
EXAMPLES: Final = "tests/shapes"
EXPECTED: Final = re.compile(r"^# expect: \w+ shape:(\S+) \w+$", re.MULTILINE)
HEAD: Final = re.compile(r"\A(?:\s*(?:#[^\n]*|@prefix [^\n]*)?\n)*")


@dataclass(frozen=True)
class Rule:
    """A rule on one property, as people read it; ``example`` is Turtle that breaks it."""

    anchor: str
    name: Text
    path: str
    message: Text
    severity: str
    example: str = ""
    file: str = ""


@dataclass
class Shape:
    """The rules on one kind of thing."""

    anchor: str
    name: Text
    applies: list[str]
    rules: list[Rule] = field(default_factory=list)


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
    """Return the page of all rules in one language; each rule's IRI leads to its place there."""
    known = examples(frame.reading.city.root)
    shapes = [_shape(frame, iri, known) for iri in _node_shapes(frame)]
    shapes.sort(key=lambda shape: (not shape.rules, shape.name.value.casefold(), shape.anchor))
    return frame.render("shapes.html", "shapes", shapes=shapes, anchors=_anchors(shapes), downloads=beside)


def _anchors(shapes: Iterable[Shape]) -> dict[tuple[str, str], str]:
    """Return the id of each rule under each shape: its own name where it is told first."""
    found: dict[tuple[str, str], str] = {}
    told: set[str] = set()
    for shape in shapes:
        for rule in shape.rules:
            again = rule.anchor in told
            found[shape.anchor, rule.anchor] = f"{shape.anchor}--{rule.anchor}" if again else rule.anchor
            told.add(rule.anchor)
    return found


def _node_shapes(frame: Frame) -> list[str]:
    quads = frame.reading.city.shapes.quads_for_pattern(None, TYPE, NamedNode(SH + "NodeShape"))
    return sorted({quad.subject.value for quad in quads if isinstance(quad.subject, NamedNode)})


def _shape(frame: Frame, iri: str, known: dict[str, tuple[str, str]]) -> Shape:
    reading = frame.reading
    space = reading.base + LOCAL["shape"]
    applies = [other_term(reading, target, frame.words) for target in _values(frame, iri, "targetClass")]
    applies += [
        frame.words(key, name=predicate(reading, target, frame.words))
        for name, key in TARGETS.items()
        for target in _values(frame, iri, name)
    ]
    shape = Shape(iri.removeprefix(space), frame.named(iri), applies)
    for rule in _values(frame, iri, "property"):
        severity = [value.removeprefix(SH) for value in _values(frame, rule, "severity")]
        path = _values(frame, rule, "path")
        shape.rules.append(
            Rule(
                rule.removeprefix(space),
                frame.named(rule),
                predicate(reading, path[0], frame.words) if path else "",
                text_in(_texts(frame, rule, "message"), frame.lang),
                severity[0] if severity and severity[0] in ("Warning", "Info") else "Violation",
                *known.get(rule.removeprefix(space), ()),
            )
        )
    return shape


def _values(frame: Frame, iri: str, name: str) -> list[str]:
    quads = frame.reading.city.shapes.quads_for_pattern(NamedNode(iri), NamedNode(SH + name), None)
    return sorted({text(quad.object) for quad in quads if isinstance(quad.object, NamedNode)})


def _texts(frame: Frame, iri: str, name: str) -> dict[str, str]:
    quads = frame.reading.city.shapes.quads_for_pattern(NamedNode(iri), NamedNode(SH + name), None)
    return dict(sorted((getattr(quad.object, "language", "") or "", text(quad.object)) for quad in quads))
