"""Begin the command: who stops it while libraries are still read sees no traceback."""

from __future__ import annotations

import signal


def main() -> None:
    """Read the command and run it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from stadtgraph.cli import main as run

    signal.signal(signal.SIGINT, signal.default_int_handler)
    run()
