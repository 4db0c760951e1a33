"""Everything about one thing as readable text."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Final

from pyoxigraph import BlankNode, Literal, NamedNode, Quad, Triple

from stadtgraph.findings import in_language
from stadtgraph.load import LABELS, City
from stadtgraph.messages import say
from stadtgraph.namespaces import LOCAL, VOCABULARIES, expand, shorten
from stadtgraph.terms import TYPE, text

ALTERNATIVES: Final = (
    *LABELS,
    NamedNode(VOCABULARIES["skos"] + "altLabel"),
    NamedNode(VOCABULARIES["schema"] + "alternateName"),
)


def find(city: City, name: str) -> list[str]:
    """Return the IRIs that ``name`` may mean: an IRI, prefixed name, slug, or a label in any language."""
    iri = name.strip("<>")
    candidates = [iri, expand(iri, city.base) or "", *(city.base + LOCAL[p] + iri for p in ("id", "source"))]
    for candidate in candidates:
        if candidate and _described(city, candidate):
            return [candidate]
    return sorted({iri for label, iris in _names(city).items() if label == _folded(name) for iri in iris})


def near(city: City, name: str, number: int = 5) -> list[str]:
    """Return the IRIs whose names look most like ``name``, best first."""
    names = _names(city)
    for iri in {quad.subject.value for quad in city.store if isinstance(quad.subject, NamedNode)}:
        if iri.startswith(city.base + LOCAL["id"]):
            names[_folded(iri.removeprefix(city.base + LOCAL["id"]).replace("-", " "))].add(iri)
    wanted = _folded(name.replace("-", " "))
    close = get_close_matches(wanted, names, n=number, cutoff=0.6)
    close += [label for label in sorted(names, key=len) if len(wanted) > 2 and wanted in label]
    found = dict.fromkeys(iri for label in close for iri in sorted(names[label]))
    return list(found)[:number]


def _folded(name: str) -> str:
    for letter, plain in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss")):
        name = name.lower().replace(letter, plain)
    return " ".join(name.split())


def _names(city: City) -> defaultdict[str, set[str]]:
    names: defaultdict[str, set[str]] = defaultdict(set)
    for predicate in ALTERNATIVES:
        for quad in city.store.quads_for_pattern(None, predicate, None):
            names[_folded(text(quad.object))].add(text(quad.subject))
    return names


def _described(city: City, iri: str) -> bool:
    try:
        return any(city.store.quads_for_pattern(NamedNode(iri), None, None))
    except ValueError:
        return False


def show(city: City, iri: str, lang: str) -> Iterator[str]:
    """Yield the lines of a thing: names, statements by kind of basis, what refers to it, where it stands."""
    node = NamedNode(iri)
    own = list(city.store.quads_for_pattern(node, None, None))
    yield _name(city, iri, lang)
    yield f"  {iri}"
    by_graph: dict[str, list[Quad]] = defaultdict(list)
    for quad in own:
        by_graph[text(quad.graph_name)].append(quad)
    for graph in sorted(by_graph):
        yield ""
        file, line = _stands(city, graph, iri)
        yield f"{_name(city, graph, lang)}{_basis(city, graph, lang)}" + (
            f"  [{file}:{line}]" if line else ""
        )
        yield from _statements(city, by_graph[graph], lang)
    yield from _incoming(city, node, lang)
    yield from _reasons(city, node, lang)


def _stands(city: City, graph: str, iri: str) -> tuple[str, int]:
    path = city.files.get(graph)
    return (city.relative(path), city.places(path).line(iri)) if path else ("", 0)


def _basis(city: City, graph: str, lang: str) -> str:
    basis = NamedNode(city.base + LOCAL["def"] + "basis")
    kinds = [text(quad.object) for quad in city.store.quads_for_pattern(NamedNode(graph), basis, None)]
    return f" ({_name(city, kinds[0], lang)})" if kinds else ""


def _statements(city: City, quads: list[Quad], lang: str) -> Iterator[str]:
    values: dict[str, list[str]] = defaultdict(list)
    for quad in sorted(quads, key=lambda q: (q.predicate != TYPE, str(q.predicate), str(q.object))):
        term = quad.object
        if isinstance(term, Literal):
            if term.language in (None, lang) or not _in_language(quads, quad, lang):
                values[quad.predicate.value].append(term.value)
        else:
            values[quad.predicate.value].append(_name(city, text(term), lang))
    for predicate, texts in values.items():
        yield f"  {_name(city, predicate, lang)}: " + " · ".join(texts)


def _in_language(quads: list[Quad], other: Quad, lang: str) -> bool:
    same = [quad.object for quad in quads if quad.predicate == other.predicate]
    return any(isinstance(term, Literal) and term.language == lang for term in same)


def _incoming(city: City, node: NamedNode, lang: str) -> Iterator[str]:
    quads = [q for q in city.store.quads_for_pattern(None, None, node) if isinstance(q.subject, NamedNode)]
    incoming: dict[str, set[str]] = defaultdict(set)
    for quad in quads:
        incoming[quad.predicate.value].add(_name(city, text(quad.subject), lang))
    if incoming:
        yield ""
        yield say("show-incoming", lang)
    for predicate in sorted(incoming):
        yield f"  {_name(city, predicate, lang)} ← " + " · ".join(sorted(incoming[predicate]))


def _reasons(city: City, node: NamedNode, lang: str) -> Iterator[str]:
    rdf = VOCABULARIES["rdf"]
    statements = [q.subject for q in city.store.quads_for_pattern(None, NamedNode(rdf + "subject"), node)]
    lines = []
    for statement in sorted(statements, key=str):
        predicate, value, reason = (
            in_language(_texts(city, statement, part), lang)
            for part in (rdf + "predicate", rdf + "object", VOCABULARIES["rdfs"] + "comment")
        )
        lines.append(f"  {_name(city, predicate, lang)} {_name(city, value, lang)}: {reason}")
    if lines:
        yield ""
        yield say("show-reasons", lang)
        yield from lines


def _texts(city: City, subject: NamedNode | BlankNode | Triple, predicate: str) -> dict[str, str]:
    quads = city.store.quads_for_pattern(subject, NamedNode(predicate), None)
    return {getattr(quad.object, "language", None) or "": text(quad.object) for quad in quads}


def _name(city: City, iri: str, lang: str) -> str:
    short = shorten(iri, city.base)
    if not iri.startswith(city.base):
        return short
    label = in_language(city.label(iri), lang)
    return f"{label} ({short})" if label and short != iri else label or short
