"""Write a publication beside the last one and switch in one step.

``public`` is a symbolic link to ``.public/<digest>/``. A new publication is written in full next to the old
one; then the link is replaced, which POSIX does atomically (rename). Whenever the process dies, readers see a
whole publication: the old one or the new one.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from stadtgraph.derive import derive
from stadtgraph.load import City
from stadtgraph.messages import say
from stadtgraph.namespaces import PLACEHOLDER, PLACEHOLDER_TEXT
from stadtgraph.site import calendar, catalog, downloads, feeds, jsonld, rules, tables, void
from stadtgraph.site.picture import pictures
from stadtgraph.site.things import Site
from stadtgraph.terms import text

SUMS = "SHA256SUMS"
KEPT = 2
# In the order in which they look at what the others wrote.
CLOSING = (catalog, void, feeds)


class CannotPublish(Exception):
    """The target cannot be written; ``key`` and ``values`` name the sentence that says why."""

    def __init__(self, key: str, **values: str) -> None:
        self.key, self.values = key, values
        super().__init__(key, values)

    def sentence(self, lang: str) -> str:
        """Return what to tell the user."""
        return say(self.key, lang, **self.values)


@dataclass(frozen=True)
class Publication:
    """What a publication holds."""

    folder: Path
    digest: str
    changed: bool
    files: int
    size: int
    asserted: int
    derived: int


def publish(city: City, out: Path) -> Publication:
    """Complete the graph, write it to ``out`` in every form; the city has been validated before.

    Raises:
        CannotPublish: ``out`` is in the way or cannot be written.
        BadQuery: a rule cannot be applied.

    """
    asserted, derived = complete(city)
    tree = dict(_tree(Site(city), out))
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(tree.items())}
    listing = "".join(f"{digest}  {name}\n" for name, digest in sums.items()).encode()
    digest = hashlib.sha256(listing).hexdigest()[:16]
    changed = switch(out, digest, {**tree, SUMS: listing})
    size = sum(map(len, tree.values())) + len(listing)
    return Publication(out, digest, changed, len(tree) + 1, size, asserted, derived)


def complete(city: City) -> tuple[int, int]:
    """Make the graph what is published; return how much is asserted and how much derived."""
    _drop_placeholders(city)
    asserted = len(city.store)
    return asserted, sum(derive(city).values())


def _drop_placeholders(city: City) -> None:
    """Leave out what the operator has not filled in yet: a reader would take it for a value."""
    for quad in list(city.store):
        if text(quad.object).startswith((PLACEHOLDER, PLACEHOLDER_TEXT)):
            city.store.remove(quad)


def _tree(site: Site, out: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every document; those that tell of the others come last."""
    site = replace(site, earlier=downloads.earlier(out, downloads.version(site)))
    written: dict[str, tuple[str, int]] = {}
    for name, content in _open_documents(site):
        written[name] = (hashlib.sha256(content).hexdigest(), len(content))
        yield name, content
    for module in CLOSING:
        for name, content in module.closing_documents(site, dict(written)):
            written[name] = (hashlib.sha256(content).hexdigest(), len(content))
            yield name, content


def _open_documents(site: Site) -> Iterator[tuple[str, bytes]]:
    yield from pictures(site.city)
    for iri in site.things:
        yield from jsonld.thing_documents(site, iri)
    for module in (downloads, jsonld, tables, calendar, feeds, rules):
        yield from module.whole_documents(site)


def switch(out: Path, digest: str, tree: Mapping[str, bytes]) -> bool:
    """Make ``out`` show ``tree``; return whether that is something new.

    Raises:
        CannotPublish: ``out`` is in the way or cannot be written.

    """
    try:
        with _alone(out) as shelf:
            new = shelf / digest
            link = shelf / "link"
            before = out.resolve() if out.is_symlink() else None
            _remove(*shelf.glob("*.part"), link)
            if not new.exists():
                _write(shelf / f"{digest}.part", tree)
                (shelf / f"{digest}.part").rename(new)
            if out.is_dir() and not out.is_symlink():
                out.rmdir()
            link.symlink_to(Path(shelf.name) / digest)
            link.replace(out)
            _sync(out.parent)
            os.utime(new)
            others = sorted((p for p in shelf.iterdir() if p.is_dir()), key=lambda p: p.stat().st_mtime)
            _remove(*[path for path in others[:-KEPT] if path not in (new, before)])
            return before != new.resolve()
    except OSError as error:
        raise CannotPublish(
            "cannot-write", path=str(error.filename or out), reason=error.strerror or ""
        ) from error


@contextmanager
def _alone(out: Path) -> Iterator[Path]:
    """Hold the folder that keeps the publications of ``out``, so that two runs take turns."""
    if out.exists() and not out.is_symlink() and (not out.is_dir() or any(out.iterdir())):
        raise CannotPublish("out-in-the-way", path=str(out))
    shelf = out.parent / f".{out.name}"
    shelf.mkdir(parents=True, exist_ok=True)
    with (shelf / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield shelf


def _write(folder: Path, tree: Mapping[str, bytes]) -> None:
    for name, content in tree.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    for path in (folder, *(p for p in folder.rglob("*") if p.is_dir())):
        _sync(path)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(*paths: Path) -> None:
    for path in paths:
        if path.is_symlink() or path.is_file():
            path.unlink()
        elif path.is_dir():
            shutil.rmtree(path)
