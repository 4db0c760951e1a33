"""The command answers at once, in the reader's language, without tracebacks."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from rdflib import RDF, SH, Graph

pytestmark = pytest.mark.dear
COMMANDS = ("validate", "publish", "query", "show")


@pytest.fixture(scope="session")
def run(run_anew):
    """Here the command itself is what is looked at."""
    return run_anew


@pytest.mark.parametrize("command", ["", *COMMANDS])
@pytest.mark.parametrize(("lang", "word"), [("de", "Ordner der Stadt"), ("en", "The city's folder")])
def test_help_speaks_the_language(run, command, lang, word):
    result = run(*[command] * bool(command), "--help", LANG=f"{lang}_XX.UTF-8")
    assert result.returncode == 0
    if command:
        assert word in result.stdout


def test_help_loads_no_library_it_does_not_need():
    code = (
        "import sys; sys.argv=['stadtgraph', '--help']\n"
        "from stadtgraph.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'rdflib', 'pyshacl', 'pyoxigraph', 'rich', 'SPARQLWrapper', 'jinja2'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["validate", "--nosuch"], "--nosuch"),
        (["nosuch"], "nosuch"),
        (["validate", "--format", "pdf"], "pdf"),
        (["show"], "SLUG"),
        (["query", "--timeout", "x"], "'x'"),
    ],
)
@pytest.mark.parametrize("lang", ["de", "en"])
def test_a_wrong_call_gets_one_line(run, arguments, word, lang):
    result = run(*arguments, LANG=lang)
    assert result.returncode == 2
    assert word in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert "Traceback" not in result.stderr


def test_lang_wins_over_the_environment(run, musterstadt):
    assert "checked" in run("validate", "--root", musterstadt, "--lang", "en", LANG="de_DE").stdout
    assert "geprüft" in run("validate", "--root", musterstadt, "--lang=de", LANG="en").stdout


@pytest.fixture
def broken(musterstadt):
    file = musterstadt / "data" / "organisations.ttl"
    file.write_text(file.read_text().replace(' , "Works depot"@en', ""))
    return musterstadt


def test_text_names_place_severity_thing_fault_and_rule(run, broken):
    result = run("validate", "--root", broken, "--lang", "de")
    assert result.returncode == 1
    assert result.stdout.splitlines() == [
        "data/organisations.ttl:11 Verstoß Bauhof",
        "    Der Name fehlt auf Deutsch oder Englisch. Bitte ergänzen.",
        "    Regel: shape:Organisation-prefLabel   Eigenschaft: skos:prefLabel",
        "5 Dateien geprüft: 1 Verstoß, 0 Warnungen, 0 Hinweise.",
    ]


def test_a_thing_without_a_name_in_the_language_goes_by_its_slug(run, musterstadt):
    file = musterstadt / "data" / "organisations.ttl"
    file.write_text(file.read_text().replace('"Bauhof"@de , ', ""))
    for lang, name in (("de", "id:bauhof"), ("en", "Works depot")):
        lines = run("validate", "--root", musterstadt, "--lang", lang).stdout.splitlines()
        assert lines[0].endswith(f" {name}")


def test_json_holds_the_same(run, broken):
    (finding,) = json.loads(run("validate", "--root", broken, "--format", "json").stdout)
    assert finding["severity"] == "Violation"
    assert (finding["file"], finding["line"]) == ("data/organisations.ttl", 11)
    assert finding["label"] == {"de": "Bauhof"}
    assert finding["component"] == str(SH.MinCountConstraintComponent)


def test_turtle_is_a_validation_report(run, broken):
    graph = Graph().parse(
        data=run("validate", "--root", broken, "--format", "turtle").stdout, format="turtle"
    )
    (report,) = graph.subjects(RDF.type, SH.ValidationReport)
    (result,) = graph.objects(report, SH.result)
    assert str(graph.value(result, SH.focusNode)) == "https://example.org/musterstadt/id/bauhof"
    assert graph.value(report, SH.conforms).toPython() is False


@pytest.fixture
def noted(broken):
    """Two notes and one violation, which stands before one of them in the file."""
    shapes = broken / "shapes" / "organisation.ttl"
    shapes.write_text(
        shapes.read_text()
        + """
shape:Noted a sh:NodeShape ; sh:targetNode id:bauhof , id:ordnungsamt ; sh:property shape:Noted-note .
shape:Noted-note a sh:PropertyShape ; sh:path skos:note ; sh:minCount 1 ; sh:severity sh:Info ;
    sh:message "Bitte ergänzen."@de , "Please add it."@en .
"""
    )
    if "@prefix id:" not in shapes.read_text():
        shapes.write_text(f"@prefix id: <https://example.org/musterstadt/id/> .\n{shapes.read_text()}")
    return broken


def test_notes_are_only_counted_beside_something_graver(run, noted):
    result = run("validate", "--root", noted)
    assert " Note " not in result.stdout
    assert result.stdout.splitlines()[0] == "2 notes; shown one by one by: --notes"
    limited = run("validate", "--root", noted, "--limit", "1")
    assert limited.stdout.splitlines()[0] == "2 notes; shown one by one by: --notes"
    assert "shape:Noted-note" not in limited.stdout


def test_the_gravest_finding_stands_nearest_to_the_prompt(run, noted):
    lines = run("validate", "--root", noted, "--notes").stdout.splitlines()
    heads = [line.split()[1] for line in lines[:-1] if not line.startswith(" ")]
    assert heads == ["Note", "Note", "Violation"]


def test_notes_come_whole_in_json_and_where_nothing_is_graver(run, noted):
    assert len(json.loads(run("validate", "--root", noted, "--format", "json").stdout)) == 3
    file = noted / "data" / "organisations.ttl"
    file.write_text(file.read_text().replace('"Bauhof"@de', '"Bauhof"@de , "Works depot"@en'))
    result = run("validate", "--root", noted)
    assert (result.returncode, result.stdout.count(" Note ")) == (0, 2)


def test_only_the_asked_files_are_reported(run, broken):
    assert run("validate", "--root", broken, broken / "data" / "catalog.ttl").returncode == 0
    assert run("validate", "--root", broken, broken / "data" / "organisations.ttl").returncode == 1


def test_a_check_reports_its_rows(run, musterstadt):
    file = musterstadt / "data" / "organisations.ttl"
    file.write_text(file.read_text().replace("org:unitOf id:musterstadt", "org:unitOf id:ordnungsamt"))
    result = run("validate", "--root", musterstadt)
    assert result.returncode == 1
    assert "data/organisations.ttl:19 Violation Public order office" in result.stdout
    assert "Public order office is a unit of itself. Please correct org:unitOf." in result.stdout
    assert "check:unit-of-itself" in result.stdout


def test_an_idle_shape_is_reported(run, musterstadt):
    file = musterstadt / "shapes" / "organisation.ttl"
    file.write_text(file.read_text() + "\nshape:Post a sh:NodeShape ;\n    sh:targetClass org:Post .\n")
    result = run("validate", "--root", musterstadt)
    assert result.returncode == 0
    assert "shapes/organisation.ttl:19 Warning shape:Post" in result.stdout
    assert "rule:idle-shape" in result.stdout


def test_a_misspelt_shacl_term_is_an_error(run, musterstadt):
    file = musterstadt / "shapes" / "organisation.ttl"
    file.write_text(file.read_text().replace("sh:minCount", "sh:mincount"))
    result = run("validate", "--root", musterstadt)
    assert result.returncode == 1
    assert "shapes/organisation.ttl:15" in result.stdout
    assert "sh:minCount" in result.stdout


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("sh:path skos:prefLabel ;", 'sh:path "name" ;'),
        ("sh:minCount 2", 'sh:minCount "two"'),
    ],
)
def test_malformed_shapes_are_not_ignored(run, musterstadt, old, new):
    file = musterstadt / "shapes" / "organisation.ttl"
    file.write_text(file.read_text().replace(old, new))
    result = run("validate", "--root", musterstadt)
    assert result.returncode == 2
    assert result.stderr.startswith("shapes/organisation.ttl:1")
    assert "shape:Organisation-prefLabel cannot be applied" in result.stderr


@pytest.mark.parametrize("folder", ["checks", "derive"])
@pytest.mark.parametrize(
    "content",
    [b"SELECT ?focus WHERE {", "#+ title: M\u00e4ngel\nASK {}".encode("latin-1"), b"SELECT nonsense"],
)
def test_a_broken_query_file_is_named(run, musterstadt, folder, content):
    (musterstadt / "queries" / folder / "bad.rq").write_bytes(content)
    result = run("publish", "--root", musterstadt, "--lang", "de")
    assert result.returncode == 2
    fault, consequence = result.stderr.splitlines()
    assert f"queries/{folder}/bad.rq" in fault
    assert consequence == "Nicht veröffentlicht; was vorher veröffentlicht war, ist unberührt."


def test_a_shape_that_warns_does_not_silence_a_check_that_forbids(run, musterstadt):
    shapes = musterstadt / "shapes" / "organisation.ttl"
    shapes.write_text(
        shapes.read_text()
        .replace("sh:path skos:prefLabel ;", "sh:path skos:prefLabel ;\n    sh:severity sh:Warning ;")
        .replace("skos:prefLabel", "org:unitOf")
    )
    file = musterstadt / "data" / "organisations.ttl"
    file.write_text(file.read_text().replace("org:unitOf id:musterstadt", "org:unitOf id:ordnungsamt"))
    result = run("validate", "--root", musterstadt)
    assert result.returncode == 1
    assert "Violation Public order office" in result.stdout


def test_a_thing_without_rules_is_a_fault(run, musterstadt):
    file = musterstadt / "data" / "organisations.ttl"
    file.write_text(file.read_text() + 'id:zoo a <https://schema.org/Zoo> ; skos:prefLabel "Zoo"@de .\n')
    result = run("validate", "--root", musterstadt)
    assert result.returncode == 1
    assert "data/organisations.ttl:20 Violation id:zoo" in result.stdout
    assert "No rule applies to id:zoo" in result.stdout


@pytest.mark.parametrize(
    ("lang", "term", "last"),
    [
        ("de", "Den Begriff skos:prefLable gibt es hier nicht.", "weitere Prüfungen folgen erst, wenn das"),
        ("en", "There is no term skos:prefLable here;", "further checks follow only once this is mended."),
    ],
)
def test_what_was_not_checked_is_not_counted_as_free_of_faults(run, musterstadt, lang, term, last):
    file = musterstadt / "data" / "organisations.ttl"
    file.write_text(file.read_text().replace("skos:prefLabel", "skos:prefLable", 1))
    for command in ("validate", "publish"):
        result = run(command, "--root", musterstadt, "--lang", lang)
        lines = (result.stdout + result.stderr).splitlines()
        assert any(term in line for line in lines)
        assert last in lines[-1] and "0 " not in lines[-1]


def test_a_copied_entry_that_kept_its_name_is_one_fault(run, musterstadt):
    file = musterstadt / "data" / "organisations.ttl"
    copy = 'id:bauhof a org:OrganizationalUnit ;\n    skos:prefLabel "Eichamt"@de , "Weights office"@en .\n'
    file.write_text(file.read_text() + copy)
    result = run("validate", "--root", musterstadt)
    assert result.stdout.count(" Violation ") == 1
    assert "data/organisations.ttl:20 Violation" in result.stdout
    assert "id:bauhof begins twice in this file (lines 10 and 20)." in result.stdout


def test_a_full_tally_promises_no_further_checks(run, broken):
    result = run("validate", "--root", broken)
    assert result.stdout.splitlines()[-1].endswith(": 1 violation, 0 warnings, 0 notes.")


@pytest.mark.parametrize("character", ["\x00", "\x01", "\x0b", "\ufffe"])
def test_a_character_that_breaks_xml_is_a_fault(run, musterstadt, character):
    file = musterstadt / "data" / "organisations.ttl"
    file.write_text(file.read_text().replace("Works depot", f"Works{character} depot"))
    result = run("validate", "--root", musterstadt)
    assert result.returncode in (1, 2)
    assert "data/organisations.ttl:11" in result.stdout + result.stderr


@pytest.mark.parametrize(
    ("query", "refused"),
    [
        ("SELECT ?from WHERE { ?from ?p 'LOAD' }", False),
        ("PREFIX e: <urn:e:> SELECT * WHERE { ?s e:from ?service } # SERVICE", False),
        (
            "PREFIX e: <urn:e:> SELECT * WHERE { ?s e:x\\#y ?o SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }",
            True,
        ),
        (
            "PREFIX e: <urn:e:> SELECT * WHERE { ?s e:x\\' ?o SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }",
            True,
        ),
        ("SELECT * FROM <file:///etc/passwd> WHERE { ?s ?p ?o }", True),
    ],
)
def test_no_query_leaves_the_folder(run, musterstadt, tmp_path, query, refused):
    (tmp_path / "query.rq").write_text(query)
    result = run("query", tmp_path / "query.rq", "--root", musterstadt)
    assert ("would leave the graph" in result.stderr) == refused
    assert result.returncode == (2 if refused else 0), result.stderr


def test_a_full_disk_is_no_traceback(musterstadt):
    command = f"{Path(sys.executable).parent / 'stadtgraph'} query --root {musterstadt} aemter > /dev/full"
    result = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr


def test_a_check_that_cannot_run_is_not_ignored(run, musterstadt):
    (musterstadt / "queries" / "checks" / "bad.rq").write_text("SELECT ?nothing WHERE { ?nothing ?p ?o }")
    result = run("validate", "--root", musterstadt)
    assert result.returncode == 2
    assert "queries/checks/bad.rq" in result.stderr


def in_terminal(*arguments, **variables):
    """Run the command with a terminal as its standard output and return what it wrote."""
    reader, writer = pty.openpty()
    environment = {"PATH": os.environ["PATH"], "TERM": "xterm-256color", "LANG": "en", **variables}
    command = [Path(sys.executable).parent / "stadtgraph", *arguments]
    subprocess.run(command, env=environment, stdout=writer, stderr=writer, timeout=60)
    os.close(writer)
    chunks = []
    try:
        while chunk := os.read(reader, 65536):
            chunks.append(chunk)
    except OSError:
        pass
    os.close(reader)
    return b"".join(chunks).decode()


def test_a_terminal_gets_colours_and_a_pipe_does_not(run, broken):
    assert "\x1b[" in in_terminal("validate", "--root", broken)
    assert "\x1b[" not in run("validate", "--root", broken).stdout


def test_no_color_is_honoured(broken):
    assert "\x1b[3" not in in_terminal("validate", "--root", broken, NO_COLOR="1")


def test_a_closed_pipe_is_no_traceback(musterstadt):
    command = f"{Path(sys.executable).parent / 'stadtgraph'} query --root {musterstadt} aemter | true"
    result = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert "Traceback" not in result.stderr


def test_show_tells_everything_about_one_thing(run, musterstadt):
    for name in (
        "bauhof",
        "id:bauhof",
        "https://example.org/musterstadt/id/bauhof",
        "Works depot",
        "works DEPOT",
    ):
        result = run("show", name, "--root", musterstadt)
        assert result.returncode == 0
        assert "org:unitOf: Public order office (id:ordnungsamt)" in result.stdout
        assert "[data/organisations.ttl:10]" in result.stdout


def test_show_offers_what_comes_near(run, musterstadt):
    result = run("show", "bauhoff", "--root", musterstadt)
    assert result.returncode == 2
    assert "bauhof  Works depot" in result.stderr


FAULTY = {
    "SELECT ?s { ?s a orgg:Post }": "Zeile 1, Spalte 18: Das Präfix orgg: in orgg:Post ist unbekannt.",
    "SELECT ?s, ?o { ?s ?p ?o }": "Zeile 1, Spalte 10: Zwischen dem, was SELECT nennt, steht in SPARQL",
    "#+ title: x\nSELECT ?s { ?s ?p ?o": "Zeile 2, Spalte 11: Die Klammer { wird nicht geschlossen.",
    "SELECT ?s { ?s ?p ?o ORDER BY ?s }": "Zeile 1, Spalte 22: ORDER steht innerhalb der geschweiften",
    "SELECT ?s { ?s ?p ?o FILTER(<f:f>(?s)) }": "Die Funktion <f:f> gibt es hier nicht.",
    "DELETE WHERE { ?s ?p ?o }": "Zeile 1, Spalte 1: DELETE würde Daten ändern.",
}


@pytest.mark.parametrize("query", FAULTY)
def test_a_faulty_query_is_explained_as_by_the_server(run, musterstadt, tmp_path, query):
    file = tmp_path / "faulty.rq"
    file.write_text(query)
    result = run("query", file, "--root", musterstadt, "--lang", "de")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(FAULTY[query])
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("form", ["table", "csv", "tsv", "json", "xml", "turtle"])
def test_an_empty_answer_names_what_does_not_occur(run, musterstadt, tmp_path, form):
    verb = "CONSTRUCT WHERE" if form == "turtle" else "SELECT ?s"
    said = "org:OrganisationalUnit does not occur in the graph; nearest is org:OrganizationalUnit."
    for name, hinted in (("org:OrganisationalUnit", True), ("org:OrganizationalUnit", False)):
        file = tmp_path / "question.rq"
        file.write_text(f"{verb} {{ ?s a {name} }}")
        result = run("query", file, "--root", musterstadt, "--format", form)
        assert result.returncode == 0
        assert (said in result.stderr) == hinted
        assert "occur" not in result.stdout


def test_an_empty_answer_names_a_namespace_that_is_nearly_known(run, musterstadt, tmp_path):
    file = tmp_path / "question.rq"
    file.write_text("ASK { ?s a <http://schema.org/City> }")
    result = run("query", file, "--root", musterstadt)
    assert "The namespace is https://schema.org/ here" in result.stderr


COMMAND = Path(sys.executable).parent / "stadtgraph"


@pytest.mark.parametrize("moment", [0.02, 0.06, 0.1, 0.15])
def test_who_stops_a_command_while_it_begins_sees_no_traceback(moment):
    with subprocess.Popen(
        [COMMAND, "validate", "--help"], stderr=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        time.sleep(moment)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
    assert b"stadtgraph/cli" not in told  # what comes before, Python itself reads


def test_a_query_without_end_can_be_stopped(musterstadt):
    query = musterstadt / "endless.rq"
    query.write_text("SELECT (COUNT(*) AS ?n) { " + "".join(f"?a{n} ?b{n} ?c{n} . " for n in range(9)) + "}")
    command = [COMMAND, "query", query, "--root", musterstadt]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        while sum(psutil.Process(process.pid).cpu_times()[:2]) < 4:
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        told, errors = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT
    assert not told and not errors


def test_who_stops_a_publication_is_told_that_the_last_one_is_whole(run, musterstadt):
    run("publish", "--root", musterstadt)
    before = (musterstadt / "public").resolve()
    file = musterstadt / "data" / "organisations.ttl"
    file.write_text(file.read_text().replace("Works depot", "Works yard"))
    command = [COMMAND, "publish", "--root", musterstadt, "--lang", "de"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        while not (musterstadt / ".public" / "next.part").exists():
            assert process.poll() is None
            time.sleep(0.001)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors.decode() == "Abgebrochen. Was veröffentlicht ist, ist ganz geblieben.\n"
    assert (musterstadt / "public").resolve() == before


def test_what_cannot_be_read_is_not_published_and_that_is_said(run, musterstadt):
    file = musterstadt / "data" / "organisations.ttl"
    file.write_text(file.read_text().replace('"Works depot"', '"Works depot', 1))
    result = run("publish", "--root", musterstadt, "--lang", "de")
    assert result.returncode == 2
    assert "Nicht veröffentlicht; was vorher veröffentlicht war" in result.stderr
    assert not (musterstadt / "public").exists()
