"""Questions as files: a header of ``#+`` lines, parameters in VALUES, the SPARQL itself.

A query file stands on its own: each parameter is bound by a line ``VALUES ?name { default }``, so the file
can be pasted into any endpoint as it is. A value that is given takes the place of the default.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Final

from pyoxigraph import (
    Literal,
    NamedNode,
    QueryBoolean,
    QueryResultsFormat,
    QuerySolutions,
    QueryTriples,
    RdfFormat,
    Store,
    Triple,
    parse_query_results,
)

from stadtgraph.messages import say
from stadtgraph.namespaces import expand, prefixes, shorten
from stadtgraph.sparql import absent, faults, guard
from stadtgraph.sparql.refused import Refused
from stadtgraph.terms import Term, in_order, text, to_bytes

HEADER: Final = re.compile(r"^#\+ *([\w-]+) *: *(.*?) *$", re.MULTILINE)
NO_KEYWORDS: Final = re.compile(
    r'"{3}.*?(?<!\\)"{3}|\'{3}.*?(?<!\\)\'{3}|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|<[^<>\s]*>|#[^\n]*'
    r"|[?$]\w+|[\w.-]*:(?:[\w.:%-]|\\.)*",
    re.DOTALL,
)
RESULTS: Final = {
    "csv": QueryResultsFormat.CSV,
    "json": QueryResultsFormat.JSON,
    "tsv": QueryResultsFormat.TSV,
    "xml": QueryResultsFormat.XML,
}
GRAPHS: Final = {"json": RdfFormat.JSON_LD, "turtle": RdfFormat.TURTLE, "xml": RdfFormat.RDF_XML}
NUMBER: Final = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?")
LONGEST: Final = 2000  # characters in a value
DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
FORMATS: Final = ("table", *RESULTS, "turtle")


class BadQuery(Exception):
    """A question cannot be asked as it stands; ``key`` and ``values`` name the sentence that says why."""

    def __init__(self, key: str, because: BadQuery | Refused | None = None, **values: str) -> None:
        self.key, self.because, self.values = key, because, values
        super().__init__(key, values)

    def sentence(self, lang: str) -> str:
        """Return what to tell the asker."""
        reason = {"reason": self.because.sentence(lang)} if self.because else {}
        return say(self.key, lang, **self.values, **reason)


class Kind(StrEnum):
    """What kind of value a parameter takes; its default shows it."""

    DATE = "date"
    IRI = "iri"
    NUMBER = "number"
    TEXT = "text"


@dataclass(frozen=True)
class Parameter:
    """A variable that the asker may set; where ``allowed`` names values, to one of them."""

    name: str
    default: str
    meaning: Mapping[str, str]
    allowed: tuple[str, ...] = ()

    @property
    def kind(self) -> Kind:
        """Return the kind of value."""
        if self.default.startswith('"'):
            return Kind.DATE if DATE.fullmatch(self.example) else Kind.TEXT
        return Kind.NUMBER if NUMBER.fullmatch(self.default) else Kind.IRI

    @property
    def example(self) -> str:
        """Return the default as an asker would write it."""
        if self.default.startswith('"'):
            return self.default[1 : self.default.rindex('"')]
        return self.default.removeprefix("id:").strip("<>")


@dataclass(frozen=True)
class Question:
    """A query file."""

    slug: str
    text: str
    header: Mapping[str, tuple[str, ...]]
    parameters: tuple[Parameter, ...]
    # What people call the columns of the answer, by variable and language.
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def title(self, lang: str) -> str:
        """Return the title in ``lang``; the slug when the file has none."""
        return self.line("title", lang) or self.slug

    def line(self, key: str, lang: str) -> str:
        """Return a header value in ``lang``; German lines carry no suffix."""
        lines = self.header.get(key if lang == "de" else f"{key}-{lang}") or self.header.get(key) or ("",)
        return lines[0]

    @property
    def form(self) -> str:
        """Return what kind of query it is: SELECT, ASK, CONSTRUCT or DESCRIBE."""
        bare = NO_KEYWORDS.sub(" ", self.text)
        found = re.search(r"\b(SELECT|ASK|CONSTRUCT|DESCRIBE)\b", bare, re.IGNORECASE)
        return found[1].upper() if found else ""

    @property
    def only_documented(self) -> bool:
        """Whether the question is there to be read and pasted, not to be run from here."""
        return self.line("run", "de") == "no"


def read(path: Path) -> Question:
    """Read a query file.

    Raises:
        BadQuery: a parameter has no VALUES line, or the file cannot be read.

    """
    try:
        content = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadQuery("query-unreadable", path=str(path), reason=str(error)) from error
    header: dict[str, tuple[str, ...]] = {}
    for key, value in HEADER.findall(content):
        header[key] = (*header.get(key, ()), value)
    parameters = []
    for line in header.get("parameter", ()):
        name, german, english, values, *_ = (part.strip() for part in f"{line}|||".split("|"))
        match = _values(name).search(content)
        if match is None:
            raise BadQuery("query-parameter-unbound", path=str(path), name=name)
        allowed = tuple(value.strip() for value in values.split(",") if value.strip())
        parameters.append(Parameter(name, match["term"], {"de": german, "en": english}, allowed))
    columns = {}
    for line in header.get("column", ()):
        name, german, english, *_ = (part.strip() for part in f"{line}||".split("|"))
        columns[name] = {"de": german or name, "en": english or german or name}
    return Question(path.stem, content, header, tuple(parameters), columns)


def _values(name: str) -> re.Pattern[str]:
    return re.compile(
        rf"(?P<before>VALUES\s+\?{re.escape(name)}\s*\{{\s*)(?P<term>\"[^\"\n]*\"\S*|<[^>\n]*>|[^\s}}]+)"
    )


def fill(question: Question, given: Mapping[str, str], base: str) -> str:
    """Return the query with the given values in place of the defaults.

    A value takes the kind of its default: an IRI (prefixed name, full IRI or bare slug of ``id:``), a
    number, a date, or a text.

    Raises:
        BadQuery: there is no such parameter, or the value does not fit.

    """
    known = {parameter.name: parameter for parameter in question.parameters}
    terms = []
    for name, value in given.items():
        if name not in known:
            names = ", ".join(known) or "–"
            raise BadQuery("query-no-such-parameter", slug=question.slug, name=name, names=names)
        match = _values(name).search(question.text)
        if match:
            terms.append((match.start("term"), match.end("term"), _term(known[name], value, base)))
    # From the end, and each found in the file itself: no value is ever read as part of the query.
    query = question.text
    for start, end, term in sorted(terms, reverse=True):
        query = query[:start] + term + query[end:]
    return query


def _term(parameter: Parameter, value: str, base: str) -> str:
    """Return a value as a term of SPARQL."""
    if len(value) > LONGEST:
        raise BadQuery("query-value-too-long", name=parameter.name, most=str(LONGEST))
    if parameter.allowed and value not in parameter.allowed:
        allowed = ", ".join(parameter.allowed)
        raise BadQuery("query-not-allowed", name=parameter.name, value=value, allowed=allowed)
    match parameter.kind:
        case Kind.NUMBER if NUMBER.fullmatch(value):
            return value
        case Kind.DATE if _is_date(value):
            return str(Literal(value)) + _suffix(parameter)
        case Kind.TEXT:
            return str(Literal(value)) + _suffix(parameter)
        case Kind.IRI:
            with suppress(ValueError):
                return str(NamedNode(iri_of(value, base)))
    raise BadQuery("query-bad-value", name=parameter.name, value=value, default=parameter.default)


def iri_of(value: str, base: str) -> str:
    """Return the IRI that a value names: in full, by a prefix, or by a bare slug of ``id:``."""
    slug = re.fullmatch(r"[\w-]+", value)
    return expand(f"id:{value}" if slug else value, base) or value.strip("<>")


def _is_date(value: str) -> bool:
    try:
        return bool(DATE.fullmatch(value) and date.fromisoformat(value))
    except ValueError:
        return False


def _suffix(parameter: Parameter) -> str:
    """Return the language tag or the datatype of a default."""
    return parameter.default[parameter.default.rindex('"') + 1 :]


def leaves_the_store(query: str) -> bool:
    """Whether a query asks another endpoint or names its own dataset."""
    bare = NO_KEYWORDS.sub(" ", query)
    return bool(re.search(r"\b(SERVICE|FROM|LOAD)\b", bare, re.IGNORECASE))


Answer = QuerySolutions | QueryBoolean | list[Triple]


def ask(store: Store, query: str, base: str) -> Answer:
    """Ask the store; its default graph is the union of all its graphs and the city's prefixes are known.

    Raises:
        BadQuery: the query has a fault, or would leave the store.

    """
    if leaves_the_store(query):
        raise BadQuery("query-leaves-the-store")
    padded = query + faults.PADDING
    try:
        answer = store.query(padded, prefixes=prefixes(base), use_default_graph_as_union=True)
        return in_order(answer) if isinstance(answer, QueryTriples) else answer
    except SyntaxError as error:
        raise BadQuery("query-refused", _explained(store, query, base, str(error))) from error
    except RuntimeError as error:
        raise BadQuery("query-refused", faults.not_answered(str(error))) from error


def _explained(store: Store, query: str, base: str, reason: str) -> Refused:
    try:
        read = guard.read(query, base, prefixes(base), (), partial(absent.occurs, store))
    except Refused as refused:
        return refused
    return faults.explain(read, reason)


def is_empty(answer: Answer, content: bytes, form: str) -> bool:
    """Tell whether an answer, written in one of ``FORMATS`` other than ``table``, holds nothing."""
    if not isinstance(answer, QuerySolutions):
        return not answer
    if form in ("csv", "tsv"):
        return content.find(b"\n", content.find(b"\n") + 1) < 0
    return next(iter(parse_query_results(content, RESULTS[form])), None) is None  # type: ignore[arg-type]


def write(answer: Answer, form: str, base: str) -> bytes:
    """Return an answer in one of ``FORMATS`` other than ``table``.

    Raises:
        BadQuery: the kind of answer has no such form.

    """
    if isinstance(answer, list):
        if form in ("csv", "tsv"):
            return _separated(*rows(answer, base), "," if form == "csv" else "\t")
        return to_bytes(answer, GRAPHS[form], prefixes(base))
    if form == "turtle":
        raise BadQuery("query-no-such-form", form=form)
    if isinstance(answer, QueryBoolean) and form in ("csv", "tsv"):
        return b"true\n" if answer else b"false\n"
    return answer.serialize(format=RESULTS[form]) or b""


def _separated(header: Sequence[str], table: Sequence[Sequence[str]], delimiter: str) -> bytes:
    lines = io.StringIO()
    csv.writer(lines, delimiter=delimiter, lineterminator="\r\n").writerows([header, *table])
    return lines.getvalue().encode()


def rows(answer: Answer, base: str) -> tuple[list[str], list[list[str]]]:
    """Return an answer as header and rows of readable text: IRIs shortened, literals without quotes."""
    if isinstance(answer, QueryBoolean):
        return ["answer"], [[json.dumps(bool(answer))]]
    if isinstance(answer, list):
        table = [[_readable(term, base) for term in (t.subject, t.predicate, t.object)] for t in answer]
        return ["subject", "predicate", "object"], table
    header = [variable.value for variable in answer.variables]
    return header, [[_readable(solution[name], base) for name in header] for solution in answer]


def _readable(term: Term | None, base: str) -> str:
    return shorten(term.value, base) if isinstance(term, NamedNode) else text(term)
