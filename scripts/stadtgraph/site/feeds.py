"""What changed, and what there is: an Atom feed of the versions, a sitemap, and robots.txt."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final
from xml.etree import ElementTree as ET

from pyoxigraph import Literal, NamedNode, RdfFormat, Triple, parse

from stadtgraph.load import LABELS
from stadtgraph.messages import LANGUAGES, count_of, say
from stadtgraph.namespaces import VOCABULARIES
from stadtgraph.site.downloads import number
from stadtgraph.site.things import MODIFIED, VERSION, Site
from stadtgraph.terms import text

ATOM: Final = "http://www.w3.org/2005/Atom"
SITEMAP: Final = "http://www.sitemaps.org/schemas/sitemap/0.9"
XHTML: Final = "http://www.w3.org/1999/xhtml"
XML_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"
DUMP: Final = "dataset.nt"
# 50,000 and 50 MB are allowed; an entry with two languages takes up to a kilobyte.
MOST_PAGES: Final = 40_000
# Pages that hold nothing before somebody asks.
UNLISTED: Final = ("404", "search", "sparql")
PUBLISHER: Final = NamedNode(VOCABULARIES["dcterms"] + "publisher")
NAME: Final = NamedNode(VOCABULARIES["foaf"] + "name")
# What XML 1.0 cannot hold.
FORBIDDEN: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
Stated = Mapping[str, frozenset[Triple]]


def whole_documents(site: Site) -> Iterator[tuple[str, bytes]]:
    """Yield the feed in each language, and what tells robots where the sitemap is."""
    versions = list(_versions(site))
    for lang in LANGUAGES:
        suffix = "" if lang == "de" else f".{lang}"
        yield f"feed{suffix}.atom", feed(site, versions, lang)
    yield "robots.txt", f"User-agent: *\nDisallow: /sparql\n\nSitemap: {site.url('sitemap.xml')}\n".encode()


def closing_documents(site: Site, written: Mapping[str, tuple[str, int]]) -> Iterator[tuple[str, bytes]]:
    """Yield the sitemap: every page with the day of its last change and its other languages.

    It is an index of several where there are more pages than one may name (sitemaps.org, protocol 0.9).
    """
    pages = [name for name in sorted(written) if name.endswith(".html")]
    pages = [name for name in pages if name.partition(".")[0] not in UNLISTED]
    if len(pages) <= MOST_PAGES:
        yield "sitemap.xml", _xml(_sitemap(site, pages, written))
        return
    index = ET.Element("sitemapindex", {"xmlns": SITEMAP})
    for count, start in enumerate(range(0, len(pages), MOST_PAGES), 1):
        name = f"sitemap-{count}.xml"
        part = _sitemap(site, pages[start : start + MOST_PAGES], written)
        yield name, _xml(part)
        entry = ET.SubElement(index, "sitemap")
        ET.SubElement(entry, "loc").text = site.url(name)
        if day := max((found.text or "" for found in part.iter("lastmod")), default=""):
            ET.SubElement(entry, "lastmod").text = day
    yield "sitemap.xml", _xml(index)


def _sitemap(site: Site, pages: Iterable[str], written: Mapping[str, tuple[str, int]]) -> ET.Element:
    things = {site.document(iri): iri for iri in site.things}
    root = ET.Element("urlset", {"xmlns": SITEMAP, "xmlns:xhtml": XHTML})
    for name in pages:
        stem, _, lang = name.removesuffix(".html").partition(".")
        url = ET.SubElement(root, "url")
        ET.SubElement(url, "loc").text = _address(site, name)
        if day := site.modified(things.get(stem, site.dataset)):
            ET.SubElement(url, "lastmod").text = day
        others = {"de": f"{stem}.html", **{tag: f"{stem}.{tag}.html" for tag in LANGUAGES if tag != "de"}}
        for tag, other in others.items():
            if other in written and (lang or "de") in others:
                link = {"rel": "alternate", "hreflang": tag, "href": _address(site, other)}
                ET.SubElement(url, "xhtml:link", link)
    return root


def _address(site: Site, name: str) -> str:
    return site.url("" if name == "index.html" else name)


def feed(site: Site, versions: list[tuple[str, str, Stated]], lang: str) -> bytes:
    """Return the feed (RFC 4287): an entry per version, newest first, with what is new, changed and gone."""
    root = ET.Element("feed", {"xmlns": ATOM, XML_LANG: lang})
    suffix = "" if lang == "de" else f".{lang}"
    label = site.city.label(site.dataset)
    ET.SubElement(root, "id").text = site.url("feed.atom")
    ET.SubElement(root, "title").text = _clean(label.get(lang) or next(iter(label.values()), site.base))
    ET.SubElement(root, "updated").text = _moment(versions[-1][1])
    ET.SubElement(root, "link", {"rel": "self", "href": site.url(f"feed{suffix}.atom")})
    ET.SubElement(root, "link", {"rel": "alternate", "href": site.base})
    author = ET.SubElement(root, "author")
    ET.SubElement(author, "name").text = _clean(_publisher(site, lang))
    before: Stated = {}
    entries = []
    for version, day, stated in versions:
        entry = ET.Element("entry")
        ET.SubElement(entry, "id").text = site.url(f"download/{version}/")
        ET.SubElement(entry, "title").text = say("feed-version", lang, version=version)
        ET.SubElement(entry, "updated").text = _moment(day)
        ET.SubElement(
            entry, "link", {"rel": "alternate", "href": site.url(f"download/{version}/dataset.ttl")}
        )
        content = ET.SubElement(entry, "content", {"type": "text"})
        content.text = _clean(_told(before, stated, lang))
        entries.append(entry)
        before = stated
    root.extend(reversed(entries))
    return _xml(root)


def _versions(site: Site) -> Iterator[tuple[str, str, Stated]]:
    """Yield each version with its day and what it states of each thing, oldest first."""
    for version, folder in sorted(site.earlier.items(), key=lambda pair: number(pair[0])):
        triples = (quad.triple for quad in parse(path=folder / DUMP, format=RdfFormat.N_TRIPLES))
        stated = _by_thing(site, triples)
        days = [text(t.object) for t in stated.get(site.dataset, ()) if t.predicate == MODIFIED]
        yield version, max(days, default=""), stated
    triples = (quad.triple for quad in site.store)
    day = site.value(site.dataset, MODIFIED)
    yield site.value(site.dataset, VERSION) or "0", day, _by_thing(site, triples)


def _by_thing(site: Site, triples: Iterable[Triple]) -> Stated:
    found: dict[str, set[Triple]] = {}
    for triple in triples:
        if isinstance(triple.subject, NamedNode) and triple.subject.value.startswith(site.base):
            found.setdefault(triple.subject.value, set()).add(triple)
    return {iri: frozenset(stated) for iri, stated in found.items()}


def _told(before: Stated, after: Stated, lang: str) -> str:
    """Say what is new, changed and gone; the first version is told by its size alone."""
    if not before:
        return say("feed-first", lang, things=count_of("feed-thing", len(after), lang))
    groups = {
        "feed-new": (after.keys() - before.keys(), after),
        "feed-changed": ({iri for iri in after.keys() & before.keys() if after[iri] != before[iri]}, after),
        "feed-gone": (before.keys() - after.keys(), before),
    }
    lines = []
    for key, (iris, stated) in groups.items():
        if iris:
            names = sorted(_name(iri, stated, lang) for iri in iris)
            lines.append(say(key, lang, things=", ".join(names)))
    return "\n".join(lines) or say("feed-same", lang)


def _name(iri: str, stated: Stated, lang: str) -> str:
    for predicate in LABELS:
        texts = {
            triple.object.language: triple.object.value
            for triple in stated[iri]
            if triple.predicate == predicate and isinstance(triple.object, Literal)
        }
        if texts:
            return texts.get(lang) or min(texts.values())
    return iri


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
