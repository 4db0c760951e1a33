"""House rules: faults of form that make every other check say too little or too much.

They come before shapes and checks, because a body typed with ``http://schema.org/`` is no body to a shape.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from pyoxigraph import BlankNode, Literal, NamedNode, Store
from rdflib import SH, URIRef

from stadtgraph.findings import Finding, Severity
from stadtgraph.load import LABELS, City
from stadtgraph.messages import both
from stadtgraph.namespaces import LOCAL, RULE, VOCABULARIES, near_misses, nearest, prefixes, shorten
from stadtgraph.terms import TYPE, text

FOLDERS: Final = ("data", "ontology", "shapes")
# Notes to colleagues may lie beside the data.
READ: Final = (".ttl", ".md")
LONGEST_LITERAL: Final = 10_000
SHACL: Final = VOCABULARIES["sh"]
PERSONS: Final = frozenset(
    NamedNode(VOCABULARIES[prefix] + name)
    for prefix, name in (("foaf", "Person"), ("schema", "Person"), ("vcard", "Individual"))
)
SIMILAR: Final = 0.85
NOT_IN_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def house_rules(city: City) -> list[Finding]:
    """Return every breach of form in data, ontology and shapes.

    Files of which nothing was read come alone: what they hold would seem to be missing everywhere else.
    """
    if unread := [*_unread_files(city), *_empty_files(city)]:
        return unread
    seen = _look(city)
    return [
        *_blank_nodes(city, seen),
        *_literals(city, seen),
        *_namespaces(city, seen),
        *_cut_namespaces(city, seen),
        *_shacl_terms(city),
        *_misspelt(city, seen),
        *_begun_twice(city, seen),
        *_without_rules(city, seen),
    ]


@dataclass
class _Seen:
    """What the data has: IRIs by graph, graphs with blank nodes, literals that are too long or not for XML.

    ``used`` has the first statement with each property and class, ``types`` the classes of each thing,
    ``renamed`` things with two names in one language in one file.
    """

    iris: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    blank: set[str] = field(default_factory=set)
    odd: list[tuple[str, str, str]] = field(default_factory=list)
    used: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    types: dict[str, set[object]] = field(default_factory=dict)
    named: set[tuple[str, str, str, str | None]] = field(default_factory=set)
    renamed: set[tuple[str, str]] = field(default_factory=set)


def _look(city: City) -> _Seen:
    """Go through the data once: going through a large city takes longer than what is asked of it."""
    seen, things = _Seen(), city.base + LOCAL["id"]
    for subject, predicate, value, graph in city.store:
        iris, kind = seen.iris[text(graph)], predicate.value
        iris.add(kind)
        if isinstance(value, Literal):
            content = value.value
            iris.add(value.datatype.value)
            if len(content) > LONGEST_LITERAL or NOT_IN_XML.search(content):
                seen.odd.append((text(subject), kind, content))
        elif isinstance(value, NamedNode):
            iris.add(value.value)
        if isinstance(subject, BlankNode) or isinstance(value, BlankNode):
            seen.blank.add(text(graph))
        if isinstance(subject, NamedNode):
            iri = subject.value
            iris.add(iri)
            seen.used.setdefault(kind, (iri, kind, ""))
            if iri.startswith(things):
                classes = seen.types.setdefault(iri, set())
                if predicate in LABELS and isinstance(value, Literal):
                    name = text(graph), iri, kind, value.language
                    if name in seen.named:
                        seen.renamed.add(name[:2])
                    seen.named.add(name)
                if predicate == TYPE:
                    classes.add(value)
            if predicate == TYPE and isinstance(value, NamedNode):
                seen.used.setdefault(value.value, (iri, kind, value.value))
    return seen


def _unread_files(city: City) -> Iterator[Finding]:
    """Report files whose name keeps them from being read: their content would be missing without a word."""
    for folder in FOLDERS:
        for path in sorted((city.root / folder).rglob("*")):
            local = path.relative_to(city.root)
            if path.is_file() and path.suffix not in READ and not any(p.startswith(".") for p in local.parts):
                name = local.with_suffix("") if local.stem.lower().endswith(".ttl") else local
                yield _finding("file-not-read", local.as_posix(), 1, path=name.with_suffix(".ttl").as_posix())


def _empty_files(city: City) -> Iterator[Finding]:
    for graph, path in city.files.items():
        if not any(
            any(store.quads_for_pattern(None, None, None, NamedNode(graph)))
            for store in (city.store, city.shapes)
        ):
            yield _finding("empty-file", city.relative(path), 1)


def _blank_nodes(city: City, seen: _Seen) -> Iterator[Finding]:
    for graph, path in city.files.items():
        if graph in seen.blank and graph.startswith((city.base + LOCAL["graph"], "urn:")):
            for line in sorted(set(city.places(path).blanks)):
                yield _finding("blank-node", city.relative(path), line)


def _literals(city: City, seen: _Seen) -> Iterator[Finding]:
    """Report what is too long, and what RDF/XML cannot hold (XML 1.0, section 2.2)."""
    for subject, predicate, content in seen.odd:
        file, line = city.place(subject, predicate)
        values: dict[str, object] = {"property": shorten(predicate, city.base)}
        if len(content) > LONGEST_LITERAL:
            long = {"length": len(content), "limit": LONGEST_LITERAL}
            yield _finding("literal-too-long", file, line, subject, city, **values, **long)
        if match := NOT_IN_XML.search(content):
            code = f"{ord(match[0]):04X}"
            yield _finding("control-character", file, line, subject, city, **values, code=code)


def _without_rules(city: City, seen: _Seen) -> Iterator[Finding]:
    """Report things of the city that no shape has for a target: nothing about them would be checked."""
    targets = city.shapes.quads_for_pattern(None, NamedNode(SHACL + "targetClass"), None)
    classes = {target.object for target in targets}
    for iri, known in sorted(seen.types.items()):
        if not known & classes:
            file, line = city.place(iri)
            key = "thing-without-rules" if known else "thing-without-class"
            key = "person-in-graph" if known & PERSONS else key
            yield _finding(key, file, line, iri, city, thing=shorten(iri, city.base))


def _iris(store: Store, graph: str) -> set[str]:
    quads = store.quads_for_pattern(None, None, None, NamedNode(graph))
    terms = {term for quad in quads for term in (quad.subject, quad.predicate, quad.object)}
    datatypes = {term.datatype for term in terms if isinstance(term, Literal)}
    return {term.value for term in terms | datatypes if isinstance(term, NamedNode)}


def _namespaces(city: City, seen: _Seen) -> Iterator[Finding]:
    """Report each wrong namespace once a file, at its first use."""
    wrong = near_misses(city.base)
    begins = tuple(wrong)
    for graph, path in city.files.items():
        used = [iri for iri in seen.iris[graph] | _iris(city.shapes, graph) if iri.startswith(begins)]
        for space, right in wrong.items():
            hits = sorted(iri for iri in used if iri.startswith(space) and iri not in (space, right))
            if hits:
                found = city.places(path)
                lines = [line for name, line in found.namespaces.items() if name.startswith(space)]
                line = min(lines, default=0) or _first_line(found.predicates, found.objects, hits)
                values = {"wrong": space, "right": right, "example": hits[0]}
                yield _finding("near-miss-namespace", city.relative(path), line, **values)


def _cut_namespaces(city: City, seen: _Seen) -> Iterator[Finding]:
    """Report prefixes of a namespace that lack its last character: ``https://schema.orgEvent`` is no name."""
    cut = {space[:-1]: space for space in city.prefixes.values()}
    begin = re.compile(rf"({'|'.join(sorted(map(re.escape, cut), reverse=True))})\w.*")
    for graph, path in city.files.items():
        used = sorted(seen.iris[graph] | _iris(city.shapes, graph), reverse=True)
        examples = {match[1]: match[0] for match in map(begin.match, used) if match}
        for space, example in sorted(examples.items()):
            # There may be addresses that begin so; a prefix that ends so is a slip.
            line = city.places(path).namespaces.get(space, 0)
            if line:
                values = {"wrong": space, "right": cut[space], "example": example}
                yield _finding("cut-namespace", city.relative(path), line, **values)


def _first_line(
    predicates: dict[tuple[str, str], int], objects: dict[tuple[str, str, str], int], iris: list[str]
) -> int:
    lines = [line for (_, predicate), line in predicates.items() if predicate in iris]
    lines += [line for (_, _, value), line in objects.items() if value in iris]
    return min(lines, default=1)


def _shacl_terms(city: City) -> Iterator[Finding]:
    """Report terms of the SHACL namespace that SHACL does not define: such a rule silently never fires."""
    terms = {str(term) for term in dir(SH)}
    for graph, path in city.files.items():
        for iri in sorted(_iris(city.shapes, graph) - terms):
            if iri.startswith(SHACL) and iri != SHACL and URIRef(iri) not in SH:
                found = city.places(path)
                line = _first_line(found.predicates, found.objects, [iri])
                guess = nearest(iri, terms, SIMILAR)
                values = {"term": shorten(iri, city.base), "guess": shorten(guess, city.base)}
                yield _finding("no-such-shacl-term", city.relative(path), line, **values)


def _misspelt(city: City, seen: _Seen) -> Iterator[Finding]:
    """Report properties and classes that no rule knows but that look like one a rule knows."""
    known: set[str] = set()
    for graph in city.files:
        known |= _iris(city.shapes, graph)
        if not graph.startswith((city.base + LOCAL["graph"], "urn:")):
            known |= seen.iris[graph]
    vocabulary = tuple(space for name, space in prefixes(city.base).items() if name not in ("id", "source"))
    for iri, statement in sorted(seen.used.items()):
        guess = nearest(iri, known, SIMILAR) if iri.startswith(vocabulary) and iri not in known else ""
        if guess:
            file, line = city.place(*statement)
            values = {"term": shorten(iri, city.base), "guess": shorten(guess, city.base)}
            yield _finding("misspelt-term", file, line, statement[0], city, **values)


def _begun_twice(city: City, seen: _Seen) -> Iterator[Finding]:
    """Report entries that were copied and kept their IRI: two things would seem to be one with two names."""
    for graph, iri in sorted(seen.renamed):
        path = city.files[graph]
        if len(begun := sorted(city.places(path).typed.get(iri, ()))) > 1:
            values = {"thing": shorten(iri, city.base), "first": begun[0], "second": begun[1]}
            yield _finding("begun-twice", city.relative(path), begun[1], iri, city, **values)


def _finding(
    key: str, file: str, line: int, focus: str = "", city: City | None = None, /, **values: object
) -> Finding:
    label = city.label(focus) if city and focus else {}
    return Finding(Severity.VIOLATION, RULE + key, both(key, **values), file, line, focus, label)
