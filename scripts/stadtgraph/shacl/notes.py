"""Say what the data has instead where shapes meet nothing: names are often nearly the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

import pyoxigraph as ox

from stadtgraph.findings import RuleName
from stadtgraph.messages import say
from stadtgraph.namespaces import instead, stem
from stadtgraph.shacl.documents import Source, content_of, prefixes_of, statements
from stadtgraph.shacl.model import Name
from stadtgraph.terms import TYPE

TARGET: Final = re.compile(r"sh:(targetClass|targetSubjectsOf|targetObjectsOf) <([^<>]*)>")


def idle(
    data: Iterable[Source | ox.Quad],
    rules: Iterable[tuple[Name, RuleName]],
    shown: Callable[[str], str],
    lang: str,
) -> Iterator[str]:
    """Yield a note for each of the rules, which have met nothing in the data."""
    classes, properties = set[str](), set[str]()
    for item in data:
        for quad in [item] if isinstance(item, ox.Quad) else statements(item):
            properties.add(quad.predicate.value)
            if quad.predicate == TYPE and isinstance(quad.object, ox.NamedNode):
                classes.add(quad.object.value)
    for name, rule in sorted(rules, key=lambda pair: (pair[1].place, pair[0].key)):
        targets = TARGET.findall(name.targets)
        near = [instead(iri, classes if kind == "targetClass" else properties) for kind, iri in targets]
        names = ", ".join(dict.fromkeys(map(shown, filter(None, near))))
        said = say("rule-near", lang, near=names) if names else say("rule-not-near", lang)
        values = {"place": rule.place, "targets": shown(name.targets), "near": said}
        yield say("rule-met-nothing", lang, shape=RuleName(rule.shape, rule.path).full(), **values)


def namespaces(data: Iterable[Source], shapes: Sequence[Source], lang: str) -> Iterator[str]:
    """Yield a note for each prefix that stands for nearly the same in the data as in the shapes."""
    spaces = {space for file in shapes for space in prefixes_of(file).values()}
    known = {stem(space): space for space in sorted(spaces)}
    for file in data:
        for prefix, space in prefixes_of(file).items():
            right = known.get(stem(space))
            if right and space not in spaces:
                values = {"prefix": prefix, "wrong": f"<{space}>", "right": f"<{right}>"}
                yield say("namespace-nearly", lang, place=_place(file, prefix), **values)


def _place(file: Source, prefix: str) -> str:
    content = content_of(file)
    found = re.search(rb"(?im)^\s*@?prefix\s+" + re.escape(prefix.encode()) + rb":\s*<", content)
    return f"{file}:{content.count(10, 0, found.end()) + 1}" if found else str(file)
