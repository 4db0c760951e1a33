"""Read RDF as it comes: files in any form, packed or not, and what arrives through a pipe.

Nothing is fetched: contexts of JSON-LD and entities of XML that stand elsewhere make a document unreadable.
"""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final
from xml.parsers import expat

import pyoxigraph as ox

from stadtgraph.findings import CannotLook, Finding
from stadtgraph.load import UTF_16, fault, syntax_fault

BOM: Final = b"\xef\xbb\xbf"
PACKED: Final = b"\x1f\x8b"
BLOCK: Final = 1 << 16
CONTEXT: Final = re.compile(r'"@(?:context|import)"\s*:\s*\[?\s*(?:\{[^{}]*\}\s*,\s*)*(?=")')
FORMS: Final = {
    "turtle": ox.RdfFormat.TURTLE,
    "ntriples": ox.RdfFormat.N_TRIPLES,
    "trig": ox.RdfFormat.TRIG,
    "nquads": ox.RdfFormat.N_QUADS,
    "rdfxml": ox.RdfFormat.RDF_XML,
    "jsonld": ox.RdfFormat.JSON_LD,
}
TURTLE_LIKE: Final = (ox.RdfFormat.TURTLE, ox.RdfFormat.N_TRIPLES)
ENDINGS: Final = tuple(f".{form.file_extension}{packed}" for form in FORMS.values() for packed in ("", ".gz"))


@dataclass(frozen=True)
class Document:
    """RDF under a name, whose form is known: what a pipe brought, or a file whose ending says nothing."""

    name: str
    content: bytes
    form: ox.RdfFormat

    def __str__(self) -> str:
        """Return the name, as of a path."""
        return self.name


Source = Path | Document


def files_in(paths: Iterable[Path]) -> list[Path]:
    """Return files as they are, and the RDF files in folders in the order of their names.

    Raises:
        CannotLook: a path does not exist, or a folder holds no RDF.

    """
    found: list[Path] = []
    faults: list[Finding] = []
    for path in paths:
        inside = sorted(f for f in path.rglob("*") if f.name.endswith(ENDINGS)) if path.is_dir() else [path]
        found += inside
        if not path.exists():
            faults.append(fault("missing-file", path))
        elif not inside:
            faults.append(fault("no-rdf-in-folder", path, endings=" ".join(ENDINGS[::2])))
    if faults:
        raise CannotLook(faults)
    return found


def form_of(source: Source) -> ox.RdfFormat:
    """Return the form in which a source is written; the ending of a file says it.

    Raises:
        CannotLook: the ending says nothing.

    """
    if isinstance(source, Document):
        return source.form
    form = ox.RdfFormat.from_extension(source.name.removesuffix(".gz").rpartition(".")[2])
    if form is None:
        raise CannotLook([fault("unknown-ending", source, endings=" ".join(ENDINGS[::2]))])
    return form


def statements(source: Source) -> Iterator[ox.Quad]:
    """Yield the statements of a source, blank nodes named anew, literals as they are written.

    Raises:
        CannotLook: it cannot be read, with file and line.

    """
    form = form_of(source)
    base = source.absolute().as_uri() if isinstance(source, Path) else "urn:stadtgraph:input"
    with _opened(source) as file:
        if form == ox.RdfFormat.RDF_XML:
            if _has_doctype(file):
                raise CannotLook([fault("doctype", source)])
            _rewind(file)
        try:
            yield from ox.parse(input=file, format=form, base_iri=base, rename_blank_nodes=True)
        except SyntaxError as error:
            raise CannotLook([_explained(error, source, form)]) from error


def prefixes_of(source: Source) -> dict[str, str]:
    """Return the prefixes that stand before the first statement of a source that has been read before."""
    form = form_of(source)
    if form in (ox.RdfFormat.N_TRIPLES, ox.RdfFormat.N_QUADS):
        return {}
    with _opened(source) as file:
        parser = ox.parse(input=file, format=form, base_iri="urn:stadtgraph:input")
        next(parser, None)
        return parser.prefixes


def content_of(source: Source) -> bytes:
    """Return what stands in a source, unpacked.

    Raises:
        CannotLook: it cannot be read.

    """
    with _opened(source) as file:
        return file.read()


@contextmanager
def _opened(source: Source) -> Iterator[IO[bytes]]:
    try:
        with io.BytesIO(source.content) if isinstance(source, Document) else source.open("rb") as file:
            packed = file.read(2) == PACKED
            file.seek(0)
            unpacked: IO[bytes] = gzip.GzipFile(fileobj=file) if packed else file  # type: ignore[assignment]
            with unpacked:
                _rewind(unpacked)
                yield unpacked
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise CannotLook([fault("not-packed", source, reason=str(error))]) from error
    except OSError as error:
        raise CannotLook([fault("unreadable", source, reason=error.strerror or str(error))]) from error


def _rewind(file: IO[bytes]) -> None:
    """Go to the start, after a byte order mark."""
    file.seek(0)
    if file.read(len(BOM)) != BOM:
        file.seek(0)


def _has_doctype(file: IO[bytes]) -> bool:
    """Say whether XML declares a document type, before its first element."""
    found: list[bool] = []
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = lambda *_: found.append(True)
    parser.StartElementHandler = lambda *_: found.append(False)
    with suppress(expat.ExpatError):
        while not found and (block := file.read(BLOCK)):
            parser.Parse(block)
        if not found:  # from 2.6 on expat holds back to the end what might not be whole yet
            parser.Parse(b"", True)
    return found[:1] == [True]


def _explained(error: SyntaxError, source: Source, form: ox.RdfFormat) -> Finding:
    content = content_of(source)
    try:
        document = content.decode()
    except UnicodeDecodeError as wrong:
        if content.startswith(UTF_16):
            return fault("utf-16", source, 1)
        line = content.count(b"\n", 0, wrong.start) + 1
        near = content.splitlines()[line - 1].decode("latin-1").strip()
        return fault("not-utf8", source, line, near=near[:80])
    if form == ox.RdfFormat.JSON_LD and "LoadDocumentCallback" in error.msg:
        place = CONTEXT.search(document)
        line = document.count("\n", 0, place.start()) + 1 if place else 0
        return fault("remote-context", source, line)
    if form == ox.RdfFormat.RDF_XML and error.lineno is None:
        error.lineno = _line_of_xml(content)
    return syntax_fault(error, source, document, "" if form == ox.RdfFormat.TURTLE else form.name)


def _line_of_xml(content: bytes) -> int | None:
    """Return where XML is not well-formed, which pyoxigraph does not say; it has no DOCTYPE here."""
    try:
        expat.ParserCreate().Parse(content, True)
    except expat.ExpatError as error:
        return error.lineno
    return None
