"""What the server has to know, so that it reads nothing but the publication (``server/``).

``publication.json`` says what is published; ``names.jsonl`` names every thing on a line of its own, for
near matches and for matching lists of names; ``frame.<language>.txt`` is what every page has around its
content, ``search.<language>.txt`` the search page without its results.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final

from pyoxigraph import NamedNode

from stadtgraph.messages import LANGUAGES
from stadtgraph.namespaces import VOCABULARIES
from stadtgraph.queries import Question, read
from stadtgraph.site.census import GENERAL, census, classes
from stadtgraph.site.describe import other_term, predicate
from stadtgraph.site.downloads import LATEST, version
from stadtgraph.site.frame import Frame
from stadtgraph.site.indexes import BETWEEN, search_page
from stadtgraph.site.notes import Notes
from stadtgraph.site.reading import Reading
from stadtgraph.site.reference import heads
from stadtgraph.site.rules import media_types
from stadtgraph.site.things import DATASERVICE, MODIFIED
from stadtgraph.site.words import Words
from stadtgraph.site.writer import Content
from stadtgraph.terms import TYPE, Out, text

FOLDER: Final = "server"
# The language of a name that is none (ISO 639-2).
NO_LANGUAGE: Final = "zxx"
DCTERMS: Final = VOCABULARIES["dcterms"]


def parts(reading: Reading, notes: Notes) -> list[Callable[[], Iterator[tuple[str, Content]]]]:
    """Return what tells what the server reads first; none of these needs another."""
    return [partial(_names, reading, notes), partial(_around, reading, notes)]


def _names(reading: Reading, notes: Notes) -> Iterator[tuple[str, Content]]:
    yield f"{FOLDER}/names.jsonl", partial(_tell, _things(reading, notes))


def _around(reading: Reading, notes: Notes) -> Iterator[tuple[str, Content]]:
    """Yield what stands around content, and the publication in figures."""
    for lang in LANGUAGES:
        frame = Frame.of(reading, lang)
        yield f"{FOLDER}/frame.{lang}.txt", frame.shell()
        places = {"question": "@question@", "count": "@count@", "results": "@results@", "there": "@there@"}
        yield f"{FOLDER}/search.{lang}.txt", search_page(frame, notes, **places, served=True)
    yield f"{FOLDER}/publication.json", _indented(_publication(reading))


def _publication(reading: Reading) -> dict[str, Any]:
    site, held = reading.site, census(reading.site)
    services = (node.value.removeprefix(site.base) for node in site.those(TYPE, DATASERVICE))
    licences = site.values(site.dataset, NamedNode(DCTERMS + "license"))
    return {
        "layout": 1,
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
        "profile": site.url("profile") if site.dataset else "",
        "triples": held.triples,
        "graphs": [
            {"iri": iri, "title": reading.label(iri), "triples": number}
            for iri, number in sorted(held.graphs.items())
        ],
        "retired": {iri: site.successor(iri) for iri in site.things if site.retired(iri)},
        "static": {
            name: f"static/{file}" for name, file in sorted(Frame.of(reading, LANGUAGES[0]).static.items())
        },
        **_terms(reading, held.used),
        "kinds": [
            {"section": section, "class": iri, "name": {lang: Words(lang)(section) for lang in LANGUAGES}}
            for section, iri in GENERAL.items()
        ],
        "dump": f"{LATEST}/dataset.nq",
        "questions": [_question(read(path)) for path in reading.city.queries()],
    }


def _terms(reading: Reading, used: Mapping[str, set[str]]) -> dict[str, dict[str, Any]]:
    """Return classes and properties of the city's things with their names, and which class has which."""

    def named(iri: str, tell: Callable[[Reading, str, Words], str]) -> dict[str, str]:
        return {lang: tell(reading, iri, Words(lang)) for lang in LANGUAGES}

    return {
        "classes": {
            iri: {"name": named(iri, other_term), "properties": sorted(used[iri])} for iri in sorted(used)
        },
        "properties": {iri: named(iri, predicate) for iri in sorted(set().union(*used.values()))},
    }


def _question(question: Question) -> dict[str, Any]:
    return {
        "slug": question.slug,
        "title": {lang: question.title(lang) for lang in LANGUAGES},
        "description": {lang: question.line("description", lang) for lang in LANGUAGES},
        "form": question.form,
        "columns": heads(question),
        "runs": not question.only_documented,
        "file": f"queries/{question.slug}.rq",
        "parameters": [
            {"name": one.name, "default": one.default, "meaning": dict(one.meaning)}
            for one in question.parameters
        ],
    }


def _things(reading: Reading, notes: Notes) -> Iterator[list[Any]]:
    """Yield of each thing: IRI, page, names by language, other names, section, classes."""
    for section, iri, listed in notes.by_section():
        names = {one.lang or lang: one.name for lang, one in zip(LANGUAGES, listed, strict=True)}
        names.pop(NO_LANGUAGE, None)
        others = {name for one in listed for name in one.others.split(BETWEEN)} - {"", *names.values()}
        page = reading.document(iri) or reading.term_page(iri)
        yield [iri, page, names, sorted(others), section, classes(reading.types(iri))]


def _tell(things: Iterator[list[Any]], out: Out) -> None:
    for thing in things:
        out.write(_line(thing))


def _line(value: list[Any]) -> bytes:
    return (json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


def _indented(value: dict[str, Any]) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()
