"""Hold any RDF to any shapes, without a city's folder: findings with file and line, in four forms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from pyoxigraph import NamedNode, Quad
from rdflib import BNode
from rdflib.term import Node

from stadtgraph import shacl
from stadtgraph.findings import CannotLook, Finding, RuleName, Severity, counted, severity_of
from stadtgraph.load import fault
from stadtgraph.messages import both, count_of, say
from stadtgraph.namespaces import RULE, shorten
from stadtgraph.shacl import notes
from stadtgraph.shacl.documents import (
    ENDINGS,
    FORMS,
    TURTLE_LIKE,
    Document,
    Source,
    content_of,
    files_in,
    form_of,
    prefixes_of,
    statements,
)
from stadtgraph.shacl.lines import blanks_of, place_of
from stadtgraph.shacl.model import Name
from stadtgraph.turtle import Places, places_of
from stadtgraph.validate import malformed, shown


@dataclass(frozen=True)
class Checked:
    """A report, and its results as findings with their places, sorted; ``prefixes`` are the files'."""

    report: shacl.Report
    findings: list[Finding]
    prefixes: dict[str, str]
    data: Sequence[Source | Quad] = field(repr=False)
    shapes: Sequence[Source] = field(repr=False)

    @cached_property
    def rules(self) -> dict[str, RuleName]:
        """What people call each rule; read from the files when somebody asks."""
        return _rules(self.report, self.shapes, self.prefixes)

    @property
    def counts(self) -> dict[tuple[str, str], int]:
        """How many findings there are of each rule and component, those that a limit left out too."""
        counts = self.report.counts.items()
        return {(self.report.names[shape].key, str(component)): n for (shape, component), n in counts}

    def shown(self, text: str) -> str:
        """Return an IRI, or each IRI of a path, with the prefixes of the files; other text as it is."""
        return shown(text, self.prefixes)

    @property
    def met_nothing(self) -> bool:
        """Whether no rule was looked at for any node, so that the absence of findings proves nothing."""
        return not (self.report.checked and self.report.seconds)

    @property
    def severities(self) -> Counter[Severity]:
        """How many findings there are of each severity, those that a limit left out too."""
        known = {(finding.rule, finding.component): finding.severity for finding in self.findings}
        found: Counter[Severity] = Counter()
        for rule, number in self.counts.items():
            found[known[rule]] += number
        found[Severity.WARNING] += len(self.report.unused)
        return found

    def sentence(self, files: int, statements: int, url: str | None, lang: str) -> str:
        """Say what was checked, and with what result."""
        return say(
            "validated-files" if url is None else "validated-endpoint",
            lang,
            files=count_of("file", files, lang),
            statements=count_of("statement", statements, lang),
            url=url,
            rules=count_of("rule", len(self.report.seconds), lang),
            result=counted(self.severities, lang),
        )

    def told(self, lang: str) -> Iterator[str]:
        """Yield what was done: for each rule nodes, findings and time, and what was not compiled."""
        rules = {shape: self.rules[name.key] for shape, name in self.report.names.items()}
        numbers: Counter[Node] = Counter()
        for (shape, _), number in self.report.counts.items():
            numbers[shape] += number
        for shape, seconds in sorted(self.report.seconds.items(), key=lambda pair: -pair[1]):
            nodes = self.report.focus.get(shape)
            yield say(
                "rule-done" if nodes is None else "rule-done-of-nodes",
                lang,
                shape=rules[shape].full(),
                seconds=f"{seconds:.3f}",
                nodes=count_of("node", nodes or 0, lang),
                results=count_of("result", numbers[shape], lang),
            )
        idle = [self.report.names[shape] for shape, nodes in self.report.focus.items() if not nodes]
        if idle:
            named = ((name, self.rules[name.key]) for name in idle)
            yield from notes.idle(self.data, named, self.shown, lang)
        files = [source for source in self.data if not isinstance(source, Quad)]
        yield from notes.namespaces(files, self.shapes, lang)
        yield say("nothing-by-pyshacl", lang)
        for query in sorted(map(_text, self.report.left_to_rdflib)):
            yield say("query-by-rdflib", lang, query=shorten(query, "", self.prefixes))


def sources(
    paths: Iterable[Path], form: str | None = None, pipe: Callable[[], bytes] = lambda: b""
) -> list[Source]:
    """Return what to read: ``-`` is what ``pipe`` brings; ``form`` is for it and for unknown endings.

    Raises:
        CannotLook: a file is missing or empty, or nobody said in which form something is.

    """
    kind, found, faults = FORMS.get(form or ""), list[Source](), list[Finding]()
    for path in paths:
        if str(path) == "-" and kind is None:
            faults.append(fault("pipe-without-form", path, forms=" ".join(FORMS)))
        elif str(path) == "-" and kind is not None:
            found.append(Document("-", pipe(), kind))
        elif kind is not None and path.is_file() and not path.name.endswith(ENDINGS):
            found.append(Document(str(path), path.read_bytes(), kind))
        else:
            found += files_in([path])
    faults += [fault("empty-file", source) for source in found if next(statements(source), None) is None]
    if faults:
        raise CannotLook(faults)
    return found


def check(
    data: Sequence[Source | Quad],
    shapes: Sequence[Source],
    limit: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    ways: shacl.Ways | None = None,
) -> Checked:
    """Validate files (and quads that were fetched) with shapes.

    Raises:
        CannotLook: data or shapes cannot be read, or the shapes break the specification.

    """
    data, shapes = list(_files(data)), [item for item in _files(shapes) if not isinstance(item, Quad)]
    try:
        report = shacl.validate(data, shapes, limit=limit, progress=progress, ways=ways)
    except shacl.MalformedShapes as error:
        raise CannotLook(_malformed(error, shapes)) from error
    files = [source for source in data if not isinstance(source, Quad)]
    nodes = {result.focus_node for result in report.results}
    wanted = {str(report.owners[node][0] if node in report.owners else node) for node in nodes}
    wanted -= {str(node) for node in nodes if isinstance(node, BNode)}
    where = Whereabouts(files, wanted, only=len(files) == len(data) == 1)
    known = _prefixes([*files, *shapes])
    texts = _Texts(report, known)
    findings = [_finding(result, report, where, texts) for result in report.results]
    findings = sorted([*findings, *_unused(report, shapes, texts)], key=Finding.sort_key)
    return Checked(report, findings, known, data, shapes)


def _files(items: Iterable[Source | Quad]) -> Iterator[Source | Quad]:
    """Yield what is given, folders as the files in them."""
    for item in items:
        yield from files_in([item]) if isinstance(item, Path) else [item]


class Whereabouts:
    """Where subjects stand in files: file and line in Turtle and N-Triples, the file in other forms."""

    def __init__(self, files: Sequence[Source], wanted: set[str], only: bool = False) -> None:
        """Look for the subjects ``wanted``; ``only``: what is not found stands in the only file too."""
        self.default = str(files[0]) if only else ""
        self._places = [(str(file), _places(file, wanted)) for file in files if wanted]
        self._mentioned: dict[str, tuple[str, str]] = {}
        if missing := wanted.difference(*(places.subjects for _, places in self._places)):
            self._mentioned = _mentioned(files, missing)
            subjects = {subject for subject, _ in self._mentioned.values()} - wanted
            self._places += [(str(file), _places(file, subjects)) for file in files if subjects]

    def place(self, subject: str, predicate: str = "", value: str = "") -> tuple[str, int]:
        """Return file and line of a statement, or of the nearest thing to it."""
        if subject in self._mentioned:
            subject, predicate, value = *self._mentioned[subject], subject
        found = [
            (-exactly, file, line)
            for file, places in self._places
            for exactly, line in enumerate(
                (
                    places.subjects.get(subject),
                    places.predicates.get((subject, predicate)),
                    places.objects.get((subject, predicate, value)),
                )
            )
            if line is not None
        ]
        return min(found)[1:] if found else (self.default, 0)


def _mentioned(files: Iterable[Source], values: set[str]) -> dict[str, tuple[str, str]]:
    """Return subject and predicate that first lead to what is no subject itself."""
    found: dict[str, tuple[str, str]] = {}
    for quad in (quad for file in files for quad in statements(file)):
        value = getattr(quad.object, "value", "")
        if value in values and isinstance(quad.subject, NamedNode):
            found.setdefault(value, (quad.subject.value, quad.predicate.value))
    return found


def _places(file: Source, wanted: set[str]) -> Places:
    if form_of(file) in TURTLE_LIKE:
        base = file.absolute().as_uri() if isinstance(file, Path) else ""
        return places_of(content_of(file), wanted, base)
    found = Places()
    for quad in statements(file):
        subject, predicate = getattr(quad.subject, "value", ""), quad.predicate.value
        if subject in wanted:
            found.subjects[subject] = found.predicates[subject, predicate] = 0
            found.objects[subject, predicate, getattr(quad.object, "value", "")] = 0
    return found


class _OfShapes:
    """Where shapes stand, those without an IRI too."""

    def __init__(self, shapes: Sequence[Source], iris: set[str], asked: Iterable[shacl.Fault | Name]) -> None:
        self._named = Whereabouts(shapes, iris, only=len(shapes) == 1)
        self._blanks = blanks_of(shapes) if any(each.blank for each in asked) else []

    def place(self, what: shacl.Fault | Name, iri: str, predicate: str = "") -> tuple[str, int]:
        """Return file and line of a shape, or else of ``iri``, which is or leads to it."""
        file, line = place_of(what, self._blanks)
        return (file, line) if line else self._named.place(iri, predicate)


class _Texts:
    """Terms of a report as text; blank nodes have the same names in each run."""

    def __init__(self, report: shacl.Report, prefixes: Mapping[str, str]) -> None:
        self.report, self.prefixes = report, prefixes
        self._blank: dict[BNode, str] = {}

    def text(self, term: Node | None) -> str:
        """Return an IRI or the text of a literal."""
        if isinstance(term, BNode):
            return self._blank.setdefault(term, f"_:node{len(self._blank) + 1}")
        return str(term or "")

    def path(self, result: shacl.Result) -> str:
        """Return the predicate, or the path as SPARQL writes it."""
        is_path = isinstance(result.path, BNode)
        return self.report.names[result.source_shape].path if is_path else str(result.path or "")

    def label(self, node: Node) -> dict[str, str]:
        """Return what to call a node that has no IRI."""
        owner = self.report.owners.get(node)
        if owner:
            return both("node-of", owner=shorten(str(owner[0]), "", self.prefixes))
        return both("node-without-owner") if isinstance(node, BNode) else {}


def _prefixes(files: Iterable[Source]) -> dict[str, str]:
    """Return the prefixes of files; what comes later counts more."""
    return {prefix: space for file in files for prefix, space in prefixes_of(file).items()}


def _rules(
    report: shacl.Report, shapes: Sequence[Source], prefixes: Mapping[str, str]
) -> dict[str, RuleName]:
    """Return what people call each rule, from the nearest shape with an IRI or a target, and its place."""
    names = list(report.names.values())
    where = _OfShapes(shapes, {name.owner for name in names if name.owner}, names)
    rules = {}
    for name in names:
        file, line = where.place(name, name.owner)
        path = shown(name.path, prefixes) if name.blank else ""
        place = f"{file}:{line}" if line else file
        rules[name.key] = RuleName(shown(name.start, prefixes), path, place)
    return rules


def _finding(result: shacl.Result, report: shacl.Report, where: Whereabouts, texts: _Texts) -> Finding:
    focus, path, value = texts.text(result.focus_node), texts.path(result), texts.text(result.value)
    owner = report.owners.get(result.focus_node)
    file, line = where.place(*map(str, owner)) if owner else where.place(focus, path, value)
    return Finding(
        severity_of(str(result.severity)),
        report.names[result.source_shape].key,
        dict(result.messages),
        file,
        line,
        focus,
        texts.label(result.focus_node),
        path,
        value,
        str(result.component),
    )


def _text(term: Node | None) -> str:
    return f"_:{term}" if isinstance(term, BNode) else str(term or "")


def _unused(report: shacl.Report, shapes: Sequence[Source], texts: _Texts) -> Iterator[Finding]:
    names = [report.names[shape] for shape in report.unused]
    where = _OfShapes(shapes, {name.key for name in names}, names)
    for shape, name in zip(report.unused, names, strict=True):
        file, line = where.place(name, name.key)
        rule = RULE + "unused-shape"
        yield Finding(Severity.WARNING, rule, both("unused-shape"), file, line, texts.text(shape))


def _malformed(error: shacl.MalformedShapes, shapes: Sequence[Source]) -> Iterator[Finding]:
    where = _OfShapes(shapes, {str(breach.shape) for breach in error.faults}, error.faults)
    prefixes = _prefixes(shapes)
    for breach in error.faults:
        file, line = where.place(breach, str(breach.shape), str(breach.predicate or ""))
        yield malformed(breach, prefixes, file, line)
