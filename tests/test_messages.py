"""Every sentence is there in both languages, says a way out, and is used."""

import re
from string import Formatter

import pytest

from stadtgraph import messages
from stadtgraph.messages import LANGUAGES, count_of, grouped, language_of_environment, say

TEXTS = messages._texts()


def fields(text):
    return sorted({name for _, name, _, _ in Formatter().parse(text) if name is not None})


@pytest.mark.parametrize("key", TEXTS)
def test_both_languages_fill_the_same_places(key):
    assert set(TEXTS[key]) == set(LANGUAGES)
    assert fields(TEXTS[key]["de"]) == fields(TEXTS[key]["en"])


def test_every_sentence_is_used(root):
    folder = root / "scripts" / "stadtgraph"
    files = [*folder.rglob("*.py"), *(folder / "serve" / "templates").iterdir()]
    named = set(re.findall(r"[\"']([a-z0-9-]+)[\"']", "".join(path.read_text() for path in files)))
    # tests/test_shacl.py has shapes for each sentence that begins with "malformed-".
    built = ("severity-", "count-", "changes-", "api-", "same-version-", "constraint-", "language-")
    built += ("malformed-",)
    unused = {
        key
        for key in TEXTS
        if not key.startswith(built) and not named & {key, re.sub(r"-(one|many)$", "", key)}
    }
    assert not unused


@pytest.mark.parametrize(
    ("variables", "lang"),
    [
        ({"LANG": "de_DE.UTF-8"}, "de"),
        ({"LANG": "de_DE.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "C", "LC_MESSAGES": "de_AT"}, "de"),
        ({}, "en"),
    ],
)
def test_the_environment_chooses_the_language(monkeypatch, variables, lang):
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert language_of_environment() == lang


def test_numbers_are_written_as_people_write_them():
    assert grouped(1234567, "de") == "1.234.567"
    assert count_of("file", 1, "de") == "1 Datei"
    assert count_of("file", 1200, "en") == "1,200 files"


def test_an_unknown_sentence_is_an_error():
    with pytest.raises(KeyError):
        say("no-such-sentence", "de")
