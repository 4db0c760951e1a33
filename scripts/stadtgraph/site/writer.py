"""Write the documents of a publication one by one; what is as it was before is linked."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from stadtgraph.site.packed import ENDINGS, TEXTS, WORTH, gzipped, siblings
from stadtgraph.site.shelf import CannotPublish
from stadtgraph.terms import Out

SUMS: Final = "SHA256SUMS"


class Document(NamedTuple):
    """A document as it was written: its name below the publication, checksum, size, and when it was made."""

    name: str
    digest: str
    size: int
    made: int
    packed: bool = False


@dataclass(frozen=True)
class Same:
    """What a document written before holds."""

    of: str


@dataclass(frozen=True)
class Packed:
    """What a document written before holds, packed with gzip."""

    of: str


Tell = Callable[[Out], None]
# A large document is not held as bytes: it is told to the file.
Content = bytes | Tell | Same | Packed


class _Sums:
    """A file that is written, with its checksum and size so far."""

    def __init__(self, file: Out) -> None:
        self._file, self.digest, self.size = file, hashlib.sha256(), 0

    def write(self, content: bytes) -> int:
        """Write some more."""
        self.digest.update(content)
        self.size += len(content)
        self._file.write(content)
        return len(content)

    def flush(self) -> None:
        """Leave nothing in between."""
        self._file.flush()


def untouched(folder: Path | str, document: Document) -> bool:
    """Tell whether a document is there as it was written."""
    try:
        status = os.stat(f"{folder}/{document.name}")  # noqa: PTH116 (a Path for each of many thousands costs)
    except OSError:
        return False
    return (status.st_size, status.st_mtime_ns) == (document.size, document.made)


@dataclass
class Writer:
    """Write a publication document by document.

    What is the same as in the ``last`` publication is linked, not written; who asks says what stood there.
    ``packed`` are the documents once more in few bytes; they are not counted as documents.
    """

    folder: Path
    last: Path | None = None
    before: Mapping[str, Document] = field(default_factory=dict)
    written: dict[str, tuple[str, int]] = field(default_factory=dict)
    packed: dict[str, tuple[str, int]] = field(default_factory=dict)
    noted: dict[str, Document] = field(default_factory=dict)
    _folders: set[str] = field(default_factory=set)
    _begin: str = ""

    def __post_init__(self) -> None:
        """Write the folder's path once: a Path for each of many thousands costs."""
        self._begin = f"{self.folder}/"

    def write(self, name: str, content: Content) -> None:
        """Write a document of the whole, and its packed forms where they are worth it; remember them."""
        if isinstance(content, Packed | Same) and name in self.packed:
            # Packed for the network already; now it is a document as well.
            self.hold(self.noted[name]._replace(packed=False))
            del self.packed[name]
        else:
            self.hold(*self.put(name, content, self.before))

    def hold(self, *documents: Document) -> None:
        """Remember documents of the whole."""
        for document in documents:
            self.noted[document.name] = document
            held = self.packed if document.packed else self.written
            held[document.name] = (document.digest, document.size)

    def show(self, documents: Iterable[Document]) -> None:
        """Tell those who ask what was written of a thing's documents that stand at the top, such as terms."""
        for name, digest, size, _, packed in documents:
            if not packed and "/" not in name:
                self.written[name] = digest, size

    def put(self, name: str, content: Content, before: Mapping[str, Document]) -> list[Document]:
        """Write a document and its packed forms; return them, since they are not remembered."""
        digest = hashlib.sha256(content).hexdigest() if isinstance(content, bytes) else ""
        if digest and (found := self._as_before(name, digest, before)):
            return found
        written = self._write(name, content, False, digest)
        if not digest and (found := self._as_before(name, written.digest, before, written)):
            return found
        beside = self._beside(name, content, written.size)
        return [written, *(self._write(other, packed, True) for other, packed in beside)]

    def _as_before(
        self, name: str, digest: str, before: Mapping[str, Document], written: Document | None = None
    ) -> list[Document]:
        """Take over a document that is what it was, with its packed forms; nothing when it is another."""
        known = before.get(name)
        if not self.last or not known or known.digest != digest:
            return []
        packed = [
            before[name + ending]._replace(packed=True) for ending in ENDINGS if name + ending in before
        ]
        found = [known, *packed]
        if not all(untouched(self.last, document) for document in found):
            return []
        if written:
            os.remove(f"{self.folder}/{name}")  # noqa: PTH107 (a Path for each of many thousands costs)
        self._link(found)
        return found

    def _beside(self, name: str, content: Content, size: int) -> Iterator[tuple[str, Content]]:
        """Yield the packed forms of a document; of one that is not held as bytes, the quick one alone."""
        if isinstance(content, bytes):
            yield from siblings(name, content)
        elif isinstance(content, Same):
            for ending in ENDINGS:
                if content.of + ending in self.packed:
                    yield name + ending, Same(content.of + ending)
        elif not isinstance(content, Packed) and size >= WORTH and TEXTS.fullmatch(name):
            yield f"{name}.gz", Packed(name)

    def _write(self, name: str, content: Content, packed: bool, digest: str = "") -> Document:
        if any(part in ("", ".", "..") for part in name.split("/")):
            raise CannotPublish("name-taken", name=name)
        path = self._path(name)
        try:
            if isinstance(content, Same):
                os.link(f"{self.folder}/{content.of}", path)
                return self.noted[content.of]._replace(name=name, packed=packed)
            with open(path, "xb") as file:  # noqa: PTH123 (a Path for each of many thousands costs)
                if isinstance(content, bytes):
                    file.write(content)
                    digest, size = digest or hashlib.sha256(content).hexdigest(), len(content)
                else:
                    sums = _Sums(file)
                    (partial(self._pack, content.of) if isinstance(content, Packed) else content)(sums)
                    digest, size = sums.digest.hexdigest(), sums.size
                file.flush()
                made = os.fstat(file.fileno()).st_mtime_ns
        except FileExistsError:
            raise CannotPublish("name-taken", name=name) from None
        return Document(name, digest, size, made, packed)

    def _pack(self, other: str, out: Out) -> None:
        with (self.folder / other).open("rb") as plain, gzipped(out) as packed:
            shutil.copyfileobj(plain, packed, 1 << 20)

    def keep(self, documents: Sequence[Document]) -> bool:
        """Take over documents of the last publication as they are; return whether all of them could be.

        A document that somebody has touched since is not taken over.
        """
        last = str(self.last or "")
        if not last or not all(untouched(last, document) for document in documents):
            return False
        self._link(documents)
        return True

    def _link(self, documents: Iterable[Document]) -> None:
        last = str(self.last)
        for document in documents:
            try:
                os.link(f"{last}/{document.name}", self._path(document.name))
            except FileExistsError:
                raise CannotPublish("name-taken", name=document.name) from None

    def finish(self, sums: Iterable[tuple[str, str]] | None = None) -> str:
        """Write the checksums, in the order of names, and return the digest of the whole."""
        pairs = sorted((name, document.digest) for name, document in self.noted.items())
        listing = self._write(SUMS, partial(_list, pairs if sums is None else sums), False)
        return listing.digest[:16]

    def _path(self, name: str) -> str:
        folder, _, _ = name.rpartition("/")
        if folder not in self._folders:
            (self.folder / folder).mkdir(parents=True, exist_ok=True)
            self._folders.add(folder)
        return self._begin + name


def _list(sums: Iterable[tuple[str, str]], out: Out) -> None:
    rows = iter(sums)
    while some := list(islice(rows, 1000)):
        out.write("".join([f"{digest}  {name}\n" for name, digest in some]).encode())
