"""The whole graph in one file, in each form: the same triples in the same order, always."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pyoxigraph import RdfFormat, Store

from stadtgraph.site.jsonld import document
from stadtgraph.terms import in_order, quads_in_order, to_bytes

TRIPLES: Final = {
    "ttl": RdfFormat.TURTLE,
    "nt": RdfFormat.N_TRIPLES,
    "rdf": RdfFormat.RDF_XML,
}
QUADS: Final = {"trig": RdfFormat.TRIG, "nq": RdfFormat.N_QUADS}


def dumps(store: Store, prefixes: dict[str, str]) -> Iterator[tuple[str, bytes]]:
    """Yield suffix and content: triples of the union of all graphs, quads with their graphs."""
    quads = quads_in_order(store)
    triples = in_order(quad.triple for quad in quads)
    for suffix, form in TRIPLES.items():
        yield suffix, to_bytes(triples, form, prefixes)
    yield "jsonld", document(triples, prefixes)
    for suffix, form in QUADS.items():
        yield suffix, to_bytes(quads, form, prefixes)
