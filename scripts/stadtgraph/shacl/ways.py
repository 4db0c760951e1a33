"""Choose how files are validated: at once, only what changed, or in parts."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyoxigraph as ox
from rdflib import Graph

from stadtgraph.findings import CannotLook
from stadtgraph.load import fault
from stadtgraph.shacl.documents import files_in
from stadtgraph.shacl.graphs import Source
from stadtgraph.shacl.report import Report
from stadtgraph.shacl.run import Progress, validate_compiled

LARGE: Final = 5_000_000  # bytes of data; below, a full run takes about a second


@dataclass(frozen=True)
class Ways:
    """Whether to remember what was checked; how many processes, which cluster to ask for parts.

    Without a number, there is one process while the data fits into half of the free memory, else one for each
    processor. ``cluster`` is the address of a Dask scheduler, tcp://….
    """

    remember: bool = True
    processes: int | None = None
    cluster: str | None = None


def are_large(files: Iterable[Path]) -> bool:
    """Say whether it takes long enough to validate files that there are quicker ways."""
    return sum(path.stat().st_size for path in files) >= LARGE


def validate_by(
    ways: Ways, data: Source, shapes: Source, limit: int | None, threads: int | None, progress: Progress
) -> Report:
    """Check ``data`` against ``shapes`` in the way that fits.

    Raises:
        MalformedShapes: the shapes graph breaks the specification.
        CannotLook: a file cannot be read, or what parts need is missing.

    """
    if isinstance(data, Iterable) and not isinstance(data, Graph | ox.Store):
        data = list(data)
    files, rules = _files(data), _files(shapes)
    wanted = ways.cluster is not None or (ways.processes or 1) > 1
    if wanted and (files is None or rules is None):
        raise CannotLook([fault("parts-need-files", "")])
    if files is not None and rules is not None and (wanted or are_large(files)):
        from stadtgraph.shacl.parts import parts_for, validate_in_parts  # here: it takes a while

        times = 1 if ways.processes == 1 else parts_for(files)
        if wanted or times > 1:
            processes = ways.processes or os.cpu_count() or 1
            return validate_in_parts(files, rules, times, processes, ways.cluster, limit, progress)
        if ways.remember:
            from stadtgraph.shacl.memory import validate_remembering  # here: it takes a while

            return validate_remembering(files, rules, limit, threads, progress)
    return validate_compiled(data, shapes, limit, threads, progress)


def _files(source: Source) -> list[Path] | None:
    """Return the files that a source is; None where it is something else."""
    paths = [source] if isinstance(source, Path) else source
    if isinstance(paths, list) and all(isinstance(path, Path) for path in paths):
        return files_in(paths)
    return None
