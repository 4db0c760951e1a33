"""A published folder as the server reads it.

The folder is resolved once, so that one answer comes from one publication. Only what its checksums name is
ever opened: a path that leads anywhere else finds nothing.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from threading import RLock
from typing import Any, Final, TypeVar
from urllib.parse import quote

from stadtgraph.messages import say
from stadtgraph.serve.negotiate import Form

SUMS: Final = "SHA256SUMS"
DESCRIBED: Final = "server/publication.json"
# Rises when publish writes what older servers cannot read, or the other way round.
LAYOUT: Final = 1
DIGEST: Final = 64
# In which a thing is told, the most usual first.
SUFFIXES: Final = ("ttl", "jsonld", "nt", "rdf", "rq")
Made = TypeVar("Made")
# Of these, people get a page for each; the data of all of them is one document.
OF_MANY: Final = ("def", "shapes")
CODINGS: Final = {"br": ".br", "gzip": ".gz"}
VOID: Final = ".well-known/void"
# Documents whose names have no ending that says what they are.
NAMED: Final = {SUMS: "text/plain", VOID: "text/turtle"}
HIDDEN: Final = re.compile(r"(^|/)\.(?!well-known/)|^server/")


class CannotServe(Exception):
    """There is nothing to serve; ``key`` and ``values`` name the sentence that says why."""

    def __init__(self, key: str, **values: str) -> None:
        self.key, self.values = key, values
        super().__init__(key, values)

    def sentence(self, lang: str) -> str:
        """Return what to tell the user."""
        return say(self.key, lang, **self.values)


class Sums:
    """The checksums of a publication: lines in the order of their names, searched where they lie."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self._lines = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def find(self, name: str) -> str:
        """Return the checksum of a document; empty when there is no such document."""
        wanted, lines = name.encode("utf-8", "surrogateescape"), self._lines
        low, high = 0, len(lines)
        while low < high:
            start = lines.rfind(b"\n", low, (low + high) // 2) + 1 or low
            end = lines.find(b"\n", start)
            found = lines[start + DIGEST + 2 : end]
            if found == wanted:
                return lines[start : start + DIGEST].decode()
            if found < wanted:
                low = end + 1
            else:
                high = start
        return ""

    def digest(self) -> str:
        """Return what tells this publication from others."""
        return hashlib.sha256(self._lines).hexdigest()[:16]


@dataclass(frozen=True)
class Graph:
    """A named graph."""

    iri: str
    title: Mapping[str, str]
    triples: int


@dataclass(frozen=True)
class Thing:
    """What is known of a thing without asking the graph."""

    iri: str
    page: str
    names: Mapping[str, str]
    others: tuple[str, ...]
    section: str
    classes: tuple[str, ...]

    @property
    def slug(self) -> str:
        """Return what names the thing within the city: the end of its IRI."""
        return self.page.removeprefix("doc/")

    def name(self, lang: str) -> str:
        """Return the name in a language, else in another, else the end of the IRI."""
        return self.names.get(lang) or next(iter(self.names.values()), "") or self.slug


@dataclass(frozen=True, eq=False)
class Publication:
    """What is served: one publication, never two."""

    folder: Path
    digest: str
    described: Mapping[str, Any]
    sums: Sums = field(repr=False)
    _made: dict[str, Any] = field(default_factory=dict, repr=False)
    _making: RLock = field(default_factory=RLock, repr=False)

    def once(self, name: str, make: Callable[[], Made]) -> Made:
        """Return what was made of this publication under a name; made once, however many ask at a time."""
        with self._making:
            if name not in self._made:
                self._made[name] = make()
            made: Made = self._made[name]
            return made

    @property
    def base(self) -> str:
        """Return the address at which the city's IRIs begin."""
        return str(self.described["base"])

    @property
    def languages(self) -> tuple[str, ...]:
        """Return the languages of the pages, the first for those who ask for none of them."""
        return tuple(self.described["languages"])

    @property
    def prefixes(self) -> dict[str, str]:
        """Return every prefix with its namespace."""
        return dict(self.described["prefixes"])

    @property
    def titles(self) -> dict[str, str]:
        """Return the title of the dataset in each language."""
        return dict(self.described["title"])

    @cached_property
    def graphs(self) -> dict[str, int]:
        """Return how many triples each named graph holds."""
        return {graph["iri"]: graph["triples"] for graph in self.described["graphs"]}

    @property
    def dump(self) -> Path:
        """Return the N-Quads file that holds the whole graph."""
        return self.folder / str(self.described["dump"])

    @property
    def questions(self) -> list[dict[str, Any]]:
        """Return the documented questions as they were published."""
        return list(self.described["questions"])

    @cached_property
    def things(self) -> dict[str, Thing]:
        """Return every thing by its IRI; read when somebody first asks."""
        found = {}
        with (self.folder / "server" / "names.jsonl").open(encoding="utf-8") as lines:
            for line in lines:
                iri, page, names, others, section, classes = json.loads(line)
                found[iri] = Thing(iri, page, names, tuple(others), section, tuple(classes))
        return found

    @cached_property
    def frames(self) -> dict[str, str]:
        """Return in each language what stands around the content of a page."""
        return {
            lang: (self.folder / f"server/frame.{lang}.txt").read_text("utf-8") for lang in self.languages
        }

    def media(self, name: str) -> str:
        """Return the media type of a document."""
        if name in NAMED:
            return NAMED[name]
        return str(self.described["types"].get(name.rpartition(".")[2], "application/octet-stream"))

    @cached_property
    def codings(self) -> Any:
        """Return what tells the codings in which a document is there besides its own, the smallest first."""
        return lru_cache(4096)(
            lambda name: tuple(coding for coding, ending in CODINGS.items() if self.sums.find(name + ending))
        )

    def lasting(self, name: str) -> bool:
        """Tell whether a document never changes under its name: it is named by its content or version."""
        folder, _, rest = name.partition("/")
        version = rest.partition("/")[0]
        past = folder == "download" and version not in ("latest", self.described["version"])
        return past or name in self._static

    @cached_property
    def _static(self) -> frozenset[str]:
        return frozenset(self.described["static"].values())

    def links(self, form: Form, forms: Sequence[Form], up: str) -> Iterator[str]:
        """Yield what a document is linked to (RFC 8288); ``up`` leads to the start page."""
        for other in forms:
            if other != form:
                lang = f'; hreflang="{other.lang}"' if other.lang else ""
                yield f'<{up}{quote(other.name)}>; rel="alternate"; type="{other.media}"{lang}'
        if self.described["licence"]:
            yield f'<{self.described["licence"]}>; rel="license"'
        if form.name.rpartition(".")[2] in ("ttl", "jsonld", "nt", "rdf"):
            if form.name.startswith("doc/"):
                yield f'<{self.base}id/{quote(form.name[4:].rpartition(".")[0])}>; rel="describes"'
            if self.described["profile"]:
                yield f'<{self.described["profile"]}>; rel="profile"'
            if self.described["dataset"]:
                yield f'<{up}.well-known/void>; rel="describedby"; type="text/turtle"'

    @cached_property
    def find(self) -> Any:
        """Return what finds the forms of a document by its path; remembered for each publication apart."""
        return lru_cache(4096)(self._find)

    def _find(self, path: str) -> tuple[Form, ...]:
        """Return the forms in which a path can be had, the usual one first; none when there is nothing.

        The path is relative to the publication, without a leading slash. A path with a suffix has one form.
        """
        if HIDDEN.search(path) and not path.startswith("server/nginx"):
            return ()
        if path == SUMS or (path != VOID and path and self.sums.find(path)):
            return (self._form(path),)
        stem, names = path or "index", []
        names += [stem + ending for ending in self.described["endings"].values()]
        recorded = dict.fromkeys(("", *self.described["record"]), ("catalog", "void"))
        told = {**recorded, VOID: ("void",)}.get(path, (path,))
        folder, _, rest = path.partition("/")
        own = self.sums.find(f"{path}.{SUFFIXES[0]}")
        if rest and folder in OF_MANY and not own and any(map(self.sums.find, names)):
            told = (folder,)
        names += [f"{stem}.{suffix}" for stem in told for suffix in SUFFIXES]
        forms = [self._form(name) for name in names if self.sums.find(name)]
        return tuple({(form.media, form.lang): form for form in reversed(forms)}.values())[::-1]

    def _form(self, name: str) -> Form:
        endings = self.described["endings"].items()
        langs = [
            lang for lang, ending in sorted(endings, key=lambda pair: -len(pair[1])) if name.endswith(ending)
        ]
        return Form(self.media(name), name, langs[0] if langs else "")


def read(out: Path) -> Publication:
    """Read the publication that ``out`` shows now.

    Raises:
        CannotServe: there is none, or it was written by another version of the engine.

    """
    try:
        folder = out.resolve(strict=True)
        sums = Sums(folder / SUMS)
        described = json.loads((folder / DESCRIBED).read_text("utf-8"))
        if described["layout"] != LAYOUT:
            raise ValueError("written by another version")
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise CannotServe("nothing-published", path=os.path.relpath(out)) from error
    return Publication(folder, sums.digest(), described, sums)


def shown(out: Path) -> tuple[str, int, int]:
    """Return what changes when ``out`` shows another publication.

    Raises:
        OSError: there is none.

    """
    status = (out / SUMS).stat()
    return str(out.resolve()), status.st_ino, status.st_mtime_ns
