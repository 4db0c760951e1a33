"""What the server notes: a line for each request, and numbers for Prometheus.

Neither holds anything about a person: no address of the client, no query string, no referrer, no browser.
"""

from __future__ import annotations

import asyncio
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import accumulate
from time import time
from typing import TYPE_CHECKING, Any, Final

from starlette.types import Scope

if TYPE_CHECKING:
    from prometheus_client import Metric

SHOWN: Final = 200
TOGETHER: Final = 0.2
WORKERS: Final = ("running", "slow", "held", "waiting")
UNSEEN: Final = re.compile(rb"[^!-~]")
# Up to how many seconds each step of the histogram of answers counts.
BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0)
METHODS: Final = frozenset(("GET", "HEAD", "OPTIONS", "POST"))


class Record:
    """Note requests."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        from prometheus_client import CollectorRegistry, Gauge, Info

        self._tell = tell
        self.registry = CollectorRegistry()
        self._publication = Info("stadtgraph_publication", "What is served.", registry=self.registry)
        self._workers = Gauge("stadtgraph_workers", "Workers, by state.", ["state"], registry=self.registry)
        self._queries = Gauge(
            "stadtgraph_queries",
            "Queries since the start.",
            ["result"],
            registry=self.registry,
        )
        self._memory = Gauge("stadtgraph_workers_bytes", "Memory of all workers.", registry=self.registry)
        self._requests: Counter[tuple[str, int]] = Counter()
        self._took = [0] * (len(BOUNDS) + 1)
        self._seconds = 0.0
        self._bytes = 0
        self.registry.register(self)
        self._lines: list[str] = []
        self._second, self._stamp = 0, ""

    def note(self, scope: Scope, status: int, size: int, seconds: float) -> None:
        """Note an answer; ``seconds`` is what it took, ``status`` 0 when the client was gone before."""
        method = scope["method"] if scope["method"] in METHODS else "other"
        self._requests[method, status] += 1
        self._took[bisect_left(BOUNDS, seconds)] += 1
        self._seconds += seconds
        self._bytes += size
        path = UNSEEN.sub(b"?", scope["raw_path"][:SHOWN]).decode()
        now = time()
        if int(now) != self._second:
            self._second = int(now)
            self._stamp = datetime.fromtimestamp(self._second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        if not self._lines:
            asyncio.get_running_loop().call_later(TOGETHER, self.write)
        at = f"{self._stamp}.{int(now % 1 * 1000):03}+00:00"
        self._lines.append(f"{at} {method} {path} {status} {size} {seconds * 1000:.1f} ms")

    def collect(self) -> Iterator[Metric]:
        """Yield what was counted of requests; the library's own counters cost more than a short answer."""
        from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

        requests = CounterMetricFamily(
            "stadtgraph_requests", "Requests answered.", labels=["method", "status"]
        )
        for (method, status), number in self._requests.items():
            requests.add_metric([method, str(status)], number)
        yield requests
        bounds = zip((*map(str, BOUNDS), "+Inf"), accumulate(self._took), strict=True)
        yield HistogramMetricFamily(
            "stadtgraph_request_seconds", "Time until an answer was sent.", list(bounds), self._seconds
        )
        yield CounterMetricFamily("stadtgraph_sent_bytes", "Bytes of content sent.", self._bytes)

    def write(self) -> None:
        """Write the lines that have gathered; one by one they would cost more than the answers."""
        if self._lines:
            lines, self._lines = self._lines, []
            self._tell("\n".join(lines))

    def exposition(self, digest: str, workers: Mapping[str, Any]) -> tuple[bytes, str]:
        """Return the numbers and their media type; ``workers`` is what these say of themselves."""
        from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

        self._publication.info({"digest": digest})
        memory = [worker["memory"] for worker in workers["workers"]]
        told = {"started": len(memory), **{name: workers[name] for name in WORKERS}}
        for name, value in told.items():
            self._workers.labels(name).set(value)
        for name, value in workers["counted"].items():
            self._queries.labels(name).set(value)
        self._memory.set(sum(memory))
        return generate_latest(self.registry), CONTENT_TYPE_LATEST
