"""The page for own questions in a real browser: with the query editor, and without any script."""

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

pytestmark = pytest.mark.dear
ROOT = Path(__file__).resolve().parents[2]
WIDTHS = {"phone": 390, "desktop": 1280}
FETCHED = (ROOT / ".cache" / "editor" / "ready").is_file()
with_editor = pytest.mark.skipif(not FETCHED, reason="the query editor was not fetched: make editor")
PAGES = {"de": "sparql.html", "en": "sparql.en.html"}


@pytest.fixture(scope="module")
def server(start, public):
    return start(public)


@pytest.fixture
def visit(browser, server):
    """Open pages of the server; none may complain, ask another host or leave a trace in the browser."""
    opened = []

    def visit(path, width=1280, scheme="light", script=True, expected=()):
        context = browser.new_context(
            locale="de",
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            java_script_enabled=script,
        )
        page = context.new_page()
        page.trouble, page.asked, page.expected = [], [], expected
        page.on("console", lambda message: page.trouble.append(message.text))
        page.on("pageerror", lambda error: page.trouble.append(str(error)))
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto(f"http://127.0.0.1:{server.port}/{path}")
        opened.append(page)
        return page

    yield visit
    for page in opened:
        here = f"http://127.0.0.1:{server.port}/"
        assert all(url.startswith(here) for url in page.asked), page.asked
        assert not [line for line in page.trouble if not any(word in line for word in page.expected)]
        assert not page.context.cookies()
        if page.evaluate("typeof Yasgui") != "undefined":
            assert page.evaluate("localStorage.length + sessionStorage.length") == 0
        page.context.close()


def ask(page, query=None):
    """Put a question into the editor and ask it by keyboard."""
    if query is not None:
        put(page, query)
    page.click(".CodeMirror")
    page.keyboard.press("Control+Enter")


def put(page, query):
    page.evaluate("text => document.querySelector('.CodeMirror').CodeMirror.setValue(text)", query)


def faults(page):
    found = Axe().run(page, options={"preload": False, "resultTypes": ["violations"]}).response["violations"]
    return [(one["id"], [node["html"][:160] for node in one["nodes"][:3]]) for one in found]


@with_editor
@pytest.mark.parametrize(
    ("lang", "scheme", "width"),
    [
        ("de", "light", "phone"),
        ("de", "dark", "desktop"),
        ("en", "light", "desktop"),
        ("en", "dark", "phone"),
    ],
)
def test_a_question_is_asked_and_its_table_seen(visit, lang, scheme, width):
    page = visit(PAGES[lang], WIDTHS[width], scheme)
    page.click("#ask button[type=submit]")
    page.wait_for_selector(".yasr table.dataTable tbody tr:nth-child(10)")
    assert "skos:Concept" in page.inner_text(".yasr tbody")
    assert not faults(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= WIDTHS[width]
    told = page.inner_text("#answer")
    assert ("Zeilen je Seite" if lang == "de" else "Rows per page") in told
    assert not re.search(
        r"Simple view|Ellipse|Page size" if lang == "de" else r"Ellipse|Page size|Zeile", told
    )


CONTRAST = """element => {
  const light = (color) => {
    const parts = color.match(/[\\d.]+/g).map(Number);
    const linear = (part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    const [r, g, b] = parts.map((part) => linear(part / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const paper = light(getComputedStyle(document.body).backgroundColor);
  const ratio = (style) => {
    const ink = light(style.color) * style.opacity + paper * (1 - style.opacity);
    return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
  };
  return ratio(getComputedStyle(element, PART));
}"""


@with_editor
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_steers_the_table_can_be_seen(visit, scheme):
    page = visit("sparql.html", scheme=scheme)
    put(page, "SELECT * { ?s ?p ?o } LIMIT 200")
    page.click("#ask button[type=submit]")
    page.wait_for_selector(".yasr .dt-paging button")
    for selector, part in (
        (".yasr .dt-paging button", "null"),
        (".yasr th .dt-column-order", '"::before"'),
        (".yasr .tableControls input[type=search], .yasr .tableControls .tableFilter", '"::placeholder"'),
    ):
        found = page.locator(selector)
        assert found.count(), selector
        for one in found.all():
            assert one.evaluate(CONTRAST.replace("PART", part)) >= 3, (selector, one.inner_html())


@with_editor
@pytest.mark.parametrize(
    "query", ["SELECT * { ?s ?p ?o } LIMIT 3", "SELECT nonsense"], ids=["answer", "fault"]
)
def test_what_was_asked_comes_into_view_with_its_answer(visit, query):
    page = visit("sparql.html", 390, expected=["400"])
    put(page, query)
    page.locator("#ask button[type=submit]").press("Enter")
    page.wait_for_selector("#answer h2")
    page.wait_for_function("document.activeElement.matches('#answer h2')")
    assert 0 <= page.locator("#answer h2").bounding_box()["y"] < 300


@with_editor
def test_a_ready_made_question_is_inserted_and_taken_home(visit, server):
    page = visit("sparql.html")
    page.select_option("#example", label="Wer stellt sich vor?")
    ask(page)
    page.wait_for_selector(".yasr table.dataTable a.iri")
    assert page.locator(".yasr tbody tr").count() == 12
    with page.expect_download() as download:
        page.click("#answer .formats a >> text=CSV")
    content = Path(download.value.path()).read_text()
    assert content.startswith("body,name,basis") and len(content.splitlines()) == 13
    link = page.get_attribute("#answer .formats a >> text=Link auf diese Frage", "href")
    again = visit(link.removeprefix(f"http://127.0.0.1:{server.port}/"), script=False)
    assert again.locator("#answer tbody tr").count() == 12


@with_editor
def test_what_the_graph_describes_leads_to_its_page_here(visit, server):
    page = visit("sparql.html")
    ask(page, "SELECT ?place { VALUES ?place { id:hansaplatz } ?place a ?class } LIMIT 1")
    with page.context.expect_page() as opened:
        page.click(".yasr a.iri")
    opened.value.wait_for_load_state()
    assert opened.value.url == f"http://127.0.0.1:{server.port}/doc/hansaplatz.html"


@with_editor
def test_a_page_of_a_question_opens_it_in_the_editor(visit):
    page = visit("queries/organigramm.html")
    page.click("text=Im Editor öffnen")
    page.wait_for_selector(".CodeMirror")
    assert "CONSTRUCT" in page.inner_text(".CodeMirror")
    ask(page)
    page.wait_for_selector(".yasr table.dataTable a.iri")
    page.click("text=Rohe Antwort")
    page.wait_for_selector(".yasr .CodeMirror")
    assert "org:unitOf" in page.inner_text(".yasr")
    offered = page.locator("#answer .formats a").all_inner_texts()
    assert offered[:4] == ["Turtle", "N-Triples", "RDF/XML", "JSON-LD"]
    assert not faults(page)


@with_editor
def test_known_prefixes_are_declared_by_themselves(visit):
    page = visit("sparql.html")
    page.evaluate("document.querySelector('.CodeMirror').CodeMirror.setValue('')")
    page.click(".CodeMirror")
    page.keyboard.insert_text("ASK { ?office org:unitOf ?above }")
    page.evaluate(
        "cm => document.querySelector('.CodeMirror').CodeMirror.setValue('ASK { ?a org:unitOf ?b }')"
    )
    page.wait_for_function("document.querySelector('.CodeMirror').innerText.includes('PREFIX org:')")
    assert page.locator(".parseErrorIcon").count() == 0
    ask(page)
    page.wait_for_selector(".yasr .yasr_results :text-matches('true', 'i')")
    assert not faults(page)


@with_editor
def test_known_prefixes_are_not_marked_as_faults_beside_an_answer(visit):
    page = visit("sparql?query=ASK+{+?office+org:unitOf+?above+}")
    page.wait_for_selector(".CodeMirror :text('unitOf')")
    page.wait_for_selector("#answer .truth")
    assert page.locator(".parseErrorIcon").count() == 0


@with_editor
@pytest.mark.parametrize(("lang", "told"), [("de", "Zeile 1, Spalte"), ("en", "Line 1, column")])
def test_a_fault_is_told_in_the_language_of_the_page(visit, lang, told):
    page = visit(PAGES[lang], expected=["400 (Bad Request)"])
    ask(page, "SELECT * WHERE { ?s ?p")
    page.wait_for_selector("#answer .fault")
    assert told in page.inner_text("#answer .fault")
    assert not faults(page)


@with_editor
def test_the_editor_is_left_by_keyboard(visit):
    page = visit("sparql.html")
    page.click(".CodeMirror")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "format"
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.closest('.CodeMirror') !== null")
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.id") == "example"


@pytest.mark.parametrize(("lang", "button"), [("de", "Frage stellen"), ("en", "Ask")])
def test_without_script_the_form_gives_the_table(visit, lang, button):
    page = visit(PAGES[lang], script=False)
    assert page.is_visible("#query") and not page.is_visible("#example")
    page.fill("#query", 'SELECT ?name { id:hansaplatz schema:name ?name FILTER(LANG(?name) = "de") }')
    page.click(f"#ask button >> text={button}")
    page.wait_for_selector("#answer table")
    assert page.inner_text("#answer tbody").strip().startswith("Hansaplatz")
    assert "SELECT ?name" in page.input_value("#query")
    assert page.get_attribute("html", "lang") == lang
    page.fill("#query", "SELECT ?name WHERE {\n  ?place scehma:name ?name }")
    page.expected = ["400 (Bad Request)"]
    page.click(f"#ask button >> text={button}")
    page.wait_for_selector("#answer .fault")
    assert page.inner_text("#answer mark") == "scehma:name"
    page.select_option("#format", "csv")
    page.fill("#query", "SELECT ?name { id:hansaplatz schema:name ?name }")
    with page.expect_download() as download:
        page.click(f"#ask button >> text={button}")
    assert Path(download.value.path()).read_text().splitlines()[0] == "name"


@pytest.mark.parametrize("lang", PAGES)
def test_where_nobody_answers_the_page_says_so(browser, public, lang):
    """On a web server for files only, the form leads back to its own page."""
    page = browser.new_context().new_page()
    page.goto(f"file://{public}/{PAGES[lang]}?query=ASK+%7B%7D")
    assert {"de": "kein SPARQL-Zugang", "en": "No SPARQL endpoint"}[lang] in page.inner_text("#answer .fault")
    page.context.close()


@pytest.mark.parametrize(("width", "scheme"), [("phone", "light"), ("desktop", "dark")])
def test_answers_that_the_server_draws_are_accessible(visit, width, scheme):
    for path in (
        "sparql?query=SELECT+*+%7B+%3Fa+org:unitOf+%3Fb+%7D&lang=de",
        "sparql?query=SELECT+*+%7B+%3Fa+orgg:unitOf+%3Fb+%7D&lang=en",
        "queries/was-geschieht-wo.html?day=2023-05-07",
        "queries/suche.en.html?text=hansa",
        "queries/wer-stellt-sich-vor.html?event=projekte-und-koordinierungsstellen-2023",
    ):
        page = visit(path, WIDTHS[width], scheme, expected=["400 (Bad Request)"])
        assert not faults(page), path
        assert page.evaluate("document.documentElement.scrollWidth") <= WIDTHS[width], path


def test_other_values_are_put_into_a_ready_made_question(visit):
    page = visit("queries/suche.html", script=False)
    page.fill("#value-text", "hansaplatz")
    page.click("text=Frage stellen")
    page.wait_for_selector("#answered")
    assert "Hansaplatz" in page.inner_text("tbody >> nth=0")
    assert page.input_value("#value-text") == "hansaplatz"


def test_an_editor_page_needs_nothing_but_its_own_files(public, server):
    """Whether the editor was fetched or not: the page names only files that were published."""
    for name in PAGES.values():
        content = (public / name).read_text()
        files = re.findall(r'<(?:script|link rel="stylesheet")[^>]* (?:src|href)="([^"]+)"', content)
        assert all((public / file).is_file() for file in files)
        assert any("yasgui" in file for file in files) == FETCHED
        assert server.ask(f"/{name}").headers["content-security-policy"].count("unsafe") == 1
    licences = list(public.glob("static/yasgui.*.txt"))
    assert len(licences) == FETCHED
    assert all("MIT" in path.read_text() for path in licences)
