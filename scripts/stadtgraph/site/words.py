"""What pages say: their sentences (``pages.toml``) and their names for vocabulary terms (``terms.toml``)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from stadtgraph.namespaces import shorten

KINDS: Final = ("class", "value", "property")


@cache
def _read(name: str) -> dict[str, dict[str, Any]]:
    return tomllib.loads(files("stadtgraph.site").joinpath(name).read_text("utf-8"))


@dataclass(frozen=True)
class Words:
    """The sentences of the pages in one language."""

    lang: str

    def __call__(self, key: str, /, **values: object) -> str:
        """Return a sentence with its places filled."""
        sentence = str(_read("pages.toml")[key][self.lang])
        return sentence.format(**values) if values else sentence


def sentences() -> Mapping[str, Mapping[str, str]]:
    """Return every sentence by key and language."""
    return _read("pages.toml")


@cache
def term(kind: str, iri: str, base: str) -> Mapping[str, str]:
    """Return what the engine knows of a vocabulary term; nothing for others."""
    known: Mapping[str, str] = _read("terms.toml")[kind].get(shorten(iri, base), {})
    return known


@cache
def rank(kind: str, iri: str, base: str) -> int:
    """Return where a term stands in the order of the pages; unknown terms come last."""
    names = list(_read("terms.toml")[kind])
    short = shorten(iri, base)
    return names.index(short) if short in names else len(names)
