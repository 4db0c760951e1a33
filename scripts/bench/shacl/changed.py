"""Measure the command over many files: a full run, the first that remembers, one changed file, and parts.

    .venv/bin/python scripts/bench/shacl/changed.py [TRIPLES [FILES]]

Each run is a process of its own; the results of the runs over the same data are compared.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from generate import city

HERE = Path(__file__).parent
BLANK = re.compile("_:[0-9a-z]+")


def write(folder: Path, triples: int, files: int) -> None:
    """Write the city as so many files of about the same size."""
    head, *things = city(triples)
    size = -(-len(things) // files)
    for number in range(files):
        text = head + "".join(things[number * size : (number + 1) * size])
        (folder / f"{number:03}.ttl").write_text(text, "utf-8")


def measure(name: str, folder: Path, *options: str) -> str:
    """Run the command, print its figures and return what it found, without the names of blank nodes."""
    shapes = [part for file in ("shapes.ttl", "sparql.ttl") for part in ("--shapes", str(HERE / file))]
    command = [
        str(Path(sys.executable).parent / "stadtgraph"),
        "validate",
        str(folder / "data"),
        *shapes,
        *options,
    ]
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache"), "LANG": "C.UTF-8"}
    started = time.perf_counter()
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        found = process.stdout.read() if process.stdout else ""
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 1
    wall, cpu = time.perf_counter() - started, usage.ru_utime + usage.ru_stime
    print(f"| {name} | {wall:.1f} | {cpu:.1f} | {usage.ru_maxrss // 1024} |", flush=True)
    return BLANK.sub("_:", found)


def main() -> None:
    triples, files = (int(each) for each in (*sys.argv[1:], "1000000", "100")[:2])
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "data").mkdir()
        write(folder / "data", triples, files)
        print("| run | wall s | CPU s | peak MB |\n|---|---:|---:|---:|")
        full = measure("--no-cache", folder, "--no-cache")
        same = [measure("first, remembered", folder), measure("nothing changed", folder)]
        same.append(measure("--processes 2", folder, "--processes", "2"))
        if any(each != full for each in same):
            sys.exit("the results differ")
        changed = folder / "data" / f"{files // 2:03}.ttl"
        for name, old, new in (("one label", '"Fest 1', '"F 1'), ("all labels of a file", '"Amt ', '"A ')):
            changed.write_text(
                changed.read_text("utf-8").replace(old, new, 1 if name == "one label" else -1), "utf-8"
            )
            again = measure(name + " changed", folder)
        if again != measure("the same, --no-cache", folder, "--no-cache"):
            sys.exit("the results differ")


if __name__ == "__main__":
    main()
