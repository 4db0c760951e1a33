"""From a published tree alone, with none of our code, a stranger's tools succeed."""

import csv
import hashlib
import json
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urljoin

import extruct
import icalendar
import pandas
import pytest
from pyoxigraph import CanonicalizationAlgorithm, RdfFormat, parse
from pyoxigraph import Dataset as OxigraphDataset
from rdflib import DCAT, DCTERMS, FOAF, RDF, Dataset, Graph, Namespace, URIRef

pytestmark = pytest.mark.dear
SPDX = Namespace("http://spdx.org/rdf/terms#")
RECORDS = ("catalog.ttl", "catalog.rdf", "catalog.jsonld")
# What rdflib calls the media types of our dumps.
GRAPHS = {"turtle": "turtle", "n-triples": "nt", "rdf+xml": "xml", "ld+json": "json-ld"}
DATASETS = {"trig": "trig", "n-quads": "nquads"}


def with_form(public, suffix):
    return sorted(path for path in public.rglob(f"*.{suffix}") if "server" not in path.parts)


@pytest.fixture(scope="module")
def rapper(tool):
    """Raptor's parser: the triples of a file as sorted lines of N-Triples."""
    program, environment = tool("rapper")

    def read(path, form):
        command = [program, "-q", "-i", form, "-o", "ntriples", str(path), "https://example.org/"]
        result = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert (result.returncode, result.stderr) == (0, ""), path
        return sorted(set(result.stdout.splitlines()))

    return read


def as_set(graph):
    return {tuple(term.n3() for term in triple) for triple in graph}


def canonical(lines):
    """The triples of N-Triples with the same names for the same nodes without names (RDFC-1.0)."""
    triples = OxigraphDataset(parse(lines, format=RdfFormat.N_TRIPLES))
    triples.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
    return {str(quad) for quad in triples}


def has_nodes_without_names(path):
    """The rules have some, today's as well as those of each version."""
    return "shapes" in (path.stem, path.parent.name)


def test_raptor_and_rdflib_read_every_document_and_dump_to_the_same_triples(rapper, public):
    """Each form by each reader; the rules have nodes without names, which get the same ones first."""
    turtles = with_form(public, "ttl")
    with ThreadPoolExecutor(4) as pool:
        read = dict(zip(turtles, pool.map(rapper, turtles, ["turtle"] * len(turtles)), strict=True))
        others = with_form(public, "rdf")
        from_xml = dict(zip(others, pool.map(rapper, others, ["rdfxml"] * len(others)), strict=True))
    assert len(turtles) > 300 and len(others) > 300
    for path in turtles:
        whole = Graph().parse(path)
        if has_nodes_without_names(path):
            assert canonical("\n".join(read[path])) == canonical(whole.serialize(format="nt"))
            continue
        assert as_set(Graph().parse(data="\n".join(read[path]), format="nt")) == as_set(whole), path
        if (xml := path.with_suffix(".rdf")) in from_xml:
            assert from_xml[xml] == read[path], xml
        if (lines := path.with_suffix(".nt")).is_file():
            assert as_set(Graph().parse(lines)) == as_set(whole), lines
    assert {path.stem for path in set(others) - {path.with_suffix(".rdf") for path in turtles}} == set()


def test_raptor_reads_every_line_of_the_n_triples(rapper, public, tmp_path):
    """All documents in one file: the format has no context, so a document stands for itself in it."""
    paths = [path for path in with_form(public, "nt") if not has_nodes_without_names(path)]
    lines = {line for path in paths for line in path.read_text().splitlines()}
    whole = tmp_path / "all.nt"
    whole.write_text("\n".join(sorted(lines)) + "\n")
    assert len(rapper(whole, "ntriples")) == len(lines) > 5000


@pytest.fixture(scope="module", params=RECORDS)
def record(request, public):
    """The catalogue as a harvester gets it, whatever form it asks for."""
    return Graph().parse(public / request.param)


def home(record):
    """The address at which the tree is published: the home page that the catalogue names."""
    (catalog,) = record.subjects(RDF.type, DCAT.Catalog)
    return str(record.value(catalog, FOAF.homepage))


def fetch(public, record, url):
    """The bytes behind an address, as a web server of files would send them."""
    base = home(record)
    assert str(url).startswith(base)
    return (public / str(url).removeprefix(base)).read_bytes()


def harvest(record):
    """Walk from catalogue to dataset to distributions, as CKAN's harvester does; yield datasets."""
    for catalog in record.subjects(RDF.type, DCAT.Catalog):
        for dataset in record.objects(catalog, DCAT.dataset):
            assert (dataset, RDF.type, DCAT.Dataset) in record
            resources = [
                {str(name).rpartition("#")[2].rpartition("/")[2]: value for name, value in record[node]}
                for node in record.objects(dataset, DCAT.distribution)
                if (node, RDF.type, DCAT.Distribution) in record
            ]
            yield catalog, dataset, resources


def test_a_harvester_finds_catalogue_dataset_distributions_and_service(record):
    ((catalog, dataset, resources),) = harvest(record)
    assert len(resources) == len(set(record.subjects(RDF.type, DCAT.Distribution))) > 30
    for name in ("title", "description", "publisher", "modified", "language", "license", "identifier"):
        assert list(record.objects(dataset, DCTERMS[name])), name
    assert {title.language for title in record.objects(dataset, DCTERMS.title)} == {"de", "en"}
    for node in (catalog, dataset):
        agent = record.value(node, DCTERMS.publisher)
        assert record.value(agent, FOAF.name)
    (service,) = record.objects(catalog, DCAT.service)
    assert (service, DCAT.servesDataset, dataset) in record
    assert (URIRef(urljoin(home(record), "sparql"))) in record.objects(service, DCAT.endpointURL)
    assert [resource["accessURL"] for resource in resources if resource.get("accessService") == service]


def test_each_download_is_as_large_and_has_the_checksum_that_the_record_says(record, public):
    ((_, _, resources),) = harvest(record)
    files = [resource for resource in resources if "downloadURL" in resource]
    assert len(files) > 30
    for resource in files:
        content = fetch(public, record, resource["downloadURL"])
        assert len(content) == int(resource["byteSize"])
        checksum = resource["checksum"]
        assert record.value(checksum, SPDX.algorithm) == SPDX.checksumAlgorithm_sha256
        assert str(record.value(checksum, SPDX.checksumValue)) == hashlib.sha256(content).hexdigest()
        assert resource["license"] and resource["title"] and resource["format"] and resource["modified"]


def test_each_dump_is_what_its_media_type_says(public):
    record = Graph().parse(public / "catalog.ttl")
    ((_, _, resources),) = harvest(record)
    read = {}
    for resource in resources:
        form = str(resource.get("mediaType", "")).rpartition("/")[2]
        if form in GRAPHS and "compressFormat" not in resource:
            content = fetch(public, record, resource["downloadURL"])
            read[form] = as_set(Graph().parse(data=content, format=GRAPHS[form]))
        if form in DATASETS and "compressFormat" not in resource:
            data = Dataset().parse(data=fetch(public, record, resource["downloadURL"]), format=DATASETS[form])
            read[form] = {tuple(term.n3() for term in quad[:3]) for quad in data.quads()}
    assert set(read) == {*GRAPHS, *DATASETS}
    assert all(triples == read["turtle"] for triples in read.values())


def calendars(public):
    return sorted((public / "calendar").glob("*.ics"))


def test_a_calendar_program_imports_each_feed(public):
    """Strictly read, written again and read again, each event stays what it is."""
    assert len(calendars(public)) > 10
    for path in calendars(public):
        whole = icalendar.Calendar.from_ical(path.read_bytes())
        assert whole.errors == []
        events = whole.walk("VEVENT")
        assert events and all(event.errors == [] for event in events)
        assert all(event["uid"] and event["dtstamp"] and event["summary"] for event in events)
        again = icalendar.Calendar.from_ical(whole.to_ical()).walk("VEVENT")
        assert [event["dtstart"].dt for event in again] == [event["dtstart"].dt for event in events]


def tables(public):
    return sorted((public / "tables").glob("*.csv"))


def test_a_spreadsheet_opens_each_table_with_every_umlaut(public):
    """German Excel takes semicolons and the byte order mark; its cells are those of the exact table."""
    words = ""
    assert len(tables(public)) > 20
    for path in tables(public):
        exact = pandas.read_csv(path, dtype=str, keep_default_na=False)
        with (public / "tables" / "excel" / path.name).open(encoding="utf-8-sig", newline="") as file:
            header, *rows = csv.reader(file, dialect="excel", delimiter=";")
        assert header == list(exact.columns)
        assert len(rows) == len(exact) > 0
        for row, cells in zip(rows, exact.itertuples(index=False), strict=True):
            for ours, theirs in zip(row, cells, strict=True):
                code = re.fullmatch('="([0-9]+)"', ours)
                told = code[1] if code else ours.removeprefix("'")
                assert told in (theirs, theirs.replace(".", ",")), path
        words += exact.to_csv()
    for word in ("Gleichstellungsbüro", "Straße", "Bürger", "Ämter", "„"):
        assert word in words, word
    assert not any(wrong in words for wrong in ("Ã¼", "Ã¤", "\ufffd", "\ufeff"))


def test_an_excel_table_is_one_that_windows_recognises_as_utf8(public):
    for path in tables(public):
        content = (public / "tables" / "excel" / path.name).read_bytes()
        assert content.startswith(b"\xef\xbb\xbf") and b"\r\n" in content
        frame = pandas.read_csv(
            public / "tables" / "excel" / path.name, sep=";", decimal=",", encoding="utf-8-sig"
        )
        assert frame.columns[0] == "iri"


def test_extruct_finds_one_snippet_in_each_page_that_has_one_and_never_two(public):
    embedded = {path.name.removesuffix(".jsonld"): path for path in (public / "embed").rglob("*.jsonld")}
    found = {}
    for path in sorted(public.rglob("*.html")):
        snippets = extruct.extract(path.read_text(), syntaxes=["json-ld"])["json-ld"]
        assert len(snippets) < 2, path
        if snippets:
            stem, _, lang = path.relative_to(public).as_posix().removesuffix(".html").partition(".")
            found[stem.removeprefix("doc/"), lang or "de"] = snippets[0]
    for name, path in embedded.items():
        slug, _, lang = name.rpartition(".")
        assert found.pop((slug, lang)) == json.loads(path.read_text()), name
    # Dataset search looks at the start page.
    for lang in ("de", "en"):
        assert found.pop(("index", lang)) == json.loads(
            (public / "embed" / f"dataset.{lang}.jsonld").read_text()
        )
    assert found == {}
