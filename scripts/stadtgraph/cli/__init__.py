"""The command ``stadtgraph``: arguments, exit codes, printing.

Libraries are imported inside the commands, so that ``--help`` answers at once.
"""

from __future__ import annotations

import sys

import click

from stadtgraph.cli import asking, checking, publishing
from stadtgraph.cli.frame import CANNOT_LOOK, LANG, STOPPED, cli, stop
from stadtgraph.messages import say

__all__ = ["asking", "checking", "main", "publishing"]


def main() -> None:
    """Run the command; a user's mistake gets a sentence, never a traceback."""
    try:
        cli.main(standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        sys.exit(CANNOT_LOOK)
    except click.NoSuchOption as error:
        stop(say("usage-option", LANG, option=error.option_name))
    except click.UsageError as error:
        stop(say("usage", LANG, reason=error.format_message()))
    except click.Abort:
        click.echo(say("stopped", LANG), err=True)
        sys.exit(STOPPED)
    except OSError as error:
        if not isinstance(error, BrokenPipeError):
            stop(say("system", LANG, reason=f"{error.strerror} {error.filename or ''}".strip()))
        sys.stderr.close()
        sys.exit(CANNOT_LOOK)
