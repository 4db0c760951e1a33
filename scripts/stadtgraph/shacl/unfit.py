"""What shapes say that SHACL does not allow, until it is known of which shape."""

from __future__ import annotations


class Unfit(Exception):
    """A breach of a syntax rule: ``malformed-<key>`` is the sentence about it, ``values`` fill it."""

    def __init__(self, key: str, **values: object) -> None:
        self.key, self.values = key, values
        super().__init__(key, values)
