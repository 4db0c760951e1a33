"""A query is read before it runs: what would leave the machine is found however it is written."""

import socket
from itertools import pairwise

import pyoxigraph
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stadtgraph.namespaces import prefixes
from stadtgraph.sparql import faults, guard
from stadtgraph.sparql.guard import TOKENS, tokens
from stadtgraph.sparql.refused import Refused

BASE = "https://stadt.example/"
GRAPHS = (BASE + "graph/organisations", BASE + "graph/events")
HERE = "http://127.0.0.1:9/"


def read(text, more=None):
    return guard.read(text, BASE, {**prefixes(BASE), **(more or {})}, GRAPHS)


def refusal(text):
    with pytest.raises(Refused) as found:
        read(text)
    return found.value


def fault(text):
    """What is said of a query that the store cannot read."""
    query = read(text)
    with pytest.raises(SyntaxError) as found:
        pyoxigraph.Store().query(query.text + faults.PADDING, base_iri=BASE, prefixes=prefixes(BASE))
    return faults.explain(query, str(found.value))


@given(st.text(max_size=200) | st.text("SERVICE<>\"'\\#{}?:@._ \n-a1", max_size=60))
def test_tokens_joined_again_give_the_text(text):
    found = list(tokens(text))
    assert "".join(token.text for token in found) == text
    assert all(one.start + len(one.text) == other.start for one, other in pairwise(found))


PIECES = st.sampled_from(
    [
        *(
            "SERVICE",
            "service",
            "SILENT",
            "FILTER(",
            "OPTIONAL",
            "a",
            "true",
            "1",
            "1.",
            "@en",
            "ASK",
            "e:x",
            ":x",
        ),
        *(
            "service:x",
            "trueSERVICE",
            "'a'SERVICE",
            "e:aSERVICE",
            "?vSERVICE",
            "_:b",
            "?s",
            "?s ?p ?o",
            "?a<?b",
        ),
        *(
            "{",
            "}",
            "(",
            ")",
            "<",
            ">",
            "<a",
            "<x>",
            "#",
            "#>",
            "\n",
            "'",
            '"',
            "'''",
            '"""',
            "\\u0053ERVICE",
        ),
        *(".", ";", ",", "=", "+", "^^", "|", "\t", "\u00a0", "UNION", "GRAPH ?g", "SELECT * {", f"<{HERE}>"),
    ]
)
ENDS = st.sampled_from(["}", "SERVICE:x#>\n{?x ?y ?z}}", f")SERVICE<{HERE}>{{?x ?y ?z}}}}", "SERVICE e:x{}}"])


@pytest.fixture(scope="module")
def store():
    graph = pyoxigraph.NamedNode(GRAPHS[0])
    thing = pyoxigraph.NamedNode(BASE + "id/x")
    found = pyoxigraph.Store()
    found.add(pyoxigraph.Quad(thing, thing, thing, graph))
    return found


@given(st.lists(PIECES, max_size=9), st.sampled_from(["", " "]), ENDS)
def test_no_query_in_which_the_store_sees_another_service_is_let_through(store, pieces, between, end):
    more = {"e": HERE, "": HERE, "service": HERE}
    text = "SELECT * { ?s ?p ?o . " + between.join(pieces) + end
    try:
        read(text, more)
    except Refused:
        return
    try:
        # Nobody listens there, so a query that asks there fails.
        list(store.query(text, base_iri=BASE, prefixes=more, use_default_graph_as_union=True))
    except SyntaxError:
        return
    except (RuntimeError, OSError) as error:
        assert "custom function" in str(error)


@given(st.lists(PIECES, max_size=9), st.sampled_from(["", " "]))
def test_what_the_store_can_read_is_refused_only_because_of_a_service_or_a_prefix(store, pieces, between):
    more = {"e": HERE, "": HERE, "service": HERE}
    text = "SELECT * { ?s ?p ?o . " + between.join(pieces) + "}"
    try:
        read(text, more)
    except Refused as refused:
        if refused.key not in ("query-service", "query-prefix-unknown"):
            with pytest.raises(SyntaxError):
                store.query(text, base_iri=BASE, prefixes=more)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * { SERVICE <http://x/> { ?s ?p ?o } }",
        "SELECT * { service silent <http://x/> { ?s ?p ?o } }",
        "SELECT * { SERVICE ?s { ?s ?p ?o } }",
        "SELECT * { S\\u0045RVICE <http://x/> { ?s ?p ?o } }",
        "SELECT * { \\U00000053ERVICE <http://x/> { ?s ?p ?o } }",
        "SELECT * { SERVICE# comment\n<http://x/> { ?s ?p ?o } }",
        "SELECT * { { SELECT * { OPTIONAL { SERVICE <http://x/> { ?s ?p ?o } } } } }",
        "SELECT * { ?s ?p ?o FILTER EXISTS { SERVICE <http://x/> { ?s ?p ?o } } }",
        "PREFIX : <http://x/> SELECT * { SERVICE:x{ ?s ?p ?o } }",
        "PREFIX : <http://x/> SELECT * { ?s ?p ?o FILTER(?s<?p)SERVICE:x#>\n{ ?s ?p ?o } }",
        "SELECT * { ?s ?p trueSERVICE<http://x/>{ ?s ?p ?o } }",
        "SELECT * { ?s ?p 'text'SERVICE<http://x/>{ ?s ?p ?o } }",
        "CONSTRUCT { ?s ?p ?o } { SERVICE <http://x/> { ?s ?p ?o } }",
    ],
)
def test_a_foreign_service_is_refused(text):
    assert refusal(text).key == "query-service"


@pytest.mark.parametrize(
    "text",
    [
        "SELECT ?service { ?service a schema:Service }",
        "SELECT * { ?s schema:service ?o . ?s ?p 'SERVICE <x> {' } # SERVICE <x>",
        'SELECT * { ?s ?p """a "SERVICE" <x> {""" . ?s ?q <http://x/SERVICE> }',
        "PREFIX service: <http://x/> SELECT * { ?s service:LOAD _:SERVICE }",
        "SELECT * { ?s ?p 'x'@service . FILTER(?s<?p && ?p>?o) }",
    ],
)
def test_the_word_service_alone_is_no_fault(text):
    read(text)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("LOAD <http://x/>", "LOAD"),
        ("insert data { <a> <b> <c> }", "insert"),
        ("PREFIX x: <http://x/> DELETE WHERE { ?s ?p ?o }", "DELETE"),
        ("DROP ALL", "DROP"),
        ("WITH <g> DELETE { ?s ?p ?o } WHERE { ?s ?p ?o }", "WITH"),
        ("CLEAR DEFAULT", "CLEAR"),
        ("COPY <a> TO <b>", "COPY"),
    ],
)
def test_what_would_change_data_is_refused_with_its_word(text, word):
    found = refusal(text)
    assert (found.key, found.piece) == ("query-is-update", word)


def test_only_graphs_that_there_are_can_be_asked():
    read(f"SELECT * FROM <{GRAPHS[0]}> FROM NAMED graph:events {{ ?s ?p ?o }}")
    read("BASE <https://stadt.example/graph/> SELECT * FROM <events> { ?s ?p ?o }")
    for graph in ("<http://127.0.0.1/x>", "<file:///etc/passwd>", "graph:event", "<graph/evnts>"):
        found = refusal(f"SELECT * FROM {graph} {{ ?s ?p ?o }}")
        assert found.key == "query-no-such-graph"
        assert GRAPHS[1] in found.sentence("en")


def test_code_points_are_resolved_where_the_store_does_not():
    assert read("SEL\\u0045CT ?\\u0061 { ?a schema:n\\u0061me 'b\\u0022' }").text == (
        "SELECT ?a { ?a schema:name 'b\\u0022' }"
    )


@pytest.mark.parametrize(
    ("text", "line", "column", "piece", "said"),
    [
        ("SELECT *\n{ ?s schem:name ?o }", 2, 6, "schem:name", "schema: (<https://schema.org/>)"),
        ("SELECT * {\n  ?s ?p “x” }", 2, 9, "“", "straight quotes"),
        ("SELECT * { ?s ?p 'x }", 1, 18, "'", "closing quote"),
        ("SELECT * { ?s ?p 'x\ny' }", 1, 18, "'", "closing quote"),
        ("SELECT * { ?s ?p <http://x y> }", 1, 18, "<", "%20"),
        ("PREFIX ex <http://x/> SELECT * { ?s ?p ?o }", 1, 8, "ex", "with a colon"),
        ("PREFIX ex: http://x/ SELECT * { ?s ?p ?o }", 1, 8, "ex:", "angle brackets"),
        ("PREFIX ex:y <http://x/> SELECT * { ?s ?p ?o }", 1, 8, "ex:y", "with a colon"),
        ("SELECT * { ?s ?p ?o } PREFIX", 1, 23, "PREFIX", "angle brackets"),
    ],
)
def test_what_tokens_show_is_told_with_its_place(text, line, column, piece, said):
    found = refusal(text)
    assert (found.line, found.column, found.piece) == (line, column, piece)
    assert said in found.sentence("en")
    assert str(line) in found.sentence("de")


@pytest.mark.parametrize(
    ("text", "line", "column", "piece", "said"),
    [
        ("SELECT * { ?s ?p ?o", 1, 10, "{", "add }"),
        ("SELECT * { ?s ?p (?o }", 1, 18, "(", "add )"),
        ("SELECT * { ?s ?p ?o . FILTER(?s = id:x }", 1, 29, "(", "add )"),
        ("SELECT * { ?s ?p [ a ?o . }", 1, 18, "[", "add ]"),
        ("SELECT * { { ?s ?p (?o } . }", 1, 20, "(", "add )"),
        ("SELECT * { ?s ?p ?o) }", 1, 20, ")", "opening bracket"),
        ("SELECT * { ?s ?p ?o } }", 1, 23, "}", "opening bracket"),
        ("SELCT * { ?s ?p ?o }", 1, 1, "SELCT", "SELECT"),
        ("SELECT * {\n ?s ?p ?o FILTR(?o) }", 2, 11, "FILTR", "FILTER"),
        ("SELECT * { ?s name ?o }", 1, 15, "name", "prefix"),
        ("SELECT * { ?äö ?p 'ü' . . }", 1, 25, ".", "full stop"),
        ("SELECT * { ?s ?p ?o } LIMIT", 1, 23, "LIMIT", "ends"),
        ("SELECT ?s (COUNT(*) AS ?n) { ?s ?p ?o }", 1, 39, "}", "GROUP BY"),
        ("SELECT * { ?s ?p ?o } GROUP BY ?s", 1, 32, "?s", "one by one"),
        ("SELECT * {\n ?s ?p }", 2, 2, "?s", "subject, predicate and object"),
        ("SELECT * { ?s a }", 1, 12, "?s", "subject, predicate and object"),
        ("SELECT * { ?s ?p . ?a ?b ?c }", 1, 12, "?s", "subject, predicate and object"),
        ("SELECT * { ?a ?b ?c . ?s ?p }", 1, 23, "?s", "subject, predicate and object"),
        ("SELECT * { ?s ?p ?o ?x ?y ?z }", 1, 21, "?x", "full stop is missing"),
        ("SELECT * { ?s ?p ?o FILTER(?o > ) }", 1, 33, ")", "shortly behind"),
        ("SELECT * { ?s ?p ?o FILTER contains(?o) }", 1, 28, "contains", "shortly behind"),
        ("SELECT * { ?s ?p ?o FILTER ?o > 3 }", 1, 28, "?o", "brackets around"),
        ("SELECT * { ?s ?p ?o FILTER LANG(?o) = 'de' }", 1, 28, "LANG", "brackets around"),
        ("SELECT * { ?s ?p ?o FILTER !BOUND(?o) }", 1, 28, "!", "brackets around"),
        ("SELECT ?s { ?s ?p ?o } GROUP BY ?s HAVING COUNT(?o) > 1", 1, 43, "COUNT", "brackets around"),
        ("SELECT * { ?s ?p ?o FILTER CONTAINS(STR(?o), 'x') ?a ?b }", 1, 51, "?a", "subject, predicate"),
        ("SELECT * { ?s ?p ?o ORDER BY ?o }", 1, 21, "ORDER", "closing brace"),
        ("SELECT * { ?s ?p ?o\nLIMIT 5 }", 2, 1, "LIMIT", "closing brace"),
        ("SELECT * { { SELECT ?s { ?s ?p ?o LIMIT 5 } } }", 1, 35, "LIMIT", "closing brace"),
        ("SELECT * { { SELECT ?s { ?s ?p ?o } LIMIT 5 } ?a ?b }", 1, 47, "?a", "subject, predicate"),
        ("SELECT ?s, ?o { ?s ?p ?o }", 1, 10, ",", "no comma"),
        ("SELECT DISTINCT ?s (CONCAT(?a, ?b) AS ?c), ?o { ?s ?p ?o }", 1, 42, ",", "no comma"),
        ("SELECT * { VALUES (?a ?b) { (1) } }", 1, 31, ")", "shortly behind"),
        ("SELECT ?s { ?s ?p ?o } LIMIT 10 ORDER BY ?s", 1, 33, "ORDER", "order of the parts"),
        ("SELECT ?s { ?s ?p ?o } ORDER ?s", 1, 30, "?s", "shortly behind"),
        ("SELECT ?s COUNT(?p) { ?s ?p ?o } GROUP BY ?s", 1, 11, "COUNT", "AS ?number"),
        ("SELECT ?s (COUNT(?p)) { ?s ?p ?o } GROUP BY ?s", 1, 11, "(", "AS ?number"),
        ("SELECT * { { SELECT (MAX(?o)) { ?s ?p ?o } } }", 1, 21, "(", "AS ?number"),
        ("SELECT ?a ?a { ?a ?b ?c } LIMIT 1", 1, 11, "?a", "only once"),
        ("SELECT (?a AS ?a) { ?a ?b ?c }", 1, 15, "?a", "new name after AS"),
    ],
)
def test_what_the_store_cannot_read_is_told_with_its_place(text, line, column, piece, said):
    found = fault(text)
    assert (found.line, found.column, found.piece) == (line, column, piece)
    assert said in found.sentence("en")


def test_a_namespace_that_is_nearly_ours_is_hinted_at():
    hints = read("SELECT * { ?s a <http://schema.org/Event> }").hints
    assert hints == (("query-near-miss", {"right": "https://schema.org/", "wrong": "http://schema.org/"}),)
    wrong = fault("PREFIX s: <http://schema.org/> SELECT * { ?s a s:Event . . }").sentence("en")
    assert "The namespace is https://schema.org/ here" in wrong


@pytest.mark.parametrize(
    ("cut", "right"),
    [
        ("https://schema.org", "https://schema.org/"),
        ("http://schema.org", "https://schema.org/"),
        ("http://www.w3.org/2004/02/skos/core", "http://www.w3.org/2004/02/skos/core#"),
        (f"{BASE}id", f"{BASE}id/"),
    ],
)
def test_a_namespace_whose_last_character_is_missing_is_hinted_at(cut, right):
    hints = read(f"PREFIX x: <{cut}> SELECT * {{ ?s a x:Event }}").hints
    assert hints == (("query-near-miss", {"right": right, "wrong": cut}),)
    assert not read(f"PREFIX x: <{right}> SELECT * {{ ?s a x:Event ; x:url <{cut}> }}").hints


def test_an_unknown_prefix_is_guessed_by_what_occurs():
    def occurs(iri):
        return iri == "http://purl.org/dc/terms/title"

    with pytest.raises(Refused) as found:
        guard.read("SELECT * { ?s dct:title ?o }", BASE, prefixes(BASE), GRAPHS, occurs)
    assert "dcterms:" in found.value.sentence("en")


def test_a_query_that_asks_for_the_moment_or_for_chance_does_not_last():
    assert read("SELECT * { ?s ?p ?now }").lasts
    for function in ("NOW()", "rand()", "UUID()"):
        assert not read(f"SELECT ({function} AS ?x) {{}}").lasts


def test_reading_takes_time_in_proportion_to_length():
    # Each of these would take for ever if the pattern went back over what it has read.
    for text in (
        "'" * 100_001,
        '"""' + '"' * 100_000,
        "<" * 100_000,
        "a." * 10_000,
        "\\" * 100_000,
        "_:" + "." * 100_000,
    ):
        assert sum(1 for _ in TOKENS.finditer(text))


def test_nobody_listens_where_the_tests_ask():
    with socket.socket() as client:
        assert client.connect_ex(("127.0.0.1", 9))
