"""The record that data portals harvest (DCAT-AP.de 3.0), made when all files are written.

What people say about catalogue and dataset stands in ``data/catalog.ttl``; this adds what only the build
knows: the files with their sizes and checksums. There are no blank nodes, so a harvester meets the same IRIs
each time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from pyoxigraph import Literal, NamedNode, RdfFormat, Triple

from stadtgraph.messages import LANGUAGES, say
from stadtgraph.namespaces import LOCAL, VOCABULARIES, expand
from stadtgraph.site import calendar, downloads, tables, words
from stadtgraph.site.jsonld import document
from stadtgraph.site.things import DATASERVICE, MODIFIED, Site, Value
from stadtgraph.terms import TYPE, in_order, text, to_bytes

PORTAL: Final = "catalog"
FILE_TYPE: Final = "http://publications.europa.eu/resource/authority/file-type/"
MEDIA_TYPE: Final = "https://www.iana.org/assignments/media-types/"
SHA256: Final = VOCABULARIES["spdx"] + "checksumAlgorithm_sha256"
PROTOCOL: Final = "http://www.w3.org/TR/sparql11-protocol/"
# Suffix: EU file type, IANA media type, name for people.
FORMS: Final = {
    "ttl": ("RDF_TURTLE", "text/turtle", "Turtle"),
    "trig": ("RDF_TRIG", "application/trig", "TriG"),
    "nq": ("RDF_N_QUADS", "application/n-quads", "N-Quads"),
    "nt": ("RDF_N_TRIPLES", "application/n-triples", "N-Triples"),
    "rdf": ("RDF_XML", "application/rdf+xml", "RDF/XML"),
    "jsonld": ("JSON_LD", "application/ld+json", "JSON-LD"),
    "csv": ("CSV", "text/csv", "CSV"),
    "geojson": ("GEOJSON", "application/geo+json", "GeoJSON"),
    "ics": ("ICS", "text/calendar", "iCalendar"),
}
LANGUAGE: Final = "http://publications.europa.eu/resource/authority/language/"
SPOKEN: Final = {"de": LANGUAGE + "DEU", "en": LANGUAGE + "ENG"}
CALENDARS: Final = {
    calendar.file("events", lang): (key, SPOKEN[lang])
    for lang, key in (("de", "record-calendar-de"), ("en", "record-calendar-en"))
}
# What a portal reads; the rest of data/catalog.ttl is for other readers.
READ: Final = tuple(
    VOCABULARIES[name]
    for name in (
        *("adms", "dcat", "dcatap", "dcatde", "dcterms", "foaf", "owl", "prov", "rdf", "rdfs"),
        *("skos", "vcard"),
    )
)
# Values of which a harvester without these vocabularies should know what they are; the shapes of DCAT-AP
# ask each of them for its class.
RANGES: Final = {
    "dcat:accessURL": "rdfs:Resource",
    "dcat:downloadURL": "rdfs:Resource",
    "dcat:endpointDescription": "rdfs:Resource",
    "dcat:endpointURL": "rdfs:Resource",
    "dcat:landingPage": "foaf:Document",
    "dcat:theme": "skos:Concept",
    "dcat:themeTaxonomy": "skos:ConceptScheme",
    "dcatap:availability": "skos:Concept",
    "dcterms:accessRights": "dcterms:RightsStatement",
    "dcterms:accrualPeriodicity": "dcterms:Frequency",
    "dcterms:conformsTo": "dcterms:Standard",
    "dcterms:format": "dcterms:MediaTypeOrExtent",
    "dcterms:language": "dcterms:LinguisticSystem",
    "dcterms:license": "dcterms:LicenseDocument",
    "dcterms:spatial": "dcterms:Location",
    "dcterms:type": "skos:Concept",
    "foaf:homepage": "foaf:Document",
    "dcat:mediaType": "dcterms:MediaType",
    "dcat:compressFormat": "dcterms:MediaType",
    "spdx:algorithm": "spdx:ChecksumAlgorithm",
}
# Classes whose members have to be named.
NAMED: Final = {"skos:Concept": "skos:prefLabel", "skos:ConceptScheme": "dcterms:title"}
Written = Mapping[str, tuple[str, int]]


@dataclass
class Record:
    """Triples that grow, with short names for what they say."""

    site: Site
    triples: set[Triple] = field(default_factory=set)

    def say(self, subject: str, name: str, *values: Value | str) -> None:
        """State a property; a string is an IRI."""
        for value in values:
            term = NamedNode(value) if isinstance(value, str) else value
            self.triples.add(Triple(NamedNode(subject), named(name), term))

    def told(self, subject: str, name: str) -> list[Value]:
        """Return what the city says."""
        return self.site.values(subject, named(name))

    def copy(self, source: str, target: str, *names: str) -> None:
        """Say of one thing what the city says of another."""
        for name in names:
            self.say(target, name, *self.told(source, name))

    def titles(self, subject: str, key: str, **values: str) -> None:
        """Name something in each language."""
        self.say(
            subject, "dcterms:title", *(Literal(say(key, tag, **values), language=tag) for tag in LANGUAGES)
        )

    def date(self, subject: str, name: str, day: str) -> None:
        """State a day."""
        if day:
            self.say(subject, name, Literal(day, datatype=named("xsd:date")))


def named(name: str) -> NamedNode:
    """Return the term that a prefixed name of the vocabularies stands for."""
    prefix, _, local = name.partition(":")
    return NamedNode(VOCABULARIES[prefix] + local)


def closing_documents(site: Site, written: Written) -> Iterator[tuple[str, bytes]]:
    """Yield the record in each form that portals harvest."""
    if not site.catalog or not site.dataset:
        return
    triples = in_order(record(site, written))
    forms = {"ttl": RdfFormat.TURTLE, "nt": RdfFormat.N_TRIPLES, "rdf": RdfFormat.RDF_XML}
    for suffix, form in forms.items():
        yield f"{PORTAL}.{suffix}", to_bytes(triples, form, site.city.prefixes)
    yield f"{PORTAL}.jsonld", document(triples, site.city.prefixes)


def record(site: Site, written: Written) -> set[Triple]:
    """Return catalogue, dataset, distributions and service."""
    found = Record(site)
    _said(found)
    catalog, dataset = site.catalog, site.dataset
    found.say(dataset, "dcterms:conformsTo", site.url("profile"))
    found.say(dataset, "dcterms:spatial", *found.told(dataset, "dcatde:politicalGeocodingURI"))
    found.copy(dataset, catalog, "dcatap:availability")
    day = latest(site)
    for subject in (catalog, dataset):
        node = NamedNode(subject)
        found.triples -= {t for t in found.triples if t.subject == node and t.predicate == MODIFIED}
        found.date(subject, "dcterms:modified", day)
    for version in sorted(site.earlier, key=downloads.number)[-1:]:
        found.say(dataset, "dcat:previousVersion", site.url(f"download/{version}/"))
    for name in written:
        _distribution(found, name, written, day)
    for service in site.those(TYPE, DATASERVICE):
        _service(found, service.value)
    _ranges(found)
    return found.triples


def latest(site: Site) -> str:
    """Return the day of the last change: the latest that dataset or any of its graphs names."""
    days = [site.value(site.dataset, MODIFIED)[:10]]
    days += [
        site.value(iri, MODIFIED)[:10] for iri in site.things if iri.startswith(site.base + LOCAL["graph"])
    ]
    return max(days)


def _said(found: Record) -> None:
    """Take over what the city says of its catalogue and dataset, and of what they point to."""
    site = found.site
    asked = [site.catalog, site.dataset]
    for iri in asked:
        for predicate, values in site.statements(NamedNode(iri)):
            if not predicate.value.startswith(READ):
                continue
            for value in values:
                if predicate == named("dcat:contactPoint") and not _reachable(found, text(value)):
                    continue
                kind = predicate == TYPE and not text(value).startswith(READ)
                if not kind:
                    found.say(iri, site.compact(predicate), value)
                part = isinstance(value, NamedNode) and value.value.startswith(f"{site.catalog}#")
                if part and text(value) not in asked:
                    asked.append(text(value))


def _reachable(found: Record, contact: str) -> bool:
    """Tell whether a contact says how to reach it; one that does not breaks the record."""
    return any(found.told(contact, f"vcard:{name}") for name in ("hasEmail", "hasURL", "hasTelephone"))


def _distribution(found: Record, name: str, written: Written, day: str) -> None:
    stem, packed = name.removesuffix(".gz"), name.endswith(".gz")
    folder, _, file = stem.rpartition("/")
    suffix = file.rpartition(".")[2]
    kind, media, form = FORMS.get(suffix, ("", "", ""))
    iri = f"{found.site.catalog}#{name.rpartition('/')[2]}"
    spoken = found.told(found.site.dataset, "dcterms:language")
    if folder == downloads.LATEST:
        found.titles(iri, "record-packed" if packed else "record-dump", form=form)
    elif folder == "tables" and suffix == "csv":
        spoken, day = _held(found.site, _class(found.site, file)[1], day)
        for lang in LANGUAGES:
            title = say("record-table", lang, name=_listed(found.site, file, lang))
            found.say(iri, "dcterms:title", Literal(title, language=lang))
    elif stem == "tables/places.geojson":
        found.titles(iri, "record-places")
    elif stem in CALENDARS:
        key, language = CALENDARS[stem]
        spoken = [NamedNode(language)]
        found.titles(iri, key)
    else:
        return
    checksum, size = written[name]
    found.say(iri, "rdf:type", named("dcat:Distribution"))
    found.say(iri, "dcat:accessURL", found.site.url(name))
    found.say(iri, "dcat:downloadURL", found.site.url(name))
    found.say(iri, "dcterms:format", FILE_TYPE + kind)
    found.say(iri, "dcat:mediaType", MEDIA_TYPE + media)
    if packed:
        found.say(iri, "dcat:compressFormat", MEDIA_TYPE + "application/gzip")
    found.say(iri, "dcat:byteSize", Literal(str(size), datatype=named("xsd:nonNegativeInteger")))
    found.say(iri, "spdx:checksum", f"{iri}-sha256")
    found.say(f"{iri}-sha256", "rdf:type", named("spdx:Checksum"))
    found.say(f"{iri}-sha256", "spdx:algorithm", SHA256)
    found.say(f"{iri}-sha256", "spdx:checksumValue", Literal(checksum, datatype=named("xsd:hexBinary")))
    found.date(iri, "dcterms:modified", day)
    _offer(found, iri, spoken)


def _listed(site: Site, file: str, lang: str) -> str:
    """Say what a table lists: its class in words, as far as somebody has named it, and by its term."""
    name, iri = _class(site, file)
    known = words.term("class", iri, site.base)
    kind = known.get(f"many-{lang}") or known.get(lang) or site.city.label(iri).get(lang)
    return f"{kind} ({name})" if kind else name


def _class(site: Site, file: str) -> tuple[str, str]:
    """Return the class that a table lists, in short and as its IRI."""
    name = file.removesuffix(".csv").replace("-", ":", 1)
    return name, expand(name, site.base) or name


def _held(site: Site, kind: str, latest: str) -> tuple[list[Value], str]:
    """Return the languages of what a table holds, and the day on which that last changed.

    What has no day of its own, such as what rules derived, is as old as the ``latest`` change.
    """
    tags: set[str] = set()
    days: set[str] = set()
    for member in site.store.quads_for_pattern(None, TYPE, NamedNode(kind)):
        if isinstance(member.subject, NamedNode) and tables.has_row(site, member.subject):
            for quad in site.store.quads_for_pattern(member.subject, None, None):
                days.add(site.days.get(quad.graph_name) or latest)
                tags.add((isinstance(quad.object, Literal) and quad.object.language) or "")
        if latest in days and tags >= SPOKEN.keys():
            break
    return [NamedNode(SPOKEN[tag]) for tag in SPOKEN if tag in tags], max(days, default=latest)


def _offer(found: Record, iri: str, spoken: Iterable[Value]) -> None:
    """Say of a distribution its languages and what holds for each: dataset, licence and availability."""
    dataset = found.site.dataset
    found.say(dataset, "dcat:distribution", iri)
    found.copy(dataset, iri, "dcterms:license", "dcatde:licenseAttributionByText", "dcatap:availability")
    found.say(iri, "dcterms:language", *spoken)


def _service(found: Record, iri: str) -> None:
    site, dataset = found.site, found.site.dataset
    endpoints = found.told(iri, "dcat:endpointURL")
    found.copy(iri, iri, "rdf:type", "dcterms:title", "dcterms:description", "dcat:endpointURL")
    found.say(iri, "dcat:endpointDescription", *(found.told(iri, "dcat:endpointDescription") or endpoints))
    found.say(iri, "dcterms:conformsTo", PROTOCOL)
    found.say(iri, "dcat:servesDataset", dataset)
    names = (
        "dcterms:publisher",
        "dcterms:license",
        "dcterms:accessRights",
        "dcatap:availability",
        "dcat:theme",
    )
    found.copy(dataset, iri, *names)
    found.say(site.catalog, "dcat:service", iri)
    access = f"{site.catalog}#sparql"
    found.titles(access, "record-endpoint")
    found.say(access, "rdf:type", named("dcat:Distribution"))
    found.say(access, "dcat:accessURL", *endpoints)
    found.say(access, "dcat:accessService", iri)
    found.say(iri, "dcterms:format", FILE_TYPE + "SPARQLQRES", FILE_TYPE + "RDF_TURTLE")
    found.say(access, "dcterms:format", FILE_TYPE + "SPARQLQRES")
    found.date(access, "dcterms:modified", latest(site))
    _offer(found, access, found.told(dataset, "dcterms:language"))


def _ranges(found: Record) -> None:
    for triple in list(found.triples):
        kind = RANGES.get(found.site.compact(triple.predicate))
        if not kind or not isinstance(triple.object, NamedNode):
            continue
        iri = triple.object.value
        if kind in NAMED:
            names = words.term("value", iri, found.site.base)
            if not names:
                continue
            found.say(iri, NAMED[kind], *(Literal(names[tag], language=tag) for tag in LANGUAGES))
        found.say(iri, "rdf:type", named(kind))
