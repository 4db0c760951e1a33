"""The page on which people ask the graph themselves, and the query editor that it brings along."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final

from stadtgraph.messages import LANGUAGES
from stadtgraph.namespaces import VOCABULARIES, prefixes
from stadtgraph.queries import Question, fill, read
from stadtgraph.site import editor
from stadtgraph.site.frame import Frame
from stadtgraph.site.reading import Reading, sortable
from stadtgraph.site.things import DATASERVICE
from stadtgraph.terms import TYPE, text

ENDPOINT: Final = VOCABULARIES["dcat"] + "endpointURL"
FORMATS: Final = {
    "csv": "CSV",
    "json": "JSON",
    "tsv": "TSV",
    "xml": "XML",
    "ttl": "Turtle",
    "nt": "N-Triples",
    "rdf": "RDF/XML",
    "jsonld": "JSON-LD",
}
# The editor's own words, by what they are called in its code.
SAID: Final = {
    "Simple view": "yasr-simple",
    "Ellipse": "yasr-shortened",
    "Filter query results": "yasr-filter",
    "Page size: ": "yasr-size",
    "All": "yasr-all",
    "Table": "yasr-table",
    "Boolean": "yasr-boolean",
    "Response": "yasr-response",
    "Show all": "yasr-more",
    "Download result": "yasr-download",
    "info": "yasr-info",
    "infoEmpty": "yasr-info-empty",
    "infoFiltered": "yasr-info-filtered",
    "emptyTable": "query-none",
    "zeroRecords": "yasr-info-empty",
    "row": "yasr-row",
    "asking": "sparql-asking",
    "answer": "sparql-answer",
    "download": "sparql-download",
    "link": "sparql-link",
    "silent": "sparql-silent",
}


def asking_pages(reading: Reading, fetched: Path | None) -> Iterator[tuple[str, bytes]]:
    """Yield the page in each language, and the editor's files if they were fetched into that folder."""
    documents = editor.documents(fetched) if fetched else {}
    yield from documents.values()
    questions = [read(path) for path in reading.city.queries()]
    with as_file(files("stadtgraph.site").joinpath("start.rq")) as path:
        start = read(path)
    for lang in LANGUAGES:
        frame = Frame.of(reading, lang)
        yield (
            frame.file("sparql"),
            frame.render(
                "sparql.html",
                "sparql",
                editor={kind: name for kind, (name, _) in documents.items()},
                base=reading.base,
                said=json.dumps({name: frame.words(key) for name, key in SAID.items()}, ensure_ascii=False),
                start=_asked(start, lang, reading.base),
                examples=[
                    {"slug": q.slug, "title": q.title(lang), "text": _asked(q, lang, reading.base)}
                    for q in sorted(questions, key=lambda one: sortable(one.title(lang)))
                    if not q.only_documented
                ],
                formats=[("html", frame.words("sparql-format-table")), *FORMATS.items()],
                prefixes=prefixes(reading.base).items(),
                endpoint=endpoint(reading),
            ),
        )


def endpoint(reading: Reading) -> str:
    """Return the address of the SPARQL endpoint: as the catalogue says, else below the city's base."""
    services = sorted(text(service) for service in reading.site.those(TYPE, DATASERVICE))
    told = [address for service in services for address in reading.objects(service, ENDPOINT)]
    return told[0] if told else reading.base + "sparql"


def _asked(question: Question, lang: str, base: str) -> str:
    """Return a question as people of a language ask it, without the lines of its header."""
    given = {"lang": lang} if "lang" in {parameter.name for parameter in question.parameters} else {}
    lines = [line for line in fill(question, given, base).splitlines() if not line.startswith("#+")]
    return "\n".join(lines).strip()
