"""Linked data on a real server: things lead to documents, documents come in the form that suits."""

import gzip
import hashlib
import re
import shutil
import socket
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import brotli
import pytest
from rdflib import Graph

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
JSONLD = "application/ld+json"
# Accept, Accept-Language, the form that is sent; None where nothing suits.
TABLE = [
    ("", "", "html"),
    ("*/*", "", "html"),
    ("*/*", "en", "en.html"),
    (BROWSER, "", "html"),
    (BROWSER, "en-GB,en;q=0.9,de;q=0.8", "en.html"),
    (BROWSER, "de-DE,de;q=0.9,en;q=0.8", "html"),
    (BROWSER, "fr", "html"),
    ("text/html", "en;q=0.2, de;q=0.1", "en.html"),
    ("application/xhtml+xml", "", "html"),
    ("text/turtle", "", "ttl"),
    ("Text/Turtle", "", "ttl"),
    ("text/turtle;charset=utf-8", "", "ttl"),
    ("text/turtle; q=0.1", "", "ttl"),
    ("application/x-turtle", "", "ttl"),
    ("text/n3", "", "ttl"),
    ("application/ld+json", "", "jsonld"),
    ("application/json", "", "jsonld"),
    ('application/ld+json;profile="http://www.w3.org/ns/json-ld#compacted"', "", "jsonld"),
    ('application/ld+json;profile="http://www.w3.org/ns/json-ld#expanded"', "", "jsonld"),
    ('application/ld+json;profile="a,b", text/turtle;q=0.9', "", "jsonld"),
    ("application/n-triples", "", "nt"),
    ("text/plain", "", "nt"),
    ("application/rdf+xml", "", "rdf"),
    ("application/xml", "", "rdf"),
    ("text/xml", "", "rdf"),
    ("application/rdf+xml, application/xml;q=0.7, */*;q=0.1", "", "rdf"),
    ("text/turtle, application/ld+json;q=0.5", "", "ttl"),
    ("application/ld+json;q=0.5, text/turtle", "", "ttl"),
    ("text/html;q=0.3, text/turtle", "", "ttl"),
    ("text/turtle;q=0.3, text/html;q=0.4", "", "html"),
    ("text/turtle, text/html", "", "ttl"),
    ("text/html, text/turtle", "", "html"),
    ("*/*, text/turtle", "", "ttl"),
    ("text/*, application/ld+json;q=0.9", "", "html"),
    ("text/*;q=0.4, application/*", "", "jsonld"),
    ("application/*", "", "jsonld"),
    ("text/html;q=0, */*", "", "ttl"),
    ("text/html;q=0, text/turtle;q=0, */*;q=0.5", "", "jsonld"),
    ("text/*;q=0, */*", "", "jsonld"),
    ("text/turtle;version=2;q=0, text/turtle", "", "ttl"),
    ("application/json, text/plain, */*", "", "jsonld"),
    ("image/png, text/turtle;q=0.1", "", "ttl"),
    ("garbage", "", None),
    (",,;;,text/turtle", "", "ttl"),
    ("text/turtle;q=much", "", "ttl"),
    ('"', "", "html"),
    ("image/png", "", None),
    ("text/turtle;q=0", "", None),
    ("*/*;q=0", "", None),
    ("application/pdf, image/*;q=0.5", "", None),
]


@pytest.mark.parametrize(("accept", "language", "suffix"), TABLE)
def test_a_thing_leads_to_the_form_that_suits_and_its_document_is_sent_in_it(
    server, accept, language, suffix
):
    headers = {key: value for key, value in (("Accept", accept), ("Accept_Language", language)) if value}
    thing, document = server.ask("/id/bauhof", **headers), server.ask("/doc/bauhof", **headers)
    if suffix is None:
        assert (thing.status, document.status) == (406, 406)
        assert "text/turtle" in document.text and "ttl" in document.headers["link"]
        return
    assert (thing.status, thing.content) == (303, b"")
    assert urljoin("/id/bauhof", thing.headers["location"]) == f"/doc/bauhof.{suffix}"
    assert document.status == 200
    assert urljoin("/doc/bauhof", document.headers["content-location"]) == f"/doc/bauhof.{suffix}"
    assert document.content == server.ask(f"/doc/bauhof.{suffix}").content
    for answer in (thing, document):
        assert {"Accept", "Accept-Language"} <= set(answer.headers["vary"].split(", "))


def test_several_lines_of_one_header_are_one_list(server):
    answer = server.ask("/id/bauhof", Accept=["text/html;q=0.1", "text/turtle"])
    assert answer.headers["location"].endswith("bauhof.ttl")


@pytest.mark.parametrize(
    ("path", "media"),
    [
        ("/doc/bauhof.html", "text/html; charset=utf-8"),
        ("/doc/bauhof.en.html", "text/html; charset=utf-8"),
        ("/doc/bauhof.ttl", "text/turtle; charset=utf-8"),
        ("/doc/bauhof.jsonld", "application/ld+json"),
        ("/doc/bauhof.nt", "application/n-triples"),
        ("/doc/bauhof.rdf", "application/rdf+xml"),
        ("/def.ttl", "text/turtle; charset=utf-8"),
        ("/.well-known/void", "text/turtle; charset=utf-8"),
        ("/download/latest/dataset.trig", "application/trig"),
        ("/download/latest/dataset.nq", "application/n-quads"),
        ("/tables/org-OrganizationalUnit.csv", "text/csv; charset=utf-8"),
        ("/feed.atom", "application/atom+xml"),
        ("/sitemap.xml", "application/xml"),
        ("/robots.txt", "text/plain; charset=utf-8"),
        ("/queries/aemter.rq", "application/sparql-query"),
        ("/favicon.ico", "image/vnd.microsoft.icon"),
        ("/", "text/html; charset=utf-8"),
    ],
)
def test_a_suffix_fixes_the_form_whatever_is_asked_for(server, path, media):
    answer = server.ask(path, Accept="*/*" if path.endswith(("/", "void")) else "image/png")
    assert (answer.status, answer.headers["content-type"]) == (200, media)
    assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    ("path", "forms"),
    [
        ("/def", {"html", "ttl", "jsonld", "nt", "rdf"}),
        ("/shapes", {"html", "ttl", "jsonld", "nt", "rdf"}),
        ("/shapes/Organisation-prefLabel", {"html", "ttl", "jsonld", "nt", "rdf"}),
        ("/def/1.0.0", {"html", "ttl", "jsonld", "nt", "rdf"}),
        ("/shapes/1.0.0", {"html", "ttl", "jsonld", "nt", "rdf"}),
        ("/vocabulary/skos-prefLabel", {"html"}),
        ("/graph/organisations", {"html", "ttl", "jsonld", "nt", "rdf"}),
        ("/dataset", {"html", "ttl", "jsonld", "nt", "rdf"}),
        ("/.well-known/void", {"ttl", "jsonld", "nt", "rdf"}),
        ("/profile", {"ttl", "jsonld"}),
        ("/", {"html", "ttl", "jsonld", "nt", "rdf"}),
    ],
)
def test_everything_that_has_an_iri_is_negotiated(server, path, forms):
    asked = {"html": "text/html", "ttl": "text/turtle", "jsonld": JSONLD, "nt": "application/n-triples"}
    asked["rdf"] = "application/rdf+xml"
    for suffix, media in asked.items():
        answer = server.ask(path, Accept=media)
        assert answer.status == (200 if suffix in forms else 406), media
        if suffix in forms:
            assert answer.headers["content-type"].startswith(media)


def test_the_data_of_a_rule_are_those_of_all_rules(server):
    answer = server.ask("/shapes/Organisation", Accept="text/turtle")
    assert answer.content == server.ask("/shapes.ttl").content
    assert answer.headers["content-location"] == "../shapes.ttl"
    assert server.ask("/shapes/Nirgends", Accept="text/turtle").status == 404


@pytest.mark.parametrize("whole", ["def", "shapes"])
def test_the_data_of_a_version_are_its_own(server, whole):
    answer = server.ask(f"/{whole}/1.0.0", Accept="text/turtle")
    assert answer.headers["content-location"] == f"../{whole}/1.0.0.ttl"


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("/shapes/Organisation-prefLable", "shapes/Organisation-prefLabel.html"),
        ("/vocabulary/skos-prefLabe", "vocabulary/skos-prefLabel.html"),
    ],
)
def test_a_misspelt_rule_or_term_is_answered_by_what_comes_near(server, path, meant):
    answer = server.ask(path, Accept="text/html", Accept_Language="de")
    assert answer.status == 404
    assert f'href="../{meant}"' in answer.text


def test_iris_in_data_are_never_rewritten(server):
    content = server.ask("/doc/bauhof.ttl", Host="elsewhere.example").text
    assert "https://example.org/musterstadt/id/" in content
    assert "elsewhere" not in content
    assert Graph().parse(data=content, format="turtle")


def test_every_document_is_sent_as_it_was_published(server, small):
    sums = dict(line.split("  ")[::-1] for line in (small / "SHA256SUMS").read_text().splitlines())
    # Searches and questions are answered anew.
    made = (".htaccess", "server/", "search", "queries/")
    names = [name for name in sums if not name.startswith(made)]
    assert len(names) > 100
    for name in names:
        answer = server.ask(f"/{name}")
        assert (name, answer.status) == (name, 200)
        assert hashlib.sha256(answer.content).hexdigest() == sums[name], name


def test_the_checksums_of_all_files_can_be_had(server, small):
    answer = server.ask("/SHA256SUMS")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert answer.content == (small / "SHA256SUMS").read_bytes()
    assert server.ask("/SHA256SUMS", If_None_Match=answer.headers["etag"]).status == 304
    assert server.ask("/SHA256SUMS", If_None_Match='""').status == 200


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("/def/", "/def"),
        ("/shapes/", "/shapes"),
        ("/queries/", "/queries"),
        ("/doc/bauhof/", "/doc/bauhof"),
        ("/download/latest/", "/data"),
        ("/download/latest", "/data"),
        ("/download/", "/data"),
        ("/tables/", "/data"),
        ("/tables/excel/", "/data"),
    ],
)
def test_a_folder_leads_to_its_page(server, path, page):
    answer = server.ask(path)
    assert (answer.status, urljoin(path, answer.headers["location"])) == (303, page)
    assert server.ask(page, Accept="text/html").status == 200


def test_a_folder_that_there_is_not_leads_nowhere(server):
    for path in ("/def/nothing/", "/tables/nothing/", "/download/latest/nothing/", "/source/"):
        assert server.ask(path).status == 404


def test_packed_forms_are_sent_to_those_who_take_them(server):
    plain = server.ask("/doc/bauhof.html")
    assert "content-encoding" not in plain.headers
    tags = {plain.headers["etag"]}
    for name, unpack in (("gzip", gzip.decompress), ("br", brotli.decompress)):
        packed = server.ask("/doc/bauhof.html", Accept_Encoding=name)
        assert packed.headers["content-encoding"] == name
        assert "Accept-Encoding" in packed.headers["vary"]
        assert unpack(packed.content) == plain.content
        assert len(packed.content) < len(plain.content) / 2
        tags.add(packed.headers["etag"])
    assert len(tags) == 3
    assert all(re.fullmatch(r'"[\w-]+"', tag) for tag in tags)
    assert "content-encoding" not in server.ask("/doc/bauhof.html", Accept_Encoding="gzip;q=0").headers


def test_who_has_a_document_is_told_so(server):
    first = server.ask("/doc/bauhof", Accept="text/turtle")
    tag = first.headers["etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = server.ask("/doc/bauhof", Accept="text/turtle", If_None_Match=known)
        assert (again.status, again.content) == (304, b"")
        for name in ("etag", "vary", "cache-control", "content-location", "date"):
            assert again.headers[name] == first.headers[name] or name == "date"
    assert server.ask("/doc/bauhof.ttl", If_None_Match='"other"').status == 200
    other = server.ask("/doc/bauhof.ttl", If_None_Match=tag, Accept_Encoding="br")
    assert other.status == (304 if "content-encoding" not in other.headers else 200)


def test_dates_decide_where_there_is_no_tag(server):
    date = server.ask("/doc/bauhof.ttl").headers["last-modified"]
    assert server.ask("/doc/bauhof.ttl", If_Modified_Since=date).status == 304
    assert server.ask("/doc/bauhof.ttl", If_Modified_Since="Mon, 01 Jan 1990 00:00:00 GMT").status == 200
    assert server.ask("/doc/bauhof.ttl", If_Modified_Since="yesterday").status == 200
    answer = server.ask("/doc/bauhof.ttl", If_Modified_Since=date, If_None_Match='"other"')
    assert answer.status == 200


def test_a_condition_that_fails_stops_the_request(server):
    tag = server.ask("/doc/bauhof.ttl").headers["etag"]
    assert server.ask("/doc/bauhof.ttl", If_Match=tag).status == 200
    assert server.ask("/doc/bauhof.ttl", If_Match='"other"').status == 412


@pytest.mark.parametrize(
    ("asked", "status", "part"),
    [
        ("bytes=0-9", 206, slice(0, 10)),
        ("bytes=10-", 206, slice(10, None)),
        ("bytes=-5", 206, slice(-5, None)),
        ("bytes=0-99999999", 206, slice(0, None)),
        ("bytes=99999999-", 416, None),
        ("bytes=5-2", 200, slice(None)),
        ("bytes=0-1,4-5", 200, slice(None)),
        ("lines=1-2", 200, slice(None)),
        ("bytes=-", 200, slice(None)),
    ],
)
def test_a_part_of_a_file_can_be_had(server, asked, status, part):
    whole = server.ask("/download/latest/dataset.nt")
    answer = server.ask("/download/latest/dataset.nt", Range=asked)
    assert answer.status == status
    if part is not None:
        assert answer.content == whole.content[part]
    if status == 206:
        assert re.fullmatch(r"bytes \d+-\d+/\d+", answer.headers["content-range"])
    changed = server.ask("/download/latest/dataset.nt", Range=asked, If_Range='"other"')
    assert (changed.status, changed.content) == (200, whole.content)


def test_a_large_file_is_sent_in_pieces_and_whole(start, small, tmp_path):
    out = Path(shutil.copytree(small, tmp_path / "copy"))
    content = bytes(range(256)) * 20_000
    (out / "robots.txt").write_bytes(content)
    server = start(out)
    assert server.ask("/robots.txt").content == content
    assert server.ask("/robots.txt", Range="bytes=3000000-4000000").content == content[3000000:4000001]
    assert server.ask("/robots.txt", "HEAD").headers["content-length"] == str(len(content))


@pytest.mark.parametrize("path", ["/doc/bauhof", "/id/bauhof", "/doc/bauhof.ttl", "/nothing", "/"])
def test_head_is_get_without_content(server, path):
    whole, head = server.ask(path), server.ask(path, "HEAD")
    assert head.content == b""
    assert {**head.headers, "date": ""} == {**whole.headers, "date": ""}
    assert head.status == whole.status


def test_options_say_what_is_possible(server):
    for path in ("/doc/bauhof", "/id/bauhof", "/search", "/reconcile"):
        answer = server.ask(
            path, "OPTIONS", Origin="https://example.com", Access_Control_Request_Method="GET"
        )
        assert (path, answer.status) == (path, 204)
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "GET" in answer.headers["access-control-allow-methods"]
        assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE"])
def test_documents_cannot_be_changed(server, method):
    answer = server.ask("/doc/bauhof.ttl", method, b"x" if method != "TRACE" else None)
    assert answer.status == 405
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    assert method in answer.text


def test_links_lead_to_other_forms_licence_profile_and_description(server, public, start):
    links = server.ask("/doc/bauhof.ttl").headers["link"]
    assert "<../doc/bauhof.jsonld>" not in links  # the document has one form at its own address
    links = server.ask("/doc/bauhof", Accept="text/turtle").headers["link"]
    assert '<../doc/bauhof.jsonld>; rel="alternate"; type="application/ld+json"' in links
    assert 'hreflang="en"' in links
    assert '<https://example.org/musterstadt/id/bauhof>; rel="describes"' in links
    assert '<https://example.org/musterstadt/profile>; rel="profile"' in links
    assert 'rel="describedby"' in links
    thing = server.ask("/id/bauhof", Accept="text/turtle").headers["link"]
    assert thing == '<../doc/bauhof.ttl>; rel="describedby"; type="text/turtle"'
    real = start(public)
    assert 'rel="license"' in real.ask("/dataset").headers["link"]


def test_what_never_changes_may_be_kept_for_ever_and_all_else_is_asked_for_again(server, small):
    style = next(path for path in (small / "static").iterdir() if re.fullmatch(r"site\.\w+\.css", path.name))
    assert "immutable" in server.ask(f"/static/{style.name}").headers["cache-control"]
    for path in ("/doc/bauhof.html", "/static/picture.css", "/download/latest/dataset.nt", "/id/bauhof"):
        control = server.ask(path).headers["cache-control"]
        assert "must-revalidate" in control and "immutable" not in control


class Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found += [value for name, value in attrs if name in ("href", "src", "action") and value]


def addresses(content):
    parser = Links()
    parser.feed(content)
    return [link for link in parser.found if not link.startswith(("http", "mailto", "#"))]


@pytest.mark.parametrize("strips", [False, True])
def test_pages_work_under_a_path_prefix_whether_or_not_the_proxy_strips_it(start, small, strips):
    """What a reader's browser makes of each link is an address below the prefix that answers."""
    server = start(small, "--prefix", "/stadt/graph")

    def get(path):
        return server.ask(path.removeprefix("/stadt/graph") if strips else path, Accept="text/html")

    seen = set()
    pages = (
        "/",
        "/doc/bauhof",
        "/doc/nothing/here",
        "/search?q=amt",
        "/nothing",
        "/reconcile/preview?id=bauhof",
    )
    for page in pages:
        answer = get(f"/stadt/graph{page}")
        assert answer.status in (200, 404)
        for link in addresses(answer.text):
            target = urlsplit(urljoin(f"/stadt/graph{page}", link))
            assert target.path.startswith("/stadt/graph/"), (page, link)
            seen.add(target.path + (f"?{target.query}" if target.query else ""))
    missing = {f"/stadt/graph{page}" for page in pages if "nothing" in page}
    for target in seen:
        if target.partition("?")[0] not in missing:
            assert get(target).status == 200, target
    led = get("/stadt/graph/id/bauhof").headers["location"]
    assert urljoin("/stadt/graph/id/bauhof", led) == "/stadt/graph/doc/bauhof.html"
    if not strips:
        bare = server.ask("/stadt/graph")
        assert (bare.status, urljoin("/stadt/graph", bare.headers["location"])) == (308, "/stadt/graph/")


def test_what_is_not_there_is_told_in_the_askers_language_and_form(server):
    answer = server.ask("/id/bauhoff", Accept="text/html", Accept_Language="en")
    assert answer.status == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert '<html lang="en">' in answer.text and "Works depot" in answer.text
    assert "../doc/bauhof.en.html" in addresses(answer.text)
    answer = server.ask("/id/bauhoff", Accept="application/json", Accept_Language="de")
    assert answer.headers["content-type"] == "application/problem+json"
    assert "https://example.org/musterstadt/id/bauhof" in answer.text
    for accept in ("text/turtle", "", "*/*"):
        answer = server.ask("/doc/ordnungsamd.ttl", Accept=accept)
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert "id/ordnungsamt" in answer.text
        assert len(answer.text) < 500
    assert "bauhof" not in server.ask("/id/xyzzy").text


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("/queries/amter", "queries/aemter.en.html"),
        ("/queries/aemtr.csv", "queries/aemter.csv"),
        ("/defs", "def.en.html"),
        ("/def.tll", "def.en.html"),
        ("/shape", "shapes.en.html"),
        ("/serch", "search.en.html"),
    ],
)
def test_what_is_not_a_thing_has_near_addresses_too(server, path, meant):
    answer = server.ask(path, Accept="text/html", Accept_Language="en")
    assert answer.status == 404
    assert any(urljoin(path, one) == f"/{meant}" for one in addresses(answer.text)), answer.text
    assert meant in server.ask(path, Accept="text/turtle", Accept_Language="en").text


def test_nothing_comes_near_a_stray_question(server):
    text = server.ask("/queries/xyzzy", Accept_Language="en").text
    assert len(text.splitlines()) == 1


@pytest.fixture(scope="module")
def reform(start, retired):
    return start(retired)


def test_a_retired_thing_leads_to_its_successor(reform):
    answer = reform.ask("/id/hochbauamt", Accept="text/turtle")
    assert answer.status == 301
    assert urljoin("/id/hochbauamt", answer.headers["location"]) == "/id/bauhof"
    assert reform.ask("/doc/hochbauamt.ttl").status == 200


def test_a_retired_thing_without_successor_is_gone_and_its_document_says_so(reform):
    answer = reform.ask("/id/eichamt", Accept="text/turtle")
    assert answer.status == 410
    graph = Graph().parse(data=answer.content, format="turtle")
    assert any("deprecated" in predicate and str(value) == "true" for _, predicate, value in graph)
    page = reform.ask("/id/eichamt", Accept="text/html", Accept_Language="en")
    assert page.status == 410
    assert reform.ask("/doc/eichamt.ttl").status == 200


def test_every_answer_is_guarded_and_none_names_the_server(server):
    for path in ("/", "/doc/bauhof.ttl", "/id/bauhof", "/nothing", "/search?q=amt", "/healthz", "/metrics"):
        headers = server.ask(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "referrer-policy" in headers and "permissions-policy" in headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy
        assert "server" not in headers
        assert not re.search("uvicorn|starlette|python", str(headers), re.IGNORECASE)


def test_a_picture_may_use_the_style_that_it_holds_and_nothing_else(server):
    for coding in ("identity", "br"):
        answer = server.ask("/picture.de.svg", Accept_Encoding=coding)
        policy = answer.headers["content-security-policy"]
        assert "'sha256-" in policy and "unsafe" not in policy


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd",
        "/doc/../../../etc/passwd",
        "/..%2f..%2f..%2fetc%2fpasswd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/doc/%2e%2e/SHA256SUMS",
        "//etc/passwd",
        "/doc//bauhof.ttl",
        "/.htaccess",
        "/server/publication.json",
        "/server/names.jsonl",
        "/.public",
        "/doc/",
        "/doc",
        "/doc/bauhof.ttl/",
        "/doc/bauhof%00.ttl",
        "/doc/bauhof%0a",
        "/id/bauhof.ttl",
        "/id/",
        "/\xff\xfe",
        "/%ff%fe",
        "/%c3%28",
        "/" + "a" * 20_000,
        "/" + "%61" * 5_000,
        "/" + "/".join("abcdefgh") * 500,
    ],
)
def test_only_what_was_published_is_found(server, path):
    sent = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode("latin-1")
    answer = server.raw(sent)
    assert answer.startswith((b"HTTP/1.1 404 ", b"HTTP/1.1 400 "))
    assert b"root:" not in answer and b"RewriteEngine" not in answer
    assert server.ask("/healthz").status == 200


def test_an_address_beyond_all_measure_is_refused(server):
    assert server.ask("/search?q=" + "a" * 40_000).status == 414
    answer = server.raw(b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 300_000 + b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 431 ")


def test_nothing_that_is_sent_becomes_a_header(server):
    for path in (
        "/id/bauhof%0d%0aX-Injected:%20yes",
        "/search?q=%0d%0aX-Injected:%20yes&lang=%0d%0aX-Injected:1",
    ):
        for accept in ("text/html", "application/json", "*/*"):
            answer = server.ask(path, Accept=accept, Accept_Language="en")
            assert "x-injected" not in answer.headers
    answer = server.ask("/reconcile", Host="evil.example/x%0d%0a")
    assert "evil" not in answer.text


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/9.9\r\n\r\n",
        b"NONSENSE\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET http://[ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n",
    ],
)
def test_what_is_no_request_is_refused_and_nobody_else_notices(server, sent):
    answer = server.raw(sent)
    assert answer == b"" or answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 405", b"HTTP/1.1 505"))
    assert server.ask("/healthz").status == 200


def test_ten_megabytes_for_a_document_are_refused_and_the_connection_goes_on(server):
    body = b"x" * 10_000_000
    assert server.ask("/doc/bauhof.ttl", "POST", body).status == 405
    answer = server.ask("/reconcile", "POST", body, Content_Type="application/x-www-form-urlencoded")
    assert answer.status == 413
    assert server.ask("/doc/bauhof.ttl").status == 200


def test_several_requests_on_one_connection_are_answered_in_order(server):
    one = b"GET /doc/bauhof.ttl HTTP/1.1\r\nHost: x\r\n\r\n"
    two = b"GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as client:
        client.sendall(one + two)
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert answer.index(b"200 OK") < answer.index(b"404 Not Found")
