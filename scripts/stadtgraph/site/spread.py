"""Do many jobs in several processes at a time; results come in the order in which the jobs were queued."""

from __future__ import annotations

import gc
import os
import pickle
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from math import ceil
from multiprocessing.connection import Connection, Pipe, wait
from struct import Struct
from tempfile import TemporaryFile
from typing import IO, Any, Final, Generic, NoReturn, TypeVar

# Fewer are done sooner by the one process that is there.
WORTH: Final = 32
# Each takes some 20 MB, and more of them only wait for the disk.
MOST: Final = 8
# So many neighbours are done by one process: what lies together in memory is then copied for one alone.
BLOCK: Final = 16
# A pipe holds so many blocks.
BLOCKS: Final = 4_000
# A block: its number, where the numbers of its jobs stand in the file of all of them, how many there are.
QUEUED: Final = Struct("3I")
NUMBER: Final = 4  # bytes
Item = TypeVar("Item")
Result = TypeVar("Result")
# The results of a block up to the first error, and that.
Outcome = tuple[list[Result], Exception | None]


class Held:
    """A file in which outcomes lie; two processes use it without moving each other's place in it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._size = file.fileno(), 0

    def keep(self, outcome: Outcome[Result]) -> tuple[int, int]:
        """Write an outcome; return where it lies."""
        content = memoryview(pickle.dumps(outcome, pickle.HIGHEST_PROTOCOL))
        begin = self._size
        while content:
            written = os.pwrite(self._file, content, self._size)
            self._size, content = self._size + written, content[written:]
        return begin, self._size

    def read(self, begin: int, end: int) -> Outcome[Any]:
        """Return the outcome that lies there."""
        found: Outcome[Any] = pickle.loads(os.pread(self._file, end - begin, begin))  # noqa: S301 (our own)
        return found


class Crew(Generic[Item, Result]):
    """Processes that do jobs as soon as these are queued; this one joins in when it asks for results.

    The others are forked at once, so that they share what has been read so far. Who is free takes the next
    block. What they return lies in files until its turn has come. A process that is left alone ends with its
    next block, which nobody takes.
    """

    def __init__(
        self, work: Callable[[Item], Result], items: Sequence[Item], processes: int | None = None
    ) -> None:
        self._work, self._items = work, items
        self._end = ExitStack()
        self._numbers = self._file()
        self._told = self._blocks = 0
        self._queue, self._queueing = os.pipe()
        self._end.callback(os.close, self._queue)
        # What has been read stays: the collector would walk it again and again, and so copy it each time.
        gc.freeze()
        self._end.callback(gc.unfreeze)
        number = processes or min(os.cpu_count() or 1, MOST)
        self._held: dict[Connection, Held] = {}
        for _ in range(number - 1):
            self._fork()
        self._own = Held(self._file())

    def __enter__(self) -> Crew[Item, Result]:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Wait until all processes have ended."""
        self._close()
        self._end.close()

    def queue(self, numbers: Sequence[int], block: int | None = None) -> None:
        """Queue items by their numbers, so many of them to be done by one process."""
        size = max(block or BLOCK, ceil(len(numbers) / BLOCKS))
        self._numbers.write(array("I", numbers))
        for first in range(0, len(numbers), size):
            count = min(size, len(numbers) - first)
            os.write(self._queueing, QUEUED.pack(self._blocks, self._told + first, count))
            self._blocks += 1
        self._told += len(numbers)

    def results(self) -> Iterator[Result]:
        """Yield what was returned for each item; nothing can be queued any more.

        Raises:
            ChildProcessError: a process ended before its work was done.

        """
        self._close()
        own, others = self._taken(), list(self._held)
        done: dict[int, tuple[Held, tuple[int, int]]] = {}
        for block in range(self._blocks):
            found: Outcome[Result] | None = None
            while found is None:
                done.update(self._reported(others, 0))
                if block in done:
                    held, lies = done.pop(block)
                    found = held.read(*lies)
                elif (mine := next(own, None)) is None:
                    done.update(self._reported(others))
                elif mine[0] == block:
                    found = mine[1]
                else:
                    done[mine[0]] = self._own, self._own.keep(mine[1])
            yield from found[0]
            if found[1]:
                raise found[1]

    def _file(self) -> IO[bytes]:
        return self._end.enter_context(TemporaryFile(buffering=0))

    def _close(self) -> None:
        if self._queueing >= 0:
            os.close(self._queueing)
            self._queueing = -1

    def _taken(self) -> Iterator[tuple[int, Outcome[Result]]]:
        """Do blocks of the queue until nothing more comes; yield their numbers and outcomes."""
        while some := os.read(self._queue, QUEUED.size):
            block, first, count = QUEUED.unpack(some)
            numbers = array("I", os.pread(self._numbers.fileno(), count * NUMBER, first * NUMBER))
            yield block, self._done(self._items[number] for number in numbers)

    def _done(self, items: Iterable[Item]) -> Outcome[Result]:
        found: list[Result] = []
        try:
            for item in items:
                found.append(self._work(item))  # noqa: PERF401 (what is done before an error counts)
        except Exception as error:
            return found, error
        return found, None

    def _reported(
        self, others: list[Connection], seconds: float | None = None
    ) -> Iterator[tuple[int, tuple[Held, tuple[int, int]]]]:
        """Yield where lies what other processes have done, waiting for it as long as that."""
        ready = wait(others, seconds)
        for one in [one for one in others if one in ready]:
            try:
                report = one.recv()
            except (EOFError, ConnectionError):
                raise ChildProcessError(0, "a process ended early") from None
            if report is None:
                others.remove(one)
            else:
                yield report[0], (self._held[one], report[1])

    def _fork(self) -> None:
        held = Held(self._file())
        reading, writing = Pipe(duplex=False)
        pid = os.fork()
        if not pid:
            self._serve(held, reading, writing)
        writing.close()
        self._held[reading] = held
        self._end.callback(os.waitpid, pid, 0)
        self._end.callback(reading.close)

    def _serve(self, held: Held, reading: Connection, writing: Connection) -> NoReturn:
        try:
            reading.close()
            os.close(self._queueing)
            for block, outcome in self._taken():
                writing.send((block, held.keep(outcome)))
            writing.send(None)
        finally:
            os._exit(0)  # what the other process holds open is not this one's to close


def spread(
    work: Callable[[Item], Result],
    items: Sequence[Item],
    processes: int | None = None,
    worth: int | None = None,
    block: int | None = None,
) -> Iterator[Result]:
    """Yield what ``work`` returns for each item; fewer than ``worth`` of them are done here.

    Raises:
        ChildProcessError: a process ended before its work was done.

    """
    few = len(items) < (WORTH if worth is None else worth)
    with Crew(work, items, 1 if few else processes) as crew:
        crew.queue(range(len(items)), block)
        yield from crew.results()
