"""Validate a graph in parts, in several processes or on a cluster, when it is too large for one.

A part is the focus nodes of a hash class. It gets the statements about them, those that lead to them where a
shape looks back from there, and what the shapes' paths lead to: each process reads all files and keeps its
share. What needs the whole graph is asked at the end. Results add up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from socket import create_connection
from tempfile import TemporaryFile
from typing import IO, Final
from urllib.parse import urlsplit
from zlib import crc32

import psutil
import pyoxigraph as ox

from stadtgraph.findings import CannotLook
from stadtgraph.load import fault
from stadtgraph.shacl.columns import SUBCLASS, Columns, no_garbage_collection
from stadtgraph.shacl.graphs import Term, quads
from stadtgraph.shacl.model import Shape
from stadtgraph.shacl.paths import repeated
from stadtgraph.shacl.plans import read_plan
from stadtgraph.shacl.reads import Reads
from stadtgraph.shacl.report import Report
from stadtgraph.shacl.rows import Outcome, outcome_of, report_of
from stadtgraph.shacl.run import Part, Progress, Run, running, silent

NEED: Final = 15  # bytes of memory for each byte of Turtle or N-Triples
TIMEOUT: Final = 10  # seconds until a cluster has to answer
PACKED: Final = 10  # bytes in each byte of a packed file


def size_in_memory(data: Iterable[Path]) -> int:
    """Return about how many bytes of memory it takes to validate files at once."""
    return sum(NEED * path.stat().st_size * (PACKED if path.suffix == ".gz" else 1) for path in data)


def parts_for(data: Iterable[Path]) -> int:
    """Return into how many parts files should be cut, so that half of the free memory is enough."""
    free: int = psutil.virtual_memory().available
    return 1 + 2 * size_in_memory(data) // free


def validate_in_parts(
    data: Sequence[Path],
    shapes: Sequence[Path],
    times: int,
    processes: int = 1,
    cluster: str | None = None,
    limit: int | None = None,
    progress: Progress = silent,
) -> Report:
    """Check files against shapes in parts, ``times`` as many as there are processes or a cluster has threads.

    A cluster's workers read the files themselves, so they must see them by the same names.

    Raises:
        MalformedShapes: the shapes graph breaks the specification.
        CannotLook: a file cannot be read, or the cluster does not answer.

    """
    graph, plan = read_plan(shapes)
    data = [path.absolute() for path in data]
    outcome = Outcome()
    with _workers(processes) if cluster is None else _cluster(cluster) as (workers, number):
        parts = number * times
        tasks = parts + bool(Reads(plan).whole)
        check = partial(check_part, data, [path.absolute() for path in shapes], of=parts)
        for done, each in enumerate(workers(check, range(tasks)), 1):
            outcome.add(each)
            progress(done, tasks)
    outcome.owners |= _owners(data, {row[2] for row in outcome.rows if row[2].startswith("_:")})
    return report_of(outcome, plan, graph, limit)


def check_part(data: Sequence[Path], shapes: Sequence[Path], part: int, of: int) -> Outcome:
    """Validate one part of so many; the one after the last is what needs the whole graph."""
    graph, plan = read_plan(shapes)
    reads = Reads(plan)
    if part == of:
        everything = {(s.node, place) for s in plan.shapes.values() for place in range(len(s.constraints))}
        with running(plan, named(data), part=Part(without=everything - reads.whole)) as run:
            outcome = outcome_of(run, graph)
        outcome.focus.clear()
        return outcome

    def picked(shape: Shape, columns: Columns, nodes: Collection[int]) -> Iterator[int]:
        return (node for node in nodes if class_of(columns.terms[node], of) == part)

    share = Part(picked, reads.whole)
    with running(plan, _share(data, reads, share, part, of), part=share) as run:
        return outcome_of(run, graph)


def class_of(term: Term, of: int) -> int:
    """Return the part to which a focus node belongs, the same in each process."""
    return crc32(str(term).encode()) % of


def _share(data: Sequence[Path], reads: Reads, share: Part, part: int, of: int) -> Columns:
    """Return what a part needs: what is said about its nodes and, round by round, what paths lead to."""
    with no_garbage_collection(), TemporaryFile() as further:
        columns = Columns(_near(data, reads, part, of, further))
        run = Run(reads.plan, columns, part=share)
        roots = {shape.node: run.target(shape).keys() for shape in reads.roots}
        asked: dict[tuple[ox.NamedNode | None, bool], set[int]] = defaultdict(set)
        while True:
            wanted: dict[tuple[ox.NamedNode | None, bool], set[int]] = defaultdict(set)
            for read, nodes in reads.slots(columns, roots):
                if read.path is not None:
                    wanted[read.predicate, read.inverse] |= nodes
            new = {key: left for key, nodes in wanted.items() if (left := nodes - asked[key])}
            if not new:
                return columns
            for key, nodes in new.items():
                asked[key] |= nodes
            further.seek(0)
            lines = ox.parse(input=further, format=ox.RdfFormat.N_TRIPLES)
            columns.add(quad for quad in lines if _is_in(quad, new, columns))


def _near(data: Sequence[Path], reads: Reads, part: int, of: int, further: IO[bytes]) -> Iterator[ox.Quad]:
    """Yield what is said about a part's nodes, or leads there; write down what may be read further on."""
    every = {read for each in reads.by_root.values() for read in each}
    back = {read.predicate for read in every if read.path is None and read.inverse}
    far = {read.predicate for read in every if read.path is not None}
    always = {
        SUBCLASS,
        *(step for read in every for step in repeated(read.path)),
    }  # else a round for each step
    kinds: dict[ox.NamedNode, tuple[bool, bool, bool]] = {}
    last, ours = None, False
    for quad in named(data):
        subject, predicate, value, _ = quad
        if subject != last:
            last, ours = subject, class_of(subject, of) == part
        if predicate not in kinds:
            kinds[predicate] = predicate in always, predicate in back, predicate in far or None in far
        all_of_it, leads_back, leads_on = kinds[predicate]
        if ours or all_of_it or (leads_back and class_of(value, of) == part):
            yield quad
        elif leads_on:
            further.write(f"{subject} {predicate} {value} .\n".encode())


def _is_in(
    quad: ox.Quad, slots: Mapping[tuple[ox.NamedNode | None, bool], Collection[int]], columns: Columns
) -> bool:
    subject, predicate, value, _ = quad
    return (
        columns.known(subject) in slots.get((predicate, False), ())
        or columns.known(subject) in slots.get((None, False), ())
        or columns.known(value) in slots.get((predicate, True), ())
    )


def named(data: Iterable[Path]) -> Iterator[ox.Quad]:
    """Yield the statements of files; a blank node has the same name in each process."""
    for number, path in enumerate(data):
        names: dict[ox.BlankNode, ox.BlankNode] = {}
        for quad in quads(path):
            subject, predicate, value, _ = quad
            if isinstance(subject, ox.BlankNode) or isinstance(value, ox.BlankNode):
                for end in (subject, value):
                    if isinstance(end, ox.BlankNode) and end not in names:
                        names[end] = ox.BlankNode(f"f{number}n{len(names)}")
                yield ox.Quad(names.get(subject, subject), predicate, names.get(value, value))
            else:
                yield quad


def _owners(data: Sequence[Path], nodes: set[str]) -> dict[str, tuple[str, str]]:
    """Return for blank nodes a node with an IRI that leads there, and its first predicate on the way."""
    found: dict[str, tuple[str, str]] = {}
    waiting = {node: {node} for node in nodes}
    asked: set[str] = set()
    while waiting:
        asked |= waiting.keys()
        above: dict[str, set[str]] = {}
        for subject, predicate, value, _ in named(data):
            if isinstance(value, ox.BlankNode) and (inner := waiting.get(str(value))):
                if isinstance(subject, ox.NamedNode):
                    found |= dict.fromkeys(inner, (str(subject), str(predicate)))
                else:
                    above.setdefault(str(subject), set()).update(inner)
        waiting = {node: inner - found.keys() for node, inner in above.items() if node not in asked}
    return found


# -- who does it


Workers = Callable[[Callable[[int], Outcome], Iterable[int]], Iterable[Outcome]]  # a map


@contextmanager
def _workers(processes: int) -> Iterator[tuple[Workers, int]]:
    """Yield who does the work, and how many parts at a time."""
    if processes == 1:
        yield map, 1
    else:
        with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
            yield pool.map, processes


@contextmanager
def _cluster(address: str) -> Iterator[tuple[Workers, int]]:
    """Connect to a Dask cluster."""
    try:
        from distributed import Client
    except ImportError as error:
        raise CannotLook([fault("no-dask", "")]) from error
    place = urlsplit(address)
    try:
        with create_connection((place.hostname, place.port), TIMEOUT):
            pass  # Dask would try again and again where nobody listens
        client = Client(address, timeout=TIMEOUT, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, TypeError, ValueError) as error:
        raise CannotLook([fault("no-cluster", "", address=address, reason=str(error))]) from error

    def workers(check: Callable[[int], Outcome], parts: Iterable[int]) -> Iterator[Outcome]:
        for future in client.map(check, list(parts), pure=False):
            yield future.result()

    with client:
        threads = sum(client.ncores().values())  # type: ignore[no-untyped-call]
        if not threads:
            raise CannotLook([fault("no-workers", "", address=address)])
        yield workers, threads
