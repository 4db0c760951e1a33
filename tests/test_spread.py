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
from stadtgraph.site.spread import WORTH, spread

MANY = range(3 * WORTH)


@pytest.mark.parametrize("processes", [1, 2, 5])
def test_results_come_in_the_order_of_the_things(processes):
    assert list(spread(lambda number: (number, "x" * number * 100), MANY, processes)) == [
        (number, "x" * number * 100) for number in MANY
    ]


def test_several_processes_work():
    assert len(set(spread(lambda _: os.getpid(), MANY, 3)) - {os.getpid()}) == 3


def test_few_things_are_done_here():
    assert set(spread(lambda _: os.getpid(), range(WORTH - 1), 3)) == {os.getpid()}


@pytest.mark.parametrize("processes", [1, 2])
def test_an_error_comes_back_as_it_was(processes):
    def refuse(number):
        raise CannotPublish("name-taken", name=f"doc/{number}.html")

    before = psutil.Process().children()
    with pytest.raises(CannotPublish) as refused:
        list(spread(refuse, MANY, processes))
    assert "doc/0.html" in refused.value.sentence("en")
    assert psutil.Process().children() == before


def test_a_process_that_is_killed_is_noticed():
    def die(number):
        if number == 7:
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
for pid, _ in spread(work, range(100_000), 2):
    print(pid, flush=True)
"""
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    pids = {int(process.stdout.readline()) for _ in range(10)}
    process.kill()
    process.communicate()
    assert len(pids) == 2
    deadline = time.monotonic() + 60
    while any(map(works, pids)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
