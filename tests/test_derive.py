"""The rules: they say the same from the other side and in other vocabularies, and never more than that."""

import re
from pathlib import Path

import pytest
from pyoxigraph import NamedNode, Quad

from stadtgraph.derive import DERIVED, derive
from stadtgraph.load import load
from stadtgraph.namespaces import expand
from stadtgraph.queries import read

ROOT = Path(__file__).resolve().parent.parent
RULES = {path.stem: read(path) for path in sorted((ROOT / "queries" / "derive").glob("*.rq"))}
AMT = "id:amt-fuer-angelegenheiten-des-oberbuergermeisters-und-des-rates"
ITEM = "id:projekte-und-koordinierungsstellen-2023"
INVERSE = {
    "org:hasMember": ("org:memberOf", "schema:memberOf"),
    "org:postIn": ("org:hasPost",),
    "org:unitOf": ("org:hasSubOrganization", "org:hasUnit", "schema:subOrganization"),
    "schema:performer": ("schema:performerIn",),
    "schema:superEvent": ("schema:subEvent",),
    "skos:broader": ("skos:narrower",),
    "skos:topConceptOf": ("skos:hasTopConcept",),
    "def:cooperatesWith": ("def:cooperatesWith", "org:linkedTo"),
}
COPIES = {
    "def:activity": "schema:keywords",
    "def:cooperatesWith": "org:linkedTo",
    "def:editionNumber": "schema:position",
    "def:plannedDuration": "schema:duration",
    "org:purpose": "schema:knowsAbout",
    "org:unitOf": "schema:parentOrganization",
}
BODIES = ("FormalOrganization", "Organization", "OrganizationalCollaboration", "OrganizationalUnit")
NAMES = {
    "skos:prefLabel": "schema:name",
    "skos:altLabel": "schema:alternateName",
    "dcterms:description": "schema:description",
}
TERMS = {
    "skos:prefLabel": "schema:name",
    "skos:altLabel": "schema:alternateName",
    "skos:definition": "schema:description",
    "skos:inScheme": "schema:inDefinedTermSet",
    "skos:notation": "schema:termCode",
}


class Derived:
    """The real city after its rules."""

    def __init__(self) -> None:
        self.city = load(ROOT)
        self.before = set(self.city.store)
        self.added = derive(self.city)
        self.new = set(self.city.store) - self.before

    def node(self, name):
        return NamedNode(expand(name, self.city.base))

    def pairs(self, predicate):
        return {
            (q.subject, q.object) for q in self.city.store.quads_for_pattern(None, self.node(predicate), None)
        }

    def typed(self, kind):
        kinds = self.city.store.quads_for_pattern(None, self.node("rdf:type"), self.node(kind))
        return {quad.subject for quad in kinds}

    def slugs(self, predicate, subject=None, value=None):
        """Return what stands on the open side of a predicate, as slugs."""
        ends = (
            self.node(subject) if subject else None,
            self.node(predicate),
            self.node(value) if value else None,
        )
        found = self.city.store.quads_for_pattern(*ends)
        nodes = {quad.object if subject else quad.subject for quad in found}
        return {node.value.removeprefix(self.city.base + "id/") for node in nodes}


@pytest.fixture(scope="module")
def derived():
    return Derived()


@pytest.mark.parametrize("slug", RULES)
def test_a_rule_says_what_it_does_in_both_languages(slug):
    header = RULES[slug].header
    assert set(header) == {"title", "title-en", "description", "description-en"}
    assert all(len(values) == 1 and values[0] for values in header.values())
    assert re.match(r"\d\d-[a-z0-9-]+$", slug)


@pytest.mark.parametrize("slug", RULES)
def test_a_rule_finds_something_to_do(derived, slug):
    assert derived.added[slug] > 0


def test_a_second_run_adds_nothing(derived):
    assert set(derive(derived.city).values()) == {0}


def test_what_is_derived_stands_in_its_own_graph_and_repeats_nothing(derived):
    graph = NamedNode(derived.city.base + DERIVED)
    assert {quad.graph_name for quad in derived.new} == {graph}
    stated = {(quad.subject, quad.predicate, quad.object) for quad in derived.before}
    assert [q for q in derived.new if (q.subject, q.predicate, q.object) in stated] == []


def test_nothing_derived_is_a_source_or_a_blank_node(derived):
    assert all(isinstance(quad.subject, NamedNode) for quad in derived.new)
    assert derived.node("dcterms:source") not in {quad.predicate for quad in derived.new}


@pytest.mark.parametrize(("predicate", "inverse"), [(p, i) for p, all_ in INVERSE.items() for i in all_])
def test_a_relation_is_said_from_the_other_side(derived, predicate, inverse):
    stated = derived.pairs(predicate)
    assert stated
    assert {(value, subject) for subject, value in stated} <= derived.pairs(inverse)


@pytest.mark.parametrize(("predicate", "copy"), COPIES.items())
def test_a_statement_is_said_with_the_wider_word(derived, predicate, copy):
    assert derived.pairs(predicate) <= derived.pairs(copy)


@pytest.mark.parametrize(("own", "view"), NAMES.items())
def test_a_body_has_its_names_in_schema_org(derived, own, view):
    bodies = {body for kind in BODIES for body in derived.typed(f"org:{kind}")}
    stated = {pair for pair in derived.pairs(own) if pair[0] in bodies}
    assert stated
    assert stated <= derived.pairs(view)


@pytest.mark.parametrize(("own", "view"), TERMS.items())
def test_a_concept_is_a_defined_term_in_schema_org(derived, own, view):
    concepts = derived.typed("skos:Concept")
    assert concepts == derived.typed("schema:DefinedTerm")
    stated = {pair for pair in derived.pairs(own) if pair[0] in concepts}
    assert stated
    assert stated <= derived.pairs(view)


def test_a_scheme_is_a_set_of_defined_terms(derived):
    assert derived.typed("skos:ConceptScheme") == derived.typed("schema:DefinedTermSet") != set()


def test_public_bodies_and_only_they_are_public_organisations(derived):
    public = derived.typed("cv:PublicOrganisation")
    assert public == derived.typed("schema:GovernmentOrganization")
    assert not public & (derived.typed("schema:NGO") | derived.typed("org:OrganizationalCollaboration"))
    areas = {pair for pair in derived.pairs("schema:areaServed") if pair[0] in public}
    assert areas
    assert areas <= derived.pairs("dcterms:spatial")


def test_every_passage_names_its_source(derived):
    passages = {(p, NamedNode(p.value.split("#char=")[0])) for _, p in derived.pairs("prov:wasDerivedFrom")}
    assert passages <= derived.pairs("dcterms:isPartOf")


def test_elected_bodies_boards_and_associations_become_no_units(derived):
    units = derived.slugs("org:hasUnit", AMT) | derived.slugs("schema:subOrganization", AMT)
    outside = {
        "behindertenpolitisches-netzwerk",
        "colourado",
        "freiwilligenagentur-dortmund",
        "inklusionsbeirat",
    }
    assert not units & (outside | {"integrationsrat"})
    assert len(units & derived.slugs("schema:performer", ITEM)) == 10


def test_no_body_is_a_member_unless_a_collaboration_says_so(derived):
    groups = {group for _, group in derived.pairs("org:memberOf")}
    assert groups <= derived.typed("org:OrganizationalCollaboration")


def test_no_date_no_place_and_no_organiser_is_derived(derived):
    never = (
        "startDate",
        "endDate",
        "foundingDate",
        "address",
        "geo",
        "location",
        "organizer",
        "performer",
        "about",
    )
    assert not {derived.node(f"schema:{word}") for word in never} & {quad.predicate for quad in derived.new}


def test_the_order_of_the_files_does_not_matter(derived):
    """Deriving from the same statements in other graphs gives the same triples."""
    other = load(ROOT)
    quads = list(other.store)
    other.store.clear()
    graph = NamedNode("urn:all")
    other.store.extend(Quad(q.subject, q.predicate, q.object, graph) for q in reversed(quads))
    derive(other)
    got = {(q.subject, q.predicate, q.object) for q in other.store if q.graph_name != graph}
    assert got == {(q.subject, q.predicate, q.object) for q in derived.new}
