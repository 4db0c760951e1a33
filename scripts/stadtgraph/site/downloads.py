"""The whole graph to take home: fixed path and version, every form, large files packed too."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Final, cast

from stadtgraph.site.dumps import FORMS, dump
from stadtgraph.site.ordered import quads, triples
from stadtgraph.site.packed import ENDINGS
from stadtgraph.site.things import MODIFIED, SAFE, VERSION, Site
from stadtgraph.site.writer import Content, Packed, Same
from stadtgraph.terms import Out

LATEST: Final = "download/latest"
# Every triple, in order: what is read again, by us and by others.
DUMP: Final = "dataset.nt"
# Every statement with its graph, in order: what tells two publications apart.
STATEMENTS: Final = f"{LATEST}/dataset.nq"
LARGE: Final = 1_000_000


def version(site: Site) -> str:
    """Return the version of the dataset as a folder's name; empty when it has none."""
    written = site.value(site.dataset, VERSION)
    return written if SAFE.fullmatch(written) and "/" not in written and written != "latest" else ""


def statements(site: Site) -> IO[bytes]:
    """Return a file of all statements in order, as N-Quads, that is gone when it is closed."""
    file = TemporaryFile()  # noqa: SIM115 (the caller closes it)
    file.writelines(quads(site.store))
    file.seek(0)
    return file


def lines(site: Site, statements: IO[bytes]) -> Iterator[tuple[str, Content]]:
    """Yield the dumps of single lines, from which all others are read again: ``statements``, and triples."""
    yield STATEMENTS, partial(_copy, statements)
    yield f"{LATEST}/{DUMP}", partial(_put, site)


def _put(site: Site, out: Out) -> None:
    for piece in triples(site.store):
        out.write(piece)


def _copy(file: IO[bytes], out: Out) -> None:
    file.seek(0)
    shutil.copyfileobj(file, cast("IO[bytes]", out), 1 << 20)


def whole_documents(site: Site) -> list[Callable[[], Iterator[tuple[str, Content]]]]:
    """Return what tells the dump in each other form, and the dumps of the versions before."""
    return [*(partial(_dump, site, suffix) for suffix in FORMS), partial(_before, site)]


def _dump(site: Site, suffix: str) -> Iterator[tuple[str, Content]]:
    yield f"{LATEST}/dataset.{suffix}", dump(site.dumped, suffix, site.city.prefixes)


def _before(site: Site) -> Iterator[tuple[str, Content]]:
    for number, folder in site.earlier.items():
        for path in sorted(folder.iterdir()):
            if path.suffix not in ENDINGS:
                yield f"download/{number}/{path.name}", partial(_copy_of, path)


def _copy_of(path: Path, out: Out) -> None:
    with path.open("rb") as file:
        _copy(file, out)


def closing_documents(site: Site, written: Mapping[str, tuple[str, int]]) -> Iterator[tuple[str, Content]]:
    """Yield large dumps, packed; and all dumps under the address of their version."""
    for name, (_, size) in list(written.items()):
        if name.startswith("download/") and size > LARGE:
            yield f"{name}.gz", Packed(name)
    for name in [name for name in written if version(site) and name.startswith(f"{LATEST}/")]:
        yield name.replace(LATEST, f"download/{version(site)}"), Same(name)


def earlier(out: Path, current: str) -> dict[str, Path]:
    """Return the versions that the last publication holds, apart from the current one: they stay on offer."""
    folders = (path for path in (out / "download").glob("*") if (path / DUMP).is_file())
    kept = [path for path in folders if path.name not in ("latest", current)]
    return {path.name: path.resolve() for path in sorted(kept, key=lambda path: number(path.name))}


def number(version: str) -> list[int]:
    """Return what orders versions: 1.10.0 comes after 1.9.0."""
    return [int(part) for part in re.findall(r"\d+", version)]


def rewritten(site: Site, last: Path | None, written: Mapping[str, tuple[str, int]]) -> dict[str, str]:
    """Return the version that speaks against that of the dataset, and why.

    Who has taken a version home expects that it stays what it is (``dataset``), and that what comes later
    has a higher number (``lower``) and no earlier day (``older``).
    """
    current, name = version(site), f"download/{version(site)}/{DUMP}"
    before = max(site.earlier, key=number, default="")
    if current and before and number(current) < number(before):
        return {"lower": before}
    if last and current and (last / name).is_file():
        with (last / name).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return {"dataset": current} if digest != written[name][0] else {}
    if before and site.value(site.dataset, MODIFIED) < _day(site, site.earlier[before] / DUMP):
        return {"older": before}
    return {}


def _day(site: Site, dump: Path) -> str:
    """Return the day of the dataset's last change, as a dump states it."""
    begin = f'<{site.dataset}> {MODIFIED} "'.encode()
    with dump.open("rb") as lines:
        days = [line.split(b'"')[1].decode() for line in lines if line.startswith(begin)]
    return max(days, default="")
