"""What search engines read in a page: schema.org alone, nested as they ask for it, in one language.

Required and recommended properties follow Google's documentation of Event, Organization and Dataset; the
rules stand in ``shapes/published/page.ttl``. A value that nobody states stays absent.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from pyoxigraph import Literal, NamedNode

from stadtgraph.messages import LANGUAGES
from stadtgraph.namespaces import LOCAL, VOCABULARIES
from stadtgraph.site.things import PARTS, Site, Value
from stadtgraph.terms import TYPE, text

SCHEMA: Final = VOCABULARIES["schema"]
XSD: Final = VOCABULARIES["xsd"]
MOST: Final = 10_000
# The order in which a reader wants to see them; what does not fit is left out from the end.
PROPERTIES: Final = (
    *("name", "alternateName", "description", "startDate", "endDate", "eventStatus", "eventAttendanceMode"),
    *("isAccessibleForFree", "inLanguage", "previousStartDate", "location", "address", "geo"),
    *("containedInPlace", "organizer", "superEvent", "performer", "url", "sameAs", "parentOrganization"),
    *("foundingDate", "dissolutionDate", "email", "telephone", "identifier", "inDefinedTermSet", "termCode"),
    *("award", "slogan", "sponsor", "audience", "areaServed", "memberOf", "subOrganization", "knowsAbout"),
    *("about", "contributor", "subEvent", "keywords"),
)
BRIEF: Final = {
    "event": ("name", "startDate", "endDate", "location", "url"),
    "place": ("name", "address", "geo"),
    "other": ("name", "url"),
}
KEPT: Final = ("name", "startDate", "location", "url")
NUMBERS: Final = {XSD + name: float for name in ("decimal", "double", "float")} | {XSD + "integer": int}
Object = dict[str, object]


@lru_cache(4)  # a thing's own file and its page ask for it one after the other
def snippet(site: Site, iri: str, lang: str) -> str | None:
    """Return a thing's snippet, ready to stand inside ``<script>``; None for what has none."""
    if iri == site.dataset:
        return _safe(dataset(site, lang))
    node = NamedNode(iri)
    types = _types(site, node)
    if not types or not iri.startswith(site.base + LOCAL["id"]) or _is_part(site, node):
        return None
    found: Object = {"@context": "https://schema.org", "@type": _one(types), "@id": iri}
    for name in PROPERTIES:
        values = _values(site, node, name, lang)
        if values:
            found[name] = _one(values)
    if others := _own_names(site, node, lang, found):
        found["alternateName"] = _one(others)
    found.setdefault("url", _page(site, iri, lang))
    if _is_place(site, node):
        _locate(site, node, lang, found)
    for name in reversed(PROPERTIES):
        if len(_safe(found).encode()) < MOST:
            break
        if name not in KEPT:
            found.pop(name, None)
    return _safe(found)


def dataset(site: Site, lang: str) -> Object:
    """Return the dataset for dataset search (Google: name and description required, the rest recommended)."""
    iri = site.dataset

    def texts(*names: str) -> list[str]:
        values = (value for name in names for value in site.values(iri, _named(name)))
        return [
            value.value for value in values if isinstance(value, Literal) and value.language in (lang, None)
        ]

    def iris(name: str) -> list[str]:
        return [value.value for value in site.values(iri, _named(name)) if isinstance(value, NamedNode)]

    found: Object = {"@context": "https://schema.org", "@type": "Dataset", "@id": iri, "url": site.base}
    for name, values in (
        ("name", texts("dcterms:title")),
        ("description", texts("dcterms:description")),
        ("identifier", [iri]),
        ("version", texts("dcat:version")),
        ("keywords", texts("dcat:keyword")),
        ("datePublished", texts("dcterms:issued")),
        ("dateModified", texts("dcterms:modified")),
        ("license", iris("schema:license") or iris("dcterms:license")),
        ("creator", _agents(site, iris("dcterms:creator"), lang)),
        ("publisher", _agents(site, iris("dcterms:publisher"), lang)),
        (
            "spatialCoverage",
            [{"@type": "Place", "name": name} for name in _labels(site, iris("dcterms:spatial"), lang)],
        ),
        (
            "temporalCoverage",
            [period for part in iris("dcterms:temporal") if (period := _period(site, part))],
        ),
    ):
        if values:
            found[name] = _one(list(values))
    found["isAccessibleForFree"] = True
    if site.catalog:
        names = _labels(site, [site.catalog], lang)
        found["includedInDataCatalog"] = {"@type": "DataCatalog", "name": _one(list(names)), "url": site.base}
    found["distribution"] = [
        {
            "@type": "DataDownload",
            "encodingFormat": media,
            "contentUrl": site.url(f"download/latest/dataset.{suffix}"),
        }
        for suffix, media in (
            ("ttl", "text/turtle"),
            ("jsonld", "application/ld+json"),
            ("nq", "application/n-quads"),
        )
    ]
    return found


def _named(name: str) -> NamedNode:
    prefix, _, local = name.partition(":")
    return NamedNode(VOCABULARIES[prefix] + local)


def _labels(site: Site, iris: list[str], lang: str) -> list[str]:
    labels = (site.city.label(iri) for iri in iris)
    return [label.get(lang) or next(iter(label.values())) for label in labels if label]


def _agents(site: Site, iris: list[str], lang: str) -> list[Object]:
    foaf = _named("foaf:name")
    found: list[Object] = []
    for iri in iris:
        name = _chosen([value for value in site.values(iri, foaf) if isinstance(value, Literal)], lang)
        if name:
            found.append({"@type": "Organization", "name": _one(list(name))})
    return found


def _period(site: Site, iri: str) -> str:
    start, end = (site.value(iri, _named(name)) for name in ("dcat:startDate", "dcat:endDate"))
    return f"{start or '..'}/{end or '..'}" if start or end else ""


def _types(site: Site, node: NamedNode) -> list[object]:
    iris = [value.value for value in site.values(node.value, TYPE) if isinstance(value, NamedNode)]
    return [iri.removeprefix(SCHEMA) for iri in iris if iri.startswith(SCHEMA)]


def _is_part(site: Site, node: NamedNode) -> bool:
    return bool(site.part(node))


def _is_place(site: Site, node: NamedNode) -> bool:
    kinds = {"Place", "City", "AdministrativeArea"}
    return not kinds.isdisjoint(map(str, _types(site, node)))


def _own_names(site: Site, node: NamedNode, lang: str, found: Object) -> list[object]:
    """Return the other names of a body, with the one that it goes by at home where this is a translation."""
    written = found.get("alternateName", [])
    names = [*written] if isinstance(written, list) else [written]
    if any(text(kind).startswith(VOCABULARIES["org"]) for kind in site.values(node.value, TYPE)):
        own = site.city.label(node.value).get(LANGUAGES[0], "")
        if own and own not in (found.get("name"), *names):
            names.insert(0, own)
    return names


def _kind(site: Site, node: NamedNode) -> str:
    if _is_place(site, node):
        return "place"
    return "event" if site.value(node.value, NamedNode(SCHEMA + "startDate")) else "other"


def _values(site: Site, node: NamedNode, name: str, lang: str) -> list[object]:
    """Return the values of a property as JSON: texts in one language, neighbours in brief."""
    values = site.values(node.value, NamedNode(SCHEMA + name))
    literals = [value for value in values if isinstance(value, Literal)]
    found: list[object] = [*_chosen(literals, lang, any_language=name == "name")]
    nodes = (value for value in values if isinstance(value, NamedNode))
    found += [told for node in nodes if (told := _neighbour(site, node, name, lang))]
    return found


def _chosen(literals: list[Literal], lang: str, any_language: bool = True) -> list[object]:
    plain = [_plain(value) for value in literals if value.language is None]
    texts = [value.value for value in literals if value.language == lang]
    if not texts and not plain and any_language:
        texts = [value.value for value in literals][:1]
    return [*texts, *plain]


def _plain(value: Literal) -> object:
    if value.datatype.value == XSD + "boolean":
        return value.value in ("true", "1")
    convert: Callable[[str], object] = NUMBERS.get(value.datatype.value, str)
    return convert(value.value)


def _neighbour(site: Site, node: NamedNode, name: str, lang: str) -> object:
    """Return a neighbour as far as it helps to understand the thing; nothing when it is not described."""
    part = site.part(node)
    if part:
        return _part(site, node, lang)
    if not site.names(node):
        return node.value if name in ("url", "sameAs") or node.value.startswith(SCHEMA) else None
    if name == "superEvent" and not all(
        _values(site, node, need, lang) for need in ("startDate", "location")
    ):
        return None  # search engines take it for an event without what every event needs
    found: Object = {"@type": _one(_types(site, node) or ["Thing"]), "@id": node.value}
    for inner in BRIEF[_kind(site, node)]:
        if inner == "location" and name == "location":
            continue
        values = _values(site, node, inner, lang)
        if values:
            found[inner] = _one(values)
    found.setdefault("name", _one(list(_labels(site, [node.value], lang))))
    if _is_place(site, node):
        _locate(site, node, lang, found)
    if name in ("organizer", "performer"):
        found.setdefault("url", _page(site, node.value, lang))
    return found


def _part(site: Site, node: NamedNode, lang: str) -> Object | None:
    types = [kind for kind in _types(site, node) if NamedNode(SCHEMA + str(kind)) in PARTS]
    if not types:
        return None
    found: Object = {"@type": _one(types)}
    for predicate, values in site.statements(node):
        local = predicate.value.removeprefix(SCHEMA)
        if local == predicate.value or (local == "name" and "PropertyValue" not in types):
            continue
        literals = [value for value in values if isinstance(value, Literal)]
        if chosen := _chosen(literals, lang):
            found[local] = _one(chosen)
    return found if len(found) > 1 else None


def _locate(site: Site, node: NamedNode, lang: str, found: Object) -> None:
    """Say in which town a place without a written address lies: search engines want an address for each."""
    if "address" in found:
        return
    region = town = ""
    seen: set[Value] = set()
    place: Value = node
    while isinstance(place, NamedNode) and place not in seen:
        seen.add(place)
        types = _types(site, place)
        label = next(iter(_labels(site, [place.value], lang)), "")
        if "City" in types:
            town = town or label
        elif "AdministrativeArea" in types and town:
            region = region or label
        place = next(iter(site.values(place.value, NamedNode(SCHEMA + "containedInPlace"))), Literal(""))
    if town:
        address = {"@type": "PostalAddress", "addressLocality": town}
        found["address"] = {**address, "addressRegion": region} if region else address


def _page(site: Site, iri: str, lang: str) -> str:
    return site.url(site.document(iri) + (".html" if lang == "de" else f".{lang}.html"))


def _one(values: list[object]) -> object:
    return values[0] if len(values) == 1 else values


def _safe(found: Object) -> str:
    """Write JSON that cannot end the element in which it stands."""
    written = json.dumps(found, ensure_ascii=False, indent=1)
    for sign in "<>&\u2028\u2029":
        written = written.replace(sign, f"\\u{ord(sign):04x}")
    return written
