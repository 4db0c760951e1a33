"""The whole graph to take home: fixed path and version, every form, large files packed too."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from stadtgraph.site.dumps import dumps
from stadtgraph.site.packed import ENDINGS
from stadtgraph.site.shelf import Content, Packed, Same
from stadtgraph.site.things import SAFE, VERSION, Site
from stadtgraph.terms import Out

LATEST: Final = "download/latest"
# Every triple, in order: what is read again, by us and by others.
DUMP: Final = "dataset.nt"
LARGE: Final = 1_000_000


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
        for one, content in _offered(name, tell, written):
            yield one, content
            if version(site):
                yield one.replace(LATEST, f"download/{version(site)}"), Same(one)
    for number, folder in site.earlier.items():
        for path in sorted(folder.iterdir()):
            if path.suffix not in ENDINGS:
                yield from _offered(f"download/{number}/{path.name}", partial(_copy, path), written)


def _offered(
    name: str, tell: Callable[[Out], None], written: Mapping[str, tuple[str, int]]
) -> Iterator[tuple[str, Content]]:
    """Yield a file, and a large one packed too."""
    yield name, tell
    if written[name][1] > LARGE:
        yield f"{name}.gz", Packed(name)


def _copy(path: Path, out: Out) -> None:
    with path.open("rb") as file:
        shutil.copyfileobj(file, out, 1 << 20)


def earlier(out: Path, current: str) -> dict[str, Path]:
    """Return the versions that the last publication holds, apart from the current one: they stay on offer."""
    folders = (path for path in (out / "download").glob("*") if (path / DUMP).is_file())
    kept = [path for path in folders if path.name not in ("latest", current)]
    return {path.name: path.resolve() for path in sorted(kept, key=lambda path: number(path.name))}


def number(version: str) -> list[int]:
    """Return what orders versions: 1.10.0 comes after 1.9.0."""
    return [int(part) for part in re.findall(r"\d+", version)]


def rewritten(site: Site, last: Path | None, written: Mapping[str, tuple[str, int]]) -> dict[str, str]:
    """Return the version under which the last publication holds another ``dataset``, if there is one.

    Who has taken a version home expects that it stays what it is.
    """
    number, name = version(site), f"download/{version(site)}/{DUMP}"
    if last and number and (last / name).is_file():
        with (last / name).open("rb") as file:
            before = hashlib.file_digest(file, "sha256").hexdigest()
        if before != written[name][0]:
            return {"dataset": number}
    return {}
