"""What changed is checked again, and the results are those of a full run."""

import contextlib
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from unittest.mock import patch

import pyoxigraph as ox
import pytest
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from shacl_cases import FAR, QUERIES, graphs, results, shapes_graphs
from stadtgraph.load import load
from stadtgraph.shacl import Ways, memory, sparql, validate, ways
from stadtgraph.shacl.run import validate_compiled
from stadtgraph.validate import validate as validate_city

CASES = int(os.environ.get("SHACL_CASES", "50"))
files = st.dictionaries(st.sampled_from(["a.nt", "b.nt", "c.nt"]), graphs, min_size=1)


def write(folder, contents):
    for path in folder.glob("*.nt"):
        path.unlink()
    for name, triples in contents.items():
        (folder / name).write_bytes(
            ox.serialize([ox.Triple(*t) for t in triples], format=ox.RdfFormat.N_TRIPLES)
        )
    return [folder / name for name in contents]


@settings(
    max_examples=CASES,
    deadline=None,
    derandomize=CASES <= 1000,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    print_blob=True,
)
@given(shapes_graphs(QUERIES + FAR), st.lists(files, min_size=2, max_size=4), st.booleans())
def test_after_any_edits_the_results_are_those_of_a_full_run(shape_triples, versions, at_once):
    with tempfile.TemporaryDirectory() as place, patch.object(memory, "SHARE", 0):
        folder = Path(place)
        shapes = folder / "shapes.ttl"
        shapes.write_bytes(ox.serialize([ox.Triple(*t) for t in shape_triples], format=ox.RdfFormat.TURTLE))
        for contents in versions:
            data = write(folder, contents)
            with patch.object(sparql, "FEW", 0 if at_once else 1000):
                remembered = memory.validate_remembering(data, [shapes], folder=folder / "cache")
                full = validate_compiled(data, [shapes])
            assert results(remembered) == results(full)
            assert remembered.counts == full.counts
            assert +Counter(remembered.focus) == +Counter(full.focus)
            assert len(remembered.owners) == len(full.owners)
        event("remembered" if any((folder / "cache").glob("*")) else "not remembered")


SHAPES = """@prefix ex: <http://example.org/> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
ex:S sh:targetClass ex:C ; sh:property [ sh:path ( ex:next ex:label ) ; sh:minCount 1 ; sh:maxLength 3 ] .
"""


def thing(number, label):
    return f'ex:a{number} a ex:C ; ex:next ex:a{number + 1} ; ex:label "{label}" .\n'


@pytest.fixture
def large(tmp_path, monkeypatch):
    """Twenty files that are called large here; each thing's rule reads the next file."""
    (tmp_path / "data").mkdir()
    for number in range(20):
        put(tmp_path, number, "ok")
    (tmp_path / "shapes.ttl").write_text(SHAPES)
    monkeypatch.setattr(ways, "LARGE", 0)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def put(folder, number, label):
    text = "@prefix ex: <http://example.org/> .\n" + thing(number, label)
    (folder / "data" / f"{number:02}.ttl").write_text(text)


def check(folder, **options):
    """Validate; return the values found and the number of focus nodes that were looked at this time."""
    looked = []
    real = memory.outcome_of

    def outcome_of(run, shapes):
        outcome = real(run, shapes)
        looked.append(sum(run.focus.values()))
        return outcome

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(memory, "outcome_of", outcome_of)
        report = validate(folder / "data", folder / "shapes.ttl", ways=Ways(**options))
    return sorted(str(result.value) for result in report.results), looked


def test_only_what_a_change_can_affect_is_looked_at(large):
    assert check(large) == (["None"], [20])
    assert check(large) == (["None"], [])
    put(large, 7, "too long")
    assert check(large) == (["None", "too long"], [1, 1])  # the thing before it, before and after
    (large / "data" / "07.ttl").unlink()
    assert check(large) == (["None", "None"], [2, 1])
    assert check(large, remember=False) == (["None", "None"], [])


def test_other_shapes_are_a_full_run(large):
    check(large)
    (large / "shapes.ttl").write_text(SHAPES.replace("maxLength 3", "maxLength 1"))
    assert check(large) == (["None"] + ["ok"] * 19, [20])


def test_much_that_changes_is_a_full_run_which_is_remembered(large):
    check(large)
    for number in range(5):
        put(large, number, "long")
    assert check(large) == (["None"] + ["long"] * 4, [20])
    assert check(large) == (["None"] + ["long"] * 4, [])


def test_a_change_of_the_class_hierarchy_is_a_full_run(large):
    check(large)
    text = (large / "data" / "07.ttl").read_text()
    above = "<http://www.w3.org/2000/01/rdf-schema#subClassOf>"
    (large / "data" / "07.ttl").write_text(
        text.replace(" a ex:C ", f" a ex:D ; {above} ex:C ") + f"ex:D {above} ex:C ."
    )
    assert check(large) == (["None"], [20])


@pytest.mark.parametrize(
    "damage", [lambda b: b[:-1], lambda b: b[:70], lambda b: b"", lambda b: b[:-9] + b"x" + b[-8:]]
)
def test_a_damaged_cache_is_thrown_away(large, damage):
    check(large)
    (snapshot,) = (large / "cache" / "stadtgraph" / "shacl").iterdir()
    snapshot.write_bytes(damage(snapshot.read_bytes()))
    assert check(large) == (["None"], [20])
    assert check(large) == (["None"], [])


def test_a_cache_that_cannot_be_written_is_done_without(large, monkeypatch):
    (large / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(large / "file"))
    assert check(large) == check(large) == (["None"], [20])


def test_what_says_something_else_each_time_is_asked_each_time(large):
    now = '[ sh:select "SELECT $this WHERE { $this a ?c FILTER (YEAR(NOW()) > 2000) }" ]'
    (large / "shapes.ttl").write_text(SHAPES + f"ex:S sh:sparql {now} .")
    assert check(large) == check(large)
    assert check(large)[1] == [20]


def test_two_runs_at_once_and_killed_ones_leave_a_whole_cache(large):
    """Each run is a process; half of them are killed at any moment of theirs."""
    script = (
        "import sys; from pathlib import Path; from stadtgraph.shacl import Ways, validate, ways;"
        "ways.LARGE = 0;"
        "report = validate(Path('data'), Path('shapes.ttl'), ways=Ways()); sys.exit(len(report.results))"
    )
    for number in range(3):
        put(large, number, "long")
        runs = [subprocess.Popen([sys.executable, "-c", script], cwd=large) for _ in range(3)]
        with contextlib.suppress(subprocess.TimeoutExpired):
            runs[0].wait(0.3 + number / 10)
        runs[0].kill()
        runs[0].wait()
        assert [run.wait() for run in runs[1:]] == [1 + number] * 2
    assert check(large)[0] == ["None"] + ["long"] * 2


def test_the_command_remembers_large_data_and_forgets_on_demand(tmp_path, run_anew):
    data = tmp_path / "data.nt"
    line = '<http://example.org/a{0}> <http://example.org/label> "{0:0>90}" .\n'
    data.write_text("".join(map(line.format, range(40_000))))
    (tmp_path / "shapes.ttl").write_text(
        SHAPES + "ex:T sh:targetSubjectsOf ex:label ; sh:property [ sh:path ex:label ; sh:maxCount 1 ] ."
    )
    command = ("validate", data, "--shapes", tmp_path / "shapes.ttl")
    cache = tmp_path / "cache" / "stadtgraph" / "shacl"
    fresh = run_anew(*command, "--no-cache", XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert not cache.exists()
    first, again = (run_anew(*command, XDG_CACHE_HOME=str(tmp_path / "cache")) for _ in range(2))
    assert len(list(cache.iterdir())) == 1
    assert fresh.stdout == first.stdout == again.stdout
    assert fresh.returncode == 0


def test_a_large_city_has_the_findings_of_a_small_one(musterstadt, monkeypatch):
    """Large, it is read from its files and remembered; small, from the store that it was loaded into."""
    path = musterstadt / "data" / "organisations.ttl"
    path.write_text(re.sub(r"skos:prefLabel [^;]*;", "", path.read_text("utf-8"), count=2), "utf-8")
    small = validate_city(load(musterstadt))
    assert [finding.line for finding in small if finding.component]
    monkeypatch.setattr(ways, "LARGE", 0)
    monkeypatch.setenv("XDG_CACHE_HOME", str(musterstadt / "cache"))
    assert [validate_city(load(musterstadt), ways=Ways()) for _ in range(2)] == [small, small]
    assert list((musterstadt / "cache").rglob("*"))
