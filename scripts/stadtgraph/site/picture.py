"""The picture of the graph."""

from __future__ import annotations

from collections.abc import Iterator

from stadtgraph.load import City


def pictures(city: City) -> Iterator[tuple[str, bytes]]:
    """Yield nothing yet."""
    yield from ()
