"""Bring data and shapes into the form that a validator needs, lexical forms untouched."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pyoxigraph as ox
from rdflib import BNode, Graph, Literal, URIRef
from rdflib.term import Node

from stadtgraph.namespaces import VOCABULARIES
from stadtgraph.shacl.documents import Document, files_in, statements

Source = Graph | ox.Store | Path | Iterable[Path | Document | ox.Quad]
Term = ox.NamedNode | ox.BlankNode | ox.Literal
STRING: Final = ox.NamedNode(VOCABULARIES["xsd"] + "string")


def to_store(source: Source) -> ox.Store:
    """Return ``source`` as one store, all its statements in one graph.

    Raises:
        CannotLook: a file cannot be read.

    """
    if isinstance(source, ox.Store):
        return source
    store = ox.Store()
    store.bulk_extend(ox.Quad(quad.subject, quad.predicate, quad.object) for quad in quads(source))
    return store


def quads(source: Source) -> Iterator[ox.Quad]:
    """Yield the statements of ``source`` without building a store; some may come more than once.

    Raises:
        CannotLook: a file cannot be read.

    """
    if isinstance(source, ox.Store):
        yield from source
    elif isinstance(source, Graph):
        for subject, predicate, value in source:
            yield ox.Quad(to_oxigraph(subject), to_oxigraph(predicate), to_oxigraph(value))  # type: ignore[arg-type]
    else:
        for item in [source] if isinstance(source, Path) else source:
            if isinstance(item, ox.Quad):
                yield item
            else:
                for each in files_in([item]) if isinstance(item, Path) else [item]:
                    yield from statements(each)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep rdflib from logging a traceback for each ill-typed literal: that it is one, is our finding."""
    logger = logging.getLogger("rdflib.term")
    disabled, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = disabled


def to_rdflib(source: Source) -> Graph:
    """Return ``source`` as one rdflib graph; literals keep the form in which they were written."""
    if isinstance(source, Graph):
        return source
    graph = Graph()
    with quiet():
        for quad in quads(source):
            graph.add(tuple(map(term_to_rdflib, (quad.subject, quad.predicate, quad.object))))  # type: ignore[arg-type]
    return graph


def term_to_rdflib(term: Term | ox.Triple) -> Node:
    """Return the same term in rdflib."""
    match term:
        case ox.NamedNode():
            return URIRef(term.value)
        case ox.BlankNode():
            return BNode(term.value)
        case ox.Literal(language=str(language)):
            return Literal(term.value, lang=language)
        case ox.Literal():
            datatype = None if term.datatype == STRING else URIRef(term.datatype.value)
            return Literal(term.value, datatype=datatype, normalize=False)
    raise TypeError(f"SHACL knows no triple terms: {term}")


def to_oxigraph(term: Node) -> Term:
    """Return the same term in pyoxigraph."""
    match term:
        case URIRef():
            return ox.NamedNode(str(term))
        case BNode():
            return ox.BlankNode(str(term))
        case Literal(language=str(language)):
            return ox.Literal(str(term), language=language)
        case Literal():
            return ox.Literal(str(term), datatype=ox.NamedNode(term.datatype) if term.datatype else None)
    raise TypeError(f"no term of RDF: {term!r}")
