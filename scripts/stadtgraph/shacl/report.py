"""The validation report of the specification (SHACL, section 3.6)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pyoxigraph as ox
from rdflib import RDF, RDFS, SH, BNode, Graph, Literal, URIRef
from rdflib.term import Node

from stadtgraph.findings import RuleName
from stadtgraph.messages import both, say
from stadtgraph.namespaces import VOCABULARIES, shorten
from stadtgraph.shacl.graphs import to_oxigraph
from stadtgraph.shacl.model import Name
from stadtgraph.terms import in_order, to_bytes


@dataclass(frozen=True)
class Fault:
    """A breach of the syntax rules of SHACL (appendix B).

    ``node`` is where it stands and ``shape`` the nearest node with an IRI, which a file can be searched for.
    ``malformed-<key>`` is the sentence about it, ``values`` fill it; ``blank`` says which blank node of the
    shapes graph ``node`` is, counted from 1 as they first stand there, 0 where it is none.
    """

    shape: Node
    node: Node
    predicate: Node | None
    key: str
    values: tuple[tuple[str, str], ...] = ()
    blank: int = 0

    def sentence(self, lang: str) -> str:
        """Return what is wrong, and the way out."""
        iri = str(self.predicate or "")
        name = shorten(iri, "")
        return say(f"malformed-{self.key}", lang, it=f"<{iri}>" if name == iri else name, **dict(self.values))

    def __str__(self) -> str:
        """Return the fault as one line."""
        return f"{self.shape}: {self.sentence('en')}"


class MalformedShapes(Exception):
    """The shapes graph breaks the specification, so validating with it would say nothing."""

    def __init__(self, reason: str | Iterable[Fault]) -> None:
        self.faults = () if isinstance(reason, str) else tuple(reason)
        super().__init__(reason if isinstance(reason, str) else " ".join(map(str, self.faults)))

    def __reduce__(self) -> tuple[type[MalformedShapes], tuple[str | tuple[Fault, ...]]]:
        """Let it be sent from one process to another."""
        return MalformedShapes, (self.faults or str(self),)


@dataclass(frozen=True)
class Result:
    """One ``sh:ValidationResult`` (section 3.6.2); the terms are rdflib's."""

    focus_node: Node
    path: Node | None
    value: Node | None
    component: URIRef
    source_shape: Node
    severity: URIRef
    messages: Mapping[str, str]
    source_constraint: Node | None = None


@dataclass(frozen=True)
class Report:
    """One ``sh:ValidationReport``.

    ``results`` may be fewer than there are, where a limit was set; ``counts`` has the true number for
    each shape and component. ``focus`` says how many nodes each shape with targets met, ``seconds`` how long
    each shape took, ``left_to_rdflib`` which queries were not asked of the store since it would change the
    literals they read, ``owners`` which node and predicate lead to a focus node without IRI, ``unused``
    which shapes can never apply, since they have no target and no other shape names them, ``names`` what to
    call each shape.
    """

    conforms: bool
    results: tuple[Result, ...]
    counts: Mapping[tuple[Node, URIRef], int] = field(default_factory=dict)
    focus: Mapping[Node, int] = field(default_factory=dict, compare=False)
    seconds: Mapping[Node, float] = field(default_factory=dict, compare=False)
    left_to_rdflib: frozenset[Node] = frozenset()
    owners: Mapping[Node, tuple[Node, Node]] = field(default_factory=dict, compare=False)
    unused: tuple[Node, ...] = ()
    names: Mapping[Node, Name] = field(default_factory=dict, repr=False, compare=False)
    describe: Callable[[Node], Iterable[tuple[Node, Node, Node]]] = field(
        default=lambda node: (), repr=False, compare=False
    )

    @property
    def checked(self) -> int:
        """How many focus nodes were checked, for each shape with targets; 0 proves nothing."""
        return sum(self.focus.values())

    def graph(self) -> Graph:
        """Return the report as RDF."""
        return self._graph

    @cached_property
    def _graph(self) -> Graph:
        graph = Graph()
        for triple in self._triples(iter(BNode, None), self.results):
            graph.add(triple)
        return graph

    def serialize(self, form: ox.RdfFormat) -> bytes:
        """Return the report in a form of RDF, results in order; comments say how many a limit left out."""
        names: dict[BNode, BNode] = {}

        def named(node: Node) -> Any:
            if isinstance(node, BNode):
                node = names.setdefault(node, BNode(f"b{len(names):06}"))
            return to_oxigraph(node)

        results = sorted(self.results, key=self._order)
        triples = [ox.Triple(*map(named, triple)) for triple in self._triples(iter(BNode, None), results)]
        return to_bytes(in_order(triples), form, VOCABULARIES).rstrip() + b"\n"

    def _order(self, result: Result) -> tuple[str, str, str]:
        """Order results the same in each run, whatever blank nodes are called."""
        name = self.names.get(result.source_shape)
        focus, shape, path = (
            "" if isinstance(node, BNode) else str(node)
            for node in (result.focus_node, result.source_shape, result.path)
        )
        return focus, name.key if name else shape, path

    def left_out(self) -> dict[tuple[Node, URIRef], tuple[int, int]]:
        """Return how many results there are and are here, where a limit left some out."""
        kept = Counter((result.source_shape, result.component) for result in self.results)
        return {rule: (number, kept[rule]) for rule, number in self.counts.items() if number > kept[rule]}

    def _triples(
        self, nodes: Iterator[BNode], results: Iterable[Result]
    ) -> Iterator[tuple[Node, Node, Node]]:
        report = next(nodes)
        yield report, RDF.type, SH.ValidationReport
        yield report, SH.conforms, Literal(self.conforms)
        for (shape, component), (number, kept) in self.left_out().items():
            name = self.names.get(shape)
            rule = RuleName(name.start, name.path).full() if name and name.blank else shape
            values = {"shape": rule, "component": component, "number": number, "kept": kept}
            for language, text in both("results-in-all", **values).items():
                yield report, RDFS.comment, Literal(text, lang=language)
        for result in results:
            node = next(nodes)
            yield report, SH.result, node
            yield node, RDF.type, SH.ValidationResult
            for predicate, value in (
                (SH.focusNode, result.focus_node),
                (SH.resultPath, result.path),
                (SH.value, result.value),
                (SH.sourceConstraintComponent, result.component),
                (SH.sourceShape, result.source_shape),
                (SH.sourceConstraint, result.source_constraint),
                (SH.resultSeverity, result.severity),
            ):
                if value is not None:
                    yield node, predicate, value
            for language, text in result.messages.items():
                yield node, SH.resultMessage, Literal(text, lang=language or None)
            if isinstance(result.path, BNode):
                yield from self.describe(result.path)


def read_report(graph: Graph) -> Report:
    """Read a report that stands in a graph."""
    results = []
    for node in graph.objects(None, SH.result):
        texts = [text for text in graph.objects(node, SH.resultMessage) if isinstance(text, Literal)]
        focus, shape = graph.value(node, SH.focusNode), graph.value(node, SH.sourceShape)
        if focus is None or shape is None:
            raise MalformedShapes(f"a result without focus node or source shape: {node}")
        results.append(
            Result(
                focus,
                graph.value(node, SH.resultPath),
                graph.value(node, SH.value),
                URIRef(str(graph.value(node, SH.sourceConstraintComponent))),
                shape,
                URIRef(str(graph.value(node, SH.resultSeverity))),
                {text.language or "": str(text) for text in sorted(texts)},
                graph.value(node, SH.sourceConstraint),
            )
        )
    report = graph.value(None, RDF.type, SH.ValidationReport)
    conforms = Literal(True) == graph.value(report, SH.conforms)
    return Report(conforms, tuple(results))
