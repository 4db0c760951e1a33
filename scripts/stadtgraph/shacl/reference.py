"""pyshacl, the reference."""

from __future__ import annotations

from rdflib import Graph

from stadtgraph.shacl.graphs import quiet
from stadtgraph.shacl.report import MalformedShapes, Report, read_report


def validate_with_pyshacl(data: Graph, shapes: Graph) -> Report:
    """Check ``data`` against ``shapes``; infer, import and fetch nothing.

    Raises:
        MalformedShapes: as pyshacl puts it.

    """
    import pyshacl  # here, since it takes a tenth of a second and is seldom asked
    from pyshacl.errors import ReportableRuntimeError, ShapeLoadError

    try:
        with quiet():
            _, graph, text = pyshacl.validate(
                data, shacl_graph=shapes, inference="none", advanced=False, do_owl_imports=False
            )
    except (ShapeLoadError, ReportableRuntimeError) as error:
        raise MalformedShapes(str(error)) from error
    if not isinstance(graph, Graph):
        raise MalformedShapes(text)
    return read_report(graph)
