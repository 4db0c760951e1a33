"""What the server notes: a line for each request, and numbers for Prometheus.

Neither holds anything about a person: no address of the client, no query string, no referrer, no browser.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from starlette.types import Scope

SHOWN: Final = 200
TOGETHER: Final = 0.2
WORKERS: Final = ("running", "slow", "held", "waiting")
UNSEEN: Final = re.compile(rb"[^!-~]")
METHODS: Final = frozenset(("GET", "HEAD", "OPTIONS", "POST"))


class Record:
    """Note requests."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info

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
        self._requests = Counter(
            "stadtgraph_requests", "Requests answered.", ["method", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "stadtgraph_request_seconds", "Time until an answer was sent.", registry=self.registry
        )
        self._bytes = Counter("stadtgraph_sent_bytes", "Bytes of content sent.", registry=self.registry)
        self._counted: dict[tuple[str, int], Counter] = {}
        self._lines: list[str] = []

    def note(self, scope: Scope, status: int, size: int, seconds: float) -> None:
        """Note an answer; ``seconds`` is what it took, ``status`` 0 when the client was gone before."""
        method = scope["method"] if scope["method"] in METHODS else "other"
        counter = self._counted.get((method, status))
        if counter is None:
            counter = self._counted[method, status] = self._requests.labels(method, str(status))
        counter.inc()
        self._seconds.observe(seconds)
        self._bytes.inc(size)
        path = UNSEEN.sub(b"?", scope["raw_path"][:SHOWN]).decode()
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        if not self._lines:
            asyncio.get_running_loop().call_later(TOGETHER, self.write)
        self._lines.append(f"{now} {method} {path} {status} {size} {seconds * 1000:.1f} ms")

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
