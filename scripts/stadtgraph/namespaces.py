"""The only list of prefixes.

Vocabularies are fixed here; a city's own prefixes follow from its base IRI.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Final

VOCABULARIES: Final = {
    "adms": "http://www.w3.org/ns/adms#",
    "cv": "http://data.europa.eu/m8g/",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dcatap": "http://data.europa.eu/r5r/",
    "dcatde": "http://dcat-ap.de/def/dcatde/",
    "dcterms": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "locn": "http://www.w3.org/ns/locn#",
    "org": "http://www.w3.org/ns/org#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "prof": "http://www.w3.org/ns/dx/prof/",
    "prov": "http://www.w3.org/ns/prov#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "role": "http://www.w3.org/ns/dx/prof/role/",
    "schema": "https://schema.org/",
    "sd": "http://www.w3.org/ns/sparql-service-description#",
    "sh": "http://www.w3.org/ns/shacl#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "spdx": "http://spdx.org/rdf/terms#",
    "vann": "http://purl.org/vocab/vann/",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "void": "http://rdfs.org/ns/void#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}

LOCAL: Final = {
    "check": "checks/",
    "def": "def#",
    "graph": "graph/",
    "id": "id/",
    "shape": "shapes#",
    "source": "source/",
}

RULE: Final = "urn:stadtgraph:rule:"
PLACEHOLDER: Final = "urn:stadtgraph:platzhalter:"
PLACEHOLDER_TEXT: Final = "PLATZHALTER: "


def prefixes(base: str) -> dict[str, str]:
    """Return every prefix of a city whose IRIs begin with ``base``, by name."""
    local = {name: base + path for name, path in LOCAL.items()}
    return dict(sorted({**VOCABULARIES, **local}.items()))


def shorten(iri: str, base: str, more: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return ``iri`` as a prefixed name where a prefix fits, else as it is; ``more`` are further prefixes."""
    known = {**prefixes(base), "rule": RULE, **more}
    names = [(space, name) for name, space in known.items() if iri.startswith(space)]
    if not names:
        return iri
    space, name = max(names, key=lambda pair: len(pair[0]))
    local = iri[len(space) :]
    return f"{name}:{local}" if local and not set(local) & set("/#?&=,()") else iri


def expand(name: str, base: str) -> str | None:
    """Return the IRI that a prefixed name stands for, or None when the prefix is unknown."""
    prefix, colon, local = name.partition(":")
    space = prefixes(base).get(prefix)
    return space + local if colon and space else None


def near_misses(base: str) -> dict[str, str]:
    """Return namespaces that differ from a known one by ``s``, ``#`` or ``/`` only, with the right one.

    Such a namespace matches nothing in shapes and queries and nobody is told, so it has to be an error.
    """
    wrong: dict[str, str] = {}
    for space in VOCABULARIES.values():
        stem = space.rstrip("#/")
        for scheme in ("http:", "https:"):
            for end in "#/":
                wrong[scheme + stem.partition(":")[2] + end] = space
    for path in LOCAL.values():
        space = base + path
        scheme = "http:" if space.startswith("https:") else "https:"
        wrong[scheme + space.partition(":")[2]] = space
    known = set(prefixes(base).values())
    return {space: right for space, right in wrong.items() if space not in known}


def nearest(iri: str, known: Collection[str], similar: float) -> str:
    """Return the known term of the same namespace that looks most like ``iri``, or nothing.

    Properties begin small and classes do not: ``schema:contactPoint`` is no slip for ``schema:ContactPoint``.
    """
    cut = max(iri.rfind("#"), iri.rfind("/")) + 1
    near = [term for term in sorted(known) if term.startswith(iri[:cut]) and term[cut:]]
    names = {term[cut:].lower(): term for term in near if term[cut].isupper() == iri[cut : cut + 1].isupper()}
    close = get_close_matches(iri[cut:].lower(), names, n=1, cutoff=similar)
    return names[close[0]] if close else ""


def instead(iri: str, known: Collection[str]) -> str:
    """Return what may have been meant by a term that does not occur: of nearly the same namespace or name."""
    alike = (term for term in sorted(known) if term != iri and stem(term) == stem(iri))
    return next(alike, "") or nearest(iri, known, 0.7)


def stem(iri: str) -> str:
    """Return an IRI without what people mix up in a namespace: ``s``, ``#`` and ``/``."""
    return re.sub(r"[#/]", "/", iri.partition(":")[2]).rstrip("/")
