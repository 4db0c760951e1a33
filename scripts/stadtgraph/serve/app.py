"""Put the server together: which address is answered by what, and what holds for every answer."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from time import perf_counter
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stadtgraph.messages import say
from stadtgraph.serve import form, protocol, questions, reconcile, search
from stadtgraph.serve.answers import refusal
from stadtgraph.serve.current import Current, Settings
from stadtgraph.serve.documents import Documents
from stadtgraph.serve.policy import POLICY
from stadtgraph.serve.publication import Publication
from stadtgraph.serve.record import Record
from stadtgraph.serve.remembered import Remembered
from stadtgraph.serve.workers import Workers

LONGEST: Final = 32_000
EVERYWHERE: Final = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"Content-Location, ETag, Link, Retry-After"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
    (b"x-content-type-options", b"nosniff"),
]
PREFLIGHT: Final = {
    "Access-Control-Allow-Headers": "Accept, Accept-Language, Content-Type, If-None-Match, Range",
    "Access-Control-Max-Age": "86400",
}
CONTENT_POLICY: Final = b"content-security-policy"


class Front:
    """What every request passes: path prefix, length, headers, record; documents need nothing more."""

    def __init__(self, inner: Starlette, settings: Settings) -> None:
        self.inner, self.prefix, self.tell = inner, settings.prefix, settings.tell
        self.documents = Documents(inner.state)
        inner.router.default = self.documents
        # Routes without a variable are found by their path, without trying one after the other.
        self.plain = {
            route.path: route
            for route in inner.routes
            if isinstance(route, Route) and not route.param_convertors
        }
        # The first step of each path that a route answers; all others are documents.
        self.routed = {route.path.split("/")[1] for route in inner.routes if isinstance(route, Route)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self.inner(scope, receive, send)
            return
        start, record = perf_counter(), self.inner.state.record
        status = size = 0

        async def recorded(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = message["headers"] = [*message["headers"], *EVERYWHERE]
                if not any(name == CONTENT_POLICY for name, _ in headers):
                    headers.append((CONTENT_POLICY, POLICY.encode()))
            else:
                size += len(message.get("body", b""))
            await send(message)

        scope["app"] = self.inner
        self._strip(scope)
        try:
            try:
                await self._answer(scope, receive, recorded)
            except FileNotFoundError:
                # The publication was taken away because newer ones came quickly.
                if status:
                    raise
                await self.inner.state.current.look()
                await self._answer(scope, receive, recorded)
        except HTTPException as error:
            allowed = (error.headers or {}).get("Allow", "")
            values = {"method": scope["method"], "allowed": allowed}
            answer = refusal(Request(scope), error.status_code, "serve-method", error.headers, **values)
            await answer(scope, receive, recorded)
        except Exception:
            # One asker's accident; what has begun breaks off, so that nobody takes a half for a whole.
            if status:
                raise
            logging.getLogger("stadtgraph").exception("%s", scope["raw_path"][:200])
            await refusal(Request(scope), 500, "serve-failed")(scope, receive, recorded)
        finally:
            record.note(scope, status, size, perf_counter() - start)

    def _methods(self, scope: Scope) -> set[str]:
        """Return the methods that an address knows; none where it tells them itself."""
        found = {"GET", "HEAD", "OPTIONS"}
        for route in self.inner.routes:
            if isinstance(route, Route) and route.matches(scope)[0] != Match.NONE:
                return found | route.methods if route.methods else set()
        return found

    def _strip(self, scope: Scope) -> None:
        """Take the prefix off the path; a server in front may have done so already."""
        if self.prefix and scope["path"].startswith(self.prefix + "/"):
            scope["path"] = scope["path"].removeprefix(self.prefix)
            scope["raw_path"] = scope["raw_path"].removeprefix(self.prefix.encode())

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.prefix and scope["path"] == self.prefix:
            address = self.prefix.rpartition("/")[2] + "/"
            await Response(status_code=308, headers={"Location": address})(scope, receive, send)
        elif scope["method"] == "OPTIONS" and (methods := self._methods(scope)):
            allowed = ", ".join(sorted(methods))
            headers = {"Allow": allowed, "Access-Control-Allow-Methods": allowed, **PREFLIGHT}
            await Response(status_code=204, headers=headers)(scope, receive, send)
        elif len(scope["raw_path"]) + len(scope["query_string"]) > LONGEST:
            await refusal(Request(scope), 414, "serve-too-long", most=LONGEST)(scope, receive, send)
        elif route := self.plain.get(scope["path"]):
            await route.handle(scope, receive, send)
        elif scope["path"][1:].partition("/")[0] in self.routed:
            await self.inner.router(scope, receive, send)
        else:
            await self.documents(scope, receive, send)


def application(settings: Settings) -> ASGIApp:
    """Return the server's application; what is shown is read at once.

    Raises:
        CannotServe: nothing is published.

    """
    app = Starlette(lifespan=lambda app: _life(app, settings))
    app.router.routes += [Route("/healthz", health), Route("/metrics", metrics)]
    for routes in (
        protocol.routes(form.page),
        form.routes(),
        questions.routes(),
        search.routes(),
        reconcile.routes(),
    ):
        app.router.routes += routes
    app.state.prefix = settings.prefix
    app.state.longest = settings.max_answer << 20
    app.state.record = Record(settings.tell)
    app.state.remembered = Remembered()
    app.state.workers = Workers(settings.workers, settings.query_timeout, settings.memory)
    app.state.current = Current(settings, app.state)
    return Front(app, settings)


@contextlib.asynccontextmanager
async def _life(app: Starlette, settings: Settings) -> AsyncIterator[None]:
    """Watch what is published while the server runs; workers start beside the first pages."""
    publication: Publication = app.state.publication
    watching = asyncio.create_task(app.state.current.watch())
    title = publication.titles.get(settings.lang) or publication.base
    settings.tell(say("serving", settings.lang, title=title, url=settings.url, digest=publication.digest))
    yield
    watching.cancel()
    await app.state.workers.close(settings.grace)
    app.state.record.write()
    settings.tell(say("serve-stopped", settings.lang))


async def health(request: Request) -> Response:
    """Say whether the server is up, and with what."""
    publication: Publication = request.app.state.publication
    told = {"up": True, "publication": publication.digest, "version": publication.described["version"]}
    told["workers"] = request.app.state.workers.state()
    return JSONResponse(told, headers={"Cache-Control": "no-store"})


async def metrics(request: Request) -> Response:
    """Tell the numbers in Prometheus' text format."""
    state = request.app.state
    content, kind = state.record.exposition(state.publication.digest, state.workers.state())
    return Response(content, headers={"Cache-Control": "no-store", "Content-Type": kind})
