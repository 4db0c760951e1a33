"""The dataset for machines that look for datasets (VoID), and the profile that it follows (PROF).

All numbers are counted in what is published; each partition has an IRI.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from pyoxigraph import Literal, NamedNode, RdfFormat

from stadtgraph.namespaces import VOCABULARIES
from stadtgraph.site import downloads
from stadtgraph.site.catalog import FORMS, MEDIA_TYPE, Record, Written, named
from stadtgraph.site.census import census
from stadtgraph.site.jsonld import document
from stadtgraph.site.things import DATASERVICE, Site
from stadtgraph.terms import TYPE, in_order, text, to_bytes

LINKS: Final = ("owl:sameAs", "schema:sameAs", "skos:closeMatch", "skos:exactMatch")
FORMAT_IRIS: Final = "http://www.w3.org/ns/formats/"
FORMAT_NAMES: Final = {
    **{"ttl": "Turtle", "trig": "TriG", "nq": "N-Quads", "nt": "N-Triples"},
    **{"rdf": "RDF_XML", "jsonld": "JSON-LD"},
}
STANDARDS: Final = ("schema", "org", "skos", "cv")


def closing_documents(site: Site, written: Written) -> Iterator[tuple[str, bytes]]:
    """Yield the VoID description where machines look for it, and the profile."""
    if not site.dataset:
        return
    triples = in_order(described(site, written).triples)
    content = to_bytes(triples, RdfFormat.TURTLE, site.city.prefixes)
    yield "void.ttl", content
    yield ".well-known/void", content
    yield "void.jsonld", document(triples, site.city.prefixes)
    yield "void.nt", to_bytes(triples, RdfFormat.N_TRIPLES)
    yield "void.rdf", to_bytes(triples, RdfFormat.RDF_XML, site.city.prefixes)
    triples = in_order(profile(site).triples)
    yield "profile.ttl", to_bytes(triples, RdfFormat.TURTLE, site.city.prefixes)
    yield "profile.jsonld", document(triples, site.city.prefixes)


def described(site: Site, written: Mapping[str, tuple[str, int]]) -> Record:
    """Return what VoID says of the dataset: how much, of what, where."""
    found, dataset = Record(site), site.dataset
    found.say(site.url("void.ttl"), "rdf:type", named_class("DatasetDescription"))
    found.say(site.url("void.ttl"), "foaf:primaryTopic", dataset)
    found.say(dataset, "rdf:type", named_class("Dataset"))
    names = ("title", "description", "license", "publisher", "modified")
    found.copy(dataset, dataset, *(f"dcterms:{name}" for name in names))
    found.copy(dataset, dataset, "void:uriSpace", "void:vocabulary", "void:exampleResource")
    for name in written:
        folder, _, file = name.rpartition("/")
        if folder == downloads.LATEST:
            found.say(dataset, "void:dataDump", site.url(name))
            if form := FORMAT_NAMES.get(file.rpartition(".")[2]):
                found.say(dataset, "void:feature", FORMAT_IRIS + form)
    for service in site.those(TYPE, DATASERVICE):
        found.say(dataset, "void:sparqlEndpoint", *found.told(service.value, "dcat:endpointURL"))
    _counts(found)
    return found


def _counts(found: Record) -> None:
    site, dataset = found.site, found.site.dataset
    counted = census(site)
    for name, number in (
        ("triples", counted.triples),
        ("entities", counted.entities),
        ("distinctSubjects", counted.subjects),
        ("distinctObjects", counted.objects),
        ("classes", len(counted.classes)),
        ("properties", len(counted.properties)),
    ):
        _count(found, dataset, name, number)
    for kind, number in counted.classes.items():
        part = _part(found, "classPartition", "class", NamedNode(kind))
        _count(found, part, "entities", number)
    for predicate, number in counted.properties.items():
        part = _part(found, "propertyPartition", "property", NamedNode(predicate))
        _count(found, part, "triples", number)
    for graph, number in counted.graphs.items():
        if graph.startswith(site.base):
            found.say(dataset, "void:subset", graph)
            found.say(graph, "rdf:type", named_class("Dataset"))
            found.copy(graph, graph, "dcterms:title")
            _count(found, graph, "triples", number)
    for (predicate, target), number in counted.links.items():
        name = site.compact(NamedNode(predicate))
        if name in LINKS and target:
            part = site.url(f"void.ttl#links-{name.replace(':', '-')}-{target}")
            found.say(dataset, "void:subset", part)
            found.say(part, "rdf:type", named_class("Linkset"))
            found.say(part, "void:linkPredicate", named(name))
            found.say(part, "void:subjectsTarget", dataset)
            found.say(part, "void:objectsTarget", site.url(f"void.ttl#{target}"))
            found.say(site.url(f"void.ttl#{target}"), "rdf:type", named_class("Dataset"))
            found.say(site.url(f"void.ttl#{target}"), "rdfs:label", Literal(target))
            _count(found, part, "triples", number)


def _part(found: Record, name: str, role: str, term: NamedNode) -> str:
    part = found.site.url(f"void.ttl#{role}-{found.site.compact.file(term)}")
    found.say(found.site.dataset, f"void:{name}", part)
    found.say(part, f"void:{role}", term)
    return part


def _count(found: Record, subject: str, name: str, number: int) -> None:
    found.say(subject, f"void:{name}", Literal(number))


def named_class(name: str) -> NamedNode:
    """Return a class of VoID."""
    return NamedNode(VOCABULARIES["void"] + name)


def profile(site: Site) -> Record:
    """Return the profile that the dataset follows: which vocabularies, which terms, rules and examples."""
    found, iri = Record(site), site.url("profile")
    found.say(iri, "rdf:type", VOCABULARIES["prof"] + "Profile", VOCABULARIES["dcterms"] + "Standard")
    found.titles(iri, "profile")
    found.say(iri, "prof:hasToken", Literal("profile"))
    found.say(iri, "prof:isProfileOf", *(VOCABULARIES[name] for name in STANDARDS))
    found.copy(site.dataset, iri, "dcterms:publisher")
    things = [text(value) for value in found.told(site.dataset, "void:exampleResource")]
    examples = [f"{site.url(site.document(thing))}.ttl" for thing in things if site.document(thing)]
    for key, title, address in (
        ("ontology", "profile-vocabulary", site.url("def.ttl")),
        ("shapes", "profile-validation", site.url("shapes.ttl")),
        ("context", "profile-mapping", site.url("context.jsonld")),
        ("guidance", "profile-guidance", site.base),
        *((f"example-{n}", "profile-example", example) for n, example in enumerate(examples, 1)),
    ):
        resource = f"{iri}#{key}"
        found.say(iri, "prof:hasResource", resource)
        found.say(resource, "rdf:type", VOCABULARIES["prof"] + "ResourceDescriptor")
        found.say(resource, "prof:hasRole", VOCABULARIES["role"] + title.removeprefix("profile-"))
        found.say(resource, "prof:hasArtifact", address)
        found.titles(resource, title)
        form = FORMS.get(address.rpartition(".")[2])
        if form:
            found.say(resource, "dcterms:format", MEDIA_TYPE + form[1])
    return found
