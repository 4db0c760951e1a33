"""Why a question gets no answer: what to tell the asker, in the asker's language."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from stadtgraph.messages import say

Said = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Refused(Exception):
    """A question that gets no answer.

    ``status`` is the HTTP status, ``key`` and ``values`` name the sentence, ``hints`` more of them. ``line``
    and ``column`` (both from 1; 0 where there is no place) say where in the question, ``piece`` shows it.
    ``wait`` is after how many seconds to ask again, 0 for no such advice.
    """

    status: int
    key: str
    values: dict[str, Any] = field(default_factory=dict)
    hints: tuple[Said, ...] = ()
    line: int = 0
    column: int = 0
    piece: str = ""
    wait: int = 0

    def sentence(self, lang: str) -> str:
        """Return what to tell the asker."""
        place = {"line": self.line, "column": self.column, "piece": self.piece}
        said = [(self.key, {**place, **self.values}), *self.hints]
        return " ".join(say(key, lang, **values) for key, values in said)

    def to_json(self) -> bytes:
        """Return this as a worker tells it to the server."""
        return json.dumps(self.__dict__).encode()

    @classmethod
    def from_json(cls, content: bytes) -> Refused:
        """Return what a worker told."""
        told = json.loads(content)
        hints = tuple((key, values) for key, values in told.pop("hints"))
        return cls(**told, hints=hints)
