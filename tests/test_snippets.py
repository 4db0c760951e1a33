"""What search engines read: schema.org alone, whole by Google's rules, and harmless inside a page."""

import json
import re
from pathlib import Path

import extruct
import pytest
from pyoxigraph import Literal, NamedNode, Quad, Store
from rdflib import SH, Graph, Namespace

from stadtgraph import shacl
from stadtgraph.load import City
from stadtgraph.namespaces import VOCABULARIES
from stadtgraph.site.jsonld import snippet
from stadtgraph.site.things import Site
from stadtgraph.terms import TYPE

LANGUAGES = ("de", "en")
SCHEMA = Namespace("https://schema.org/")
# What https://schema.org says of its terms, as far as our snippets use them.
IRI_TERMS = ("url", "sameAs", "eventStatus", "eventAttendanceMode", "license", "contentUrl")
CONTEXT = {
    "@vocab": str(SCHEMA),
    **{name: {"@type": "@id"} for name in IRI_TERMS},
}


def as_graph(text):
    whole = json.loads(text)
    assert whole["@context"] == "https://schema.org"
    return Graph().parse(data=json.dumps({**whole, "@context": CONTEXT}), format="json-ld")


def snippets(site):
    for iri in site.things:
        for lang in LANGUAGES:
            if text := snippet(site, iri, lang):
                yield iri, lang, text


@pytest.fixture(scope="module")
def everything(site):
    return list(snippets(site))


def test_all_kinds_of_things_have_a_snippet_in_each_language(site, everything):
    kinds = {
        json.loads(text)["@type"] for _, _, text in everything if isinstance(json.loads(text)["@type"], str)
    }
    assert {"Event", "Festival", "EventSeries", "GovernmentOrganization", "Place", "DefinedTerm"} <= kinds
    assert len({iri for iri, _, _ in everything}) * 2 == len(everything)
    assert snippet(site, site.base + "id/hansaplatz-adresse", "de") is None
    assert snippet(site, site.base + "graph/events/2023", "de") is None
    assert snippet(site, site.base + "id/no-such-thing", "de") is None


def test_every_snippet_holds_schema_org_alone_and_is_small(site, everything):
    for iri, _, text in everything:
        assert len(text.encode()) <= 10_000, iri
        terms = {str(predicate) for predicate in as_graph(text).predicates()} - {str(TYPE.value)}
        assert all(
            term.startswith(SCHEMA) and re.fullmatch(r"[a-z]\w+", term[len(SCHEMA) :]) for term in terms
        )


def test_every_event_has_what_search_engines_require(root, everything):
    rules = shacl.to_rdflib(root / "shapes" / "published" / "page.ttl")
    graph = Graph()
    for _, lang, text in everything:
        if lang == "de":
            graph += as_graph(text)
    report = shacl.validate(graph, rules)
    assert [result for result in report.results if result.severity == SH.Violation] == []
    # No source gives these for every event, so they stay absent.
    missing = {str(result.path).removeprefix(SCHEMA) for result in report.results}
    assert missing == {"endDate", "eventStatus", "image", "offers", "organizer", "performer"}


def test_a_snippet_agrees_with_the_graph(site, everything):
    """Each value of the thing itself is one that the graph states, in the language asked for."""
    for iri, lang, text in everything:
        for name in ("name", "description", "startDate", "endDate", "foundingDate"):
            told = json.loads(text).get(name)
            stated = site.values(iri, NamedNode(SCHEMA + name))
            assert told is None or told in [value.value for value in stated if value.language in (lang, None)]


def test_the_programme_item_is_told_in_full(site):
    item = json.loads(snippet(site, site.base + "id/projekte-und-koordinierungsstellen-2023", "en"))
    assert item["name"] == "Projects and Coordination Offices"
    assert item["startDate"] == "2023-05-07T12:00:00+02:00"
    assert "endDate" not in item
    assert item["location"]["address"]["postalCode"] == "44137"
    assert item["location"]["geo"]["latitude"] == 51.51306
    assert item["superEvent"]["name"] == "DORTBUNT.city"
    assert item["superEvent"]["startDate"] and item["superEvent"]["location"]
    # The series has no day of its own: search engines would take it for an incomplete event.
    assert site.values(site.base + "id/dortbunt-2023", NamedNode(SCHEMA + "superEvent"))
    assert "superEvent" not in json.loads(snippet(site, site.base + "id/dortbunt-2023", "en"))
    assert len(item["performer"]) == 12
    assert all(body["name"] and body["url"] for body in [*item["performer"], item["organizer"]])


def test_the_dataset_is_told_to_dataset_search(site):
    for lang in LANGUAGES:
        whole = json.loads(snippet(site, site.dataset, lang))
        assert 50 <= len(whole["description"]) <= 5000
        assert whole["name"] and whole["license"].startswith("https://")
        assert {item["contentUrl"].rpartition(".")[2] for item in whole["distribution"]} == {
            "ttl",
            "jsonld",
            "nq",
        }
        as_graph(snippet(site, site.dataset, lang))


def test_extruct_finds_it_in_a_page_whatever_the_texts_hold():
    base = "https://example.org/town/"
    evil = "</script><script>alert(1)</script><!-- \u2028 & \\ \" '"
    store = Store()
    thing = NamedNode(base + "id/x")
    for predicate, value in (
        (TYPE, NamedNode(SCHEMA + "Event")),
        (NamedNode(SCHEMA + "name"), Literal(evil, language="de")),
    ):
        store.add(Quad(thing, predicate, value, NamedNode(base + "graph/x")))
    text = snippet(Site(City(Path(), base, store, Store(), {})), thing.value, "de")
    assert "<" not in text and "&" not in text and "\u2028" not in text
    page = f'<!doctype html><title>x</title><script type="application/ld+json">{text}</script>'
    (found,) = extruct.extract(page, syntaxes=["json-ld"])["json-ld"]
    assert found["name"] == evil


def test_a_snippet_too_large_drops_the_least_important_first():
    base = "https://example.org/town/"
    store = Store()
    graph = NamedNode(base + "graph/x")
    thing = NamedNode(base + "id/x")
    store.add(Quad(thing, TYPE, NamedNode(SCHEMA + "Event"), graph))
    store.add(Quad(thing, NamedNode(SCHEMA + "name"), Literal("Fest", language="de"), graph))
    for number in range(100):
        other = NamedNode(f"{base}id/other-{number}")
        store.add(Quad(thing, NamedNode(SCHEMA + "contributor"), other, graph))
        store.add(Quad(other, TYPE, NamedNode(SCHEMA + "Organization"), graph))
        store.add(Quad(other, NamedNode(VOCABULARIES["schema"] + "name"), Literal("Verein " * 5), graph))
    text = snippet(Site(City(Path(), base, store, Store(), {})), thing.value, "de")
    assert len(text) < 10_000
    assert json.loads(text)["name"] == "Fest"
    assert "contributor" not in json.loads(text)


def test_embed_files_are_the_snippets(public, site, everything):
    for iri, lang, text in everything:
        if iri != site.dataset:
            slug = site.document(iri).removeprefix("doc/")
            assert (public / "embed" / f"{slug}.{lang}.jsonld").read_text() == text + "\n"
    assert (public / "embed" / "dataset.de.jsonld").is_file()


def test_a_body_is_found_by_its_own_name_in_another_language(site):
    english = json.loads(snippet(site, site.base + "id/gleichstellungsbuero", "en"))
    assert english["name"] != "Gleichstellungsbüro"
    others = english["alternateName"]
    assert "Gleichstellungsbüro" in ([others] if isinstance(others, str) else others)
    german = json.loads(snippet(site, site.base + "id/gleichstellungsbuero", "de"))
    assert german.get("alternateName") != german["name"]
