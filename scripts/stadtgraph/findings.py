"""What a check has to say: the fact, the place, the way out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class Severity(StrEnum):
    """The three severities of SHACL (W3C Recommendation, section 2.1.4)."""

    VIOLATION = "Violation"
    WARNING = "Warning"
    INFO = "Info"


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


def in_language(texts: Mapping[str, str], lang: str) -> str:
    """Return the text in ``lang``, else in English, else any, else nothing."""
    return texts.get(lang) or texts.get("en") or next(iter(texts.values()), "")


def count(findings: Iterable[Finding]) -> Counter[Severity]:
    """Count findings by severity."""
    return Counter(finding.severity for finding in findings)
