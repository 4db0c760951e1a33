"""Workers come and go at any moment, and whoever no longer waits for one leaves nothing behind."""

import asyncio
import subprocess
import time

import psutil
import pytest

from stadtgraph.serve.nest import Nest
from stadtgraph.serve.publication import read
from stadtgraph.serve.worker import Question
from stadtgraph.serve.workers import Workers
from stadtgraph.sparql.refused import Refused

MEMORY = 64 << 20
QUESTION = Question("SELECT * { ?s ?p ?o } LIMIT 1")


@pytest.fixture
def publication(small):
    return read(small)


@pytest.fixture
def play():
    """Run a scene; nothing may go wrong beside it, and no process may be left of it."""
    before = set(psutil.Process().children(recursive=True))

    def play(scene):
        accidents = []

        async def watched():
            asyncio.get_running_loop().set_exception_handler(lambda loop, told: accidents.append(told))
            await scene

        asyncio.run(watched())
        assert not accidents
        left = set(psutil.Process().children(recursive=True)) - before
        assert not psutil.wait_procs(left, timeout=20)[1]

    return play


async def until(true):
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end, "it did not come to that"
        await asyncio.sleep(0.01)


async def given_up(work):
    """Begin something, and give it up while it waits for the mother."""
    task = asyncio.ensure_future(work)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def family(nest):
    return psutil.Process(nest._process.pid).children()


async def opened(publication):
    nest = Nest(publication, MEMORY, lambda nest: None)
    await nest.start()
    return nest


def test_a_start_that_is_given_up_does_not_mind_that_the_mother_gets_ready(play, publication):
    async def scene():
        nest = Nest(publication, MEMORY, lambda nest: None)
        await given_up(nest.start())
        await until(lambda: nest.loaded)
        await nest.close()

    play(scene())


def test_a_start_that_is_ended_from_elsewhere_is_told(play, publication):
    async def scene():
        nest = Nest(publication, MEMORY, lambda nest: None)
        starting = asyncio.ensure_future(nest.start())
        await asyncio.sleep(0)
        await nest.close()
        with pytest.raises(Refused):
            await starting

    play(scene())


def test_a_worker_born_after_its_asker_has_gone_ends(play, publication):
    async def scene():
        nest = await opened(publication)
        for _ in range(3):
            await given_up(nest.fork())
        line = await nest.fork()  # the mother obeys in turn, so the others have been born by now
        await until(lambda: [one.pid for one in family(nest)] == [line.pid])
        line.kill()
        await until(lambda: not family(nest) and not nest._ended and not nest._wanted)
        await nest.close()

    play(scene())


def test_a_birth_that_nobody_knows_of_is_passed_over(play, publication):
    async def scene():
        nest = await opened(publication)
        birth = asyncio.ensure_future(nest.fork())
        await asyncio.sleep(0)
        nest._born[
            1
        ].cancel()  # as when the loop ends all tasks, and the mother speaks before they have ended
        nest._tell_born(1, 1)
        with pytest.raises(asyncio.CancelledError):
            await birth
        await nest.close()

    play(scene())


def test_who_waits_for_a_worker_when_all_ends_is_told(play, publication):
    async def scene():
        nest = await opened(publication)
        births = [asyncio.ensure_future(nest.fork()) for _ in range(3)]
        await asyncio.sleep(0)
        nest._born[2].cancel()
        await nest.close()
        told = await asyncio.gather(*births, return_exceptions=True)
        assert [type(one) for one in told] == [Refused, asyncio.CancelledError, Refused]
        with pytest.raises(Refused):
            await nest.fork()

    play(scene())


def test_who_waits_for_a_worker_when_the_mother_dies_is_told(play, publication):
    async def scene():
        lost = []
        nest = Nest(publication, MEMORY, lost.append)
        await nest.start()
        nest._process.kill()
        with pytest.raises(Refused):
            await nest.fork()
        await until(lambda: lost)
        assert lost == [nest]
        await nest.close()

    play(scene())


def test_a_machine_without_room_for_another_process_is_tried_again(play, publication, monkeypatch):
    real, tried = subprocess.Popen, []

    def popen(*arguments, **named):
        tried.append(arguments)
        if len(tried) == 1:
            raise BlockingIOError
        return real(*arguments, **named)

    async def scene():
        monkeypatch.setattr("stadtgraph.serve.workers.AGAIN", 0)
        monkeypatch.setattr(subprocess, "Popen", popen)
        workers = Workers(1, 10, 64)
        await workers.open(publication)
        assert workers.digest and len(tried) == 2
        await workers.close(0)

    play(scene())


def test_workers_ended_while_they_start_leave_nobody_behind(play, publication):
    async def scene():
        workers = Workers(1, 10, 64)
        opening = asyncio.ensure_future(workers.open(publication))
        await asyncio.sleep(0)
        await workers.close(0)
        await opening
        assert not workers.digest

    play(scene())


def test_a_mother_who_dies_before_her_turn_does_not_end_the_one_before(play, small, monkeypatch):
    real, killed = Nest.fork, []

    async def fork(nest):
        if nest.publication is after and not killed:
            killed.append(nest)
            nest._process.kill()
            await until(lambda: not nest.open)
            assert workers.digest == before.digest
        return await real(nest)

    before, after = read(small), read(small)
    workers = None

    async def scene():
        nonlocal workers
        workers = Workers(1, 10, 64)
        monkeypatch.setattr("stadtgraph.serve.workers.AGAIN", 0)
        monkeypatch.setattr(Nest, "fork", fork)
        await workers.open(before)
        await workers.open(after)
        assert killed
        answer = await workers.ask(QUESTION)
        assert answer.line.nest.publication is after
        await answer.part(1)
        await workers.close(0)

    play(scene())


def test_a_mother_who_dies_while_another_publication_follows_does_not_keep_it_away(play, small):
    before, after = read(small), read(small)

    async def scene():
        workers = Workers(1, 10, 64)
        await workers.open(before)
        opening = asyncio.ensure_future(workers.open(after))
        await asyncio.sleep(0)
        workers._nest._process.kill()
        await opening
        answer = await workers.ask(QUESTION)
        assert answer.line.nest.publication is after
        await answer.part(1)
        await workers.close(0)

    play(scene())


def test_a_question_put_while_publications_change_goes_to_the_new_one(play, small, monkeypatch):
    real, before, after = Nest.fork, read(small), read(small)

    async def scene():
        workers = Workers(1, 10, 64)
        await workers.open(before)
        old = workers._nest
        for line in old.spare:
            line.dismiss()
        old.spare.clear()

        async def fork(nest):
            line = await real(nest)
            if nest is old:
                await workers.open(after)
            return line

        monkeypatch.setattr(Nest, "fork", fork)
        answer = await workers.ask(QUESTION)
        assert answer.line.nest.publication is after
        await answer.part(1)
        await workers.close(0)

    play(scene())


def test_a_question_that_had_no_chance_to_work_is_not_refused_as_a_long_one(play, publication):
    digits = " ".join(f"VALUES ?{name} {{ 0 1 2 3 4 5 6 7 8 9 }}" for name in "abcdefghi")
    endless = Question(f"SELECT (SUM(?a + ?i) AS ?n) {{ {digits} }}")

    async def scene():
        workers = Workers(1, 20, 64)
        await workers.open(publication)
        long = [await workers.put(endless) for _ in range(8)]
        await until(lambda: all(one.slow for one in long) and workers._nest.spare)
        refused = await workers.put(endless)
        with pytest.raises(Refused, match="query-too-many"):
            await refused.start()
        await until(lambda: workers._nest.spare)
        idle = psutil.Process(workers._nest.spare[-1].pid)
        idle.suspend()
        answer = await workers.put(QUESTION)
        await asyncio.sleep(0.3)  # many times what counts as quick
        idle.resume()
        await answer.start()
        await workers.close(0)

    play(scene())
