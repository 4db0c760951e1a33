"""Publish synthetic cities in full and after one changed label: time, things per second, peak memory.

Each publication runs in a process of its own; memory is that of this process and of those that it starts
(proportional set size, so that what they share counts once). Usage:
``python scripts/bench/site/measure.py CITY [THINGS ...]``; CITY is a folder with ontology/ and shapes/.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HEAD = """@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix id: <{base}id/> .
@prefix org: <http://www.w3.org/ns/org#> .
@prefix schema: <https://schema.org/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix source: <{base}source/> .
"""
BODY = """
id:amt-{n} a org:OrganizationalUnit ;
    skos:prefLabel "{name} {n}"@de , "Office {n}"@en ;
    dcterms:description "Amt {n} der Stadt, das für vieles da ist."@de , "Office {n} of the city."@en ;
    org:unitOf id:amt-{above} ;
    org:purpose id:thema-{theme} ;
    schema:address id:amt-{n}-adresse ;
    dcterms:source source:seite-{source} .

id:amt-{n}-adresse a schema:PostalAddress ;
    schema:name "Anschrift {n}"@de , "Address {n}"@en ;
    schema:streetAddress "Ring {n}" ;
    schema:postalCode "44137" ;
    schema:addressLocality "Musterstadt" .
"""
CONCEPT = """
id:thema-{n} a skos:Concept ;
    skos:prefLabel "Thema {n}"@de , "Theme {n}"@en ;
    skos:broader id:thema-{above} .
"""
SOURCE = """
source:seite-{n} a schema:WebPage ;
    schema:name "Seite {n}"@de , "Page {n}"@en ;
    schema:url <https://example.org/{n}> .
"""


def write(folder: Path, base: str, things: int, name: str) -> None:
    """Write about as many things: bodies with addresses, a tenth concepts, a tenth sources."""
    bodies, tenth = things * 4 // 10, max(1, things // 10)
    with (folder / "bodies.ttl").open("w", encoding="utf-8") as file:
        file.write(HEAD.format(base=base))
        for n in range(bodies):
            label = name if n == bodies // 2 else "Amt"
            theme, source, above = n * 7 % tenth, n * 13 % tenth, n // 12
            file.write(BODY.format(n=n, name=label, above=above, theme=theme, source=source))
    for stem, text in (("concepts", CONCEPT), ("sources", SOURCE)):
        with (folder / f"{stem}.ttl").open("w", encoding="utf-8") as file:
            file.write(HEAD.format(base=base))
            for n in range(tenth):
                file.write(text.format(n=n, above=n // 8))


def one(root: str, out: str) -> None:
    """Load and publish once; print what it took as JSON."""
    from stadtgraph.load import load
    from stadtgraph.site.build import complete, publish

    start = time.perf_counter()
    city = load(Path(root))
    complete(city)
    loaded = time.perf_counter()
    memory = held(os.getpid())
    done = publish(city, Path(out))
    end = time.perf_counter()
    print(
        json.dumps(
            {
                "load": loaded - start,
                "publish": end - loaded,
                "processor": sum(os.times()[:4]),
                "files": done.files,
                "written": done.written,
                "changed": len(done.changes.changed),
                "store": memory,
            }
        )
    )


def held(pid: int) -> int:
    """Return how many MB a process and its children hold, what they share counted once."""
    try:
        children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # it has ended
        return 0
    mine = next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
    return mine // 1024 + sum(map(held, children))


def run(root: Path, out: Path) -> dict[str, float]:
    """Publish in a process of its own; watch how much memory it takes."""
    command = [sys.executable, __file__, "--one", str(root), str(out)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    peak = 0
    while process.poll() is None:
        peak = max(peak, held(process.pid))
        time.sleep(0.2)
    assert process.stdout and not process.returncode
    return {**json.loads(process.stdout.read()), "peak": peak}


def main() -> None:
    """Measure each size."""
    if sys.argv[1] == "--one":
        one(*sys.argv[2:])
        return
    city = Path(sys.argv[1])
    print("| things | what | documents | written | wall | things/s | processor | graph alone | peak |")
    print("|---:|---|---:|---:|---:|---:|---:|---:|---:|")
    for things in map(int, sys.argv[2:] or ("1000", "10000", "50000")):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(shutil.copytree(city, Path(folder) / "city"))
            base = "https://example.org/musterstadt/"
            for step, name in (("full", "Amt"), ("one label", "Behörde")):
                write(root / "data", base, things, name)
                took = run(root, Path(folder) / "public")
                print(
                    f"| {things:,} | {step} | {took['files']:,} | {took['written']:,} "
                    f"| {took['publish']:.1f} s | {things / took['publish']:.0f} | {took['processor']:.1f} s "
                    f"| {took['store']} MB | {took['peak']} MB |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
