"""A web server of files leads everybody to the document that suits: nginx and Apache as Debian ships them.

The programs come from PATH or from ``.cache/debian/root``, where ``make tools`` unpacks Debian's packages
nginx, apache2-bin and raptor2-utils without installing anything.
"""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
from rdflib import Graph

ROOT = Path(__file__).parent.parent
DEBIAN = ROOT / ".cache" / "debian" / "root"
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


def tool(name):
    """Return a program and the environment in which it finds its libraries."""
    libraries = next(DEBIAN.glob("usr/lib/*-linux-gnu"), DEBIAN)
    for folder in ("usr/sbin", "usr/bin"):
        if (DEBIAN / folder / name).is_file():
            return str(DEBIAN / folder / name), {**os.environ, "LD_LIBRARY_PATH": str(libraries)}
    found = shutil.which(name)
    if not found:
        pytest.skip(f"{name} is missing: make tools")
    return found, dict(os.environ)


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


@pytest.fixture(scope="module")
def retired(run, tmp_path_factory):
    """A town after a reform: one office became part of another, one is gone; with pages for people."""
    source = ROOT / "tests" / "cities" / "reform"
    root = Path(shutil.copytree(source, tmp_path_factory.mktemp("reform") / "city"))
    result = run("publish", "--root", root)
    assert result.returncode == 0, result.stderr
    public = Path(shutil.copytree((root / "public").resolve(), root / "site"))
    for name in ("index", "index.en", "404", "doc/bauhof", "doc/bauhof.en", "doc/eichamt", "doc/eichamt.en"):
        (public / f"{name}.html").write_text(f"<!doctype html><title>{name}</title>{' ' * 600}")
    return public


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


@pytest.fixture(scope="module", params=["nginx", "apache2"])
def port(request, retired, tmp_path_factory):
    work, port = tmp_path_factory.mktemp(request.param), free_port()
    program, environment = tool(request.param)
    if request.param == "nginx":
        (work / "nginx.conf").write_text(NGINX.format(work=work, port=port, public=retired, user=USER))
        command = [program, "-p", str(work), "-c", str(work / "nginx.conf"), "-e", str(work / "error.log")]
    else:
        folder = Path(program).parent.parent / "lib" / "apache2" / "modules"
        lines = [f"LoadModule {name}_module {folder}/mod_{name}.so" for name in MODULES]
        text = APACHE.format(work=work, port=port, public=retired, modules="\n".join(lines))
        (work / "httpd.conf").write_text(f"{text}\nTypesConfig /dev/null\n")
        command = [program, "-X", "-f", str(work / "httpd.conf")]
    process = served(command, environment, port, work)
    yield port
    process.send_signal(signal.SIGTERM)
    process.wait(10)
    process.stderr.close()


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
    for language, suffix in (("en-GB,en;q=0.9,de;q=0.8", "en.html"), ("de", "html"), ("fr", "html")):
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
    assert b"<title>404</title>" in ask(port, "/id/nirgends")[2]


def test_a_retired_thing_leads_to_its_successor(port, retired):
    status, headers, _ = ask(port, "/id/hochbauamt", "text/turtle")
    assert (status, headers["location"].endswith("/id/bauhof")) == (301, True)
    graph = Graph().parse(retired / "doc" / "hochbauamt.ttl")
    assert any("deprecated" in predicate and str(value) == "true" for _, predicate, value in graph)


def test_a_retired_thing_without_successor_is_gone_and_says_so(port):
    status, _, content = ask(port, "/id/eichamt", "text/html")
    assert status == 410
    status, _, content = ask(port, "/doc/eichamt.ttl")
    assert status == 200
    assert b"deprecated" in content


def test_large_documents_come_packed(port):
    status, headers, _ = ask(port, "/download/latest/dataset.ttl", **{"Accept-Encoding": "gzip"})
    assert status == 200
    assert headers["content-encoding"] == "gzip"
    assert "Accept-Encoding" in headers["vary"]


def test_rapper_reads_every_document_to_the_same_triples(retired):
    program, environment = tool("rapper")

    def read(path, form):
        command = [program, "-q", "-i", form, "-o", "ntriples", str(path), "https://example.org/"]
        result = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert (result.returncode, result.stderr) == (0, ""), path
        return sorted(set(result.stdout.splitlines()))

    seen = 0
    for path in sorted(retired.rglob("*.ttl")):
        turtle = read(path, "turtle")
        for suffix, form in (("nt", "ntriples"), ("rdf", "rdfxml")):
            if path.with_suffix(f".{suffix}").is_file() and path.stem != "shapes":
                assert read(path.with_suffix(f".{suffix}"), form) == turtle
                seen += 1
    assert seen > 10
    assert read(retired / "download" / "latest" / "dataset.nq", "nquads")
