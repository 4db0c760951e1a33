"""JSON-LD says what the triples say, no more and no less."""

import json
from io import BytesIO
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from pyld import jsonld
from pyoxigraph import Literal, NamedNode, Quad, RdfFormat, Store, Triple, parse
from rdflib import Graph, Namespace, URIRef
from rdflib import Literal as RdflibLiteral
from rdflib.compare import isomorphic

from stadtgraph.load import City
from stadtgraph.namespaces import VOCABULARIES, prefixes
from stadtgraph.site.jsonld import context, document, nested
from stadtgraph.site.things import Site
from stadtgraph.site.things import triples as triples_of
from stadtgraph.terms import in_order, to_bytes, write

BASE = "https://example.org/town/"
SCHEMA = Namespace("https://schema.org/")
IRIS = st.sampled_from(
    [
        *(
            BASE + path
            for path in ("id/a", "id/b", "id//c", "def#x", "graph/events/2023", "source/s#char=1,2")
        ),
        "https://schema.org/name",
        "https://schema.org/",
        "urn:x:y",
        "mailto:post@example.org",
        VOCABULARIES["rdf"] + "type",
    ]
).map(NamedNode)
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
LITERALS = st.one_of(
    TEXT.map(Literal),
    st.builds(lambda text, lang: Literal(text, language=lang), TEXT, st.sampled_from(["de", "en", "de-at"])),
    st.builds(
        lambda text, name: Literal(text, datatype=NamedNode(VOCABULARIES["xsd"] + name)),
        TEXT,
        st.sampled_from(["date", "integer", "boolean", "double"]),
    ),
)
TRIPLES = st.lists(
    st.one_of(
        st.builds(Triple, IRIS, IRIS.filter(lambda iri: iri.value != VOCABULARIES["rdf"] + "type"), LITERALS),
        st.builds(Triple, IRIS, IRIS, IRIS),
    ),
    max_size=8,
)


@given(TRIPLES)
def test_jsonld_expands_to_the_same_triples(triples):
    content = document(in_order(triples), prefixes(BASE))
    read = {quad.triple for quad in parse(content, format=RdfFormat.JSON_LD)}
    assert read == set(triples)


@given(TRIPLES)
def test_turtle_parses_to_the_same_triples(triples):
    content = to_bytes(in_order(triples), RdfFormat.TURTLE, prefixes(BASE))
    assert {quad.triple for quad in parse(content, format=RdfFormat.TURTLE)} == set(triples)


def test_a_second_reader_agrees():
    triples = in_order(
        [
            Triple(
                NamedNode(BASE + "id/a"), NamedNode(VOCABULARIES["rdf"] + "type"), NamedNode(BASE + "def#X")
            ),
            Triple(
                NamedNode(BASE + "id/a"), NamedNode("https://schema.org/name"), Literal("ä", language="de")
            ),
            Triple(NamedNode(BASE + "id/a"), NamedNode("https://schema.org/name"), Literal("plain")),
        ]
    )
    content = document(triples, prefixes(BASE))
    turtle = to_bytes(triples, RdfFormat.TURTLE, prefixes(BASE))
    assert isomorphic(Graph().parse(content, format="json-ld"), Graph().parse(turtle, format="turtle"))
    assert json.loads(content)["@graph"][0]["@id"] == "id:a"


def as_set(graph):
    return {tuple(term.n3() for term in triple) for triple in graph}


def documents(public, suffix):
    """The documents of things; rules have nodes without names and are compared elsewhere."""
    for path in sorted(public.rglob(f"*.{suffix}")):
        if path.relative_to(public).parts[0] in ("doc", "graph", "source", f"def.{suffix}"):
            yield path


def test_every_document_says_the_same_in_every_form_to_rdflib(public):
    seen = 0
    for path in documents(public, "ttl"):
        expected = as_set(Graph().parse(path))
        for suffix in ("nt", "rdf", "jsonld"):
            other = path.with_suffix(f".{suffix}")
            if other.exists():
                assert as_set(Graph().parse(other)) == expected, other
                seen += 1
    assert seen > 1000


def test_every_document_expands_to_the_same_triples_with_pyld(public, site):
    shared = json.loads((public / "context.jsonld").read_text())
    address = site.url("context.jsonld")

    def loader(url, options):
        assert url == address, f"a document asks for {url}"
        return {
            "contentType": "application/ld+json",
            "contextUrl": None,
            "documentUrl": url,
            "document": shared,
        }

    options = {"documentLoader": loader, "format": "application/n-quads"}
    for path in documents(public, "jsonld"):
        base = site.url(path.relative_to(public).as_posix())
        quads = jsonld.to_rdf(json.loads(path.read_text()), {**options, "base": base})
        expected = as_set(Graph().parse(path.with_suffix(".nt")))
        assert as_set(Graph().parse(data=quads, format="nt")) == expected, path


def test_a_document_holds_its_thing_its_parts_and_the_names_of_neighbours(site, public):
    hall = site.base + "id/hansaplatz"
    graph = Graph().parse(public / "doc" / "hansaplatz.ttl")
    subjects = {str(subject) for subject in graph.subjects()}
    assert {hall, hall + "-adresse", hall + "-koordinaten"} <= subjects
    assert (URIRef(hall + "-adresse"), SCHEMA.postalCode, RdflibLiteral("44137")) in graph
    neighbour = URIRef(site.base + "source/dortbunt-2023-city-1200-13")
    assert {str(predicate) for predicate in graph.predicates(neighbour)} == {str(SCHEMA.name)}


def test_neighbours_stand_inside_their_thing(public):
    whole = json.loads((public / "doc" / "hansaplatz.jsonld").read_text())
    assert whole["@id"] == "id:hansaplatz"
    assert whole["@context"] == "../context.jsonld"
    assert whole["schema:address"]["schema:postalCode"] == "44137"
    assert whole["schema:name"]["de"] == "Hansaplatz"


def test_the_document_of_a_named_graph_is_that_graph_and_nothing_else(site, public):
    graphs = [name for name in site.store.named_graphs() if name.value.startswith(site.base + "graph/")]
    assert len(graphs) > 10
    for name in graphs:
        stated = {str(quad.triple) for quad in site.store.quads_for_pattern(None, None, None, name)}
        path = public / f"{name.value.removeprefix(site.base)}.nt"
        assert {line.removesuffix(" .") for line in path.read_text().splitlines()} == stated, name


@given(TRIPLES)
def test_nested_documents_expand_to_the_same_triples(triples):
    store = Store()
    store.extend(Quad(t.subject, t.predicate, t.object, NamedNode(BASE + "graph/x")) for t in triples)
    here = Site(City(Path(), BASE, store, Store(), {}))
    shared = context(prefixes(BASE))
    for iri in {triple.subject.value for triple in triples}:
        about = here.about(iri)
        content = json.dumps({**json.loads(nested(here, about, "x")), "@context": shared})
        read = {quad.triple for quad in parse(content, format=RdfFormat.JSON_LD)}
        assert read == set(triples_of(about))


def test_a_path_that_leaves_the_publication_is_no_document(site):
    for local in ("id/../../etc/passwd", "id/a//b", "id/.htaccess", "../x", "id/a b", "id/"):
        assert site.document(site.base + local) == ""
    assert site.document("https://example.com/id/a") == ""
    assert site.document(site.base + "def#counters") == "def"


def test_rdf_xml_keeps_a_carriage_return():
    text = "eins\r\nzwei\rdrei"
    triple = Triple(NamedNode("x:s"), NamedNode("https://x.example/p"), Literal(text))
    out = BytesIO()
    write([triple], RdfFormat.RDF_XML, {}, out)
    for content in (to_bytes([triple], RdfFormat.RDF_XML), out.getvalue()):
        assert [str(one) for one in Graph().parse(data=content, format="xml").objects()] == [text]
