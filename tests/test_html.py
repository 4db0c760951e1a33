"""Pages keep to the HTML standard, its content model included: html-validate reads them, offline."""

import json
import re
import subprocess
from pathlib import Path

import pytest

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


def sample(tree):
    """Return the first page of each kind in each folder, in each language."""
    found = {}
    for path in sorted(tree.rglob("*.html")):
        kind = re.search(r'<body class="([^"]*)"', path.read_text())
        found.setdefault((path.parent, path.name.endswith(".en.html"), kind and kind[1]), path)
    return list(found.values())


def test_the_checker_sees_what_a_parser_lets_pass(tmp_path):
    page = tmp_path / "page.html"
    page.write_text(
        '<!DOCTYPE html>\n<html lang="de"><head><title>Seite</title></head>\n'
        '<body><p><span><div>Block</div></span></p><a href="x"><button>y</button></a></body></html>\n'
    )
    assert "element-permitted-content" in {rule for _, _, rule, _ in complaints(page)}


def test_pages_of_every_kind_keep_to_the_standard(public, small):
    pages = sample(public) + sample(small)
    assert len(pages) > 50
    assert not complaints(*pages)


def test_pages_that_the_server_makes_keep_to_the_standard(server, tmp_path):
    pages = []
    for number, path in enumerate(ANSWERED):
        answer = server.ask(path, Accept="text/html", Accept_Language="de")
        assert answer.headers["content-type"].startswith("text/html"), (path, answer.text)
        pages.append(tmp_path / f"{number}.html")
        pages[-1].write_bytes(answer.content)
    assert not complaints(*pages)
