"""A graph that is validated in parts has the results of the whole."""

import os
import re
import tempfile
from pathlib import Path

import psutil
import pyoxigraph as ox
import pytest
import rdflib
from distributed import LocalCluster
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from shacl_cases import FAR, QUERIES, graphs, results, serialized, shapes_graphs
from stadtgraph.findings import CannotLook
from stadtgraph.shacl import Ways, parts, validate, ways
from stadtgraph.shacl.plans import read_plan
from stadtgraph.shacl.reads import Reads
from stadtgraph.shacl.run import validate_compiled

CASES = int(os.environ.get("SHACL_CASES", "60"))


@settings(
    max_examples=CASES,
    deadline=None,
    derandomize=CASES <= 1000,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    print_blob=True,
)
@given(shapes_graphs(QUERIES + FAR), st.lists(graphs, min_size=1, max_size=2), st.integers(1, 4))
def test_the_report_on_parts_is_the_report_on_the_whole(shape_triples, contents, times):
    with tempfile.TemporaryDirectory() as place:
        shapes = Path(place) / "shapes.ttl"
        shapes.write_bytes(serialized(shape_triples, ox.RdfFormat.TURTLE))
        data = [Path(place) / f"{number}.nt" for number in range(len(contents))]
        for path, triples in zip(data, contents, strict=True):
            path.write_bytes(serialized(triples, ox.RdfFormat.N_TRIPLES))
        event("with a last step" if Reads(read_plan([shapes])[1]).whole else "in parts alone")
        ours, whole = parts.validate_in_parts(data, [shapes], times), validate_compiled(data, [shapes])
        assert results(ours) == results(whole)
        assert (ours.conforms, ours.counts, dict(ours.focus)) == (whole.conforms, whole.counts, whole.focus)
        assert len(ours.owners) == len(whole.owners)


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """Files whose statements hang together, with a fault of each sort in each, and blank nodes."""
    folder = tmp_path_factory.mktemp("city")
    head = "@prefix ex: <http://example.org/> .\n"
    for number in range(4):
        other, far = (number + 1) % 4, (number + 2) % 4
        lines = [f"ex:a{number} a ex:C ; ex:p0 ex:a{other} , [ ex:p1 ex:a{far} ] ; ex:p1 {number} .\n"]
        (folder / f"{number}.ttl").write_text(head + "".join(lines))
    (folder / "shapes.ttl").write_text(
        head
        + """@prefix sh: <http://www.w3.org/ns/shacl#> .
ex:S a sh:NodeShape ; sh:targetClass ex:C ; sh:targetObjectsOf ex:p0 ; sh:property ex:P , ex:Q , ex:R ;
    sh:sparql [ sh:select "SELECT $this ?value { $this <http://example.org/p1> ?value . ?x ?p ?value }" ] .
ex:P sh:path ( ex:p0 ex:p1 ) ; sh:maxInclusive 1 .
ex:Q sh:path [ sh:inversePath ex:p0 ] ; sh:minCount 1 ; sh:class ex:C ; sh:nodeKind sh:Literal .
ex:R sh:path [ sh:oneOrMorePath ex:p0 ] ; sh:maxCount 2 .
"""
    )
    return sorted(folder.glob("?.ttl")), [folder / "shapes.ttl"]


def test_processes_find_what_one_finds(city):
    ours, whole = validate(*city, ways=Ways(processes=2)), validate(*city)
    assert results(ours) == results(whole)
    assert len({str(result.component) for result in ours.results}) > 3
    assert {str(node) for owner in ours.owners.values() for node in owner} > {"http://example.org/p0"}


def test_a_dask_cluster_finds_what_one_process_finds(city):
    with LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1", protocol="tcp"
    ) as cluster:
        ours, whole = validate(*city, ways=Ways(cluster=cluster.scheduler_address)), validate(*city)
    assert results(ours) == results(whole)


def nameless(text):
    return re.sub("_:[0-9a-z]+", "_:", text)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "127.0.0.1", "tcp://127.0.0.1:99999"])
def test_the_command_says_that_no_cluster_answers(city, run, address):
    result = run("validate", *city[0], "--shapes", *city[1], "--cluster", address)
    assert result.returncode == 2
    assert f"No Dask cluster answers at {address}" in result.stderr


def test_the_command_checks_in_processes(city, run):
    data, shapes = city
    in_two = run("validate", *data, "--shapes", *shapes, "--processes", "2")
    at_once = run("validate", *data, "--shapes", *shapes)
    assert in_two.returncode == 1
    assert nameless(in_two.stdout) == nameless(at_once.stdout)


def test_a_file_that_cannot_be_read_is_reported_from_the_other_process(city, tmp_path):
    (tmp_path / "broken.ttl").write_text("<urn:a> <urn:b>")
    with pytest.raises(CannotLook) as raised:
        validate([*city[0], tmp_path / "broken.ttl"], city[1], ways=Ways(processes=2))
    assert raised.value.findings[0].file.endswith("broken.ttl")


def test_what_comes_from_a_graph_is_not_divided(city):
    with pytest.raises(CannotLook):
        validate(rdflib.Graph(), city[1], ways=Ways(processes=2))


def test_files_are_divided_when_they_are_larger_than_memory_suggests(city, monkeypatch):
    done = []
    size = sum(path.stat().st_size for path in city[0])
    monkeypatch.setattr(ways, "LARGE", size)
    monkeypatch.setattr(parts, "NEED", psutil.virtual_memory().available // size)
    ours = validate(*city, ways=Ways(), progress=lambda *numbers: done.append(numbers))
    assert results(ours) == results(validate(*city))
    assert done[-1][0] == done[-1][1] > 3 * os.cpu_count() - 2
