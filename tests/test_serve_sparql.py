"""The SPARQL 1.1 Protocol on a real server, rule by rule, and with the clients that people use."""

import csv
import gzip
import io
import json
import re
import socket
import warnings
from urllib.parse import quote, urlencode
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import QueryResultsFormat
from rdflib import Graph, Namespace, URIRef
from rdflib.namespace import DCTERMS, RDF, VOID
from rdflib.plugins.stores.sparqlstore import SPARQLStore
from SPARQLWrapper import (
    CSV,
    GET,
    JSON,
    JSONLD,
    N3,
    POST,
    POSTDIRECTLY,
    RDFXML,
    TSV,
    TURTLE,
    URLENCODED,
    XML,
    SPARQLWrapper,
)
from SPARQLWrapper import (
    RDF as RDF_FORM,
)

from stadtgraph.namespaces import prefixes
from stadtgraph.queries import ask, read
from stadtgraph.serve import parameters
from stadtgraph.sparql.refused import Refused

SD = Namespace("http://www.w3.org/ns/sparql-service-description#")
SH = Namespace("http://www.w3.org/ns/shacl#")
ROWS = "SELECT ?s WHERE { ?s a org:OrganizationalUnit } ORDER BY ?s"
TRUTH = "ASK { ?s ?p ?o }"
GRAPH = "CONSTRUCT WHERE { ?s a org:OrganizationalUnit }"
FORM = "application/x-www-form-urlencoded"
DIRECT = "application/sparql-query"
JSON_TYPE = "application/sparql-results+json"
HEAD = f"POST /sparql HTTP/1.1\r\nHost: x\r\nContent-Type: {DIRECT}\r\n"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def get(server, query, headers=None, method="GET", **given):
    path = "/sparql?" + urlencode([("query", query), *given.items()])
    return server.ask(path, method, **(headers or {}))


def post(server, body, kind, path="/sparql", **headers):
    return server.ask(
        path, "POST", body.encode() if isinstance(body, str) else body, Content_Type=kind, **headers
    )


def rows(answer):
    assert answer.status == 200, answer.text
    found = json.loads(answer.content)["results"]["bindings"]
    return [{name: term["value"] for name, term in row.items()} for row in found]


@pytest.fixture(scope="module")
def units(server):
    found = rows(get(server, ROWS))
    assert found
    return found


def test_a_query_can_be_sent_in_three_ways(server, units):
    assert rows(post(server, urlencode({"query": ROWS}), FORM)) == units
    assert rows(post(server, urlencode({"query": ROWS}), FORM + "; charset=UTF-8")) == units
    assert rows(post(server, ROWS, DIRECT)) == units
    assert rows(post(server, ROWS, DIRECT + ';charset="utf-8"')) == units


@pytest.mark.parametrize(
    ("query", "accept", "format", "media"),
    [
        (ROWS, "", "", JSON_TYPE),
        (ROWS, "*/*", "", JSON_TYPE),
        (ROWS, JSON_TYPE, "", JSON_TYPE),
        (ROWS, "application/json", "", JSON_TYPE),
        (ROWS, "application/sparql-results+xml", "", "application/sparql-results+xml"),
        (ROWS, "application/xml", "", "application/sparql-results+xml"),
        (ROWS, "text/csv", "", "text/csv; charset=utf-8"),
        (ROWS, "text/tab-separated-values", "", "text/tab-separated-values; charset=utf-8"),
        (ROWS, f"{JSON_TYPE};q=0.1, text/csv", "", "text/csv; charset=utf-8"),
        (ROWS, f"text/csv;q=0, {JSON_TYPE};q=0.2", "", JSON_TYPE),
        (ROWS, "text/turtle, */*;q=0.1", "", JSON_TYPE),
        (ROWS, "text/html", "json", JSON_TYPE),
        (ROWS, "", "csv", "text/csv; charset=utf-8"),
        (ROWS, "", "text/csv", "text/csv; charset=utf-8"),
        (ROWS, "", "application/sparql-results+xml", "application/sparql-results+xml"),
        (TRUTH, "", "", JSON_TYPE),
        (TRUTH, "text/csv, application/sparql-results+xml;q=0.1", "", "application/sparql-results+xml"),
        (GRAPH, "", "", "text/turtle; charset=utf-8"),
        (GRAPH, "application/ld+json", "", "application/ld+json"),
        (GRAPH, "application/json", "", "application/ld+json"),
        (GRAPH, "application/n-triples", "", "application/n-triples"),
        (GRAPH, "application/rdf+xml", "", "application/rdf+xml"),
        (GRAPH, f"{JSON_TYPE}, application/rdf+xml;q=0.5", "", "application/rdf+xml"),
        (GRAPH, "", "json", "application/ld+json"),
        (GRAPH, "", "xml", "application/rdf+xml"),
        (GRAPH, "", "ttl", "text/turtle; charset=utf-8"),
        (GRAPH, "", "application/ld+json,application/x-json+ld", "application/ld+json"),
        (GRAPH, "*/*", "text/n3", "text/turtle; charset=utf-8"),
        (GRAPH, "", "docx, JSON-LD", "application/ld+json"),
        (GRAPH, "application/n-triples", "docx", "application/n-triples"),
        (GRAPH, "application/rdf+xml", "tsv", "application/rdf+xml"),
        (ROWS, "", "application/json", JSON_TYPE),
        ("DESCRIBE <https://stadt.example/id/x>", "", "nt", "application/n-triples"),
    ],
)
def test_answers_come_in_the_form_asked_for(server, query, accept, format, media):
    answer = get(
        server, query, {"Accept": accept} if accept else {}, **({"format": format} if format else {})
    )
    assert (answer.status, answer.headers["content-type"]) == (200, media)
    assert "Accept" in answer.headers["vary"]


@pytest.mark.parametrize(
    ("query", "accept", "format", "status"),
    [
        (ROWS, "text/turtle", "", 406),
        (ROWS, "image/png", "", 406),
        (ROWS, f"{JSON_TYPE};q=0", "ttl", 406),
        (TRUTH, "text/csv", "", 406),
        (TRUTH, "", "csv", 406),
        (GRAPH, "text/csv", "", 406),
        (GRAPH, "", "tsv", 406),
        (ROWS, "", "docx", 400),
        (ROWS, "*/*", "docx", 400),
        (ROWS, "image/png", "docx", 400),
    ],
)
def test_a_form_that_there_is_not_is_refused_with_those_that_there_are(server, query, accept, format, status):
    answer = get(
        server, query, {"Accept": accept} if accept else {}, **({"format": format} if format else {})
    )
    assert answer.status == status
    assert "text/turtle" in answer.text or JSON_TYPE in answer.text or "turtle" in answer.text


@pytest.mark.parametrize("accept", ["image/png", "text/turtle"])
def test_a_table_is_not_offered_in_the_forms_of_a_graph(server, accept):
    told = get(server, ROWS, {"Accept": accept}).text
    assert all(form in told for form in (JSON_TYPE, "sparql-results+xml", "text/csv", "tab-separated"))
    assert "turtle" not in told
    assert "n-triples" in get(server, GRAPH, {"Accept": "image/png"}).text


def test_all_forms_tell_the_same(server, units):
    iris = [row["s"] for row in units]
    table = list(csv.reader(io.StringIO(get(server, ROWS, format="csv").text)))
    assert table == [["s"], *([iri] for iri in iris)]
    assert get(server, ROWS, format="tsv").text.split("\n")[1:-1] == [f"<{iri}>" for iri in iris]
    assert re.findall(r"<uri>([^<]*)</uri>", get(server, ROWS, format="xml").text) == iris
    graphs = [
        Graph().parse(data=get(server, GRAPH, format=form).content, format=name)
        for form, name in [("ttl", "turtle"), ("nt", "nt"), ("rdf", "xml"), ("jsonld", "json-ld")]
    ]
    assert [set(graph) for graph in graphs] == [set(graphs[0])] * 4
    assert {str(one) for one in graphs[0].subjects()} == set(iris)


def test_a_carriage_return_in_a_text_survives_every_form(server):
    text = "eins\r\nzwei\rdrei"
    query = r'{ BIND("eins\r\nzwei\rdrei" AS ?o) BIND(<x:s> AS ?s) }'
    xml = ElementTree.fromstring(get(server, f"SELECT ?o {query}", format="xml").content)
    assert [one.text for one in xml.iter() if one.tag.endswith("literal")] == [text]
    for form, name in [("rdf", "xml"), ("ttl", "turtle"), ("nt", "nt"), ("jsonld", "json-ld")]:
        content = get(server, f"CONSTRUCT {{ ?s <x:p> ?o }} {query}", format=form).content
        assert [str(one) for one in Graph().parse(data=content, format=name).objects()] == [text]


def test_long_answers_are_packed_for_those_who_take_that(server, real):
    everything = "SELECT * WHERE { ?s ?p ?o } ORDER BY ?s ?p ?o"
    for one, query, whole in [(server, everything + " LIMIT 50", True), (real, everything, False)]:
        plain, packed = get(one, query), get(one, query, {"Accept-Encoding": "gzip, deflate"})
        assert packed.headers["content-encoding"] == "gzip"
        assert "content-encoding" not in plain.headers
        assert gzip.decompress(packed.content) == plain.content
        assert len(packed.content) < len(plain.content) / 3
        assert {plain.headers["vary"], packed.headers["vary"]} == {"Accept, Accept-Encoding"}
        assert ("etag" in plain.headers) == whole
        if whole:
            assert plain.headers["etag"] != packed.headers["etag"]
            for answer, coding in [(plain, "identity"), (packed, "gzip")]:
                known = {"Accept-Encoding": coding, "If-None-Match": answer.headers["etag"]}
                assert get(one, query, known).status == 304
    assert "content-encoding" not in get(server, everything, {"Accept-Encoding": "gzip;q=0"}).headers
    assert "content-encoding" not in get(server, TRUTH, {"Accept-Encoding": "gzip"}).headers


def test_head_tells_what_get_would_send(server):
    whole, head = get(server, ROWS), get(server, ROWS, method="HEAD")
    assert (head.status, head.content) == (200, b"")
    for name in ("content-type", "content-length", "etag", "vary", "cache-control"):
        assert head.headers[name] == whole.headers[name]


def test_options_and_foreign_pages(server):
    answer = server.ask(
        "/sparql", "OPTIONS", Origin="https://elsewhere.example", Access_Control_Request_Method="POST"
    )
    assert answer.status == 204
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS, POST"
    assert "Content-Type" in answer.headers["access-control-allow-headers"]
    for one in (answer, get(server, ROWS), get(server, "nonsense")):
        assert one.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    ("path", "method", "body", "kind", "status"),
    [
        ("/sparql?query=", "GET", None, "", 400),
        ("/sparql?query=%20%0A", "GET", None, "", 400),
        ("/sparql?query=%23nothing", "GET", None, "", 400),
        ("/sparql?query=ASK%7B%7D&query=ASK%7B%7D", "GET", None, "", 400),
        ("/sparql?default-graph-uri=http://x/", "GET", None, "", 400),
        ("/sparql?query=ASK%7B%7D&update=CLEAR%20ALL", "GET", None, "", 400),
        ("/sparql?query=%FF", "GET", None, "", 400),
        ("/sparql?query=ASK%7B%7D&" + "a=1&" * 2000, "GET", None, "", 400),
        ("/sparql?query=" + "x" * 40_000, "GET", None, "", 414),
        ("/sparql", "POST", "", FORM, 400),
        ("/sparql", "POST", "update=CLEAR%20ALL", FORM, 400),
        ("/sparql", "POST", "query=ASK%7B%7D&query=ASK%7B%7D", FORM, 400),
        ("/sparql?query=ASK%7B%7D", "POST", "ASK {}", DIRECT, 400),
        ("/sparql", "POST", b"ASK { ?s ?p '\xff' }", DIRECT, 400),
        ("/sparql", "POST", b"query=\xff", FORM, 400),
        ("/sparql", "POST", "", DIRECT, 400),
        ("/sparql", "POST", "CLEAR ALL", "application/sparql-update", 415),
        ("/sparql", "POST", "ASK {}", "text/plain", 415),
        ("/sparql", "POST", "ASK {}", "", 415),
        ("/sparql", "POST", "ASK {}", DIRECT + ";charset=latin-1", 415),
        ("/sparql", "POST", "x", "multipart/form-data; boundary=x", 415),
        ("/sparql", "PUT", "ASK {}", DIRECT, 405),
        ("/sparql", "DELETE", None, "", 405),
        ("/sparql", "PATCH", "x", FORM, 405),
    ],
)
def test_what_the_protocol_does_not_allow_is_refused(server, path, method, body, kind, status):
    body = body.encode() if isinstance(body, str) else body
    answer = server.ask(path, method, body, **({"Content_Type": kind} if kind else {}))
    assert answer.status == status, answer.text
    assert answer.text.strip()
    if status == 405:
        assert sorted(answer.headers["allow"].split(", ")) == ["GET", "HEAD", "OPTIONS", "POST"]


def test_ten_megabytes_are_refused_before_they_are_read(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as client:
        client.sendall(HEAD.encode() + b"Content-Length: 10485760\r\n\r\n")
        assert client.recv(65536).startswith(b"HTTP/1.1 413 ")


def test_ten_megabytes_without_a_length_are_refused_too(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as client:
        client.sendall(HEAD.encode() + b"Transfer-Encoding: chunked\r\n\r\n")
        chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
        for _ in range(17):
            client.sendall(chunk)
        assert client.recv(65536).startswith(b"HTTP/1.1 413 ")


def test_the_default_graph_is_the_union_and_graph_works(server):
    every = "SELECT ?g (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g ORDER BY ?g"
    graphs = {row["g"]: int(row["n"]) for row in rows(get(server, every))}
    assert len(graphs) > 1
    union = int(rows(get(server, "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"))[0]["n"])
    assert max(graphs.values()) < union <= sum(graphs.values())


def test_a_dataset_is_named_by_the_request_or_by_the_query(server):
    each = "SELECT ?g (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g ORDER BY ?g"
    count = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
    first, second = rows(get(server, each))[:2]
    one = get(server, count, **{"default-graph-uri": first["g"]})
    assert rows(one)[0]["n"] == first["n"]
    assert (
        rows(get(server, f"SELECT (COUNT(*) AS ?n) FROM <{first['g']}> {{ ?s ?p ?o }}"))[0]["n"] == first["n"]
    )
    both = f"/sparql?{urlencode({'query': count})}&" + "&".join(
        f"default-graph-uri={quote(graph['g'])}" for graph in (first, second)
    )
    assert int(rows(server.ask(both))[0]["n"]) > max(int(first["n"]), int(second["n"]))
    assert rows(get(server, each, **{"named-graph-uri": second["g"]})) == [second]
    assert rows(get(server, count, **{"named-graph-uri": second["g"]}))[0]["n"] == "0"
    # The request goes before the query (section 2.1.4).
    named = f"SELECT (COUNT(*) AS ?n) FROM <{second['g']}> {{ ?s ?p ?o }}"
    assert rows(get(server, named, **{"default-graph-uri": first["g"]}))[0]["n"] == first["n"]
    direct = post(server, count, DIRECT, "/sparql?" + urlencode({"default-graph-uri": first["g"]}))
    assert rows(direct)[0]["n"] == first["n"]


def test_addresses_are_relative_to_the_city_and_prefixes_are_known(server, units):
    iri = units[0]["s"]
    base = iri.rpartition("id/")[0]
    assert rows(get(server, f"SELECT (<id/{iri.rpartition('/')[2]}> AS ?s) {{}}")) == [{"s": iri}]
    for name, space in prefixes(base).items():
        assert rows(get(server, f"SELECT ({name}:x AS ?s) {{}}")) == [{"s": space + "x"}]
    assert rows(get(server, "PREFIX org: <http://own.example/> SELECT (org:x AS ?s) {}"))[0]["s"].startswith(
        "http://own"
    )


def test_small_answers_are_remembered_and_not_sent_twice(server):
    query = f"{ROWS} LIMIT 7"
    first = get(server, query)
    assert first.headers["cache-control"] == "no-cache"
    assert int(first.headers["content-length"]) == len(first.content)
    again = get(server, query, {"If_None_Match": first.headers["etag"]})
    assert (again.status, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert get(server, query, {"If_None_Match": '"other", W/' + first.headers["etag"]}).status == 304
    assert get(server, query, {"If_None_Match": '"other"'}).status == 200
    assert get(server, query, format="csv").headers["etag"] != first.headers["etag"]


def test_what_changes_with_each_asking_is_not_kept(server):
    asked = [get(server, "SELECT (RAND() AS ?x) {}") for _ in range(2)]
    assert asked[0].content != asked[1].content
    assert asked[0].headers["cache-control"] == "no-store"


EIGHT = "{ 1 2 3 4 5 6 7 8 }"
LARGE = f"SELECT * {{ VALUES ?a {EIGHT} VALUES ?b {EIGHT} VALUES ?c {EIGHT} ?s ?p ?o }}"


def test_large_answers_stream_and_are_whole(server):
    answer = get(server, LARGE)
    assert "content-length" not in answer.headers
    count = rows(get(server, f"SELECT (COUNT(*) AS ?n) {{ {LARGE} }}"))[0]["n"]
    assert len(rows(answer)) == int(count)
    assert len(answer.content) > 256 << 10


def test_an_old_client_gets_large_answers_with_their_length(server):
    # Without chunks only a length tells a whole answer from half of one.
    request = f"GET /sparql?{urlencode({'query': LARGE, 'format': 'csv'})} HTTP/1.0\r\nHost: x\r\n\r\n"
    head, _, content = server.raw(request.encode()).partition(b"\r\n\r\n")
    assert int(re.search(rb"content-length: (\d+)", head)[1]) == len(content) > 256 << 10


@pytest.mark.parametrize(("lang", "said"), [("de", "ist unbekannt"), ("en", "is unknown")])
def test_errors_are_for_people_in_their_language(server, lang, said):
    query = "SELECT *\n{ ?s skoss:prefLabel ?o }"
    plain = get(server, query, {"Accept_Language": lang, "Accept": f"{JSON_TYPE}, text/plain;q=0.1"})
    assert plain.status == 400
    assert plain.headers["content-type"].startswith("text/plain")
    assert said in plain.text
    assert "skos:" in plain.text
    problem = get(
        server, query, {"Accept_Language": lang, "Accept": f"{JSON_TYPE}, application/problem+json"}
    )
    told = json.loads(problem.content)
    assert (told["status"], told["line"], told["column"], told["piece"]) == (400, 2, 6, "skoss:prefLabel")
    assert said in told["detail"]
    assert "Accept-Language" in problem.headers["vary"]


def test_a_program_that_takes_results_in_json_alone_gets_the_reason_in_json(server):
    answer = get(server, "SELECT * {", {"Accept": "application/sparql-results+json"})
    assert (answer.status, answer.headers["content-type"]) == (400, "application/problem+json")
    assert json.loads(answer.content)["line"] == 1
    answer = get(server, "SELECT * {", {"Accept": "application/sparql-results+xml"})
    assert (answer.status, answer.headers["content-type"]) == (400, "text/plain; charset=utf-8")


def test_errors_show_a_query_without_running_it_in_the_browser(server):
    query = "SELECT * { ?s <script>alert(1)</script> 'x"
    answer = get(server, query, {"Accept": BROWSER}, lang="<script>")
    assert answer.status == 400
    assert b"<script>alert" not in answer.content
    answer = get(server, "SELECT * { ?s <script>:x ?o }", {"Accept": f"{JSON_TYPE}, text/html;q=0.5"})
    assert b"<script>:x" not in answer.content


def test_nothing_that_is_asked_becomes_a_header(server):
    for parameter in ({"format": "x\r\nSet-Cookie: a=b"}, {"lang": "de\r\nSet-Cookie: a=b"}):
        answer = get(server, "SELECT * { ?s a <http://schema.org/\r\nSet-Cookie:a=b> }", **parameter)
        assert "set-cookie" not in answer.headers
    assert b'"<>' not in server.ask("/sparql", Host='x\u00e4"<>').content


def test_a_namespace_that_is_nearly_ours_is_hinted_at(server):
    answer = get(server, "SELECT * { ?s a <http://schema.org/Event> }")
    assert rows(answer) == []
    assert 'title="The namespace is https://schema.org/ here' in answer.headers["link"]


ABSENT = {
    "de": "org:OrganisationalUnit kommt im Graphen nicht vor; am nächsten kommt org:OrganizationalUnit.",
    "en": "org:OrganisationalUnit does not occur in the graph; nearest is org:OrganizationalUnit.",
}


@pytest.mark.parametrize("lang", ["de", "en"])
@pytest.mark.parametrize(
    "query",
    [
        "SELECT ?s { ?s a org:OrganisationalUnit }",
        "PREFIX o: <http://www.w3.org/ns/org#> ASK { ?s a o:OrganisationalUnit }",
        "CONSTRUCT WHERE { ?s a <http://www.w3.org/ns/org#OrganisationalUnit> }",
    ],
)
def test_the_page_of_an_empty_answer_names_what_does_not_occur(server, query, lang):
    page = get(server, query, {"Accept": BROWSER, "Accept_Language": lang})
    assert page.status == 200
    assert ABSENT[lang] in page.text
    answer = get(server, query, {"Accept_Language": lang}, format="json")
    assert b"occur" not in answer.content and "OrganisationalUnit" not in str(answer.headers)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT ?s { ?s a org:OrganizationalUnit OPTIONAL { ?s org:unitof ?u } }",
        "SELECT ?s { ?s a org:OrganizationalUnit ; skos:prefLabel 'none'^^xsd:token }",
        "SELECT ?s { GRAPH graph:none { ?s a org:OrganizationalUnit } }",
        "SELECT ?s { ?s a org:OrganizationalUnit FILTER (xsd:decimal('x') = 1) }",
    ],
)
def test_what_has_an_answer_or_occurs_is_not_named(server, query):
    page = get(server, query, {"Accept": BROWSER, "Accept_Language": "en"})
    assert page.status == 200
    assert "does not occur" not in page.text


def test_names_that_do_not_occur_break_nothing(server):
    for name in ("<http://www.w3.org/ns/org#\\u003E>", "org:a\\,b", "<http://www.w3.org/ns/org#'}|x>"):
        page = get(server, f"SELECT ?s {{ ?s a {name} }}", {"Accept": BROWSER, "Accept_Language": "en"})
        assert page.status in (200, 400)
    many = " ".join(f"org:n{number}" for number in range(400))
    page = get(server, f"SELECT ?s {{ VALUES ?s {{ {many} }} ?s a ?c }}", {"Accept": BROWSER}, lang="en")
    assert (page.status, page.text.count("does not occur")) == (200, 20)


@pytest.mark.parametrize("form", ["ttl", "jsonld", "nt", "rdf"])
def test_a_program_that_asks_nothing_is_told_what_it_can_ask(server, form):
    names = {"ttl": "turtle", "jsonld": "json-ld", "nt": "nt", "rdf": "xml"}
    answer = server.ask(f"/sparql?format={form}")
    found = Graph().parse(data=answer.content, format=names[form])
    service = URIRef(f"http://127.0.0.1:{server.port}/sparql")
    assert (service, RDF.type, SD.Service) in found
    assert found.value(service, SD.endpoint) == service
    assert found.value(service, SD.supportedLanguage) == SD.SPARQL11Query
    assert set(found.objects(service, SD.feature)) == {SD.UnionDefaultGraph}
    formats = {str(one).rpartition("/")[2] for one in found.objects(service, SD.resultFormat)}
    assert {"SPARQL_Results_JSON", "SPARQL_Results_CSV", "Turtle", "RDF_XML", "JSON-LD"} <= formats
    dataset = found.value(service, SD.defaultDataset)
    named = {
        str(found.value(one, SD.name)): int(found.value(found.value(one, SD.graph), VOID.triples))
        for one in found.objects(dataset, SD.namedGraph)
    }
    count = "SELECT ?g (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g"
    assert named == {row["g"]: int(row["n"]) for row in rows(get(server, count))}
    union = int(rows(get(server, "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"))[0]["n"])
    assert int(found.value(found.value(dataset, SD.defaultGraph), VOID.triples)) == union
    declared = {str(found.value(one, SH.prefix)) for one in found.objects(service, SH.declare)}
    assert {"schema", "org", "id", "def"} <= declared
    assert (service, DCTERMS.title, None) in found


def test_the_service_description_names_the_endpoint_below_its_prefix(start, small):
    below = start(small, "--prefix", "/stadt/graph")
    for path in ("/stadt/graph/sparql", "/sparql"):
        found = Graph().parse(data=below.ask(path, Accept="text/turtle").content)
        address = URIRef(f"http://127.0.0.1:{below.port}/stadt/graph/sparql")
        assert set(found.objects(None, SD.endpoint)) == {address}


def test_the_service_description_is_negotiated_and_kept(server):
    plain = server.ask("/sparql")
    assert plain.headers["content-type"].startswith("text/turtle")
    assert (
        server.ask("/sparql", Accept="application/rdf+xml").headers["content-type"] == "application/rdf+xml"
    )
    assert server.ask("/sparql", Accept="text/csv").status == 406
    assert server.ask("/sparql", If_None_Match=plain.headers["etag"]).status == 304


@pytest.fixture(scope="module")
def real(start, public):
    return start(public)


def endpoint(server):
    return f"http://127.0.0.1:{server.port}/sparql"


def test_documented_questions_give_the_rows_of_the_command_line(real, site, root):
    asked = 0
    for path in sorted((root / "queries").glob("*.rq")):
        question = read(path)
        if question.only_documented:
            continue
        here = ask(site.store, question.text, site.base)
        if isinstance(here, list):
            answer = get(real, question.text, format="nt")
            assert set(answer.text.splitlines()) == {f"{triple} ." for triple in here}, path.stem
        else:
            answer = get(real, question.text, format="json")
            assert answer.content == here.serialize(format=QueryResultsFormat.JSON), path.stem
        asked += 1
    assert asked > 20


def test_sparqlwrapper_asks_in_all_its_ways(real):
    client = SPARQLWrapper(endpoint(real))
    query = "SELECT ?name { ?s a org:OrganizationalUnit ; skos:prefLabel ?name } ORDER BY ?name LIMIT 5"
    found = []
    for method, way in [(GET, URLENCODED), (POST, URLENCODED), (POST, POSTDIRECTLY)]:
        client.setMethod(method)
        client.setRequestMethod(way)
        client.setQuery(query)
        client.setReturnFormat(JSON)
        found.append([row["name"]["value"] for row in client.queryAndConvert()["results"]["bindings"]])
    assert len(found[0]) == 5
    assert found[0] == found[1] == found[2]
    client.setReturnFormat(CSV)
    assert client.queryAndConvert().decode().splitlines()[1:] == found[0]
    client.setQuery("CONSTRUCT WHERE { ?s a org:OrganizationalUnit }")
    for form in (TURTLE, XML):
        client.setReturnFormat(form)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # what SPARQLWrapper makes of it
            graph = client.queryAndConvert()
        assert len(graph if isinstance(graph, Graph) else Graph().parse(data=graph)) > 3
    client.setQuery("ASK { ?s a org:OrganizationalUnit }")
    client.setReturnFormat(JSON)
    assert client.queryAndConvert()["boolean"] is True


@pytest.mark.parametrize("way", [(GET, URLENCODED), (POST, URLENCODED), (POST, POSTDIRECTLY)])
def test_sparqlwrapper_gets_what_it_asks_for_in_each_of_its_forms(server, way):
    client = SPARQLWrapper(endpoint(server))
    client.setMethod(way[0])
    client.setRequestMethod(way[1])
    results = "application/sparql-results+"
    expected = {
        ROWS: {
            JSON: results + "json",
            XML: results + "xml",
            CSV: "text/csv",
            TSV: "text/tab-separated-values",
        },
        TRUTH: {JSON: results + "json", XML: results + "xml"},
        GRAPH: {
            **dict.fromkeys((TURTLE, N3), "text/turtle"),
            **dict.fromkeys((XML, RDF_FORM, RDFXML), "application/rdf+xml"),
            JSONLD: "application/ld+json",
        },
    }
    for query, forms in expected.items():
        client.setQuery(query)
        for form, media in forms.items():
            client.setReturnFormat(form)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)  # it sends */* where it knows no media type
                found = client.query().info()["content-type"]
            assert found.partition(";")[0] == media, (query, form)


def test_rdflib_reads_it_as_its_store(real):
    for method in ("GET", "POST", "POST_FORM"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            graph = Graph(SPARQLStore(endpoint(real), method=method))
        org = Namespace("http://www.w3.org/ns/org#")
        found = set(graph.subjects(RDF.type, org.OrganizationalUnit))
        assert found
        one = next(iter(found))
        assert (one, RDF.type, org.OrganizationalUnit) in graph
        assert len(
            list(graph.query("SELECT ?s { ?s a org:OrganizationalUnit }", initNs={"org": org}))
        ) == len(found)


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_any_parameters_are_read_or_refused(text, more):
    try:
        given = parameters.read(text, more)
        parameters.question(given, "*/*")
    except Refused as refused:
        assert refused.status in (400, 406)
        for lang in ("de", "en"):
            assert refused.sentence(lang)


@given(st.lists(st.tuples(st.text(max_size=8), st.text(max_size=20)), max_size=8))
def test_parameters_come_as_they_were_sent(pairs):
    try:
        sent = urlencode(pairs).encode()
    except UnicodeEncodeError:
        return
    found = parameters.read(sent)
    assert [(name, value) for name, values in found.items() for value in values] == sorted(
        pairs, key=lambda pair: list(found).index(pair[0])
    )


@given(st.text(max_size=60), st.binary(max_size=60))
def test_any_post_is_read_or_refused(kind, body):
    try:
        parameters.of_post(kind, b"", body)
    except Refused as refused:
        assert refused.status in (400, 415)
