"""Keep the plans of the shapes graphs used last: making one takes longer than validating a small graph."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Final

import pyoxigraph as ox
from rdflib import Graph

from stadtgraph.shacl.columns import Columns
from stadtgraph.shacl.documents import Document, content_of, files_in
from stadtgraph.shacl.graphs import Source, quads
from stadtgraph.shacl.model import Plan
from stadtgraph.shacl.parse import parse

KEPT: Final = 4


@dataclass(frozen=True)
class _Shapes:
    content: Hashable
    source: Source = field(compare=False)


def read_plan(shapes: Source) -> tuple[Columns, Plan]:
    """Return a shapes graph and its plan, the same ones as before while the content is the same.

    Raises:
        MalformedShapes: the shapes graph breaks the specification.
        CannotLook: a file cannot be read.

    """
    if not isinstance(shapes, Graph | ox.Store | Path):
        shapes = list(shapes)
    return _read(_Shapes(_content(shapes), shapes))


@lru_cache(maxsize=KEPT)
def _read(shapes: _Shapes) -> tuple[Columns, Plan]:
    graph = Columns(quads(shapes.source))
    return graph, parse(graph)


def _content(shapes: Source) -> Hashable:
    if isinstance(shapes, Graph | ox.Store):
        return frozenset(shapes)
    items = files_in([shapes]) if isinstance(shapes, Path) else shapes
    return tuple(_digest(item) for item in items)


def _digest(item: Path | Document | ox.Quad) -> Hashable:
    if isinstance(item, ox.Quad):
        return item
    if isinstance(item, Document):
        return item.content, item.form
    return tuple((file.absolute(), blake2b(content_of(file)).digest()) for file in files_in([item]))
