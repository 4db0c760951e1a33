"""The SPARQL 1.1 Protocol at ``/sparql``: questions in, answers or reasons out."""

from __future__ import annotations

import asyncio
import logging
import zlib
from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from stadtgraph.serve import negotiate, parameters
from stadtgraph.serve.answers import language_of, refusal, start_page
from stadtgraph.serve.description import MEDIA, describe
from stadtgraph.serve.line import Answer
from stadtgraph.serve.publication import Publication
from stadtgraph.serve.remembered import SMALL, Given, Remembered, etag
from stadtgraph.serve.worker import Question
from stadtgraph.serve.workers import Workers
from stadtgraph.sparql.refused import Refused, Said

METHODS: Final = ("GET", "HEAD", "OPTIONS", "POST")
# The longest request, and the longest answer to a client that cannot be told of a broken one, in bytes.
LONGEST: Final = 1 << 20
WHOLE: Final = 64 << 20
# After how many seconds is looked whether the asker is still there.
PATIENT: Final = 0.2
VARY: Final = (b"vary", b"Accept, Accept-Encoding")
# From how many bytes on an answer is packed.
WORTH: Final = 1000
PACKED: Final = (b"content-encoding", b"gzip")
LOG: Final = logging.getLogger("stadtgraph")
Page = Callable[[Request, Question], Awaitable[Response]]


def routes(page: Page | None = None) -> list[BaseRoute]:
    """Return the endpoint's route; ``page`` makes the answer for a person with a browser."""
    return [Route("/sparql", Endpoint(page), methods=METHODS)]


class Endpoint:
    """Answer what is asked at the endpoint."""

    def __init__(self, page: Page | None) -> None:
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        try:
            await self._answer(scope, receive, send)
        except Refused as refused:
            await refuse(Request(scope, receive), refused)(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = scope["method"]
        accept = b", ".join(value for name, value in scope["headers"] if name == b"accept").decode("latin-1")
        if method in ("GET", "HEAD"):
            given = parameters.read(scope["query_string"])
        else:
            headers = Headers(scope=scope)
            kind = headers.get("content-type", "")
            given = parameters.of_post(kind, scope["query_string"], await _body(headers, receive))
        if method != "POST" and not given.keys() - {"format", "lang"}:
            await _describe(scope, receive, send, given, accept)
        elif self._page and parameters.wants_page(given, accept):
            asked = parameters.question({**given, "format": ["json"]}, "")
            response = await self._page(Request(scope, receive), asked)
            await response(scope, receive, send)
        else:
            await _reply(scope, receive, send, parameters.question(given, accept))


async def answer(request: Request, question: Question) -> Response:
    """Return the answer to a question as a response."""
    return Reply(question)


class Reply(Response):
    """The answer to a question: whole where it is small, else part by part as it comes."""

    def __init__(self, question: Question) -> None:
        super().__init__()
        self._question = question

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        try:
            await _reply(scope, receive, send, self._question)
        except Refused as refused:
            await refuse(Request(scope, receive), refused)(scope, receive, send)


async def _reply(scope: Scope, receive: Receive, send: Send, question: Question) -> None:
    state = scope["app"].state
    workers: Workers = state.workers
    remembered: Remembered = state.remembered
    given = remembered.find((workers.digest, question))
    if given:
        await _give(scope, send, given)
        return
    answer = await workers.put(question)
    watching = asyncio.get_running_loop().call_later(PATIENT, _watch, receive, answer)
    try:
        await answer.start()
        most = WHOLE if scope["http_version"] == "1.0" else SMALL
        content, over = await answer.part(most)
        media, link = answer.media, _link(answer.about["hints"])
        if over:
            given = Given(media, content, etag(media, content), link)
            if answer.about["lasts"] and len(content) <= SMALL:
                remembered.keep((answer.digest, question), given)
            await _give(scope, send, given, lasts=answer.about["lasts"])
        elif scope["http_version"] == "1.0":
            raise Refused(503, "protocol-too-old", {"limit": WHOLE >> 20})
        else:
            await _stream(scope, send, answer, content, link)
    finally:
        watching.cancel()
        answer.close()


async def _give(scope: Scope, send: Send, given: Given, lasts: bool = True) -> None:
    """Send an answer that is whole, unless the asker has it."""
    packed = len(given.content) >= WORTH and _takes_gzip(scope)
    if packed:
        given = await asyncio.to_thread(lambda: given.packed) if len(given.content) > SMALL else given.packed
    caching = b"no-cache" if lasts else b"no-store"
    headers = [VARY, (b"cache-control", caching), (b"etag", given.etag)]
    known = b", ".join(value for name, value in scope["headers"] if name == b"if-none-match")
    if known and scope["method"] in ("GET", "HEAD") and _among(known, given.etag):
        await _send(send, 304, headers, b"")
        return
    if given.link:
        headers.append((b"link", given.link))
    if packed:
        headers.append(PACKED)
    headers += [_content_type(given.media), (b"content-length", b"%d" % len(given.content))]
    await _send(send, 200, headers, b"" if scope["method"] == "HEAD" else given.content)


async def _stream(scope: Scope, send: Send, answer: Answer, content: bytes, link: bytes) -> None:
    """Send an answer part by part; one that breaks off is left without its end, so that everybody sees it."""
    headers = [VARY, (b"cache-control", b"no-cache"), _content_type(answer.media)]
    headers += [(b"link", link)] if link else []
    packing = zlib.compressobj(1, zlib.DEFLATED, 16 + zlib.MAX_WBITS) if _takes_gzip(scope) else None
    headers += [PACKED] if packing else []
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    longest: int = scope["app"].state.longest
    sent, over = 0, False
    try:
        while not over:
            sent += len(content)
            if sent > longest:
                raise Refused(503, "query-answer-too-long", {"limit": longest >> 20})
            if packing:
                content = await asyncio.to_thread(packing.compress, content)
            await send({"type": "http.response.body", "body": content, "more_body": True})
            content, over = await answer.part(1)
    except Refused as refused:
        if refused.key != "query-abandoned":
            LOG.warning("/sparql: %s", refused.sentence("en"))
        return
    content = packing.compress(content) + packing.flush() if packing else content
    await send({"type": "http.response.body", "body": content})


async def _describe(
    scope: Scope, receive: Receive, send: Send, given: parameters.Parameters, accept: str
) -> None:
    """Answer a request without a query: the page for people, the service description for programs."""
    publication: Publication = scope["app"].state.publication
    if parameters.wants_page(given, accept) and publication.find("sparql"):
        await scope["app"].router.default(scope, receive, send)
        return
    media = parameters.forms(parameters.format_of(given), accept)[2]
    if not media:
        raise Refused(406, "query-not-acceptable", {"offered": ", ".join(MEDIA)})
    content = _described(publication, f"{start_page(Request(scope))}sparql", media)
    await _give(scope, send, Given(media, content, etag(media, content), b""))


@lru_cache(32)
def _described(publication: Publication, address: str, media: str) -> bytes:
    return describe(publication, address, media)


def refuse(request: Request, refused: Refused) -> Response:
    """Return the reason why a question gets no answer."""
    said = refused.sentence(language_of(request))
    headers = {"Retry-After": str(refused.wait)} if refused.wait else {}
    more = {"line": refused.line, "column": refused.column, "piece": refused.piece} if refused.line else {}
    return refusal(request, refused.status, "query-refused", headers, more=more, reason=said)


async def _body(headers: Headers, receive: Receive) -> bytes:
    """Return what was sent with a request.

    Raises:
        Refused: it is too long, or the client has gone.

    """
    too_long = Refused(413, "protocol-too-long", {"most": LONGEST >> 20})
    announced = headers.get("content-length", "0")
    if not announced.isdigit() or int(announced) > LONGEST:
        raise too_long
    content, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refused(400, "query-abandoned")
        content += message.get("body", b"")
        more = message.get("more_body", False)
        if len(content) > LONGEST:
            raise too_long
    return content


def _watch(receive: Receive, answer: Answer) -> None:
    """End an answer whose asker goes away."""

    async def watch() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        answer.close()

    answer.watching = asyncio.get_running_loop().create_task(watch())


async def _send(send: Send, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": body})


def _takes_gzip(scope: Scope) -> bool:
    """Tell whether the asker prefers an answer that is packed."""
    codings = b", ".join(value for name, value in scope["headers"] if name == b"accept-encoding")
    return bool(codings) and negotiate.coding(codings.decode("latin-1"), ("gzip",)) == "gzip"


@lru_cache(64)
def _content_type(media: str) -> tuple[bytes, bytes]:
    charset = "; charset=utf-8" if media.startswith("text/") else ""
    return b"content-type", f"{media}{charset}".encode()


def _among(tags: bytes, tag: bytes) -> bool:
    return tags.strip() == b"*" or tag in (one.strip().removeprefix(b"W/") for one in tags.split(b","))


def _link(hints: Sequence[Said]) -> bytes:
    """Return what a program's author may notice of the hints (RFC 8288); ASCII, as headers are."""
    if not hints:
        return b""
    said = " ".join(Refused(0, key, values).sentence("en") for key, values in hints)
    return f'<sparql.html>; rel="help"; title="{said}"'.encode("ascii") if said.isascii() else b""
