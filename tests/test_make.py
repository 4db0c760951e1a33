"""Where `make` cannot go on it says why, and what to do, before the tool is there to say it."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

NOBODY = 65534
# Stands for a Python in a world that gives it no environment, or no libraries.
PYTHON = """#!/bin/sh
case "$*" in
*venv*) {venv} ;;
*pip\\ --version*) exit 1 ;;
*install*) echo "no connection" >&2; exit 1 ;;
esac
"""
MADE = 'mkdir -p .venv/bin && cp "$0" .venv/bin/python'


@pytest.fixture
def clone(root):
    """A folder with what `make` reads, in which anybody may look."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for name in ("Makefile", "pyproject.toml", "requirements.lock"):
            shutil.copy(root / name, folder)
        folder.chmod(0o755)
        yield folder


def make_setup(clone, venv, **options):
    python = clone / "python"
    python.write_text(PYTHON.format(venv=venv))
    python.chmod(0o755)
    if "user" in options:
        clone.chmod(0o555)
    environment = {"PATH": os.environ["PATH"]}
    command = ["make", "setup", f"PYTHON={python}"]
    return subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True, **options)


def test_a_folder_that_cannot_be_written_is_named(clone):
    user = NOBODY if os.geteuid() == 0 else None  # root may write anywhere
    result = make_setup(clone, MADE, user=user)
    assert result.returncode == 2
    assert "nicht schreiben; bitte das Repository dorthin klonen" in result.stdout
    assert "cannot be written to; please clone" in result.stdout
    assert not (clone / ".venv").exists()


def test_a_python_that_makes_no_environment_is_explained(clone):
    result = make_setup(clone, "exit 1")
    assert result.returncode == 2
    assert "unter Debian und Ubuntu fehlt oft python3-venv" in result.stdout
    assert "on Debian and Ubuntu often python3-venv is missing" in result.stdout


def test_libraries_that_cannot_be_fetched_are_fetched_the_next_time(clone):
    for _ in range(2):
        result = make_setup(clone, MADE)
        assert result.returncode == 2
        assert "bitte die Verbindung prüfen und make wiederholen" in result.stdout
        assert "please check the connection and call make again" in result.stdout
        assert "no connection" in result.stderr
    assert not (clone / ".venv" / "ready").exists()
