"""Whatever is wrong with the data, there is one clear message with its place, and the publication stays."""

import re

import pytest

pytestmark = pytest.mark.dear
HEAD = """@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix def: <https://w3id.org/dortbunt/def#> .
@prefix graph: <https://w3id.org/dortbunt/graph/> .
@prefix id: <https://w3id.org/dortbunt/id/> .
@prefix org: <http://www.w3.org/ns/org#> .
@prefix schema: <https://schema.org/> .
@prefix sd: <http://www.w3.org/ns/sparql-service-description#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix source: <https://w3id.org/dortbunt/source/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .

graph:zz-test a sd:Graph ;
    dcterms:title "Versuch"@de , "Trial"@en ;
    dcterms:description "Ein Versuch."@de , "A trial."@en ;
    dcterms:modified "2026-11-23"^^xsd:date ;
    def:basis id:angabe-anderer-quellen .

"""
BODY = """id:zz-test a org:OrganizationalUnit , schema:GovernmentOrganization ;
    skos:prefLabel "Teststelle"@de , "Test office"@en ;
    dcterms:description "Eine Stelle zum Testen."@de , "An office for testing."@en ;
    org:classification id:form-buero ;
    org:unitOf id:stadt-dortmund ;
    dcterms:source source:redaktion .
"""
TEXTS = {
    "valid": (0, "", ""),
    "truncated": (2, ":23", "ends in the middle"),
    "unknown-prefix": (2, ":22", "prefix orgg:"),
    "iri-with-space": (2, ":23", "spaces as %20"),
    "http-schema": (1, ":6", "http://schema.org/"),
    "bad-date": (1, ":23", "date"),
    "duplicate-label": (1, ":19", "more than once in one language"),
    "same-label": (1, "", "Test office"),
    "no-source": (1, ":18", "source"),
    "blank-node": (1, ":23", "without a name"),
    "long-literal": (2, ":23", "characters long"),
    "longer-literal": (1, ":23", "characters long"),
    "script": (1, ":19", "<"),
    "misspelt": (1, ":23", "org:purpose"),
    "misspelt-elsewhere": (1, ":19", "skos:prefLabel is probably meant"),
    "empty-name": (1, ":19", "shape:Text-empty   Property: skos:prefLabel"),
    "schema-without-slash": (1, ":6", "https://schema.org/"),
    "person": (1, ":18", "names no persons"),
    "no-class": (1, ":18", "has no class"),
    "period-too-soon": (2, ":20", "line 19 ends in a full stop"),
}


SPACES = {
    "http-schema": ("https://schema.org/", "http://schema.org/"),
    "schema-without-slash": ("https://schema.org/", "https://schema.org"),
}


def text_of(fault):
    body = {
        "valid": BODY,
        "truncated": BODY.rstrip(" .\n"),
        "unknown-prefix": BODY.replace("org:unitOf", "orgg:unitOf"),
        "iri-with-space": BODY.replace("source:redaktion", "<https://example.org/a b>"),
        "http-schema": BODY,
        "bad-date": BODY.replace(
            "dcterms:source", 'schema:foundingDate "2023-02-31"^^xsd:date ; dcterms:source'
        ),
        "duplicate-label": BODY.replace('"Teststelle"@de', '"Teststelle"@de , "Prüfstelle"@de'),
        "same-label": BODY.replace("Teststelle", "Gleichstellungsbüro"),
        "no-source": BODY.replace(" ;\n    dcterms:source source:redaktion", ""),
        "blank-node": BODY.replace(
            "dcterms:source", "schema:address [ a schema:PostalAddress ] ; dcterms:source"
        ),
        "long-literal": BODY.replace("dcterms:source", f'skos:note "{"x" * 50_000_000}"@de ; dcterms:source'),
        "longer-literal": BODY.replace("dcterms:source", f'skos:note "{"x" * 50_000}"@de ; dcterms:source'),
        "script": BODY.replace("Teststelle", "<script>alert(1)</script>"),
        "misspelt-elsewhere": BODY.replace("skos:prefLabel", "skos:prefLable"),
        "empty-name": BODY.replace("Teststelle", ""),
        "schema-without-slash": BODY,
        "person": BODY.replace("org:OrganizationalUnit , schema:GovernmentOrganization", "schema:Person"),
        "no-class": BODY.replace("a org:OrganizationalUnit , schema:GovernmentOrganization ;\n    ", ""),
        "period-too-soon": BODY.replace('"@en ;', '"@en .', 1),
        "misspelt": BODY.replace("dcterms:source", "org:purpos id:vielfalt ; dcterms:source"),
    }[fault]
    right, wrong = SPACES.get(fault, ("", ""))
    return HEAD.replace(right, wrong) + body


def state(folder):
    """What lies there, and when each file was last written."""
    public = folder / "public"
    files = {path: path.stat() for path in public.rglob("*")}
    return public.readlink(), {p: (f.st_ino, f.st_size, f.st_mtime_ns) for p, f in files.items()}


def publish(run, folder, expected, place, words):
    before = state(folder)
    result = run("publish", "--root", folder)
    assert result.returncode == expected, result.stderr[:3000]
    assert "Traceback" not in result.stderr
    assert len(result.stderr) < 3000
    if expected:
        assert place in result.stderr
        assert words in result.stderr
        assert state(folder) == before
    return result


UNTOUCHED = "Not published; what was published before is untouched.\n"


def messages(result):
    """The findings in a report: two or three lines each, or one for what cannot be read."""
    lines = result.stderr.removesuffix(UNTOUCHED).splitlines()
    if result.returncode == 2:
        return lines
    return [line for line in lines if " Violation " in line or " Warning " in line]


@pytest.mark.parametrize("fault", TEXTS)
def test_one_fault_gets_one_message_at_its_place(run, checkout, fault):
    expected, line, words = TEXTS[fault]
    file = checkout / "data" / "zz-test.ttl"
    file.write_text(text_of(fault))
    try:
        if expected == 0:
            assert run("validate", "--root", checkout, file).returncode == 0
            return
        result = publish(run, checkout, expected, f"data/zz-test.ttl{line}" if line else "data/", words)
        checked = run("validate", "--root", checkout, file)
        assert checked.returncode == expected
        found = (
            checked.stderr.splitlines()
            if expected == 2
            else [
                line for line in checked.stdout.splitlines() if " Violation " in line or " Warning " in line
            ]
        )
        assert len(found) == 1, (result.stderr[:2000], checked.stdout[:3000])
    finally:
        file.unlink()


def test_bytes_that_are_not_utf8(run, checkout):
    file = checkout / "data" / "zz-test.ttl"
    file.write_bytes(text_of("valid").replace("Teststelle", "Prüfstelle").encode("latin-1"))
    try:
        result = publish(run, checkout, 2, "data/zz-test.ttl:19", "not stored as UTF-8")
        assert len(messages(result)) == 1
    finally:
        file.unlink()


def test_a_file_that_is_a_folder(run, checkout):
    (checkout / "data" / "zz-test.ttl").mkdir()
    try:
        assert len(messages(publish(run, checkout, 2, "data/zz-test.ttl", "is a folder"))) == 1
    finally:
        (checkout / "data" / "zz-test.ttl").rmdir()


def test_a_missing_folder(run, checkout):
    (checkout / "data").rename(checkout / "elsewhere")
    try:
        assert len(messages(publish(run, checkout, 2, "data/", "is missing"))) == 1
    finally:
        (checkout / "elsewhere").rename(checkout / "data")


def test_an_empty_folder(run, checkout):
    (checkout / "data").rename(checkout / "elsewhere")
    (checkout / "data").mkdir()
    try:
        assert len(messages(publish(run, checkout, 2, "data/", "holds no Turtle file"))) == 1
    finally:
        (checkout / "data").rmdir()
        (checkout / "elsewhere").rename(checkout / "data")


@pytest.mark.parametrize("day", ["start", "end"])
def test_an_impossible_day_is_one_fault(run, checkout, day):
    """It comes before nothing and after nothing, but that is no second fault."""
    file = checkout / "data" / "background" / "events.ttl"
    before = file.read_text("utf-8")
    file.write_text(
        re.sub(rf'(schema:{day}Date "2016)-[0-9]+-[0-9]+"', r'\1-02-31"', before, count=1), "utf-8"
    )
    try:
        result = run("validate", "--root", checkout)
    finally:
        file.write_text(before, "utf-8")
    assert (result.returncode, result.stdout.count(" Violation ")) == (1, 1)
    assert f"Rule: shape:Event-{day}Date-form" in result.stdout


def test_a_cycle_of_units_is_one_fault(run, checkout):
    file = checkout / "data" / "organisations.ttl"
    whole = file.read_text()
    amt = "id:amt-fuer-angelegenheiten-des-oberbuergermeisters-und-des-rates"
    assert "org:unitOf id:stadt-dortmund" in whole
    file.write_text(whole.replace("org:unitOf id:stadt-dortmund", "org:unitOf id:gleichstellungsbuero", 1))
    try:
        assert amt in whole
        result = publish(run, checkout, 1, "data/organisations.ttl:", "check:unit-cycle")
        assert len(messages(result)) == 1
    finally:
        file.write_text(whole)


def test_a_text_with_personal_data_is_quoted_with_its_own_full_stop(run, checkout):
    file = checkout / "data" / "zz-test.ttl"
    file.write_text(
        HEAD + BODY.replace("Eine Stelle zum Testen.", "Bitte an erika.muster@example.org schreiben.")
    )
    try:
        result = publish(run, checkout, 1, "data/zz-test.ttl:20", 'schreiben.".')
        assert ".." not in result.stderr
    finally:
        file.unlink()


@pytest.mark.parametrize(
    ("name", "right"),
    [("neu.TTL", "neu.ttl"), ("neu.ttl.txt", "neu.ttl"), ("events/neu.rdf", "events/neu.ttl")],
)
def test_a_file_that_would_not_be_read_is_reported(run, checkout, name, right):
    file = checkout / "data" / name
    file.write_text(text_of("valid"))
    try:
        result = publish(run, checkout, 1, f"data/{name}:1", f"rename it to data/{right} if")
        assert len(messages(result)) == 1
    finally:
        file.unlink()


def test_what_is_missing_because_a_file_is_not_read_is_not_reported(run, checkout):
    file = checkout / "data" / "organisations.ttl"
    hidden = file.rename(file.with_suffix(".ttl.txt"))
    try:
        result = publish(run, checkout, 1, "data/organisations.ttl.txt:1", "is not read")
        assert len(messages(result)) == 1
        asked = run("validate", "--root", checkout, checkout / "data" / "partners.ttl")
        assert (asked.returncode, "is not read" in asked.stdout) == (1, True)
    finally:
        hidden.rename(file)


def test_an_emptied_file_is_called_empty(run, checkout):
    file = checkout / "data" / "places.ttl"
    whole = file.read_text()
    file.write_text("# nothing\n")
    try:
        assert len(messages(publish(run, checkout, 1, "data/places.ttl:1", "file is empty"))) == 1
    finally:
        file.write_text(whole)


def test_a_breach_of_form_elsewhere_does_not_clear_the_file_asked_for(run, checkout):
    other, file = checkout / "data" / "zz-other.ttl", checkout / "data" / "zz-test.ttl"
    other.write_text(HEAD.replace("zz-test", "zz-other") + "id:zz-other skos:prefLable id:vielfalt .")
    file.write_text(text_of("bad-date"))
    try:
        result = run("validate", "--root", checkout, file)
        assert (result.returncode, "data/zz-test.ttl:23 Violation" in result.stdout) == (1, True)
    finally:
        other.unlink()
        file.unlink()


def test_notes_to_colleagues_may_lie_beside_the_data(run, checkout):
    file = checkout / "data" / "notes.md"
    file.write_text("To do.")
    try:
        publish(run, checkout, 0, "", "")
    finally:
        file.unlink()
