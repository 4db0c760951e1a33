"""JSON-LD says what the triples say, no more and no less."""

import json

from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, RdfFormat, Triple, parse
from rdflib import Graph
from rdflib.compare import isomorphic

from stadtgraph.namespaces import VOCABULARIES, prefixes
from stadtgraph.site.jsonld import document
from stadtgraph.terms import in_order, to_bytes

BASE = "https://example.org/town/"
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
