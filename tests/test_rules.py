"""A web server of files leads everybody to the document that suits: nginx and Apache as Debian ships them."""

import http.client
import os
import re
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin

import pytest
from rdflib import OWL, Graph

ROOT = Path(__file__).parent.parent
NGINX = """
{user}
daemon off;
worker_processes 1;
pid {work}/nginx.pid;
error_log {work}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {work}/a; proxy_temp_path {work}/b; fastcgi_temp_path {work}/c;
    uwsgi_temp_path {work}/d; scgi_temp_path {work}/e;
    include {public}/server/nginx-maps.conf;
    server {{
        listen 127.0.0.1:{port};
        root {public};
        include {public}/server/nginx-site.conf;
    }}
}}
"""
APACHE = """
ServerRoot {work}
ServerName localhost
Listen 127.0.0.1:{port}
PidFile {work}/httpd.pid
ErrorLog {work}/error.log
{modules}
DocumentRoot {public}
<Directory {public}>
    AllowOverride FileInfo Indexes AuthConfig
    Options FollowSymLinks
    Require all granted
</Directory>
"""
# A server that root starts hands itself to somebody who may not read the folders of the tests.
USER = "user root;" if os.geteuid() == 0 else ""
MODULES = ("mpm_event", "authz_core", "dir", "mime", "headers", "rewrite", "alias", "env")
MODULES += ("filter", "deflate")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(port, path, accept="*/*", language="", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    sent = {"Accept": accept, "Accept-Language": language, **headers}
    connection.request("GET", path, headers={name: value for name, value in sent.items() if value})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    found = {name.lower(): answer.getheader(name) for name, _ in answer.getheaders()}
    return answer.status, found, content


def served(command, environment, port, work):
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)
    for _ in range(100):
        try:
            ask(port, "/robots.txt")
            break
        except OSError:
            assert process.poll() is None, process.stderr.read().decode()
            time.sleep(0.05)
    return process


@contextmanager
def serving(name, tool, public, work):
    """Start a web server over a published tree with the rules that lie in it; yield its port."""
    port = free_port()
    program, environment = tool(name)
    if name == "nginx":
        (work / "nginx.conf").write_text(NGINX.format(work=work, port=port, public=public, user=USER))
        command = [program, "-p", str(work), "-c", str(work / "nginx.conf"), "-e", str(work / "error.log")]
    else:
        folder = Path(program).parent.parent / "lib" / "apache2" / "modules"
        lines = [f"LoadModule {module}_module {folder}/mod_{module}.so" for module in MODULES]
        text = APACHE.format(work=work, port=port, public=public, modules="\n".join(lines))
        (work / "httpd.conf").write_text(f"{text}\nTypesConfig /dev/null\n")
        command = [program, "-X", "-f", str(work / "httpd.conf")]
    process = served(command, environment, port, work)
    yield port
    process.send_signal(signal.SIGTERM)
    process.wait(10)
    process.stderr.close()


@pytest.fixture(scope="module", params=["nginx", "apache2"])
def port(request, tool, retired, tmp_path_factory):
    """The town after the reform."""
    with serving(request.param, tool, retired.resolve(), tmp_path_factory.mktemp(request.param)) as port:
        yield port


@pytest.fixture(scope="module", params=["nginx", "apache2"])
def real(request, tool, public, tmp_path_factory):
    """The real city."""
    with serving(request.param, tool, public.resolve(), tmp_path_factory.mktemp(request.param)) as port:
        yield port


@pytest.mark.parametrize(
    ("accept", "suffix"),
    [
        ("", "html"),
        ("*/*", "html"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "html"),
        ("text/turtle", "ttl"),
        ("Text/Turtle;charset=utf-8", "ttl"),
        ("text/turtle, application/ld+json;q=0.5", "ttl"),
        ("application/ld+json;q=0.5, text/turtle", "ttl"),
        ("text/html;q=0.3, text/turtle", "ttl"),
        ("text/turtle, text/html", "ttl"),
        ("application/ld+json", "jsonld"),
        ("application/json", "jsonld"),
        ("application/n-triples", "nt"),
        ("application/rdf+xml, application/xml; q=0.7, */*;q=0.1", "rdf"),
        ("text/html;q=0, text/turtle;q=0.5", "ttl"),
        ("image/png", "html"),
    ],
)
def test_a_thing_leads_to_the_document_asked_for(port, accept, suffix):
    status, headers, _ = ask(port, "/id/bauhof", accept)
    assert (status, headers["location"].removeprefix(f"http://127.0.0.1:{port}")) == (
        303,
        f"/doc/bauhof.{suffix}",
    )
    assert "Accept" in headers["vary"].replace("Accept-Language", "").replace("Accept-Encoding", "")


def test_people_get_the_page_in_their_language(port):
    asked = {
        "en-GB,en;q=0.9,de;q=0.8": "en.html",
        "fr-FR, fr;q=0.9, en;q=0.8, de;q=0.7": "en.html",
        "de": "html",
        "fr;q=0.9,de-AT;q=0.8,en;q=0.7": "html",
        "fr": "html",
        "den, *;q=0.5": "html",
    }
    for language, suffix in asked.items():
        status, headers, _ = ask(port, "/id/bauhof", "text/html", language)
        assert (status, headers["location"].endswith(f"/doc/bauhof.{suffix}")) == (303, True)
        assert "Accept-Language" in headers["vary"]


@pytest.mark.parametrize(
    ("path", "media"),
    [
        ("/doc/bauhof.ttl", "text/turtle"),
        ("/doc/bauhof.jsonld", "application/ld+json"),
        ("/doc/bauhof.nt", "application/n-triples"),
        ("/doc/bauhof.rdf", "application/rdf+xml"),
        ("/download/latest/dataset.trig", "application/trig"),
        ("/download/latest/dataset.nq", "application/n-quads"),
        ("/tables/org-OrganizationalUnit.csv", "text/csv"),
        ("/tables/places.geojson", "application/geo+json"),
        ("/feed.atom", "application/atom+xml"),
        ("/sitemap.xml", "application/xml"),
        ("/.well-known/void", "text/turtle"),
        ("/", "text/html"),
    ],
)
def test_every_document_has_its_media_type_and_is_open_to_all(port, path, media):
    status, headers, _ = ask(port, path)
    assert status == 200
    assert headers["content-type"].partition(";")[0] == media
    assert headers["access-control-allow-origin"] == "*"
    if media.startswith("text/"):
        assert headers["content-type"].lower().endswith("charset=utf-8")


def test_names_without_suffix_lead_on_too(port):
    for path, accept, target in (
        ("/doc/bauhof", "text/turtle", "/doc/bauhof.ttl"),
        ("/graph/organisations", "application/ld+json", "/graph/organisations.jsonld"),
        ("/def", "text/turtle", "/def.ttl"),
        ("/shapes", "application/ld+json", "/shapes.jsonld"),
        ("/dataset", "text/turtle", "/catalog.ttl"),
        ("/catalog", "application/rdf+xml", "/catalog.rdf"),
        ("/profile", "application/n-triples", "/profile.ttl"),
        ("/queries", "text/html", "/queries.html"),
        ("/def", "text/html", "/def.html"),
        ("/shapes/Organisation", "text/html", "/shapes/Organisation.html"),
        ("/shapes/Organisation", "text/turtle", "/shapes.ttl"),
        ("/vocabulary/skos-prefLabel", "text/html", "/vocabulary/skos-prefLabel.html"),
    ):
        status, headers, _ = ask(port, path, accept)
        assert (path, status, headers.get("location", "").endswith(target)) == (path, 303, True)


def test_what_is_not_there_is_not_found_and_says_so(port):
    for path in (
        "/id/nirgends",
        "/doc/nirgends.ttl",
        "/nirgends",
        "/id/",
        "/.htaccess",
        "/id/../../etc/passwd",
    ):
        status, _, content = ask(port, path)
        assert status in (400, 403, 404), path
        assert b"RewriteEngine" not in content
    assert b'<html lang="de"' in ask(port, "/id/nirgends")[2]


def test_the_page_for_what_is_missing_finds_its_style_under_every_address(port):
    page = ask(port, "/doc/tief/unten/nirgends")[2].decode()
    style = re.search(r'rel="stylesheet" href="([^"]+)"', page)
    assert style and ask(port, urljoin("/doc/tief/unten/nirgends", style[1]))[0] == 200


def test_a_retired_thing_leads_to_its_successor(port, retired):
    for accept in ("text/turtle", "text/html"):
        status, headers, _ = ask(port, "/id/hochbauamt", accept)
        assert (status, headers["location"].endswith("/id/bauhof")) == (301, True)
    graph = Graph().parse(retired / "doc" / "hochbauamt.ttl")
    assert any("deprecated" in predicate and str(value) == "true" for _, predicate, value in graph)


def test_a_retired_thing_without_successor_is_gone_and_says_so(port):
    """In a page, in each language, or in data: whatever was asked for."""
    for accept, language, words in (
        ("text/html", "de", "Dieser Eintrag ist zurückgezogen."),
        ("text/html", "en", "This entry is withdrawn."),
        ("text/turtle", "de", "owl:deprecated true"),
        ("application/ld+json", "de", "owl:deprecated"),
    ):
        status, _, content = ask(port, "/id/eichamt", accept, language)
        assert (status, words in content.decode()) == (410, True), accept
    for suffix in ("ttl", "nt", "rdf", "jsonld"):
        status, _, content = ask(port, f"/doc/eichamt.{suffix}")
        assert (status, b"deprecated" in content) == (200, True)


def test_the_page_of_a_retired_thing_says_so_and_names_what_took_its_place(port):
    for suffix, words in (("html", "zurückgezogen"), ("en.html", "withdrawn")):
        status, _, content = ask(port, f"/doc/hochbauamt.{suffix}")
        page = content.decode()
        assert (status, words in page) == (200, True)
        assert f'href="../doc/bauhof.{suffix}"' in page or f'href="bauhof.{suffix}"' in page


@pytest.mark.parametrize(
    ("accept", "language", "suffix", "media"),
    [
        ("text/html", "de", "html", "text/html"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "en", "en.html", "text/html"),
        ("text/turtle", "", "ttl", "text/turtle"),
        ("application/ld+json", "", "jsonld", "application/ld+json"),
        ("application/rdf+xml", "", "rdf", "application/rdf+xml"),
        ("application/n-triples", "", "nt", "application/n-triples"),
    ],
)
def test_every_sort_of_thing_of_the_real_city_is_served_in_each_form(
    real, public, accept, language, suffix, media
):
    for path, document in (
        ("/id/gleichstellungsbuero", "doc/gleichstellungsbuero"),
        ("/id/projekte-und-koordinierungsstellen-2023", "doc/projekte-und-koordinierungsstellen-2023"),
        ("/source/dortbunt-2023-city-1200-13", "source/dortbunt-2023-city-1200-13"),
        ("/graph/events/2023", "graph/events/2023"),
        ("/def", "def"),
    ):
        status, headers, _ = ask(real, path, accept, language)
        target = headers["location"].removeprefix(f"http://127.0.0.1:{real}")
        assert (status, target) == (303, f"/{document}.{suffix}")
        status, headers, content = ask(real, target)
        assert (status, headers["content-type"].partition(";")[0]) == (200, media)
        assert content == (public / f"{document}.{suffix}").read_bytes()


def test_the_address_of_a_version_leads_to_its_dump_and_people_to_the_downloads(real, public):
    """The record and the feed name versions by it."""
    (version,) = (path.name for path in (public / "download").iterdir() if path.name != "latest")
    for accept, language, target in (
        ("text/turtle", "", f"/download/{version}/dataset.ttl"),
        ("application/ld+json", "", f"/download/{version}/dataset.jsonld"),
        ("text/html", "de", "/data.html"),
        ("text/html", "en", "/data.en.html"),
    ):
        status, headers, _ = ask(real, f"/download/{version}/", accept, language)
        assert (status, headers["location"].endswith(target)) == (303, True), accept
        assert ask(real, target)[0] == 200


@pytest.mark.parametrize("whole", ["def", "shapes"])
def test_the_version_address_of_terms_and_rules_leads_to_what_it_holds(real, public, whole):
    (address,) = Graph().parse(public / f"{whole}.ttl").objects(None, OWL.versionIRI)
    path = "/" + "/".join(str(address).rsplit("/", 2)[-2:])
    for accept, language, ending in (
        ("text/turtle", "", "ttl"),
        ("application/ld+json", "", "jsonld"),
        ("application/rdf+xml", "", "rdf"),
        ("text/html", "de", "html"),
        ("text/html", "en", "en.html"),
    ):
        status, headers, _ = ask(real, path, accept, language)
        assert (status, headers["location"].endswith(f"{path}.{ending}")) == (303, True), accept
        status, _, content = ask(real, f"{path}.{ending}")
        assert status == 200
        assert content == (public / f"{path[1:]}.{ending}").read_bytes()


def test_everything_that_the_download_page_names_can_be_fetched(real, public):
    """Whole, as it lies in the tree, with a type: nothing on offer is refused."""
    page = (public / "data.html").read_text()
    names = {name for name in re.findall(r'href="([^"#:]+)"', page) if not name.endswith(".html")}
    assert len(names) > 100
    for name in sorted(names):
        status, headers, content = ask(real, f"/{name}")
        assert (name, status) == (name, 200)
        assert headers.get("content-type"), name
        assert len(content) == (public / name).stat().st_size


def test_large_documents_come_packed(port):
    status, headers, _ = ask(port, "/download/latest/dataset.ttl", **{"Accept-Encoding": "gzip"})
    assert status == 200
    assert headers["content-encoding"] == "gzip"
    assert "Accept-Encoding" in headers["vary"]
