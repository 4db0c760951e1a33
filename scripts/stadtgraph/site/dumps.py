"""The whole graph in one file, in each form: the same triples in the same order, always."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import IO, Final, cast

from pyoxigraph import RdfFormat, Store, parse

from stadtgraph.site.jsonld import document_lines
from stadtgraph.site.ordered import quad_lines, triple_lines
from stadtgraph.site.shelf import Tell
from stadtgraph.terms import Out, write

TRIPLES: Final = {
    "ttl": RdfFormat.TURTLE,
    "nt": RdfFormat.N_TRIPLES,
    "rdf": RdfFormat.RDF_XML,
    "jsonld": RdfFormat.JSON_LD,
}
QUADS: Final = {"trig": RdfFormat.TRIG, "nq": RdfFormat.N_QUADS}


def dumps(store: Store, prefixes: dict[str, str]) -> Iterator[tuple[str, Tell]]:
    """Yield suffix and what writes the dump: triples of the union of all graphs, quads with their graphs.

    Each dump lasts until the next one is asked for.
    """
    for forms, plain, lines in (
        (TRIPLES, RdfFormat.N_TRIPLES, triple_lines(store)),
        (QUADS, RdfFormat.N_QUADS, quad_lines(store)),
    ):
        # Put in order once; a parser reads them again faster than the store finds them.
        with TemporaryFile() as ordered:
            ordered.writelines(line.encode() for line in lines)
            for suffix, form in forms.items():
                if form == plain:
                    yield suffix, partial(_copy, ordered)
                else:
                    yield suffix, partial(_told, ordered, plain, form, prefixes)


def _copy(ordered: IO[bytes], out: Out) -> None:
    ordered.seek(0)
    copyfileobj(ordered, cast("IO[bytes]", out), 1 << 20)


def _told(ordered: IO[bytes], plain: RdfFormat, form: RdfFormat, prefixes: dict[str, str], out: Out) -> None:
    ordered.seek(0)
    quads = parse(ordered, plain)
    statements = quads if plain == RdfFormat.N_QUADS else (quad.triple for quad in quads)
    if form == RdfFormat.JSON_LD:
        for line in document_lines((quad.triple for quad in quads), prefixes):
            out.write(line.encode())
    else:
        write(statements, form, prefixes, out)
