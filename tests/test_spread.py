"""Work is shared out among processes, and none of them is left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from stadtgraph.site.shelf import CannotPublish
from stadtgraph.site.spread import BLOCK, WORTH, Crew, spread

MANY = range(3 * WORTH)


@pytest.mark.parametrize("processes", [1, 2, 5])
def test_results_come_in_the_order_of_the_things(processes):
    assert list(spread(lambda number: (number, "x" * number * 100), MANY, processes)) == [
        (number, "x" * number * 100) for number in MANY
    ]


def told(_):
    time.sleep(0.01)
    return os.getpid()


def test_several_processes_work_and_this_is_one_of_them():
    pids = set(spread(told, MANY, 3))
    assert len(pids) == 3 and os.getpid() in pids


def test_neighbours_are_done_by_one_process():
    pids = list(spread(told, MANY, 3))
    for first in range(0, len(MANY), BLOCK):
        assert len(set(pids[first : first + BLOCK])) == 1


def test_who_is_free_takes_what_is_left():
    here = os.getpid()

    def slow_elsewhere(number):
        time.sleep(0.01 if os.getpid() == here else 0.1)
        return os.getpid()

    pids = list(spread(slow_elsewhere, MANY, 2))
    assert pids.count(here) >= 4 * BLOCK


def test_few_things_are_done_here():
    assert set(spread(lambda _: os.getpid(), range(WORTH - 1), 3)) == {os.getpid()}


@pytest.mark.parametrize(("processes", "first"), [(1, 0), (2, 0), (2, BLOCK)])
def test_an_error_comes_back_as_it_was(processes, first):
    def refuse(number):
        if number >= first:
            raise CannotPublish("name-taken", name=f"doc/{number}.html")

    before = psutil.Process().children()
    with pytest.raises(CannotPublish) as refused:
        list(spread(refuse, MANY, processes))
    assert f"doc/{first}.html" in refused.value.sentence("en")
    assert psutil.Process().children() == before


def test_a_process_that_is_killed_is_noticed():
    here = os.getpid()

    def die(number):
        time.sleep(0.01)
        if os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(ChildProcessError, match="ended early"):
        list(spread(die, MANY, 2))


def works(pid):
    try:
        return ") Z" not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def test_processes_that_are_left_alone_end():
    script = """
import os, sys, time
from stadtgraph.site.spread import spread
def work(number):
    time.sleep(0.01)
    return os.getpid(), "x" * 10_000
for pid, _ in spread(work, range(100_000), 3, block=1):
    print(pid, flush=True)
"""
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    pids = {int(process.stdout.readline()) for _ in range(200)}
    process.kill()
    process.communicate()
    assert len(pids) == 3
    deadline = time.monotonic() + 60
    while any(map(works, pids)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_jobs_begin_when_they_are_queued_and_their_results_wait_however_large_they_are():
    reading, writing = os.pipe()

    def work(number):
        os.write(writing, b".")
        return number, os.getpid(), "x" * 1_000_000

    with Crew(work, range(20), 2) as crew:
        crew.queue(range(10), 1)
        crew.queue([15, 12], 1)
        begun = b""
        while len(begun) < 12:
            begun += os.read(reading, 12)
        found = list(crew.results())
    assert [number for number, _, _ in found] == [*range(10), 15, 12]
    assert os.getpid() not in {pid for _, pid, _ in found}
