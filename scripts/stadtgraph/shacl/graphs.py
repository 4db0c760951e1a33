"""Bring data and shapes into the form that a validator needs, lexical forms untouched."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pyoxigraph as ox
from rdflib import BNode, Graph, Literal, URIRef
from rdflib.term import Node

Source = Graph | ox.Store | Path | Iterable[Path]


def to_rdflib(source: Source) -> Graph:
    """Return ``source`` as one rdflib graph; literals keep the form in which they were written."""
    if isinstance(source, Graph):
        return source
    if not isinstance(source, ox.Store):
        store = ox.Store()
        for path in [source] if isinstance(source, Path) else source:
            store.bulk_load(path=str(path))
        source = store
    graph = Graph()
    for quad in source:
        graph.add((_term(quad.subject), _term(quad.predicate), _term(quad.object)))
    return graph


def _term(term: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple) -> Node:
    match term:
        case ox.NamedNode():
            return URIRef(term.value)
        case ox.BlankNode():
            return BNode(term.value)
        case ox.Literal(language=str(language)):
            return Literal(term.value, lang=language)
        case ox.Literal():
            datatype = term.datatype.value
            plain = datatype == "http://www.w3.org/2001/XMLSchema#string"
            return Literal(term.value, datatype=None if plain else URIRef(datatype), normalize=False)
    raise TypeError(f"SHACL knows no triple terms: {term}")
