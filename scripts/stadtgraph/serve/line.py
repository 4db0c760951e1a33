"""An answer as it comes from a worker, and the line on which it comes."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from stadtgraph.serve.frames import BEGIN, DATA, END, HEAD, QUESTION, REFUSED, frame
from stadtgraph.serve.mother import KILL
from stadtgraph.serve.worker import Question
from stadtgraph.sparql.refused import Refused

if TYPE_CHECKING:
    from stadtgraph.serve.nest import Nest

# Of an answer that is not fetched, this many bytes are held; then its worker waits.
HELD: Final = 1 << 20


class Answer:
    """An answer as it comes: what it is, then its parts.

    ``ran`` is for how many seconds its worker has worked at it, ``waited`` for how many the asker has not
    fetched what there is. ``worked_before`` is the processor time that its worker had had before, if known.
    """

    def __init__(self, line: Line, digest: str, done: Callable[[Answer], None]) -> None:
        self.line, self.digest = line, digest
        self.about: dict[str, Any] = {}
        self.begun = self._clock = monotonic()
        self.ran = self.waited = 0.0
        self.slow = self.held = self.full = self.over = False
        self.worked_before: float | None = None
        self.refused: Refused | None = None
        self._done = done
        self._parts: deque[bytes] = deque()
        self._size, self._room = 0, HELD
        self._news: asyncio.Future[None] | None = None
        self.watching: asyncio.Task[None] | None = None

    @property
    def media(self) -> str:
        """Return the media type."""
        return str(self.about["media"])

    async def start(self) -> Answer:
        """Wait until it is known what the answer is.

        Raises:
            Refused: there is none.

        """
        while not self.about and not self.refused:
            await self._wait()
        if self.refused and not self._parts:
            raise self.refused
        return self

    async def part(self, most: int) -> tuple[bytes, bool]:
        """Wait for the whole answer or as many bytes of it; return them, and whether that was all.

        Raises:
            Refused: the answer breaks off.

        """
        self._room = max(most, HELD)
        while not self.over and self._size < most:
            self._read_on()
            await self._wait()
        if self.refused:
            raise self.refused
        content = b"".join(self._parts)
        self._parts.clear()
        self._size, self._room = 0, HELD
        self._read_on()
        return content, self.over

    async def parts(self) -> AsyncIterator[bytes]:
        """Yield the answer part by part.

        Raises:
            Refused: the answer breaks off.

        """
        over = False
        while not over:
            content, over = await self.part(1)
            if content:
                yield content

    def tick(self, now: float) -> None:
        """Count the time since the last tick."""
        spent, self._clock = now - self._clock, now
        if self.full:
            self.waited += spent
        elif not self.held:
            self.ran += spent

    def take(self, kind: bytes, content: bytes) -> None:
        """Take a frame from the worker."""
        if self.over:
            return
        if kind == DATA:
            self._parts.append(content)
            self._size += len(content)
            if self._size > self._room and not self.full:
                self.tick(monotonic())
                self.full = True
                self.line.transport.pause_reading()
        elif kind == BEGIN:
            self.about = json.loads(content)
            return
        elif kind == END:
            self._end()
        elif kind == REFUSED:
            self._end(Refused.from_json(content))
        self._tell()

    def break_off(self, reason: Refused) -> None:
        """End an answer that has not come to its end; its worker is killed."""
        if not self.over:
            self.line.kill()
            self._end(reason)
            self._tell()

    def close(self) -> None:
        """Let go of the answer, whether it has come to its end or not."""
        if self.watching and self.watching is not asyncio.current_task():
            self.watching.cancel()
        self.break_off(Refused(499, "query-abandoned"))

    def _read_on(self) -> None:
        """Let the worker go on if it waits for its asker."""
        if self.full:
            self.tick(monotonic())
            self.full = False
            self.line.transport.resume_reading()

    def _end(self, reason: Refused | None = None) -> None:
        self.over, self.refused = True, reason
        self._done(self)

    def _tell(self) -> None:
        if self._news and not self._news.done():
            self._news.set_result(None)

    async def _wait(self) -> None:
        self._news = asyncio.get_running_loop().create_future()
        try:
            await self._news
        finally:
            self._news = None


class Line(asyncio.Protocol):
    """The connection to a worker."""

    transport: asyncio.Transport

    def __init__(self, nest: Nest, number: int, pid: int) -> None:
        self.nest, self.number, self.pid = nest, number, pid
        self.answer: Answer | None = None
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection."""
        self.transport = transport  # type: ignore[assignment]

    def ask(self, question: Question, done: Callable[[Answer], None]) -> Answer:
        """Put a question to the worker; ``done`` is told when it has its answer."""
        self.answer = Answer(self, self.nest.publication.digest, done)
        self.transport.write(frame(QUESTION, question.to_json()))
        return self.answer

    def data_received(self, data: bytes) -> None:
        """Take what the worker has written."""
        buffer = self._buffer + data if self._buffer else data
        start, size = 0, HEAD.size
        while len(buffer) >= start + size:
            kind, length = HEAD.unpack_from(buffer, start)
            if len(buffer) < start + size + length:
                break
            if self.answer:
                self.answer.take(kind, buffer[start + size : start + size + length])
            start += size + length
        self._buffer = buffer[start:]

    def connection_lost(self, error: Exception | None) -> None:
        """Note that the worker has died."""
        self.nest.lost(self)

    def order(self, kind: bytes) -> None:
        """Have the worker held, let go, put behind others or killed."""
        self.nest.order(kind, self.number)

    def kill(self) -> None:
        """Have the worker killed, and hear no more of it."""
        self.order(KILL)
        self.transport.abort()

    def dismiss(self) -> None:
        """Let the worker end."""
        self.transport.close()
