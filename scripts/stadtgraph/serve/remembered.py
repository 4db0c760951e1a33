"""Answers that were given already: as many as there is room for, the longest unused go first."""

from __future__ import annotations

import gzip
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Final

from stadtgraph.serve.worker import Question

# All together, in bytes; and what one may have at most.
ROOM: Final = 32 << 20
SMALL: Final = 256 << 10
# What an entry takes besides its content, plain and packed, and its question, in bytes.
EXTRA: Final = 1024

Key = tuple[str, Question]


@dataclass(frozen=True)
class Given:
    """An answer that is whole."""

    media: str
    content: bytes
    etag: bytes
    link: bytes

    @cached_property
    def packed(self) -> Given:
        """The answer in the coding gzip, with a tag of its own."""
        return Given(self.media, gzip.compress(self.content, 1), self.etag[:-1] + b'-gzip"', self.link)


class Remembered:
    """Answers by publication and question."""

    def __init__(self, room: int = ROOM) -> None:
        self._room, self._size = room, 0
        self._given: OrderedDict[Key, Given] = OrderedDict()

    def find(self, key: Key) -> Given | None:
        """Return the answer that was given, if it is still there."""
        given = self._given.get(key)
        if given:
            self._given.move_to_end(key)
        return given

    def keep(self, key: Key, given: Given) -> None:
        """Remember an answer."""
        if key not in self._given:
            self._given[key] = given
            self._size += _size(key, given)
            while self._size > self._room:
                self._size -= _size(*self._given.popitem(last=False))


def etag(media: str, content: bytes) -> bytes:
    """Return what tells this answer from others, as a strong tag (RFC 9110, section 8.8.3)."""
    return b'"' + blake2b(content, digest_size=12, person=media[:16].encode()).hexdigest().encode() + b'"'


def _size(key: Key, given: Given) -> int:
    return 2 * len(given.content) + 4 * len(key[1].text) + EXTRA
