"""The command ``stadtgraph``: arguments, exit codes, printing.

Libraries are imported inside the commands, so that ``--help`` answers at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from stadtgraph import __version__
from stadtgraph.messages import LANGUAGES, count_of, grouped, language_of_environment, say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stadtgraph.findings import Finding
    from stadtgraph.load import City
    from stadtgraph.site.build import Publication

FINE, VIOLATIONS, CANNOT_LOOK = 0, 1, 2
QUERY_FORMATS: Final = ("table", "csv", "tsv", "json", "xml", "turtle")
NAMED: Final = 4
COLOURS: Final = {"Violation": "bold red", "Warning": "yellow", "Info": "blue"}


def _language_at_start(arguments: list[str]) -> str:
    """Help is written before options are parsed, so the language has to be known at once."""
    for number, argument in enumerate(arguments):
        value = argument.removeprefix("--lang=") if argument.startswith("--lang=") else ""
        if argument == "--lang" and number + 1 < len(arguments):
            value = arguments[number + 1]
        if value in LANGUAGES:
            return value
    return language_of_environment()


LANG: Final = _language_at_start(sys.argv[1:])


def _text(key: str) -> str:
    return say(key, LANG)


def _common(command: Callable[..., Any]) -> Callable[..., Any]:
    root = click.option(
        "--root",
        type=click.Path(path_type=Path),
        default=Path(),
        show_default=".",
        help=_text("help-root"),
    )
    lang = click.option("--lang", type=click.Choice(LANGUAGES), default=LANG, help=_text("help-lang"))
    return root(lang(command))


@click.group(help=_text("help"), context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
def cli() -> None:
    """Gather the commands; their help stands in ``messages.toml``."""


@cli.command(help=_text("help-validate"))
@click.option("--format", "form", type=click.Choice(("text", "json", "turtle")), default="text")
@click.option("--portal", is_flag=True, help=_text("help-portal"))
@click.option("--route", type=click.Choice(("state", "govdata")), help=_text("help-route"))
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@_common
def validate(
    paths: tuple[Path, ...], form: str, portal: bool, route: str | None, root: Path, lang: str
) -> None:
    """Check the data, or the record for portals; exit 0, 1 or 2."""
    from stadtgraph.validate import as_json, as_report

    if (route and not portal) or (portal and paths):
        _stop(say("portal-only", lang))
    city, findings = _portal_checked(root, lang, route or "state") if portal else _checked(root, lang, paths)
    if form == "json":
        click.echo(as_json(findings, city.base), nl=False)
    elif form == "turtle":
        click.echo(as_report(findings, city.prefixes), nl=False)
    else:
        _print_findings(findings, city, lang, sys.stdout)
        files = len(city.only) or len(city.files)
        result = _result(findings, lang)
        click.echo(
            say("validated-record", lang, route=route or "state", result=result)
            if portal
            else say("validated", lang, files=count_of("file", files, lang), result=result)
        )
    sys.exit(_exit_code(findings))


@cli.command(help=_text("help-publish"))
@click.option(
    "--out", type=click.Path(path_type=Path), default=None, show_default="public", help=_text("help-out")
)
@click.option(
    "--editor",
    type=click.Path(path_type=Path),
    default=None,
    show_default=".cache/editor",
    help=_text("help-editor"),
)
@_common
def publish(out: Path | None, editor: Path | None, root: Path, lang: str) -> None:
    """Validate, complete and write; a violation stops it before anything is written."""
    from time import perf_counter

    from stadtgraph.queries import BadQuery
    from stadtgraph.site.build import CannotPublish
    from stadtgraph.site.build import publish as write
    from stadtgraph.site.editor import HOME

    start = perf_counter()
    city, findings = _checked(root, lang)
    _print_findings([f for f in findings if f.severity != "Info"], city, lang, sys.stderr)
    if _exit_code(findings) == VIOLATIONS:
        click.echo(say("not-published", lang, result=_result(findings, lang)), err=True)
        sys.exit(VIOLATIONS)
    try:
        with _working(say("step-write", lang)) as step:
            done = write(city, (out or city.root / "public").absolute(), step, editor or city.root / HOME)
    except (CannotPublish, BadQuery) as error:
        _stop(error.sentence(lang))
    values = {
        "folder": os.path.relpath(done.folder),
        "asserted": grouped(done.asserted, lang),
        "derived": grouped(done.derived, lang),
        "pages": count_of("page", done.pages, lang),
        "files": count_of("file", done.files, lang),
        "size": grouped(round(done.size / 1000), lang),
        "seconds": say("seconds", lang, seconds=f"{perf_counter() - start:.1f}").replace(
            ".", "," if lang == "de" else "."
        ),
        "digest": done.digest,
    }
    click.echo(say("published" if done.changed else "published-same", lang, **values))
    if done.changed and not done.first:
        click.echo(_changes(done, city, lang))
    notes = sum(finding.severity == "Info" for finding in findings)
    if notes:
        click.echo(say("published-notes", lang, notes=count_of("count-Info", notes, lang)))


@cli.command(help=_text("help-query"))
@click.argument("question", required=False, metavar="[NAME|FILE]")
@click.option("--param", "parameters", multiple=True, metavar="NAME=VALUE", help=_text("help-param"))
@click.option("--format", "form", type=click.Choice(QUERY_FORMATS), default="table")
@click.option("--endpoint", metavar="URL", help=_text("help-endpoint"))
@click.option("--timeout", type=click.IntRange(1), default=30, show_default=True, help=_text("help-timeout"))
@_common
def query(
    question: str | None,
    parameters: tuple[str, ...],
    form: str,
    endpoint: str | None,
    timeout: int,
    root: Path,
    lang: str,
) -> None:
    """Ask a documented question, or list them."""
    from stadtgraph.queries import BadQuery, ask, ask_endpoint, fill, write

    city = _loaded(root, lang)
    try:
        if question is None:
            _list_questions(city, lang)
            return
        asked = _question(city, question)
        given = dict(_pair(item) for item in parameters)
        given.setdefault("lang", lang) if "lang" in {p.name for p in asked.parameters} else None
        text = fill(asked, given, city.base)
        if endpoint is not None:
            answer = ask_endpoint(endpoint, text, timeout)
        else:
            if asked.only_documented:
                raise BadQuery("query-only-documented", path=question)
            _complete(city, lang)
            answer = ask(city.store, text, city.base)
        if form == "table":
            _print_table(answer, city.base, lang)
        else:
            sys.stdout.buffer.write(write(answer, form, city.base))
    except BadQuery as error:
        _stop(error.sentence(lang))


@cli.command(help=_text("help-show"))
@click.argument("name", metavar="SLUG|IRI|LABEL")
@_common
def show(name: str, root: Path, lang: str) -> None:
    """Show one thing, or what comes near."""
    from stadtgraph.namespaces import shorten
    from stadtgraph.show import find, near
    from stadtgraph.show import show as lines

    city = _loaded(root, lang)
    _complete(city, lang)
    found = find(city, name)
    if len(found) == 1:
        for line in lines(city, found[0], lang):
            click.echo(line)
        return
    close = found or near(city, name)
    click.echo(say("show-several" if found else "show-none", lang, name=name), err=True)
    for iri in close:
        label = city.label(iri).get(lang, "")
        click.echo(f"  {shorten(iri, city.base).removeprefix('id:')}  {label}", err=True)
    sys.exit(CANNOT_LOOK)


@cli.command(help=_text("help-serve"))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    show_default="public",
    help=_text("help-serve-out"),
)
@click.option("--host", default="127.0.0.1", show_default=True, help=_text("help-host"))
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help=_text("help-port")
)
@click.option(
    "--workers", type=click.IntRange(1, 64), default=2, show_default=True, help=_text("help-workers")
)
@click.option(
    "--query-timeout",
    type=click.FloatRange(0.1, 3600),
    default=10,
    show_default=True,
    help=_text("help-query-timeout"),
)
@click.option("--memory", type=click.IntRange(64), default=1024, show_default=True, help=_text("help-memory"))
@click.option("--prefix", default="", help=_text("help-prefix"))
@click.option("--behind-proxy", is_flag=True, help=_text("help-behind-proxy"))
@_common
def serve(out: Path | None, root: Path, lang: str, **given: Any) -> None:
    """Serve what was published, until told to stop."""
    from dataclasses import replace

    from stadtgraph.serve.current import Settings
    from stadtgraph.serve.publication import CannotServe
    from stadtgraph.serve.server import checked
    from stadtgraph.serve.server import serve as start

    given["prefix"] = given["prefix"].rstrip("/")
    settings = Settings(out=(out or root / "public").absolute(), lang=lang, tell=click.echo, **given)
    try:
        listening = checked(settings)
        start(replace(settings, port=listening.getsockname()[1]), listening)
    except CannotServe as error:
        _stop(error.sentence(lang))


def _changes(done: Publication, city: City, lang: str) -> str:
    """Say what differs from the publication before, naming the first few things of each sort."""
    parts = []
    for sort in ("added", "changed", "removed"):
        iris = getattr(done.changes, sort)
        if iris:
            names = [city.label(iri).get(lang) or iri.rpartition("/")[2] for iri in iris[:NAMED]]
            more = ["…"] if len(iris) > NAMED else []
            things = count_of("thing", len(iris), lang)
            parts.append(say(f"changes-{sort}", lang, things=things, names=", ".join(names + more)))
    told = "; ".join(parts) or say("changes-none", lang)
    return say("changes", lang, told=told, written=count_of("file", done.written, lang))


def _loaded(root: Path, lang: str, paths: tuple[Path, ...] = ()) -> City:
    from stadtgraph.findings import CannotLook
    from stadtgraph.load import load

    try:
        return load(root, paths)
    except CannotLook as error:
        _print_plain(error.findings, lang)
        sys.exit(CANNOT_LOOK)


def _checked(root: Path, lang: str, paths: tuple[Path, ...] = ()) -> tuple[City, list[Finding]]:
    from stadtgraph.findings import CannotLook
    from stadtgraph.validate import validate as check

    city = _loaded(root, lang, paths)
    try:
        with _working(say("step-check", lang)):
            return city, check(city)
    except CannotLook as error:
        _print_plain(error.findings, lang)
        sys.exit(CANNOT_LOOK)


def _portal_checked(root: Path, lang: str, route: str) -> tuple[City, list[Finding]]:
    from stadtgraph.findings import CannotLook
    from stadtgraph.queries import BadQuery
    from stadtgraph.site.build import complete
    from stadtgraph.site.portal import check

    city = _loaded(root, lang)
    try:
        with _working(say("step-record", lang)):
            complete(city)
            return city, check(city, route)
    except BadQuery as error:
        _stop(error.sentence(lang))
    except CannotLook as error:
        _print_plain(error.findings, lang)
        sys.exit(CANNOT_LOOK)


def _complete(city: City, lang: str) -> None:
    from stadtgraph.derive import derive
    from stadtgraph.queries import BadQuery

    try:
        derive(city)
    except BadQuery as error:
        _stop(error.sentence(lang))


def _question(city: City, name: str) -> Any:
    from stadtgraph.queries import BadQuery, read

    for path in (city.root / "queries" / f"{name}.rq", Path(name)):
        if path.is_file():
            return read(path)
    from difflib import get_close_matches

    names = [path.stem for path in city.queries()]
    close = ", ".join(get_close_matches(name, names, cutoff=0.4)) or "–"
    raise BadQuery("query-unknown", name=name, close=close)


def _pair(text: str) -> tuple[str, str]:
    from stadtgraph.queries import BadQuery

    name, sign, value = text.partition("=")
    if not sign or not name:
        raise BadQuery("query-no-pair", text=text)
    return name.strip(), value


def _list_questions(city: City, lang: str) -> None:
    from stadtgraph.queries import read

    questions = [read(path) for path in city.queries()]
    width = max((len(question.slug) for question in questions), default=0)
    for question in questions:
        click.echo(f"{question.slug:<{width}}  {question.title(lang)}")
        for parameter in question.parameters:
            meaning = parameter.meaning.get(lang, "")
            click.echo(f"{'':<{width}}    --param {parameter.name}={parameter.default}  {meaning}")


def _print_table(answer: Any, base: str, lang: str) -> None:
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
        _console(sys.stdout).print(table)
    click.echo(count_of("row", len(lines), lang), err=True)


def _print_findings(findings: list[Finding], city: City, lang: str, stream: Any) -> None:
    from stadtgraph.findings import in_language
    from stadtgraph.namespaces import shorten

    console = _console(stream)
    for finding in findings:
        severity = say(f"severity-{finding.severity}", lang)
        name = in_language(finding.label, lang) or shorten(finding.focus, city.base)
        console.print(finding.place, f"[{COLOURS[finding.severity]}]{severity}[/]", end=" ", markup=True)
        console.print(name, markup=False, style="bold")
        console.print(f"    {in_language(finding.message, lang)}", markup=False)
        value = shorten(finding.value, city.base)
        path = f"   {say('word-property', lang)}: {shorten(finding.path, city.base)}" if finding.path else ""
        shown = (
            f"   {say('word-value', lang)}: {value if len(value) <= 100 else value[:97] + '…'}"
            if value
            else ""
        )
        console.print(
            f"    {say('word-rule', lang)}: {shorten(finding.rule, city.base)}{path}{shown}",
            style="dim",
            markup=False,
        )


def _print_plain(findings: list[Finding], lang: str) -> None:
    from stadtgraph.findings import in_language

    for finding in findings:
        message = in_language(finding.message, lang)
        place = "" if finding.place in message else f"{finding.place}: "
        click.echo(place + message, err=True)


def _result(findings: list[Finding], lang: str) -> str:
    from stadtgraph.findings import Severity, count

    counted = count(findings)
    return ", ".join(count_of(f"count-{severity}", counted[severity], lang) for severity in Severity)


def _exit_code(findings: list[Finding]) -> int:
    from stadtgraph.findings import Severity

    return VIOLATIONS if any(finding.severity is Severity.VIOLATION for finding in findings) else FINE


def _console(stream: Any) -> Any:
    from rich.console import Console

    return Console(file=stream, highlight=False, soft_wrap=True, emoji=False)


@contextmanager
def _working(step: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar once work takes over a second, in a terminal only; yield what moves it on."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from threading import Timer

    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    progress = Progress(
        TextColumn(step), BarColumn(), TimeElapsedColumn(), console=_console(sys.stderr), transient=True
    )
    task = progress.add_task(step, total=None)
    timer = Timer(1, progress.start)
    timer.start()
    try:
        yield lambda done, total: progress.update(task, completed=done, total=total)
    finally:
        timer.cancel()
        timer.join()
        progress.stop()


def _stop(sentence: str) -> NoReturn:
    click.echo(sentence, err=True)
    sys.exit(CANNOT_LOOK)


def main() -> None:
    """Run the command; a user's mistake gets a sentence, never a traceback."""
    try:
        cli.main(standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        sys.exit(CANNOT_LOOK)
    except click.NoSuchOption as error:
        _stop(say("usage-option", LANG, option=error.option_name))
    except click.UsageError as error:
        _stop(say("usage", LANG, reason=error.format_message()))
    except click.Abort:
        sys.exit(130)
    except OSError as error:
        if not isinstance(error, BrokenPipeError):
            _stop(say("system", LANG, reason=f"{error.strerror} {error.filename or ''}".strip()))
        sys.stderr.close()
        sys.exit(CANNOT_LOOK)
