"""``stadtgraph validate``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from stadtgraph.cli.frame import (
    FINE,
    VIOLATIONS,
    cannot_look,
    checked,
    cli,
    common,
    exit_code,
    loaded,
    stop,
    text,
)
from stadtgraph.cli.printing import print_findings, result_of, working
from stadtgraph.messages import count_of, say

if TYPE_CHECKING:
    from stadtgraph.findings import Finding
    from stadtgraph.load import City
    from stadtgraph.shacl import Ways

PLACES_OF_A_CITY: Final = ("data/catalog.ttl", "ontology")
INPUT_FORMATS: Final = ("turtle", "ntriples", "trig", "nquads", "rdfxml", "jsonld")

# As a path writes them, which has no two slashes in a row.
ADDRESSES: Final = ("http:/", "https:/")


@cli.command(help=text("help-validate"))
@click.option("--format", "form", type=click.Choice(("text", "json", "turtle", "jsonld")), default="text")
@click.option("--limit", type=click.IntRange(1), metavar="N", help=text("help-limit"))
@click.option("--shapes", multiple=True, type=click.Path(path_type=Path), help=text("help-shapes"))
@click.option("--input-format", type=click.Choice(INPUT_FORMATS), help=text("help-input-format"))
@click.option("--endpoint", metavar="URL", help=text("help-validate-endpoint"))
@click.option("--graph", metavar="IRI", help=text("help-graph"))
@click.option("--notes", is_flag=True, help=text("help-notes"))
@click.option("-v", "--verbose", is_flag=True, help=text("help-verbose"))
@click.option("--no-cache", is_flag=True, help=text("help-no-cache"))
@click.option("--processes", type=click.IntRange(1), metavar="N", help=text("help-processes"))
@click.option("--cluster", metavar="URL", help=text("help-cluster"))
@click.option("--portal", is_flag=True, help=text("help-portal"))
@click.option("--route", type=click.Choice(("state", "govdata")), help=text("help-route"))
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@common
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
    notes: bool,
    root: Path,
    lang: str,
    **foreign: Any,
) -> None:
    """Check the data, the record for portals, or any data against any shapes; exit 0, 1 or 2."""
    from stadtgraph.findings import at_most
    from stadtgraph.shacl import Ways
    from stadtgraph.validate import REPORTS, as_json, as_report

    for path in map(str, (*paths, *shapes)):
        if path.startswith(ADDRESSES):
            stop(say("address-not-fetched", lang, url=path.replace(":/", "://", 1)))
    if (any(foreign.values()) and not shapes) or (foreign["graph"] and not foreign["endpoint"]):
        stop(say("only-with-shapes", lang))
    if (route and not portal) or (portal and (paths or shapes)):
        stop(say("portal-only", lang))
    ways = Ways(not no_cache, processes, cluster)
    if shapes:
        _validate_files(paths, shapes, form, limit, notes, lang, ways, **foreign)
    if paths and not portal and not any((root / place).exists() for place in PLACES_OF_A_CITY):
        *before, last = map(str, paths)
        stop(say("rules-of-ones-own", lang, files=" ".join(before or [last]), rules=last if before else "…"))
    if portal:
        city, findings = _portal_checked(root, lang, route or "state")
    else:
        city, findings = checked(root, lang, paths, ways)
    shown, counts = at_most(findings, limit)
    if form == "json":
        click.echo(as_json(shown, city.base, counts if limit else None), nl=False)
    elif form in REPORTS:
        click.echo(as_report(shown, city.prefixes, REPORTS[form]), nl=False)
    else:
        print_findings(shown, city.base, lang, sys.stdout, counts, notes)
        files = len(city.only) or len(city.files)
        result = result_of(findings, lang)
        click.echo(
            say("validated-record", lang, route=route or "state", result=result)
            if portal
            else say("validated", lang, files=count_of("file", files, lang), result=result)
        )
    sys.exit(exit_code(findings))


def _validate_files(
    paths: tuple[Path, ...],
    shapes: tuple[Path, ...],
    form: str,
    limit: int | None,
    notes: bool,
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
        stop(say("no-data", lang))
    try:
        files = sources(paths, input_format, sys.stdin.buffer.read)
        rules = sources(shapes)
        with working(say("step-fetch", lang)) as step:
            fetched = [] if endpoint is None else fetch(endpoint, graph or "", step, lang)
        with working(say("step-check", lang)) as step:
            done = check([*files, *fetched], rules, limit, step, ways)
    except CannotLook as error:
        cannot_look(error, lang)
    except BadQuery as error:
        stop(error.sentence(lang))
    for line in done.told(lang) if verbose else ():
        click.echo(line, err=True)
    if form == "json":
        click.echo(as_json(done.findings, "", done.counts if limit else None, done.rules), nl=False)
    elif form in REPORTS:
        click.echo(done.report.serialize(REPORTS[form]), nl=False)
    else:
        names = done.rules if done.findings else {}
        print_findings(done.findings, "", lang, sys.stdout, done.counts, notes, done.shown, names)
        click.echo(done.sentence(len(files), len(fetched), endpoint, lang))
    if done.met_nothing:
        stop(say("met-nothing", lang))
    sys.exit(VIOLATIONS if done.severities[Severity.VIOLATION] else FINE)


def _portal_checked(root: Path, lang: str, route: str) -> tuple[City, list[Finding]]:
    from stadtgraph.findings import CannotLook
    from stadtgraph.queries import BadQuery
    from stadtgraph.site.build import complete
    from stadtgraph.site.portal import check

    city = loaded(root, lang)
    try:
        with working(say("step-record", lang)):
            complete(city)
            return city, check(city, route)
    except BadQuery as error:
        stop(error.sentence(lang))
    except CannotLook as error:
        cannot_look(error, lang)
