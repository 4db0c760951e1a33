"""Hold a city's data to its house rules, shapes and checks; say what is wrong and where."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from pyoxigraph import Literal, NamedNode, QuerySolutions, RdfFormat, Triple
from rdflib import BNode

from stadtgraph import shacl
from stadtgraph.findings import ORDER, CannotLook, Finding, RuleName, Severity, name_in, severity_of
from stadtgraph.house import house_rules
from stadtgraph.load import City
from stadtgraph.messages import LANGUAGES, both, say
from stadtgraph.namespaces import LOCAL, RULE, VOCABULARIES, shorten
from stadtgraph.queries import BadQuery, Question, ask, read
from stadtgraph.shacl.lines import Blank, blanks_of, place_of
from stadtgraph.shacl.plans import read_plan
from stadtgraph.shacl.ways import Ways, are_large
from stadtgraph.terms import TYPE, Term, text, to_bytes

SH: Final = VOCABULARIES["sh"]
XSD: Final = VOCABULARIES["xsd"]
REPORTS: Final = {"turtle": RdfFormat.TURTLE, "jsonld": RdfFormat.JSON_LD}
UNREAD: Final = (RULE + "file-not-read", RULE + "empty-file")
COMPARING: Final = {
    f"{SH}LessThan{equal}ConstraintComponent": f"{SH}lessThan{equal}" for equal in ("", "OrEquals")
}
TARGETS: Final = ("targetClass", "targetNode", "targetSubjectsOf", "targetObjectsOf")


def validate(
    city: City, progress: Callable[[str], None] = lambda step: None, ways: Ways | None = None
) -> list[Finding]:
    """Return all findings, sorted; where files were asked for, only those that stand in them.

    Breaches of form come alone: shapes and checks say little before they are mended. Of a property of which a
    shape has spoken, a check does not speak again, nor does a shape that compares it: one fault, one message.

    Raises:
        CannotLook: shapes or checks cannot be applied.

    """
    progress("house")
    asked = {city.relative(path) for path in city.only}
    # Of a file that is not read somebody who asks for another one has to hear, too.
    findings = [f for f in house_rules(city) if not asked or f.file in asked or f.rule in UNREAD]
    if not findings:
        progress("shapes")
        findings = [*_shapes(city, ways), *([] if city.only else _idle_shapes(city))]
        told = _told(finding for finding in findings if finding.component not in COMPARING)
        findings = [finding for finding in findings if not _is_explained(city, finding, told)]
        told = _told(findings)
        for path in city.queries("checks"):
            progress(path.stem)
            findings += _check(city, path, told)
        findings = [finding for finding in findings if not asked or finding.file in asked]
    return sorted(_once(findings), key=Finding.sort_key)


def _told(findings: Iterable[Finding]) -> dict[tuple[str, str], int]:
    """Return of which properties of which things something is said, and how grave that is."""
    told: dict[tuple[str, str], int] = {}
    for finding in findings:
        key, rank = (finding.focus, finding.path), ORDER[finding.severity]
        told[key] = min(rank, told.get(key, rank))
    return told


def _is_explained(city: City, finding: Finding, told: Mapping[tuple[str, str], int]) -> bool:
    """Say whether two values cannot be compared since one of them is wrong by itself, as another one says."""
    if finding.component not in COMPARING:
        return False
    rules = city.shapes.quads_for_pattern(None, NamedNode(COMPARING[finding.component]), None)
    others = (text(quad.object) for quad in rules if text(quad.subject) == finding.rule)
    known = [told.get((finding.focus, path), len(ORDER)) for path in (finding.path, *others)]
    return min(known) <= ORDER[finding.severity]


def _once(findings: Iterable[Finding]) -> Iterator[Finding]:
    seen = set()
    for finding in findings:
        if finding.sort_key() not in seen:
            seen.add(finding.sort_key())
            yield finding


def _shapes(city: City, ways: Ways | None) -> Iterator[Finding]:
    rules = {graph: path for graph, path in city.files.items() if graph.startswith(f"{city.base}shapes/")}
    data = [path for graph, path in city.files.items() if graph not in rules]
    try:
        if ways is not None and are_large(data):
            report = shacl.validate(data, list(rules.values()), ways=ways)
        else:
            report = shacl.validate(city.store, city.shapes)
    except shacl.MalformedShapes as error:
        raise CannotLook(_malformed(city, error, list(rules.values()))) from error
    yield from findings_of(city, report)


def findings_of(city: City, report: shacl.Report) -> Iterator[Finding]:
    """Turn the results of a validator into findings that say where to look."""
    for result in report.results:
        focus, value = (str(term or "") for term in (result.focus_node, result.value))
        path = _property(city, focus, value) if isinstance(result.path, BNode) else str(result.path or "")
        file, line = city.place(focus, path, value)
        yield Finding(
            severity_of(str(result.severity)),
            str(result.source_shape),
            dict(result.messages),
            file,
            line,
            focus,
            city.label(focus),
            path,
            value,
            str(result.component),
        )


def _property(city: City, focus: str, value: str) -> str:
    """Return by which property the value of a path of several belongs to its subject; nothing if by none."""
    about = city.store.quads_for_pattern(NamedNode(focus), None, None) if _is_iri(focus) else ()
    return min((quad.predicate.value for quad in about if text(quad.object) == value), default="")


def _malformed(city: City, error: shacl.MalformedShapes, rules: list[Path]) -> Iterator[Finding]:
    faults, blanks = error.faults, list[Blank]()
    if any(fault.blank for fault in faults):
        try:
            read_plan(rules)  # a store keeps no order by which blank nodes could be found in files
        except shacl.MalformedShapes as again:
            faults, blanks = again.faults, blanks_of(rules)
    for fault in faults:
        file, line = place_of(fault, blanks)
        if not line:
            file, line = city.place(str(fault.shape), str(fault.predicate or ""))
        yield malformed(fault, city.prefixes, city.relative(Path(file)) if file else "shapes", line)


def malformed(fault: shacl.Fault, prefixes: Mapping[str, str], file: str, line: int) -> Finding:
    """Return what to say of a shape that breaks the specification."""
    shape = "[ … ]" if isinstance(fault.shape, BNode) else f"<{fault.shape}>"
    message = {
        lang: shown(say("malformed-shapes", lang, shape=shape, reason=fault.sentence(lang)), prefixes)
        for lang in LANGUAGES
    }
    focus = f"_:node{fault.blank}" if isinstance(fault.shape, BNode) else str(fault.shape)
    return Finding(Severity.VIOLATION, RULE + "malformed-shapes", message, file, line, focus)


def shown(words: str, prefixes: Mapping[str, str]) -> str:
    """Return an IRI, or words with IRIs between < and >, as people write them."""

    def short(match: re.Match[str]) -> str:
        name = shorten(match[1], "", prefixes)
        return match[0] if name == match[1] else name

    return re.sub(r"<([^<>\s]*)>", short, words) if "<" in words else shorten(words, "", prefixes)


def _idle_shapes(city: City) -> Iterator[Finding]:
    """Report shapes with targets that met no node: zero nodes checked is no success."""
    shapes: dict[str, list[bool]] = {}
    for target in TARGETS:
        for quad in city.shapes.quads_for_pattern(None, NamedNode(SH + target), None):
            shapes.setdefault(text(quad.subject), []).append(_meets(city, target, quad.object))
    for shape, met in sorted(shapes.items()):
        if not any(met):
            file, line = city.place(shape)
            yield Finding(
                Severity.WARNING,
                RULE + "idle-shape",
                both("idle-shape"),
                file,
                line,
                shape,
                city.label(shape),
            )


def _meets(city: City, target: str, node: Term) -> bool:
    store = city.store
    if not isinstance(node, NamedNode):
        return False
    quads = {
        "targetClass": lambda: store.quads_for_pattern(None, TYPE, node),
        "targetNode": lambda: store.quads_for_pattern(node, None, None),
        "targetSubjectsOf": lambda: store.quads_for_pattern(None, node, None),
        "targetObjectsOf": lambda: store.quads_for_pattern(None, node, None),
    }
    return any(quads[target]())


def _check(city: City, path: Path, told: dict[tuple[str, str], int]) -> Iterator[Finding]:
    """Run one check; each row is a finding at ``?focus`` (``?path`` and ``?value`` narrow the place).

    A row is left out where a shape has ``told`` as gravely of its ``?about``, or else its ``?path``.
    """
    try:
        question = read(path)
        rows = ask(city.store, question.text, city.base)
        severity = Severity(question.line("severity", "de"))
    except (BadQuery, ValueError) as error:
        raise CannotLook([_bad_check(city.relative(path), error)]) from error
    if not isinstance(rows, QuerySolutions) or "focus" not in [variable.value for variable in rows.variables]:
        raise CannotLook([_bad_check(city.relative(path), ValueError("SELECT ?focus …"))])
    names = [variable.value for variable in rows.variables]
    for row in rows:
        values = {name: text(row[name]) for name in names}
        focus, where, value = (values.get(name, "") for name in ("focus", "path", "value"))
        if told.get((focus, values.get("about", where)), len(ORDER)) <= ORDER[severity]:
            continue
        message = {lang: _fill(city, question, values, lang) for lang in LANGUAGES}
        file, line = _place(city, focus, where, value, values)
        rule = city.base + LOCAL["check"] + path.stem
        yield Finding(severity, rule, message, file, line, focus, city.label(focus), where, value)


def _bad_check(file: str, error: BadQuery | ValueError) -> Finding:
    because = error if isinstance(error, BadQuery) else BadQuery("bad-check", reason=str(error))
    whole = BadQuery("bad-rule", because, path=file)
    return Finding(
        Severity.VIOLATION, RULE + "bad-check", {lang: whole.sentence(lang) for lang in LANGUAGES}, file
    )


def _place(city: City, focus: str, path: str, value: str, row: dict[str, str]) -> tuple[str, int]:
    """Place a row at its focus, or, where files were asked for, at a thing of the row that stands in them."""
    asked = {city.relative(file) for file in city.only}
    places = [city.place(focus, path, value), *(city.place(term) for term in row.values() if _is_iri(term))]
    return next((place for place in places if place[0] in asked), places[0])


def _fill(city: City, question: Question, values: dict[str, str], lang: str) -> str:
    sentence = f"{question.line('problem', lang)} {question.line('remedy', lang)}"

    def readable(match: re.Match[str]) -> str:
        value = values.get(match[1], match[0])
        return (name_in(city.label(value), lang) if _is_iri(value) else "") or shorten(value, city.base)

    return re.sub(r"\{(\w+)\}", readable, sentence)


def _is_iri(value: str) -> bool:
    return bool(re.fullmatch(r"[a-z][a-z0-9+.-]*:[^\s<>\"{}|\\^`]*", value))


def as_json(
    findings: Iterable[Finding],
    base: str,
    counts: Mapping[tuple[str, str], int] | None = None,
    rules: Mapping[str, RuleName] = MappingProxyType({}),
) -> str:
    """Return findings as a JSON array; IRIs in full, prefixed names beside them.

    ``counts`` adds to each how many there are of its rule and component, where not all are here; ``rules``
    has what to call rules.
    """
    items = [
        {
            "severity": finding.severity,
            "file": finding.file,
            "line": finding.line,
            "focus": finding.focus,
            "label": finding.label,
            "message": finding.message,
            "path": finding.path,
            "value": finding.value[:1000],
            "rule": finding.rule,
            "ruleName": rules[finding.rule].full() if finding.rule in rules else shorten(finding.rule, base),
            "component": finding.component,
            **({} if counts is None else {"ofThisRule": counts[finding.rule, finding.component]}),
        }
        for finding in findings
    ]
    return json.dumps(items, ensure_ascii=False, indent=2) + "\n"


def as_report(
    findings: Iterable[Finding], prefixes: dict[str, str], form: RdfFormat = RdfFormat.TURTLE
) -> bytes:
    """Return findings as ``sh:ValidationReport`` (SHACL, section 3.6)."""
    report = NamedNode("urn:stadtgraph:report")
    triples: list[Triple] = []

    def state(subject: NamedNode, predicate: str, *objects: NamedNode | Literal) -> None:
        triples.extend(Triple(subject, NamedNode(predicate), item) for item in objects)

    items = list(findings)
    state(report, TYPE.value, NamedNode(SH + "ValidationReport"))
    conforms = not any(finding.severity is Severity.VIOLATION for finding in items)
    state(report, SH + "conforms", Literal(conforms))
    for number, finding in enumerate(items, 1):
        node = NamedNode(f"urn:stadtgraph:report:{number:05}")
        component = finding.component or SH + "SPARQLConstraintComponent"
        state(report, SH + "result", node)
        state(node, TYPE.value, NamedNode(SH + "ValidationResult"))
        state(node, SH + "focusNode", NamedNode(finding.focus or f"urn:stadtgraph:file:{finding.file}"))
        state(node, SH + "resultSeverity", NamedNode(SH + finding.severity))
        state(node, SH + "sourceShape", NamedNode(finding.rule))
        state(node, SH + "sourceConstraintComponent", NamedNode(component))
        texts = [Literal(sentence, language=lang) for lang, sentence in finding.message.items() if lang]
        state(node, SH + "resultMessage", *texts)
        state(node, VOCABULARIES["rdfs"] + "comment", Literal(finding.place))
        if _is_iri(finding.path):
            state(node, SH + "resultPath", NamedNode(finding.path))
        if finding.value:
            state(
                node, SH + "value", (NamedNode if _is_iri(finding.value) else Literal)(finding.value[:1000])
            )
    return to_bytes(triples, form, prefixes)
