"""What the documents show is what the tool does."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
# Times, names of publications, how much it is in files and bytes, and whether it was there before.
CHANGES_EACH_TIME = re.compile(
    r"(?m)^Seit der letzten .*\n|\d+[.,]\d s\b|[0-9a-f]{16}|[\d.]+ (?:Dateien|kB)"
    "|ist neu|war schon aktuell|is new|was up to date"
)
SERVED = "http://127.0.0.1:8000/"


def shown():
    for name in DOCUMENTS:
        for block in BLOCK.findall((ROOT / name).read_text()):
            command, _, output = block.removeprefix("$ ").partition("\n")
            yield pytest.param(command, output, id=command)


@pytest.fixture(scope="module")
def place(checkout):
    """The repository as `make publish` leaves it."""
    for path in ROOT.iterdir():
        if not (checkout / path.name).exists() and path.name not in ("public", ".public"):
            (checkout / path.name).symlink_to(path)
    return checkout


@pytest.fixture(scope="module")
def served(place, start):
    """The address at which `make` would serve what it has published."""
    return f"http://127.0.0.1:{start(place / 'public').port}/"


@pytest.mark.parametrize(("command", "output"), list(shown()))
def test_a_command_that_is_shown_prints_what_is_shown(place, served, command, output):
    result = subprocess.run(
        command.replace(SERVED, served),
        shell=True,
        cwd=place,
        env={"PATH": os.environ["PATH"], "LANG": "en_GB.UTF-8"},
        stdout=subprocess.PIPE,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0
    printed = re.sub(r"^Seit der letzten Veröffentlichung.*\n", "", result.stdout, flags=re.MULTILINE)
    assert CHANGES_EACH_TIME.sub("~", printed) == CHANGES_EACH_TIME.sub("~", output)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_each_link_into_the_repository_leads_somewhere(name):
    for target in re.findall(r"\]\(([^)#:]+)\)", (ROOT / name).read_text()):
        assert (ROOT / target).exists(), target


@pytest.mark.parametrize("name", DOCUMENTS)
def test_each_path_that_is_named_exists(name):
    text = re.sub(r"```.*?```", "", (ROOT / name).read_text(), flags=re.DOTALL)
    for path in re.findall(r"`((?:data|shapes|queries|tests|scripts|ontology)/[\w./-]*)`", text):
        assert (ROOT / path).exists(), path


def test_the_picture_is_the_one_that_the_build_draws(public):
    assert (ROOT / ".readme" / "graph.svg").read_bytes() == (public / "picture.de.svg").read_bytes()


def test_the_example_of_a_message_is_what_comes(run, city):
    file = city / "data" / "organisations.ttl"
    file.write_text(file.read_text().replace(' , "Equal Opportunities Office"@en', ""))
    (example,) = re.findall(
        r"```text\n(data/organisations.*?)```", (ROOT / "README.md").read_text(), re.DOTALL
    )
    result = run("validate", "--root", city, city / "data" / "organisations.ttl", "--lang", "de")
    assert example in result.stdout


def test_the_python_examples_run(place, served):
    examples = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert len(examples) == 2
    for code in examples:
        command = [ROOT / ".venv" / "bin" / "python", "-c", code.replace(SERVED, served)]
        result = subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=60)
        assert result.returncode == 0 and result.stdout, result.stderr


def test_the_turtle_examples_of_contributing_are_valid(run, city):
    examples = re.findall(r"```turtle\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.DOTALL)
    files = [city / "data" / "background" / "organisations.ttl", city / "data" / "sources.ttl"]
    for file, example in zip(files, examples, strict=True):
        file.write_text(f"{file.read_text()}\n{re.sub('^   ', '', example, flags=re.MULTILINE)}")
    result = run("validate", "--root", city, *files)
    assert result.returncode == 0, result.stdout


def test_every_command_that_is_named_exists(run):
    text = "".join((ROOT / name).read_text() for name in DOCUMENTS)
    for command in set(re.findall(r"`stadtgraph (\w+)", text)):
        assert run(command, "--help").returncode == 0
    targets = (ROOT / "Makefile").read_text()
    for target in set(re.findall(r"`make (\w+)`", text)):
        assert re.search(rf"^{target}:", targets, re.MULTILINE)
