"""Check again only what an edit can affect.

A run over files leaves a snapshot in the user's cache: the files' digests, their statements and the results.
The next run reads the files that differ, asks which focus nodes the statements that came or went can matter
to (``reads``), checks those in the graph before and in the graph after, and puts the difference into the
results, to which each focus node adds its own. A snapshot is never mended, only replaced by that of a full
run, so two runs at once, or one that is killed, do no harm.
"""

from __future__ import annotations

import os
import sys
from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Final

import pyoxigraph as ox

from stadtgraph.caches import cache_folder
from stadtgraph.shacl.columns import SUBCLASS, Columns, no_garbage_collection
from stadtgraph.shacl.graphs import Term, quads
from stadtgraph.shacl.model import Shape
from stadtgraph.shacl.plans import read_plan
from stadtgraph.shacl.reads import Reads
from stadtgraph.shacl.report import Report
from stadtgraph.shacl.rows import Outcome, outcome_of, report_of
from stadtgraph.shacl.run import Part, Progress, running, silent
from stadtgraph.shacl.snapshot import Snapshot, digest, load, save

SHARE: Final = 8  # a full run is made where more than one byte of so many differs


def validate_remembering(
    data: Sequence[Path],
    shapes: Sequence[Path],
    limit: int | None = None,
    threads: int | None = None,
    progress: Progress = silent,
    folder: Path | None = None,
) -> Report:
    """Check files against shapes; of files that were checked before, only what their changes can affect.

    The results are those of a full run, in another order.

    Raises:
        MalformedShapes: the shapes graph breaks the specification.
        CannotLook: a file cannot be read.

    """
    memory = _Memory(data, shapes, folder or cache_folder("shacl"))
    with no_garbage_collection():
        outcome = memory.checked_again(progress) or memory.checked(threads, progress)
    return report_of(outcome, memory.plan, memory.graph, limit)


class _Memory:
    """Files, their shapes, and where their snapshot is."""

    def __init__(self, data: Sequence[Path], shapes: Sequence[Path], folder: Path) -> None:
        self.graph, self.plan = read_plan(shapes)
        self.reads = Reads(self.plan)
        self.data = {str(path.absolute()): path for path in data}
        where = os.path.commonpath(self.data), *(str(path.absolute()) for path in shapes)
        self.path, self.key = folder / digest(repr(where).encode()).hex(), _key(shapes)

    def digests(self, names: Iterable[str]) -> dict[str, bytes]:
        return {name: digest(self.data[name].read_bytes()) for name in names}

    def checked(self, threads: int | None, progress: Progress) -> Outcome:
        """Validate everything, and keep a snapshot."""
        if self.reads.whole:
            with running(self.plan, list(self.data.values()), threads, progress) as run:
                return outcome_of(run, self.graph)
        log, ends = array("I"), [0]

        def statements() -> Iterator[ox.Quad]:
            for path in self.data.values():
                yield from quads(path)
                ends.append(len(log))

        digests = self.digests(self.data)
        with running(self.plan, statements(), threads, progress, log=log) as run:
            outcome = outcome_of(run, self.graph)
        if digests == self.digests(self.data):  # else a file changed meanwhile
            parts = [log[start:end].tobytes() for start, end in pairwise(ends)]
            files = {name: (digests[name], part) for name, part in zip(self.data, parts, strict=True)}
            terms = list(map(str, run.data.terms))
            save(Snapshot(terms, run.data.forward, run.data.repeated, files, outcome), self.path, self.key)
        return outcome

    def checked_again(self, progress: Progress) -> Outcome | None:
        """Validate what can have changed; None where nothing is known, or that might be too much."""
        snapshot = load(self.path, self.key)  # there is none where something needs the whole graph
        if snapshot is None:
            return None
        known, digests = snapshot.files, self.digests(self.data)
        differ = {name for name in known.keys() | digests if digests.get(name) != known.get(name, b" ")[0]}
        if not differ:
            return snapshot.outcome
        before = sum(len(statements) for _, statements in known.values())
        if SHARE * sum(len(known[name][1]) for name in differ & known.keys()) > before:
            return None
        changed = snapshot.changes({n: quads(self.data[n]) if n in self.data else () for n in differ})
        if any(predicate == snapshot.number(SUBCLASS) for _, predicate, _ in changed):
            return None
        affected = self.reads.affected(snapshot, changed)
        snapshot.outcome.take(self._part(snapshot, affected, silent))
        snapshot.apply(changed)
        snapshot.outcome.add(self._part(snapshot, affected, progress))
        outcome = snapshot.outcome
        if new := {row[2] for row in +outcome.rows if row[2].startswith("_:")} - outcome.owners.keys():
            outcome.owners |= snapshot.owners(new)
        return outcome

    def _part(self, snapshot: Snapshot, affected: Mapping[Term, set[int]], progress: Progress) -> Outcome:
        """Validate some focus nodes."""
        terms = snapshot.terms_of(set().union(*affected.values()))

        def picked(shape: Shape, data: Columns, nodes: Collection[int]) -> Iterable[int]:
            return data.numbers(terms[number] for number in affected[shape.node]).intersection(nodes)

        statements = snapshot.statements(self.reads.needed(snapshot, affected))
        with running(self.plan, statements, progress=progress, part=Part(picked)) as run:
            return outcome_of(run, self.graph)


def _key(shapes: Sequence[Path]) -> bytes:
    """Return what tells engines and shapes apart."""
    folder = files("stadtgraph.shacl").iterdir()
    engine = sorted(each.read_bytes() for each in folder if each.name.endswith((".py", ".toml")))
    versions = [sys.version.encode(), ox.__version__.encode()]
    return digest(b"".join(map(digest, [*versions, *engine, *(path.read_bytes() for path in shapes)])))
