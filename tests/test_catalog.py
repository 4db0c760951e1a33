"""A harvester finds the whole record, and everything in it is true."""

import hashlib
import shutil
from dataclasses import replace

import pytest
from pyoxigraph import CanonicalizationAlgorithm, Dataset, NamedNode, Quad, RdfFormat, Store, parse
from pyoxigraph import Literal as Value
from rdflib import DCAT, DCTERMS, FOAF, RDF, RDFS, SKOS, XSD, BNode, Graph, Literal, Namespace, URIRef
from rdflib.compare import isomorphic

from stadtgraph.site.catalog import closing_documents
from stadtgraph.site.things import VERSION

SPDX = Namespace("http://spdx.org/rdf/terms#")
VOID = Namespace("http://rdfs.org/ns/void#")
PROF = Namespace("http://www.w3.org/ns/dx/prof/")
DAY = NamedNode(str(XSD.date))
DCATDE = Namespace("http://dcat-ap.de/def/dcatde/")


@pytest.fixture(scope="module")
def record(public):
    return Graph().parse(public / "catalog.ttl")


@pytest.fixture(scope="module")
def void(public):
    return Graph().parse(public / "void.ttl")


def canonical(graph):
    """The triples with the same names for the same nodes without names (RDFC-1.0)."""
    triples = Dataset(parse(graph.serialize(format="nt"), format=RdfFormat.N_TRIPLES))
    triples.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
    return {str(quad) for quad in triples}


def path_of(site, public, url):
    assert str(url).startswith(site.base)
    return public / str(url).removeprefix(site.base)


def test_every_form_says_the_same_without_blank_nodes(public, record):
    for suffix in ("jsonld", "rdf"):
        assert isomorphic(record, Graph().parse(public / f"catalog.{suffix}"))
    assert not any(isinstance(term, BNode) for triple in record for term in triple)


def test_catalogue_dataset_distributions_and_service_are_linked(record, site):
    catalog, dataset = URIRef(site.catalog), URIRef(site.dataset)
    (service,) = record.subjects(RDF.type, DCAT.DataService)
    assert (catalog, DCAT.dataset, dataset) in record
    assert (catalog, DCAT.service, service) in record
    assert (service, DCAT.servesDataset, dataset) in record
    assert any(record.subjects(DCAT.accessService, service))
    distributions = set(record.objects(dataset, DCAT.distribution))
    assert distributions == set(record.subjects(RDF.type, DCAT.Distribution))
    assert len(distributions) > 30


def test_the_bytes_behind_every_download_match_size_and_checksum(record, site, public):
    checked = 0
    for distribution, url in record.subject_objects(DCAT.downloadURL):
        content = path_of(site, public, url).read_bytes()
        size = record.value(distribution, DCAT.byteSize)
        assert size == Literal(str(len(content)), datatype=XSD.nonNegativeInteger)
        checksum = record.value(distribution, SPDX.checksum)
        assert str(record.value(checksum, SPDX.checksumValue)) == hashlib.sha256(content).hexdigest()
        assert record.value(checksum, SPDX.algorithm) == SPDX.checksumAlgorithm_sha256
        assert (distribution, DCAT.accessURL, url) in record
        checked += 1
    assert checked > 30
    kinds = {str(kind).rpartition("/")[2] for kind in record.objects(None, DCTERMS.format)}
    assert {"RDF_TURTLE", "RDF_TRIG", "RDF_N_QUADS", "RDF_N_TRIPLES", "RDF_XML", "JSON_LD", "CSV"} <= kinds


def test_every_distribution_has_licence_title_and_availability(record):
    for distribution in record.subjects(RDF.type, DCAT.Distribution):
        licences = list(record.objects(distribution, DCTERMS.license))
        assert [str(licence) for licence in licences] == ["http://dcat-ap.de/def/licenses/dl-zero-de/2.0"]
        assert {title.language for title in record.objects(distribution, DCTERMS.title)} == {"de", "en"}
        available = record.value(distribution, URIRef("http://data.europa.eu/r5r/availability"))
        assert "authority/planned-availability/" in available


@pytest.mark.parametrize(
    ("predicate", "kind"),
    [
        (DCAT.accessURL, RDFS.Resource),
        (DCAT.downloadURL, RDFS.Resource),
        (DCAT.endpointURL, RDFS.Resource),
        (DCAT.endpointDescription, RDFS.Resource),
        (DCAT.landingPage, FOAF.Document),
        (FOAF.homepage, FOAF.Document),
        (DCAT.theme, SKOS.Concept),
        (DCAT.themeTaxonomy, SKOS.ConceptScheme),
        (DCTERMS.type, SKOS.Concept),
        (URIRef("http://data.europa.eu/r5r/availability"), SKOS.Concept),
    ],
)
def test_a_validator_without_the_vocabularies_knows_what_kind_each_value_is(record, predicate, kind):
    values = set(record.objects(None, predicate))
    assert values
    assert all((value, RDF.type, kind) in record for value in values)


def test_every_concept_and_scheme_of_the_record_is_named_in_both_languages(record):
    named = {SKOS.Concept: SKOS.prefLabel, SKOS.ConceptScheme: DCTERMS.title}
    for kind, predicate in named.items():
        for value in record.subjects(RDF.type, kind):
            assert {name.language for name in record.objects(value, predicate)} == {"de", "en"}


def test_a_value_that_the_engine_cannot_name_is_not_called_a_concept(site):
    unknown = NamedNode("https://example.org/types/Guild")
    store = Store()
    store.extend(site.store)
    store.add(Quad(NamedNode(f"{site.catalog}#publisher"), NamedNode(str(DCTERMS.type)), unknown))
    content = dict(closing_documents(replace(site, city=replace(site.city, store=store)), {}))
    assert (None, DCTERMS.type, URIRef(unknown.value)) in Graph().parse(data=content["catalog.ttl"])
    assert (URIRef(unknown.value), None, None) not in Graph().parse(data=content["catalog.ttl"])


def test_every_distribution_has_a_title_of_its_own_and_tables_say_what_they_list(record):
    titles = [
        str(title)
        for distribution in record.subjects(RDF.type, DCAT.Distribution)
        for title in record.objects(distribution, DCTERMS.title)
        if title.language == "de"
    ]
    assert len(titles) == len(set(titles)) > 30
    assert "Tabelle: Ämter, Büros und Gremien (org:OrganizationalUnit)" in titles


def test_a_table_of_a_class_that_the_engine_cannot_name_is_titled_by_the_class(site):
    content = dict(closing_documents(site, {"tables/def-Guild.csv": ("00", 1)}))
    record = Graph().parse(data=content["catalog.ttl"])
    titles = set(record.objects(URIRef(f"{site.catalog}#def-Guild.csv"), DCTERMS.title))
    assert titles == {Literal("Tabelle: def:Guild", lang="de"), Literal("Table: def:Guild", lang="en")}


def test_each_distribution_names_the_languages_that_its_file_holds(site):
    names = ("calendar/events.ics", "calendar/events.en.ics", "download/latest/dataset.ttl")
    names += ("tables/schema-Event.csv", "tables/schema-GeoCoordinates.csv")
    store = Store()
    spot = NamedNode(f"{site.base}id/hansaplatz-koordinaten")  # the only one of its class
    store.extend(q for q in site.store if q.subject != spot or getattr(q.object, "language", "") != "de")
    city = replace(site.city, store=store)
    content = dict(closing_documents(replace(site, city=city), dict.fromkeys(names, ("00", 1))))
    record = Graph().parse(data=content["catalog.ttl"])
    held = {
        name: {
            str(language).rpartition("/")[2]
            for language in record.objects(
                URIRef(f"{site.catalog}#{name.rpartition('/')[2]}"), DCTERMS.language
            )
        }
        for name in names
    }
    assert list(held.values()) == [{"DEU"}, {"ENG"}, {"DEU", "ENG"}, {"DEU", "ENG"}, {"ENG"}]


def test_both_calendars_of_all_events_are_in_the_record(record, site):
    for name, words in (("events.ics", "auf Deutsch"), ("events.en.ics", "auf Englisch")):
        iri = URIRef(f"{site.catalog}#{name}")
        assert record.value(iri, DCAT.downloadURL) == URIRef(site.url(f"calendar/{name}"))
        assert any(words in title for title in record.objects(iri, DCTERMS.title))


def test_what_nobody_has_filled_in_is_not_sent(record):
    assert not list(record.objects(None, DCATDE.contributorID))
    assert not list(record.objects(None, DCAT.contactPoint))
    assert not any("platzhalter" in str(term).lower() for triple in record for term in triple)


def test_a_dump_changes_the_record_only_with_its_content(site):
    names = {"download/latest/dataset.ttl": ("00", 1)}
    first, second = (dict(closing_documents(site, names)) for _ in range(2))
    assert first == second
    other = dict(closing_documents(site, {"download/latest/dataset.ttl": ("11", 1)}))
    assert other != first
    graphs = [Graph().parse(data=content["catalog.ttl"]) for content in (first, other)]
    changed = {str(predicate) for _, predicate, _ in graphs[0] ^ graphs[1]}
    assert changed == {str(SPDX.checksumValue)}


def test_the_last_change_is_that_of_the_youngest_graph(run, musterstadt, tmp_path):
    catalog = musterstadt / "data" / "catalog.ttl"
    catalog.write_text(
        catalog.read_text() + "<https://example.org/musterstadt/catalog> a dcat:Catalog ;\n"
        '    dcterms:title "Katalog"@de , "Catalogue"@en ;\n'
        "    dcat:dataset <https://example.org/musterstadt/dataset> .\n"
    )
    data = musterstadt / "data" / "organisations.ttl"
    day = ' ;\n    dcterms:modified "2024-05-06"^^<http://www.w3.org/2001/XMLSchema#date> .'
    data.write_text(data.read_text().replace('"Offices"@en .', '"Offices"@en' + day))
    assert run("publish", "--root", musterstadt).returncode == 0
    record = Graph().parse(musterstadt / "public" / "catalog.ttl")
    assert {str(value) for value in record.objects(None, DCTERMS.modified)} == {"2024-05-06"}


def test_a_table_is_as_old_as_the_files_it_is_made_from(site):
    """What a rule derived may have changed with any file, so there the day is that of the dataset."""
    store = Store()
    graphs = [NamedNode(f"{site.base}graph/places"), NamedNode(f"{site.base}graph/background/places")]
    day = NamedNode(str(DCTERMS.modified))
    for quad in site.store:
        dated = quad.subject in graphs and quad.predicate == day
        value = Value("2026-01-31", datatype=DAY) if dated else quad.object
        store.add(Quad(quad.subject, quad.predicate, value, quad.graph_name))
    names = ("schema-GeoCoordinates", "org-OrganizationalUnit")
    written = {f"tables/{name}.csv": ("00", 1) for name in names}
    content = dict(closing_documents(replace(site, city=replace(site.city, store=store)), written))
    record = Graph().parse(data=content["catalog.ttl"])
    dataset = str(record.value(URIRef(site.dataset), DCTERMS.modified))
    days = {name: str(record.value(URIRef(f"{site.catalog}#{name}.csv"), DCTERMS.modified)) for name in names}
    assert days == {"schema-GeoCoordinates": "2026-01-31", "org-OrganizationalUnit": dataset}
    assert dataset > "2026-01-31"


def test_void_counts_what_a_stranger_counts(void, site, public):
    dataset = URIRef(site.dataset)
    whole = Graph().parse(public / "download" / "latest" / "dataset.nt")

    def number(subject, name):
        return int(void.value(subject, VOID[name]))

    assert number(dataset, "triples") == len(whole)
    assert number(dataset, "distinctSubjects") == len(set(whole.subjects()))
    assert number(dataset, "distinctObjects") == len(set(whole.objects()))
    assert number(dataset, "properties") == len(set(whole.predicates()))
    assert number(dataset, "classes") == len(set(whole.objects(None, RDF.type)))
    entities = {subject for subject in whole.subjects() if str(subject).startswith(site.base + "id/")}
    assert number(dataset, "entities") == len(entities)
    for part in void.objects(dataset, VOID.propertyPartition):
        predicate = void.value(part, VOID.property)
        assert number(part, "triples") == len(list(whole.subject_objects(predicate)))
    for part in void.objects(dataset, VOID.classPartition):
        kind = void.value(part, VOID["class"])
        assert number(part, "entities") == len(set(whole.subjects(RDF.type, kind)))


def test_void_counts_each_graph_and_names_links_dumps_and_endpoint(void, site, public):
    store = Store()
    store.load(path=str(public / "download" / "latest" / "dataset.nq"), format=RdfFormat.N_QUADS)
    dataset = URIRef(site.dataset)
    for graph in store.named_graphs():
        count = sum(1 for _ in store.quads_for_pattern(None, None, None, graph))
        assert int(void.value(URIRef(graph.value), VOID.triples)) == count
    links = set(void.subjects(RDF.type, VOID.Linkset))
    assert links
    for link in links:
        assert void.value(link, VOID.linkPredicate)
        assert void.value(link, VOID.objectsTarget)
        assert int(void.value(link, VOID.triples)) > 0
    for dump in void.objects(dataset, VOID.dataDump):
        assert path_of(site, public, dump).is_file()
    assert (dataset, VOID.sparqlEndpoint, URIRef(site.base + "sparql")) in void
    assert (URIRef(site.url("void.ttl")), FOAF.primaryTopic, dataset) in void
    assert (public / ".well-known" / "void").read_bytes() == (public / "void.ttl").read_bytes()


def test_the_profile_points_to_files_that_exist(public, site, record):
    profile = Graph().parse(public / "profile.ttl")
    (iri,) = profile.subjects(RDF.type, PROF.Profile)
    assert (URIRef(site.dataset), DCTERMS.conformsTo, iri) in record
    roles = {str(role).rpartition("/")[2] for role in profile.objects(None, PROF.hasRole)}
    assert roles == {"vocabulary", "validation", "example", "guidance", "mapping"}
    for artifact in profile.objects(None, PROF.hasArtifact):
        assert str(artifact) == site.base or path_of(site, public, artifact).is_file()


def test_the_rules_for_data_are_published_whole(public, root):
    published = Graph().parse(public / "shapes.ttl")
    for path in (root / "shapes").glob("*.ttl"):
        for subject, predicate, value in Graph().parse(path):
            if not isinstance(subject, BNode) and not isinstance(value, BNode):
                assert (subject, predicate, value) in published
    assert canonical(published) == canonical(Graph().parse(public / "shapes.jsonld"))


def test_the_record_passes_what_portals_ask(run):
    result = run("validate", "--portal")
    assert result.returncode == 0, result.stdout
    assert "0 violations" in result.stdout
    assert "dcat:contactPoint" in result.stdout


def test_delivery_to_govdata_needs_a_contributor_id(run, city):
    result = run("validate", "--portal", "--route", "govdata", "--lang", "de", "--root", city)
    assert result.returncode == 1
    assert "Bitte dcatde:contributorID" in result.stdout
    assert "data/catalog.ttl:" in result.stdout
    catalog = city / "data" / "catalog.ttl"
    placeholder = "<urn:stadtgraph:platzhalter:contributor-id>"
    given = "<http://dcat-ap.de/def/contributors/openNRW>"
    catalog.write_text(catalog.read_text().replace(placeholder, given))
    assert run("validate", "--portal", "--route", "govdata", "--root", city).returncode == 0


def test_a_city_without_record_or_rules_is_told(run, musterstadt, city):
    result = run("validate", "--portal", "--root", musterstadt)
    assert result.returncode == 2
    assert "dcat:Catalog" in result.stderr
    shutil.rmtree(city / "shapes" / "published")
    result = run("validate", "--portal", "--root", city)
    assert result.returncode == 2
    assert "shapes/published/portal.ttl" in result.stderr


@pytest.mark.parametrize("arguments", [("--route", "govdata"), ("--portal", "data/places.ttl")])
def test_portal_and_files_do_not_mix(run, arguments):
    result = run("validate", *arguments)
    assert result.returncode == 2
    assert "--portal" in result.stderr


def test_the_version_before_is_named(site, tmp_path):
    earlier = replace(site, earlier={"0.9.0": tmp_path, "0.10.0": tmp_path})
    found = Graph().parse(data=dict(closing_documents(earlier, {}))["catalog.ttl"])
    assert str(found.value(URIRef(site.dataset), URIRef(f"{DCAT}previousVersion"))) == site.url(
        "download/0.10.0/"
    )
    assert str(found.value(URIRef(site.dataset), URIRef(f"{DCAT}version"))) == site.value(
        site.dataset, VERSION
    )
