"""One publication's workers as the server sees them: their mother, and a line to each."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable

from stadtgraph.serve.frames import frame
from stadtgraph.serve.line import Line
from stadtgraph.serve.mother import FORK, GO, GONE, ORDER, QUICK, READY
from stadtgraph.serve.publication import Publication
from stadtgraph.sparql.refused import Refused


class Nest:
    """The workers of one publication."""

    def __init__(self, publication: Publication, memory: int, lost: Callable[[Nest], None]) -> None:
        self.publication, self.memory = publication, memory
        self.spare: list[Line] = []
        self.busy: set[Line] = set()
        self.triples = 0
        self.loaded = self.open = False
        self._lost = lost
        self._control = socket.socket()
        self._process: subprocess.Popen[bytes] | None = None
        self._buffer = b""
        self._ready: asyncio.Future[None] | None = None
        self._born: dict[int, asyncio.Future[int]] = {}
        self._numbers = itertools.count(1)
        # Workers that somebody awaits or has a line to; of others nobody need be told how they ended.
        self._wanted: set[int] = set()
        # A dead worker's line closes, and its mother tells how it ended; either may come first.
        self._closed: dict[int, Line] = {}
        self._ended: dict[int, int] = {}
        # Workers that have answered something long and may be used again.
        self._resting: dict[int, Line] = {}

    async def start(self) -> None:
        """Start the mother and wait until she has loaded the graph.

        Raises:
            Refused: she has not come to it, or was ended before.

        """
        loop = asyncio.get_running_loop()
        self._control.close()
        try:
            self._control, theirs = socket.socketpair()
            setup = {
                "dump": str(self.publication.dump),
                "base": self.publication.base,
                "prefixes": self.publication.prefixes,
                "memory": self.memory,
            }
            with theirs:
                self._control.sendall(frame(READY, json.dumps(setup).encode()))
                self._control.setblocking(False)
                self._process = subprocess.Popen(  # noqa: S603
                    [sys.executable, "-m", "stadtgraph.serve.mother", str(theirs.fileno())],
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    start_new_session=True,
                )
        except OSError as error:
            self._control.close()
            raise Refused(503, "query-no-worker", wait=1) from error
        self._ready = loop.create_future()
        loop.add_reader(self._control.fileno(), self._hear)
        await self._ready
        self.open = True

    async def fork(self) -> Line:
        """Have a worker born.

        One whose asker has gone meanwhile finds its line closed, and ends.

        Raises:
            Refused: the machine has no more processes or no more memory.

        """
        loop = asyncio.get_running_loop()
        number = next(self._numbers)
        self._wanted.add(number)
        try:
            with contextlib.ExitStack() as kept:
                ours, theirs = socket.socketpair()
                kept.enter_context(ours)
                with theirs:
                    socket.send_fds(self._control, [ORDER.pack(FORK, number, 0)], [theirs.fileno()])
                born = self._born[number] = loop.create_future()
                pid = await born
                if pid < 0:
                    raise OSError
                _, line = await loop.create_unix_connection(lambda: Line(self, number, pid), sock=ours)
                kept.pop_all()
                return line
        except OSError as error:
            self._forget(number)
            raise Refused(503, "query-no-worker", wait=1) from error
        except BaseException:
            self._forget(number)
            raise
        finally:
            self._born.pop(number, None)

    def _forget(self, number: int) -> None:
        """Let go of a worker to which there is no line, or none any more."""
        self._wanted.discard(number)
        self._ended.pop(number, None)

    def rest(self, line: Line) -> None:
        """Use a worker again that was put behind others, if it can be."""
        if line.answer and line.answer.held:
            line.order(GO)
        self._resting[line.number] = line
        line.order(QUICK)

    def _rested(self, number: int, well: bool) -> None:
        line = self._resting.pop(number, None)
        if line and well and self.open and not line.transport.is_closing():
            self.spare.append(line)
        elif line:
            line.dismiss()

    def order(self, kind: bytes, number: int) -> None:
        """Tell the mother what to do with a worker."""
        with contextlib.suppress(OSError):  # she is gone, and her workers with her
            self._control.send(ORDER.pack(kind, number, 0))

    def lost(self, line: Line) -> None:
        """Note that a worker's line has closed."""
        if line in self.spare:
            self.spare.remove(line)
        self._resting.pop(line.number, None)
        if self.open and line.number not in self._ended:
            self._closed[line.number] = line
        else:
            self._explain(line, self._ended.get(line.number, 0))
        self._forget(line.number)

    def _explain(self, line: Line, status: int) -> None:
        """Tell the asker, if there is one, why a worker has died that was not killed from here."""
        # Rust ends a process that is refused memory by SIGABRT; SIGKILL comes from the operating system.
        if status in (-signal.SIGABRT, -signal.SIGKILL):
            reason = Refused(503, "query-too-large", {"limit": self.memory >> 20})
        else:
            reason = Refused(500, "query-crashed")
        if line.answer:
            line.answer.break_off(reason if self.open else Refused(503, "query-no-worker", wait=1))

    def _hear(self) -> None:
        """Take what the mother tells."""
        try:
            told = self._control.recv(1 << 16)
        except BlockingIOError:
            return
        except OSError:
            told = b""
        if not told:
            self._end()
            return
        told = self._buffer + told
        for start in range(0, len(told) - ORDER.size + 1, ORDER.size):
            kind, number, status = ORDER.unpack_from(told, start)
            if kind == READY and self._ready:
                self.loaded, self.triples = True, number
                if not self._ready.done():
                    self._ready.set_result(None)
            elif kind == FORK and number in self._born:
                self._tell_born(number, status)
            elif kind == QUICK:
                self._rested(number, bool(status))
            elif kind == GONE and number in self._closed:
                self._explain(self._closed.pop(number), status)
            elif kind == GONE and number in self._wanted:
                self._ended[number] = status
        self._buffer = told[len(told) - len(told) % ORDER.size :]

    def _tell_born(self, number: int, pid: int) -> None:
        """Tell who awaits a worker that it is born; its asker may have gone without our having noticed."""
        born = self._born[number]
        if not born.done():
            born.set_result(pid)

    def _end(self) -> None:
        """Note that the mother is gone, and all her workers with her."""
        was_open = self.open
        self._let_go()
        for line in (*self._closed.values(), *self.busy):
            self._explain(line, 0)
        if was_open:
            self._lost(self)

    def _let_go(self) -> None:
        """Hear no more of the mother; who waits for something from her waits in vain."""
        self.open = False
        if self._control.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._control.fileno())
            self._control.close()
        if self._ready and not self._ready.done():
            self._ready.set_exception(Refused(503, "query-no-worker", wait=1))
        for number in self._born:
            self._tell_born(number, -1)

    async def close(self) -> None:
        """End the mother and all her workers."""
        self._let_go()
        for line in (*self.spare, *self.busy, *self._resting.values()):
            line.transport.abort()
        if self._process:
            if not self.loaded:
                # Still loading, she would notice only at the end of it; as yet she has no children.
                self._process.kill()
            await asyncio.to_thread(self._process.wait)
