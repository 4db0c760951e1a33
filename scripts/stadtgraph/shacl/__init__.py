"""Validate RDF against SHACL shapes (W3C Recommendation, 20 July 2017); usable without a city folder.

All of SHACL Core and SHACL-SPARQL is compiled: ``parse`` reads shapes into the typed model of ``model``,
``columns`` holds the data, ``components`` is the table of constraint components with a rule for each,
``queries`` and ``sparql`` do what shapes say in SPARQL, and ``run`` puts the results together.
``validate_with_pyshacl`` is the reference; where the two differ, tests/test_shacl.py names the clause.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from pyoxigraph import Store
from rdflib import Graph

from stadtgraph.findings import CannotLook
from stadtgraph.load import fault
from stadtgraph.shacl.documents import Document
from stadtgraph.shacl.graphs import Source, to_rdflib
from stadtgraph.shacl.reference import validate_with_pyshacl
from stadtgraph.shacl.report import Fault, MalformedShapes, Report, Result
from stadtgraph.shacl.run import silent, validate_compiled
from stadtgraph.shacl.ways import Ways, validate_by

__all__ = [
    "CannotLook",
    "Document",
    "Fault",
    "MalformedShapes",
    "Report",
    "Result",
    "Ways",
    "to_rdflib",
    "validate",
    "validate_with_pyshacl",
]


def validate(
    data: Source | str,
    shapes: Source | str,
    *,
    limit: int | None = None,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    ways: Ways | None = None,
) -> Report:
    """Check ``data`` against ``shapes``.

    Each may be an rdflib Graph or Dataset, a pyoxigraph Store (all its graphs together), a path of a file or
    folder, or several of paths, ``Document`` (content under a name) and quads of pyoxigraph.
    ``limit`` is for the results kept for each shape and component; ``Report.counts`` has all of them.
    ``threads`` is for SPARQL queries of shapes, which run beside everything else. ``progress`` is told how
    many rules are done (or parts, of a validation in parts), and of how many. ``ways`` is for large files.

    Raises:
        MalformedShapes: the shapes graph breaks the specification.
        CannotLook: a file cannot be read, with file and line, data or shapes are nothing of the above, or a
            cluster does not answer.

    """
    data, shapes = (Path(each) if isinstance(each, str) else each for each in (data, shapes))
    for what, source in (("data", data), ("shapes", shapes)):
        if not isinstance(source, Graph | Store | Path | Iterable):
            raise CannotLook([fault("no-source", "", what=what, kind=type(source).__name__)])
    if ways is not None:
        return validate_by(ways, data, shapes, limit, threads, progress or silent)
    return validate_compiled(data, shapes, limit, threads, progress or silent)
