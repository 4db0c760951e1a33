"""Documents once more in few bytes, for servers to send as they are (gzip, and br: RFC 7932)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from gzip import GzipFile
from io import BytesIO
from typing import Final

import brotli

from stadtgraph.terms import Out

# Smaller ones fit into one packet of the network anyway.
WORTH: Final = 1400
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
    packed = BytesIO()
    with gzipped(packed) as out:
        out.write(content)
    yield f"{name}.gz", packed.getvalue()


def gzipped(out: Out | BytesIO) -> GzipFile:
    """Return a file that packs what is written to it; neither name nor date of it stands in the result."""
    return GzipFile("", "wb", 6, out, mtime=0)
