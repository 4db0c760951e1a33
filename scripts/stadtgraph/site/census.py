"""How much a graph holds, of what: counted in what is published of it, subject by subject."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final
from urllib.parse import urlsplit

from stadtgraph.namespaces import LOCAL, VOCABULARIES
from stadtgraph.site.downloads import DUMP
from stadtgraph.site.frame import SECTIONS
from stadtgraph.site.ordered import in_order
from stadtgraph.site.things import Site
from stadtgraph.terms import TYPE, text

# What everything in a section is, whatever else it is.
GENERAL: Final = {
    "body": VOCABULARIES["org"] + "Organization",
    "place": VOCABULARIES["schema"] + "Place",
    "concept": VOCABULARIES["skos"] + "Concept",
    "event": VOCABULARIES["schema"] + "Event",
}

KIND: Final = str(TYPE)


@dataclass
class Census:
    """How many triples there are, and of what; and which class has which property."""

    triples: int = 0
    subjects: int = 0
    objects: int = 0
    entities: int = 0
    classes: Counter[str] = field(default_factory=Counter)
    properties: Counter[str] = field(default_factory=Counter)
    graphs: Counter[str] = field(default_factory=Counter)
    links: Counter[tuple[str, str]] = field(default_factory=Counter)
    used: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))


@lru_cache(1)
def census(site: Site) -> Census:
    """Count; ``void`` and the server's own documents ask for it one after the other."""
    found = Census()
    for graph in site.store.named_graphs():
        found.graphs[text(graph)] = sum(1 for _ in site.store.quads_for_pattern(None, None, None, graph))
    with (site.dumped / DUMP).open(encoding="utf-8", newline="\n") as dump:
        for subject, lines in groupby((line[:-3].split(" ", 2) for line in dump), key=itemgetter(0)):
            _count(found, site.base, subject[1:-1], [(predicate, value) for _, predicate, value in lines])
    found.objects = _objects(site.dumped / DUMP)
    return found


def _objects(dump: Path) -> int:
    """Return how many different objects N-Triples have."""
    with dump.open("rb") as lines, TemporaryFile() as objects:
        objects.writelines(line.split(b" ", 2)[2] for line in lines)
        return sum(piece.count(b"\n") for piece in in_order(objects))


def _count(found: Census, base: str, iri: str, stated: list[tuple[str, str]]) -> None:
    """Count what is stated about a subject, as N-Triples write it."""
    found.subjects += 1
    found.triples += len(stated)
    kinds = [value[1:-1] for predicate, value in stated if predicate == KIND and value.startswith("<")]
    found.classes.update(kinds)
    for predicate, value in stated:
        found.properties[predicate[1:-1]] += 1
        if value.startswith("<") and not value.startswith(base, 1):
            found.links[predicate[1:-1], urlsplit(value[1:-1]).netloc] += 1
    if iri.startswith(base + LOCAL["id"]):
        found.entities += 1
        names = {predicate[1:-1] for predicate, _ in stated}
        for kind in classes(kinds, "#" not in iri):
            found.used[kind] |= names


def classes(kinds: Iterable[str], thing: bool = True) -> list[str]:
    """Return the classes of a thing in order, with what everything in its section is."""
    found = set(kinds)
    section = next((name for name, its in SECTIONS.items() if not found.isdisjoint(its)), "") if thing else ""
    return sorted(found | ({GENERAL[section]} if section in GENERAL else set()))
