"""What the tests share: the two cities, copies of them to break, and the command as people run it."""

import fcntl
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import settings

from stadtgraph.load import load
from stadtgraph.site.build import complete
from stadtgraph.site.things import Site

ROOT = Path(__file__).resolve().parent.parent
MUSTERSTADT = ROOT / "tests" / "cities" / "musterstadt"
# The same cases each time, so that a test tells of the change at hand; `make fuzz` looks for new ones.
# A busy machine is no fault of the code: examples may take as long as they need.
settings.register_profile("same", deadline=None, derandomize=True)
settings.register_profile("new", deadline=None)
settings.load_profile(os.environ.get("CASES", "same"))

PARTS = ("data", "ontology", "shapes", "queries")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest: begun last, one would keep a single process busy at the end."""
    items.sort(key=lambda item: item.get_closest_marker("dear") is None)


DEBIAN = ROOT / ".cache" / "debian" / "root"


@pytest.fixture(scope="session")
def tool() -> Callable[[str], tuple[str, dict[str, str]]]:
    """Find a foreign program, and the environment in which it finds its libraries.

    It comes from PATH or from where ``make tools`` unpacks Debian's packages without installing anything.
    """

    def find(name: str) -> tuple[str, dict[str, str]]:
        libraries = next(DEBIAN.glob("usr/lib/*-linux-gnu"), DEBIAN)
        for folder in ("usr/sbin", "usr/bin"):
            if (DEBIAN / folder / name).is_file():
                return str(DEBIAN / folder / name), {**os.environ, "LD_LIBRARY_PATH": str(libraries)}
        found = shutil.which(name)
        if not found:
            pytest.skip(f"{name} is missing: make tools")
        return found, dict(os.environ)

    return find


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture
def musterstadt(tmp_path: Path) -> Path:
    """A copy of the second city that a test may break."""
    return Path(shutil.copytree(MUSTERSTADT, tmp_path / "musterstadt"))


@pytest.fixture
def city(tmp_path: Path) -> Path:
    """A copy of the real city that a test may break."""
    for part in PARTS:
        shutil.copytree(ROOT / part, tmp_path / "city" / part)
    return tmp_path / "city"


Ended = subprocess.CompletedProcess[str]
Run = Callable[..., Ended]


@pytest.fixture(scope="session")
def run_anew() -> Run:
    """Run ``stadtgraph`` as people do, in English unless the arguments say otherwise."""

    def run_anew(*arguments: str | Path, cwd: Path = ROOT, **variables: str) -> Ended:
        environment = {"LANG": "en_GB.UTF-8", "PATH": os.environ["PATH"], **variables}
        command = [Path(sys.executable).parent / "stadtgraph", *arguments]
        return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=600)

    return run_anew


@pytest.fixture(scope="session")
def run(run_anew: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Run it in a process of its own as well, but one that need not read the libraries first.

    All of them have the same hash seed; what must not depend on it is run anew.
    """
    folder = tmp_path_factory.mktemp("run")
    out, err = folder / "out", folder / "err"
    process = subprocess.Popen(
        [sys.executable, ROOT / "tests" / "forking.py"],
        env={"LANG": "C.UTF-8", "PATH": os.environ["PATH"]},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )

    def run(*arguments: str | Path, cwd: Path = ROOT, **variables: str) -> Ended:
        if any(name.startswith("PYTHON") for name in variables):  # these are for a new interpreter
            return run_anew(*arguments, cwd=cwd, **variables)
        environment = {"LANG": "en_GB.UTF-8", "PATH": os.environ["PATH"], **variables}
        called = [str(argument) for argument in arguments]
        out.touch()
        err.touch()
        process.stdin.write(json.dumps([called, str(cwd), environment, str(out), str(err)]) + "\n")
        code = int(process.stdout.readline())
        return Ended(called, code, out.read_text(), err.read_text())

    yield run
    process.stdin.close()
    process.wait()
    process.stdout.close()


@pytest.fixture(scope="session")
def published(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Path], Path]:
    """Publish a city once for all tests, in whichever process they run: they only read what lies there."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own

    def published(name: str, root: Path) -> Path:
        folder = shared / f"published-{name}"
        folder.mkdir(exist_ok=True)
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / "public").exists():
                result = run("publish", "--root", root, "--out", folder / "public")
                assert result.returncode == 0, result.stderr
        return folder / "public"

    return published


@pytest.fixture(scope="session")
def public(published: Callable[[str, Path], Path]) -> Path:
    """The real city's publication, as a stranger finds it."""
    return published("city", ROOT)


@pytest.fixture(scope="module")
def checkout(public: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the real city with its publication, which the tests of a module may break."""
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copytree(public.parent, folder, symlinks=True, dirs_exist_ok=True)
    for part in PARTS:
        shutil.copytree(ROOT / part, folder / part)
    return folder


class Answer(NamedTuple):
    """What a server answered; header names in lower case."""

    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode()


class Server:
    """``stadtgraph serve`` in a process of its own."""

    def __init__(self, out: Path, log: Path, *options: str, **variables: str) -> None:
        command = [Path(sys.executable).parent / "stadtgraph", "serve", "--out", out, "--port", "0", *options]
        environment = {"LANG": "en_GB.UTF-8", "PATH": os.environ["PATH"], **variables}
        self.log = log
        with log.open("w") as file:
            self.process = subprocess.Popen(command, env=environment, stdout=file, stderr=file)
        while not (match := re.search(r"http://[^/ ]+:(\d+)(\S*)/", log.read_text())):
            assert self.process.poll() is None, log.read_text()
            time.sleep(0.01)
        self.port = int(match[1])

    def ask(
        self, path: str, method: str = "GET", body: bytes | None = None, **headers: str | list[str]
    ) -> Answer:
        """Send one request; an underscore in a header's name stands for a hyphen."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.putrequest(method, path, skip_host="Host" in headers, skip_accept_encoding=True)
        for name, values in headers.items():
            for value in [values] if isinstance(values, str) else values:
                connection.putheader(name.replace("_", "-"), value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        found: dict[str, str] = {}
        for name, value in answer.getheaders():
            key = name.lower()
            found[key] = f"{found[key]}, {value}" if key in found else value
        return Answer(answer.status, found, content)

    def raw(self, data: bytes) -> bytes:
        """Send bytes as they are, and return all that comes until the server closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as client:
            client.sendall(data)
            return b"".join(iter(lambda: client.recv(65536), b""))

    def stop(self) -> int:
        """Ask the server to end, and return its exit code."""
        self.process.terminate()
        return self.process.wait(30)


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    """Start servers; they are ended after the tests, if a test has not done so."""
    started: list[Server] = []

    def start(out: Path, *options: str, **variables: str) -> Server:
        server = Server(out, tmp_path_factory.mktemp("serve") / "log", *options, **variables)
        started.append(server)
        return server

    yield start
    for server in started:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()


@pytest.fixture(scope="session")
def small(published: Callable[[str, Path], Path]) -> Path:
    """The publication of the second city."""
    return published("musterstadt", MUSTERSTADT)


@pytest.fixture(scope="session")
def retired(published: Callable[[str, Path], Path]) -> Path:
    """The publication of a town after a reform: one office became part of another, one is gone."""
    return published("reform", ROOT / "tests" / "cities" / "reform")


@pytest.fixture(scope="session")
def server(start: Callable[..., Server], small: Path) -> Server:
    """A server of the second city that tests only ask."""
    return start(small)


@pytest.fixture(scope="session")
def site() -> Site:
    """The real city as its publication sees it."""
    city = load(ROOT)
    complete(city)
    return Site(city)
