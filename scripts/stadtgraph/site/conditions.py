"""What a rule asks for, in words: its target, its property, its conditions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from pyoxigraph import BlankNode, Literal, NamedNode

from stadtgraph.namespaces import VOCABULARIES, shorten
from stadtgraph.site.describe import other_term, predicate
from stadtgraph.site.frame import Frame
from stadtgraph.site.reading import Reading
from stadtgraph.site.words import Words, sentences
from stadtgraph.terms import TYPE, text

RDF: Final = VOCABULARIES["rdf"]
SH: Final = VOCABULARIES["sh"]
TARGETS: Final = {"targetSubjectsOf": "shape-subjects", "targetObjectsOf": "shape-objects"}
# Told apart from the conditions: name, target, message and so on.
OTHERS: Final = frozenset(
    SH + name
    for name in (
        *("description", "flags", "ignoredProperties", "message", "name", "order", "path", "property"),
        *("qualifiedMaxCount", "qualifiedMinCount", "severity", "targetClass", *TARGETS),
    )
)
PROPERTIES: Final = frozenset(SH + name for name in ("disjoint", "equals", "lessThan", "lessThanOrEquals"))
Node = NamedNode | BlankNode


@dataclass(frozen=True)
class Part:
    """Some words; ``link`` leads to the page of a term or a rule, ``code`` is shown as it is written."""

    words: str
    link: str = ""
    code: bool = False


@dataclass
class Condition:
    """One condition of a rule."""

    name: str
    parts: list[Part] = field(default_factory=list)


class Rules:
    """Read a city's rules in one language, as seen from one page."""

    def __init__(self, frame: Frame, page: str) -> None:
        self.frame, self.page = frame, page
        self.reading, self.words = frame.reading, frame.words
        self.shapes = frame.reading.city.shapes

    def objects(self, node: Node, name: str) -> list[NamedNode | BlankNode | Literal]:
        """Return the values of a parameter."""
        quads = self.shapes.quads_for_pattern(node, NamedNode(SH + name), None)
        values = [q.object for q in quads if isinstance(q.object, NamedNode | BlankNode | Literal)]
        return sorted(values, key=str) if len(values) > 1 else values

    def named(self, iri: str, name: str) -> list[str]:
        """Return the IRIs that a parameter has."""
        return [one.value for one in self.objects(NamedNode(iri), name) if isinstance(one, NamedNode)]

    def targets(self, iri: str) -> list[Part]:
        """Return what a rule applies to by itself."""
        classes = [self.term(target) for target in self.named(iri, "targetClass")]
        return classes + [
            Part(
                self.words(key, name=predicate(self.reading, target, self.words)),
                self.frame.term_link(target, self.page),
            )
            for name, key in TARGETS.items()
            for target in self.named(iri, name)
        ]

    def term(self, iri: str, tell: Callable[[Reading, str, Words], str] = other_term) -> Part:
        """Return a term by its name."""
        return Part(tell(self.reading, iri, self.words), self.frame.term_link(iri, self.page))

    def path(self, node: NamedNode | BlankNode | Literal) -> list[Part]:
        """Return the property, or the way along several, that a rule looks at."""
        if isinstance(node, NamedNode):
            return [self.term(node.value, predicate)]
        if isinstance(node, Literal):
            return []
        if one := self.objects(node, "inversePath"):
            return [Part(self.words("path-inverse")), *self.path(one[0])]
        if some := self.objects(node, "alternativePath"):
            return self._joined([self.path(one) for one in self._list(some[0])], self.words("path-or"))
        for name in ("zeroOrMorePath", "oneOrMorePath", "zeroOrOnePath"):
            if one := self.objects(node, name):
                return [*self.path(one[0]), Part(self.words(f"path-{name}"))]
        return self._joined([self.path(one) for one in self._list(node)], self.words("path-then"))

    def conditions(self, node: Node) -> list[Condition]:
        """Return what a rule asks for."""
        quads = self.shapes.quads_for_pattern(node, None, None)
        found = sorted(
            {quad.predicate.value for quad in quads if quad.predicate.value.startswith(SH)} - OTHERS
        )
        return [one for iri in found for one in self._condition(node, iri.removeprefix(SH))]

    def _condition(self, node: Node, name: str) -> Iterator[Condition]:
        values = self.objects(node, name)
        key = f"condition-{name}"
        words = self.words(key) if key in sentences() else name
        for value in values:
            if name in ("closed", "uniqueLang"):
                if text(value) == "true":
                    yield Condition(words, [Part(self.words(f"{key}-true"))])
            elif name in ("and", "or", "xone"):
                between = self.words("condition-and-between" if name == "and" else "path-or")
                parts = [self._inner(one) for one in self._list(value)]
                yield Condition(words, self._joined(parts, between))
            elif name in ("in", "languageIn"):
                parts = [[self._value(one, name)] for one in self._list(value)]
                yield Condition(words, self._joined(parts, ", "))
            elif name == "qualifiedValueShape":
                inner = self._inner(value)
                for bound in ("qualifiedMinCount", "qualifiedMaxCount"):
                    for number in self.objects(node, bound):
                        yield Condition(self.words(f"condition-{bound}", number=text(number)), inner)
            elif isinstance(value, BlankNode) and name != "sparql":
                yield Condition(words, self._inner(value))
            elif name == "sparql":
                yield Condition(words, [Part(self.words("condition-sparql-true"))])
            else:
                yield Condition(words, [self._value(value, name)])

    def _inner(self, node: NamedNode | BlankNode | Literal) -> list[Part]:
        """Return the conditions of a rule within a rule in one line."""
        if isinstance(node, NamedNode):
            return [self._value(node, "node")]
        if isinstance(node, Literal):
            return []
        found = [[Part(f"{one.name}: "), *one.parts] for one in self.conditions(node)]
        paths = [part for path in self.objects(node, "path") for part in self.path(path)]
        inner = self._joined(found, "; ")
        return [*paths, Part(": "), *inner] if paths else inner

    def _value(self, value: NamedNode | BlankNode | Literal, name: str) -> Part:
        if not isinstance(value, NamedNode):
            return Part(_visible(text(value)), code=True)
        if link := self.frame.link(value.value, self.page):
            return Part(self.frame.named(value.value).value, link)
        if SH + name in PROPERTIES:
            return self.term(value.value, predicate)
        if value.value.startswith(SH):
            return Part(self.words(f"kind-{value.value.removeprefix(SH)}"))
        if name == "datatype":
            return Part(shorten(value.value, self.reading.base), code=True)
        return self.term(value.value)

    def _list(self, node: NamedNode | BlankNode | Literal) -> list[NamedNode | BlankNode | Literal]:
        """Return the members of an RDF list."""
        found: list[NamedNode | BlankNode | Literal] = []
        seen = set()
        while isinstance(node, BlankNode) and node not in seen:
            seen.add(node)
            parts = {q.predicate.value: q.object for q in self.shapes.quads_for_pattern(node, None, None)}
            if RDF + "first" in parts:
                found.append(parts[RDF + "first"])  # type: ignore[arg-type]
            node = parts.get(RDF + "rest", TYPE)  # type: ignore[assignment]
        return found

    @staticmethod
    def _joined(groups: list[list[Part]], between: str) -> list[Part]:
        found: list[Part] = []
        for group in groups:
            if found and group:
                found.append(Part(between))
            found += group
        return found


def _visible(written: str) -> str:
    """Write letters that cannot be seen, or may not stand in a page, by their numbers."""
    return "".join(
        letter if letter.isprintable() else letter.encode("ascii", "backslashreplace").decode()
        for letter in written
    )
