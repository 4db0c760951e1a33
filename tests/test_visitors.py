"""Visitors find what they look for at once, told once, in words and on pages of this site."""

import re

import pytest

from stadtgraph.site.frame import Frame, Text
from stadtgraph.site.indexes import Entry
from stadtgraph.site.overview import Bar
from stadtgraph.site.reading import Reading


@pytest.mark.parametrize("lang", ["", ".en"])
def test_the_list_of_themes_leads_to_each_on_the_page(public, lang):
    page = (public / f"theme{lang}.html").read_text()
    listed = re.findall(r'<li><a class="thing concept" href="#([^"]+)">', page)
    assert len(listed) == 6
    assert listed == re.findall(r'<section id="([^"]+)">', page)
    for slug in listed:
        assert f'<a class="thing concept" href="doc/{slug}{lang}.html">' in page


def test_many_bodies_are_folded_and_all_are_there(site):
    frame = Frame.of(Reading(site), "de")
    bodies = [Entry(Text(f"Amt {number}"), f"doc/amt-{number}.html") for number in range(30)]
    for some in (bodies, bodies[:3]):
        bar = Bar(Entry(Text("Thema"), "doc/thema.html"), "thema", tuple(some), 1.0)
        page = frame.render("theme.html", "theme", bars=[bar], basis="").decode()
        assert page.count('<a class="thing body"') == len(some)
        assert ("<details>" in page) == ("30 Stellen" in page) == (len(some) == 30)


def test_terms_of_a_question_that_have_one_name_are_told_apart(public):
    page = (public / "queries" / "fehlende-bezeichnungen.html").read_text()
    term = r'<li><a href="../(?:vocabulary|def)/[^"]+">([^<]+)</a> <code class="note">([^<]+)</code></li>'
    named = re.findall(term, page)
    assert len({short for _, short in named}) == len(named) > len({words for words, _ in named})


@pytest.mark.parametrize(
    ("lang", "reason", "words"),
    [
        ("", "Aus Forschung entstehen neue Ideen", "Oberbegriff"),
        (".en", "Research gives rise to new ideas", "Broader concept"),
    ],
)
def test_a_conclusion_gives_its_reason_once_and_leads_to_the_property(public, lang, reason, words):
    page = (public / "doc" / f"schluss-wissenschaft-einordnung{lang}.html").read_text()
    assert page.partition("<main")[2].count(reason) == 1
    assert f'<a href="../vocabulary/skos-broader{lang}.html">{words}</a>' in page


def test_fixed_versions_of_terms_and_rules_stand_with_those_of_the_data(public):
    page = (public / "data.html").read_text()
    versions = page.partition("<h2>Feste Fassungen</h2>")[2].partition("</section>")[0]
    for name in ("def/1.0.0.ttl", "shapes/1.0.0.ttl", "download/1.0.0/dataset.ttl"):
        assert page.count(f'href="{name}"') == versions.count(f'href="{name}"') == 1


def test_the_start_page_speaks_in_whole_words(public):
    for lang in ("", ".en"):
        claim = re.search(r'<p class="claim">(.)', (public / f"index{lang}.html").read_text())
        assert claim[1].isupper()


def test_what_the_server_fills_in_is_the_same_whatever_page_was_made_before(site):
    frame = Frame.of(Reading(site), "de")
    shell = frame.shell()
    assert b'href="@root@index.html"' in shell
    other = Frame.of(Reading(site), "de")
    for key in ("imprint", "index"):
        other.render("law.html", key, key="imprint", rows=[])
    assert other.shell() == shell
