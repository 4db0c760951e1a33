"""What goes between the server and its workers: frames of a kind, a length and a content."""

from __future__ import annotations

import struct
from socket import socket
from typing import Final

HEAD: Final = struct.Struct("!cI")
# What is written to a worker, and what it writes back.
QUESTION: Final = b"q"
BEGIN: Final = b"b"
DATA: Final = b"d"
END: Final = b"e"
REFUSED: Final = b"r"
# Above this a part of an answer is sent without waiting for the rest.
PART: Final = 1 << 16


def frame(kind: bytes, content: bytes = b"") -> bytes:
    """Return a frame."""
    return HEAD.pack(kind, len(content)) + content


def receive(connection: socket) -> tuple[bytes, bytes]:
    """Wait for a frame.

    Raises:
        EOFError: the other side is gone.

    """
    kind, length = HEAD.unpack(exactly(connection, HEAD.size))
    return kind, exactly(connection, length)


def exactly(connection: socket, length: int) -> bytes:
    """Wait for as many bytes.

    Raises:
        EOFError: the other side is gone.

    """
    content = connection.recv(length) if length else b""
    while len(content) < length:
        part = connection.recv(length - len(content))
        if not part:
            raise EOFError
        content += part
    return content


class Answering:
    """The answer to one question as it is written; nothing is sent before there is much, or all of it."""

    def __init__(self, connection: socket) -> None:
        self._connection = connection
        self._head = b""
        self._parts: list[bytes] = []
        self._size = 0
        self.sent = False

    def begin(self, about: bytes) -> None:
        """Say what the answer is; goes out with its first part."""
        self._head = frame(BEGIN, about)

    def write(self, part: bytes) -> int:
        """Take a part of the answer."""
        self._parts.append(part)
        self._size += len(part)
        if self._size >= PART:
            self._connection.sendall(self._taken())
        return len(part)

    def flush(self) -> None:
        """Do nothing: parts go out when there is enough of them."""

    def end(self) -> None:
        """Send what is left, and that this was all."""
        self._connection.sendall(self._taken() + frame(END))

    def refuse(self, reason: bytes) -> None:
        """Send that there is no answer, or that it breaks off here."""
        self._connection.sendall(frame(REFUSED, reason))

    def _taken(self) -> bytes:
        taken = self._head + (frame(DATA, b"".join(self._parts)) if self._parts else b"")
        self._head, self._parts, self._size, self.sent = b"", [], 0, True
        return taken
