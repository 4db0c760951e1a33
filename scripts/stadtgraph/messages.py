"""The engine's own sentences, in German and English (``messages.toml``)."""

from __future__ import annotations

import os
import tomllib
from functools import cache
from importlib.resources import files
from typing import Final

LANGUAGES: Final = ("de", "en")


@cache
def _texts() -> dict[str, dict[str, str]]:
    return tomllib.loads(files("stadtgraph").joinpath("messages.toml").read_text("utf-8"))


def say(key: str, lang: str, /, **values: object) -> str:
    """Return sentence ``key`` in ``lang`` with its placeholders filled."""
    return _texts()[key][lang].format(**values)


def both(key: str, /, **values: object) -> dict[str, str]:
    """Return sentence ``key`` in every language."""
    return {lang: say(key, lang, **values) for lang in LANGUAGES}


def count_of(key: str, number: int, lang: str) -> str:
    """Return a number with its noun, singular or plural (keys ``<key>-one`` and ``<key>-many``)."""
    return say(f"{key}-one" if number == 1 else f"{key}-many", lang, number=grouped(number, lang))


def grouped(number: int, lang: str) -> str:
    """Return a number as people write it: 1.234 in German, 1,234 in English."""
    text = f"{number:,}"
    return text.replace(",", ".") if lang == "de" else text


def language_of_environment() -> str:
    """Return the language of the environment (POSIX: LC_ALL before LC_MESSAGES before LANG), or English."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name, "")
        if value:
            return "de" if value.lower().startswith("de") else "en"
    return "en"
