"""Check again only what an edit can affect.

A run over files leaves a snapshot in the user's cache: the files' digests, their statements and the results. The
next run reads the files that differ, asks which focus nodes the statements that came or went can matter to
(``reads``), checks those in the graph before and in the graph after, and puts the difference into the results:
each focus node's results add up to the report. A snapshot is never mended, only replaced by that of a full run,
so two runs at once, or one that is killed, do no harm.
"""

from __future__ import annotations

import gc
import os
import sys
from array import array
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Final

import pyoxigraph as ox

from stadtgraph.shacl.columns import SUBCLASS, Columns
from stadtgraph.shacl.graphs import Term, quads
from stadtgraph.shacl.model import Plan
from stadtgraph.shacl.parse import parse
from stadtgraph.shacl.reads import Reads
from stadtgraph.shacl.report import Report
from stadtgraph.shacl.rows import Rows, report_of, rows_of
from stadtgraph.shacl.run import running
from stadtgraph.shacl.snapshot import Snapshot, digest, load, save

LARGE: Final = 5_000_000  # bytes of data; below, a full run takes about a second
SHARE: Final = 8  # a full run is made where more than one byte of so many differs


def cache_folder() -> Path:
    """Return where snapshots are kept (XDG Base Directory Specification)."""
    home = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(home) if Path(home).is_absolute() else Path.home() / ".cache") / "stadtgraph" / "shacl"


def is_worth_it(data: Sequence[Path]) -> bool:
    """Say whether so much is to be read that a snapshot saves time."""
    return sum(path.stat().st_size for path in data) >= LARGE


def validate_remembering(
    data: Sequence[Path],
    shapes: Sequence[Path],
    limit: int | None = None,
    threads: int | None = None,
    folder: Path | None = None,
) -> Report:
    """Check files against shapes; of files that were checked before, only what their changes can affect.

    The results are those of a full run, in another order.

    Raises:
        MalformedShapes: the shapes graph breaks the specification.

    """
    graph = Columns(quads(shapes))
    plan = parse(graph)
    names = [str(path.absolute()) for path in data]
    where = os.path.commonpath(names), *(str(path.absolute()) for path in shapes)
    path = (folder or cache_folder()) / digest(repr(where).encode()).hex()
    key = _key(shapes)
    reads = Reads(plan)
    enabled = gc.isenabled()
    gc.disable()  # millions of lists come that stay
    try:
        snapshot = None if reads.whole else load(path, key)
        rows = _checked_again(snapshot, dict(zip(names, data, strict=True)), reads, graph) if snapshot else None
        if rows is None:
            rows = _checked(data, names, plan, graph, threads, None if reads.whole else (path, key))
    finally:
        if enabled:
            gc.enable()
    return report_of(rows, plan, graph, limit)


def _key(shapes: Sequence[Path]) -> bytes:
    """Return what tells engines and shapes apart."""
    engine = [each.read_bytes() for each in files("stadtgraph.shacl").iterdir() if each.is_file()]
    parts = [sys.version.encode(), ox.__version__.encode(), *sorted(engine), *(p.read_bytes() for p in shapes)]
    return digest(b"".join(map(digest, parts)))


def _checked(
    data: Sequence[Path],
    names: Sequence[str],
    plan: Plan,
    graph: Columns,
    threads: int | None,
    keep: tuple[Path, bytes] | None,
) -> Rows:
    """Validate everything, and keep a snapshot."""
    log, ends = array("I"), [0]

    def statements() -> Iterator[ox.Quad]:
        for path in data:
            yield from quads(path)
            ends.append(len(log))

    digests = [digest(path.read_bytes()) for path in data] if keep else []
    with running(plan, statements(), threads, log=log if keep else None) as run:
        rows = rows_of(run, graph)
        columns = run.data
    if keep and digests == [digest(path.read_bytes()) for path in data]:  # else one changed meanwhile
        parts = (log[start:end].tobytes() for start, end in zip(ends, ends[1:], strict=False))
        contents = dict(zip(names, zip(digests, parts, strict=True), strict=True))
        save(Snapshot(list(map(str, columns.terms)), columns.forward, columns.repeated, contents, dict(rows)), *keep)
    return rows


def _checked_again(snapshot: Snapshot, data: dict[str, Path], reads: Reads, graph: Columns) -> Rows | None:
    """Validate what can have changed; None where that might be too much."""
    differ = {
        name: path
        for name, path in data.items()
        if name not in snapshot.files or snapshot.files[name][0] != digest(path.read_bytes())
    }
    gone = snapshot.files.keys() - data.keys()
    before = sum(len(numbers) for _, numbers in snapshot.files.values())
    changing = sum(len(snapshot.files[name][1]) for name in {*differ, *gone} & snapshot.files.keys())
    rows: Rows = Rows(snapshot.rows)  # type: ignore[arg-type]
    if not differ and not gone:
        return rows
    if SHARE * changing > before:
        return None
    changed = snapshot.changes({name: quads(path) for name, path in differ.items()} | dict.fromkeys(gone, ()))
    if any(predicate == snapshot.number(SUBCLASS) for _, predicate, _ in changed):
        return None
    affected = reads.affected(snapshot, changed)
    rows.subtract(_rows(snapshot, reads, affected, graph))
    snapshot.apply(changed)
    rows.update(_rows(snapshot, reads, affected, graph))
    return +rows


def _rows(snapshot: Snapshot, reads: Reads, affected: dict[Term, set[int]], graph: Columns) -> Rows:
    """Validate some focus nodes of a graph."""
    terms = snapshot.terms_of(set().union(*affected.values()))
    only = {shape: [terms[number] for number in nodes] for shape, nodes in affected.items()}
    statements = snapshot.statements(reads.needed(snapshot, affected))
    with running(reads.plan, statements, only=only) as run:
        return rows_of(run, graph)
