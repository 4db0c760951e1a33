"""Print findings, tables and progress."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import click

from stadtgraph.messages import count_of, grouped, say

if TYPE_CHECKING:
    from stadtgraph.findings import Finding, RuleName

COLOURS: Final[dict[str, Any]] = {
    "Violation": {"fg": "red", "bold": True},
    "Warning": {"fg": "yellow"},
    "Info": {"fg": "blue"},
}


def print_findings(
    findings: list[Finding],
    base: str,
    lang: str,
    stream: Any,
    counts: Mapping[tuple[str, str], int] | None = None,
    notes: bool = True,
    shown: Callable[[str], str] | None = None,
    rules: Mapping[str, RuleName] = MappingProxyType({}),
) -> None:
    """Print findings with place, remedy and rule, the gravest last, where people look first in a terminal.

    ``counts`` are the true numbers where some are left out. Without ``notes`` those are only counted as long
    as there is anything graver. ``shown`` says how an IRI is written, ``rules`` what to call a rule.
    """
    from stadtgraph.findings import ORDER, RuleName, in_language, left_out, name_in
    from stadtgraph.namespaces import shorten

    shown = shown or (lambda iri: shorten(iri, base))
    counts = dict(counts or {})
    graver = [finding for finding in findings if finding.severity != "Info"]
    if graver and not notes:
        folded = {(finding.rule, finding.component) for finding in findings if finding.severity == "Info"}
        listed = Counter((finding.rule, finding.component) for finding in findings)
        number = sum(counts.pop(rule, listed[rule]) for rule in sorted(folded))
        if number:
            click.echo(say("notes-left-out", lang, notes=count_of("count-Info", number, lang)), stream)
        findings = graver
    findings = sorted(findings, key=lambda finding: -ORDER[finding.severity])
    colour = False if os.environ.get("NO_COLOR") else None
    for finding in findings:
        severity = click.style(say(f"severity-{finding.severity}", lang), **COLOURS[finding.severity])
        name = name_in(finding.label, lang) or shown(finding.focus)
        value = shown(finding.value)
        path = f"   {say('word-property', lang)}: {shown(finding.path)}" if finding.path else ""
        what = (
            f"   {say('word-value', lang)}: {value if len(value) <= 100 else value[:97] + '…'}"
            if value
            else ""
        )
        rule = f"    {say('word-rule', lang)}: {rules.get(finding.rule) or shown(finding.rule)}{path}{what}"
        lines = (
            f"{finding.place} {severity} {click.style(name, bold=True)}",
            f"    {in_language(finding.message, lang)}",
            click.style(rule, dim=True),
        )
        click.echo("\n".join(lines), stream, color=colour)
    components = Counter(rule for rule, _ in counts)
    for (rule, component), total, number in left_out(findings, counts):
        called = rules.get(rule) or RuleName(shown(rule))
        told = called.full(component if called.path or components[rule] > 1 else "")
        key = "results-left-out" + ("-one" if number == 1 else "-many")
        values = {"total": grouped(total, lang), "number": grouped(number, lang)}
        click.echo(say(key, lang, rule=told, **values), stream)


def print_plain(findings: list[Finding], lang: str) -> None:
    """Print what keeps us from looking, to standard error."""
    from stadtgraph.findings import in_language

    for finding in findings:
        message = in_language(finding.message, lang)
        place = "" if finding.place in message else f"{finding.place}: "
        click.echo(place + message, err=True)


def result_of(findings: list[Finding], lang: str) -> str:
    """Return how many findings of each severity there are, or how many keep us from the rest."""
    from stadtgraph.findings import are_of_form, count, counted

    if are_of_form(findings):
        return say("result-of-form", lang, violations=count_of("count-Violation", len(findings), lang))
    return counted(count(findings), lang)


def print_table(answer: Any, base: str, lang: str) -> int:
    """Print an answer as a table, in a terminal with rules, else aligned by spaces; return how many rows."""
    from rich import box
    from rich.table import Column, Table
    from rich.text import Text

    from stadtgraph.queries import rows

    header, lines = rows(answer, base)
    if not sys.stdout.isatty():
        widths = [max(map(len, column)) for column in zip(header, *lines, strict=True)]
        for line in (header, ["-" * width for width in widths], *lines):
            click.echo(
                "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip()
            )
    else:
        table = Table(*(Column(name, overflow="fold") for name in header), box=box.SIMPLE_HEAD)
        for line in lines:
            table.add_row(*map(Text, line))
        console(sys.stdout).print(table)
    click.echo(count_of("row", len(lines), lang), err=True)
    return len(lines)


def console(stream: Any) -> Any:
    """Return what draws tables and bars on a stream."""
    from rich.console import Console

    return Console(file=stream, highlight=False, soft_wrap=True, emoji=False)


@contextmanager
def working(step: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar once work takes over a second, in a terminal only; yield what moves it on."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from threading import Timer

    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = TextColumn(step), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    progress = Progress(*columns, console=console(sys.stderr), transient=True)
    task = progress.add_task(step, total=None)
    timer = Timer(1, progress.start)
    timer.start()
    try:
        yield lambda done, total: progress.update(task, completed=done, total=total)
    finally:
        timer.cancel()
        timer.join()
        progress.stop()
