"""The city as its pages read it: quads in one order, names, and what a page depends on."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from functools import cache, cached_property, lru_cache
from typing import Final
from urllib.parse import quote

from pyoxigraph import Literal, NamedNode, Quad

from stadtgraph.derive import DERIVED
from stadtgraph.findings import in_language
from stadtgraph.namespaces import LOCAL, VOCABULARIES, shorten
from stadtgraph.site.things import MODIFIED, PARTS, REMEMBERED, VERSION, Site, Value
from stadtgraph.site.uses import Uses, gathered
from stadtgraph.terms import TYPE, text
from stadtgraph.turtle import Lines

MISSING: Final = "404"
RDF: Final = VOCABULARIES["rdf"]
OWN: Final = ("graph", "id", "source")
# What an own term, or a rule, is called where it has a page of its own.
PLAIN: Final = re.compile(r"[A-Za-z0-9_-]{1,100}")
# What leads to where a thing lies, and from a conclusion to what it is named by.
OWNING: Final = (
    *(VOCABULARIES["schema"] + name for name in ("location", "containedInPlace")),
    *(RDF + name for name in ("subject", "object")),
)
PART_CLASSES: Final = frozenset(text(node) for node in PARTS)


class Reading:
    """Read a site for people."""

    def __init__(self, site: Site) -> None:
        self.site, self.city, self.base = site, site.city, site.base
        self.derived = site.base + DERIVED
        self.label = lru_cache(REMEMBERED)(site.city.label)
        self.types = lru_cache(REMEMBERED)(self._types)
        self.outgoing = lru_cache(REMEMBERED)(self._outgoing)
        self.stated = lru_cache(REMEMBERED)(self._stated)
        self.document = lru_cache(REMEMBERED)(self._document)
        self.term_page = lru_cache(REMEMBERED)(self._term_page)
        self._of_many = {self.base + LOCAL[name] for name in ("def", "shape")}
        self.themes: list[str] | None = None

    @cached_property
    def uses(self) -> tuple[dict[str, Uses], dict[str, Uses]]:
        """Return how the graph uses classes and properties."""
        return gathered(self.city.store, self.base + LOCAL["id"], self.derived)

    def name(self, iri: str, lang: str) -> str:
        """Return the name of a thing in a language, else in another, else its short IRI."""
        return in_language(self.label(iri), lang) or shorten(iri, self.base)

    def place(self, iri: str) -> tuple[str, int]:
        """Return the file and line that say what a thing is."""
        quads = self.city.store.quads_for_pattern(NamedNode(iri), TYPE, None)
        for graph in sorted({text(quad.graph_name) for quad in quads} & self.city.files.keys()):
            if line := self._lines(graph).line(iri):
                return self._paths[graph], line
        return self.city.place(iri, TYPE.value)

    @cached_property
    def _paths(self) -> dict[str, str]:
        return {graph: self.city.relative(path) for graph, path in self.city.files.items()}

    def prepare(self) -> None:
        """Find every place now, so that processes that are forked share them."""
        for graph in {text(graph) for graph in self.city.store.named_graphs()} & self.city.files.keys():
            self._lines(graph)

    @cached_property
    def _lines(self) -> Callable[[str], Lines]:
        """Return what tells in which line of a file each subject is said to be something."""
        return cache(
            lambda graph: Lines(self.city.files[graph].read_text("utf-8-sig", "replace"), TYPE.value)
        )

    def number(self, iri: str) -> int:
        """Return the number that gives a concept its place in order; the highest where it has none."""
        notation = next(iter(self.objects(iri, VOCABULARIES["skos"] + "notation")), "")
        return int(notation) if notation.isdecimal() else 10**9

    def _outgoing(self, iri: str) -> tuple[Quad, ...]:
        """Return what is stated about a thing."""
        return _sorted(self.city.store.quads_for_pattern(NamedNode(iri), None, None))

    def _stated(self, iri: str) -> dict[str, list[Value]]:
        """Return the values of each property of a thing."""
        found: dict[str, list[Value]] = {}
        for quad in self.outgoing(iri):
            found.setdefault(quad.predicate.value, []).append(quad.object)
        return found

    def incoming(self, iri: str) -> tuple[Quad, ...]:
        """Return the statements that refer to a thing."""
        return _sorted(self.city.store.quads_for_pattern(None, None, NamedNode(iri)))

    def fragments(self, iri: str) -> list[str]:
        """Return the subjects that stand on the page of a thing: those of its IRI and ``#``."""
        return [node.value for node in self.site.subjects(iri) if node.value != iri]

    def objects(self, iri: str, *predicates: str) -> list[str]:
        """Return the IRIs and texts that these properties have, each once."""
        stated = self.stated(iri)
        # In the order of what is stated, where the sign that closes an IRI counts.
        order = sorted(predicates, key="{}>".format) if len(predicates) > 1 else predicates
        return list(dict.fromkeys(text(value) for name in order for value in stated.get(name, ())))

    def subjects(self, predicate: str, value: str) -> list[str]:
        """Return the things that have a value for a property."""
        quads = self.city.store.quads_for_pattern(None, NamedNode(predicate), NamedNode(value))
        return sorted({quad.subject.value for quad in quads if isinstance(quad.subject, NamedNode)})

    def concluded(self, subject: str, predicate: str, value: str) -> bool:
        """Whether the editors concluded a statement: only those have a reason in the graph."""
        return any(
            predicate in self.objects(reason, RDF + "predicate")
            and value in self.objects(reason, RDF + "object")
            for reason in self.subjects(RDF + "subject", subject)
        )

    def texts(self, iri: str, *predicates: str) -> dict[str, str]:
        """Return the first of these properties that has texts, by language."""
        stated = self.stated(iri)
        for predicate in predicates:
            values = stated.get(predicate, ())
            if found := {one.language or "": one.value for one in values if isinstance(one, Literal)}:
                return found
        return {}

    def _types(self, iri: str) -> frozenset[str]:
        """Return the classes of a thing."""
        quads = self.city.store.quads_for_pattern(NamedNode(iri), TYPE, None)
        return frozenset(text(quad.object) for quad in quads)

    def instances(self, classes: Iterable[str]) -> list[str]:
        """Return the things of these classes that have pages."""
        return sorted(set(self._instances(classes)))

    def has_one(self, classes: Iterable[str]) -> bool:
        """Tell whether there is a thing of these classes that has a page."""
        return any(self._instances(classes))

    def is_one(self, iri: str, classes: Iterable[str]) -> bool:
        """Tell whether a thing is of these classes and has a page."""
        return not self.types(iri).isdisjoint(classes) and bool(self.document(iri))

    def _instances(self, classes: Iterable[str]) -> Iterator[str]:
        for name in classes:
            for quad in self.city.store.quads_for_pattern(None, TYPE, NamedNode(name)):
                if isinstance(quad.subject, NamedNode) and self.document(quad.subject.value):
                    yield quad.subject.value

    def _term_page(self, iri: str) -> str:
        """Return the page of a class or property that is used; vocabularies without prefix have none."""
        if iri.startswith(self.base):
            return self.document(iri) if iri.startswith(self.base + LOCAL["def"]) else ""
        node = NamedNode(iri)
        prefix, mark, local = self.site.compact(node).partition(":")
        if not mark or not PLAIN.fullmatch(local):
            return ""
        patterns = ((None, node, None), (None, TYPE, node))
        used = any(any(self.city.store.quads_for_pattern(*pattern)) for pattern in patterns)
        return f"vocabulary/{prefix}-{local}" if used else ""

    def _document(self, iri: str) -> str:
        """Return the page of a thing without ending, and its place on it; nothing when it has no page."""
        page, mark, fragment = iri.partition("#")
        if page + "#" in self._of_many and PLAIN.fullmatch(fragment) and self._described(iri, iri):
            return f"{page.removeprefix(self.base)}/{fragment}"
        name = self.site.document(page)
        if not name and page in (self.site.dataset, self.site.catalog):
            name = page.removeprefix(self.base)
        if not name or name == page or not self._described(iri, page):
            return ""
        return name + mark + fragment

    def _described(self, iri: str, page: str) -> bool:
        stores = (self.city.store, self.city.shapes)
        nodes = (NamedNode(iri), NamedNode(page))
        return any(any(store.quads_for_pattern(node, None, None)) for store in stores for node in nodes)

    def affected(self, changes: Iterable[Quad]) -> set[str]:
        """Return the things whose documents may differ when these statements are new or gone.

        A thing's documents depend on what is stated about it and its fragments, on what refers to them, and
        on what is stated about all these neighbours, their parts (address, position, identifier), where they
        lie and what conclusions are named by. Those of a named graph depend on the whole graph and on all
        that it mentions.
        """
        stale, retyped, found = set(), set(), set()
        for quad in changes:
            stale.add(text(quad.subject))
            found |= _mentioned(quad)
            if quad.predicate == TYPE:
                retyped.add(text(quad.subject))
        ahead = list(stale)
        while ahead:
            node = ahead.pop()
            for quad in self._incoming(node):
                owner = text(quad.subject)
                if owner not in stale and (node in retyped or self._belongs(quad)):
                    stale.add(owner)
                    ahead.append(owner)
        for node in stale:
            for quad in (*self.outgoing(node), *self._incoming(node), *self._held(node)):
                found |= _mentioned(quad)
        return {iri.partition("#")[0] for iri in found if iri.startswith(self.base)}

    def _incoming(self, iri: str) -> Iterable[Quad]:
        return self.incoming(iri) if iri.startswith(self.base) else ()

    def _held(self, iri: str) -> Iterable[Quad]:
        """Return what a named graph states; nothing for other things."""
        if not iri.startswith(self.base + LOCAL["graph"]):
            return ()
        return self.city.store.quads_for_pattern(None, None, None, NamedNode(iri))

    def _belongs(self, quad: Quad) -> bool:
        """Whether a statement leads to a part of its subject, to where that lies, or to what names it."""
        return quad.predicate.value in OWNING or not PART_CLASSES.isdisjoint(self.types(text(quad.object)))

    def frame(self, statements: Iterable[bytes]) -> str:
        """Return a digest of what any page may show: the dataset's own record, the city's terms and rules.

        It is found in the statements of the graph in order, as N-Quads.
        """
        space = f"<{self.base}".encode()
        own = tuple(space + LOCAL[name].encode() for name in OWN)
        dated = all(day for graph, day in self.site.days.items() if graph != NamedNode(self.derived))
        # A graph without a day of its own is as old as the dataset.
        apart = tuple(str(node).encode() for node in (MODIFIED, VERSION) if dated)
        digest = hashlib.blake2b(digest_size=16)
        for line in statements:
            if line.startswith(space) and not line.startswith(own) and line.split(b" ", 2)[1] not in apart:
                digest.update(line)
        for graph in sorted({text(quad.graph_name) for quad in self.city.shapes}):
            digest.update(self.city.files[graph].read_bytes())
        for rule in self.city.queries("derive"):
            digest.update(rule.read_bytes())
        return digest.hexdigest()


def _mentioned(quad: Quad) -> set[str]:
    return {text(quad.subject), text(quad.object), text(quad.graph_name)}


def _sorted(quads: Iterable[Quad]) -> tuple[Quad, ...]:
    return tuple(sorted(quads, key=str))


def address(name: str, origin: str = "") -> str:
    """Return the relative address of a document as seen from another one.

    The page for what is missing is shown in the place of any other, so its links begin at the host.
    """
    return ("/" if origin == MISSING else "../" * origin.count("/")) + _quoted(name)


@lru_cache(REMEMBERED)
def _quoted(name: str) -> str:
    path, mark, fragment = name.partition("#")
    return quote(path) + mark + quote(fragment, safe="=,-")


def sortable(words: str) -> str:
    """Return words as people order them: numbers by what they count, all else without case and accents."""
    return re.sub(r"\d+", lambda number: number[0].zfill(9), folded(words))


def folded(words: str) -> str:
    """Return words without case, umlauts and accents, as people order and search them."""
    plain = words.casefold()
    for letter, written in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss")):
        plain = plain.replace(letter, written)
    plain = unicodedata.normalize("NFKD", plain)
    return re.sub(r"[^a-z0-9]+", " ", plain.encode("ascii", "ignore").decode()).strip()
