"""Validate RDF against SHACL shapes (W3C Recommendation, 20 July 2017); usable without a city folder."""

from __future__ import annotations

from stadtgraph.shacl.graphs import Source, to_rdflib
from stadtgraph.shacl.reference import validate_with_pyshacl
from stadtgraph.shacl.report import MalformedShapes, Report, Result

__all__ = ["MalformedShapes", "Report", "Result", "to_rdflib", "validate"]


def validate(data: Source, shapes: Source) -> Report:
    """Check ``data`` against ``shapes``.

    Each may be an rdflib Graph, a pyoxigraph Store (all its graphs together), a path, or several paths.

    Raises:
        MalformedShapes: the shapes graph breaks the specification.

    """
    return validate_with_pyshacl(to_rdflib(data), to_rdflib(shapes))
