"""What all commands share: options, exit codes, loading and checking with their faults told."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from stadtgraph import __version__
from stadtgraph.cli.printing import print_plain, working
from stadtgraph.messages import LANGUAGES, language_of_environment, say

if TYPE_CHECKING:
    from stadtgraph.findings import CannotLook, Finding
    from stadtgraph.load import City
    from stadtgraph.shacl import Ways

FINE, VIOLATIONS, CANNOT_LOOK = 0, 1, 2
STOPPED: Final = 130  # as shells say it of what ends by Ctrl+C


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


def text(key: str) -> str:
    """Return a sentence in the language of the call."""
    return say(key, LANG)


def common(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that every command has."""
    root = click.option(
        "--root",
        type=click.Path(path_type=Path),
        default=Path(),
        show_default=".",
        help=text("help-root"),
    )
    lang = click.option("--lang", type=click.Choice(LANGUAGES), default=LANG, help=text("help-lang"))
    return root(lang(command))


@click.group(help=text("help"), context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
def cli() -> None:
    """Gather the commands; their help stands in ``messages.toml``."""


def loaded(root: Path, lang: str, paths: tuple[Path, ...] = (), then: str = "") -> City:
    """Load the city, or tell why it cannot be read, and ``then`` what follows, and end with 2."""
    from stadtgraph.findings import CannotLook
    from stadtgraph.load import load

    try:
        return load(root, paths)
    except CannotLook as error:
        cannot_look(error, lang, then)


def cannot_look(error: CannotLook, lang: str, then: str = "") -> NoReturn:
    """Tell why nothing can be said of the data, and ``then`` what follows from that; end with 2."""
    print_plain(error.findings, lang)
    if then:
        click.echo(then, err=True)
    sys.exit(CANNOT_LOOK)


def checked(
    root: Path,
    lang: str,
    paths: tuple[Path, ...] = (),
    ways: Ways | None = None,
    meanwhile: Callable[[], None] | None = None,
    processes: int | None = None,
    then: str = "",
) -> tuple[City, list[Finding]]:
    """Load the city and check it, or tell why that cannot be done and end with 2.

    What can be done ``meanwhile`` is done beside the check where there may be two ``processes``.
    """
    from stadtgraph.findings import CannotLook
    from stadtgraph.site.spread import Crew

    city = loaded(root, lang, paths, then)

    def check(city: City) -> list[Finding]:
        from stadtgraph.validate import validate

        return validate(city, ways=ways)

    try:
        with working(say("step-check", lang)):
            if not meanwhile:
                return city, check(city)
            with Crew(check, [city], processes) as crew:
                crew.queue([0])
                meanwhile()
                return city, next(crew.results())
    except CannotLook as error:
        cannot_look(error, lang, then)


def complete(city: City, lang: str) -> None:
    """Add what follows by the city's rules, or tell which of them cannot be applied and end with 2."""
    from stadtgraph.derive import derive
    from stadtgraph.queries import BadQuery

    try:
        derive(city)
    except BadQuery as error:
        stop(error.sentence(lang))


def exit_code(findings: list[Finding]) -> int:
    """Return what a command ends with after these findings."""
    from stadtgraph.findings import Severity

    return VIOLATIONS if any(finding.severity is Severity.VIOLATION for finding in findings) else FINE


def stop(sentence: str) -> NoReturn:
    """Tell why nothing can be done, and end with 2."""
    click.echo(sentence, err=True)
    sys.exit(CANNOT_LOOK)
