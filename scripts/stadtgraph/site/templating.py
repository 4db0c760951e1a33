"""The templates of pages and pictures, and the files that all pages need."""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemBytecodeCache, PackageLoader, StrictUndefined
from jinja2.bccache import Bucket

from stadtgraph.caches import cache_folder

ICON: Final = "favicon.ico"
TEMPLATES: Final = Environment(
    loader=PackageLoader("stadtgraph.site"),
    autoescape=True,
    auto_reload=False,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class Compiled(FileSystemBytecodeCache):
    """Templates as they were compiled before; what cannot be kept is compiled anew."""

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take over what was compiled of the same source."""
        with suppress(OSError):
            super().load_bytecode(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        with suppress(OSError):
            Path(self.directory).mkdir(parents=True, exist_ok=True)
            super().dump_bytecode(bucket)


def prepare() -> None:
    """Read every template, so that processes that are forked share them."""
    TEMPLATES.bytecode_cache = Compiled(str(cache_folder(f"templates-{version('jinja2')}")))
    for name in TEMPLATES.list_templates(["html", "svg"]):
        TEMPLATES.get_template(name)


def breadth(words: str) -> str:
    """Return the class of a heading whose longest word would be broken on a phone, else nothing."""
    letters = max(map(len, re.split(r"[\s–-]+", words)))
    return "longest" if letters > 22 else "long" if letters > 14 else ""


TEMPLATES.filters["breadth"] = breadth


@cache
def static() -> dict[str, str]:
    """Return the files that all pages need, each under a name that changes with its content."""
    names = {}
    for entry in sorted(files("stadtgraph.site").joinpath("static").iterdir(), key=lambda e: e.name):
        stem, _, ending = entry.name.rpartition(".")
        names[entry.name] = f"{stem}.{hashlib.sha256(entry.read_bytes()).hexdigest()[:8]}.{ending}"
    return names


def static_documents() -> list[tuple[str, bytes]]:
    """Return those files, and the icon where programs look for it that read no page."""
    site = files("stadtgraph.site")
    folder = site.joinpath("static")
    found = [(f"static/{name}", folder.joinpath(entry).read_bytes()) for entry, name in static().items()]
    return [*found, (ICON, site.joinpath(ICON).read_bytes())]
