"""Each file in tests/shacl is a claim about one clause of SHACL: data, shapes and what is to be found.

    # expect: <component> | <focus node> | <value> | <path> | <severity> | <language and message>, …

``-`` is none, ``_`` a blank node, ``path`` the blank node that is the path of the shape; what is left out
at the end is not looked at. ``# pyshacl: departs`` (or ``breaks``) says that the reference finds something
else there; in all other files it must find the same.
"""

import gzip
import json
import logging
import re
import warnings
from collections import Counter
from pathlib import Path

import pyoxigraph as ox
import pytest
from rdflib import RDF, SH, BNode, Dataset, Graph, Literal, URIRef

from stadtgraph import messages, shacl
from stadtgraph.messages import LANGUAGES
from stadtgraph.shacl.columns import Columns
from stadtgraph.shacl.components import COMPONENTS
from stadtgraph.shacl.graphs import quads, to_oxigraph, to_rdflib, to_store
from stadtgraph.shacl.parse import parse
from stadtgraph.shacl.patterns import mismatches
from stadtgraph.shacl.reference import validate_with_pyshacl

FOLDER = Path(__file__).parent / "shacl"
CLAIMS = sorted(FOLDER.glob("*.ttl"))
MALFORMED = sorted((FOLDER / "malformed").glob("*.ttl"))
README = Path(shacl.__file__).parent / "README.md"
EX = "http://example.org/"


def header(path, key):
    return re.findall(rf"^# {key}: (.*)$", path.read_text(), re.MULTILINE)


def term(text, path):
    """Read a term as the file would."""
    if text in ("-", "_", "path"):
        return text
    prefixes = "".join(re.findall(r"^@prefix.*$", path.read_text(), re.MULTILINE))
    [quad] = ox.parse(f"{prefixes} <s:s> <p:p> {text} .", ox.RdfFormat.TURTLE)
    return str(quad.object)


def seen(node, blank="_"):
    return "-" if node is None else blank if isinstance(node, BNode) else str(to_oxigraph(node))


def expected(path):
    for line in header(path, "expect"):
        component, focus, value, where, severity, messages = [*line.split(" | "), *[None] * 5][:6]
        iri = component if ":" in component else f"<{SH}{component}ConstraintComponent>"
        terms = [term(each, path) for each in (iri, focus, value or "-", where or "-")]
        yield (*terms, severity or "Violation", messages)


def found(report, with_messages):
    for result in report.results:
        messages = ", ".join(f"{tag} {text}" for tag, text in sorted(result.messages.items()))
        yield (
            seen(result.component),
            seen(result.focus_node),
            seen(result.value),
            seen(result.path, "path"),
            str(result.severity).removeprefix(str(SH)),
            messages if with_messages else None,
        )


def without_messages(rows):
    return Counter((*row[:5], None) for row in rows)


@pytest.mark.parametrize("path", CLAIMS, ids=lambda path: path.stem)
def test_what_the_file_says_is_found(path):
    report = shacl.validate(path, path)
    rows = list(expected(path))
    assert without_messages(found(report, False)) == without_messages(rows)
    messages = {row[5] for row in found(report, True)}
    assert {row[5] for row in rows if row[5]} <= messages
    assert report.conforms == (not rows)


@pytest.mark.parametrize("path", CLAIMS, ids=lambda path: path.stem)
def test_the_reference_finds_the_same_unless_the_file_says_that_it_departs(path):
    graph = to_rdflib(path)
    [departs] = header(path, "pyshacl") or ["agrees"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if departs == "breaks":
            with pytest.raises(Exception):  # noqa: B017 (it breaks in many ways)
                validate_with_pyshacl(graph, graph)
            return
        report = validate_with_pyshacl(graph, to_rdflib(path))
    same = without_messages(found(report, False)) == without_messages(expected(path))
    assert same == (departs == "agrees")


def test_each_constraint_component_has_a_claim():
    named = {line.split(" | ")[0] for path in CLAIMS for line in header(path, "expect")}
    assert {component.name for component in COMPONENTS.values()} - {"Property"} <= named


@pytest.mark.parametrize("lang", ["de", "en"])
@pytest.mark.parametrize("path", CLAIMS, ids=lambda path: path.stem)
def test_what_is_wrong_is_a_sentence_where_the_shape_has_none(path, lang):
    for result in shacl.validate(path, path).results:
        if not (path.stem.startswith(("sparql", "component", "severity")) or "" in result.messages):
            assert re.fullmatch(r"(?s).*\w.*\.", result.messages[lang])
            assert not re.search(r"<class|\^\^<|ConstraintComponent|None", result.messages[lang])


@pytest.mark.parametrize(
    ("constraint", "german", "english"),
    [
        ("sh:minInclusive 0", "-1 ist nicht größer oder gleich 0 (sh:minInclusive).",
         "-1 is not greater than or equal to 0 (sh:minInclusive)."),
        ("sh:nodeKind sh:BlankNodeOrIRI",
         "-1 ist nicht von der verlangten Art: BlankNode, IRI (sh:nodeKind).",
         "-1 is not of the kind asked for: BlankNode, IRI (sh:nodeKind)."),
        ("sh:in ( 1 2 3 4 5 6 7 8 9 10 11 )",
         "-1 ist keiner der erlaubten Werte: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, … (sh:in).",
         "-1 is none of the values allowed: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, … (sh:in)."),
        ("sh:datatype xsd:date", "-1 ist kein gültiger Wert vom Datentyp xsd:date (sh:datatype).",
         "-1 is no valid value of the datatype xsd:date (sh:datatype)."),
        ("sh:node ex:N", "-1 erfüllt die verlangte Regel nicht (sh:node http://example.org/N).",
         "-1 does not meet the rule asked for (sh:node http://example.org/N)."),
        ("sh:minCount 2", "Zu wenige Werte; nötig sind mindestens 2 (sh:minCount).",
         "Too few values; at least 2 needed (sh:minCount)."),
    ],
)  # fmt: skip
def test_a_sentence_has_the_value_and_what_the_rule_asks_for(constraint, german, english):
    graph = Graph().parse(
        data=f"""@prefix ex: <{EX}> . @prefix sh: <{SH}> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
        ex:N a sh:NodeShape ; sh:nodeKind sh:IRI .
        ex:S sh:targetNode ex:a ; sh:path ex:p ; {constraint} . ex:a ex:p -1 .""",
        format="turtle",
    )
    [result] = shacl.validate(graph, graph).results
    assert result.messages == {"de": german, "en": english}


def test_the_report_says_how_many_nodes_were_checked():
    graph = Graph().parse(
        data=f"""@prefix ex: <{EX}> . @prefix sh: <{SH}> .
        ex:S sh:targetNode ex:a , ex:b ; sh:nodeKind sh:IRI .
        ex:T sh:targetNode ex:a ; sh:nodeKind sh:IRI .""",
        format="turtle",
    )
    assert shacl.validate(graph, graph).checked == 3
    assert shacl.validate(graph, Graph()).checked == 0


@pytest.mark.parametrize(("data", "shapes", "what"), [(None, Graph(), "data"), (Graph(), 7, "shapes")])
def test_what_is_no_source_is_refused_with_a_sentence(data, shapes, what):
    with pytest.raises(shacl.CannotLook, match=f"`{what}` is .*Please give a graph of rdflib"):
        shacl.validate(data, shapes)


def component_table():
    """Write the table of components in the package's README."""
    yield "| component | clause | how the data is asked | claims |"
    yield "|---|---|---|---|"
    for component in COMPONENTS.values():
        claims = [
            path.stem
            for path in CLAIMS
            if re.search(rf"^# expect: {component.name} ", path.read_text(), re.M)
        ]
        if component.name == "Property":
            claims = ["property-shapes-are-validated-for-each-value"]
        name = getattr(component.rule, "__qualname__", "")
        how = "each value node once" if "each_value" in name else "each focus node" if name else "by SPARQL"
        yield f"| {component.name} | {component.clause} | {how} | {', '.join(claims)} |"
    claims = [path.stem for path in CLAIMS if path.stem.startswith("component-")]
    yield f"| components of one's own | 6 | by SPARQL | {', '.join(claims)} |"


def departure_table():
    """Write the table of departures in the package's README."""
    yield "| claim | pyshacl |"
    yield "|---|---|"
    for path in CLAIMS:
        if header(path, "pyshacl"):
            comment = re.match(r"((?:# (?!pyshacl:|expect:).*\n)+)", path.read_text())[1]
            yield f"| {path.stem} | {' '.join(line[2:] for line in comment.splitlines())} |"


@pytest.mark.parametrize(
    ("name", "table"), [("components", component_table), ("departures", departure_table)]
)
def test_the_readme_has_the_tables_that_the_code_has(name, table):
    assert f"<!-- {name} -->\n" + "\n".join(table()) in README.read_text()


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README.read_text(), re.MULTILINE | re.DOTALL)


def test_the_readme_shows_what_the_tool_does(run, tmp_path, monkeypatch, capsys):
    for name, content in zip(("rules.ttl", "offices.ttl"), blocks("turtle"), strict=True):
        (tmp_path / name).write_text(content)
    [session], [program], [output] = map(blocks, ("console", "python", "text"))
    command, _, shown = session.removeprefix("$ stadtgraph ").partition("\n")
    result = run(*command.split(), cwd=tmp_path)
    assert (result.stdout, result.returncode) == (shown, 1)
    monkeypatch.chdir(tmp_path)
    exec(program, {})
    assert capsys.readouterr().out == output


@pytest.mark.parametrize("path", MALFORMED, ids=lambda path: path.stem)
def test_malformed_shapes_are_refused_with_the_place(path):
    with pytest.raises(shacl.MalformedShapes) as refused:
        shacl.validate(Graph(), path)
    for line in header(path, "fault"):
        shape, reason = line.split(" | ")
        places = [fault for fault in refused.value.faults if reason in fault.sentence("en")]
        assert places, refused.value
        assert shape == "_" or places[0].shape == URIRef(term(shape, path)[1:-1])
        assert reason in str(refused.value)


def faults_of(path):
    with pytest.raises(shacl.MalformedShapes) as refused:
        shacl.validate(Graph(), path)
    return refused.value.faults


@pytest.mark.parametrize("path", MALFORMED, ids=lambda path: path.stem)
def test_a_fault_is_told_in_each_language_with_a_way_out(path):
    for fault in faults_of(path):
        german, english = (fault.sentence(lang) for lang in LANGUAGES)
        assert "Bitte " in german
        assert "Please" in english
        # What shapes are quoted with stands in both; all else is German.
        said = re.sub(r"„.*?“|\".*?\"|\w+:\w+", "", german)
        assert not re.search(r"\b(is|are|no|not|the|of|where|has|have|needs|Please|with)\b", said), german


def test_a_long_value_is_cut_in_the_sentence_about_it():
    shapes = Graph().parse(data=f"@prefix sh: <{SH}> . <{EX}S> sh:minLength '{'x' * 5000}' .")
    [fault] = faults_of(shapes)
    assert len(fault.sentence("de")) < 400 and "…" in fault.sentence("de")


def test_each_sentence_about_malformed_shapes_is_told_of_one():
    keys = {key for key in messages._texts() if key.startswith("malformed-")} - {"malformed-shapes"}
    assert keys == {f"malformed-{fault.key}" for path in MALFORMED for fault in faults_of(path)}


def test_all_faults_are_told_at_once(tmp_path):
    file = tmp_path / "shapes.ttl"
    file.write_text(
        "\n".join(
            (FOLDER / "malformed" / f"{name}.ttl").read_text() for name in ("misspelt-term", "broken-pattern")
        )
    )
    with pytest.raises(shacl.MalformedShapes) as refused:
        shacl.validate(Graph(), file)
    assert {str(fault.shape) for fault in refused.value.faults} == {EX + "P", EX + "S"}


# -- what goes in

CLAIM = FOLDER / "less-than.ttl"
CLAIM_AS_DOCUMENT = [shacl.Document("claim", CLAIM.read_bytes(), ox.RdfFormat.TURTLE)]


def rows_of(report):
    return Counter(found(report, True))


@pytest.mark.parametrize("form", ["ttl", "nt", "nq", "trig", "rdf", "jsonld", "ttl.gz", "nt.gz"])
def test_any_format_will_do(form, tmp_path):
    store = to_store(CLAIM)
    kind = ox.RdfFormat.from_extension(form.removesuffix(".gz"))
    content = ox.serialize(
        list(quads(store)) if kind.supports_datasets else [q.triple for q in store], format=kind
    )
    file = tmp_path / f"graph.{form}"
    file.write_bytes(gzip.compress(content) if form.endswith(".gz") else content)
    if form == "jsonld":
        json.loads(content)
    assert rows_of(shacl.validate(file, file)) == rows_of(shacl.validate(CLAIM, CLAIM))


def test_parameters_that_the_data_does_not_have_are_bound_as_written_too():
    shapes = FOLDER / "component-parameters-are-bound-as-written.ttl"
    assert rows_of(shacl.validate([], shapes)) == rows_of(shacl.validate(shapes, shapes))


def test_graphs_stores_and_paths_give_the_same():
    dataset = Dataset()
    dataset.graph(URIRef(EX + "g")).__iadd__(to_rdflib(CLAIM))
    sources = (CLAIM, str(CLAIM), [CLAIM], iter([CLAIM]), quads(CLAIM), CLAIM_AS_DOCUMENT, to_store(CLAIM))
    reports = [shacl.validate(each, CLAIM) for each in (*sources, to_rdflib(CLAIM), dataset)]
    reports += [shacl.validate(CLAIM, each) for each in (str(CLAIM), [CLAIM], to_store(CLAIM), dataset)]
    assert all(rows_of(report) == rows_of(reports[0]) for report in reports)


def test_shapes_that_change_are_read_again(tmp_path):
    shapes, graph = tmp_path / "shapes.ttl", Graph().parse(CLAIM)
    shapes.write_bytes(CLAIM.read_bytes())
    assert shacl.validate(CLAIM, shapes).results and shacl.validate(CLAIM, graph).results
    shapes.write_text(shapes.read_text().replace("sh:lessThan ", "sh:disjoint "))
    graph.remove((None, SH.lessThan, None))
    for changed in (shapes, graph):
        components = {result.component for result in shacl.validate(CLAIM, changed).results}
        assert components and SH.LessThanConstraintComponent not in components


def test_an_unknown_ending_is_refused(tmp_path):
    file = tmp_path / "graph.docx"
    file.touch()
    with pytest.raises(shacl.CannotLook, match=r"graph\.docx does not say in which form"):
        shacl.validate(file, CLAIM)


def test_rdf_xml_with_a_doctype_is_refused(tmp_path):
    file = tmp_path / "graph.rdf"
    file.write_text('<?xml version="1.0"?>\n<!-- x --><!DOCTYPE rdf:RDF [<!ENTITY a "b">]><rdf:RDF/>')
    with pytest.raises(shacl.CannotLook, match="DOCTYPE"):
        shacl.validate(file, CLAIM)


def test_blank_nodes_of_two_files_stay_apart(tmp_path):
    for name in "ab":
        (tmp_path / f"{name}.ttl").write_text(f"_:x <{EX}p> 1 . <{EX}{name}> <{EX}q> _:x .")
    shapes = tmp_path / "shapes.ttl"
    shapes.write_text(
        f"@prefix sh: <{SH}> . @prefix ex: <{EX}> .\n"
        "ex:S sh:targetObjectsOf ex:q ; sh:path [ sh:inversePath ex:q ] ; sh:maxCount 1 ."
    )
    assert shacl.validate([tmp_path / "a.ttl", tmp_path / "b.ttl"], shapes).conforms


def test_a_statement_in_two_named_graphs_is_one_statement():
    shapes, store = to_store(FOLDER / "sparql-gives-each-row-its-result.ttl"), ox.Store()
    for name in ("g", "h"):
        store.add(ox.Quad(*(ox.NamedNode(EX + each) for each in ("a", "p", "b")), ox.NamedNode(EX + name)))
    assert len(shacl.validate(store, shapes).results) == 1


# -- what comes out


def test_the_report_as_rdf_holds_each_result_and_its_path():
    report = shacl.validate(FOLDER / "path-inverse.ttl", FOLDER / "path-inverse.ttl")
    graph = report.graph()
    node = graph.value(None, RDF.type, SH.ValidationReport)
    assert graph.value(node, SH.conforms) == Literal(False)
    results = list(graph.objects(node, SH.result))
    assert len(results) == len(report.results) == 2
    for result in results:
        path = graph.value(result, SH.resultPath)
        assert list(graph.objects(path, SH.inversePath)) == [URIRef(EX + "p")]
        assert graph.value(result, SH.sourceShape) == URIRef(EX + "S")
        assert graph.value(result, SH.resultMessage)


def test_a_report_without_results_conforms():
    graph = shacl.validate(Graph(), CLAIM.with_name("closed.ttl")).graph()
    assert graph.value(graph.value(None, RDF.type, SH.ValidationReport), SH.conforms) == Literal(True)


def test_the_source_constraint_is_that_of_sparql():
    path = FOLDER / "sparql-constraint.ttl"
    assert {str(r.source_constraint) for r in shacl.validate(path, path).results} == {EX + "Q", EX + "R"}


def test_a_limit_keeps_the_true_count():
    report = shacl.validate(CLAIM, CLAIM, limit=1)
    assert len(report.results) == 2
    assert report.counts[URIRef(EX + "S"), SH.LessThanConstraintComponent] == 3
    assert not report.conforms


def test_nothing_is_logged_about_ill_typed_literals(caplog):
    path = FOLDER / "datatype-refuses-ill-typed-literals.ttl"
    with caplog.at_level(logging.DEBUG):
        shacl.validate(path, path).graph()
    assert not caplog.records


# -- queries for many focus nodes

FREE = {
    "SELECT $this WHERE { $this ex:p ?v . FILTER (?v > 3) }": True,
    "SELECT $this ?value WHERE { $this ex:p ?value . OPTIONAL { $this ex:q ?w } FILTER (!BOUND(?w)) }": True,
    "SELECT $this WHERE { $this ex:p ?v . FILTER NOT EXISTS { $this ex:q ?v } }": True,
    "SELECT DISTINCT $this WHERE { { $this ex:p ?v } UNION { $this ex:q ?v } }": True,
    "SELECT $this (COUNT(?v) AS ?value) WHERE { $this ex:p ?v } GROUP BY $this": True,
    "SELECT $this ?value WHERE { $this ex:p ?v . { SELECT $this ?value WHERE { $this ex:q ?value } } }": True,
    "SELECT $this WHERE { FILTER NOT EXISTS { $this ex:q ?v } }": False,
    "SELECT DISTINCT $this WHERE { ?x ex:p ?v . FILTER NOT EXISTS { $this ex:q ?v } }": False,
    "SELECT DISTINCT $this WHERE { ?x ex:p ?v . OPTIONAL { $this ex:q ?w } FILTER (!BOUND(?w)) }": False,
    "SELECT $this WHERE { ?x ex:p ?v . FILTER (?x = $this) }": False,
    "SELECT $this ?value WHERE { $this ex:p* ?value }": False,
    "SELECT $this ?value WHERE { $this ex:p? ?value }": False,
    "SELECT $this ?value WHERE { BIND (STR($this) AS ?value) $this ex:p ?v }": False,
    "SELECT $this ?value WHERE { $this ex:p ?value } LIMIT 1": False,
    "SELECT $this WHERE { { $this ex:p ?v } { FILTER (STRLEN(STR($this)) > 3) } }": False,
}


@pytest.fixture(scope="module")
def crowd():
    """300 nodes, some with ex:p, some with ex:q, of which a query may be asked at once."""
    store, node = ox.Store(), lambda name: ox.NamedNode(EX + name)
    for number in range(300):
        store.add(ox.Quad(node(f"n{number}"), node("t"), node("T")))
        for divisor, name in ((2, "p"), (3, "p"), (5, "q")):
            if number % divisor == 0:
                store.add(ox.Quad(node(f"n{number}"), node(name), ox.Literal(number % 7 + divisor)))
    return store


@pytest.mark.parametrize(("query", "free"), FREE.items())
def test_asking_at_once_finds_what_asking_one_by_one_finds(query, free, crowd, monkeypatch):
    shapes = Graph().parse(
        data=f"""
        @prefix sh: <{SH}> . @prefix ex: <{EX}> .
        ex:S a sh:NodeShape ; sh:targetSubjectsOf ex:t ; sh:sparql ex:Q .
        ex:Q sh:prefixes ex:O ; sh:select \"\"\"{query}\"\"\" .
        ex:O sh:declare [ sh:prefix "ex" ; sh:namespace "{EX}" ] ."""
    )
    [constraint] = [c for s in parse(Columns(quads(shapes))).shapes.values() for c in s.constraints]
    assert constraint.query.once == free
    fast = shacl.validate(crowd, shapes)
    monkeypatch.setattr("stadtgraph.shacl.sparql.FEW", 1000)
    slow = shacl.validate(crowd, shapes, threads=1)
    assert rows_of(fast) == rows_of(slow)
    assert len(crowd) > len(slow.results) > 0


def test_a_query_may_report_a_failure():
    shapes = Graph().parse(
        data=f"""
        @prefix sh: <{SH}> . @prefix ex: <{EX}> .
        ex:S a sh:NodeShape ; sh:targetNode ex:a ; sh:sparql ex:Q .
        ex:Q sh:select "SELECT $this (true AS ?failure) WHERE {{ }}" ."""
    )
    with pytest.raises(shacl.MalformedShapes, match="reports a failure at <http://example") as refused:
        shacl.validate(Graph(), shapes)
    assert [fault.shape for fault in refused.value.faults] == [URIRef(EX + "S")]


def test_the_current_shape_is_bound():
    shapes = Graph().parse(
        data=f"""
        @prefix sh: <{SH}> . @prefix ex: <{EX}> .
        ex:S a sh:NodeShape ; sh:targetNode ex:a ; sh:sparql ex:Q .
        ex:Q sh:select "SELECT $this ($currentShape AS ?value) WHERE {{ }}" ."""
    )
    assert [str(result.value) for result in shacl.validate(Graph(), shapes).results] == [EX + "S"]


def test_words_in_literals_comments_and_names_are_no_keywords():
    shapes = Graph().parse(
        data=f"""
        @prefix sh: <{SH}> . @prefix ex: <{EX}> .
        ex:S a sh:NodeShape ; sh:targetNode ex:a ; sh:sparql ex:Q .
        ex:Q sh:select \"\"\"PREFIX values: <{EX}> # MINUS and $PATH
            SELECT $this ?values WHERE {{ $this values:minus ?values FILTER (?values != "VALUES $PATH")
                FILTER (?values != '\\\\'SERVICE') }}\"\"\" ."""
    )
    data = Graph().parse(data=f"<{EX}a> <{EX}minus> 1 .")
    assert len(shacl.validate(data, shapes).results) == 1


def test_patterns_of_unicode_classes_match_all_texts_at_once():
    assert mismatches(r"^\p{Lu}", "", {"Äb", "äb", '"\n\\'}) == {"äb", '"\n\\'}
