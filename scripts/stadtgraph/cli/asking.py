"""``stadtgraph query`` and ``stadtgraph show``."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from stadtgraph.cli.frame import CANNOT_LOOK, cli, common, complete, loaded, stop, text
from stadtgraph.cli.printing import print_table
from stadtgraph.messages import say

if TYPE_CHECKING:
    from stadtgraph.load import City

QUERY_FORMATS: Final = ("table", "csv", "tsv", "json", "xml", "turtle")


@cli.command(help=text("help-query"))
@click.argument("question", required=False, metavar="[NAME|FILE]")
@click.option("--param", "parameters", multiple=True, metavar="NAME=VALUE", help=text("help-param"))
@click.option("--format", "form", type=click.Choice(QUERY_FORMATS), default="table")
@click.option("--endpoint", metavar="URL", help=text("help-endpoint"))
@click.option("--timeout", type=click.IntRange(1), default=30, show_default=True, help=text("help-timeout"))
@common
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
    from stadtgraph.fetch import ask_endpoint
    from stadtgraph.queries import BadQuery, ask, fill, is_empty, write
    from stadtgraph.sparql.absent import hints_of

    city = loaded(root, lang)
    try:
        if question is None:
            _list_questions(city, lang)
            return
        asked = _question(city, question)
        given = dict(_pair(item) for item in parameters)
        given.setdefault("lang", lang) if "lang" in {p.name for p in asked.parameters} else None
        text = fill(asked, given, city.base)
        if endpoint is not None:
            answer = ask_endpoint(endpoint, text, timeout, lang)
        else:
            if asked.only_documented:
                raise BadQuery("query-only-documented", path=question)
            complete(city, lang)
            # The store does not ask whether Ctrl+C was pressed, so that has to end the process at once.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            answer = ask(city.store, text, city.base)
        if form == "table":
            empty = not print_table(answer, city.base, lang) or not answer
        else:
            content = write(answer, form, city.base)
            sys.stdout.buffer.write(content)
            empty = is_empty(answer, content, form)
        for key, values in hints_of(city.store, text, city.base) if empty and endpoint is None else ():
            click.echo(say(key, lang, **values), err=True)
    except BadQuery as error:
        stop(error.sentence(lang))


@cli.command(help=text("help-show"))
@click.argument("name", metavar="SLUG|IRI|LABEL")
@common
def show(name: str, root: Path, lang: str) -> None:
    """Show one thing, or what comes near."""
    from stadtgraph.namespaces import shorten
    from stadtgraph.show import find, near
    from stadtgraph.show import show as lines

    city = loaded(root, lang)
    complete(city, lang)
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
