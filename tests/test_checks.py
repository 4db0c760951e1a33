"""The checks: each says what is wrong and how to mend it, trips on its own fault and on nothing else.

A fixture in ``checks/<slug>/`` is one file more in the smallest valid city; ``# expect:`` lines name every
finding that it must lead to, over all checks.
"""

import re
import shutil
from collections import Counter
from pathlib import Path

import pytest
from pyoxigraph import Store

from stadtgraph.findings import Severity
from stadtgraph.load import load
from stadtgraph.queries import ask, read

ROOT = Path(__file__).resolve().parent.parent
SMALLEST = ROOT / "tests" / "shapes" / "city"
FIXTURES = sorted((ROOT / "tests" / "checks").glob("*/*.ttl"))
CHECKS = {path.stem: read(path) for path in sorted((ROOT / "queries" / "checks").glob("*.rq"))}
KEYS = {"title", "severity", "problem", "remedy"}
EXPECT = re.compile(r"^# expect: (\w+) check:([\w-]+)$", re.MULTILINE)


def name(path):
    return f"{path.parent.name}-{path.stem}"


def with_fixture(folder, fixture=None):
    """Return the smallest city with one file more."""
    shutil.copytree(SMALLEST / "data", folder / "data")
    for part in ("ontology", "shapes", "queries"):
        (folder / part).symlink_to(ROOT / part)
    if fixture:
        shutil.copy(fixture, folder / "data" / "extra.ttl")
    return load(folder)


def rows(city, slug):
    return list(ask(city.store, CHECKS[slug].text, city.base))


def findings(city):
    """Return severity and check of every row of every check."""
    return Counter(
        (check.line("severity", "de"), slug) for slug, check in CHECKS.items() for _ in rows(city, slug)
    )


def focus(city, slug):
    return [row["focus"].value.removeprefix(city.base + "id/") for row in rows(city, slug)]


@pytest.mark.parametrize("slug", CHECKS)
def test_a_check_says_what_is_wrong_and_how_to_mend_it(slug):
    header = CHECKS[slug].header
    assert set(header) == KEYS | {f"{key}-en" for key in KEYS - {"severity"}}
    assert all(len(values) == 1 and values[0] for values in header.values())
    assert header["severity"][0] in set(Severity)


@pytest.mark.parametrize("slug", CHECKS)
def test_a_message_names_only_what_the_check_returns(slug):
    returned = {variable.value for variable in Store().query(CHECKS[slug].text).variables}
    for key in ("problem", "problem-en", "remedy", "remedy-en"):
        assert set(re.findall(r"\{(.*?)\}", CHECKS[slug].header[key][0])) <= returned
    assert "focus" in returned


@pytest.mark.parametrize("slug", CHECKS)
def test_a_check_has_a_fixture_that_trips_it(slug):
    assert [path for path in FIXTURES if path.parent.name == slug and path.stem.startswith("invalid-")]


def test_a_fixture_belongs_to_a_check():
    assert {path.parent.name for path in FIXTURES} == set(CHECKS)


@pytest.mark.parametrize("path", FIXTURES, ids=name)
def test_a_fixture_says_what_it_proves(path):
    first = path.read_text().splitlines()[0]
    assert first.startswith("# ") and first.endswith(".")
    assert path.stem.startswith(("invalid-", "valid-"))


def test_the_smallest_city_trips_no_check(tmp_path):
    assert findings(with_fixture(tmp_path)) == Counter()


@pytest.mark.parametrize("path", FIXTURES, ids=name)
def test_a_fixture_leads_to_the_findings_it_names_and_to_no_other(tmp_path, path):
    expected = Counter(EXPECT.findall(path.read_text()))
    assert bool(expected) == path.stem.startswith("invalid-")
    assert findings(with_fixture(tmp_path, path)) == expected


def test_the_real_data_trips_no_check():
    assert findings(load(ROOT)) == Counter()


def test_a_circle_is_named_once_by_its_smallest_member(tmp_path):
    city = with_fixture(tmp_path, ROOT / "tests" / "checks" / "unit-cycle" / "invalid-two-circles.ttl")
    assert focus(city, "unit-cycle") == ["abteilung", "kaemmerei"]


@pytest.mark.parametrize(
    "address",
    ["", 'schema:url "https://example.org/veranstaltung" ;', "schema:url <https://example.org/neu> ;"],
)
def test_an_event_page_that_is_not_found_is_one_fault_at_the_event(tmp_path, address):
    with_fixture(tmp_path)
    events = tmp_path / "data" / "events.ttl"
    known = "schema:url <https://example.org/veranstaltung> ;"
    assert known in events.read_text()
    events.write_text(events.read_text().replace(known, address))
    city = load(tmp_path)
    assert findings(city) == Counter({("Violation", "event-page-not-described"): 1})
    assert focus(city, "event-page-not-described") == ["programmpunkt"]


@pytest.mark.parametrize("slug", CHECKS)
def test_no_check_knows_the_base_of_the_dataset(slug):
    """The base is read from ``void:uriSpace``; only own terms and kinds of statement stand in prefixes."""
    assert not re.search(r'"https?://w3id', CHECKS[slug].text)
    prefixes = dict(re.findall(r"^PREFIX (\w+): <(\S+)>$", CHECKS[slug].text, re.MULTILINE))
    assert {name for name, space in prefixes.items() if "w3id.org" in space} <= {"def", "id"}
