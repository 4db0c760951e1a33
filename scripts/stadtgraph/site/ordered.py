"""Put statements in order outside memory, so that a large graph takes no more of it than a small one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from heapq import merge
from itertools import groupby, islice
from tempfile import TemporaryFile
from typing import IO, Final

from pyoxigraph import DefaultGraph, Quad, Store

from stadtgraph.terms import TYPE

HELD: Final = 20_000  # lines that are held at a time
RUNS: Final = 100  # files that are read side by side


def triple_lines(store: Store) -> Iterator[str]:
    """Yield N-Triples, each once: by subject, its class first, then by predicate and object."""
    for line in sorted_lines(f"{quad.subject}\t{_rest(quad)}\n" for quad in store):
        subject, predicate, value = line[:-1].split("\t")
        yield f"{subject} <{predicate[1:]}> {value} .\n"


def quad_lines(store: Store) -> Iterator[str]:
    """Yield N-Quads: by graph, then as triples."""
    for line in sorted_lines(f"{_graph(quad)}\t{quad.subject}\t{_rest(quad)}\n" for quad in store):
        graph, subject, predicate, value = line[:-1].split("\t")
        yield f"{subject} <{predicate[1:]}> {value} {graph}.\n"


def _rest(quad: Quad) -> str:
    return f"{int(quad.predicate != TYPE)}{quad.predicate.value}\t{quad.object}"


def _graph(quad: Quad) -> str:
    return "" if isinstance(quad.graph_name, DefaultGraph) else f"{quad.graph_name} "


def sorted_lines(lines: Iterable[str], held: int = HELD, runs: int = RUNS) -> Iterator[str]:
    """Yield lines in order, each once, while few of them are held (external merge sort).

    Terms as N-Triples writes them (section 3) hold neither tabs nor line ends, which part fields and lines.
    """
    left, kept = iter(lines), list[IO[str]]()
    with ExitStack() as files:
        while some := sorted(islice(left, held)):
            if not kept and len(some) < held:
                yield from (line for line, _ in groupby(some))
                return
            if len(kept) == runs:
                kept = [_kept(merge(*kept), files)]
            kept.append(_kept(some, files))
        yield from (line for line, _ in groupby(merge(*kept)))


def _kept(lines: Iterable[str], files: ExitStack) -> IO[str]:
    file = files.enter_context(TemporaryFile("w+", encoding="utf-8", newline="\n"))  # noqa: SIM115
    file.writelines(lines)
    file.seek(0)
    return file
