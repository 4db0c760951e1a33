"""What changed, and what there is: an Atom feed of the versions, a sitemap, and robots.txt."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, groupby, islice
from operator import attrgetter
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

from pyoxigraph import Literal, NamedNode, RdfFormat, Triple, parse

from stadtgraph.load import LABELS
from stadtgraph.messages import LANGUAGES, count_of, say
from stadtgraph.namespaces import VOCABULARIES
from stadtgraph.site.downloads import DUMP, number
from stadtgraph.site.notes import Notes
from stadtgraph.site.templating import TEMPLATES
from stadtgraph.site.things import MODIFIED, VERSION, Site
from stadtgraph.terms import text

ATOM: Final = "http://www.w3.org/2005/Atom"
XML_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"
# 50,000 are allowed; few of so many small parts differ after a change.
MOST_PAGES: Final = 2500
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
    told, names = [], {name for name, _, _ in pages}
    day_of_all = site.modified(site.dataset)
    for name, thing, changed in pages:
        stem, _, lang = name.removesuffix(".html").rpartition(".")
        if lang not in LANGUAGES:
            stem, lang = name.removesuffix(".html"), ""
        own = not thing and notes.has(site.url(stem), f"{stem}.ttl")
        day = changed or (site.modified(site.url(stem)) if own else day_of_all)
        others = {"de": f"{stem}.html", **{tag: f"{stem}.{tag}.html" for tag in LANGUAGES if tag != "de"}}
        links = [
            (tag, _address(site, other))
            for tag, other in others.items()
            if (lang or "de") in others and (other in names or notes.has(thing, other))
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
    earlier = sorted(site.earlier.items(), key=lambda pair: number(pair[0]))
    before: Path | None = None
    for version, folder in (*earlier, (site.value(site.dataset, VERSION) or "0", site.dumped)):
        found = Version(version, "", 0)
        for iri, stated in _things(site, folder / DUMP):
            found.things += 1
            if iri == site.dataset:
                days = [text(triple.object) for triple in stated if triple.predicate == MODIFIED]
                found.day = max(days, default="")
        if before:
            found.differing = _differing(site, before, folder / DUMP)
        yield found
        before = folder / DUMP


def _things(site: Site, dump: Path) -> Iterator[tuple[str, list[Triple]]]:
    """Yield what has an IRI of the city's own, in the order of the dump, with what is stated about it."""
    triples = (quad.triple for quad in parse(path=dump, format=RdfFormat.N_TRIPLES))
    for subject, stated in groupby(triples, key=attrgetter("subject")):
        if isinstance(subject, NamedNode) and subject.value.startswith(site.base):
            yield subject.value, list(stated)


def _differing(site: Site, before: Path, after: Path) -> dict[str, list[dict[str, str]]]:
    """Return the names of what is new, changed and gone between two dumps, which are read side by side."""
    found: dict[str, list[dict[str, str]]] = {"feed-new": [], "feed-changed": [], "feed-gone": []}
    old, new = _things(site, before), _things(site, after)
    left, right = next(old, None), next(new, None)
    while left or right:
        # In a dump the sign that closes an IRI counts.
        first, second = (f"{one[0]}>" if one else "" for one in (left, right))
        if left and (not right or first < second):
            found["feed-gone"].append(_named(*left))
            left = next(old, None)
        elif right and (not left or second < first):
            found["feed-new"].append(_named(*right))
            right = next(new, None)
        elif left and right:
            if left[1] != right[1]:
                found["feed-changed"].append(_named(*right))
            left, right = next(old, None), next(new, None)
    return found


def _named(iri: str, stated: list[Triple]) -> dict[str, str]:
    """Return the names of a thing by language, or under no language its IRI."""
    for predicate in LABELS:
        names = [triple.object for triple in stated if triple.predicate == predicate]
        if texts := {name.language or "": name.value for name in names if isinstance(name, Literal)}:
            return texts
    return {"": iri}


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
