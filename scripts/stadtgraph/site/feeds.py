"""What changed, and what there is: an Atom feed of the versions, a sitemap, and robots.txt."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, groupby, islice
from operator import attrgetter
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

from pyoxigraph import Literal, NamedNode, RdfFormat, Triple, parse

from stadtgraph.load import LABELS
from stadtgraph.messages import LANGUAGES, count_of, say
from stadtgraph.namespaces import VOCABULARIES
from stadtgraph.site.downloads import number
from stadtgraph.site.frame import TEMPLATES
from stadtgraph.site.notes import Notes
from stadtgraph.site.things import MODIFIED, VERSION, Site
from stadtgraph.terms import text, triples_in_order

ATOM: Final = "http://www.w3.org/2005/Atom"
XML_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"
DUMP: Final = "dataset.nt"
# 50,000 are allowed; few of so many small parts differ after a change.
MOST_PAGES: Final = 5000
# Pages that hold nothing before somebody asks.
UNLISTED: Final = ("404", "search", "sparql")
PUBLISHER: Final = NamedNode(VOCABULARIES["dcterms"] + "publisher")
NAME: Final = NamedNode(VOCABULARIES["foaf"] + "name")
# What XML 1.0 cannot hold.
FORBIDDEN: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass
class Version:
    """A version, how many things it tells of, and the names of those that differ from the one before."""

    number: str
    day: str
    things: int
    differing: dict[str, list[dict[str, str]]] = field(default_factory=dict)


def whole_documents(site: Site) -> Iterator[tuple[str, bytes]]:
    """Yield the feed in each language, and what tells robots where the sitemap is."""
    versions = list(_versions(site))
    for lang in LANGUAGES:
        suffix = "" if lang == "de" else f".{lang}"
        yield f"feed{suffix}.atom", feed(site, versions, lang)
    endpoint = "Disallow: /sparql$\nDisallow: /sparql?\n"
    yield "robots.txt", f"User-agent: *\n{endpoint}\nSitemap: {site.url('sitemap.xml')}\n".encode()


def closing_documents(site: Site, notes: Notes) -> Iterator[tuple[str, bytes]]:
    """Yield the sitemap: every page with the day of its last change and its other languages.

    It is an index of several where there are more pages than one may name (sitemaps.org, protocol 0.9).
    """
    pages = (page for page in notes.pages() if page[0].partition(".")[0] not in UNLISTED)
    parts = iter(lambda: list(islice(pages, MOST_PAGES)), [])
    first, second = next(parts, []), next(parts, None)
    if second is None:
        yield "sitemap.xml", _filled("sitemap.xml", _told_pages(site, notes, first))
        return
    told = []
    for count, part in enumerate(chain((first, second), parts), 1):
        name, pages_told = f"sitemap-{count}.xml", _told_pages(site, notes, part)
        told.append((site.url(name), max(day for _, day, _ in pages_told)))
        yield name, _filled("sitemap.xml", pages_told)
    yield "sitemap.xml", _filled("sitemaps.xml", told)


def _told_pages(
    site: Site, notes: Notes, pages: list[tuple[str, str, str]]
) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Return of each page its address, the day of its last change, and the addresses of its languages."""
    told = []
    for name, thing, changed in pages:
        stem, _, lang = name.removesuffix(".html").rpartition(".")
        if lang not in LANGUAGES:
            stem, lang = name.removesuffix(".html"), ""
        own = not thing and notes.has(site.url(stem), f"{stem}.ttl")
        day = changed or site.modified(site.url(stem) if own else site.dataset)
        others = {"de": f"{stem}.html", **{tag: f"{stem}.{tag}.html" for tag in LANGUAGES if tag != "de"}}
        links = [
            (tag, _address(site, other))
            for tag, other in others.items()
            if (lang or "de") in others and (other == name or notes.has(thing, other))
        ]
        told.append((_address(site, name), day, links))
    return told


def _filled(template: str, entries: Sequence[object]) -> bytes:
    return f"{TEMPLATES.get_template(template).render(entries=entries)}\n".encode()


def _address(site: Site, name: str) -> str:
    return site.url("" if name == "index.html" else name)


def feed(site: Site, versions: list[Version], lang: str) -> bytes:
    """Return the feed (RFC 4287): an entry per version, newest first, with what is new, changed and gone."""
    root = ET.Element("feed", {"xmlns": ATOM, XML_LANG: lang})
    suffix = "" if lang == "de" else f".{lang}"
    label = site.city.label(site.dataset)
    ET.SubElement(root, "id").text = site.url(f"feed{suffix}.atom")
    ET.SubElement(root, "title").text = _clean(label.get(lang) or next(iter(label.values()), site.base))
    ET.SubElement(root, "updated").text = _moment(versions[-1].day)
    ET.SubElement(root, "link", {"rel": "self", "href": site.url(f"feed{suffix}.atom")})
    ET.SubElement(root, "link", {"rel": "alternate", "href": site.base})
    author = ET.SubElement(root, "author")
    ET.SubElement(author, "name").text = _clean(_publisher(site, lang))
    for version in reversed(versions):
        entry = ET.SubElement(root, "entry")
        folder = f"download/{version.number}/"
        ET.SubElement(entry, "id").text = site.url(folder)
        ET.SubElement(entry, "title").text = say("feed-version", lang, version=version.number)
        ET.SubElement(entry, "updated").text = _moment(version.day)
        ET.SubElement(entry, "link", {"rel": "alternate", "href": site.url(f"{folder}dataset.ttl")})
        content = ET.SubElement(entry, "content", {"type": "text"})
        content.text = _clean(_told(version, lang))
    return _xml(root)


def _versions(site: Site) -> Iterator[Version]:
    """Yield each version, oldest first, with what differs from the one before."""
    read: dict[str, Callable[[], Iterator[Triple]]] = {
        version: partial(_stated, folder / DUMP)
        for version, folder in sorted(site.earlier.items(), key=lambda pair: number(pair[0]))
    }
    read[site.value(site.dataset, VERSION) or "0"] = partial(triples_in_order, site.store)
    before: dict[str, int] | None = None
    triples_before: Callable[[], Iterator[Triple]] = partial(iter, ())
    for version, triples in read.items():
        after, day = {}, ""
        for subject, stated in groupby(triples(), key=attrgetter("subject")):
            if isinstance(subject, NamedNode) and subject.value.startswith(site.base):
                # A hash takes a hundredth of the room of what is stated.
                after[subject.value] = 0
                for triple in stated:
                    after[subject.value] ^= hash(triple)
                    if triple.predicate == MODIFIED and subject.value == site.dataset:
                        day = max(day, text(triple.object))
        found = Version(version, day, len(after))
        if before is not None:
            both = after.keys() & before.keys()
            changed = {iri for iri in both if after[iri] != before[iri]}
            found.differing["feed-new"] = _names(after.keys() - before.keys(), triples)
            found.differing["feed-changed"] = _names(changed, triples)
            found.differing["feed-gone"] = _names(before.keys() - after.keys(), triples_before)
        yield found
        before, triples_before = after, triples


def _stated(path: Path) -> Iterator[Triple]:
    return (quad.triple for quad in parse(path=path, format=RdfFormat.N_TRIPLES))


def _names(iris: Set[str], triples: Callable[[], Iterator[Triple]]) -> list[dict[str, str]]:
    """Return the names of things by language, or under no language their IRI."""
    labels: dict[str, dict[NamedNode, dict[str, str]]] = {iri: {} for iri in iris}
    for triple in triples() if iris else ():
        if triple.predicate in LABELS and isinstance(triple.object, Literal) and text(triple.subject) in iris:
            texts = labels[text(triple.subject)].setdefault(triple.predicate, {})
            texts[triple.object.language or ""] = triple.object.value
    return [
        next((found[predicate] for predicate in LABELS if predicate in found), {"": iri})
        for iri, found in labels.items()
    ]


def _told(version: Version, lang: str) -> str:
    """Say what is new, changed and gone; the first version is told by its size alone."""
    if not version.differing:
        return say("feed-first", lang, things=count_of("feed-thing", version.things, lang))
    lines = []
    for key, found in version.differing.items():
        if found:
            names = sorted(texts.get(lang) or min(texts.values()) for texts in found)
            lines.append(say(key, lang, things=", ".join(names)))
    return "\n".join(lines) or say("feed-same", lang)


def _publisher(site: Site, lang: str) -> str:
    for agent in site.values(site.dataset, PUBLISHER):
        names = site.values(text(agent), NAME)
        texts = {name.language: name.value for name in names if isinstance(name, Literal)}
        if texts:
            return texts.get(lang) or min(texts.values())
    return site.base


def _moment(day: str) -> str:
    return day if "T" in day else f"{day or '1970-01-01'}T00:00:00Z"


def _clean(words: str) -> str:
    return FORBIDDEN.sub(" ", words)


def _xml(root: ET.Element) -> bytes:
    ET.indent(root, " ")
    written: bytes = ET.tostring(root, "utf-8", xml_declaration=True)
    return written + b"\n"
