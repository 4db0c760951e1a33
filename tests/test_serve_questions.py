"""The documented questions as an API: typed parameters, checked values, every form, all as described."""

import csv
import io
import json
import re
import subprocess
import sys
from html import unescape
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import QueryResultsFormat, RdfFormat, parse, parse_query_results

from stadtgraph.queries import Kind, ask, fill, read, write

ROOT = Path(__file__).resolve().parent.parent
QUESTIONS = {path.stem: read(path) for path in sorted((ROOT / "queries").glob("*.rq"))}
RUN = [slug for slug, question in QUESTIONS.items() if not question.only_documented]
TABLES = {"csv": "text/csv", "tsv": "text/tab-separated-values"}
TABLES |= {"json": "application/sparql-results+json", "xml": "application/sparql-results+xml"}
GRAPHS = {"ttl": "text/turtle", "nt": "application/n-triples"}
GRAPHS |= {"rdf": "application/rdf+xml", "jsonld": "application/ld+json"}
FORMS = {"SELECT": TABLES, "ASK": {form: TABLES[form] for form in ("json", "xml")}}
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.fixture(scope="module")
def real(start, public):
    """A server of the real city."""
    return start(public)


def asked(server, path, accept="*/*", **parameters):
    query = f"?{urlencode(parameters)}" if parameters else ""
    return server.ask(f"/queries/{path}{query}", Accept=accept, Accept_Language="en")


def table(answer):
    assert answer.status == 200, answer.text
    return list(csv.reader(io.StringIO(answer.text)))


def test_the_columns_of_an_answer_are_called_as_the_question_says(server):
    """On the published page and on one that the server answers; data keep the names of the variables."""
    for path, heads in (
        ("aemter.html", ["Amt"]),
        ("aemter.html?lang=de", ["Amt", "Name"]),
        ("aemter.en.html?lang=en", ["Office", "Name"]),
    ):
        answer = server.ask(f"/queries/{path}", Accept="text/html")
        told = answer.text.partition("<thead>")[2].partition("</thead>")[0]
        assert re.findall(r'<th scope="col">(.*?)</th>', told) == heads, path
    assert server.ask("/queries/aemter.csv").text.splitlines()[0] == "office,name"


def triples(content, form):
    return {str(quad.triple) for quad in parse(content, form, base_iri="https://base.example/")}


@pytest.mark.parametrize("slug", RUN)
def test_each_question_is_answered_as_on_the_command_line(real, site, slug):
    question = QUESTIONS[slug]
    values = {one.name: one.example for one in question.parameters}
    answer = ask(site.store, fill(question, values, site.base), site.base)
    if question.form in FORMS:
        form = "json" if question.form == "ASK" else "csv"
        for given_values in ({}, values):
            assert asked(real, f"{slug}.{form}", **given_values).content == write(answer, form, site.base)
            answer = ask(site.store, fill(question, values, site.base), site.base)
    else:
        found = asked(real, f"{slug}.nt", **values).content
        assert {str(quad.triple) for quad in parse(found, RdfFormat.N_TRIPLES)} == {
            str(one) for one in answer
        }


@pytest.mark.parametrize("slug", ["wer-stellt-sich-vor", "gehoert-zum-amt", "organigramm", "steckbrief"])
def test_each_form_has_its_registered_media_type_and_says_the_same(real, slug):
    forms = FORMS.get(QUESTIONS[slug].form, GRAPHS)
    told = set()
    for form, media in forms.items():
        answer = asked(real, f"{slug}.{form}")
        assert answer.status == 200 and answer.headers["content-type"].partition(";")[0] == media
        same = asked(real, slug, media)
        assert (same.content, same.headers["content-type"]) == (
            answer.content,
            answer.headers["content-type"],
        )
        if forms is GRAPHS:
            told.add(frozenset(triples(answer.content, RdfFormat.from_media_type(media))))
        elif form in ("json", "xml"):
            found = parse_query_results(answer.content, QueryResultsFormat.from_media_type(media))
            told.add(str(bool(found) if slug == "gehoert-zum-amt" else len(list(found))))
    assert len(told) == 1


@pytest.mark.parametrize("form", ["ttl", "html5", "xlsx", "rq.csv", "en.csv"])
def test_a_form_that_does_not_exist_is_not_found(real, form):
    answer = asked(real, f"suche.{form}", "text/plain")
    assert answer.status == 404
    if form == "ttl":
        assert "csv, tsv, json, xml" in answer.text


def test_a_question_to_a_foreign_endpoint_is_not_asked(real):
    slug = next(slug for slug, question in QUESTIONS.items() if question.only_documented)
    answer = asked(real, f"{slug}.csv", "text/plain")
    assert answer.status == 404 and "foreign endpoint" in answer.text
    assert asked(real, slug, BROWSER).status == 200
    assert slug not in real.ask("/openapi.json").text


def test_a_value_takes_the_place_of_the_default(real):
    rows = table(asked(real, "suche.csv", text="HANSAPLATZ"))
    assert rows[0] == ["thing", "property", "label"]
    assert len(rows) > 3 and all("hansaplatz" in row[2].lower() for row in rows[1:])
    body = "https://w3id.org/dortbunt/id/sophia"
    for name in ("sophia", "id:sophia", body):
        assert table(asked(real, "alles-ueber.csv", thing=name))[1:]


def test_a_value_that_matches_nothing_gives_an_empty_answer(real):
    assert len(table(asked(real, "suche.csv", text="xyzzy"))) == 1
    assert len(table(asked(real, "alles-ueber.csv", thing="https://elsewhere.example/nobody"))) == 1


def test_a_thing_of_the_city_that_there_is_not_is_refused_with_those_that_come_near(real):
    for name in ("sofia", "id:sofia", "https://w3id.org/dortbunt/id/sofia"):
        answer = asked(real, "alles-ueber.csv", "application/json", thing=name, lang="de")
        assert answer.status == 404
        told = json.loads(answer.content)
        assert name in told["detail"] and "thing" in told["detail"]
        assert "https://w3id.org/dortbunt/id/sophia" in {one["id"] for one in told["near"]}
    page = asked(real, "alles-ueber.html", BROWSER, thing="sofia", lang="de")
    assert page.status == 404 and "alles-ueber.html?thing=sophia&amp;lang=de" in page.text
    assert asked(real, "organigramm.nt", root="nobody").status == 404


@pytest.mark.parametrize(
    ("path", "query", "sentence"),
    [
        ("suche.csv", "txt=a", "has no parameter txt. Nearest is text"),
        ("suche.csv", "text=a&foo=b", "has no parameter foo. Possible are: text"),
        ("suche.csv", "text=a&text=b", "text occurs several times"),
        ("quellen.csv", "lang=fr", "fr is not provided for the parameter lang. Possible are: de, en"),
        ("was-geschieht-wo.csv", "day=7.5.2023", "7.5.2023 does not fit the parameter day"),
        ("was-geschieht-wo.csv", "day=2023-02-30", "does not fit the parameter day"),
        ("organigramm.ttl", "root=" + quote("a> ?p ?o } #"), "does not fit the parameter root"),
        ("organigramm.ttl", "root=", "does not fit the parameter root"),
        ("suche.csv", "text=" + "a" * 2001, "more than 2000 characters"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_the_way_out(real, path, query, sentence):
    answer = real.ask(f"/queries/{path}?{query}", Accept="text/plain", Accept_Language="en")
    assert (answer.status, sentence in answer.text) == (400, True), answer.text
    german = real.ask(f"/queries/{path}?{query}", Accept="text/html", Accept_Language="de")
    assert german.status == 400 and '<html lang="de">' in german.text
    problem = real.ask(f"/queries/{path}?{query}", Accept="application/problem+json")
    assert json.loads(problem.text)["status"] == 400


EVIL = [
    '" } #',
    '"} UNION { ?s ?p ?o } #',
    "\\u0022 } SELECT",
    "' } ; DROP ALL #",
    "inklusion\n} SERVICE <http://127.0.0.1:9/> {",
    "<script>alert(1)</script>",
    "\x00",
    'VALUES ?text { "a" }',
]


@pytest.mark.parametrize("value", EVIL)
def test_no_value_is_read_as_part_of_the_query(real, value):
    assert len(table(asked(real, "suche.csv", text=value))) == 1
    answer = asked(real, "suche", BROWSER, text=value)
    assert answer.status == 200 and "<script>alert" not in answer.text
    assert asked(real, "organigramm.nt", "text/plain", root=value).status == 400


@settings(max_examples=60)
@given(st.dictionaries(st.sampled_from(["text", "lang", "x"]) | st.text(max_size=5), st.text(max_size=30)))
def test_whatever_is_asked_the_answer_is_one_or_a_reason(real, parameters):
    answer = real.ask(f"/queries/suche.csv?{urlencode(parameters)}")
    assert answer.status == (200 if set(parameters) <= {"text"} else 400), answer.text


def test_a_browser_gets_the_page_with_the_live_answer_and_a_form(real):
    answer = asked(real, "suche", BROWSER, text="Hansa<b>platz")
    assert answer.status == 200 and 'value="Hansa&lt;b&gt;platz"' in answer.text
    answer = asked(real, "suche.html", text="hansaplatz")
    assert re.search(r'<a href="\.\./doc/hansaplatz\.html">Hansaplatz</a>', answer.text)
    assert 'href="suche.csv?text=hansaplatz"' in answer.text
    english = asked(real, "suche.en.html", text="hansaplatz")
    assert '<html lang="en">' in english.text and "../doc/hansaplatz.en.html" in english.text
    assert "unsafe" not in english.headers["content-security-policy"]


def test_without_values_the_page_is_the_published_one_with_a_form(real, public):
    answer = asked(real, "wer-stellt-sich-vor.html")
    published = (public / "queries" / "wer-stellt-sich-vor.html").read_text()
    form = re.search(r'<form class="ask values".*?</form>\n?', answer.text, re.DOTALL)[0]
    assert answer.text.replace(form, "<!--parameters-->") == published
    assert re.search(
        r'<option value="de" selected>Deutsch</option>\s*<option value="en">Englisch</option>', form
    )
    assert 'value="projekte-und-koordinierungsstellen-2023"' in form


@pytest.mark.parametrize(("lang", "ending"), [("de", ".html"), ("en", ".en.html")])
def test_things_that_can_be_asked_for_are_offered_by_name(real, site, lang, ending):
    page = asked(real, f"wer-stellt-sich-vor{ending}").text
    chosen = re.search(r'<select id="value-event".*?</select>', page, re.DOTALL)[0]
    usual, others = chosen.split("<optgroup")
    offered = r'<option value="([^"]+)"(?: selected)?>([^<]+)</option>'
    events, things = dict(re.findall(offered, usual)), dict(re.findall(offered, others))
    assert len(events) > 3 and "gleichstellungsbuero" in things and not events.keys() & things.keys()
    assert re.search(r'value="projekte-und-koordinierungsstellen-2023" selected', usual)
    for slug in events:
        assert asked(real, "wer-stellt-sich-vor.csv", event=slug).status == 200
    assert '<input id="value-text"' in asked(real, f"suche{ending}").text


def test_a_value_that_is_not_on_offer_stays_in_the_form(real):
    page = asked(real, "wer-stellt-sich-vor.html", event="<https://example.org/x>").text
    assert '<option value="&lt;https://example.org/x&gt;" selected>' in page


def test_what_was_published_beside_the_answers_is_still_there(real, public):
    for name in ("suche.rq", "suche.csv"):
        assert asked(real, name).content == (public / "queries" / name).read_bytes()
    assert asked(real, "unknown.csv").status == 404
    assert real.ask("/queries/suche.csv", "POST", b"").status == 405
    assert real.ask("/queries/suche.csv?text=a", "HEAD").content == b""


def test_the_same_answer_is_not_sent_twice(real):
    answer = asked(real, "suche.csv", text="hansaplatz")
    again = real.ask("/queries/suche.csv?text=hansaplatz", If_None_Match=answer.headers["etag"])
    assert (again.status, again.content) == (304, b"")


def test_the_description_names_every_question_with_its_parameters(real):
    described = json.loads(real.ask("/openapi.json").content)
    assert described["openapi"].startswith("3.1")
    assert set(described["paths"]) == {f"/queries/{slug}.{{form}}" for slug in RUN}
    for slug in RUN:
        operation = described["paths"][f"/queries/{slug}.{{form}}"]["get"]
        form, *parameters = operation["parameters"]
        assert form["schema"]["enum"] == list(FORMS.get(QUESTIONS[slug].form, GRAPHS))
        assert [one["name"] for one in parameters] == [one.name for one in QUESTIONS[slug].parameters]
        for parameter, known in zip(parameters, QUESTIONS[slug].parameters, strict=True):
            assert parameter["example"] == known.example and parameter["description"]
            assert ("format" in parameter["schema"]) == (known.kind is Kind.DATE)
    german = json.loads(real.ask("/openapi.json", Accept_Language="de").content)
    assert german["paths"]["/queries/suche.{form}"]["get"]["summary"] == "Suche in allen Namen"


def test_the_description_holds(real):
    """Schemathesis asks what the description allows and what it forbids, and checks every answer by it."""
    kinds = "suche|was-geschieht-wo|organigramm|gehoert-zum-amt|quellen|steckbrief|anzahl-je-klasse"
    command = [
        Path(sys.executable).parent / "schemathesis",
        "run",
        f"http://127.0.0.1:{real.port}/openapi.json",
    ]
    command += ["--checks", "all", "--max-examples", "5", "--generation-deterministic", "--no-color"]
    command += ["--include-path-regex", rf"/({kinds})\.", "--suppress-health-check", "all"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stdout[-3000:]
    assert "Tested: 7" in result.stdout


@pytest.mark.parametrize("recipe", ["pandas", "sparqlwrapper", "rdflib"])
@pytest.mark.parametrize("lang", ["", ".en"])
def test_a_recipe_runs_as_printed(real, public, recipe, lang):
    """Only the address differs: that of this server in the place of the city's."""
    page = (public / f"sparql{lang}.html").read_text()
    endpoint = re.search(r'<code class="endpoint">([^<]+)</code>', page)[1]
    code = unescape(re.search(rf'<pre id="recipe-{recipe}"[^>]*><code>(.*?)</code>', page, re.DOTALL)[1])
    assert len(code.splitlines()) == 5 and endpoint in code
    code = code.replace(endpoint, f"http://127.0.0.1:{real.port}/sparql")
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    assert "http://www.w3.org/2004/02/skos/core#Concept" in result.stdout


def test_the_form_is_answered_where_it_was_published(real, public):
    query = urlencode({"query": "SELECT ?name { id:hansaplatz schema:name ?name }", "lang": "en"})
    for path in ("sparql", "sparql.en.html"):
        answer = real.ask(f"/{path}?{query}&format=html")
        assert answer.status == 200 and '<html lang="en">' in answer.text and "<td>Hansaplatz" in answer.text
    lead = real.ask(f"/sparql.html?{query}&format=csv")
    assert lead.status == 303 and lead.headers["location"].startswith("sparql?query=SELECT+")
    assert real.ask(f"/{lead.headers['location']}").headers["content-type"].startswith("text/csv")
    assert real.ask(f"/sparql.html?{query}&{query}").status == 400
    assert real.ask("/sparql.html").content == (public / "sparql.html").read_bytes()


def rows_of(answer):
    return re.search(r'<section id="answer".*?</section>', answer.text, re.DOTALL)[0].count("<tr>")


def test_a_long_answer_is_cut_and_says_so(real):
    everything = urlencode({"query": "SELECT ?s ?p ?o WHERE { ?s ?p ?o }", "format": "html", "lang": "en"})
    answer = real.ask(f"/sparql?{everything}")
    assert rows_of(answer) == 501
    assert re.search(r"The first 500 rows of [\d,]{5,} rows are shown", answer.text)
    graph = urlencode({"query": "CONSTRUCT WHERE { ?s ?p ?o }", "format": "html", "lang": "de"})
    answer = real.ask(f"/sparql?{graph}")
    assert rows_of(answer) == 501 and '<th scope="col">Eigenschaft</th>' in answer.text
    yes = urlencode({"query": "ASK { ?s ?p ?o }", "format": "html", "lang": "de"})
    assert '<p class="truth">Ja</p>' in real.ask(f"/sparql?{yes}").text


@pytest.mark.parametrize(
    ("lang", "words"), [("de", "“, Zeichen 132 bis 142</a>"), ("en", "”, characters 132 to 142</a>")]
)
def test_a_passage_has_the_name_of_its_source(real, lang, words):
    """No bare address stands where people read; it leads to the passage."""
    described = urlencode({"query": "DESCRIBE id:hansaplatz", "format": "html", "lang": lang})
    answer = real.ask(f"/sparql?{described}").text
    assert '<a href="source/dortbunt-2023-city-1200-13#char=132,142">' in answer
    assert words in answer and ">source:dortbunt" not in answer and "13#char=132,142</a>" not in answer


def test_what_a_query_or_an_answer_holds_stays_words(real):
    evil = "</textarea><script>alert(1)</script>"
    for query in (
        f'SELECT ("{evil}" AS ?x) {{}}',
        evil,
        f'SELECT (IRI("javascript:alert(1)") AS ?x) {{}} # {evil}',
    ):
        parameters = urlencode({"query": query, "format": "html", "lang": "de"})
        answer = real.ask(f"/sparql?{parameters}")
        assert "<script>alert" not in answer.text and 'href="javascript:' not in answer.text
