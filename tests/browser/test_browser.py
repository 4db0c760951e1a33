"""The pages in a real browser: accessible, quiet towards other hosts, usable by keyboard and from disk."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

pytestmark = pytest.mark.dear

KINDS = {
    "start": "index",
    "event": "doc/projekte-und-koordinierungsstellen-2023",
    "body": "doc/gleichstellungsbuero",
    "concept": "doc/vielfalt",
    "scheme": "doc/themen",
    "place": "doc/hansaplatz",
    "conclusion": "doc/schluss-wissenschaft-einordnung",
    "source": "source/dortbunt-2023-city-1200-13",
    "graph": "graph/editorial",
    "index": "list/body",
    "sources": "list/source",
    "themes": "theme",
    "search": "search",
    "data": "data",
    "dataset": "dataset",
    "questions": "queries",
    "question": "queries/wer-stellt-sich-vor",
    "own-question": "sparql",
    "own-question-without-editor": "sparql",
    "ontology": "def",
    "own-term": "def/counters",
    "term": "vocabulary/schema-startDate",
    "class": "vocabulary/org-OrganizationalUnit",
    "rules": "shapes",
    "rules-on-a-thing": "shapes/Event",
    "rule": "shapes/Event-startDate-order",
    "picture": "picture",
    "imprint": "imprint",
    "data-protection": "data-protection",
    "accessibility": "accessibility",
}
WIDTHS = {"phone": 390, "desktop": 1280}
# The size of what is pressed is of WCAG 2.2 only, and not looked at unasked.
CHECKED = "{preload: false, resultTypes: ['violations'], rules: {'target-size': {enabled: true}}}"
# WCAG 1.4.12: nobody loses anything by setting text wider.
WIDER = (
    "* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important }"
)
LOOKS = [(scheme, width) for scheme in ("light", "dark") for width in WIDTHS.values()]
# Each language gets two looks that differ in everything: together each width is seen in each scheme.
LOOKS_OF = {"de": [LOOKS[0], LOOKS[3]], "en": [LOOKS[1], LOOKS[2]]}


@pytest.fixture(scope="module")
def host(start, public):
    """The address of a server of the same pages."""
    return f"http://127.0.0.1:{start(public).port}"


def open_window(browser, width=1280, scheme="light", script=True):
    """Open a window that keeps every complaint, and every request to others than its origin."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=script
    )
    page = context.new_page()
    page.trouble, page.origin = [], ""
    page.on("console", lambda message: page.trouble.append(message.text))
    page.on("pageerror", lambda error: page.trouble.append(str(error)))
    page.on("requestfailed", lambda request: page.trouble.append(request.url))
    page.on("request", lambda r: None if r.url.startswith(page.origin) else page.trouble.append(r.url))
    return page


def go(page, origin, name):
    """Open a page from disk or host, and forget what others before it complained of."""
    page.goto("about:blank")
    page.trouble.clear()
    page.origin = origin if isinstance(origin, str) else f"file://{origin}"
    page.goto(f"{page.origin}/{name}")


def open_page(browser, origin, name, *looks, **kept):
    """Open a page from disk or host in a window of its own."""
    page = open_window(browser, *looks, **kept)
    go(page, origin, name)
    return page


@pytest.fixture(scope="module")
def window(browser):
    """One for many pages: to open each in one of its own takes longer than to look at it."""
    page = open_window(browser)
    yield page
    page.context.close()


def look(page, scheme, width):
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)


def faults_of(page, looks):
    """Look at an open page in each way; return what axe finds, and where it is wider than the window."""
    faults = []
    page.evaluate(Axe().axe_script)
    for scheme, width in looks:
        look(page, scheme, width)
        # Of what is in order nothing is told: that is most of it.
        found = page.evaluate(f"axe.run({CHECKED})")["violations"]
        faults += [
            (scheme, width, fault["id"], [node["html"][:120] for node in fault["nodes"][:3]])
            for fault in found
        ]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            faults.append((scheme, width, "too wide"))
    return faults


def fits_the_narrowest_window(page):
    """WCAG 1.4.10: at 320 pixels nothing is scrolled sideways, with text set wider either."""
    page.set_viewport_size({"width": 320, "height": 640})
    width = "document.documentElement.scrollWidth"
    plain = page.evaluate(width)
    page.evaluate(
        """style => {
          const sheet = new CSSStyleSheet();
          sheet.replaceSync(style);
          document.adoptedStyleSheets = [sheet];
        }""",
        WIDER,
    )
    return max(plain, page.evaluate(width)) <= 320


@pytest.mark.parametrize("lang", ["de", "en"])
@pytest.mark.parametrize("kind", KINDS)
def test_axe_finds_nothing(window, public, small, kind, lang):
    """WCAG 2.2 AA and good practice, light and dark, on phone and desktop; nothing is too wide."""
    name = KINDS[kind] + (".html" if lang == "de" else ".en.html")
    folder = small if kind.endswith("without-editor") else public
    look(window, *LOOKS_OF[lang][0])
    go(window, folder, name)
    assert not faults_of(window, LOOKS_OF[lang])
    assert fits_the_narrowest_window(window)
    assert not window.trouble


@pytest.mark.parametrize("name", ["index.en.html", KINDS["event"] + ".en.html"])
def test_what_is_pressed_is_large_enough_on_the_narrowest_phone(browser, public, name):
    page = open_page(browser, public, name, 360)
    assert not faults_of(page, [("light", 360)])
    page.context.close()


@pytest.mark.parametrize("name", ["404.html", "404.en.html", "doc/tief/unten/nirgends"])
def test_axe_finds_nothing_where_nothing_is_found(window, host, name):
    """Its links begin at the host, since it is shown under any address: it is looked at through a server."""
    go(window, host, name)
    assert window.evaluate("document.styleSheets[0].cssRules.length")
    assert not faults_of(window, LOOKS)


def test_the_first_visit_is_light_and_leaves_nothing_behind(browser, host):
    """As the browser counts it, unpacked: under 100 kB with style, script and picture."""
    page = open_page(browser, host, "index.html")
    page.wait_for_load_state("networkidle")
    sizes = page.evaluate(
        """[...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
          .map((entry) => [entry.name, entry.decodedBodySize])"""
    )
    assert len(sizes) > 3
    assert sum(size for _, size in sizes) < 100_000, sizes
    assert not page.context.cookies()
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    assert not page.trouble
    page.context.close()


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("gleichstellungsbüro", "Gleichstellungsbüro"),
        ("GLEICHSTELLUNGSBUERO", "Gleichstellungsbüro"),
        ("gleichstellungsburo", "Gleichstellungsbüro"),
        ("gleichstelungsbüro", "Gleichstellungsbüro"),
        ("hansaplatzt", "Hansaplatz"),
        ("hnasaplatz", "Hansaplatz"),
        ("integrationsrat", "Integrationsrat"),
        ("frauenbüro", "Gleichstellungsbüro"),
    ],
)
def test_the_search_forgives(browser, public, typed, first):
    page = open_page(browser, public, "index.html")
    page.fill("#start-search", typed)
    page.keyboard.press("Enter")
    page.wait_for_selector("#results a")
    assert page.inner_text("#results li:first-child a") == first
    assert not page.trouble
    page.context.close()


def test_results_are_reached_by_keyboard(browser, public):
    page = open_page(browser, public, "search.html")
    page.keyboard.type("hansaplatz")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.textContent") == "Hansaplatz"
    page.keyboard.press("Enter")
    page.wait_for_selector("h1")
    assert page.url.endswith("doc/hansaplatz.html")
    page.context.close()


def test_what_cannot_be_found_is_said(browser, public):
    page = open_page(browser, public, "search.html?q=xyzzy")
    assert "Nichts gefunden" in page.inner_text("#found")
    page.context.close()


def test_without_javascript_the_indexes_lead_everywhere(browser, public):
    page = open_page(browser, public, "search.html", script=False)
    assert page.is_visible("noscript .marked")
    page.click(".tiles a >> text=Orte")
    page.click("a >> text=Hansaplatz")
    assert page.inner_text("h1") == "Hansaplatz"
    page.context.close()


def test_the_first_tab_skips_to_the_content(browser, public):
    page = open_page(browser, public, "doc/vielfalt.html")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    page.context.close()


def test_the_picture_brings_out_what_belongs_together(browser, public):
    page = open_page(browser, public, "picture.html")
    box = page.locator(".picture .things a").first
    box.focus()
    assert page.locator(".picture .dimmed").count() > 5
    page.locator(".brand").focus()
    assert page.locator(".picture .dimmed").count() == 0
    page.locator('.picture a[href="doc/gleichstellungsbuero.html"]').press("Enter")
    page.wait_for_url("**/doc/gleichstellungsbuero.html")
    page.context.close()


def test_the_picture_leads_to_pages_that_exist(browser, public):
    page = open_page(browser, public, "picture.html")
    links = page.eval_on_selector_all(".picture a", "all => all.map(a => a.getAttribute('href'))")
    assert len(links) > 20
    assert all((public / link).is_file() for link in links)
    page.context.close()


def test_the_snippet_is_copied(browser, public):
    page = open_page(browser, public, "doc/gleichstellungsbuero.html")
    page.evaluate("navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    page.click("[data-copy=snippet]")
    page.wait_for_function("window.copied")
    assert page.evaluate("window.copied").startswith('<script type="application/ld+json">')
    assert page.inner_text("[data-copy=snippet]") == "Kopiert"
    page.context.close()


def test_the_snippet_is_copied_by_keyboard_again_and_again(browser, public):
    page = open_page(browser, public, "doc/gleichstellungsbuero.html")
    page.evaluate("() => { navigator.clipboard.writeText = async () => {}; }")
    button = page.locator("[data-copy=snippet]")
    button.press("Enter")
    button.press("Space")
    assert button.inner_text() == "Kopiert"
    assert button.get_attribute("aria-live") == "polite"
    expect(button).to_have_text("Kopieren")
    page.context.close()


def test_what_the_browser_will_not_copy_is_marked_to_be_copied_by_hand(browser, public):
    page = open_page(browser, public, "doc/gleichstellungsbuero.html")
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new DOMException('no')); }")
    page.click("[data-copy=snippet]")
    assert page.evaluate("String(getSelection())").startswith('<script type="application/ld+json">')
    assert page.inner_text("[data-copy=snippet]") == "Kopieren"
    assert not page.trouble
    page.context.close()


def test_no_button_to_copy_is_shown_where_the_browser_does_not_let_pages_copy(browser, public):
    """Under plain http browsers do so on the machine itself only."""
    page = browser.new_page()
    origin = "http://stadt.test/"
    page.route(
        f"{origin}**", lambda route: route.fulfill(path=public / route.request.url.removeprefix(origin))
    )
    page.goto(f"{origin}doc/gleichstellungsbuero.html")
    assert page.evaluate("navigator.clipboard === undefined")
    assert page.is_hidden("[data-copy=snippet]")
    page.close()


@pytest.mark.parametrize("width", [360, 390])
def test_no_heading_is_broken_within_a_word_on_a_phone(browser, public, width):
    """The longest word of each heading is narrower than the column."""
    headings = {}
    for path in public.rglob("*.html"):
        heading = re.search(r"<h1.*?</h1>", path.read_text(), re.DOTALL)[0]
        headings.setdefault(heading, path.relative_to(public).as_posix())
    page = open_page(browser, public, "doc/gleichstellungsbuero.html", width)
    broken = page.evaluate(
        """headings => headings.filter((heading) => {
          const shown = document.querySelector("h1");
          shown.outerHTML = heading;
          const made = document.querySelector("h1");
          const column = made.parentElement.clientWidth;
          made.style.width = "min-content";
          return made.clientWidth > column;
        })""",
        list(headings),
    )
    assert len(headings) > 300
    assert not broken, [headings[one] for one in broken]
    page.context.close()


def test_no_label_of_a_fact_is_broken_within_a_word(browser, public):
    """The longest word of each is narrower than its column, also in browsers that do not hyphenate."""
    labels = {}
    for path in public.rglob("*.html"):
        name = path.relative_to(public).as_posix()
        told = re.findall(r'<dl class="facts.*?</dl>', path.read_text(), re.DOTALL)
        for label in re.findall(r"<dt>.*?</dt>", "".join(told), re.DOTALL):
            labels.setdefault(label, name)
    broken = []
    # What legal notices say is set in a wider column.
    for shown in ("accessibility.html", "doc/gleichstellungsbuero.html"):
        page = open_page(browser, public, shown)
        broken += page.evaluate(
            """labels => labels.filter((label) => {
              const row = document.querySelector(".facts > div");
              const column = row.querySelector("dt").clientWidth;
              row.querySelector("dt").outerHTML = label;
              const made = row.querySelector("dt");
              made.style.cssText = "hyphens: manual; width: min-content; overflow-wrap: normal";
              const wide = made.clientWidth > column;
              made.style.cssText = "";
              return wide;
            })""",
            [label for label, name in labels.items() if ("/" in name) == ("/" in shown)],
        )
        page.context.close()
    assert len(labels) > 100
    assert not broken, [(one, labels[one]) for one in broken]


@pytest.mark.parametrize("width", [320, 360, 390])
def test_a_mark_that_does_not_fit_beside_a_name_begins_below_it(browser, public, width):
    page = open_page(browser, public, "theme.en.html", width)
    beginnings = page.locator("li:not(details *) > .thing + .concluded").evaluate_all(
        """marks => marks.map((mark) => {
          const words = document.createRange();
          words.selectNodeContents(mark.previousElementSibling);
          return [words.getClientRects()[0].left, mark.getBoundingClientRect().left];
        })"""
    )
    assert len(beginnings) > 5
    assert all(mark >= name - 0.5 for name, mark in beginnings), beginnings
    page.context.close()


@pytest.mark.parametrize("width", [320, 360, 1000, 1100, 1280])
def test_the_event_on_the_start_page_is_not_broken_within_a_word(browser, public, width):
    page = open_page(browser, public, "index.html", width)
    assert page.evaluate(
        """() => {
          const heading = document.querySelector("#ticket"), column = heading.clientWidth;
          heading.style.width = "min-content";
          return heading.clientWidth <= column;
        }"""
    )
    page.context.close()


@pytest.mark.parametrize("name", ["def.html", "picture.html", "queries/wer-stellt-sich-vor.html"])
def test_tables_are_read_on_a_phone_without_narrow_columns(browser, public, name):
    page = open_page(browser, public, name, 390)
    table = page.locator(".table").first
    assert table.evaluate("box => box.scrollWidth <= box.clientWidth")
    narrow = table.locator("td").evaluate_all("cells => cells.filter(cell => cell.clientWidth < 200).length")
    assert narrow == 0
    assert table.get_attribute("tabindex") == "0"
    page.context.close()


def test_the_phone_links_to_the_picture_instead_of_showing_it_too_small(browser, public):
    page = open_page(browser, public, "index.html", 390)
    assert page.locator(".teaser span").is_visible()
    assert not page.locator(".teaser img").is_visible()
    page.context.close()


def test_no_button_juts_out_on_a_phone(browser, public):
    page = open_page(browser, public, "queries.html", 320)
    (right,) = page.locator("a.button").evaluate_all(
        "found => found.map(one => one.getBoundingClientRect().right)"
    )
    assert right <= 320 - 16
    page.context.close()
