"""What is published about: the things of a city, their documents, and what each document holds.

A document holds the statements about its thing, about the thing's fragments (``…#…``) and about the nodes
that the thing owns (an address, a point), and the names of the neighbours that these statements mention.
That of a named graph holds the graph.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from json.encoder import encode_basestring
from pathlib import Path
from typing import Final

from pyoxigraph import BlankNode, CanonicalizationAlgorithm, Dataset, Literal, NamedNode, Quad, Store, Triple

from stadtgraph.load import LABELS, City
from stadtgraph.namespaces import LOCAL, VOCABULARIES
from stadtgraph.terms import TYPE, text

RDF_SUFFIXES: Final = ("ttl", "nt", "rdf", "jsonld")
SAFE: Final = re.compile(r"[\w~-][\w.~-]*(/[\w~-][\w.~-]*)*")
DATASET: Final = NamedNode(VOCABULARIES["dcat"] + "Dataset")
CATALOG: Final = NamedNode(VOCABULARIES["dcat"] + "Catalog")
DATASERVICE: Final = NamedNode(VOCABULARIES["dcat"] + "DataService")
DEPRECATED: Final = NamedNode(VOCABULARIES["owl"] + "deprecated")
VERSION: Final = NamedNode(VOCABULARIES["dcat"] + "version")
MODIFIED: Final = NamedNode(VOCABULARIES["dcterms"] + "modified")
REPLACED_BY: Final = NamedNode(VOCABULARIES["dcterms"] + "isReplacedBy")
# Classes of nodes that say nothing alone and are told together with their owner.
PARTS: Final = frozenset(
    NamedNode(VOCABULARIES[prefix] + name)
    for prefix, name in (
        ("dcterms", "Location"),
        ("dcterms", "PeriodOfTime"),
        ("dcterms", "ProvenanceStatement"),
        ("schema", "ContactPoint"),
        ("schema", "GeoCoordinates"),
        ("schema", "PostalAddress"),
        ("schema", "PropertyValue"),
        ("vcard", "Kind"),
    )
)

Subject = NamedNode | BlankNode | Triple
Value = NamedNode | BlankNode | Literal | Triple
Statements = tuple[tuple[NamedNode, tuple[Value, ...]], ...]
REMEMBERED: Final = 1000  # things, however many there are
About = dict[Value, Statements]


class NameAlone(tuple[tuple[NamedNode, tuple[Value, ...]], ...]):
    """What is told of a neighbour: its name and nothing else."""


class Names(dict[Value, str]):
    """Writes IRIs as compact names; ``names[node]`` stands in quotation marks and is remembered."""

    def __init__(self, prefixes: dict[str, str]) -> None:
        super().__init__()
        self._spaces = {space: name for name, space in prefixes.items()}

    def __call__(self, term: Value) -> str:
        """Return the compact name of a node."""
        if isinstance(term, NamedNode):
            return self._compact(term.value)
        return f"_:{term.value}" if isinstance(term, BlankNode) else text(term)

    def __missing__(self, term: Value) -> str:
        """Write the compact name of a node as JSON wants it."""
        if len(self) >= REMEMBERED:
            self.clear()
        name = self[term] = encode_basestring(self(term))
        return name

    def file(self, term: Value) -> str:
        """Return a compact name that may stand in the name of a file."""
        return re.sub(r"[^\w.]+", "-", self(term), flags=re.ASCII)

    def _compact(self, iri: str) -> str:
        end = len(iri)
        while (end := max(iri.rfind("/", 0, end), iri.rfind("#", 0, end))) > 0:
            prefix, local = self._spaces.get(iri[: end + 1]), iri[end + 1 :]
            if prefix and local and not local.startswith("//"):
                return f"{prefix}:{local}"
        return iri


@dataclass(frozen=True, eq=False)
class Site:
    """A loaded and completed city that is being published."""

    city: City
    # Versions published before, with the folder of their downloads.
    earlier: Mapping[str, Path] = field(default_factory=dict)
    # The folder of the dumps of what is being published.
    dumped: Path = Path()
    written: dict[Value, str] = field(default_factory=dict)

    @property
    def store(self) -> Store:
        """Return the city's statements."""
        return self.city.store

    @property
    def base(self) -> str:
        """Return the address at which everything is published."""
        return self.city.base

    @cached_property
    def compact(self) -> Names:
        """Return what writes this city's IRIs as compact names."""
        return Names(self.city.prefixes)

    @cached_property
    def _own(self) -> tuple[tuple[str, ...], dict[str, list[NamedNode]]]:
        """Return the things that have documents, in order, and all subjects of those that have fragments."""
        found = {
            quad.subject.value
            for quad in self.store
            if isinstance(quad.subject, NamedNode) and quad.subject.value.startswith(self.base)
        }
        things = {iri.partition("#")[0] for iri in found}
        if any(self.city.shapes):
            things.add(self._rules)
        parted = {self._rules: [NamedNode(self._rules)]} if self._rules in found else {}
        for iri in sorted(found):
            if "#" in iri:
                whole = iri.partition("#")[0]
                own = [NamedNode(whole)] if whole in found else []
                parted.setdefault(whole, own).append(NamedNode(iri))
        return tuple(iri for iri in sorted(things) if self.document(iri)), parted

    @property
    def _rules(self) -> str:
        return (self.base + LOCAL["shape"]).removesuffix("#")

    def subjects(self, iri: str) -> list[NamedNode]:
        """Return the nodes that the documents of a thing tell of first: itself and its fragments."""
        return self._own[1].get(iri) or ([] if iri == self._rules else [NamedNode(iri)])

    @property
    def things(self) -> tuple[str, ...]:
        """Return every thing that has documents of its own, in order."""
        return self._own[0]

    def those(self, predicate: NamedNode, value: Value | None = None) -> list[NamedNode]:
        """Return the named nodes of which something is stated, in order."""
        found = {quad.subject for quad in self.store.quads_for_pattern(None, predicate, value)}
        return sorted((node for node in found if isinstance(node, NamedNode)), key=text)

    @cached_property
    def dataset(self) -> str:
        """Return the IRI of the dataset: the city's only one."""
        return self._only(DATASET)

    @cached_property
    def _recorded(self) -> frozenset[str]:
        services = (node.value for node in self.those(TYPE, DATASERVICE))
        return frozenset((self.dataset, self.catalog, *services))

    @cached_property
    def catalog(self) -> str:
        """Return the IRI of the catalogue, empty when there is none."""
        return self._only(CATALOG)

    def _only(self, kind: NamedNode) -> str:
        return text(next(iter(self.those(TYPE, kind)), None))

    def document(self, iri: str) -> str:
        """Return the path of a thing's documents without suffix; empty when it has none of its own.

        Catalogue, dataset and services are told in the record for portals.
        """
        whole = iri.partition("#")[0]
        local = whole.removeprefix(self.base)
        if local == whole or not SAFE.fullmatch(local) or whole in self._recorded:
            return ""
        return "doc/" + local.removeprefix(LOCAL["id"]) if local.startswith(LOCAL["id"]) else local

    def statements(self, subject: Subject) -> Statements:
        """Return what is stated about a node, its classes first, always in the same order."""
        groups: defaultdict[NamedNode, list[Value]] = defaultdict(list)
        for quad in self.store.quads_for_pattern(subject, None, None):
            groups[quad.predicate].append(quad.object)
        return _ordered(groups)

    def values(self, iri: str, predicate: NamedNode) -> list[Value]:
        """Return the values of a property in order."""
        if not iri:
            return []
        quads = self.store.quads_for_pattern(NamedNode(iri), predicate, None)
        return sorted({quad.object for quad in quads}, key=str)

    def value(self, iri: str, predicate: NamedNode) -> str:
        """Return the first value of a property as text; empty when there is none."""
        return text(next(iter(self.values(iri, predicate)), None))

    @cached_property
    def names(self) -> Callable[[Value], Statements]:
        """Return what tells the statements that name a node: those of its first labelling property."""
        return lru_cache(REMEMBERED)(self._names)

    def _names(self, node: Value) -> Statements:
        if not isinstance(node, NamedNode):
            return ()
        for predicate in LABELS:
            values = [quad.object for quad in self.store.quads_for_pattern(node, predicate, None)]
            if texts := [value for value in values if isinstance(value, Literal)]:
                return NameAlone(((predicate, _in_order(texts)),))
        return ()

    def _is_part(self, node: NamedNode) -> bool:
        quads = self.store.quads_for_pattern(node, TYPE, None) if node.value.startswith(self.base) else ()
        return any(quad.object in PARTS for quad in quads)

    def part(self, node: Value) -> Statements:
        """Return what is stated about a node that is part of what mentions it; nothing for other nodes."""
        if isinstance(node, BlankNode) or (isinstance(node, NamedNode) and self._is_part(node)):
            return self.statements(node)
        return ()

    def about(self, iri: str) -> About:
        """Return what the documents of a thing hold, by subject, the thing first.

        The document of a named graph holds that graph, statement by statement, and nothing else.
        """
        if graph := self._graph(iri):
            return graph
        found: About = {subject: self.statements(subject) for subject in self.subjects(iri)}
        if iri + "#" == self.base + LOCAL["shape"]:
            found |= self._shapes()
        nodes = [node for statements in found.values() for node in _nodes(statements)]
        others: list[Value] = []
        for node in nodes:
            if node in found:
                continue
            if part := self.part(node):
                found[node] = part
                nodes.extend(_nodes(part))
            else:
                others.append(node)
        for node in others:
            if node not in found and (names := self.names(node)):
                found[node] = names
        return found

    def _graph(self, iri: str) -> About:
        groups: dict[Subject, dict[NamedNode, list[Value]]] = {}
        for quad in self.store.quads_for_pattern(None, None, None, NamedNode(iri)):
            groups.setdefault(quad.subject, {}).setdefault(quad.predicate, []).append(quad.object)
        return {
            node: _ordered(groups[node])
            for node in sorted(groups, key=lambda node: (text(node) != iri, str(node)))
        }

    def _shapes(self) -> About:
        """Return the rules for data/, their nodes without names numbered the same way each time."""
        rules = Dataset(Quad(*quad.triple) for quad in self.city.shapes)
        rules.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
        groups: dict[Subject, dict[NamedNode, list[Value]]] = {}
        for quad in rules:
            groups.setdefault(quad.subject, {}).setdefault(quad.predicate, []).append(quad.object)
        return {node: _ordered(groups[node]) for node in sorted(groups, key=str)}

    @cached_property
    def days(self) -> dict[object, str]:
        """Map each graph to the day of its last change."""
        graphs = self.store.named_graphs()
        return {graph: self.value(text(graph), MODIFIED)[:10] for graph in graphs}

    def modified(self, iri: str) -> str:
        """Return the day on which something about a thing last changed, else that of the dataset."""
        return self.day(iri) or self.value(self.dataset, MODIFIED)[:10]

    def day(self, iri: str) -> str:
        """Return the day of the last change to a graph that tells of a thing; empty when none has one."""
        graphs = {
            quad.graph_name
            for subject in self.subjects(iri) or [NamedNode(iri)]
            for quad in self.store.quads_for_pattern(subject, None, None)
        }
        return max((self.days.get(graph, "") for graph in graphs), default="")

    def url(self, name: str) -> str:
        """Return the address of a document."""
        return self.base + name

    def retired(self, iri: str) -> bool:
        """Tell whether a thing is withdrawn; its documents stay and say so."""
        return self.value(iri, DEPRECATED) == "true"

    def successor(self, iri: str) -> str:
        """Return what takes the place of a retired thing; empty when nothing does."""
        return self.value(iri, REPLACED_BY)


def triples(about: About) -> list[Triple]:
    """Return the statements of a document as triples in its order."""
    return [
        Triple(subject, predicate, value)
        for subject, statements in about.items()
        if not isinstance(subject, Literal)
        for predicate, values in statements
        for value in values
    ]


class _Ranks(dict[NamedNode, tuple[bool, str]]):
    """Where a property stands among the others: classes first, then by name."""

    def __missing__(self, predicate: NamedNode) -> tuple[bool, str]:
        rank = self[predicate] = (predicate != TYPE, predicate.value)
        return rank


RANKS: Final = _Ranks()


def _nodes(statements: Statements) -> list[Value]:
    return [value for _, values in statements for value in values if not isinstance(value, Literal)]


def _ordered(groups: dict[NamedNode, list[Value]]) -> Statements:
    predicates = sorted(groups, key=RANKS.__getitem__) if len(groups) > 1 else groups
    return tuple([(predicate, _in_order(groups[predicate])) for predicate in predicates])


def _in_order(values: Sequence[Value]) -> tuple[Value, ...]:
    return tuple(sorted(set(values), key=str) if len(values) > 1 else values)
