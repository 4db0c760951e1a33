"""Ask three servers of the same city the same things in turn: this one, Trifid, rdflib-endpoint.

Usage: ``python scripts/bench/serve/compare.py [--trifid FOLDER] [--things N] [--rounds N] [--seconds N]``.
FOLDER is where ``npm install trifid`` was run; without it, or without ``wrk``, that part is left out. Each
request asks something else, so that nobody answers from memory.
"""

from __future__ import annotations

import argparse
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import quote

import psutil

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent.parent
CITY = ROOT / "tests" / "cities" / "musterstadt"
BASE = "https://example.org/musterstadt/"
JSON, HTML, JSONLD = "application/sparql-results+json", "text/html", "application/ld+json"
LABEL = "<http://www.w3.org/2004/02/skos/core#prefLabel>"
PURPOSE = "<http://www.w3.org/ns/org#purpose>"
LOOKUP = f"SELECT ?p ?o{{i}} WHERE {{ <{BASE}id/amt-{{n}}> ?p ?o{{i}} }}"
GROUP = f"SELECT ?t (COUNT(*) AS ?n{{i}}) WHERE {{ ?s {PURPOSE} ?t . ?s {LABEL} ?l }} GROUP BY ?t"
# About 2 ms: the units of one unit with those of their themes.
SHORT = (
    f"SELECT ?s ?l{{i}} WHERE {{ <{BASE}id/amt-{{n}}> {PURPOSE} ?t . ?s {PURPOSE} ?t . ?s {LABEL} ?l{{i}} . "
    f"?x {PURPOSE} ?t . ?y {PURPOSE} ?t . ?z {PURPOSE} ?t }}"
)
DIGITS = " ".join(f"VALUES ?{name} {{ 0 1 2 3 4 5 6 7 8 9 }}" for name in "abcdefgh")
HEAVY = f"SELECT (SUM(?a + ?b) AS ?n) WHERE {{ {DIGITS} }}"
FIGURES = ("rate", "p50", "p99", "cpu")
PORTS = {"stadtgraph": 8801, "Trifid": 8802, "rdflib-endpoint": 8803}
TRIFID = """
globals:
  datasetBaseUrl: {base}
  endpoints:
    default:
      url: /sparql
plugins:
  entity-renderer:
    module: "@zazuko/trifid-entity-renderer"
    config:
      followRedirects: true
  fetch-handler:
    module: trifid-handler-fetch
    paths: /sparql
    config:
      url: {dump}
      contentType: application/n-quads
      unionDefaultGraph: true
"""
ENDPOINT = """
import sys
from rdflib import Graph
from rdflib_endpoint import SparqlEndpoint
import uvicorn
graph = Graph()
graph.parse(sys.argv[1], format="nt")
uvicorn.run(SparqlEndpoint(graph=graph, path="/sparql"), port=int(sys.argv[2]), log_level="critical")
"""


def asked(query: str) -> str:
    """Return the path of a query; places to fill stay as they are."""
    return "/sparql?query=" + re.sub(r"%7B([ni])%7D", r"{\1}", quote(query))


@contextmanager
def running(command: list[str | Path], port: int, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until it answers, and end it afterwards."""
    with log.open("w") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, cwd=log.parent)
    try:
        begun = time.monotonic()
        while not answers(port):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() - begun < 300, log.read_text()
            time.sleep(0.2)
        yield process
    finally:
        process.kill()
        process.wait()


def answers(port: int) -> bool:
    """Tell whether a server answers a query."""
    try:
        address = f"http://127.0.0.1:{port}{asked('ASK { ?s ?p ?o }')}"
        request = urllib.request.Request(address, headers={"Accept": JSON})
        return b"true" in urllib.request.urlopen(request, timeout=10).read()
    except (urllib.error.URLError, OSError):
        return False


def load(
    port: int, accept: str, path: str, count: int, seconds: float, connections: int = 8
) -> dict[str, float]:
    """Let wrk ask; return requests per second, latencies in ms, failures."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "--timeout", "60s", "--latency"]
    command += ["-s", str(HERE / "vary.lua"), f"http://127.0.0.1:{port}", "--", accept, path, str(count)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", told)
    broken = re.search(r"Socket errors: .*", told)
    return {
        "rate": float(re.search(r"Requests/sec:\s+([\d.]+)", told)[1]),
        "p50": milliseconds(re.search(r"\n\s+50%\s+(\S+)", told)[1]),
        "p99": milliseconds(re.search(r"\n\s+99%\s+(\S+)", told)[1]),
        "failed": int(failed[1]) if failed else 0,
        "broken": bool(broken),
    }


def spent(process: psutil.Process) -> float:
    """Return how many seconds of processor time a server and all its processes have taken."""
    family = [process, *process.children(recursive=True)]
    return sum(sum(one.cpu_times()[:2]) for one in family)


def milliseconds(text: str) -> float:
    """Return what wrk writes as 1.20ms, 3.00s or 800.00us; endless when nothing was answered."""
    if "nan" in text:
        return float("inf")
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000, "m": 60_000}[unit]


def beside_heavy(port: int, count: int, seconds: float) -> tuple[dict[str, float], int]:
    """Ask the short query, one at a time, while eight heavy ones are asked again and again."""
    over, ended = threading.Event(), []

    def heavy() -> None:
        while not over.is_set():
            try:
                request = urllib.request.Request(
                    f"http://127.0.0.1:{port}{asked(HEAVY)}", headers={"Accept": JSON}
                )
                ended.append(urllib.request.urlopen(request, timeout=60).status)
            except urllib.error.HTTPError as error:
                ended.append(error.code)
                over.wait(0.2)
            except OSError:
                over.wait(0.2)

    threads = [threading.Thread(target=heavy, daemon=True) for _ in range(8)]
    for thread in threads:
        thread.start()
    time.sleep(1)
    result = load(port, JSON, asked(SHORT), count, seconds, 1)
    over.set()
    return result, len(ended)


def main() -> None:
    """Publish a city, start the servers, ask them in turn."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--trifid", type=Path)
    parser.add_argument("--things", type=int, default=16_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--settle", type=float, default=10, help="seconds for servers to get ready behind")
    parser.add_argument("--public", type=Path, help="a publication that is there already")
    options = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("wrk is missing: apt-get install wrk")
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), options)


def published(folder: Path, things: int) -> Path:
    """Publish a synthetic city."""
    sys.path.insert(0, str(HERE.parent / "site"))
    from measure import write

    root = Path(shutil.copytree(CITY, folder / "city"))
    write(root / "data", BASE, things, "Amt")
    command = [sys.executable, HERE.parent / "site" / "measure.py", "--one", root, folder / "public"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return folder / "public"


def measure(folder: Path, options: argparse.Namespace) -> None:
    """Print what each server does with each kind of request: medians of all rounds."""
    public = (options.public or published(folder, options.things)).resolve()
    dump = public / "download" / "latest" / "dataset.nq"
    with dump.open("rb") as lines:
        print(f"{sum(1 for _ in lines)} statements", flush=True)
    count = options.things * 4 // 10
    (folder / "trifid.yaml").write_text(TRIFID.format(base=BASE, dump=dump))
    (folder / "endpoint.py").write_text(ENDPOINT)
    engine = Path(sys.executable).parent / "stadtgraph"
    commands: dict[str, list[str | Path]] = {
        "stadtgraph": [engine, "serve", "--out", public, "--port", "8801"],
        "rdflib-endpoint": [sys.executable, folder / "endpoint.py", dump.with_suffix(".nt"), "8803"],
    }
    if options.trifid:
        script = options.trifid / "node_modules" / "trifid" / "server.js"
        (options.trifid / "bench.yaml").write_text((folder / "trifid.yaml").read_text())
        commands["Trifid"] = ["node", script, "-c", options.trifid / "bench.yaml", "-p", "8802"]
    lookup = lambda name: load(PORTS[name], JSON, asked(LOOKUP), count, options.seconds)  # noqa: E731
    group = lambda name: load(PORTS[name], JSON, asked(GROUP), count, options.seconds)  # noqa: E731
    where = {"stadtgraph": "/doc/amt-{n}", "Trifid": "/id/amt-{n}"}
    page = lambda name: load(PORTS[name], HTML, where[name], count, options.seconds)  # noqa: E731
    document = lambda name: load(PORTS[name], JSONLD, where[name], count, options.seconds)  # noqa: E731
    kinds: dict[str, Callable[[str], dict[str, float]]] = {
        "lookup": lookup,
        "group query": group,
        "entity page": page,
        "JSON-LD document": document,
        "short query alone": lambda name: load(PORTS[name], JSON, asked(SHORT), count, options.seconds, 1),
    }
    ways = {name: running(command, PORTS[name], folder / f"{name}.log") for name, command in commands.items()}
    found: dict[tuple[str, str], list[dict[str, float]]] = {}
    processes: dict[str, psutil.Process] = {}
    with ExitStack() as servers:
        for name, way in ways.items():
            begun = time.monotonic()
            processes[name] = psutil.Process(servers.enter_context(way).pid)
            print(f"{name} answers after {time.monotonic() - begun:.1f} s", flush=True)
        time.sleep(options.settle)
        for _ in range(options.rounds):
            for kind, ask in kinds.items():
                for name in commands:
                    if name in where or kind not in ("entity page", "JSON-LD document"):
                        before = spent(processes[name])
                        result = ask(name)
                        asked_for = max(result["rate"] * options.seconds, 1)
                        result["cpu"] = (spent(processes[name]) - before) / asked_for * 1e6
                        found.setdefault((kind, name), []).append(result)
        for (kind, name), results in found.items():
            show(kind, name, results)
        for name in commands:
            result, ended = beside_heavy(PORTS[name], count, 2 * options.seconds)
            show("short beside 8 heavy", name, [result], f"{ended} heavy ones ended meanwhile")


def show(kind: str, name: str, results: list[dict[str, float]], more: str = "") -> None:
    """Print the medians of a kind of request."""
    middle = {key: statistics.median(one.get(key, 0) for one in results) for key in FIGURES}
    failed = sum(one["failed"] for one in results)
    broken = "  broken" if any(one["broken"] for one in results) else ""
    times = f"{middle['rate']:>9.0f}/s  p50 {middle['p50']:8.1f} ms  p99 {middle['p99']:8.1f} ms"
    times = times if middle["rate"] else "no answer in time"
    times += f"  processor {middle['cpu']:8.0f} us a request" if middle["cpu"] else ""
    print(f"{kind:<22}{name:<16}{times}  failed {failed}{broken}  {more}", flush=True)


if __name__ == "__main__":
    main()
