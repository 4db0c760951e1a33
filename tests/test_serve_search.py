"""The served search finds what the page's own script finds, as a page and as JSON."""

import json
import shutil
from collections import Counter
from urllib.parse import quote

import pytest
from playwright.sync_api import sync_playwright

from stadtgraph.load import load
from stadtgraph.serve.publication import read
from stadtgraph.serve.search import folded, index
from stadtgraph.site import searched
from stadtgraph.site.build import publish

PATHS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Umlauts written in three ways, ß, case, parts of words, several words, one error in typing, nothing.
WORDS = [
    *("Büro", "buero", "buro", "BÜRO", "büro", "bu\u0308ro"),
    *("Straße", "strasse", "STRASSE", "strase"),
    *("gleichstellung", "gleichstelung", "gleichstellugn", "xgleichstellung", "stellung", "gleich st"),
    *("Hansaplatz", "hansa platz", "hanaplatz", "hansaplazt", "hansaplatzz"),
    *("Stadt Dortmund", "stadt der nachbarschaft", "vielfalt toleranz", "vielfalt xyzzy"),
    *("a", "an", "und", "2023", "e.V.", "Café", "cafe", "Équipe", "ø", "ſ", "İstanbul", "ß"),
    *("", " ", "…", "-", "xyzzy", "<script>", "Amt für Angelegenheiten", "oberburgermeister", "wirtsch"),
]


@pytest.fixture(scope="module")
def found_by_the_page(public):
    """What the page's script finds for each word, in the order in which it shows it."""
    program = next(filter(None, map(shutil.which, PATHS)), None)
    if program is None:
        pytest.fail("Chromium is missing. Please install it: apt-get install chromium, or make browser.")
    found = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        for lang, file in (("de", "search.html"), ("en", "search.en.html")):
            page = browser.new_page()
            page.goto((public / file).resolve().as_uri())
            tell = "words => words.map(word => search(word).map(hit => [hit[0], hit[2]]))"
            for word, hits in zip(WORDS, page.evaluate(tell, WORDS), strict=True):
                found[lang, word] = hits
            page.close()
        browser.close()
    return found


def test_a_rule_is_found_by_the_name_that_a_finding_gives_it(server):
    for asked, page in (
        ("shape:Organisation-prefLabel", "shapes/Organisation-prefLabel.html"),
        ("skos:prefLabel", "vocabulary/skos-prefLabel.html"),
    ):
        answer = server.ask(f"/search?lang=de&format=json&q={quote(asked)}")
        assert page in [hit["page"] for hit in json.loads(answer.content)["results"]], asked


@pytest.mark.parametrize("lang", ["de", "en"])
def test_server_and_page_find_the_same_in_the_same_order(public, found_by_the_page, lang):
    searched = index(read(public), lang)
    for word in WORDS:
        hits = [[hit.name, hit.page] for hit in searched.search(word)]
        assert (word, hits) == (word, found_by_the_page[lang, word])
    assert sum(bool(found_by_the_page[lang, word]) for word in WORDS) > 25


@pytest.fixture(scope="module")
def real(start, public):
    return start(public)


def test_the_page_shows_what_was_found_without_a_script(real):
    answer = real.ask(f"/search?q={quote('gleichstellungsbüro')}&lang=de", Accept="text/html")
    assert answer.status == 200
    assert 'href="doc/gleichstellungsbuero.html"' in answer.text
    assert 'value="gleichstellungsbüro"' in answer.text
    assert "<noscript>" not in answer.text
    english = real.ask("/search.en.html?q=hansaplatz", Accept="text/html", Accept_Language="de")
    assert 'href="doc/hansaplatz.en.html"' in english.text
    assert '<html lang="en">' in english.text
    assert "Nothing found" in real.ask("/search.en.html?q=xyzzy", Accept="text/html").text


def test_what_backs_the_rest_is_found_last(public):
    sections = [hit.section for hit in index(read(public), "de").search("gleichstellung")]
    late = [section in ("source", "graph", "other") for section in sections]
    assert late == sorted(late) and 0 < sum(late) < len(late)


def test_programs_get_json(real):
    for headers, query in (({"Accept": "application/json"}, ""), ({}, "&format=json")):
        answer = real.ask(f"/search?q=hansaplatz&lang=en&limit=1{query}", **headers)
        told = json.loads(answer.content)
        assert answer.headers["content-type"] == "application/json"
        assert told["total"] > 1 and len(told["results"]) == 1
        [first] = told["results"]
        assert first["id"] == "https://w3id.org/dortbunt/id/hansaplatz"
        assert first["page"] == "doc/hansaplatz.en.html"


def test_suggestions_come_as_browsers_expect_them(real):
    answer = real.ask("/suggest?q=hansapl&lang=de")
    asked, names, kinds, pages = json.loads(answer.content)
    assert (asked, names[0], pages[0]) == ("hansapl", "Hansaplatz", "doc/hansaplatz.html")
    assert len(names) == len(kinds) == len(pages) <= 10
    assert answer.headers["content-type"] == "application/x-suggestions+json"


@pytest.mark.parametrize("query", ["limit=0", "limit=many", "limit=99999", "limit=%00", "format=pdf&x="])
def test_what_is_no_search_is_explained(real, query):
    answer = real.ask(f"/search?q=amt&{query}", Accept="image/png" if "format" in query else "*/*")
    assert answer.status in (400, 406)
    assert "limit" in answer.text


def test_a_question_of_any_length_is_answered_soon(real):
    for question in ("amt " * 2000, "a" * 5000, "ä" * 2000, "%00", "%ff"):
        quoted = question if question.startswith("%") else quote(question)
        assert real.ask(f"/search?q={quoted}&format=json").status == 200


@pytest.mark.parametrize(
    ("words", "plain"),
    [("Bürgermeister-Straße", "buergermeister strasse"), ("É", "e"), ("ẞ", "ss"), ("1.Mai", "1 mai")],
)
def test_words_are_folded_as_people_type_them(words, plain):
    assert folded(words) == plain


def test_a_large_city_is_searched_in_parts_by_the_page_and_as_a_whole_by_the_server(musterstadt, monkeypatch):
    publish(load(musterstadt), musterstadt / "small")
    monkeypatch.setattr(searched, "WHOLE", 0)
    monkeypatch.setattr(searched, "PART", 2)
    publish(load(musterstadt), musterstadt / "public")
    whole, large = (index(read(musterstadt / name), "de") for name in ("small", "public"))
    assert large.entries == whole.entries
    parts = {path.stem: path.read_text() for path in (musterstadt / "public/search/de").glob("*.js")}
    assert len(parts) > 20
    assert max(text.count("\n[") for text in parts.values()) == 2
    (often, count), *_ = Counter(part[0] for part in parts).most_common()
    assert count > 4
    names = [name for name, *_ in whole.entries]
    # Of rules and terms there are more with one beginning than a part holds here.
    things = [name for name, *_, section in whole.entries if section not in ("rule", "term")]
    alone = [name for name in things if names.count(name) == 1]
    program = next(filter(None, map(shutil.which, PATHS)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.goto((musterstadt / "public/search.html").resolve().as_uri())
        found = page.evaluate(
            """async names => {
                const found = {};
                for (const name of names) {
                    input.value = name;
                    await show();
                    found[name] = results.querySelector("a")?.textContent;
                }
                return found;
            }""",
            alone,
        )
        page.fill("#q", often)
        page.wait_for_selector("#found:has-text('mehr Buchstaben')")
        page.fill("#q", "xyzzy")
        page.wait_for_selector("#found:has-text('Nichts gefunden')")
        browser.close()
    assert len(alone) > 10
    assert found == {name: name for name in alone}
