"""Compare validators on the synthetic city: time, memory, and whether they find the same.

    .venv/bin/python scripts/bench/shacl/compare.py 10000 1000000 [--pyrudof PYTHON] [--most NAME=SIZE …]

Each engine reads files and validates in a process of its own. ``--pyrudof`` names the Python of another
environment in which pyrudof is installed; ``--most pyshacl=100000 "pyshacl core=1000000"`` leaves an
engine out above a size. Results are compared as they are written; rdflib is told not to spell literals
anew while it reads (7.5e0 as 7.5, Z as +00:00). What is left over is compared by value.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rdflib.term import Node

    from stadtgraph.shacl import Report

HERE = Path(__file__).parent
SHAPES = {"core": [HERE / "shapes.ttl"], "core and SPARQL": [HERE / "shapes.ttl", HERE / "sparql.ttl"]}
Rows = list[list[str]]


def ours(data: Path, shapes: list[Path]) -> tuple[Rows, float]:
    from stadtgraph import shacl

    return rows_of(shacl.validate(data, shapes)), 0.0


def pyshacl(data: Path, shapes: list[Path]) -> tuple[Rows, float]:
    import rdflib

    from stadtgraph.shacl import to_rdflib, validate_with_pyshacl
    from stadtgraph.shacl.graphs import quiet

    started = time.perf_counter()
    rdflib.NORMALIZE_LITERALS = False  # else it would report other literals than the file has
    graph = rdflib.Graph()
    with quiet():
        graph.parse(data)
    loaded = time.perf_counter() - started
    return rows_of(validate_with_pyshacl(graph, to_rdflib(shapes))), loaded


def rows_of(report: Report) -> Rows:
    from rdflib import BNode

    def text(node: Node | None) -> str:
        return "" if node is None else "_:" if isinstance(node, BNode) else str(node)

    return [
        [text(each) for each in (r.focus_node, r.path, r.value, r.component, r.severity, r.source_shape)]
        for r in report.results
    ]


def pyrudof(data: Path, shapes: list[Path]) -> tuple[Rows, float]:
    from pyrudof import Rudof, RudofConfig  # type: ignore[import-not-found]

    started = time.perf_counter()
    rudof = Rudof(RudofConfig())
    rudof.read_data(str(data))
    loaded = time.perf_counter() - started
    rudof.read_shacl("\n".join(path.read_text() for path in shapes))
    report = rudof.validate_shacl()

    def text(node: object) -> str:
        plain = "" if node is None else str(node)
        if plain.startswith("_:"):
            return "_:"
        if plain.startswith('"'):
            return plain[1 : plain.rindex('"')]
        return plain.strip("<>")

    severity = "http://www.w3.org/ns/shacl#"

    return [
        [
            text(each)
            for each in (
                e.focus_node,
                e.path,
                e.value,
                e.constraint_component,
                severity + e.severity,
                e.source_shape,
            )
        ]
        for e in report
    ], loaded


def child(engine: str, data: Path, shapes: list[Path], out: Path) -> None:
    """Run one engine and write down what it took and found."""
    started = time.perf_counter()
    rows, loaded = {"ours": ours, "pyshacl": pyshacl, "pyrudof": pyrudof}[engine](data, shapes)
    wall = time.perf_counter() - started
    use = resource.getrusage(resource.RUSAGE_SELF)
    figures = {
        "wall": wall,
        "loaded": loaded,
        "cpu": use.ru_utime + use.ru_stime,
        "memory": use.ru_maxrss / 1024,
        "rows": rows,
    }
    out.write_text(json.dumps(figures))


def run(engine: str, python: str, size: int, kind: str, folder: Path) -> dict[str, object] | None:
    from generate import write

    data = folder / f"{size}.ttl"
    write(data, size)
    out = folder / f"{engine}.json"
    out.unlink(missing_ok=True)
    arguments = [python, __file__, "--child", engine, str(data), str(out), *map(str, SHAPES[kind])]
    subprocess.run(arguments, check=False, timeout=7200, stderr=subprocess.DEVNULL)
    return json.loads(out.read_text()) if out.exists() else None  # type: ignore[no-any-return]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="+", type=int)
    parser.add_argument("--pyrudof")
    parser.add_argument("--most", nargs="*", default=[])
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "stadtgraph-bench-shacl")
    options = parser.parse_args()
    engines = {"ours": sys.executable, "pyshacl": sys.executable}
    if options.pyrudof:
        engines["pyrudof"] = options.pyrudof
    most = {name: int(size) for name, _, size in (each.partition("=") for each in options.most)}
    print("| triples | shapes | engine | wall s | CPU s | peak MB | results | same results as pyshacl |")
    print("|---|---|---|---|---|---|---|---|")
    for size in options.sizes:
        for kind in SHAPES:
            reference = None
            for engine in ("pyshacl", *(name for name in engines if name != "pyshacl")):
                if size > most.get(f"{engine} {kind}", most.get(engine, size)):
                    continue
                figures = run(engine, engines[engine], size, kind, options.folder)
                if figures is None:
                    print(f"| {size:,} | {kind} | {engine} | fails | | | | |", flush=True)
                    continue
                rows = Counter(map(tuple, figures["rows"]))  # type: ignore[arg-type]
                if engine == "pyshacl":
                    reference = rows
                same = "" if reference is None else compared(rows, reference)
                print(
                    f"| {size:,} | {kind} | {engine} | {figures['wall']:.2f} | {figures['cpu']:.2f} "
                    f"| {figures['memory']:.0f} | {rows.total()} | {same} |",
                    flush=True,
                )


def compared(rows: Counter[tuple[str, ...]], reference: Counter[tuple[str, ...]]) -> str:
    """Say whether two engines found the same, and how many results are the same by value only."""
    missing, surplus = reference - rows, rows - reference
    if not missing and not surplus:
        return "yes"
    theirs, ours = (Counter(map(by_value, each.elements())) for each in (missing, surplus))
    if theirs == ours:
        return f"yes ({ours.total()} of them by value)"
    return f"no: {(theirs - ours).total()} missing, {(ours - theirs).total()} too many"


def by_value(row: tuple[str, ...]) -> tuple[str, ...]:
    focus, path, value, *others = row
    try:
        value = repr(float(value))
    except ValueError:
        value = re.sub(r"(?<=:\d\d)Z$", "+00:00", value)
    return focus, path, value, *others


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], Path(sys.argv[3]), [Path(each) for each in sys.argv[5:]], Path(sys.argv[4]))
    else:
        main()
