"""How much a graph holds, of what: counted in one reading of it, subject by subject."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from pyoxigraph import NamedNode

from stadtgraph.namespaces import LOCAL, VOCABULARIES
from stadtgraph.site.frame import SECTIONS
from stadtgraph.site.things import Site
from stadtgraph.terms import TYPE, text

# What everything in a section is, whatever else it is.
GENERAL: Final = {
    "body": VOCABULARIES["org"] + "Organization",
    "place": VOCABULARIES["schema"] + "Place",
    "concept": VOCABULARIES["skos"] + "Concept",
    "event": VOCABULARIES["schema"] + "Event",
}


@dataclass
class Census:
    """How many triples there are, and of what; and which class has which property."""

    triples: int = 0
    subjects: int = 0
    objects: int = 0
    entities: int = 0
    classes: Counter[NamedNode] = field(default_factory=Counter)
    properties: Counter[NamedNode] = field(default_factory=Counter)
    graphs: Counter[str] = field(default_factory=Counter)
    links: Counter[tuple[NamedNode, str]] = field(default_factory=Counter)
    used: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))


@lru_cache(1)
def census(site: Site) -> Census:
    """Count; ``void`` and the server's own documents ask for it one after the other."""
    found, base, own = Census(), site.base, site.base + LOCAL["id"]
    objects: set[int] = set()  # a hash takes a fifth of the room of a term
    for subject in {quad.subject for quad in site.store}:
        quads = list(site.store.quads_for_pattern(subject, None, None))
        triples, iri = {quad.triple for quad in quads}, text(subject)
        found.graphs.update(text(quad.graph_name) for quad in quads)
        found.subjects += 1
        found.entities += iri.startswith(own)
        found.triples += len(triples)
        objects.update(hash(triple.object) for triple in triples)
        found.properties.update(triple.predicate for triple in triples)
        kinds = [triple.object for triple in triples if triple.predicate == TYPE]
        found.classes.update(kind for kind in kinds if isinstance(kind, NamedNode))
        for triple in triples:
            if isinstance(triple.object, NamedNode) and not triple.object.value.startswith(base):
                found.links[triple.predicate, urlsplit(triple.object.value).netloc] += 1
        if iri.startswith(own):
            names = {triple.predicate.value for triple in triples}
            for kind in classes(map(text, kinds), "#" not in iri):
                found.used[kind] |= names
    found.objects = len(objects)
    return found


def classes(kinds: Iterable[str], thing: bool = True) -> list[str]:
    """Return the classes of a thing in order, with what everything in its section is."""
    found = set(kinds)
    section = next((name for name, its in SECTIONS.items() if not found.isdisjoint(its)), "") if thing else ""
    return sorted(found | ({GENERAL[section]} if section in GENERAL else set()))
