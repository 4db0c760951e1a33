"""The validation report of the specification (SHACL, section 3.6)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from rdflib import RDF, SH, BNode, Graph, Literal, URIRef
from rdflib.term import Node


@dataclass(frozen=True)
class Fault:
    """A breach of the syntax rules of SHACL (appendix B).

    ``node`` is where it stands and ``shape`` the nearest node with an IRI, which a file can be searched for.
    """

    shape: Node
    node: Node
    predicate: Node | None
    reason: str

    def __str__(self) -> str:
        """Return the fault as one line."""
        predicate = f" {self.predicate}" if self.predicate else ""
        return f"{self.shape}{predicate}: {self.reason}"


class MalformedShapes(Exception):
    """The shapes graph breaks the specification, so validating with it would say nothing."""

    def __init__(self, reason: str | Iterable[Fault]) -> None:
        self.faults = () if isinstance(reason, str) else tuple(reason)
        super().__init__(reason if isinstance(reason, str) else "; ".join(map(str, self.faults)))


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
    each shape took, ``left_to_rdflib`` which queries were not compiled since their literals would change.
    """

    conforms: bool
    results: tuple[Result, ...]
    counts: Mapping[tuple[Node, URIRef], int] = field(default_factory=dict)
    focus: Mapping[Node, int] = field(default_factory=dict, compare=False)
    seconds: Mapping[Node, float] = field(default_factory=dict, compare=False)
    left_to_rdflib: frozenset[Node] = frozenset()
    describe: Callable[[Node], Iterable[tuple[Node, Node, Node]]] = field(
        default=lambda node: (), repr=False, compare=False
    )

    @cached_property
    def _graph(self) -> Graph:
        graph = Graph()
        report = BNode()
        graph.add((report, RDF.type, SH.ValidationReport))
        graph.add((report, SH.conforms, Literal(self.conforms)))
        for result in self.results:
            node = BNode()
            graph.add((report, SH.result, node))
            graph.add((node, RDF.type, SH.ValidationResult))
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
                    graph.add((node, predicate, value))
            for language, text in result.messages.items():
                graph.add((node, SH.resultMessage, Literal(text, lang=language or None)))
            if isinstance(result.path, BNode):
                for triple in self.describe(result.path):
                    graph.add(triple)
        return graph

    def graph(self) -> Graph:
        """Return the report as RDF."""
        return self._graph


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
