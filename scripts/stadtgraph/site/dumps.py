"""The whole graph in one file, in each form: the same triples in the same order, always.

A dump is written subject by subject, so that a large graph takes no more memory than a small one.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from pyoxigraph import RdfFormat, Store

from stadtgraph.site.jsonld import document_lines
from stadtgraph.site.shelf import Tell
from stadtgraph.terms import Out, quads_in_order, triples_in_order, write

TRIPLES: Final = {
    "ttl": RdfFormat.TURTLE,
    "nt": RdfFormat.N_TRIPLES,
    "rdf": RdfFormat.RDF_XML,
}
QUADS: Final = {"trig": RdfFormat.TRIG, "nq": RdfFormat.N_QUADS}


def dumps(store: Store, prefixes: dict[str, str]) -> Iterator[tuple[str, Tell]]:
    """Yield suffix and what writes the dump: triples of the union of all graphs, quads with their graphs."""
    for suffix, form in TRIPLES.items():
        yield suffix, partial(_triples, store, form, prefixes)
    yield "jsonld", partial(_jsonld, store, prefixes)
    for suffix, form in QUADS.items():
        yield suffix, partial(_quads, store, form, prefixes)


def _triples(store: Store, form: RdfFormat, prefixes: dict[str, str], out: Out) -> None:
    write(triples_in_order(store), form, prefixes, out)


def _quads(store: Store, form: RdfFormat, prefixes: dict[str, str], out: Out) -> None:
    write(quads_in_order(store), form, prefixes, out)


def _jsonld(store: Store, prefixes: dict[str, str], out: Out) -> None:
    for line in document_lines(triples_in_order(store), prefixes):
        out.write(line.encode())
