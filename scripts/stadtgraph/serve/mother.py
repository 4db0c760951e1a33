"""The process that loads a publication once and forks the workers that answer from it.

A worker shares the graph with its mother until it writes to it, so that it starts within milliseconds and
twenty workers hold the graph once. The mother has one thread and answers no question itself, so forking is
safe and she always has time. She alone sends signals to workers, since she alone knows that a process number
still belongs to one. When the server is gone she ends her workers and herself.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import resource
import select
import signal
import socket
import struct
import sys
from pathlib import Path
from typing import Final

from pyoxigraph import RdfFormat, Store

from stadtgraph.serve.frames import exactly, receive
from stadtgraph.serve.worker import City, answer_all

# An order, and what is told back: a kind, a worker's number, and a process number or how a worker has ended.
ORDER: Final = struct.Struct("!cii")
FORK: Final = b"f"
KILL: Final = b"k"
HOLD: Final = b"h"
GO: Final = b"g"
SLOW: Final = b"s"
QUICK: Final = b"q"
READY: Final = b"r"
GONE: Final = b"x"
SIGNALS: Final = {KILL: signal.SIGKILL, HOLD: signal.SIGSTOP, GO: signal.SIGCONT}
# How much a worker that takes long gives way to others (POSIX nice).
NICE: Final = 15
# A worker that has grown by more is not used again, in bytes.
GROWN: Final = 32 << 20
PR_SET_PDEATHSIG: Final = 1
# A worker's files: none in, none out, no errors, its socket. It can open no other.
OWN: Final = 3


def main() -> None:
    """Load the graph that the server names, then do what it says until it is gone."""
    for ignored in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    _end_with_parent()
    # A server that ends while we start needs no answer.
    gone = contextlib.suppress(BrokenPipeError, ConnectionResetError)
    with socket.socket(fileno=int(sys.argv[1])) as control, gone:
        _, told = receive(control)
        setup = json.loads(told)
        store = Store()
        with Path(setup["dump"]).open("rb") as dump:
            store.load(dump, format=RdfFormat.N_QUADS)
        graphs = tuple(sorted(graph.value for graph in store.named_graphs()))
        city = City(store, setup["base"], setup["prefixes"], graphs)
        gc.collect()
        gc.freeze()
        control.sendall(ORDER.pack(READY, len(store), 0))
        _obey(control, city, setup["memory"])


def _obey(control: socket.socket, city: City, memory: int) -> None:
    children: dict[int, int] = {}
    awake, wake = socket.socketpair()
    for end in (awake, wake):
        end.setblocking(False)
    signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    try:
        while True:
            ready, _, _ = select.select([control, awake], [], [])
            if awake in ready:
                with contextlib.suppress(BlockingIOError):
                    awake.recv(4096)
                _reap(control, children)
            if control in ready:
                order, files, _, _ = socket.recv_fds(control, ORDER.size, 1)
                if not order:
                    return
                order += exactly(control, ORDER.size - len(order))
                kind, number, _ = ORDER.unpack(order)
                if kind == FORK:
                    pid = _fork(files[0], city, memory)
                    if pid > 0:
                        children[number] = pid
                    control.sendall(ORDER.pack(FORK, number, pid))
                elif kind == QUICK and number in children:
                    control.sendall(ORDER.pack(QUICK, number, _rested(children[number])))
                elif number in children:
                    _change(kind, children[number])
    except (BrokenPipeError, ConnectionResetError, EOFError):
        return
    finally:
        signal.set_wakeup_fd(-1)
        for pid in children.values():
            os.kill(pid, signal.SIGKILL)


def _fork(file: int, city: City, memory: int) -> int:
    """Return the process number of a new worker that answers over ``file``; -1 when there can be none."""
    try:
        pid = os.fork()
    except OSError:
        pid = -1
    if pid == 0:
        _become_worker(file, city, memory)
    os.close(file)
    return pid


def _change(kind: bytes, pid: int) -> None:
    if kind == SLOW:
        os.setpriority(os.PRIO_PROCESS, pid, NICE)
    else:
        os.kill(pid, SIGNALS[kind])


def _rested(pid: int) -> bool:
    """Give a worker its rank back; return whether it can go on as if it were new.

    It cannot where the system lets no process rise again (``RLIMIT_NICE``), nor when it has grown.
    """
    try:
        os.setpriority(os.PRIO_PROCESS, pid, 0)
        return _held(pid) - _held(os.getpid()) < GROWN
    except OSError:
        return False


def _held(pid: int) -> int:
    """Return how much memory for data a process has, in bytes (Linux)."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[5]) * resource.getpagesize()


def _reap(control: socket.socket, children: dict[int, int]) -> None:
    for number, pid in tuple(children.items()):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            del children[number]
            control.sendall(ORDER.pack(GONE, number, os.waitstatus_to_exitcode(status)))


def _become_worker(file: int, city: City, memory: int) -> None:
    """Give up what a worker must not have, answer, and end without returning."""
    try:
        _end_with_parent()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        with contextlib.suppress(OSError):  # when memory runs out, a worker goes before anything else does
            Path("/proc/self/oom_score_adj").write_text("1000")
        _limit_memory(memory)
        nothing = os.open(os.devnull, os.O_RDWR)
        own = os.dup(file)
        for number in range(OWN):
            os.dup2(nothing, number)
        os.dup2(own, OWN)
        os.closerange(OWN + 1, max(file, nothing, own, 64) + 1)
        # No further file nor socket can be opened, whatever a question asks for.
        resource.setrlimit(resource.RLIMIT_NOFILE, (OWN + 1, OWN + 1))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        answer_all(socket.socket(fileno=OWN), city)
    finally:
        os._exit(0)


def _limit_memory(memory: int) -> None:
    """Bound what a worker may take besides the graph that it was born with, in bytes."""
    with contextlib.suppress(OSError):
        held = _held(os.getpid())
        resource.setrlimit(resource.RLIMIT_DATA, (held + memory, held + memory))


def _end_with_parent() -> None:
    with contextlib.suppress(OSError, AttributeError):  # Linux only; elsewhere the closed socket ends us
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    main()
