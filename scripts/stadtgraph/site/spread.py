"""Do the same for many things in several processes at a time; results come in the order of the things."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator, Sequence
from math import ceil
from multiprocessing.connection import Connection, Pipe, wait
from typing import Final, NoReturn, TypeVar

# Fewer are done sooner by the one process that is there.
WORTH: Final = 32
# Each takes some 20 MB, and more of them only wait for the disk.
MOST: Final = 8
# So many neighbours are done by one process: what lies together in memory is then copied for one alone.
BLOCK: Final = 16
# A pipe holds the numbers of so many blocks.
BLOCKS: Final = 10_000
NUMBER: Final = 4  # bytes
Item = TypeVar("Item")
Result = TypeVar("Result")
# The results of a block up to the first error, and that.
Outcome = tuple[list[Result], Exception | None]


def spread(
    work: Callable[[Item], Result],
    items: Sequence[Item],
    processes: int | None = None,
    worth: int | None = None,
    block: int | None = None,
) -> Iterator[Result]:
    """Yield what ``work`` returns for each item; fewer than ``worth`` of them are done here.

    This process works as well; the others are forked, so that they share what has been read. Who is free
    takes the next ``block``. A process that is left alone ends with its next results, which nobody takes.

    Raises:
        ChildProcessError: a process ended before its work was done.

    """
    number = processes or min(os.cpu_count() or 1, MOST)
    if number < 2 or len(items) < (WORTH if worth is None else worth):
        yield from map(work, items)
        return
    size = max(BLOCK if block is None else block, ceil(len(items) / BLOCKS))
    queue = _queue(ceil(len(items) / size))

    def blocks() -> Iterator[tuple[int, Outcome[Result]]]:
        while taken := os.read(queue, NUMBER):
            first = int.from_bytes(taken) * size
            yield first, _done(work, items[first : first + size])

    # What has been read stays: the collector would walk it again and again, and so copy it for each process.
    gc.freeze()
    workers = [_forked(blocks()) for _ in range(number - 1)]
    others, own = [results for _, results in workers], blocks()
    done: dict[int, Outcome[Result]] = {}
    try:
        for first in range(0, len(items), size):
            while first not in done:
                done.update(_taken(others, 0))
                if first not in done:
                    done.update([mine] if (mine := next(own, None)) else _taken(others))
            found, error = done.pop(first)
            yield from found
            if error:
                raise error
    finally:
        gc.unfreeze()
        os.close(queue)
        for pid, results in workers:
            results.close()
            os.waitpid(pid, 0)


def _queue(blocks: int) -> int:
    """Return a pipe from which each process takes the number of the next block."""
    reading, writing = os.pipe()
    with open(writing, "wb") as numbers:  # noqa: PTH123
        numbers.write(b"".join(block.to_bytes(NUMBER) for block in range(blocks)))
    return reading


def _done(work: Callable[[Item], Result], items: Sequence[Item]) -> Outcome[Result]:
    found: list[Result] = []
    try:
        for item in items:
            found.append(work(item))  # noqa: PERF401 (what is done before an error counts)
    except Exception as error:
        return found, error
    return found, None


def _taken(others: list[Connection], seconds: float | None = None) -> Iterator[tuple[int, Outcome[Result]]]:
    """Yield what other processes have done, waiting for it as long as that."""
    ready = wait(others, seconds)
    for results in [one for one in others if one in ready]:
        try:
            outcome = results.recv()
        except (EOFError, ConnectionError):
            raise ChildProcessError(0, "a process ended early") from None
        if outcome is None:
            others.remove(results)
        else:
            yield outcome


def _forked(blocks: Iterator[tuple[int, Outcome[Result]]]) -> tuple[int, Connection]:
    reading, writing = Pipe(duplex=False)
    pid = os.fork()
    if not pid:
        _work(blocks, reading, writing)
    writing.close()
    return pid, reading


def _work(
    blocks: Iterator[tuple[int, Outcome[Result]]], reading: Connection, writing: Connection
) -> NoReturn:
    try:
        reading.close()
        for outcome in blocks:
            writing.send(outcome)
        writing.send(None)
    finally:
        os._exit(0)  # what the other process holds open is not this one's to close
