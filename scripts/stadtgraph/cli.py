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
    from collections.abc import Iterator, Mapping

    from stadtgraph.findings import Finding
    from stadtgraph.load import City
    from stadtgraph.shacl import Ways
    from stadtgraph.site.build import Publication

FINE, VIOLATIONS, CANNOT_LOOK = 0, 1, 2
QUERY_FORMATS: Final = ("table", "csv", "tsv", "json", "xml", "turtle")
INPUT_FORMATS: Final = ("turtle", "ntriples", "trig", "nquads", "rdfxml", "jsonld")
NAMED: Final = 4
COLOURS: Final[dict[str, Any]] = {
    "Violation": {"fg": "red", "bold": True},
    "Warning": {"fg": "yellow"},
    "Info": {"fg": "blue"},
}


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
@click.option("--format", "form", type=click.Choice(("text", "json", "turtle", "jsonld")), default="text")
@click.option("--limit", type=click.IntRange(1), metavar="N", help=_text("help-limit"))
@click.option("--shapes", multiple=True, type=click.Path(path_type=Path), help=_text("help-shapes"))
@click.option("--input-format", type=click.Choice(INPUT_FORMATS), help=_text("help-input-format"))
@click.option("--endpoint", metavar="URL", help=_text("help-validate-endpoint"))
@click.option("--graph", metavar="IRI", help=_text("help-graph"))
@click.option("-v", "--verbose", is_flag=True, help=_text("help-verbose"))
@click.option("--no-cache", is_flag=True, help=_text("help-no-cache"))
@click.option("--processes", type=click.IntRange(1), metavar="N", help=_text("help-processes"))
@click.option("--cluster", metavar="URL", help=_text("help-cluster"))
@click.option("--portal", is_flag=True, help=_text("help-portal"))
@click.option("--route", type=click.Choice(("state", "govdata")), help=_text("help-route"))
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@_common
def validate(
    paths: tuple[Path, ...],
    form: str,
    limit: int | None,
    shapes: tuple[Path, ...],
    no_cache: bool,
    processes: int | None,
    cluster: str | None,
    portal: bool,
    route: str | None,
    root: Path,
    lang: str,
    **foreign: Any,
) -> None:
    """Check the data, the record for portals, or any data against any shapes; exit 0, 1 or 2."""
    from stadtgraph.findings import at_most
    from stadtgraph.shacl import Ways
    from stadtgraph.validate import REPORTS, as_json, as_report

    if (any(foreign.values()) and not shapes) or (foreign["graph"] and not foreign["endpoint"]):
        _stop(say("only-with-shapes", lang))
    if (route and not portal) or (portal and (paths or shapes)):
        _stop(say("portal-only", lang))
    ways = Ways(not no_cache, processes, cluster)
    if shapes:
        _validate_files(paths, shapes, form, limit, lang, ways, **foreign)
    if portal:
        city, findings = _portal_checked(root, lang, route or "state")
    else:
        city, findings = _checked(root, lang, paths, ways)
    shown, counts = at_most(findings, limit)
    if form == "json":
        click.echo(as_json(shown, city.base, counts if limit else None), nl=False)
    elif form in REPORTS:
        click.echo(as_report(shown, city.prefixes, REPORTS[form]), nl=False)
    else:
        _print_findings(shown, city.base, lang, sys.stdout, counts)
        files = len(city.only) or len(city.files)
        result = _result(findings, lang)
        click.echo(
            say("validated-record", lang, route=route or "state", result=result)
            if portal
            else say("validated", lang, files=count_of("file", files, lang), result=result)
        )
    sys.exit(_exit_code(findings))


def _validate_files(
    paths: tuple[Path, ...],
    shapes: tuple[Path, ...],
    form: str,
    limit: int | None,
    lang: str,
    ways: Ways,
    input_format: str | None,
    endpoint: str | None,
    graph: str | None,
    verbose: bool,
) -> NoReturn:
    """Check files or an endpoint's graph against shapes, without a city."""
    from stadtgraph.fetch import fetch
    from stadtgraph.findings import CannotLook, Severity
    from stadtgraph.queries import BadQuery
    from stadtgraph.validate import REPORTS, as_json
    from stadtgraph.validate_files import check, sources

    if not paths and endpoint is None:
        _stop(say("no-data", lang))
    try:
        files = sources(paths, input_format, sys.stdin.buffer.read)
        rules = sources(shapes)
        with _working(say("step-fetch", lang)) as step:
            fetched = [] if endpoint is None else fetch(endpoint, graph or "", step)
        with _working(say("step-check", lang)) as step:
            done = check([*files, *fetched], rules, limit, step, ways)
    except CannotLook as error:
        _print_plain(error.findings, lang)
        sys.exit(CANNOT_LOOK)
    except BadQuery as error:
        _stop(error.sentence(lang))
    for line in done.told(lang) if verbose else ():
        click.echo(line, err=True)
    if form == "json":
        click.echo(as_json(done.findings, "", done.counts if limit else None), nl=False)
    elif form in REPORTS:
        click.echo(done.report.serialize(REPORTS[form]), nl=False)
    else:
        _print_findings(done.findings, "", lang, sys.stdout, done.counts)
        click.echo(done.sentence(len(files), len(fetched), endpoint, lang))
    if done.met_nothing:
        _stop(say("met-nothing", lang))
    sys.exit(VIOLATIONS if done.severities[Severity.VIOLATION] else FINE)


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
    _print_findings([f for f in findings if f.severity != "Info"], city.base, lang, sys.stderr)
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
    for what, version in done.rewritten.items():
        click.echo(say(f"same-version-{what}", lang, version=version), err=True)
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


def _checked(
    root: Path, lang: str, paths: tuple[Path, ...] = (), ways: Ways | None = None
) -> tuple[City, list[Finding]]:
    from stadtgraph.findings import CannotLook
    from stadtgraph.validate import validate as check

    city = _loaded(root, lang, paths)
    try:
        with _working(say("step-check", lang)):
            return city, check(city, ways=ways)
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


def _print_findings(
    findings: list[Finding],
    base: str,
    lang: str,
    stream: Any,
    counts: Mapping[tuple[str, str], int] | None = None,
) -> None:
    from stadtgraph.findings import in_language, left_out
    from stadtgraph.namespaces import shorten

    colour = False if os.environ.get("NO_COLOR") else None
    for finding in findings:
        severity = click.style(say(f"severity-{finding.severity}", lang), **COLOURS[finding.severity])
        name = in_language(finding.label, lang) or shorten(finding.focus, base)
        value = shorten(finding.value, base)
        path = f"   {say('word-property', lang)}: {shorten(finding.path, base)}" if finding.path else ""
        shown = (
            f"   {say('word-value', lang)}: {value if len(value) <= 100 else value[:97] + '…'}"
            if value
            else ""
        )
        rule = f"    {say('word-rule', lang)}: {shorten(finding.rule, base)}{path}{shown}"
        lines = (
            f"{finding.place} {severity} {click.style(name, bold=True)}",
            f"    {in_language(finding.message, lang)}",
            click.style(rule, dim=True),
        )
        click.echo("\n".join(lines), stream, color=colour)
    for rule, total, number in left_out(findings, counts or {}):
        values = {"rule": shorten(rule, base), "total": grouped(total, lang), "number": grouped(number, lang)}
        click.echo(say("results-left-out", lang, **values), stream)


def _print_plain(findings: list[Finding], lang: str) -> None:
    from stadtgraph.findings import in_language

    for finding in findings:
        message = in_language(finding.message, lang)
        place = "" if finding.place in message else f"{finding.place}: "
        click.echo(place + message, err=True)


def _result(findings: list[Finding], lang: str) -> str:
    from stadtgraph.findings import count, counted

    return counted(count(findings), lang)


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

    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = TextColumn(step), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    progress = Progress(*columns, console=_console(sys.stderr), transient=True)
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
