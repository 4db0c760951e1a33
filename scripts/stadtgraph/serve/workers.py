"""Who answers when: quick questions at once, long ones side by side behind them, none for ever.

How long a question takes shows only when it is asked. So each begins at once with a worker of its own; one
that has not come to its end after a slice counts as slow, gives way to all quick ones, and shares the slow
places with the others: those that have worked least go on, the others are held. Every question ends: by its
answer, at the time limit, at the memory limit, or when its asker is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from time import monotonic
from typing import Any, Final

import psutil

from stadtgraph.serve.line import Answer, Line
from stadtgraph.serve.mother import GO, HOLD, SLOW
from stadtgraph.serve.nest import Nest
from stadtgraph.serve.publication import Publication
from stadtgraph.serve.worker import Question
from stadtgraph.sparql.refused import Refused

# In seconds: how long a question counts as quick, how often is looked, how long slow ones go on in turn.
SLICE: Final = 0.05
LOOK: Final = 0.02
TURN: Final = 0.25
# Quick questions at a time; more wait for one of these to end or to become slow.
QUICK: Final = 8
WAITING: Final = 512
SPARE: Final = 2
# Slow questions for each slow place, held ones among them; more are refused.
SLOW_FOR_EACH: Final = 8
# How many times the limit a question may take with all its waiting.
PATIENCE: Final = 2
# After how many seconds the start of workers is tried again.
AGAIN: Final = 1.0
LOG: Final = logging.getLogger("stadtgraph")


class Workers:
    """The workers of the publication that is served."""

    def __init__(self, workers: int, timeout: float, memory: int) -> None:
        """Take the limits: slow questions at a time, seconds for each, MB for each."""
        self.places, self.timeout, self.memory = workers, timeout, memory
        self.counted: Counter[str] = Counter()
        self._nest: Nest | None = None
        self._wanted: Publication | None = None
        self._old: set[Nest] = set()
        self._starting: set[Nest] = set()
        self._there = asyncio.Event()
        self._running: set[Answer] = set()
        self._slow: list[Answer] = []
        self._quick = asyncio.Semaphore(QUICK)
        self._waiting = 0
        self._turned = 0.0
        self._looking: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self, publication: Publication) -> None:
        """Start on a publication; when its workers are there, new questions go to them, old ones finish.

        What fails is tried again until it succeeds or another publication is wanted.
        """
        self._wanted = publication
        while self._wanted is publication:
            nest = Nest(publication, self.memory << 20, self._lost)
            self._starting.add(nest)
            try:
                await nest.start()
                nest.spare = [await nest.fork() for _ in range(SPARE)]
                break
            except Refused:
                await nest.close()
                if self._wanted is publication:
                    LOG.exception("no workers for %s", publication.digest)
                    await asyncio.sleep(AGAIN)
            finally:
                self._starting.discard(nest)
        if self._wanted is not publication:
            await nest.close()
            return
        before, self._nest = self._nest, nest
        self._there.set()
        if before:
            self._old.add(before)
            self._retire(before)

    async def ask(self, question: Question) -> Answer:
        """Put a question; return its answer when it has begun.

        Raises:
            Refused: there is none.

        """
        answer = await self.put(question)
        try:
            return await answer.start()
        except BaseException:
            answer.close()
            raise

    @property
    def digest(self) -> str:
        """Return which publication new questions go to; empty while there is none."""
        return self._nest.publication.digest if self._nest else ""

    async def put(self, question: Question) -> Answer:
        """Put a question; return its answer before it has begun.

        Raises:
            Refused: nobody has time for it.

        """
        if self._quick.locked():
            await self._wait()
        else:
            await self._quick.acquire()
        try:
            line = await self._line()
        except BaseException:
            self._quick.release()
            raise
        answer = line.ask(question, self._done)
        if self._slow:
            answer.worked_before = _worked(line.pid)
        self._running.add(answer)
        self.counted["asked"] += 1
        if not self._looking:
            self._look_later()
        return answer

    async def _wait(self) -> None:
        """Wait until another question can begin."""
        if self._waiting >= WAITING:
            raise self._refusal("query-too-many", 429, wait=1)
        self._waiting += 1
        try:
            await asyncio.wait_for(self._quick.acquire(), self.timeout)
        except TimeoutError as error:
            raise self._refusal("query-too-many", 429, wait=1) from error
        finally:
            self._waiting -= 1

    async def _line(self) -> Line:
        """Return a worker that has nothing to do."""
        if not self._there.is_set():
            try:
                await asyncio.wait_for(self._there.wait(), self.timeout)
            except TimeoutError as error:
                raise self._refusal("query-not-yet", 503, wait=5) from error
        while nest := self._nest:
            try:
                line = nest.spare.pop() if nest.spare else await nest.fork()
            except Refused:
                if nest is self._nest:
                    raise
                continue
            if nest is self._nest:
                nest.busy.add(line)
                return line
            line.dismiss()  # born into a publication that is no longer served
        raise self._refusal("query-no-worker", 503, wait=1)

    def _done(self, answer: Answer) -> None:
        """Take back the worker of an answer that has come to its end, or let it go."""
        line, nest = answer.line, answer.line.nest
        nest.busy.discard(line)
        self._running.discard(answer)
        if answer.refused:
            self.counted[answer.refused.key] += 1
        if answer.slow:
            self._slow.remove(answer)
            if nest is self._nest and not line.transport.is_closing() and len(nest.spare) < QUICK:
                nest.rest(line)
            elif answer.held:
                line.kill()
            else:
                line.dismiss()
            self._share()
        else:
            self._quick.release()
            if answer.refused and line.transport.is_closing():
                self._do(self._refill())
            elif nest is self._nest and len(nest.spare) < QUICK:
                nest.spare.append(line)
            else:
                line.dismiss()
        if nest in self._old:
            self._retire(nest)

    def _retire(self, nest: Nest) -> None:
        """End the workers of a publication that is no longer served, when all its answers are given."""
        for line in nest.spare:
            line.dismiss()
        nest.spare.clear()
        if not nest.busy:
            self._old.discard(nest)
            self._do(nest.close())

    def _look_later(self) -> None:
        self._looking = asyncio.get_running_loop().call_later(LOOK, self._look)

    def _look(self) -> None:
        """Look after the questions that run."""
        now = monotonic()
        for answer in tuple(self._running):
            answer.tick(now)
            self._hold_to_limits(answer, now)
        if now - self._turned > TURN:
            self._share()
        self._looking = None
        if self._running:
            self._look_later()

    def _hold_to_limits(self, answer: Answer, now: float) -> None:
        seconds = {"limit": f"{self.timeout:g}"}
        if answer.ran > self.timeout:
            # Where others share the time, one may have more luck later.
            wait = round(self.timeout) if len(self._slow) > self.places else 0
            answer.break_off(Refused(503, "query-timed-out", seconds, wait=wait))
        elif answer.waited > self.timeout:
            answer.break_off(Refused(503, "query-not-fetched", seconds))
        elif now - answer.begun > PATIENCE * self.timeout:
            answer.break_off(self._refusal("query-too-many", 503, wait=round(self.timeout)))
        elif not answer.slow and answer.ran + answer.waited > SLICE:
            self._make_slow(answer)

    def _make_slow(self, answer: Answer) -> None:
        if len(self._slow) >= self.places * SLOW_FOR_EACH:
            if answer.worked_before is not None and _worked(answer.line.pid) - answer.worked_before < SLICE:
                return  # it has hardly had a chance to work; on a busy machine it may still be quick
            answer.break_off(self._refusal("query-too-many", 429, wait=round(self.timeout)))
            return
        answer.slow = True
        self._slow.append(answer)
        answer.line.order(SLOW)
        self._quick.release()
        self._share()
        self._do(self._refill())

    def _share(self) -> None:
        """Let those slow questions go on that have worked least."""
        self._turned = now = monotonic()
        wanting = sorted((one for one in self._slow if not one.full), key=lambda one: one.ran)
        for place, answer in enumerate(wanting):
            hold = place >= self.places
            if hold != answer.held:
                answer.tick(now)
                answer.held = hold
                answer.line.order(HOLD if hold else GO)

    async def _refill(self) -> None:
        """See to it that workers wait for the next questions."""
        nest = self._nest
        if nest and len(nest.spare) < SPARE:
            with contextlib.suppress(Refused):  # the next question tries again, and tells its asker
                line = await nest.fork()
                if nest is self._nest:
                    nest.spare.append(line)
                else:
                    line.dismiss()

    def _lost(self, nest: Nest) -> None:
        """Start anew when a mother has died that nobody has ended.

        One that is only starting is tried again by who starts it, and so is a publication that is to follow.
        """
        if nest is not self._nest:
            return
        self._nest = None
        self._there.clear()
        self._do(nest.close())
        if self._wanted is nest.publication:
            self._do(self.open(nest.publication))

    def _refusal(self, key: str, status: int, wait: int) -> Refused:
        self.counted[key] += 1
        return Refused(status, key, {"wait": max(wait, 1)}, wait=max(wait, 1))

    def _do(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def state(self) -> dict[str, Any]:
        """Return what the workers do now: for the health page and the metrics. Memory in bytes (PSS)."""
        nest = self._nest
        lines = [line for one in (nest, *self._old) if one for line in (*one.spare, *one.busy)]
        return {
            "ready": nest is not None and nest.open,
            "publication": nest.publication.digest if nest else "",
            "triples": nest.triples if nest else 0,
            "workers": [{"pid": line.pid, "memory": _memory(line.pid)} for line in lines],
            "running": len(self._running),
            "slow": len(self._slow),
            "held": sum(answer.held for answer in self._slow),
            "waiting": self._waiting,
            "counted": dict(self.counted),
        }

    async def close(self, grace: float) -> None:
        """Let running questions come to their end, for at most ``grace`` seconds, then end all workers."""
        end = monotonic() + grace
        while self._running and monotonic() < end:
            await asyncio.sleep(LOOK)
        nests = [one for one in (self._nest, *self._old, *self._starting) if one]
        self._nest = self._wanted = None
        self._there.clear()
        for answer in tuple(self._running):
            answer.break_off(Refused(503, "query-no-worker", wait=1))
        await asyncio.gather(*(nest.close() for nest in nests))


def _worked(pid: int) -> float:
    """Return how many seconds of processor time a process has had."""
    try:
        return float(sum(psutil.Process(pid).cpu_times()[:2]))
    except psutil.Error:
        return 0


def _memory(pid: int) -> int:
    """Return a process's share of memory in bytes: what is its own, and its part of what it shares."""
    try:
        return int(psutil.Process(pid).memory_full_info().pss)
    except (psutil.Error, AttributeError):
        return 0
