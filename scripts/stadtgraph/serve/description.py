"""The service description (SPARQL 1.1 Service Description): what can be asked here, and how."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple

from stadtgraph.namespaces import VOCABULARIES
from stadtgraph.serve.publication import Publication
from stadtgraph.serve.worker import GRAPH
from stadtgraph.terms import TYPE, in_order, to_bytes

MEDIA: Final = GRAPH
# https://www.w3.org/ns/formats/
FORMATS: Final = (
    "SPARQL_Results_JSON",
    "SPARQL_Results_XML",
    "SPARQL_Results_CSV",
    "SPARQL_Results_TSV",
    "Turtle",
    "JSON-LD",
    "N-Triples",
    "RDF_XML",
)
Node = NamedNode | BlankNode


def describe(publication: Publication, address: str, media: str) -> bytes:
    """Return the description of the endpoint at ``address``.

    Raises:
        ValueError: the address is no IRI.

    """
    triples = in_order(_triples(publication, NamedNode(address)))
    form: RdfFormat = GRAPH[media]
    return to_bytes(triples, form, publication.prefixes)


def _triples(publication: Publication, service: NamedNode) -> Iterator[Triple]:
    dataset, union = BlankNode("dataset"), BlankNode("union")
    yield Triple(service, TYPE, _term("sd:Service"))
    yield Triple(service, _term("sd:endpoint"), service)
    yield Triple(service, _term("sd:supportedLanguage"), _term("sd:SPARQL11Query"))
    yield Triple(service, _term("sd:feature"), _term("sd:UnionDefaultGraph"))
    for name in FORMATS:
        yield Triple(service, _term("sd:resultFormat"), NamedNode(f"http://www.w3.org/ns/formats/{name}"))
    for lang, title in publication.titles.items():
        yield Triple(service, _term("dcterms:title"), Literal(title, language=lang))
    yield Triple(service, _term("sd:defaultDataset"), dataset)
    yield Triple(dataset, TYPE, _term("sd:Dataset"))
    yield Triple(dataset, _term("sd:defaultGraph"), union)
    yield Triple(union, TYPE, _term("sd:Graph"))
    yield Triple(union, _term("void:triples"), Literal(publication.described["triples"]))
    for number, (iri, count) in enumerate(publication.graphs.items()):
        named, graph = BlankNode(f"named{number}"), BlankNode(f"graph{number}")
        yield Triple(dataset, _term("sd:namedGraph"), named)
        yield Triple(named, TYPE, _term("sd:NamedGraph"))
        yield Triple(named, _term("sd:name"), NamedNode(iri))
        yield Triple(named, _term("sd:graph"), graph)
        yield Triple(graph, TYPE, _term("sd:Graph"))
        yield Triple(graph, _term("void:triples"), Literal(count))
    for number, (name, space) in enumerate(publication.prefixes.items()):
        prefix = BlankNode(f"prefix{number}")
        yield Triple(service, _term("sh:declare"), prefix)
        yield Triple(prefix, TYPE, _term("sh:PrefixDeclaration"))
        yield Triple(prefix, _term("sh:prefix"), Literal(name))
        yield Triple(prefix, _term("sh:namespace"), Literal(space, datatype=_term("xsd:anyURI")))


def _term(name: str) -> NamedNode:
    prefix, _, local = name.partition(":")
    return NamedNode(VOCABULARIES[prefix] + local)
