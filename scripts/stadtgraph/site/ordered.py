"""Put statements in order outside memory, so that a large graph takes no more of it than a small one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from heapq import merge
from itertools import chain, groupby, islice
from tempfile import TemporaryFile
from typing import IO, Final

from pyoxigraph import BlankNode, DefaultGraph, NamedNode, RdfFormat, Store

from stadtgraph.terms import TYPE

HELD: Final = 4_000_000  # bytes of lines that are held at a time
RUNS: Final = 100  # files that are read side by side
TOLD: Final = 10_000  # lines that are told in one piece
END: Final = b" .\n"
# A class stands before all else that is stated; UTF-8 has no such byte (RFC 3629, section 3).
CLASS: Final = f" <{TYPE.value}> ".encode()
FIRST: Final = b" !\xff "


def triples(store: Store) -> Iterator[bytes]:
    """Yield N-Triples in pieces, each line once: by subject, its class first, then predicate and object."""
    with TemporaryFile() as file:
        for graph in (DefaultGraph(), *store.named_graphs()):
            store.dump(file, RdfFormat.N_TRIPLES, from_graph=graph)
        yield from in_order(file)


def quads(store: Store) -> Iterator[bytes]:
    """Yield N-Quads in pieces: by graph, then as triples."""
    for graph in (DefaultGraph(), *sorted(store.named_graphs(), key=str)):
        with TemporaryFile() as file:
            store.dump(file, RdfFormat.N_TRIPLES, from_graph=graph)
            for piece in in_order(file):
                yield piece.replace(END, _end(graph))


def _end(graph: NamedNode | BlankNode | DefaultGraph) -> bytes:
    return END if isinstance(graph, DefaultGraph) else f" {graph}".encode() + END


def place(line: bytes) -> tuple[bytes, bytes]:
    """Return what tells where a statement of a named graph stands among the others."""
    triple, _, graph = line.removesuffix(END).rpartition(b" ")
    return graph, triple.replace(CLASS, FIRST) + END


def in_order(file: IO[bytes], held: int = HELD, runs: int = RUNS) -> Iterator[bytes]:
    """Yield a file of triples in order, each once, while few of them are held (external merge sort)."""
    file.seek(0)
    kept: list[Iterable[bytes]] = []
    with ExitStack() as files:
        while piece := file.read(held) + file.readline():
            found = sorted(piece.replace(CLASS, FIRST).splitlines(keepends=True))
            if len(kept) == runs:
                kept = [_kept(merge(*kept), files)]
            # The last ones need no file.
            kept.append(_kept(found, files) if len(piece) >= held else found)
        lines = (line for line, _ in groupby(merge(*kept) if len(kept) > 1 else chain.from_iterable(kept)))
        while told := b"".join(islice(lines, TOLD)):
            yield told.replace(FIRST, CLASS)


def _kept(lines: Iterable[bytes], files: ExitStack) -> IO[bytes]:
    file = files.enter_context(TemporaryFile())  # noqa: SIM115
    file.writelines(lines)
    file.seek(0)
    return file
