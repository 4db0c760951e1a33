"""A question can be put to a SPARQL endpoint instead; when the endpoint fails, the asker learns how."""

import http.server
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import pytest

from stadtgraph.fetch import ask_endpoint
from stadtgraph.queries import BadQuery

SERVER = """
import sys
import uvicorn
from rdflib import Dataset
from rdflib_endpoint import SparqlEndpoint
data = Dataset(default_union=True)
data.parse(sys.argv[1])
uvicorn.run(SparqlEndpoint(graph=data), host="127.0.0.1", port=int(sys.argv[2]), log_level="error")
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def endpoint(public):
    """A SPARQL endpoint by other people, in a process of its own, over our published TriG dump."""
    port = free_port()
    dump = public / "download" / "latest" / "dataset.trig"
    process = subprocess.Popen([sys.executable, "-c", SERVER, dump, str(port)], stderr=subprocess.PIPE)
    url = f"http://127.0.0.1:{port}/"
    for _ in range(200):
        try:
            urllib.request.urlopen(url + "?query=ASK%7B%7D", timeout=5).read()
            break
        except (urllib.error.URLError, ConnectionError):
            assert process.poll() is None, process.stderr.read().decode()
            time.sleep(0.1)
    yield url
    process.terminate()
    process.wait()
    process.stderr.close()


@pytest.mark.parametrize(
    "slug",
    [
        "einheiten-des-amtes",
        "gehoert-zum-amt",
        "organigramm",
        "themen-der-veranstaltung",
        "wer-stellt-sich-vor",
    ],
)
def test_a_foreign_endpoint_answers_as_the_folder_does(run, endpoint, slug):
    """SELECT, ASK, a graph, a path, GRAPH: the same question, another engine, the same answer."""
    here = run("query", slug, "--format", "csv")
    there = run("query", slug, "--format", "csv", "--endpoint", endpoint)
    assert there.returncode == 0, there.stderr
    assert len(here.stdout.splitlines()) > 1 or here.stdout == "true\n"
    assert there.stdout.splitlines() == here.stdout.splitlines()


def test_parameters_reach_the_endpoint(run, endpoint, tmp_path):
    file = tmp_path / "label.rq"
    file.write_text(
        "#+ parameter: lang | Sprache | language\n"
        "PREFIX skos: <http://www.w3.org/2004/02/skos/core#>\n"
        "SELECT ?label\n"
        "WHERE {\n"
        '    VALUES ?lang { "de" }\n'
        "    <https://w3id.org/dortbunt/id/gleichstellungsbuero> skos:prefLabel ?label .\n"
        "    FILTER (LANG(?label) = ?lang)\n"
        "}\n"
    )
    result = run("query", file, "--param", "lang=en", "--format", "csv", "--endpoint", endpoint)
    assert result.stdout.splitlines() == ["label", "Equal Opportunities Office"]


def test_a_refused_query_is_explained(run, endpoint, tmp_path):
    (tmp_path / "bad.rq").write_text("SELECT ?x WHERE { ?x }")
    result = run("query", tmp_path / "bad.rq", "--endpoint", endpoint)
    assert result.returncode == 2
    assert "refused the query" in result.stderr


@pytest.mark.parametrize(("lang", "said"), [("de", "Zeile 1, Spalte"), ("en", "Line 1, column")])
@pytest.mark.parametrize("form", ["SELECT *", "CONSTRUCT WHERE"])
def test_the_reason_of_our_own_server_is_told_as_its_sentence(run, server, tmp_path, form, lang, said):
    (tmp_path / "bad.rq").write_text(f"{form} {{ ?ü ?p }}")
    url = f"http://127.0.0.1:{server.port}/sparql"
    result = run("query", tmp_path / "bad.rq", "--endpoint", url, "--lang", lang)
    assert result.returncode == 2
    assert f": {said}" in result.stderr
    assert not any(raw in result.stderr for raw in ("\\", "b'", "detail", "Response", ".."))


@pytest.mark.parametrize("code", [400, 403, 500, 503])
@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            b"Virtuoso 37000 Error: sq\xc3\xb6\n\nat line 3\nSPARQL query:\nlong",
            "Error: sq\u00f6 at line 3. Please",
        ),
        (b'{"detail": "Zu viel."}', "Zu viel. Please"),
        (b"<!DOCTYPE html><p>x", "refused the query: "),
        (b'{"detail": "cut', "refused the query: "),
        (b"", "refused the query: "),
        (b"\xff\xfe", "refused the query: "),
    ],
)
def test_what_an_endpoint_says_is_told_in_words(code, body, said):
    class Refusing(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(code)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Refusing) as server:
        answering = threading.Thread(target=server.handle_request)
        answering.start()
        with pytest.raises(BadQuery) as found:
            ask_endpoint(f"http://127.0.0.1:{server.server_port}/", "ASK {}", 20)
        answering.join()
    sentence = found.value.sentence("en")
    assert said in sentence
    assert not any(raw in sentence for raw in ("b'", "\\x", "<", "{", "SPARQL query"))


def test_a_silent_address_is_explained(run):
    result = run("query", "wer-stellt-sich-vor", "--endpoint", f"http://127.0.0.1:{free_port()}/")
    assert result.returncode == 2
    assert "cannot be reached" in result.stderr


def test_an_endpoint_that_hangs_is_given_up(run):
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        result = run("query", "wer-stellt-sich-vor", "--endpoint", url, "--timeout", "1")
    assert result.returncode == 2
    assert "did not answer within 1 s" in result.stderr


def test_a_page_that_is_no_endpoint_is_explained(run):
    class Page(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<!DOCTYPE html><title>Hello</title>")

        def log_message(self, *arguments):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.handle_request).start()
        result = run("query", "wer-stellt-sich-vor", "--endpoint", f"http://127.0.0.1:{server.server_port}/")
    assert result.returncode == 2
    assert "not with a SPARQL result" in result.stderr


@pytest.mark.parametrize("url", ["", "no-url", "ftp://127.0.0.1/", "http://"])
def test_an_address_that_is_none_is_explained(run, url):
    result = run("query", "wer-stellt-sich-vor", "--endpoint", url)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    assert url in result.stderr
