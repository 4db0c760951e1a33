"""Validate RDF against SHACL shapes (W3C Recommendation, 20 July 2017); usable without a city folder.

All of SHACL Core and SHACL-SPARQL is compiled: ``parse`` reads shapes into the typed model of ``model``,
``columns`` holds the data, ``components`` is the table of constraint components with a rule for each,
``queries`` and ``sparql`` do what shapes say in SPARQL, and ``run`` puts the results together.
``validate_with_pyshacl`` is the reference; where the two differ, tests/test_shacl.py names the clause.
"""

from __future__ import annotations

from collections.abc import Callable

from stadtgraph.findings import CannotLook
from stadtgraph.shacl.documents import Document
from stadtgraph.shacl.graphs import Source, to_rdflib
from stadtgraph.shacl.reference import validate_with_pyshacl
from stadtgraph.shacl.report import Fault, MalformedShapes, Report, Result
from stadtgraph.shacl.run import silent, validate_compiled

__all__ = [
    "CannotLook",
    "Document",
    "Fault",
    "MalformedShapes",
    "Report",
    "Result",
    "to_rdflib",
    "validate",
    "validate_with_pyshacl",
]


def validate(
    data: Source,
    shapes: Source,
    *,
    limit: int | None = None,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Check ``data`` against ``shapes``.

    Each may be an rdflib Graph, a pyoxigraph Store (all its graphs together), a path of a file or folder, or
    several of paths, ``Document`` (content under a name) and quads of pyoxigraph.
    ``limit`` is for the results kept for each shape and component; ``Report.counts`` has all of them.
    ``threads`` is for SPARQL queries of shapes, which run beside everything else. ``progress`` is told how
    many rules are done, and of how many.

    Raises:
        MalformedShapes: the shapes graph breaks the specification.
        CannotLook: a file cannot be read, with file and line.

    """
    return validate_compiled(data, shapes, limit, threads, progress or silent)
