"""Every page is valid, leads somewhere, asks nobody else, and says what the graph says."""

import json
import re
from collections import Counter
from functools import cache
from os.path import normpath
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from html5rdf import HTMLParser as StrictParser
from lxml import etree, html
from pyoxigraph import Literal, NamedNode, Quad

from stadtgraph.derive import DERIVED, derive
from stadtgraph.load import load
from stadtgraph.messages import LANGUAGES, grouped
from stadtgraph.namespaces import VOCABULARIES
from stadtgraph.queries import ask, read
from stadtgraph.site.build import complete, publish
from stadtgraph.site.derived import rules_for
from stadtgraph.site.describe import literal, period, point_in_time
from stadtgraph.site.reading import Reading, address, folded
from stadtgraph.site.things import Site
from stadtgraph.site.words import Words, sentences, term
from stadtgraph.terms import TYPE, text

pytestmark = pytest.mark.dear
ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "scripts" / "stadtgraph" / "site"
CITIES = {"real": ROOT, "musterstadt": ROOT / "tests" / "cities" / "musterstadt"}


class Page:
    """What the tests look at in a page."""

    def __init__(self, content):
        self.root = html.document_fromstring(content, parser=html.HTMLParser(huge_tree=True))
        self.elements = [(element.tag, dict(element.attrib)) for element in self.root.iter("*")]
        self.ids = [values["id"] for _, values in self.elements if "id" in values]

    @property
    def text(self):
        return self.root.xpath("//text()[not(parent::script)]")

    def links(self):
        for tag, values in self.elements:
            for name in ("href", "src", "action"):
                if values.get(name):
                    yield tag, values.get("rel", ""), values[name]


@pytest.fixture(scope="module", params=CITIES)
def tree(request, public, small):
    return {"real": public, "musterstadt": small}[request.param]


def pages(tree):
    return sorted(tree.rglob("*.html"))


def test_every_page_is_whole(tree):
    """Ids are used once, and no text is cut, unfilled, or of characters that HTML does not know."""
    for path in pages(tree):
        content = path.read_text()
        page = Page(content)
        assert len(page.ids) == len(set(page.ids)), path
        assert "{{" not in content and "None" not in [words.strip() for words in page.text], path
        assert not re.search(r"[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]", content), path
        assert not re.search(r"&(?!#\d+;|#x[0-9a-f]+;|[a-zA-Z]+;)", content), path


def test_all_links_lead_somewhere(tree):
    known = {path.relative_to(tree).as_posix(): None for path in tree.rglob("*") if path.is_file()}
    links = {}
    for path in pages(tree):
        page, name = Page(path.read_text()), path.relative_to(tree).as_posix()
        known[name], links[name] = set(page.ids), {link for _, _, link in page.links()}

    @cache
    def target(folder, link):
        """The file that a link leads to, and the place in it; None for another host."""
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            return None
        path = unquote(parts.path.removeprefix("/"))
        origin = "" if parts.path.startswith("/") else folder
        return parts.path and normpath(f"{origin}/{path}".lstrip("/")), unquote(parts.fragment)

    for name, found in links.items():
        folder, _, file = name.rpartition("/")
        for link in found:
            if not (meant := target(folder, link)):
                continue
            # The page for what is missing is shown in the place of any other, however deep that lies.
            assert link.startswith(("/", "#")) == (file in ("404.html", "404.en.html")) or link[0] == "#"
            other, place = meant[0] or name, meant[1]
            assert other in known, (name, link)
            if place and known[other] is not None:
                assert place in known[other], (name, link)


def test_no_page_asks_another_host_or_holds_script_or_style(tree):
    for path in pages(tree):
        page = Page(path.read_text())
        policy = [v["content"] for t, v in page.elements if v.get("http-equiv") == "Content-Security-Policy"]
        assert policy and policy[0].startswith("default-src 'none'")
        # The query editor sets styles of its own, and only there.
        own = " 'unsafe-inline'" if path.name.startswith("sparql.") else ""
        assert policy[0].count("unsafe") == own.count("unsafe"), path
        assert f"style-src 'self'{own};" in policy[0], path
        for tag, values in page.elements:
            assert tag != "style" and "style" not in values, path
            assert not any(name.startswith("on") for name in values), path
            if tag == "script":
                assert "src" in values or values["type"] == "application/ld+json", path
        for tag, rel, link in page.links():
            if tag != "a" and rel not in ("alternate", "canonical"):
                assert not urlsplit(link).scheme and not link.startswith("//"), (path, link)
    # What the query editor asks for is seen in the browser: its code names many addresses.
    packed = {path for path in tree.glob("static/*") if path.suffix in (".br", ".gz")}
    for path in set(tree.glob("static/*")) - set(tree.glob("static/yasgui.*")) - packed:
        assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org)", path.read_text()), path


def test_every_page_comes_in_both_languages_and_names_the_other(tree):
    for path in pages(tree):
        if path.name.endswith(".en.html") or path.stem == "404":
            continue
        other = path.with_name(path.name.removesuffix(".html") + ".en.html")
        for file, lang in ((path, "de"), (other, "en")):
            page = Page(file.read_text().partition("</head>")[0])
            assert ("html", {"lang": lang}) == page.elements[0]
            links = {v["hreflang"]: v["href"] for t, v in page.elements if t == "link" and "hreflang" in v}
            names = {tag: "" if v.endswith("/") else v.rpartition("/")[2] for tag, v in links.items()}
            german = "" if path == tree / "index.html" else path.name
            assert {k: unquote(v) for k, v in names.items()} == {
                **{"de": german, "x-default": german, "en": other.name}
            }


def test_every_thing_has_a_page_that_names_it(tree):
    city = load(ROOT if (tree / "source").exists() else CITIES["musterstadt"])
    derive(city)
    reading = Reading(Site(city))
    for iri in reading.site.things:
        for lang in LANGUAGES:
            suffix = "" if lang == "de" else ".en"
            content = (tree / f"{reading.document(iri)}{suffix}.html").read_text()
            name = reading.label(iri).get(lang)
            heading = re.search(r"<h1[^>]*>(.*?)</h1>", content, re.DOTALL)
            assert heading and heading[1].strip()
            if name:
                plain = "".join(Page(heading[0]).text).strip()
                assert plain == " ".join(name.split()) or iri.endswith(("def", "shapes")), iri


def test_no_page_shows_a_bare_iri_of_the_graph(public):
    for path in pages(public):
        if path.name.startswith("shapes.") or path.parent.name == "shapes":
            continue  # messages of rules show how to write an address
        root = Page(path.read_text()).root
        etree.strip_elements(root, "code", "pre", "script", "textarea", "option", with_tail=False)
        found = re.search(r".{,30}(https?://|\bid:[a-z]).{,30}", root.text_content())
        assert not found, (path, found)


def test_every_thing_stands_in_an_index_that_the_start_page_leads_to(public):
    start = Page((public / "index.html").read_text())
    indexes = [link for _, _, link in start.links() if link.startswith("list/")]
    assert len(set(indexes)) == 7
    listed = {
        (public / "list" / unquote(link)).resolve().relative_to(public.resolve()).as_posix()
        for index in indexes
        for _, _, link in Page((public / index).read_text()).links()
        if not urlsplit(link).scheme
    }
    city = load(ROOT)
    derive(city)
    reading = Reading(Site(city))
    pages = {f"{reading.document(iri)}.html" for iri in reading.site.things} - {"def.html", "shapes.html"}
    assert pages <= listed


def rules_of(city):
    """The local names of a city's rules on one property."""
    shape = city.base + "shapes#"
    return {
        quad.object.value.removeprefix(shape)
        for quad in city.shapes.quads_for_pattern(None, NamedNode(VOCABULARIES["sh"] + "property"), None)
        if isinstance(quad.object, NamedNode)
    }


def test_every_rule_has_its_place_and_an_example_that_breaks_it(public):
    city = load(ROOT)
    index = Page((public / "shapes.html").read_text())
    rules = rules_of(city)
    assert len(rules) > 300
    assert rules <= set(index.ids)
    links = {link for tag, _, link in index.links() if tag == "a"}
    for rule in rules:
        assert f"shapes/{rule}.html" in links
        content = (public / f"shapes/{rule}.html").read_text()
        assert "Beispiel, das dagegen verstößt" in content and "tests/shapes/" in content, rule
        assert "@prefix" not in content and "# expect" not in content


def test_the_page_of_a_rule_says_all_that_the_rule_says(public):
    city = load(ROOT)
    for rule in rules_of(city):
        iri = NamedNode(f"{city.base}shapes#{rule}")
        told = {
            lang: Page((public / f"shapes/{rule}{suffix}.html").read_text())
            for lang, suffix in (("de", ""), ("en", ".en"))
        }
        words = {lang: " ".join("".join(page.text).split()) for lang, page in told.items()}
        for quad in city.shapes.quads_for_pattern(iri, NamedNode(VOCABULARIES["sh"] + "message"), None):
            for shown in words.values():
                assert " ".join(quad.object.value.split()) in shown, (rule, quad.object.language)
        file, line = city.place(iri.value)
        assert f"{file}:{line}" in words["de"] and line > 1
        path = next(city.shapes.quads_for_pattern(iri, NamedNode(VOCABULARIES["sh"] + "path"), None)).object
        if isinstance(path, NamedNode) and any(city.store.quads_for_pattern(None, path, None)):
            links = [unquote(link) for _, _, link in told["de"].links()]
            local = re.split("[/#]", path.value)[-1]
            assert any(link.startswith("../") and local in link for link in links), rule


def test_the_example_on_the_page_of_a_rule_makes_the_check_say_what_stands_there(public, city, run):
    """One rule of each severity, as somebody would try it out."""
    for rule, severity in (
        ("Event-startDate-order", "Verstoß"),
        ("Organisation-description-length", "Warnung"),
    ):
        page = (public / f"shapes/{rule}.html").read_text()
        file = next(name for name in re.findall(r"<code>(tests/shapes/[^<]+)</code>", page))
        result = run("validate", "--lang", "de", "--notes", ROOT / file, "--root", city)
        said = re.search(r'<blockquote class="said">.*?</blockquote>', page, re.DOTALL)
        words = " ".join("".join(Page(said[0]).text).split())
        message = words.removeprefix(severity).partition(f" Regel: shape:{rule}")[0].strip()
        assert severity in result.stdout and f"shape:{rule}" in result.stdout, result.stdout
        assert message in " ".join(result.stdout.split())


def test_a_city_without_examples_has_its_rules_all_the_same(musterstadt):
    publish(load(musterstadt), musterstadt / "public")
    for path in (musterstadt / "public" / "shapes").glob("*.html"):
        assert "tests/shapes" not in path.read_text()
    assert (musterstadt / "public" / "shapes").is_dir()


def test_every_term_that_the_graph_uses_has_a_page_that_counts_its_uses(tree):
    city = load(ROOT if (tree / "source").exists() else CITIES["musterstadt"])
    complete(city)
    reading = Reading(Site(city))
    own = {quad.subject.value for quad in city.store if text(quad.subject).startswith(city.base + "def#")}
    properties = Counter(quad.predicate.value for quad in city.store)
    classes = Counter(text(quad.object) for quad in city.store.quads_for_pattern(None, TYPE, None))
    for iri in own | set(properties) | set(classes):
        content = " ".join("".join(Page((tree / f"{reading.term_page(iri)}.html").read_text()).text).split())
        if iri in properties:
            assert f"Aussagen mit dieser Eigenschaft: {grouped(properties[iri], 'de')}" in content, iri
        if iri in classes:
            assert f"Einträge dieser Klasse: {grouped(classes[iri], 'de')}" in content, iri


def test_the_page_of_an_own_term_tells_what_it_is_for_and_where_it_is_used(public):
    content = " ".join(re.sub(r"<[^>]*>", " ", (public / "def/counters.html").read_text()).split())
    for words in (
        "arbeitet gegen",
        "Eine Erscheinung, der die Stelle vorbeugt oder entgegentritt.",
        "Gilt für Stelle",
        "Wert Begriff",
        "Rechtsextremismus",
        "Wer wirkt wogegen?",
        "ontology/def.ttl:",
    ):
        assert words in content, words
    links = {link for _, _, link in Page((public / "def/counters.html").read_text()).links()}
    assert {"../shapes/Organisation-counters-class.html", "../queries/wer-wirkt-wogegen.html"} <= links


def test_a_question_leads_to_the_terms_that_it_names(public):
    links = {link for _, _, link in Page((public / "queries/wer-wirkt-wogegen.en.html").read_text()).links()}
    assert {"../def/counters.en.html", "../vocabulary/skos-prefLabel.en.html"} <= links


def test_properties_are_explained_where_they_are_named(public):
    for page in ("doc/gleichstellungsbuero.html", "doc/hansaplatz.en.html"):
        content = (public / page).read_text()
        heads = re.findall(r"<dt>(.*?)</dt>|<h3>(.*?)</h3>", content.partition('id="origin"')[0])
        named = [head for pair in heads for head in pair if 'class="told-of"' in head]
        assert len(named) > 3, page


def test_the_chart_counts_what_the_page_of_a_theme_and_the_question_count(public):
    bars = re.findall(
        r'<li><a class="thing concept" href="([^"]+)">.*?<span class="count">(\d+)</span>',
        (public / "index.html").read_text(),
        re.DOTALL,
    )
    assert len(bars) == 6
    for link, number in bars:
        page = (public / link).read_text()
        told = re.search(r"<h3><a[^>]*>Dafür arbeiten</a>.*?</h3>\n<ul.*?</ul>", page, re.DOTALL)
        assert told and told[0].count("<li>") == int(number), link
    answer = (public / "queries/anzahl-je-thema.html").read_text()
    assert sorted(re.findall(r"<td[^>]*>(\d+)</td></tr>", answer)) == sorted(number for _, number in bars)


@pytest.mark.parametrize("lang", ["", ".en"])
def test_questions_stand_in_the_order_of_what_is_read(public, lang):
    """Not in that of the names of their files, which nobody sees."""
    listed = (public / f"queries{lang}.html").read_text().partition('<ul class="index">')[2]
    questions = re.findall(r'<li><a href="queries/[^"]+">(.*?)</a>', listed)
    asked = re.findall(
        r'<li id="example-[^"]+"><a [^>]+>(.*?)</a>', (public / f"sparql{lang}.html").read_text()
    )
    assert len(questions) > 20
    assert questions == sorted(questions, key=str.lower)
    assert asked == sorted(asked, key=str.lower)


def test_what_a_city_does_not_have_is_not_shown_empty(public, small):
    """A city without events, sources and a basis of its statements speaks of none."""
    start, picture = ((small / f"{name}.html").read_text() for name in ("index", "picture"))
    assert "Wer zu wem gehört: der Graph auf einen Blick" in start and "Wer sich vorstellt" not in start
    assert "</b> Einträge" in start and "</b> Quellen" not in start
    assert '<th scope="col">Mit wem oder was</th></tr>' in picture and "Grundlage" not in picture
    start, picture = ((public / f"{name}.html").read_text() for name in ("index", "picture"))
    assert "Wer sich vorstellt, wofür" in start and "</b> Quellen" in start
    assert '<th scope="col">Grundlage</th></tr>' in picture and '<td data-head="Grundlage">' in picture


def test_answers_have_heads_in_the_language_of_the_reader(public):
    """A variable that has no word of its own would stand there as it is written in the question."""
    for path in (public / "queries").glob("*.html"):
        answer = path.read_text().partition('<h2 id="answer">')[2].partition("</thead>")[0]
        heads = re.findall(r'<th scope="col">(.*?)</th>', answer)
        assert all(head[:1].isupper() for head in heads), (path.name, heads)


def test_no_term_stands_on_a_page_in_another_language():
    """What the graph uses has a name in both languages, be it the engine's or the ontology's."""
    city = load(ROOT)
    derive(city)
    reading = Reading(Site(city))
    used = {quad.predicate.value for quad in city.store}
    used |= {text(quad.object) for quad in city.store.quads_for_pattern(None, TYPE, None)}
    kinds = ("class", "value", "property")
    assert not [
        iri
        for iri in used
        if not any(term(kind, iri, city.base) for kind in kinds) and set(reading.label(iri)) != set(LANGUAGES)
    ]


def test_the_rule_that_a_derived_statement_names_is_one_that_derives_it():
    """The rules are run one by one; what pages say is read from their templates alone."""
    city = load(ROOT)
    graph = NamedNode(city.base + DERIVED)
    owed = []
    for path in city.queries("derive"):
        rule = read(path)
        quads = [Quad(*triple, graph) for triple in ask(city.store, rule.text, city.base)]
        new = [q for q in quads if not any(city.store.quads_for_pattern(q.subject, q.predicate, q.object))]
        city.store.extend(new)
        owed += [(quad, rule.title("de")) for quad in new]
    reading = Reading(Site(city))
    told = [(title, rules_for(reading, quad, "de")) for quad, title in owed]
    assert len(told) > 1000
    assert not [(title, titles) for title, titles in told if title not in titles]
    assert sum(len(titles) == 1 for _, titles in told) > 0.95 * len(told)


def test_derived_statements_are_marked_and_name_their_rule(public):
    content = (public / "doc/gleichstellungsbuero.html").read_text()
    derived = content.partition("Was daraus folgt")[2].partition("</details>")[0]
    assert "Öffentliche Stelle" in derived
    assert re.search(r"Regel: \S+", derived)
    assert "Was daraus folgt" not in content.partition('<section id="origin"')[0]
    for path in public.glob("doc/*.html"):
        told = path.read_text().partition('<details class="derived">')[2].partition("</details>")[0]
        for entry in re.findall(r"<div><dt>.*?</div>", told, re.DOTALL):
            assert "Regel: " in entry or "Rule: " in entry, (path.name, entry)


def test_the_picture_of_the_neighbourhood_leads_to_pages(public):
    content = (public / "doc/gleichstellungsbuero.html").read_text()
    picture = content.partition('<figure class="neighbourhood">')[2].partition("</figure>")[0]
    links = re.findall(r'<a href="([^"]+)"', picture)
    assert len(links) > 5
    assert all((public / "doc" / link).is_file() for link in links)


def test_the_page_of_downloads_lists_what_people_take(public):
    page = Page((public / "data.html").read_text())
    files = [values["href"] for tag, values in page.elements if tag == "a" and "download" in values]
    assert {"download/latest/dataset.ttl", "catalog.rdf", "calendar/events.ics"} <= set(files)
    assert not [name for name in files if name.startswith(("server/", ".htaccess", "robots"))]
    assert not [name for name in files if name.endswith((".br", ".gz")) and not name.startswith("download/")]


def test_the_event_page_reads_like_one(public):
    text = " ".join(
        "".join(Page((public / "doc/projekte-und-koordinierungsstellen-2023.html").read_text()).text).split()
    )
    for words in (
        "So., 7. Mai 2023, 12:00 Uhr",
        "44137",
        "Wer sich vorstellt",
        "Auf der Karte zeigen",
        "erschlossen",
    ):
        assert words in text
    english = (public / "doc/projekte-und-koordinierungsstellen-2023.en.html").read_text()
    assert "Sun 7\u00a0May 2023, 12:00" in english


def test_a_conclusion_is_marked_and_gives_its_reason(public):
    content = (public / "doc/gleichstellungsbuero.html").read_text()
    assert re.search(r'>Gleichstellung</a> <a class="concluded" href="#conclusions"', content)
    assert "Das Thema steht im Namen des Büros" in content
    assert "Zeichen 2833 bis 2852" in content


def test_the_first_page_is_light(tree):
    names = {"index.html"} | {
        link
        for tag, rel, link in Page((tree / "index.html").read_text()).links()
        if tag in ("script", "img", "link") and not {"alternate", "canonical"} & set(rel.split())
    }
    assert sum((tree / name).stat().st_size for name in names) < 100_000


def test_what_the_operator_has_not_filled_in_is_marked(public):
    content = (public / "imprint.html").read_text()
    assert content.count("Noch nicht ausgefüllt") >= 3
    assert "PLATZHALTER" not in content


def test_with_a_repository_an_error_is_reported_there(musterstadt):
    base = "https://example.org/musterstadt/"
    with (musterstadt / "data" / "catalog.ttl").open("a") as file:
        file.write(f"\n<{base}dataset> <https://schema.org/codeRepository> <https://code.example/graph> .\n")
    publish(load(musterstadt), musterstadt / "public")
    content = (musterstadt / "public" / "doc" / "bauhof.html").read_text()
    link = next(v["href"] for t, v in Page(content).elements if v.get("class") == "button")
    assert link.startswith("https://code.example/graph/issues/new?title=")
    assert f"{base}id/bauhof" in unquote(link)
    assert re.search(r"data/organisations\.ttl:\d+", unquote(link))


def test_a_label_that_looks_like_markup_stays_words(musterstadt):
    file = musterstadt / "data" / "organisations.ttl"
    evil = "</title><script>alert(1)</script>\\\"'><img src=x onerror=alert(1)>&"
    file.write_text(file.read_text().replace('"Bauhof"@de', f'"{evil}"@de'))
    publish(load(musterstadt), musterstadt / "public")
    for path in pages(musterstadt / "public"):
        page = Page(path.read_text())
        if "alert(1)" in path.read_text():
            StrictParser(strict=True, namespaceHTMLElements=False).parse(path.read_text())
        assert all(tag != "img" or "onerror" not in values for tag, values in page.elements), path
        assert all(tag != "script" or "src" in values or "type" in values for tag, values in page.elements)
    assert "alert(1)" in "".join(Page((musterstadt / "public/doc/bauhof.html").read_text()).text)
    index = (musterstadt / "public" / "search.de.js").read_text()
    assert json.loads(index.removeprefix("window.searchIndex = ").rstrip(";\n"))


def test_a_link_that_is_no_web_address_is_not_followed(musterstadt):
    file = musterstadt / "data" / "organisations.ttl"
    file.write_text(file.read_text() + "\nid:bauhof <https://schema.org/url> <javascript:alert(1)> .\n")
    publish(load(musterstadt), musterstadt / "public")
    assert "javascript:" not in (musterstadt / "public/doc/bauhof.html").read_text()


def test_two_things_that_want_one_file_get_a_sentence(run, musterstadt):
    file = musterstadt / "data" / "organisations.ttl"
    office = '\nid:bauhof.en a org:OrganizationalUnit ;\n    skos:prefLabel "A"@de , "B"@en .\n'
    file.write_text(file.read_text() + office)
    result = run("publish", "--root", musterstadt)
    assert result.returncode == 2
    assert "Two things would get the same file doc/bauhof.en.html" in result.stderr


def test_sentences_stand_in_both_languages_and_are_used():
    code = "".join(p.read_text() for p in SITE.rglob("*") if p.suffix in (".py", ".html", ".svg"))
    shacl = "".join(path.read_text() for path in (SITE.parent / "shacl").glob("*.py"))
    for key, texts in sentences().items():
        assert set(texts) == set(LANGUAGES), key
        fields = [sorted(re.findall(r"\{(\w+)\}", text)) for text in texts.values()]
        assert fields[0] == fields[1], key
        stem = re.sub(r"-(intro|help|Violation|Warning|Info|[YMDH]|de|en)$", "", key)
        # What rules ask for has its words by the names that SHACL has for it.
        part, _, name = key.removesuffix("-true").partition("-")
        of_shacl = part in ("condition", "kind", "path") and re.search(rf"\b{name}\b", shacl)
        assert of_shacl or re.search(f"[\"']{key}[\"']|[\"']{stem}[\"'-]", code), key


@pytest.mark.parametrize(
    ("value", "german", "english"),
    [
        ("2023-05-07T12:00:00+02:00", "So., 7.\u00a0Mai 2023, 12:00\u00a0Uhr", "Sun 7\u00a0May 2023, 12:00"),
        ("2023-05-07", "So., 7.\u00a0Mai 2023", "Sun 7\u00a0May 2023"),
        ("2002-02", "Februar 2002", "February 2002"),
        ("1995", "1995", "1995"),
        ("2023-13-01", "2023-13-01", "2023-13-01"),
        ("2023-02-30", "2023-02-30", "2023-02-30"),
        ("bald", "bald", "bald"),
    ],
)
def test_dates_are_written_as_people_write_them(value, german, english):
    assert point_in_time(value, Words("de"), weekday=True) == german
    assert point_in_time(value, Words("en"), weekday=True) == english


def test_a_period_names_a_day_once():
    start, end = "2023-05-07T12:00:00+02:00", "2023-05-07T18:00:00+02:00"
    assert period(start, end, Words("de")) == "So., 7.\u00a0Mai 2023, 12:00–18:00\u00a0Uhr"
    assert period(start, end, Words("en")) == "Sun 7\u00a0May 2023, 12:00–18:00"
    assert (
        period("2023-05-05", "2023-05-07", Words("de")) == "Fr., 5.\u00a0Mai 2023 bis So., 7.\u00a0Mai 2023"
    )


def test_numbers_durations_and_answers_are_written_out():
    xsd = "http://www.w3.org/2001/XMLSchema#"

    def written(value, kind, lang):
        from pyoxigraph import NamedNode

        return literal(Literal(value, datatype=NamedNode(xsd + kind)), Words(lang))

    assert written("P10Y", "duration", "de") == "10 Jahre"
    assert written("true", "boolean", "en") == "yes"
    assert written("12345", "integer", "de") == "12.345"
    assert written("51.5", "decimal", "de") == "51,5"


def test_addresses_are_relative_from_any_depth():
    assert address("doc/a.html") == "doc/a.html"
    assert address("doc/a.html", "graph/x/y") == "../../doc/a.html"
    assert address("doc/a b#c d") == "doc/a%20b#c%20d"


def test_words_are_folded_for_order_and_search():
    assert folded("Büro für Großes") == folded("BUERO FUER GROSSES") == "buero fuer grosses"


def test_a_page_names_its_place_on_the_web_and_its_languages(public, site):
    for name, german in (("index", ""), ("doc/hansaplatz", "doc/hansaplatz.html")):
        for file in (f"{name}.html", f"{name}.en.html"):
            head = [values for tag, values in Page((public / file).read_text()).elements if tag == "link"]
            found = {values["hreflang"]: values["href"] for values in head if "hreflang" in values}
            english = site.base + f"{name}.en.html"
            assert found == {"de": site.base + german, "en": english, "x-default": site.base + german}
            (own,) = [values["href"] for values in head if values["rel"] == "canonical"]
            assert own == (english if ".en." in file else site.base + german)


def test_without_a_contact_no_page_promises_to_take_reports(public):
    assert "melden" not in (public / "index.html").read_text()
    assert not [path for path in pages(public) if "Meldestelle" in path.read_text()]


def test_the_line_of_a_file_stands_only_where_the_origin_is_told(public):
    before, _, after = (public / "doc/hansaplatz.html").read_text().partition('id="origin"')
    place = r"<code>data/[^<]*:\d+</code>"
    origin, _, rest = after.partition("<aside")
    assert re.search(place, origin) and not re.search(place, before + rest)


def test_calendars_are_listed_by_name(public):
    content = (public / "data.html").read_text()
    assert ">Stadt Dortmund (auf Deutsch)</a>" in content
    assert ">calendar/" not in content


def test_the_index_of_bodies_begins_with_those_of_the_city(public):
    headings = re.findall("<h2>(.*?)</h2>", (public / "list/body.html").read_text())
    assert headings[0] == "Ämter, Büros und Gremien"
    assert "Körperschaften und Vereine" in headings


def test_web_editors_are_led_to_the_lines_to_paste(public):
    content = (public / "index.html").read_text()
    file, anchor = re.search(r'href="([^"#]+)#(einbetten)"', content).groups()
    assert f'id="{anchor}"' in (public / file).read_text()


def test_what_the_editors_concluded_is_marked_before_its_own_page(public):
    """As the graph of the editors has it: the date, who presents, and the themes of the bodies."""
    site = Site(load(ROOT))
    graph = NamedNode(site.base + "graph/editorial")
    event = NamedNode(site.base + "id/projekte-und-koordinierungsstellen-2023")
    schema, purpose = VOCABULARIES["schema"], NamedNode(VOCABULARIES["org"] + "purpose")
    assert any(site.store.quads_for_pattern(event, NamedNode(schema + "startDate"), None, graph))
    performers = list(site.store.quads_for_pattern(event, NamedNode(schema + "performer"), None, graph))
    mark = '<a class="concluded" href="doc/'
    for lang, ending in (("de", ".html"), ("en", ".en.html")):
        start, themes = ((public / f"{name}{ending}").read_text() for name in ("index", "theme"))
        assert start.count(mark) == 1 + len(performers) == 2
        assert re.search(rf'class="when">[^<]*{mark}', start)
        assert themes.count(mark) == len(list(site.store.quads_for_pattern(None, purpose, None, graph)))
        for page in (start, themes):
            assert Words(lang)("chart-concluded-all") in page
    listed = (public / "list/event.html").read_text()
    assert re.search(r"7\. Mai 2023, 12:00 Uhr \(erschlossen\)", listed.replace("\u00a0", " "))


def test_the_record_names_what_it_tells_of(public):
    """A kind is no name, and a row says something."""
    for ending, missing in ((".html", "Noch nicht ausgefüllt"), (".en.html", "Not filled in yet")):
        content = (public / f"catalog{ending}").read_text()
        rows = re.findall(r'<div id="([^"]+)"><dt>(.*?)</dt>\n(.*?)</div>', content, re.DOTALL)
        told = {anchor: (name, said) for anchor, name, said in rows}
        assert not [anchor for anchor, (_, said) in told.items() if "<dd>–</dd>" in said]
        assert all(
            missing in told[anchor][1]
            for anchor in ("accessibility", "contact", "data-protection", "imprint")
        )
        assert told["publisher"][0] in ("Stadt Dortmund", "City of Dortmund")
        assert len(told["provenance"][0]) < 40 < len(told["provenance"][1])
        dataset = (public / f"dataset{ending}").read_text()
        assert "catalog.html#contact" not in dataset
        assert missing in dataset


@pytest.mark.parametrize("name", ["imprint", "data-protection", "accessibility"])
def test_visitors_are_not_told_what_the_operator_has_to_do(public, name):
    for ending in (".html", ".en.html"):
        assert "catalog.ttl" not in (public / f"{name}{ending}").read_text()


def test_the_pages_of_the_law_have_a_place_for_all_that_it_asks(public, musterstadt):
    """What nobody has filled in is marked, and what the record says takes its place."""
    accessibility = (public / "accessibility.html").read_text()
    for words in ("EN 301 549", "BITV 2.0", "WCAG 2.2", "Stand der Vereinbarkeit", "Durchsetzungsverfahren"):
        assert words in accessibility
    protection = (public / "data-protection.html").read_text()
    for words in ("Verantwortlich", "Rechtsgrundlage", "Rechte", "Aufsichtsbehörde"):
        assert words in protection
    record = "https://example.org/musterstadt/catalog"
    with (musterstadt / "data" / "catalog.ttl").open("a") as file:
        file.write(f"\n<{record}> a dcat:Catalog .\n")
        barriers = f"<{record}#accessibility-barriers> <https://schema.org/description>"
        file.write(f'{barriers} "Kein Ton"@de , "No sound"@en .\n')
    publish(load(musterstadt), musterstadt / "public")
    assert "<dd>Kein Ton</dd>" in (musterstadt / "public" / "accessibility.html").read_text()


def test_a_conclusion_does_not_read_as_the_end_in_english(public):
    content = (public / "doc/gleichstellungsbuero.en.html").read_text()
    marks = re.findall(r'<a class="concluded" [^>]*title="([^"]*)">([^<]*)</a>', content)
    assert marks
    assert {words for _, words in marks} <= {"inferred", "all inferred"}
    assert {help_ for help_, _ in marks} == {"Inferred by the editors, reason below"}


def test_who_takes_the_file_learns_between_which_lines_it_belongs(public):
    for page, words in (
        ("doc/gleichstellungsbuero.html", "zwischen die der Inhalt gehört"),
        ("doc/gleichstellungsbuero.en.html", "between which its content belongs"),
    ):
        assert words in (public / page).read_text()


def test_pages_speak_in_words(public):
    """How reliable a source is, which way a statement goes, and terms with the page that explains them."""
    source = (public / "source/dortbunt-2023-city-1200-13.html").read_text()
    assert "A – eigene Seite der Stelle oder der Stadt" in source
    answer = (public / "queries/alles-ueber.html").read_text()
    assert "von hier" in answer and "hierher" in answer
    assert re.search(r'<a href="\.\./vocabulary/[^"]+\.html"', answer)
    assert not re.search(r'<td data-head="[^"]*"></td>', answer)
    assert "from here" in (public / "queries/alles-ueber.en.html").read_text()
    rule = (public / "shapes/Event-startDate-order.html").read_text()
    assert 'class="also" lang="en"' not in rule
    assert rule.index('class="small" lang="en"') > rule.index("Was die Regel verlangt")
