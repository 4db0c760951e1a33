"""What the tests share: the two cities, copies of them to break, and the command as people run it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

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


Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def run() -> Run:
    """Run ``stadtgraph`` in a process of its own, in English unless the arguments say otherwise."""

    def run(*arguments: str | Path, cwd: Path = ROOT, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {"LANG": "en_GB.UTF-8", "PATH": os.environ["PATH"], **variables}
        command = [Path(sys.executable).parent / "stadtgraph", *arguments]
        return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120)

    return run


@pytest.fixture(scope="session")
def public(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real city's publication, as a stranger finds it."""
    out = tmp_path_factory.mktemp("public") / "public"
    result = run("publish", "--out", out)
    assert result.returncode == 0, result.stderr
    return out


@pytest.fixture(scope="session")
def site() -> Site:
    """The real city as its publication sees it."""
    city = load(ROOT)
    complete(city)
    return Site(city)
