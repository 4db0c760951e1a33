"""Which rule of ``queries/derive/`` a derived statement is owed to."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from stadtgraph.messages import LANGUAGES
from stadtgraph.namespaces import expand
from stadtgraph.queries import read
from stadtgraph.site.reading import Reading

TEMPLATE: Final = re.compile(r"CONSTRUCT\s*\{(.*?)\}", re.DOTALL)
STATEMENT: Final = re.compile(r"\S+\s+(\S+)\s+(?:\"[^\"]*\"\S*|\S+)\s*[.;]")


def rules_for(reading: Reading, predicate: str, lang: str) -> list[str]:
    """Return the titles of the rules that state a property; else of those that state any."""
    stated = _stated(reading)
    return [titles[LANGUAGES.index(lang)] for titles in stated.get(predicate) or stated.get("", [])]


@lru_cache(1)
def _stated(reading: Reading) -> dict[str, list[tuple[str, ...]]]:
    """Map each property to the titles of the rules whose template states it; "" is any property."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for path in reading.city.queries("derive"):
        rule = read(path)
        template = TEMPLATE.search(rule.text)
        names = {
            name
            for line in (template[1].splitlines() if template else ())
            for name in STATEMENT.findall(line)
        }
        for name in sorted(names):
            key = "" if name.startswith("?") else _property(name, reading.base)
            found.setdefault(key, []).append(tuple(rule.title(lang) for lang in LANGUAGES))
    return found


def _property(name: str, base: str) -> str:
    if name == "a":
        name = "rdf:type"
    return name.strip("<>") if name.startswith("<") else expand(name, base) or name
