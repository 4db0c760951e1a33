"""Pages are accessible, in the light and in the dark, on the phone and on the desk, in both languages."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from opening import open_page

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
LOOKS = [(scheme, width) for scheme in ("light", "dark") for width in WIDTHS.values()]
# Each language gets two looks that differ in everything: together each width is seen in each scheme.
LOOKS_OF = {"de": [LOOKS[0], LOOKS[3]], "en": [LOOKS[1], LOOKS[2]]}


def faults_of(page, looks):
    """Look at an open page in each way; return what axe finds, and where it is wider than the window."""
    faults = []
    page.evaluate(Axe().axe_script)
    for scheme, width in looks:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        # Of what is in order nothing is told: that is most of it.
        found = page.evaluate("axe.run({preload: false, resultTypes: ['violations']})")["violations"]
        faults += [
            (scheme, width, fault["id"], [node["html"][:120] for node in fault["nodes"][:3]])
            for fault in found
        ]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            faults.append((scheme, width, "too wide"))
    return faults


@pytest.mark.parametrize("lang", ["de", "en"])
@pytest.mark.parametrize("kind", KINDS)
def test_axe_finds_nothing(browser, public, small, kind, lang):
    """WCAG 2.2 AA and good practice, light and dark, on phone and desktop; nothing is too wide."""
    name = KINDS[kind] + (".html" if lang == "de" else ".en.html")
    folder = small if kind.endswith("without-editor") else public
    scheme, width = LOOKS_OF[lang][0]
    page = open_page(browser, folder, name, width, scheme)
    assert not faults_of(page, LOOKS_OF[lang])
    assert not page.trouble
    page.context.close()


@pytest.mark.parametrize("name", ["404.html", "404.en.html", "doc/tief/unten/nirgends"])
def test_axe_finds_nothing_where_nothing_is_found(browser, host, name):
    """Its links begin at the host, since it is shown under any address: it is looked at through a server."""
    page = open_page(browser, host, name)
    assert page.evaluate("document.styleSheets[0].cssRules.length")
    assert not faults_of(page, LOOKS)
    page.context.close()
