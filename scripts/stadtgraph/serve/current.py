"""What is served now: the operator's settings, and the publication that ``public`` shows."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from starlette.datastructures import State

from stadtgraph.messages import say
from stadtgraph.serve.near import names
from stadtgraph.serve.publication import CannotServe, Publication, read, shown
from stadtgraph.serve.search import index

LOOK: Final = 1.0


@dataclass(frozen=True)
class Settings:
    """What the operator may set; ``query_timeout`` and ``grace`` in seconds, others in MB."""

    out: Path
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 2
    query_timeout: float = 10.0
    memory: int = 1024
    max_answer: int = 100
    prefix: str = ""
    behind_proxy: bool = False
    grace: float = 10.0
    lang: str = "en"
    tell: Callable[[str], None] = lambda line: None

    @property
    def url(self) -> str:
        """Return the address of the start page on this machine."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}{self.prefix}/"


class Current:
    """Keep ``state.publication`` what is shown, and remember the one before, whose pages are still open."""

    def __init__(self, settings: Settings, state: State) -> None:
        """Read what is shown.

        Raises:
            CannotServe: nothing is published.

        """
        self._out, self._state = settings.out, state
        self._lang, self._tell = settings.lang, settings.tell
        self._shown = _shown(settings.out)
        self.before: Publication | None = None
        state.publication = read(settings.out)
        self._wake = asyncio.Event()
        self._turn = asyncio.Lock()
        self._opening: set[asyncio.Task[None]] = set()

    async def watch(self) -> None:
        """Look for another publication each second, and at once on SIGHUP."""
        self._open(self._state.publication)
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._wake.set)
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), LOOK)
            self._wake.clear()
            await self.look()

    async def look(self) -> None:
        """Take up what is shown now, if that is another publication."""
        async with self._turn:
            found = _shown(self._out)
            if found is None or found == self._shown:
                return
            try:
                new = await asyncio.to_thread(read, self._out)
            except CannotServe as error:
                self._tell(say("serve-cannot-switch", self._lang, reason=error.sentence(self._lang)))
                return
            self._shown = found
            old: Publication = self._state.publication
            if (new.digest, new.folder) != (old.digest, old.folder):
                self.before, self._state.publication = old, new
                self._open(new)
                self._tell(say("serve-switched", self._lang, digest=new.digest))

    def _open(self, publication: Publication) -> None:
        """Let the workers load a publication; until they have, questions go to the one before."""
        for work in (self._state.workers.open(publication), asyncio.to_thread(_prepare, publication)):
            task = asyncio.create_task(work)
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)


def _prepare(publication: Publication) -> None:
    """Make what the first search and the first wrong address would have to wait for."""
    with contextlib.suppress(FileNotFoundError):  # newer publications came quickly
        names(publication)
        for lang in publication.languages:
            index(publication, lang)


def _shown(out: Path) -> tuple[str, int, int] | None:
    """Return what changes when another publication is shown; None while there is none."""
    try:
        return shown(out)
    except OSError:
        return None
