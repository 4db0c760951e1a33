"""The whole graph to take home: fixed path and version, every form, large files packed too."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from stadtgraph.site.dumps import dumps
from stadtgraph.site.packed import ENDINGS
from stadtgraph.site.things import SAFE, VERSION, Site

LATEST: Final = "download/latest"
LARGE: Final = 1_000_000


def version(site: Site) -> str:
    """Return the version of the dataset as a folder's name; empty when it has none."""
    written = site.value(site.dataset, VERSION)
    return written if SAFE.fullmatch(written) and "/" not in written and written != "latest" else ""


def whole_documents(site: Site) -> Iterator[tuple[str, bytes]]:
    """Yield the dumps, those of this version, and those of the versions before."""
    folders = [LATEST, *([f"download/{version(site)}"] if version(site) else [])]
    for suffix, content in dumps(site.store, site.city.prefixes):
        yield from _offered(folders, f"dataset.{suffix}", content)
    for number, kept in site.earlier.items():
        for path in sorted(kept.iterdir()):
            if path.suffix not in ENDINGS:
                yield from _offered([f"download/{number}"], path.name, path.read_bytes())


def _offered(folders: Sequence[str], name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield a file for each folder; a large one packed too, which comes first and so is packed once."""
    packed = gzip.compress(content, 9, mtime=0) if len(content) > LARGE else b""
    for folder in folders:
        if packed:
            yield f"{folder}/{name}.gz", packed
        yield f"{folder}/{name}", content


def earlier(out: Path, current: str) -> dict[str, Path]:
    """Return the versions that the last publication holds, apart from the current one: they stay on offer."""
    folders = (path for path in (out / "download").glob("*") if (path / "dataset.nt").is_file())
    kept = [path for path in folders if path.name not in ("latest", current)]
    return {path.name: path.resolve() for path in sorted(kept, key=lambda path: number(path.name))}


def number(version: str) -> list[int]:
    """Return what orders versions: 1.10.0 comes after 1.9.0."""
    return [int(part) for part in re.findall(r"\d+", version)]
