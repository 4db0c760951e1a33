"""What the server has to know, so that it reads nothing but the publication (``server/``).

``publication.json`` says what is published; ``names.jsonl`` names every thing on a line of its own, for
near matches and for matching lists of names; ``frame.<language>.txt`` is what every page has around its
content, ``search.<language>.txt`` the search page without its results.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from pyoxigraph import Literal, NamedNode

from stadtgraph.messages import LANGUAGES
from stadtgraph.namespaces import LOCAL, VOCABULARIES
from stadtgraph.queries import Question, read
from stadtgraph.site.describe import other_term, predicate
from stadtgraph.site.downloads import LATEST, version
from stadtgraph.site.frame import Frame, section_of
from stadtgraph.site.indexes import Index, search_page
from stadtgraph.site.reading import Reading
from stadtgraph.site.rules import media_types
from stadtgraph.site.things import DATASERVICE, MODIFIED
from stadtgraph.site.words import Words
from stadtgraph.terms import TYPE, text

FOLDER: Final = "server"
ALTERNATIVES: Final = (VOCABULARIES["skos"] + "altLabel", VOCABULARIES["schema"] + "alternateName")
DCTERMS: Final = VOCABULARIES["dcterms"]
# What everything in a section is, whatever else it is.
GENERAL: Final = {
    "body": VOCABULARIES["org"] + "Organization",
    "place": VOCABULARIES["schema"] + "Place",
    "concept": VOCABULARIES["skos"] + "Concept",
    "event": VOCABULARIES["schema"] + "Event",
}


def closing_documents(
    reading: Reading, index: Index, written: Mapping[str, tuple[str, int]]
) -> Iterator[tuple[str, bytes]]:
    """Yield what the server reads first."""
    for lang in LANGUAGES:
        frame = Frame.of(reading, lang)
        yield f"{FOLDER}/frame.{lang}.txt", frame.shell()
        places = {"question": "@question@", "count": "@count@", "results": "@results@", "there": "@there@"}
        yield f"{FOLDER}/search.{lang}.txt", search_page(frame, index, **places, served=True)
    yield f"{FOLDER}/names.jsonl", b"".join(_line(thing) for thing in _things(reading))
    yield f"{FOLDER}/publication.json", _indented(_publication(reading, written))


def _publication(reading: Reading, written: Mapping[str, tuple[str, int]]) -> dict[str, Any]:
    site = reading.site
    graphs = Counter(text(quad.graph_name) for quad in site.store)
    services = (node.value.removeprefix(site.base) for node in site.those(TYPE, DATASERVICE))
    licences = site.values(site.dataset, NamedNode(DCTERMS + "license"))
    profile = site.url("profile") if "profile.ttl" in written else ""
    return {
        "base": site.base,
        "title": reading.texts(site.dataset, DCTERMS + "title") if site.dataset else {},
        "version": version(site),
        "modified": site.value(site.dataset, MODIFIED),
        "languages": list(LANGUAGES),
        "endings": {lang: Frame.of(reading, lang).file("") for lang in LANGUAGES},
        "prefixes": reading.city.prefixes,
        "types": {suffix: media for media, suffix in media_types()},
        "dataset": site.dataset,
        "catalog": site.catalog,
        "record": ["catalog", "dataset", *sorted(set(services) - {"sparql"})] if site.dataset else [],
        "licence": text(licences[0]) if licences else "",
        "profile": profile,
        "triples": len({quad.triple for quad in site.store}),
        "graphs": [
            {"iri": iri, "title": reading.label(iri), "triples": number}
            for iri, number in sorted(graphs.items())
        ],
        "retired": {iri: site.successor(iri) for iri in site.things if site.retired(iri)},
        "static": {
            name: f"static/{file}" for name, file in sorted(Frame.of(reading, LANGUAGES[0]).static.items())
        },
        **_terms(reading),
        "kinds": [
            {"section": section, "class": iri, "name": {lang: Words(lang)(section) for lang in LANGUAGES}}
            for section, iri in GENERAL.items()
        ],
        "dump": f"{LATEST}/dataset.nq",
        "questions": [_question(read(path)) for path in reading.city.queries()],
    }


def _terms(reading: Reading) -> dict[str, dict[str, Any]]:
    """Return classes and properties of the city's things with their names, and which class has which."""
    used: dict[str, set[str]] = {}
    for iri in reading.site.things:
        if iri.startswith(reading.base + LOCAL["id"]):
            own = {quad.predicate.value for quad in reading.outgoing(iri)}
            general = GENERAL.get(section_of(reading, iri))
            for name in {*reading.types(iri), *([general] if general else [])}:
                used.setdefault(name, set()).update(own)

    def named(iri: str, tell: Callable[[Reading, str, Words], str]) -> dict[str, str]:
        return {lang: tell(reading, iri, Words(lang)) for lang in LANGUAGES}

    properties = sorted(set().union(*used.values()))
    return {
        "classes": {
            iri: {"name": named(iri, other_term), "properties": sorted(used[iri])} for iri in sorted(used)
        },
        "properties": {iri: named(iri, predicate) for iri in properties},
    }


def _question(question: Question) -> dict[str, Any]:
    return {
        "slug": question.slug,
        "title": {lang: question.title(lang) for lang in LANGUAGES},
        "description": {lang: question.line("description", lang) for lang in LANGUAGES},
        "form": question.form,
        "runs": not question.only_documented,
        "file": f"queries/{question.slug}.rq",
        "parameters": [
            {"name": one.name, "default": one.default, "meaning": dict(one.meaning)}
            for one in question.parameters
        ],
    }


def _things(reading: Reading) -> Iterator[list[Any]]:
    """Yield of each thing: IRI, page, names by language, other names, section, classes, description."""
    for iri in reading.site.things:
        page = reading.document(iri)
        if not page:
            continue
        others = [
            quad.object.value
            for quad in reading.outgoing(iri)
            if quad.predicate.value in ALTERNATIVES and isinstance(quad.object, Literal)
        ]
        yield [
            iri,
            page,
            dict(sorted(reading.label(iri).items())),
            list(dict.fromkeys(others)),
            section_of(reading, iri),
            sorted(reading.types(iri)),
        ]


def _line(value: list[Any]) -> bytes:
    return (json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


def _indented(value: dict[str, Any]) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()
