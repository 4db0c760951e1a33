"""Pages keep to the HTML standard, its content model included: a strict parser and html-validate read them.

Of all pages those are read that show each element, with each set of attributes, inside each chain of elements
in which it stands anywhere, and each kind of page in each folder and language: the others are put together in
no other way.
"""

import json
import subprocess
from pathlib import Path

import pytest
from html5rdf import HTMLParser
from lxml import html

ROOT = Path(__file__).resolve().parent.parent
CHECKER = ROOT / ".cache" / "checker"
# What only the server shows.
ANSWERED = (
    "/nirgends",
    "/search?q=bauhof",
    "/search.en.html?q=xyzzy",
    "/queries/aemter.html?lang=en",
    "/queries/aemter.html?lang=xx",
    "/sparql?query=SELECT%20%3Fs%20%7B%20%3Fs%20a%20%3Fc%20%7D",
    "/sparql?query=SELECT",
)


def complaints(*pages):
    """Return what the checker says of pages: each with its rule and place."""
    if not (CHECKER / "ready").is_file():
        pytest.skip("html-validate is missing: make checker")
    script = CHECKER / "node_modules" / "html-validate" / "bin" / "html-validate.mjs"
    config = ROOT / "tests" / "html-validate.json"
    command = [CHECKER / "node", script, "--config", config, "--formatter", "json", *pages]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert result.returncode in (0, 1) and result.stdout, result.stderr
    return [
        (Path(file["filePath"]).name, fault["line"], fault["ruleId"], fault["message"])
        for file in json.loads(result.stdout)
        for fault in file["messages"]
    ]


def read(path):
    """Return what a lenient parser makes of a page; it may mend nothing, but not know new elements."""
    parser = html.HTMLParser(huge_tree=True)
    root = html.parse(path, parser).getroot()
    assert not [fault for fault in parser.error_log if fault.type_name != "HTML_UNKNOWN_TAG"], path
    return root


def contexts(root):
    """Return each element as it stands in the others, with the names of its attributes."""
    found = {None: ""}
    for element in root.iter("*"):
        outside = found[element.getparent()]
        found[element] = f"{outside}>{element.tag} {' '.join(sorted(element.attrib))}"
    return set(found.values())


def covering(tree):
    """Return pages in which everything stands that stands in any of them, and one of each kind."""
    seen, pages = set(), []
    for path in sorted(tree.rglob("*.html")):
        root = read(path)
        here = contexts(root) | {(path.parent, root.get("lang"), root.body.get("class"))}
        if not here <= seen:
            seen |= here
            pages.append(path)
    return pages


@pytest.fixture(scope="module")
def of_every_kind(public, small):
    return covering(public) + covering(small)


def test_a_page_is_read_for_a_single_element_that_stands_elsewhere(tmp_path):
    frame = '<!DOCTYPE html>\n<html lang="de"><head><title>Seite</title></head><body>{}</body></html>'
    for name, body in (
        ("a", "<p>a <b>b</b></p>"),
        ("b", "<p>c</p><p>d</p>"),
        ("c", "<p><b><i>e</i></b></p>"),
        ("d", "<p title=f>f</p>"),
        ("e", "<p title=g><b>h</b></p>"),
    ):
        (tmp_path / f"{name}.html").write_text(frame.format(body))
    assert [path.stem for path in covering(tmp_path)] == ["a", "c", "d", "e"]
    (tmp_path / "f.html").write_text(frame.format("<p>i</b></p>"))
    with pytest.raises(AssertionError):
        covering(tmp_path)


def test_the_checker_sees_what_a_parser_lets_pass(tmp_path):
    page = tmp_path / "page.html"
    page.write_text(
        '<!DOCTYPE html>\n<html lang="de"><head><title>Seite</title></head>\n'
        '<body><p><span><div>Block</div></span></p><a href="x"><button>y</button></a></body></html>\n'
    )
    assert "element-permitted-content" in {rule for _, _, rule, _ in complaints(page)}


def test_pages_of_every_kind_keep_to_the_standard(of_every_kind):
    assert len(of_every_kind) > 50
    assert not complaints(*of_every_kind)


def test_a_strict_parser_finds_no_fault(of_every_kind):
    for path in of_every_kind:
        HTMLParser(strict=True, namespaceHTMLElements=False).parse(path.read_text())


def test_pages_that_the_server_makes_keep_to_the_standard(server, tmp_path):
    pages = []
    for number, path in enumerate(ANSWERED):
        answer = server.ask(path, Accept="text/html", Accept_Language="de")
        assert answer.headers["content-type"].startswith("text/html"), (path, answer.text)
        pages.append(tmp_path / f"{number}.html")
        pages[-1].write_bytes(answer.content)
    assert not complaints(*pages)
