"""What a check has to say: the fact, the place, the way out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from stadtgraph.messages import count_of
from stadtgraph.namespaces import RULE, VOCABULARIES

SH: Final = VOCABULARIES["sh"]


class Severity(StrEnum):
    """The three severities of SHACL (W3C Recommendation, section 2.1.4)."""

    VIOLATION = "Violation"
    WARNING = "Warning"
    INFO = "Info"


def severity_of(iri: str) -> Severity:
    """Return a severity by its IRI; one that a shape has made up counts as a violation."""
    name = iri.rpartition("#")[2]
    return Severity(name) if iri == SH + name and name in [*Severity] else Severity.VIOLATION


ORDER: Final = {severity: number for number, severity in enumerate(Severity)}


@dataclass(frozen=True)
class Finding:
    """One result of a rule at one place.

    ``message`` and ``label`` map language tags to text; ``line`` counts from 1; ``file`` is relative to
    the city's folder. ``component`` is the IRI of the SHACL constraint component, where there is one.
    """

    severity: Severity
    rule: str
    message: Mapping[str, str]
    file: str = ""
    line: int = 0
    focus: str = ""
    label: Mapping[str, str] = field(default_factory=dict)
    path: str = ""
    value: str = ""
    component: str = ""

    @property
    def place(self) -> str:
        """Where to look, in the form that editors can jump to."""
        return f"{self.file}:{self.line}" if self.line else self.file

    def sort_key(self) -> tuple[str, int, int, str, str, str, str, str]:
        """Order by place, then severity, then everything that can tell two findings apart."""
        return (
            self.file,
            self.line,
            ORDER[self.severity],
            self.focus,
            self.rule,
            self.component,
            self.path,
            self.value,
        )


class CannotLook(Exception):
    """The input cannot be read at all, so no statement about its quality is possible (exit code 2)."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = sorted(findings, key=Finding.sort_key)
        super().__init__("; ".join(f"{f.place}: {f.message.get('en', '')}" for f in self.findings))

    def __reduce__(self) -> tuple[type[CannotLook], tuple[list[Finding]]]:
        """Let it be sent from one process to another."""
        return CannotLook, (self.findings,)


def in_language(texts: Mapping[str, str], lang: str) -> str:
    """Return the text in ``lang``, else in English, else any, else nothing."""
    return texts.get(lang) or texts.get("en") or next(iter(texts.values()), "")


def name_in(texts: Mapping[str, str], lang: str) -> str:
    """Return a name in ``lang`` or without a language, else nothing: another would hide the lack."""
    return texts.get(lang) or texts.get("", "")


def count(findings: Iterable[Finding]) -> Counter[Severity]:
    """Count findings by severity."""
    return Counter(finding.severity for finding in findings)


def are_of_form(findings: Iterable[Finding]) -> bool:
    """Say whether these are breaches of form, before which neither shapes nor checks were asked."""
    return any(f.severity is Severity.VIOLATION and f.rule.startswith(RULE) for f in findings)


def at_most(findings: Iterable[Finding], limit: int | None) -> tuple[list[Finding], Counter[tuple[str, str]]]:
    """Return the first findings of each rule and component, and how many there are of each."""
    counts: Counter[tuple[str, str]] = Counter()
    kept = []
    for finding in findings:
        rule = finding.rule, finding.component
        counts[rule] += 1
        if limit is None or counts[rule] <= limit:
            kept.append(finding)
    return kept, counts


def left_out(
    findings: Iterable[Finding], counts: Mapping[tuple[str, str], int]
) -> Iterator[tuple[tuple[str, str], int, int]]:
    """Yield rules and components of which not all findings are here: how many there are, how many are not."""
    kept = Counter((finding.rule, finding.component) for finding in findings)
    for rule, total in sorted(counts.items()):
        if total > kept[rule]:
            yield rule, total, total - kept[rule]


@dataclass(frozen=True)
class RuleName:
    """What people call a rule: the shape, the path where the shape has no name of its own, the place."""

    shape: str
    path: str = ""
    place: str = ""

    def __str__(self) -> str:
        """Return shape and place, which is enough beside a path."""
        return ", ".join(filter(None, (self.shape, self.place)))

    def full(self, component: str = "") -> str:
        """Return all there is, also with the parameter of a component."""
        shape = " › ".join(filter(None, (self.shape, self.path)))
        return ", ".join(filter(None, (shape, parameter_of(component), self.place)))


def parameter_of(component: str) -> str:
    """Return the parameter of one of SHACL's components, or the component of somebody else."""
    name = component.removeprefix(SH).removesuffix("ConstraintComponent")
    if not component.startswith(SH) or name == component:
        return component
    return "sh:sparql" if name == "SPARQL" else f"sh:{name[:1].lower()}{name[1:]}"


def counted(counts: Mapping[Severity, int], lang: str) -> str:
    """Say how many findings there are of each severity."""
    return ", ".join(count_of(f"count-{severity}", counts.get(severity, 0), lang) for severity in Severity)
