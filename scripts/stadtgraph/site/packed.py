"""Documents once more in few bytes, for servers to send as they are (``gzip``, and ``br``: RFC 7932)."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import Final

import brotli

# Smaller ones fit into one packet of the network anyway.
WORTH: Final = 1400
# The whole graph in a larger file is offered packed as a file of its own.
LARGE: Final = 1_000_000
TEXTS: Final = re.compile(
    r".*\.(atom|css|csv|geojson|html|ics|js|json|jsonld|nq|nt|rdf|rq|svg|trig|ttl|txt|xml)", re.DOTALL
)
ENDINGS: Final = (".br", ".gz")
QUALITY: Final = 5


def siblings(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the packed forms of a document that are worth it: their names and bytes, the same each time."""
    if len(content) < WORTH or not TEXTS.fullmatch(name):
        return
    yield f"{name}.br", brotli.compress(content, mode=brotli.MODE_TEXT, quality=QUALITY)
    packing = zlib.compressobj(6, zlib.DEFLATED, 31)
    yield f"{name}.gz", packing.compress(content) + packing.flush()
