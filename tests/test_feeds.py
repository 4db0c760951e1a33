"""Readers of feeds and search engines learn what changed and when."""

from xml.etree import ElementTree as ET

import pytest
from rdflib import Graph

from stadtgraph.site import feeds
from stadtgraph.site.feeds import UNLISTED, closing_documents
from stadtgraph.site.notes import Notes
from stadtgraph.site.writer import Document

pytestmark = pytest.mark.dear
ATOM = "{http://www.w3.org/2005/Atom}"
XSD = "http://www.w3.org/2001/XMLSchema#"
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
XHTML = "{http://www.w3.org/1999/xhtml}"


@pytest.fixture
def versions(run, musterstadt):
    """A city that published three versions; the second adds, changes and drops something."""
    catalog, data = (musterstadt / "data" / f"{name}.ttl" for name in ("catalog", "organisations"))

    def publish(version, day):
        text = f'    dcat:version "{version}" ;\n    dcterms:modified "{day}"^^<{XSD}date> ;\n'
        lines = [line for line in catalog.read_text().splitlines(True) if "dcat:version" not in line]
        lines = [line for line in lines if "dcterms:modified" not in line]
        catalog.write_text("".join(lines).replace("    void:uriSpace", text + "    void:uriSpace"))
        result = run("publish", "--root", musterstadt)
        assert result.returncode == 0, result.stderr

    publish("1.0.0", "2024-01-01")
    text = data.read_text().replace('"Works depot"@en', '"Works yard"@en')
    text = text[: text.index("id:ordnungsamt a")].replace(
        "org:unitOf id:ordnungsamt", "org:unitOf id:musterstadt"
    )
    data.write_text(
        text + 'id:amt a org:OrganizationalUnit ;\n    skos:prefLabel "Neues Amt"@de , "New office"@en .\n'
    )
    publish("1.1.0", "2024-02-02")
    publish("1.10.0", "2024-03-03")
    return musterstadt / "public"


def entries(path):
    root = ET.parse(path).getroot()
    assert root.tag == ATOM + "feed"
    for name in ("id", "title", "updated", "author"):
        assert root.find(ATOM + name) is not None
    return [
        {child.tag.removeprefix(ATOM): child.text for child in entry} for entry in root.iter(ATOM + "entry")
    ]


def test_the_feed_tells_what_each_version_brought(versions):
    newest, second, first = entries(versions / "feed.en.atom")
    assert [entry["title"] for entry in (first, second, newest)] == [
        "Version 1.0.0",
        "Version 1.1.0",
        "Version 1.10.0",
    ]
    assert "New: New office" in second["content"]
    assert "Works yard" in second["content"]
    assert "Gone: Public order office" in second["content"]
    assert second["updated"] == "2024-02-02T00:00:00Z"
    assert newest["content"].startswith("Changed: Musterstadt and its offices")
    assert "Neu: Neues Amt" in entries(versions / "feed.atom")[1]["content"]


def test_every_version_stays_on_offer(versions):
    names = sorted(path.name for path in (versions / "download").iterdir())
    assert names == ["1.0.0", "1.1.0", "1.10.0", "latest"]
    old, new = (Graph().parse(versions / "download" / name / "dataset.ttl") for name in ("1.0.0", "latest"))
    assert "Works depot" in {str(value) for value in old.objects()}
    assert "Works depot" not in {str(value) for value in new.objects()}
    for suffix in ("ttl", "nq", "trig", "nt", "rdf", "jsonld"):
        latest = versions / "download" / "latest" / f"dataset.{suffix}"
        assert latest.read_bytes() == (versions / "download" / "1.10.0" / f"dataset.{suffix}").read_bytes()


def test_publishing_the_same_version_again_changes_nothing(run, versions):
    result = run("publish", "--root", versions.parent)
    assert " was up to date: " in result.stdout
    assert "version" not in result.stderr


def test_other_content_under_the_same_version_is_pointed_out(run, versions):
    """The last change day is what the data says; nothing but the data moves it."""
    root = versions.parent
    data, catalog = root / "data" / "organisations.ttl", root / "data" / "catalog.ttl"
    data.write_text(data.read_text().replace('"New office"@en', '"Newest office"@en'))
    result = run("publish", "--root", root, "--lang", "de")
    assert result.returncode == 0
    assert "die Version 1.10.0 ist geblieben" in result.stderr
    assert (
        "Bitte in data/catalog.ttl dcat:version erhöhen, dcterms:modified auf heute setzen" in result.stderr
    )
    assert "begriffe" not in result.stderr.lower()
    assert 'dcterms:modified "2024-03-03"' in (versions / "download" / "latest" / "dataset.ttl").read_text()
    assert "Version" not in run("publish", "--root", root, "--lang", "de").stderr
    catalog.write_text(
        catalog.read_text().replace('"1.10.0"', '"1.11.0"').replace("2024-03-03", "2024-04-04")
    )
    result = run("publish", "--root", root, "--lang", "de")
    assert "Version" not in result.stderr
    assert (versions / "download" / "1.11.0").is_dir()


@pytest.mark.parametrize(
    ("version", "day", "told"),
    [
        ("1.9.0", "2024-04-04", "die höhere Version 1.10.0"),
        ("1.10.1", "2024-03-02", "liegt vor dem der Version 1.10.0"),
        ("1.10.1", "2024-03-03", ""),
    ],
)
def test_a_version_that_falls_or_is_dated_back_is_pointed_out(run, versions, version, day, told):
    catalog = versions.parent / "data" / "catalog.ttl"
    catalog.write_text(catalog.read_text().replace('"1.10.0"', f'"{version}"').replace("2024-03-03", day))
    result = run("publish", "--root", versions.parent, "--lang", "de")
    assert result.returncode == 0
    assert (told in result.stderr) if told else ("Version" not in result.stderr)
    assert "geblieben" not in result.stderr


def test_other_terms_under_the_same_version_are_pointed_out(run, musterstadt):
    terms = musterstadt / "ontology" / "def.ttl"
    before = terms.read_text().replace("a owl:Ontology ;", 'a owl:Ontology ;\n    owl:versionInfo "1.0.0" ;')
    terms.write_text(before)
    assert "versionInfo" not in run("publish", "--root", musterstadt).stderr
    terms.write_text(before.replace('"Terms of', '"The terms of'))
    result = run("publish", "--root", musterstadt, "--lang", "de")
    assert result.returncode == 0, result.stderr
    assert "Bitte in ontology/def.ttl owl:versionInfo und owl:versionIRI erhöhen" in result.stderr


def test_what_was_published_as_a_version_of_terms_and_rules_stays(run, city):
    """Under its address nothing changes, whatever becomes of the terms; each version has its page."""
    assert run("publish", "--root", city).returncode == 0
    public, terms = city / "public", city / "ontology" / "def.ttl"
    old = {path.name: path.read_bytes() for path in (public / "def").glob("1.0.0.*")}
    assert {"1.0.0.ttl", "1.0.0.jsonld", "1.0.0.nt", "1.0.0.rdf", "1.0.0.html", "1.0.0.en.html"} <= set(old)
    assert old["1.0.0.ttl"] == (public / "def.ttl").read_bytes()
    changed = terms.read_text().replace('"Mitmachangebot"@de', '"Mitmachaktion"@de')
    terms.write_text(changed)
    result = run("publish", "--root", city, "--lang", "de")
    assert "die unter 1.0.0 veröffentlichten bleiben" in result.stderr
    assert "Mitmachaktion" in (public / "def.ttl").read_text()
    assert (public / "def" / "1.0.0.ttl").read_bytes() == old["1.0.0.ttl"]
    assert "Mitmachangebot" in (public / "def" / "1.0.0.html").read_text()
    terms.write_text(changed.replace("1.0.0", "1.1.0"))
    result = run("publish", "--root", city, "--lang", "de")
    assert "veröffentlichten bleiben" not in result.stderr
    assert (public / "def" / "1.0.0.nt").read_bytes() == old["1.0.0.nt"]
    assert (public / "def" / "1.1.0.nt").read_bytes() == (public / "def.nt").read_bytes()
    assert 'href="../def/1.1.0.html"' in (public / "def" / "1.0.0.html").read_text()
    assert 'href="def/1.1.0.html"' in (public / "def.html").read_text()
    assert 'href="shapes/1.0.0.html"' in (public / "shapes.html").read_text()


def test_the_feed_of_each_language_has_a_name_of_its_own(versions):
    german, english = (ET.parse(versions / name).getroot() for name in ("feed.atom", "feed.en.atom"))
    assert german.findtext(ATOM + "id").endswith("/feed.atom")
    assert english.findtext(ATOM + "id").endswith("/feed.en.atom")


def test_the_sitemap_names_each_page_with_its_day_and_languages(site, tmp_path):
    names = (
        "index.html",
        "index.en.html",
        "doc/hansaplatz.html",
        "doc/hansaplatz.en.html",
        "404.html",
        "search.en.html",
        "sparql.html",
        "x.ttl",
    )
    with Notes(tmp_path / "notes", "", None) as notes:
        notes.keep("", [Document(name, "", 0, 0) for name in names if "hansaplatz" not in name])
        pages = [Document(name, "", 0, 0) for name in names if "hansaplatz" in name]
        notes.add(site.base + "id/hansaplatz", "", site.modified(site.base + "id/hansaplatz"), pages)
        ((name, content),) = closing_documents(site, notes)
    assert name == "sitemap.xml"
    urls = {url.find(SITEMAP + "loc").text: url for url in ET.fromstring(content)}
    assert set(urls) == {
        site.base,
        site.base + "index.en.html",
        site.base + "doc/hansaplatz.html",
        site.base + "doc/hansaplatz.en.html",
    }
    page = urls[site.base + "doc/hansaplatz.html"]
    assert page.find(SITEMAP + "lastmod").text == site.modified(site.base + "id/hansaplatz") != ""
    links = {link.get("hreflang"): link.get("href") for link in page.iter(XHTML + "link")}
    assert links == {"de": site.base + "doc/hansaplatz.html", "en": site.base + "doc/hansaplatz.en.html"}


def test_every_page_that_holds_something_is_in_the_sitemap(public):
    named = {url.findtext(SITEMAP + "loc") for url in ET.parse(public / "sitemap.xml").getroot()}
    base = min(named, key=len)
    pages = {path.relative_to(public).as_posix() for path in public.rglob("*.html")}
    empty = {f"{name}{lang}.html" for name in UNLISTED for lang in ("", ".en")}
    assert {base + name for name in pages - empty - {"index.html"}} | {base} == named


def test_more_pages_than_a_sitemap_may_name_are_split_among_several(site, tmp_path, monkeypatch):
    monkeypatch.setattr(feeds, "MOST_PAGES", 3)
    names = ["index.html", "index.en.html", *(f"doc/{count}.html" for count in range(5)), "404.html", "x.ttl"]
    with Notes(tmp_path / "notes", "", None) as notes:
        notes.keep("", [Document(name, "", 0, 0) for name in names])
        written = dict(closing_documents(site, notes))
        monkeypatch.setattr(feeds, "MOST_PAGES", 7)
        (whole,) = closing_documents(site, notes)
    index = ET.fromstring(written.pop("sitemap.xml"))
    assert index.tag == SITEMAP + "sitemapindex"
    named = [entry.find(SITEMAP + "loc").text for entry in index]
    assert named == [site.url(name) for name in written] == [site.url(f"sitemap-{n}.xml") for n in (1, 2, 3)]
    assert all(entry.find(SITEMAP + "lastmod").text == site.modified(site.dataset) for entry in index)
    pages = [loc.text for part in written.values() for loc in ET.fromstring(part).iter(SITEMAP + "loc")]
    assert len(pages) == len(set(pages)) == 7
    assert whole[0] == "sitemap.xml"
    assert {loc.text for loc in ET.fromstring(whole[1]).iter(SITEMAP + "loc")} == set(pages)


def test_robots_learn_where_the_sitemap_is(public, site):
    assert f"Sitemap: {site.base}sitemap.xml" in (public / "robots.txt").read_text()


def test_robots_may_read_the_page_about_sparql_and_ask_nothing(public):
    lines = (public / "robots.txt").read_text().splitlines()
    assert [line for line in lines if line.startswith("Disallow")] == [
        "Disallow: /sparql$",
        "Disallow: /sparql?",
    ]
