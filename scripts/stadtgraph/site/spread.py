"""Do the same for many things in several processes at a time; results come in the order of the things."""

from __future__ import annotations

import gc
import os
import pickle
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import IO, Any, Final, TypeVar

# Fewer are done sooner by the one process that is there.
WORTH: Final = 32
# Each takes some 20 MB, and more of them only wait for the disk.
MOST: Final = 8
# So many neighbours are done by one process: what lies together in memory is then copied for one alone.
BLOCK: Final = 16
Item = TypeVar("Item")
Result = TypeVar("Result")


def spread(
    work: Callable[[Item], Result],
    items: Sequence[Item],
    processes: int | None = None,
    worth: int | None = None,
    block: int | None = None,
) -> Iterator[Result]:
    """Yield what ``work`` returns for each item; fewer than ``worth`` of them are done here.

    This process does its part; the others are forked, so that they share what has been read. One that is
    left alone ends with its next result, which nobody takes.

    Raises:
        ChildProcessError: a process ended before its work was done.

    """
    number = processes or min(os.cpu_count() or 1, MOST)
    size = BLOCK if block is None else block
    if number < 2 or len(items) < (WORTH if worth is None else worth):
        yield from map(work, items)
        return
    # What has been read stays: the collector would walk it again and again, and so copy it for each process.
    gc.freeze()
    shares = [range(part * size, len(items), number * size) for part in range(1, number)]
    others = [_forked(work, items, share, size) for share in shares]
    try:
        for place, item in enumerate(items):
            part = place // size % number
            result: Result = _taken(others[part - 1][1]) if part else work(item)
            yield result
    finally:
        gc.unfreeze()
        for pid, results in others:
            results.close()
            os.waitpid(pid, 0)


def _taken(results: IO[bytes]) -> Any:
    try:
        done, result = pickle.load(results)  # noqa: S301 (our own process wrote it)
    except EOFError:
        raise ChildProcessError(0, "a process ended early") from None
    if not done:
        raise result
    return result


def _forked(
    work: Callable[[Item], Result], items: Sequence[Item], share: range, size: int
) -> tuple[int, IO[bytes]]:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return pid, open(reading, "rb")  # noqa: PTH123 (whoever takes the results closes it)
    try:
        os.close(reading)
        with open(writing, "wb") as out:  # noqa: PTH123
            for item in chain.from_iterable(items[first : first + size] for first in share):
                out.write(_told(work, item))
                out.flush()
    finally:
        os._exit(0)  # what the other process holds open is not this one's to close


def _told(work: Callable[[Item], Result], item: Item) -> bytes:
    try:
        return pickle.dumps((True, work(item)))
    except Exception as error:
        return pickle.dumps((False, error))
