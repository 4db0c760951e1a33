"""Why an answer may be empty: its query names what does not occur in the graph."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from pyoxigraph import NamedNode, Store

from stadtgraph.namespaces import LOCAL, VOCABULARIES, instead, prefixes, shorten
from stadtgraph.sparql.guard import Token, declared, near_misses_in, telling
from stadtgraph.sparql.refused import Said
from stadtgraph.terms import TYPE, text

# Datatypes and functions stand in no statement of their own, graphs in none at all.
DATATYPES: Final = VOCABULARIES["xsd"]
BEFORE_GRAPHS: Final = frozenset(("FROM", "NAMED", "GRAPH", "BASE", "PREFIX"))


def named(query: str, base: str) -> list[str]:
    """Return the IRIs of known vocabularies and of the city that a query names, in its order."""
    found = telling(query)
    known = {**prefixes(base), **declared(found)}
    spaces = (*(space for space in VOCABULARIES.values() if space != DATATYPES), base)
    iris = dict.fromkeys(_iris(found, known))
    asked = [iri for iri in iris if iri.startswith(spaces) and not iri.startswith(base + LOCAL["graph"])]
    return [iri for iri in asked if not iri.endswith(("#", "/")) and _is_iri(iri)]


def _is_iri(text: str) -> bool:
    try:
        return bool(NamedNode(text))
    except ValueError:
        return False


def _iris(found: Sequence[Token], known: Mapping[str, str]) -> Iterator[str]:
    for at, token in enumerate(found):
        before = [other.text.upper() for other in found[max(0, at - 2) : at]]
        if BEFORE_GRAPHS & set(before[-1:]) or (token.kind == "iri" and before[:1] == ["PREFIX"]):
            continue
        if token.kind == "iri":
            yield token.text[1:-1]
        elif token.kind == "name":
            prefix, _, local = token.text.partition(":")
            if prefix in known:
                yield known[prefix] + re.sub(r"\\(.)", r"\1", local)


def occurs(store: Store, iri: str) -> bool:
    """Tell whether an IRI occurs in a graph; what is no IRI does not."""
    if not _is_iri(iri):
        return False
    node = NamedNode(iri)
    places = ((node, None, None), (None, node, None), (None, None, node))
    return any(next(store.quads_for_pattern(*place), None) for place in places)


def terms_of(store: Store) -> set[str]:
    """Return the classes and properties of a graph."""
    classes = {text(quad.object) for quad in store.quads_for_pattern(None, TYPE, None)}
    return classes | {quad.predicate.value for quad in store}


def hints_of(store: Store, query: str, base: str) -> list[Said]:
    """Return what to say of names of a query that a graph does not hold, or of nearly right namespaces."""
    absent = [iri for iri in named(query, base) if not occurs(store, iri)]
    return [*near_misses_in(query, base), *hints(absent, terms_of(store) if absent else (), base)]


def hints(absent: Sequence[str], terms: Collection[str], base: str) -> list[Said]:
    """Return what to say of names that do not occur; ``terms`` are the classes and properties that do."""
    said: list[Said] = []
    for iri in absent:
        near = instead(iri, terms)
        values = {"name": shorten(iri, base), **({"near": shorten(near, base)} if near else {})}
        said.append(("query-absent-near" if near else "query-absent", values))
    return said
