"""The whole graph in one file, in each form: the same triples in the same order, always."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

from pyoxigraph import RdfFormat, parse

from stadtgraph.site.jsonld import document_lines
from stadtgraph.site.writer import Tell
from stadtgraph.terms import Out, write

# Suffix: the form, and that from which it is read again, faster than the store finds it.
FORMS: Final = {
    "ttl": (RdfFormat.TURTLE, RdfFormat.N_TRIPLES),
    "rdf": (RdfFormat.RDF_XML, RdfFormat.N_TRIPLES),
    "jsonld": (RdfFormat.JSON_LD, RdfFormat.N_TRIPLES),
    "trig": (RdfFormat.TRIG, RdfFormat.N_QUADS),
}


def dump(folder: Path, suffix: str, prefixes: dict[str, str]) -> Tell:
    """Return what tells a dump in a form, read from the dump of single lines that lies in ``folder``."""
    form, plain = FORMS[suffix]
    return partial(_tell, folder / f"dataset.{plain.file_extension}", plain, form, prefixes)


def _tell(path: Path, plain: RdfFormat, form: RdfFormat, prefixes: dict[str, str], out: Out) -> None:
    quads = parse(path=path, format=plain)
    if form == RdfFormat.JSON_LD:
        for line in document_lines(quads, prefixes):
            out.write(line.encode())
    else:
        write(quads, form, prefixes, out)
