"""Keep the publications of one place side by side and switch between them in one step.

``public`` is a symbolic link to ``.public/<digest>/``; what each publication was made of lies beside it in
``.public/<digest>.things``. A new publication is written in full next to the old one, then the link is
replaced, which POSIX does atomically (rename). Whenever the process dies, readers see a whole publication:
the old one or the new one.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from stadtgraph.messages import say

THINGS: Final = ".things"
KEPT: Final = 2


class CannotPublish(Exception):
    """The target cannot be written; ``key`` and ``values`` name the sentence that says why."""

    def __init__(self, key: str, **values: str) -> None:
        self.key, self.values = key, values
        super().__init__(key, values)

    def __reduce__(self) -> tuple[object, tuple[()]]:
        """Tell how another process makes the same one."""
        return partial(type(self), self.key, **self.values), ()

    def sentence(self, lang: str) -> str:
        """Return what to tell the user."""
        return say(self.key, lang, **self.values)


@dataclass(frozen=True)
class Shelf:
    """The folder beside ``out`` that keeps its publications."""

    out: Path
    folder: Path

    @property
    def last(self) -> Path | None:
        """The publication that readers see now."""
        return self.out.resolve() if self.out.is_symlink() and self.out.exists() else None

    @property
    def things(self) -> Path | None:
        """What the publication that readers see now was made of."""
        path = self.last and self.last.with_name(self.last.name + THINGS)
        return path if path and path.is_file() else None

    @property
    def draft(self) -> Path:
        """Where the next publication is written."""
        return self.folder / "next.part"

    @property
    def draft_things(self) -> Path:
        """Where it is noted what the next publication is made of."""
        return self.folder / f"next{THINGS}.part"

    def show(self, digest: str) -> bool:
        """Make the draft what readers see; return whether that is something new."""
        new, before = self.folder.resolve() / digest, self.last
        os.sync()
        if self.draft_things.exists():
            self.draft_things.replace(self.folder / (digest + THINGS))
        if new == before:
            self._renew(new)
        else:
            _remove(new)
            self.draft.rename(new)
        if self.out.is_dir() and not self.out.is_symlink():
            self.out.rmdir()
        link = self.folder / "link"
        link.symlink_to(Path(self.folder.name) / digest)
        link.replace(self.out)
        _sync(self.out.parent)
        os.utime(new)
        others = sorted((p for p in self.folder.iterdir() if p.is_dir()), key=lambda p: p.stat().st_mtime_ns)
        _remove(*[path for path in others[:-KEPT] if path not in (new, before)])
        _remove(*[path for path in self.folder.glob(f"*{THINGS}") if not path.with_suffix("").is_dir()])
        return before != new

    def _renew(self, same: Path) -> None:
        """Put the draft's documents in the place of their equals, which somebody may have touched."""
        for path in self.draft.rglob("*"):
            if path.is_file():
                path.replace(same / path.relative_to(self.draft))
        _remove(self.draft)


@contextmanager
def shelf(out: Path) -> Iterator[Shelf]:
    """Hold the publications of ``out``, so that two runs take turns.

    Raises:
        CannotPublish: ``out`` is in the way or cannot be written.

    """
    if out.is_symlink():
        theirs = out.readlink().parent != Path(f".{out.name}")
    else:
        theirs = out.exists() and (not out.is_dir() or any(out.iterdir()))
    if theirs:
        raise CannotPublish("out-in-the-way", path=str(out))
    found = Shelf(out, out.parent / f".{out.name}")
    try:
        found.folder.mkdir(parents=True, exist_ok=True)
        with (found.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            _remove(*found.folder.glob("*.part"), found.folder / "link")
            yield found
    except OSError as error:
        raise CannotPublish(
            "cannot-write", path=str(error.filename or out), reason=error.strerror or ""
        ) from error


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
