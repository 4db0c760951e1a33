"""The city's terms and rules under the address of their version (``owl:versionIRI``): there they stay.

What the last publication holds under such an address is taken over, so that a term that changes without a new
version changes nothing for those who cite the old one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

from pyoxigraph import Literal, NamedNode, RdfFormat, parse

from stadtgraph.messages import LANGUAGES, grouped
from stadtgraph.namespaces import VOCABULARIES
from stadtgraph.site.describe import point_in_time
from stadtgraph.site.downloads import number
from stadtgraph.site.frame import Frame, text_in
from stadtgraph.site.pages import FORMATS
from stadtgraph.site.reading import Reading
from stadtgraph.site.things import MODIFIED, SAFE, Site
from stadtgraph.terms import text

# What leads to the whole as it is today, and says how many terms or rules a version has.
WHOLES: Final = {
    "def": ("frozen-def", "frozen-number-def"),
    "shapes": ("frozen-shapes", "frozen-number-shapes"),
}
VERSION_IRI: Final = NamedNode(VOCABULARIES["owl"] + "versionIRI")
TITLE: Final = NamedNode(VOCABULARIES["dcterms"] + "title")
LABEL: Final = NamedNode(VOCABULARIES["rdfs"] + "label")
DEFINITION: Final = NamedNode(VOCABULARIES["skos"] + "definition")
Texts = dict[NamedNode, dict[str, str]]


def current(site: Site, whole: str) -> str:
    """Return where the present version of terms or rules stands; empty where it has no address of ours."""
    node, folder = NamedNode(site.base + whole), site.url(f"{whole}/")
    for store in (site.store, site.city.shapes):
        for quad in store.quads_for_pattern(node, VERSION_IRI, None):
            local = text(quad.object).removeprefix(folder)
            if text(quad.object).startswith(folder) and SAFE.fullmatch(local) and "/" not in local:
                return f"{whole}/{local}"
    return ""


def closing_documents(
    reading: Reading, last: Path | None, draft: Path, written: Mapping[str, tuple[str, int]]
) -> Iterator[tuple[str, bytes]]:
    """Yield every version of terms and rules in each form, and its page in each language."""
    for whole in WHOLES:
        name = current(reading.site, whole) if f"{whole}.nt" in written else ""
        before = {f"{whole}/{path.stem}": path for path in (last / whole).glob("*.nt")} if last else {}
        if name and name in before and _same(reading.site, whole, before[name], draft):
            del before[name]
        held = {name: draft / f"{whole}.nt"} if name and name not in before else {}
        for version, path in (before | held).items():
            for form in FORMATS:
                yield f"{version}.{form}", path.with_name(f"{path.stem}.{form}").read_bytes()
        versions = sorted(before | held, key=number)
        for lang in LANGUAGES:
            for version in versions:
                frame = Frame.of(reading, lang)
                others = [other for other in reversed(versions) if other != version]
                yield frame.file(version), _page(frame, version, others, draft / f"{version}.nt")


def rewritten(site: Site, draft: Path) -> dict[str, str]:
    """Return of which terms and rules the present ones differ from those kept under their version."""
    found = {}
    for whole in WHOLES:
        name = current(site, whole)
        kept = draft / f"{name}.nt"
        if name and kept.is_file() and not _same(site, whole, kept, draft):
            found[whole] = name.removeprefix(f"{whole}/")
    return found


def _same(site: Site, whole: str, kept: Path, draft: Path) -> bool:
    """Tell whether the same is kept of the terms or rules; who is named beside them is no part of it."""
    about = f"<{site.base}{whole}".encode()
    stated = []
    for path in (kept, draft / f"{whole}.nt"):
        with path.open("rb") as lines:
            stated.append({line for line in lines if line.startswith((about + b">", about + b"#", b"_:"))})
    return stated[0] == stated[1]


def _page(frame: Frame, name: str, others: list[str], path: Path) -> bytes:
    """Return the page of one version, told from what it holds."""
    whole, _, version = name.partition("/")
    told, day = _told(path)
    iri = NamedNode(frame.reading.base + whole)
    parts = {node: texts for node, texts in told.items() if node.value.startswith(f"{iri.value}#")}
    values: dict[str, Any] = {
        "title": text_in(told.get(iri, {}).get(TITLE, {}), frame.lang),
        "version": version,
        "day": point_in_time(day, frame.words) if day else "",
        "others": [(other.partition("/")[2], other) for other in others],
        "whole": whole,
        "today": frame.words(WHOLES[whole][0]),
        "number": frame.words(WHOLES[whole][1], number=grouped(len(parts), frame.lang)),
        "terms": [
            (
                node.value.partition("#")[2],
                text_in(texts[LABEL], frame.lang),
                text_in(texts.get(DEFINITION, {}), frame.lang),
            )
            for node, texts in parts.items()
            if LABEL in texts and whole == "def"
        ],
        "downloads": [(words, f"{name}.{form}") for form, words in FORMATS.items()],
        "iri": frame.reading.site.url(name),
    }
    return frame.render("frozen.html", name, **values)


def _told(path: Path) -> tuple[dict[NamedNode, Texts], str]:
    """Return the texts of each node by property and language, and the day of the last change."""
    found: dict[NamedNode, Texts] = {}
    day = ""
    statements = parse(path=path, format=RdfFormat.N_TRIPLES)
    for subject, stated in groupby(statements, key=attrgetter("subject")):
        if isinstance(subject, NamedNode):
            texts = found.setdefault(subject, {})
            for quad in stated:
                day = day or (text(quad.object) if quad.predicate == MODIFIED else "")
                if isinstance(quad.object, Literal) and quad.object.language:
                    texts.setdefault(quad.predicate, {})[quad.object.language] = quad.object.value
    return found, day
