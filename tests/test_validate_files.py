"""Any data against any shapes, without a city's folder: `stadtgraph validate FILE… --shapes …`."""

import gzip
import http.server
import json
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import parse_qs

import pyoxigraph as ox
import pytest
from rdflib import RDF, SH, Graph

from stadtgraph.fetch import fetch
from stadtgraph.findings import CannotLook
from stadtgraph.queries import BadQuery
from stadtgraph.shacl import Ways
from stadtgraph.shacl.documents import FORMS
from stadtgraph.validate_files import check, sources

SHAPES = """@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix ex: <http://example.org/> .

ex:Office a sh:NodeShape ;
    sh:targetClass ex:Place ;
    sh:property ex:Name , ex:Address .

ex:Name a sh:PropertyShape ;
    sh:path ex:name ;
    sh:minCount 1 .

ex:Address a sh:PropertyShape ;
    sh:path ex:address ;
    sh:node ex:Postal .

ex:Postal a sh:NodeShape ;
    sh:targetObjectsOf ex:address ;
    sh:property ex:Code .

ex:Code a sh:PropertyShape ;
    sh:path ex:code ;
    sh:severity sh:Warning ;
    sh:pattern "^[0-9]{5}$" .
"""
DATA = """# Offices
@prefix ex: <http://example.org/> .

ex:a a ex:Place ;
    ex:name "A" ;
    ex:address [
        ex:code "44135"
    ] .

ex:b a ex:Place ;
    ex:address [
        ex:code "4413"
    ] .

ex:c a ex:Place .
"""
LINES = ["data.ttl:10 Violation", "data.ttl:11 Violation", "data.ttl:11 Warning", "data.ttl:15 Violation"]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "shapes").mkdir()
    (tmp_path / "shapes" / "offices.ttl").write_text(SHAPES)
    (tmp_path / "data.ttl").write_text(DATA)
    return tmp_path


def written(form, text=DATA):
    """Return the data in another form."""
    triples = [quad.triple for quad in ox.parse(text, format=ox.RdfFormat.TURTLE)]
    return ox.serialize(triples, format=form)


def places(checked):
    return [f"{Path(finding.file).name}:{finding.line} {finding.severity}" for finding in checked.findings]


# -- what comes out


def test_each_finding_has_file_line_and_rule(run, folder):
    result = run("validate", "data.ttl", "--shapes", "shapes", cwd=folder)
    assert result.returncode == 1
    assert [line for line in result.stdout.splitlines() if line.startswith("data.ttl")] == [
        "data.ttl:11 Warning node without an address at ex:b",
        "data.ttl:10 Violation ex:b",
        "data.ttl:11 Violation ex:b",
        "data.ttl:15 Violation ex:c",
    ]
    assert "Rule: ex:Code, shapes/offices.ttl:20   Property: ex:code   Value: 4413" in result.stdout
    assert result.stdout.splitlines()[-1] == (
        "1 file checked against 3 rules: 3 violations, 1 warning, 0 notes."
    )


def test_data_without_faults_ends_with_0(run, folder):
    (folder / "good.ttl").write_text(DATA.partition("ex:b")[0])
    result = run("validate", "good.ttl", "--shapes", "shapes/offices.ttl", "--lang", "de", cwd=folder)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == "1 Datei gegen 3 Regeln geprüft: 0 Verstöße, 0 Warnungen, 0 Hinweise.\n"


@pytest.mark.parametrize("form", ["turtle", "jsonld"])
def test_the_report_is_that_of_the_specification(run, folder, form):
    result = run("validate", "data.ttl", "--shapes", "shapes", "--format", form, cwd=folder)
    assert result.returncode == 1
    graph = Graph().parse(data=result.stdout, format={"jsonld": "json-ld"}.get(form, form))
    (report,) = graph.subjects(RDF.type, SH.ValidationReport)
    assert len(list(graph.objects(report, SH.result))) == 4
    again = run("validate", "data.ttl", "--shapes", "shapes", "--format", form, cwd=folder)
    assert again.stdout == result.stdout


def test_json_has_the_same_fields_as_in_a_city(run, folder):
    result = run("validate", "data.ttl", "--shapes", "shapes", "--format", "json", cwd=folder)
    finding = json.loads(result.stdout)[0]
    assert (finding["file"], finding["line"]) == ("data.ttl", 10)
    assert finding["component"] == str(SH.MinCountConstraintComponent)
    assert "ofThisRule" not in finding


def test_a_limit_shows_the_first_and_counts_all(run, folder):
    result = run("validate", "data.ttl", "--shapes", "shapes", "--limit", "1", cwd=folder)
    assert "… and 1 more of rule ex:Name, shapes/offices.ttl:8, 2 in all." in result.stdout.splitlines()
    assert "3 violations, 1 warning" in result.stdout
    limited = ["validate", "data.ttl", "--shapes", "shapes", "--limit", "1", "--format"]
    found = json.loads(run(*limited, "json", cwd=folder).stdout)
    assert [each["ofThisRule"] for each in found] == [2, 1, 1]
    assert "2 results in all" in run(*limited, "turtle", cwd=folder).stdout


BIRTHS = """@prefix ex: <http://example.org/> .
@prefix sh: <http://www.w3.org/ns/shacl#> .

ex:Person a sh:NodeShape ;
    sh:targetClass ex:P ;
    sh:property
        [ sh:path ex:birth ;
          sh:maxCount 1 ; sh:nodeKind sh:IRI ] .
"""
TOLD = {
    "en": [
        "… and 1 more of rule ex:Person › ex:birth, sh:maxCount, rules.ttl:7, 2 in all.",
        "… and 3 more of rule ex:Person › ex:birth, sh:nodeKind, rules.ttl:7, 4 in all.",
    ],
    "de": [
        "… und 1 weitere Meldung der Regel ex:Person › ex:birth, sh:maxCount, rules.ttl:7, zusammen 2.",
        "… und 3 weitere Meldungen der Regel ex:Person › ex:birth, sh:nodeKind, rules.ttl:7, zusammen 4.",
    ],
}


@pytest.fixture
def births(folder):
    (folder / "rules.ttl").write_text(BIRTHS)
    (folder / "births.ttl").write_text(
        "@prefix ex: <http://example.org/> . ex:a a ex:P ; ex:birth 1 , 2 . ex:b a ex:P ; ex:birth 3 , 4 ."
    )
    return ["births.ttl", "--shapes", "rules.ttl", "--limit", "1"]


@pytest.mark.parametrize("lang", ["de", "en"])
def test_a_limit_names_rules_without_an_iri_by_shape_path_and_parameter(run, folder, births, lang):
    result = run("validate", *births, "--lang", lang, cwd=folder)
    assert [line for line in result.stdout.splitlines() if line.startswith("…")] == TOLD[lang]


def test_a_report_names_what_a_limit_left_out_of_a_rule_without_an_iri(run, folder, births):
    report = run("validate", *births, "--format", "turtle", cwd=folder).stdout
    shape = "<http://example.org/Person> › <http://example.org/birth>"
    assert f'{shape} ({SH}NodeKindConstraintComponent): 4 results in all, 1 of them here."@en' in report
    assert f'{shape} ({SH}MaxCountConstraintComponent): 2 Ergebnisse insgesamt, davon hier 1."@de' in report
    found = json.loads(run("validate", *births, "--format", "json", cwd=folder).stdout)
    assert [(each["ruleName"], each["ofThisRule"]) for each in found] == [
        ("ex:Person › ex:birth, rules.ttl:7", 2),
        ("ex:Person › ex:birth, rules.ttl:7", 4),
    ]


def test_a_limit_tells_components_of_one_rule_apart(run, folder, births):
    rules = BIRTHS.replace("sh:property\n        [", "sh:property ex:Birth .\nex:Birth").replace("] .", ".")
    (folder / "rules.ttl").write_text(rules)
    said = run("validate", *births, cwd=folder).stdout
    assert "… and 1 more of rule ex:Birth, sh:maxCount, rules.ttl:7, 2 in all." in said.splitlines()


NEARLY = {
    "class": ("ex:Event", "sh:targetClass ex:Evnt", "Nearest there is ex:Event;"),
    "property": ("ex:Event", "sh:targetSubjectsOf ex:nam", "Nearest there is ex:name;"),
    "object": ("ex:Event", "sh:targetObjectsOf ex:nam", "Nearest there is ex:name;"),
    "namespace": (
        "<https://schema.org/Event>",
        "sh:targetClass <http://schema.org/Event>",
        "Nearest there is schema:Event;",
    ),
    "nothing": ("ex:Event", "sh:targetClass ex:Building", "Nothing like it occurs there;"),
}


@pytest.mark.parametrize("case", NEARLY)
def test_verbose_says_what_the_data_has_instead_of_a_target(run, folder, case):
    class_, target, said = NEARLY[case]
    (folder / "data.ttl").write_text(f"@prefix ex: <http://example.org/> .\nex:a a {class_} ; ex:name 'A' .")
    (folder / "rules.ttl").write_text(
        f"@prefix ex: <http://example.org/> . @prefix sh: <{SH}> .\n\n"
        f"ex:S a sh:NodeShape ; {target} ; sh:nodeKind sh:IRI .\n"
        "ex:T a sh:NodeShape ; sh:targetNode ex:a ; sh:nodeKind sh:IRI ."
    )
    command = ["validate", "data.ttl", "--shapes", "rules.ttl"]
    quiet = run(*command, cwd=folder)
    assert (quiet.returncode, quiet.stderr) == (0, "")
    result = run(*command, "--verbose", cwd=folder)
    assert result.returncode == 0
    start = "rules.ttl:3: the data holds nothing for the rule ex:S (sh:target"
    [note] = [line for line in result.stderr.splitlines() if "the data holds nothing" in line]
    assert note.startswith(start) and said in note
    german = run(*command, "--verbose", "--lang", "de", cwd=folder).stderr
    assert "rules.ttl:3: Für die Regel ex:S gibt es in den Daten nichts (sh:target" in german


def test_verbose_names_a_prefix_that_stands_for_nearly_the_same(run, folder):
    (folder / "data.ttl").write_text(
        "@prefix ex: <http://example.org/> .\n@prefix schema: <https://schema.org/> .\nex:a a schema:Event ."
    )
    (folder / "rules.ttl").write_text(
        f"@prefix sdo: <http://schema.org/> . @prefix sh: <{SH}> .\n"
        "[] a sh:NodeShape ; sh:targetSubjectsOf <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> ;\n"
        "    sh:property [ sh:path sdo:name ; sh:maxCount 1 ] ."
    )
    command = ["validate", "data.ttl", "--shapes", "rules.ttl"]
    assert run(*command, cwd=folder).stderr == ""
    told = run(*command, "--verbose", cwd=folder).stderr
    assert (
        "data.ttl:2: the prefix schema: stands for <https://schema.org/> here, "
        "in the rules for <http://schema.org/>;"
    ) in told


def test_a_limit_holds_in_a_city_too(run, musterstadt):
    file = musterstadt / "data" / "organisations.ttl"
    for name in ("Works depot", "Public order office"):
        file.write_text(file.read_text().replace(f' , "{name}"@en', ""))
    result = run("validate", "--root", musterstadt, "--limit", "1")
    assert result.returncode == 1
    assert "more of rule shape:Organisation-prefLabel" in result.stdout


def test_verbose_says_what_each_rule_did(run, folder):
    result = run("validate", "data.ttl", "--shapes", "shapes", "--verbose", cwd=folder)
    told = result.stderr.splitlines()
    assert any(line.endswith("ex:Name, shapes/offices.ttl:8: 2 results") for line in told)
    assert "All rules were compiled; none ran through pyshacl." in told


def test_progress_tells_of_every_rule(folder):
    told = []
    idle = "\nex:Idle a sh:NodeShape ; sh:targetClass ex:Post ; sh:property ex:Name .\n"
    off = "\nex:Off a sh:NodeShape ; sh:targetClass ex:Place ; sh:deactivated true ; sh:property ex:Name .\n"
    (folder / "shapes" / "offices.ttl").write_text(SHAPES + idle + off)
    check([folder / "data.ttl"], [folder / "shapes"], progress=lambda *step: told.append(step))
    assert told == sorted(told)
    assert told[-1] == (9, 9)


def test_verbose_names_what_met_nothing_and_what_rdflib_had_to_do(folder):
    (folder / "shapes" / "more.ttl").write_text(
        """@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix ex: <http://example.org/> .
        ex:Idle a sh:NodeShape ; sh:targetClass ex:Post .
        ex:Twice a sh:NodeShape ; sh:targetClass ex:Place ; sh:sparql ex:Query .
        ex:Query sh:select "SELECT $this ?value { $this <http://example.org/n> ?value }" ."""
    )
    (folder / "more.ttl").write_text(
        "<http://example.org/d> a <http://example.org/Place> ;<http://example.org/n> 01 ."
    )
    told = list(check([folder / "more.ttl"], [folder / "shapes"]).told("en"))
    idle = (
        f"{folder}/shapes/more.ttl:2: the data holds nothing for the rule ex:Idle (sh:targetClass ex:Post)."
    )
    assert any(line.startswith(idle) for line in told)
    assert any(line.startswith("The query ex:Query ran in rdflib") for line in told)


ANONYMOUS = """@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix ex: <http://example.org/> .

ex:Office a sh:NodeShape ;
    sh:targetClass ex:Place ;
    sh:property [ sh:path ( ex:part [ sh:inversePath ex:of ] ) ; sh:minCount 1 ] , [
        sh:path [ sh:zeroOrMorePath [ sh:alternativePath ( ex:name ex:label ) ] ] ; sh:nodeKind sh:Literal ] .

[] a sh:NodeShape ; sh:targetClass ex:Place ; sh:class ex:Spot .
[] a sh:PropertyShape ; sh:targetClass ex:Place ; sh:path ex:code ; sh:minCount 1 .
"""


def test_rules_and_paths_without_an_iri_are_named_so_that_they_can_be_found(run, folder):
    (folder / "rules.ttl").write_text(ANONYMOUS)
    (folder / "data.ttl").write_text(DATA + "\n[] a ex:Place .\n")
    command = ["validate", "data.ttl", "--shapes", "rules.ttl"]
    said = run(*command, cwd=folder).stdout
    assert "    Rule: ex:Office, rules.ttl:6   Property: ex:part/^ex:of\n" in said
    assert "    Rule: ex:Office, rules.ttl:6   Property: (ex:name|ex:label)*   Value: ex:b\n" in said
    assert "    Rule: [ sh:targetClass ex:Place ], rules.ttl:9   Value: ex:b\n" in said
    assert "data.ttl Violation node without an address\n" in said
    told = run(*command, "--verbose", cwd=folder).stderr
    assert " ex:Office › ex:part/^ex:of, rules.ttl:6: 4 results\n" in told


@pytest.mark.parametrize("form", ["text", "json", "turtle", "jsonld"])
def test_what_has_no_iri_has_the_same_name_in_each_run(run_anew, folder, form):
    (folder / "rules.ttl").write_text(ANONYMOUS)
    (folder / "data.ttl").write_text(DATA + "\n[] a ex:Place . [] a ex:Place .\n")
    command = ["validate", "data.ttl", "--shapes", "rules.ttl", "--limit", "2", "--format", form]
    first, second = (run_anew(*command, cwd=folder) for _ in range(2))
    assert first.stdout == second.stdout
    assert first.returncode == 1


def test_json_names_rules_and_paths_as_text_does(run, folder):
    (folder / "rules.ttl").write_text(ANONYMOUS)
    finding = json.loads(
        run("validate", "data.ttl", "--shapes", "rules.ttl", "--format", "json", cwd=folder).stdout
    )[0]
    assert finding["ruleName"] == "ex:Office › ex:part/^ex:of, rules.ttl:6"
    assert finding["path"] == "<http://example.org/part>/^<http://example.org/of>"


@pytest.mark.parametrize(
    ("files", "command"),
    [(["data.ttl", "rules.ttl"], "data.ttl --shapes rules.ttl"), (["data.ttl"], "data.ttl --shapes …")],
)
@pytest.mark.parametrize("lang", ["de", "en"])
def test_rules_without_their_option_are_explained_in_one_line(run, folder, files, command, lang):
    result = run("validate", *files, "--lang", lang, cwd=folder)
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert result.stderr.endswith(f"stadtgraph validate {command}\n")


def test_rules_that_meet_nothing_prove_nothing(run, folder):
    (folder / "data.ttl").write_text("<http://example.org/a> a <http://example.org/Plaza> .")
    result = run("validate", "data.ttl", "--shapes", "shapes", cwd=folder)
    assert result.returncode == 2
    assert result.stderr.startswith("No rule has met anything in the data")


@pytest.mark.parametrize("rule", ["sh:deactivated true ; sh:nodeKind sh:IRI", "sh:name 'Office'"])
def test_shapes_in_which_no_rule_is_looked_at_prove_nothing(run, folder, rule):
    (folder / "idle.ttl").write_text(
        f"@prefix ex: <http://example.org/> . @prefix sh: <{SH}> .\nex:S sh:targetClass ex:Place ; {rule} ."
    )
    result = run("validate", "data.ttl", "--shapes", "idle.ttl", cwd=folder)
    assert (result.returncode, "nothing was checked" in result.stderr) == (2, True)


def test_a_byte_order_mark_is_no_fault(run, folder):
    before = run("validate", "data.ttl", "--shapes", "shapes", cwd=folder)
    for path in folder.rglob("*.ttl"):
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    after = run("validate", "data.ttl", "--shapes", "shapes", cwd=folder)
    assert (after.returncode, after.stdout) == (before.returncode, before.stdout)


def test_a_rule_that_nothing_refers_to_is_reported(folder):
    (folder / "shapes" / "offices.ttl").write_text(SHAPES.replace("sh:property ex:Name , ", "sh:property "))
    found = check([folder / "data.ttl"], [folder / "shapes"])
    [unused] = [finding for finding in found.findings if finding.rule.endswith("unused-shape")]
    assert (Path(unused.file).name, unused.line, unused.focus) == (
        "offices.ttl",
        8,
        "http://example.org/Name",
    )
    assert found.sentence(1, 0, None, "en").endswith("1 violation, 2 warnings, 0 notes.")


def test_a_severity_of_its_own_counts_as_a_violation(folder):
    shapes = folder / "shapes" / "offices.ttl"
    shapes.write_text(shapes.read_text().replace("sh:severity sh:Warning", "sh:severity ex:Grave"))
    assert {str(finding.severity) for finding in check([folder / "data.ttl"], [shapes]).findings} == {
        "Violation"
    }


# -- what goes in


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("packed", [False, True])
def test_each_form_is_read_packed_or_not(folder, name, packed):
    form = FORMS[name]
    content = written(form)
    path = folder / f"other.{form.file_extension}{'.gz' * packed}"
    path.write_bytes(gzip.compress(content) if packed else content)
    checked = check(sources([path]), [folder / "shapes"])
    assert checked.counts == check([folder / "data.ttl"], [folder / "shapes"]).counts
    assert {Path(finding.file).name for finding in checked.findings} == {path.name}


def test_the_pipe_is_read_in_the_form_that_is_named(folder):
    command = [Path(sys.executable).parent / "stadtgraph", "validate", "-", "--shapes", folder / "shapes"]
    content = gzip.compress(written(ox.RdfFormat.N_TRIPLES))
    result = subprocess.run(
        [*command, "--input-format", "ntriples", "--lang", "en"],
        input=content,
        capture_output=True,
        timeout=60,
    )
    assert result.returncode == 1, result.stderr
    assert b"3 violations, 1 warning" in result.stdout
    result = subprocess.run([*command, "--lang", "en"], input=content, capture_output=True, timeout=60)
    assert result.returncode == 2
    assert b"Please give --input-format: turtle" in result.stderr


def test_an_ending_that_says_nothing_is_helped_by_the_named_form(folder):
    file = folder / "data.bin"
    file.write_text(DATA)
    with pytest.raises(CannotLook, match="--input-format"):
        check(sources([file]), [folder / "shapes"])
    assert len(check(sources([file], "turtle"), [folder / "shapes"]).findings) == 4


def test_several_files_and_shapes_are_one_graph_each_and_findings_stand_in_their_file(folder):
    first, second = DATA.split("ex:b")
    (folder / "data.ttl").write_text(first)
    (folder / "second.nt").write_bytes(
        written(ox.RdfFormat.N_TRIPLES, first.partition("ex:a")[0] + "ex:b" + second)
    )
    (folder / "third.jsonld").write_text(
        '{"@id": "http://example.org/d", "@type": "http://example.org/Place"}'
    )
    rules = SHAPES.partition("ex:Address a")
    (folder / "shapes" / "offices.ttl").write_text(rules[0])
    (folder / "shapes" / "addresses.ttl").write_text(SHAPES.partition("ex:Office")[0] + rules[1] + rules[2])
    files = [folder / name for name in ("data.ttl", "second.nt", "third.jsonld")]
    found = places(check(files, [folder / "shapes" / name for name in ("offices.ttl", "addresses.ttl")]))
    assert len(found) == 5
    assert "third.jsonld:0 Violation" in found
    assert all(place.startswith(("second.nt:", "third.jsonld")) for place in found)


def test_what_is_only_mentioned_stands_where_it_is_mentioned(folder):
    (folder / "more.ttl").write_text(
        "<http://example.org/c> <http://example.org/a>\n  <http://example.org/x> ."
    )
    (folder / "last.jsonld").write_text('{"@id": "http://example.org/c", "http://example.org/b": "y"}')
    (folder / "rules.ttl").write_text(
        """@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix ex: <http://example.org/> .
        ex:S a sh:NodeShape ; sh:targetObjectsOf ex:a , ex:b ; sh:class ex:Place ."""
    )
    found = check([folder / name for name in ("data.ttl", "more.ttl", "last.jsonld")], [folder / "rules.ttl"])
    assert sorted(places(found)) == ["last.jsonld:0 Violation", "more.ttl:2 Violation"]


def test_lines_are_those_of_subjects_in_any_spelling(folder):
    spelled = DATA.replace("@prefix ex: <http://example.org/> .", "BASE <http://example.org/>\nPREFIX ex: <>")
    (folder / "data.ttl").write_text(spelled.replace("ex:b a", "<b> a"))
    assert [int(place[9:11]) for place in places(check([folder / "data.ttl"], [folder / "shapes"]))] == [
        11,
        12,
        12,
        16,
    ]


# -- what cannot be read

BROKEN = {
    "missing.ttl": (None, "There is no file"),
    "end.ttl": (b"<a:a> <a:b>\n", "end.ttl:1: The file ends in the middle"),
    "prefix.ttl": (b"\n\na:b a:c 1 .", "prefix.ttl:3: The prefix a: is not declared"),
    "latin.ttl": ('\n<a:a> <a:b> "ä" .'.encode("latin-1"), "latin.ttl:2: The file is not stored as UTF-8"),
    "line.nt": (b"<a:a> <a:b> 1 .", "line.nt:1: This is not valid N-Triples"),
    "line.nq": (b"<a:a> <a:b> <a:c> 1 .", "line.nq:1: This is not valid N-Quads"),
    "open.rdf": (b'<?xml version="1.0"?>\n<rdf:RDF\n', "open.rdf:2: This is not valid RDF/XML"),
    "number.rdf": (
        b'<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><r:Description r:ID="1"/></r:RDF>',
        "number.rdf is not valid RDF/XML",
    ),
    "late.rdf": (
        b"<?xml version='1.0'?><!--" + b"x" * 2_000_000 + b"--><!DOCTYPE r><r/>",
        "late.rdf is RDF/XML with a DOCTYPE",
    ),
    "wide.rdf": ("<!DOCTYPE r><r/>".encode("utf-16"), "wide.rdf is RDF/XML with a DOCTYPE"),
    "wide.ttl": ("<a:a> <a:b> 1 .".encode("utf-16"), "wide.ttl:1: The file is stored as UTF-16"),
    "entity.rdf": (b'<!DOCTYPE r [<!ENTITY a "b">]><r/>', "entity.rdf is RDF/XML with a DOCTYPE"),
    "comma.jsonld": (b'{"@id": "a:a"\n "a": 1}', "comma.jsonld:2: This is not valid JSON-LD"),
    "above.jsonld": (b'{"@id": "a:a"\n\n "a": 1}', "Please check this line and line 1."),
    "context.jsonld": (
        b'{\n"@context": [{"a": "b:c"}, "http://example.org/c.jsonld"], "a": 1}',
        "context.jsonld:2: The @context does not stand in the file",
    ),
    "half.ttl.gz": (gzip.compress(DATA.encode())[:60], "half.ttl.gz cannot be unpacked"),
    "triple.ttl": (b"<a:a> <a:b> <<( <a:a> <a:b> 1 )>> .", "The data holds a triple term"),
    "empty": (None, "There is no file"),
    "data.docx": (b"PK", "data.docx does not say in which form"),
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("lang", ["de", "en"])
def test_what_cannot_be_read_gets_a_sentence_with_its_place(folder, name, lang):
    content, sentence = BROKEN[name]
    if content is not None:
        (folder / name).write_bytes(content)
    with pytest.raises(CannotLook) as refused:
        check(sources([folder / name]), [folder / "shapes"])
    [finding] = refused.value.findings
    message = finding.message[lang]
    assert "Bitte" in message if lang == "de" else "Please" in message
    said = (
        finding.message["en"]
        if finding.place in finding.message["en"]
        else f"{finding.place}: {finding.message['en']}"
    )
    assert sentence in said


def test_a_folder_without_rdf_is_explained(run, folder):
    (folder / "empty").mkdir()
    result = run("validate", "data.ttl", "--shapes", "empty", cwd=folder)
    assert result.returncode == 2
    assert result.stderr.startswith("The folder empty/ holds no RDF file")


@pytest.mark.parametrize(
    "arguments",
    [
        ["http://127.0.0.1:9/a"],
        ["http://127.0.0.1:9/a", "--shapes", "shapes"],
        ["data.ttl", "--shapes", "http://127.0.0.1:9/a"],
    ],
)
def test_an_address_is_not_fetched_and_the_way_out_is_named(run, folder, arguments):
    result = run("validate", *arguments, cwd=folder)
    assert result.returncode == 2
    assert "http://127.0.0.1:9/a" in result.stderr and "--endpoint" in result.stderr


@pytest.mark.parametrize("content", ["", "@prefix ex: <http://example.org/> .\n"])
@pytest.mark.parametrize(
    "arguments", [["empty.ttl", "--shapes", "shapes"], ["data.ttl", "--shapes", "empty.ttl"]]
)
def test_a_file_without_statements_is_named(run, folder, arguments, content):
    (folder / "empty.ttl").write_text(content)
    result = run("validate", *arguments, cwd=folder)
    assert result.returncode == 2
    assert result.stderr.startswith("empty.ttl") and "is empty" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [["--shapes", "shapes"], ["data.ttl", "--verbose"], ["--endpoint", "http://127.0.0.1:9/"],
     ["data.ttl", "--shapes", "shapes", "--graph", "urn:g"], ["data.ttl", "--shapes", "shapes", "--portal"]],
)  # fmt: skip
def test_options_that_do_not_belong_together_are_explained(run, folder, arguments):
    result = run("validate", *arguments, cwd=folder)
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 1
    assert "lease" in result.stderr


def test_malformed_shapes_are_told_with_their_line(run, folder):
    shapes = folder / "shapes" / "offices.ttl"
    shapes.write_text(shapes.read_text().replace("sh:minCount", "sh:mincount"))
    result = run("validate", "data.ttl", "--shapes", "shapes", cwd=folder)
    assert result.returncode == 2
    assert result.stderr.startswith("shapes/offices.ttl:10: The rule ex:Name cannot be applied")
    assert "sh:mincount" in result.stderr


MALFORMED = sorted((Path(__file__).parent / "shacl" / "malformed").glob("*.ttl"))


@pytest.mark.parametrize("path", MALFORMED, ids=lambda path: path.stem)
def test_each_kind_of_malformed_shape_is_told_with_its_file(folder, path):
    with pytest.raises(CannotLook) as refused:
        check([folder / "data.ttl"], [path])
    assert {finding.file for finding in refused.value.findings} == {str(path)}
    assert all(finding.line for finding in refused.value.findings)


def test_a_fault_within_brackets_has_the_line_of_what_is_wrong(folder):
    with pytest.raises(CannotLook) as refused:
        check([folder / "data.ttl"], [next(path for path in MALFORMED if path.stem == "without-a-name")])
    [finding] = refused.value.findings
    assert finding.line == 9
    assert finding.message["de"].startswith("Die Regel [ … ] ist nicht anwendbar")
    assert 'sh:minCount: "1" ist keine ganze Zahl.' in finding.message["de"]


def test_a_fault_within_brackets_has_its_line_in_a_city_too(run, musterstadt):
    file = musterstadt / "shapes" / "more.ttl"
    file.write_text(next(path for path in MALFORMED if path.stem == "without-a-name").read_text())
    result = run("validate", "--root", musterstadt)
    assert result.returncode == 2
    assert result.stderr.startswith("shapes/more.ttl:9: The rule [ … ] cannot be applied")


def test_a_failure_in_a_part_is_told_as_in_the_whole(folder):
    (folder / "data.ttl").write_text("<http://example.org/a> a <http://example.org/C> .")
    path = next(path for path in MALFORMED if path.stem == "sparql-that-fails")
    for ways in (None, Ways(remember=False, processes=2)):
        with pytest.raises(CannotLook, match="reports a failure at ex:a") as refused:
            check([folder / "data.ttl"], [path], ways=ways)
        assert [finding.line for finding in refused.value.findings] == [5]


# -- endpoints


class Endpoint(http.server.BaseHTTPRequestHandler):
    """A SPARQL endpoint that sends ``rows`` at most, as Virtuoso does, and may have other habits."""

    rows = 7
    habit = ""
    store = ox.Store()

    def do_POST(self):
        text = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())["query"][0]
        found = self.store.query(text)
        answer = json.loads(found.serialize(format=ox.QueryResultsFormat.JSON))
        bindings = answer["results"]["bindings"]
        del bindings[0 if self.habit == "stops" and "OFFSET 7" in text else self.rows :]
        nodes = [term for row in bindings for term in row.values() if term["type"] == "bnode"]
        for number, term in enumerate(nodes):
            if self.habit == "renames":
                term["value"] = f"b{id(answer)}{number}"
            if self.habit == "addresses":
                term["value"] = f"nodeID://{term['value']}"
        self.send_response(200)
        self.send_header("Content-Type", "application/sparql-results+json")
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def endpoint():
    graph = ox.NamedNode("http://example.org/graph")
    for number in range(30):
        Endpoint.store.load(
            input=DATA.replace("ex:a", f"ex:a{number}"), format=ox.RdfFormat.TURTLE, to_graph=graph
        )
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoint) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}/sparql"
        server.shutdown()


@pytest.fixture(autouse=True)
def well_behaved():
    yield
    Endpoint.habit, Endpoint.rows = "", 7


def test_a_graph_is_fetched_by_pages_to_its_last_statement(endpoint):
    assert set(fetch(endpoint, "http://example.org/graph")) == {
        ox.Quad(*quad.triple) for quad in Endpoint.store
    }


def test_an_endpoint_is_validated_as_a_file_is(run, endpoint, folder):
    Endpoint.rows = 100
    arguments = ["--endpoint", endpoint, "--graph", "http://example.org/graph", "--shapes", "shapes"]
    result = run("validate", *arguments, cwd=folder)
    assert result.returncode == 1
    dump = folder / "dump.nt"
    dump.write_bytes(ox.serialize([quad.triple for quad in Endpoint.store], format=ox.RdfFormat.N_TRIPLES))
    counted = check([dump], [folder / "shapes"]).sentence(0, len(Endpoint.store), endpoint, "en")
    assert result.stdout.splitlines()[-1] == counted


def test_names_of_blank_nodes_that_virtuoso_makes_are_read(endpoint):
    Endpoint.habit = "addresses"
    assert len(fetch(endpoint, "http://example.org/graph")) == len(Endpoint.store)


@pytest.mark.parametrize(
    ("habit", "graph", "sentence"),
    [
        ("stops", "http://example.org/graph", "statements but sends 7"),
        ("renames", "http://example.org/graph", "names nodes without an address anew"),
        ("", "http://example.org/grahp", "has no statement in this graph"),
        ("", "no address", "The address of the graph is not valid"),
    ],
)
def test_half_a_graph_is_none(endpoint, habit, graph, sentence):
    Endpoint.habit = habit
    with pytest.raises(BadQuery) as refused:
        fetch(endpoint, graph)
    assert sentence in refused.value.sentence("en")
    assert "Bitte" in refused.value.sentence("de")
