"""Read a city's folder: every file a named graph, every subject with its file and line."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from errno import EACCES
from functools import cached_property
from pathlib import Path
from typing import Final

from pyoxigraph import Literal, NamedNode, RdfFormat, Store

from stadtgraph.findings import CannotLook, Finding, Severity
from stadtgraph.messages import both
from stadtgraph.namespaces import LOCAL, RULE, VOCABULARIES, prefixes
from stadtgraph.terms import TYPE, text
from stadtgraph.turtle import Places, longest_text, places

URI_SPACE: Final = NamedNode(VOCABULARIES["void"] + "uriSpace")
LABELS: Final = tuple(
    NamedNode(VOCABULARIES[prefix] + name)
    for prefix, name in (
        ("skos", "prefLabel"),
        ("schema", "name"),
        ("dcterms", "title"),
        ("rdfs", "label"),
        ("sh", "name"),
    )
)
UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
QUOTES: Final = ('"', "'")
CONFLICT: Final = "<<<<<<< "
# Rules in this folder of shapes/ hold for what the build writes, not for what people write.
PUBLISHED: Final = "published"
NOWHERE: Final = NamedNode("urn:stadtgraph:nowhere")
# How files begin that hold something else; the groups are named as people call it.
DOCUMENTS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF-", b"{\\rtf")
OTHER_FORM: Final = re.compile(
    r"\s*(?:(?P<HTML><(?:!doctype )?html)|(?P<XML><\?xml)|(?P<JSON>\{))", re.IGNORECASE
)
UNDERSCORE: Final = re.compile(r"[\"']@[A-Za-z]+_")
DASHES: Final = "\u2010-\u2015\u2212"
SYNTAX: Final = (
    ("syntax-quotes", re.compile(r"'(?P<it>[„“”‟‚‘’«»])'")),
    ("syntax-quote-open", re.compile(r"Line jumps are not allowed")),
    ("syntax-dash", re.compile(rf"^'(?P<it>[{DASHES}])' is not allowed")),
    ("syntax-invisible", re.compile(r"^'(?P<it>[^\x21-\x7e\w])' is not allowed")),
    ("syntax-early-dot", re.compile(r"^[\"'].* is not a valid predicate")),
    ("syntax-comma", re.compile(r"^(?P<it>[\"'].*) is not a valid subject")),
    ("syntax-value", re.compile(r"^(?P<it>[;,.]) is not a valid (?:predicate|RDF object)")),
    ("syntax-word", re.compile(r"^(?P<it>\w+) is not a valid (?:subject|predicate|RDF object)")),
    ("syntax-prefix", re.compile(r"The prefix (?P<it>\S*:) has not been declared")),
    ("syntax-iri", re.compile(r"Invalid IRI|No scheme found|IRI")),
    ("syntax-end", re.compile(r"Unexpected end")),
    ("syntax-dot", re.compile(r"dot")),
    ("syntax-other", re.compile(r"")),
)


@dataclass
class City:
    """A city's knowledge as it stands in its folder.

    ``store`` holds one named graph per file of ``data/`` and ``ontology/``; ``shapes`` those of
    ``shapes/``; ``files`` maps graph IRIs to paths; ``only`` are the files whose findings were asked for.
    """

    root: Path
    base: str
    store: Store
    shapes: Store
    files: dict[str, Path]
    only: frozenset[Path] = frozenset()
    _places: dict[Path, Places] = field(default_factory=dict)

    @cached_property
    def prefixes(self) -> dict[str, str]:
        """Every prefix of this city."""
        return prefixes(self.base)

    def queries(self, folder: str = "") -> list[Path]:
        """Return the query files of ``queries/<folder>`` in name order."""
        return sorted((self.root / "queries" / folder).glob("*.rq"))

    def places(self, path: Path) -> Places:
        """Return where things stand in one file."""
        if path not in self._places:
            self._places[path] = places(path.read_text("utf-8-sig", errors="replace"))
        return self._places[path]

    def place(self, subject: str, predicate: str = "", value: str = "") -> tuple[str, int]:
        """Return file and line of a statement, or of the nearest thing to it that stands in a file."""
        store = self.store if any(self.store.quads_for_pattern(_node(subject), None, None)) else self.shapes
        exact = [(predicate, value), ("", value)] if value else []
        # What is missing is missing where the thing has its class, or else its name.
        known = [(name, "") for name in (predicate, TYPE.value, *(label.value for label in LABELS)) if name]
        for path in (*exact, *known, ("", "")):
            for graph in self._graphs(store, subject, *path):
                line = self.places(self.files[graph]).line(subject, *path)
                if line:
                    return self.relative(self.files[graph]), line
        return (self.relative(self.files[subject]), 1) if subject in self.files else ("", 0)

    def _graphs(self, store: Store, subject: str, predicate: str, value: str) -> list[str]:
        quads = store.quads_for_pattern(_node(subject), _node(predicate), None)
        graphs = {text(q.graph_name) for q in quads if not value or text(q.object) == value}
        asked = {graph for graph in graphs if self.files.get(graph) in self.only}
        return sorted((asked or graphs) & self.files.keys())

    def relative(self, path: Path) -> str:
        """Return a path as people see it: from the city's folder where it lies inside."""
        return (path.relative_to(self.root) if path.is_relative_to(self.root) else path).as_posix()

    def label(self, iri: str) -> dict[str, str]:
        """Return the preferred label of a thing by language; empty when it has none."""
        for store in (self.store, self.shapes):
            for predicate in LABELS:
                texts = {
                    quad.object.language or "": quad.object.value
                    for quad in store.quads_for_pattern(_node(iri), predicate, None)
                    if isinstance(quad.object, Literal)
                }
                if texts:
                    return dict(sorted(texts.items()))
        return {}


def _node(iri: str) -> NamedNode | None:
    try:
        return NamedNode(iri) if iri else None
    except ValueError:
        return NOWHERE


def load(root: Path, extra: Iterable[Path] = ()) -> City:
    """Read the city in ``root``, and ``extra`` files as if they belonged to it.

    Raises:
        CannotLook: a folder is missing or empty, or a file cannot be read; every such fault at once.

    """
    root = root.resolve()
    extra = [path.resolve() for path in extra]
    faults: list[Finding] = []
    data = _turtle_files(root / "data", root, faults)
    others = {name: _turtle_files(root / name, root, faults) for name in ("ontology", "shapes")}
    others["shapes"] = [path for path in others["shapes"] if path.parent.name != PUBLISHED]
    faults += _missing_queries(root)
    asked = [
        file for path in extra for file in ([path] if not path.is_dir() else sorted(path.rglob("*.ttl")))
    ]
    faults += [fault("missing-file", path) for path in extra if not path.exists()]
    faults += [
        fault("empty-folder", path) for path in extra if path.is_dir() and not any(path.rglob("*.ttl"))
    ]
    if faults:
        raise CannotLook(faults)
    base = _base(root / "data" / "catalog.ttl", root)
    store, shapes = Store(), Store()
    city = City(root, base, store, shapes, {}, frozenset(asked))
    for path in data:
        name = path.relative_to(root / "data").with_suffix("").as_posix()
        faults += _read(city, store, path, base + LOCAL["graph"] + name)
    for path in asked:
        if path not in [*data, *others["ontology"], *others["shapes"]]:
            faults += _read(city, store, path, f"urn:stadtgraph:file:{len(city.files)}")
    for path in others["ontology"]:
        faults += _read(city, store, path, base + path.stem)
    for path in others["shapes"]:
        faults += _read(city, shapes, path, f"{base}shapes/{path.stem}")
    if faults:
        raise CannotLook(faults)
    return city


def _turtle_files(folder: Path, root: Path, faults: list[Finding]) -> list[Path]:
    where = folder.relative_to(root)
    if not folder.is_dir():
        faults.append(fault("not-a-folder" if folder.exists() else "missing-folder", where))
        return []
    closed = [path for path in (folder, *folder.rglob("*")) if path.is_dir() and not os.access(path, os.R_OK)]
    if closed:
        faults += [fault("unreadable", path.relative_to(root), reason=os.strerror(EACCES)) for path in closed]
        return []
    files = sorted(folder.rglob("*.ttl"))
    if not files:
        faults.append(fault("empty-folder", where))
    return files


def _missing_queries(root: Path) -> list[Finding]:
    """Without its checks and rules a city would seem to be in order, and be published incomplete."""
    folders = [root / "queries", root / "queries" / "checks", root / "queries" / "derive"]
    missing = [folder for folder in folders if not folder.is_dir()]
    if missing:
        return [fault("missing-folder", missing[0].relative_to(root))]
    empty = [folder for folder in folders[1:] if not any(folder.glob("*.rq"))]
    return [fault("no-queries", folder.relative_to(root)) for folder in empty]


def _base(catalog: Path, root: Path) -> str:
    where = catalog.relative_to(root)
    if not catalog.is_file():
        raise CannotLook([fault("missing-catalog", where)])
    store = Store()
    city = City(root, "urn:", store, store, {})
    faults = _read(city, store, catalog, "urn:catalog")
    if faults:
        raise CannotLook(faults)
    spaces = [text(quad.object) for quad in store.quads_for_pattern(None, URI_SPACE, None)]
    if len(spaces) != 1 or not re.fullmatch(r"https?://[^\s<>\"]+[/#]", spaces[0]):
        raise CannotLook([fault("no-base", where)])
    return spaces[0]


def _read(city: City, store: Store, path: Path, graph: str) -> list[Finding]:
    """Load one file into ``store``; return what makes it unreadable."""
    where = Path(city.relative(path))
    if not re.fullmatch(r"[^\s\"<>%{}|\\^`#?]+", path.name):
        return [fault("bad-file-name", where)]
    if path.is_dir():
        return [fault("is-a-folder", where)]
    try:
        content = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
        if content.startswith(DOCUMENTS):
            return [fault("not-text", where, 1)]
        document = content.decode("utf-8")
    except OSError as error:
        return [fault("unreadable", where, reason=error.strerror)]
    except UnicodeDecodeError as error:
        if content.startswith(UTF_16):
            return [fault("utf-16", where, 1)]
        line = content.count(b"\n", 0, error.start) + 1
        near = content.splitlines()[line - 1].decode("latin-1").strip()
        return [fault("not-utf8", where, line, near=_short(near))]
    city.files[graph] = path
    try:
        store.load(input=content, format=RdfFormat.TURTLE, to_graph=NamedNode(graph))
    except SyntaxError as error:
        return [syntax_fault(error, where, document)]
    except MemoryError:
        line, length = longest_text(document)
        return [fault("text-too-long-to-read", where, line, length=str(length))]
    return []


def syntax_fault(error: SyntaxError, where: object, document: str, other: str = "") -> Finding:
    """Say in which line a document is no RDF, and why; ``other`` names the form where it is not Turtle."""
    lines = document.rstrip().splitlines() or [""]
    line = min(error.lineno or 1, len(lines))
    near = lines[line - 1].strip()
    for number, content in enumerate(lines, 1):
        if content.startswith(CONFLICT):
            return fault("syntax-conflict", where, number)
    if (error.lineno or 1) > len(lines):
        return fault("syntax-end", where, line, near=_short(near))
    reason = re.sub(r"^Parser error [^:]*: ", "", error.msg).removesuffix(f" (line {line})")
    if other and error.lineno is None:
        return fault("syntax-somewhere", where, reason=reason, form=other)
    if other:
        above = _above(lines, line)
        return fault(
            "syntax-of-other", where, line, near=_short(near), reason=reason, form=other, above=above
        )
    if form := OTHER_FORM.match(document):
        return fault("not-turtle", where, 1, form=form.lastgroup)
    if UNDERSCORE.search(near):
        return fault("syntax-language", where, line, near=_short(near))
    # A string that runs to the end of the file is reported where it begins.
    if reason == "Unexpected end of file" and lines[line - 1][(error.offset or 1) - 1 :].startswith(QUOTES):
        return fault("syntax-quote-open", where, line, near=_short(near))
    for key, pattern in SYNTAX:
        match = pattern.search(reason)
        if match:
            it = match.groupdict().get("it", "")
            if key == "syntax-word" and _has_open_quote(lines[line - 1], error.offset or 1):
                key = "syntax-quote-open"
            it = f"U+{ord(it):04X}" if key == "syntax-invisible" else _short(it)
            return fault(key, where, line, near=_short(near), reason=reason, it=it, above=_above(lines, line))
    raise AssertionError(reason)


def _has_open_quote(line: str, offset: int) -> bool:
    r"""Say whether a quotation mark before the offset is one of an odd number in its line; \" is none."""
    quotes = [match.start() for match in re.finditer(r'\\.|(")', line) if match[1]]
    return len(quotes) % 2 == 1 and quotes[0] < offset - 1


def _above(lines: list[str], line: int) -> str:
    """Return the number of the line before that holds more than a comment, or of this line if none does."""
    before = [n for n, text in enumerate(lines[: line - 1], 1) if text.strip() and text.strip()[0] != "#"]
    return str(max(before, default=line))


def _short(line: str) -> str:
    return line if len(line) <= 80 else line[:77] + "…"


def fault(key: str, where: object, line: int = 0, **values: str | None) -> Finding:
    """Return what keeps something from being read, as sentence ``key`` says it."""
    path = where.as_posix() if isinstance(where, Path) else str(where)
    return Finding(Severity.VIOLATION, RULE + key, both(key, path=path, **values), path, line)
