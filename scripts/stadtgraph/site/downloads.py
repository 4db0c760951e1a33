"""The whole graph to take home: fixed path and version, every form, large files packed too."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from stadtgraph.site.dumps import dumps
from stadtgraph.site.packed import ENDINGS, LARGE
from stadtgraph.site.shelf import Content, Packed, Same
from stadtgraph.site.things import SAFE, VERSION, Site
from stadtgraph.terms import Out

LATEST: Final = "download/latest"


def version(site: Site) -> str:
    """Return the version of the dataset as a folder's name; empty when it has none."""
    written = site.value(site.dataset, VERSION)
    return written if SAFE.fullmatch(written) and "/" not in written and written != "latest" else ""


def whole_documents(site: Site, written: Mapping[str, tuple[str, int]]) -> Iterator[tuple[str, Content]]:
    """Yield the dumps, those of this version, and those of the versions before.

    ``written`` tells size and checksum of what was yielded so far: large files are packed too.
    """
    for suffix, tell in dumps(site.store, site.city.prefixes):
        name = f"{LATEST}/dataset.{suffix}"
        yield name, tell
        names = [name]
        if written[name][1] > LARGE:
            names.append(f"{name}.gz")
            yield names[-1], Packed(name)
        for one in names if version(site) else []:
            yield one.replace(LATEST, f"download/{version(site)}"), Same(one)
    for number, folder in site.earlier.items():
        for path in sorted(folder.iterdir()):
            if path.suffix not in ENDINGS:
                yield from _kept(f"download/{number}/{path.name}", path)


def _kept(name: str, path: Path) -> Iterator[tuple[str, Content]]:
    """Yield a file of a version before as it was, and packed where it is large."""
    yield name, partial(_copy, path)
    if path.stat().st_size > LARGE:
        yield f"{name}.gz", Packed(name)


def _copy(path: Path, out: Out) -> None:
    with path.open("rb") as file:
        for chunk in iter(lambda: file.read(1 << 20), b""):
            out.write(chunk)


def earlier(out: Path, current: str) -> dict[str, Path]:
    """Return the versions that the last publication holds, apart from the current one: they stay on offer."""
    folders = (path for path in (out / "download").glob("*") if (path / "dataset.nt").is_file())
    kept = [path for path in folders if path.name not in ("latest", current)]
    return {path.name: path.resolve() for path in sorted(kept, key=lambda path: number(path.name))}


def number(version: str) -> list[int]:
    """Return what orders versions: 1.10.0 comes after 1.9.0."""
    return [int(part) for part in re.findall(r"\d+", version)]
