"""``stadtgraph publish`` and ``stadtgraph serve``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from stadtgraph.cli.frame import STOPPED, VIOLATIONS, checked, cli, common, exit_code, stop, text
from stadtgraph.cli.printing import print_findings, result_of, working
from stadtgraph.messages import count_of, grouped, say

if TYPE_CHECKING:
    from stadtgraph.load import City
    from stadtgraph.site.build import Publication

NAMED: Final = 4


@cli.command(help=text("help-publish"))
@click.option(
    "--out", type=click.Path(path_type=Path), default=None, show_default="public", help=text("help-out")
)
@click.option(
    "--editor",
    type=click.Path(path_type=Path),
    default=None,
    show_default=".cache/editor",
    help=text("help-editor"),
)
@click.option("--processes", type=click.IntRange(1), metavar="N", help=text("help-publish-processes"))
@common
def publish(out: Path | None, editor: Path | None, processes: int | None, root: Path, lang: str) -> None:
    """Validate, complete and write; a violation stops it before anything is written."""
    try:
        _publish(out, editor, processes, root, lang)
    except KeyboardInterrupt:
        click.echo(say("publish-stopped", lang), err=True)
        sys.exit(STOPPED)


def _publish(out: Path | None, editor: Path | None, processes: int | None, root: Path, lang: str) -> None:
    from time import perf_counter

    start = perf_counter()
    city, findings = checked(
        root, lang, meanwhile=_read_libraries, processes=processes, then=say("not-published-unread", lang)
    )
    from stadtgraph.queries import BadQuery
    from stadtgraph.site.build import CannotPublish
    from stadtgraph.site.build import publish as write
    from stadtgraph.site.editor import HOME

    print_findings([f for f in findings if f.severity != "Info"], city.base, lang, sys.stderr)
    if exit_code(findings) == VIOLATIONS:
        click.echo(say("not-published", lang, result=result_of(findings, lang)), err=True)
        sys.exit(VIOLATIONS)
    try:
        with working(say("step-write", lang)) as step:
            folder = (out or city.root / "public").absolute()
            done = write(city, folder, step, editor or city.root / HOME, processes)
    except CannotPublish as error:
        stop(error.sentence(lang))
    except BadQuery as error:
        stop(f"{error.sentence(lang)}\n{say('not-published-unread', lang)}")
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


def _read_libraries() -> None:
    """Read what writing needs; that takes half as long as checking a small city."""
    import stadtgraph.site.build  # noqa: F401 (the import is what is wanted)
    from stadtgraph.site.templating import prepare

    prepare()


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


@cli.command(help=text("help-serve"))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    show_default="public",
    help=text("help-serve-out"),
)
@click.option("--host", default="127.0.0.1", show_default=True, help=text("help-host"))
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help=text("help-port")
)
@click.option(
    "--workers", type=click.IntRange(1, 64), default=2, show_default=True, help=text("help-workers")
)
@click.option(
    "--query-timeout",
    type=click.FloatRange(0.1, 3600),
    default=10,
    show_default=True,
    help=text("help-query-timeout"),
)
@click.option("--memory", type=click.IntRange(64), default=1024, show_default=True, help=text("help-memory"))
@click.option(
    "--max-answer", type=click.IntRange(1), default=100, show_default=True, help=text("help-max-answer")
)
@click.option("--prefix", default="", help=text("help-prefix"))
@click.option("--behind-proxy", is_flag=True, help=text("help-behind-proxy"))
@common
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
        stop(error.sentence(lang))
