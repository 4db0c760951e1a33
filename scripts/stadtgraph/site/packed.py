"""Documents once more in few bytes, for servers to send as they are (gzip, and br: RFC 7932)."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from io import BytesIO
from typing import Final

import brotli

from stadtgraph.terms import Out

# Smaller ones arrive in the first three packets of an answer, however they are packed.
WORTH: Final = 4000
TEXTS: Final = re.compile(
    r".*\.(atom|css|csv|geojson|html|ics|js|json|jsonld|nq|nt|rdf|rq|svg|trig|ttl|txt|xml)", re.DOTALL
)
ENDINGS: Final = (".br", ".gz")
# More of either costs more time than it saves bytes.
QUALITY: Final = 4
LEVEL: Final = 5


def siblings(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the packed forms of a document that are worth it: their names and bytes, the same each time."""
    if len(content) < WORTH or not TEXTS.fullmatch(name):
        return
    yield f"{name}.br", brotli.compress(content, mode=brotli.MODE_TEXT, quality=QUALITY)
    whole = BytesIO()
    with gzipped(whole) as packed:
        packed.write(content)
    yield f"{name}.gz", whole.getvalue()


def gzipped(out: Out) -> gzip.GzipFile:
    """Return a file that packs what is written to it: its bytes are the same whenever and wherever.

    Neither name nor date stands in the result, nor, other than after ``gzip.compress``, the system.
    """
    return gzip.GzipFile("", "wb", LEVEL, out, mtime=0)
