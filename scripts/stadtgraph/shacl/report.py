"""The validation report of the specification (SHACL, section 3.6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rdflib import RDF, SH, Graph, Literal, URIRef
from rdflib.term import Node


class MalformedShapes(Exception):
    """The shapes graph breaks the specification, so validating with it would say nothing."""


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


@dataclass(frozen=True)
class Report:
    """One ``sh:ValidationReport``."""

    conforms: bool
    results: tuple[Result, ...]
    _graph: Graph

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
            )
        )
    report = graph.value(None, RDF.type, SH.ValidationReport)
    conforms = Literal(True) == graph.value(report, SH.conforms)
    return Report(conforms, tuple(results), graph)
