"""A connection that does not wait for ever: slow clients lose theirs, all others keep being served."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# How long a client may take to send a whole request, and to go on reading an answer, in seconds.
SENDING: Final = 20.0
READING: Final = 60.0
# How much may come before the content of a request, in bytes.
HEAD: Final = 64_000
# How many may be sending at a time; one more, and the one that began first has to go.
SENDERS: Final = 512
LATE: Final = (
    b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
)


class Joined:
    """A transport on which the head of an answer goes out together with what follows it.

    Each writing is a call of the system that wakes the client, and two cost more than making the answer.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport, self._head = transport, b""

    def __getattr__(self, name: str) -> Any:
        """Do everything else as the transport does."""
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Write, or keep what begins an answer until its content comes."""
        if self._head:
            head, self._head = self._head, b""
            self._transport.writelines((head, data))
        elif data.startswith(b"HTTP/1.1 ") and not data.startswith(b"100", 9):
            self._head = data
        else:
            self._transport.write(data)

    def flush(self) -> None:
        """Write what has no content."""
        if self._head:
            self.write(b"")

    def close(self) -> None:
        """Close when all is written."""
        self.flush()
        self._transport.close()


class Connection(HttpToolsProtocol):
    """Speak HTTP with a client that is given a time for everything."""

    sending: ClassVar[dict[Connection, None]] = {}

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._timer: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None
        self._whole, self._in_head, self._head = False, True, 0

    transport: Joined  # type: ignore[assignment]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Give a new client its time."""
        super().connection_made(Joined(transport))  # type: ignore[arg-type]
        if len(self.sending) >= SENDERS:
            next(iter(self.sending))._end(LATE[0])
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Read on; as long as a request is not whole its time runs."""
        if self._in_head:
            self._head += len(data)
            if self._head > HEAD + len(data):
                self._end(LATE[1])
                return
        super().data_received(data)
        if self._whole:
            self._done()
        elif self._timer is None:
            self._wait()

    def on_message_begin(self) -> None:
        """Begin to read a request."""
        self._whole, self._in_head, self._head = False, True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Hand a request to the application."""
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Note that a request is whole."""
        self._whole = True
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Send what is left of an answer."""
        self.transport.flush()
        super().on_response_complete()

    def pause_writing(self) -> None:
        """Wait for a client that reads slowly, though not for ever."""
        super().pause_writing()
        self._stalled = self._stalled or self.loop.call_later(READING, self._give_up)

    def resume_writing(self) -> None:
        """Go on with a client that reads again."""
        if self._stalled:
            self._stalled.cancel()
            self._stalled = None
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection, even if the client has not taken what it was sent."""
        if self.transport.get_write_buffer_size():
            self._give_up()
        else:
            super().timeout_keep_alive_handler()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a client."""
        self._done()
        if self._stalled:
            self._stalled.cancel()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self.sending[self] = None
        self._timer = self.loop.call_later(SENDING, self._end, LATE[0])

    def _done(self) -> None:
        self.sending.pop(self, None)
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _end(self, farewell: bytes) -> None:
        """End a connection; who has been promised an answer is not told anything else."""
        self._done()
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(farewell)
            self.transport.close()
        else:
            self._give_up()

    def _give_up(self) -> None:
        self.transport.abort()
