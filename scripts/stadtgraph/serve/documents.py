"""Linked data over HTTP: things lead to documents, documents come in the form that suits (RFC 9110).

Documents are sent as the bytes that were published. Small ones stay in memory, ready to send.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import quote

from starlette.datastructures import State
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from stadtgraph.serve import negotiate
from stadtgraph.serve.answers import language_of, refusal, root_of
from stadtgraph.serve.near import meant
from stadtgraph.serve.negotiate import Form
from stadtgraph.serve.policy import POLICY_OF_EDITOR
from stadtgraph.serve.publication import CODINGS, Publication

Headers = list[tuple[bytes, bytes]]
SMALL: Final = 1 << 20
PIECE: Final = 1 << 18
HELD: Final = 64 << 20
ALLOWED: Final = "GET, HEAD, OPTIONS"
LASTING: Final = b"public, max-age=31536000, immutable"
CHECKED: Final = b"public, max-age=60, must-revalidate"
# What a "not modified" repeats (RFC 9110, section 15.4.5).
REPEATED: Final = frozenset((b"cache-control", b"content-location", b"etag", b"last-modified", b"vary"))
RANGE: Final = re.compile(rb"bytes=(\d*)-(\d*)")
STYLE: Final = re.compile(rb"<style>(.*?)</style>", re.DOTALL)
# Folders whose files the page of the data lists.
FOLDER: Final = re.compile(r"download(/(latest|\d[^/]*))?|tables(/excel)?")
TEXTUAL: Final = ("text/",)


@dataclass(frozen=True, slots=True)
class Ready:
    """A document as it is sent in one coding; ``content`` is None for one that is read piece by piece."""

    path: Path
    content: bytes | None
    size: int
    etag: bytes
    made: int
    headers: Headers
    repeated: Headers


class Documents:
    """Answer with what was published, as an ASGI application without layers."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._held: OrderedDict[tuple[Publication, str, str, str], Ready] = OrderedDict()
        self._size = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for a document."""
        method = scope["method"]
        if method not in ("GET", "HEAD"):
            values = {"method": method, "allowed": ALLOWED}
            answer = refusal(Request(scope), 405, "serve-method", {"Allow": ALLOWED}, **values)
            await answer(scope, receive, send)
        else:
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        publication: Publication = self._state.publication
        path: str = scope["path"][1:]
        headers = _combined(scope["headers"])
        accept = headers.get(b"accept", b"").decode("latin-1")
        languages = headers.get(b"accept-language", b"").decode("latin-1")
        status = 200
        if path.startswith("id/"):
            iri = publication.base + path
            successor = publication.described["retired"].get(iri)
            if successor:
                await _empty(send, 301, [(b"location", _location(scope, publication, successor))])
                return
            forms = publication.find("doc/" + path[3:])
            forms = () if forms and forms[0].name == "doc/" + path[3:] else forms
            status = 303 if successor is None else 410
        else:
            forms = publication.find(path)
            before: Publication | None = self._state.current.before
            if not forms and before and path.startswith("static/"):
                # Somebody is still looking at a page of the last publication.
                publication, forms = before, before.find(path)
        if not forms and (page := _page_of(publication, path)):
            await _empty(send, 303, [(b"location", (_up(scope) + quote(page)).encode())])
            return
        if not forms:
            await self._nothing(scope, receive, send)
            return
        form = negotiate.best(forms, accept, languages) if forms[0].name != path else forms[0]
        if form is None:
            await _unacceptable(scope, receive, send, forms)
        elif status == 303:
            await _empty(send, 303, _lead(scope, publication, form))
        else:
            encodings = headers.get(b"accept-encoding", b"").decode("latin-1")
            ready = self._ready(publication, path, forms, form, encodings)
            await _send(scope, send, headers, ready, status)

    async def _nothing(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        publication, path = self._state.publication, scope["path"]
        arguments = (publication, path, root_of(request), language_of(request))
        near = await asyncio.to_thread(meant, *arguments)
        await refusal(request, 404, "serve-not-found", near=near)(scope, receive, send)

    def _ready(
        self, publication: Publication, path: str, forms: Sequence[Form], form: Form, encodings: str
    ) -> Ready:
        coding = negotiate.coding(encodings, publication.codings(form.name)) if encodings else ""
        key = (publication, path, form.name, coding)
        ready = self._held.get(key)
        if ready is not None:
            self._held.move_to_end(key)
            return ready
        ready = _read(publication, path, forms, form, coding)
        if ready.content is not None:
            self._held[key] = ready
            self._size += len(ready.content)
            while self._size > HELD:
                _, old = self._held.popitem(last=False)
                self._size -= len(old.content or b"")
        return ready


def _combined(pairs: Headers) -> dict[bytes, bytes]:
    """Return headers by name; lines of one name are one list (RFC 9110, section 5.3)."""
    found = dict(pairs)
    if len(found) < len(pairs):
        lists: dict[bytes, list[bytes]] = {}
        for name, value in pairs:
            lists.setdefault(name, []).append(value)
        found = {name: b", ".join(values) for name, values in lists.items()}
    return found


async def _empty(send: Send, status: int, headers: Headers) -> None:
    headers = headers if status in (204, 304) else [*headers, (b"content-length", b"0")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def _up(scope: Scope) -> str:
    return "../" * (scope["raw_path"].count(b"/") - 1) or "./"


def _page_of(publication: Publication, path: str) -> str:
    """Return the page that stands for what was asked for as a folder; nothing where there is none."""
    stem = path.removesuffix("/")
    page = "data" if FOLDER.fullmatch(stem) else stem
    forms = publication.find(page) if page != path else ()
    return page if forms and forms[0].name != page else ""


def _location(scope: Scope, publication: Publication, iri: str) -> bytes:
    """Return the address of what took the place of a thing: here if it is one of ours."""
    local = iri.removeprefix(publication.base)
    return (_up(scope) + quote(local) if local != iri else quote(iri, safe=":/?#[]@!$&'()*+,;=%~")).encode()


def _lead(scope: Scope, publication: Publication, form: Form) -> Headers:
    """Return the headers that lead from a thing to the document about it."""
    address = (_up(scope) + quote(form.name)).encode()
    return [
        (b"location", address),
        (b"link", b"<" + address + b'>; rel="describedby"; type="' + form.media.encode() + b'"'),
        (b"vary", b"Accept, Accept-Language"),
        (b"cache-control", CHECKED),
    ]


async def _unacceptable(scope: Scope, receive: Receive, send: Send, forms: Sequence[Form]) -> None:
    media = ", ".join(dict.fromkeys(form.media for form in forms))
    links = ", ".join(
        f'<{_up(scope)}{quote(form.name)}>; rel="alternate"; type="{form.media}"' for form in forms
    )
    answer = refusal(Request(scope), 406, "serve-not-acceptable", {"Link": links}, forms=media)
    await answer(scope, receive, send)


def _read(publication: Publication, path: str, forms: Sequence[Form], form: Form, coding: str) -> Ready:
    """Return a document made ready to send.

    Raises:
        FileNotFoundError: the publication has been taken away; there is a newer one.

    """
    file = publication.folder / (form.name + CODINGS.get(coding, ""))
    status = file.stat()
    content = file.read_bytes() if status.st_size <= SMALL else None
    # The list of the checksums is the one document that has none in it.
    digest = publication.sums.find(form.name)[:20] or publication.digest
    etag = f'"{digest}{coding and "-" + coding}"'.encode()
    headers = list(_headers(publication, path, forms, form, coding))
    headers += [
        (b"etag", etag),
        (b"last-modified", formatdate(status.st_mtime, usegmt=True).encode()),
    ]
    repeated = [pair for pair in headers if pair[0] in REPEATED]
    return Ready(file, content, status.st_size, etag, int(status.st_mtime), headers, repeated)


def _headers(
    publication: Publication,
    path: str,
    forms: Sequence[Form],
    form: Form,
    coding: str,
) -> Iterator[tuple[bytes, bytes]]:
    charset = "; charset=utf-8" if form.media.startswith(TEXTUAL) else ""
    yield b"content-type", (form.media + charset).encode()
    negotiated = form.name != path
    up = "../" * path.count("/") or "./"
    if negotiated:
        yield b"content-location", (up + quote(form.name)).encode()
    vary = ["Accept", "Accept-Language"] if negotiated else []
    vary += ["Accept-Encoding"] if publication.codings(form.name) else []
    if vary:
        yield b"vary", ", ".join(vary).encode()
    if coding:
        yield b"content-encoding", coding.encode()
    if form.lang:
        yield b"content-language", form.lang.encode()
    yield b"cache-control", LASTING if publication.lasting(form.name) else CHECKED
    yield b"accept-ranges", b"bytes"
    if form.media == "image/svg+xml":
        yield b"content-security-policy", _policy((publication.folder / form.name).read_bytes())
    if form.name.startswith("sparql.") and form.media == "text/html":
        yield b"content-security-policy", POLICY_OF_EDITOR.encode()
    for link in publication.links(form, forms, up):
        yield b"link", link.encode()


def _policy(picture: bytes) -> bytes:
    """Allow a picture the styles that it holds, and nothing else."""
    digests = (base64.b64encode(hashlib.sha256(style).digest()) for style in STYLE.findall(picture))
    styles = b" ".join(b"'sha256-" + digest + b"'" for digest in digests) or b"'none'"
    return b"default-src 'none'; frame-ancestors 'none'; style-src " + styles


async def _send(scope: Scope, send: Send, headers: dict[bytes, bytes], ready: Ready, status: int) -> None:
    if status == 200:
        status = _condition(headers, ready)
    if status in (304, 412):
        await _empty(send, status, ready.repeated)
        return
    start, end = 0, ready.size
    sent = ready.headers
    if status == 200 and b"range" in headers and (part := _range(headers, ready)) is not None:
        start, end = part
        if start >= end:
            await _empty(send, 416, [(b"content-range", b"bytes */%d" % ready.size)])
            return
        status, sent = 206, [*sent, (b"content-range", b"bytes %d-%d/%d" % (start, end - 1, ready.size))]
    file = None if ready.content is not None else ready.path.open("rb")
    length = (b"content-length", b"%d" % (end - start))
    await send({"type": "http.response.start", "status": status, "headers": [*sent, length]})
    if scope["method"] == "HEAD":
        await send({"type": "http.response.body", "body": b""})
    elif file is None:
        content = ready.content or b""
        body = content if (start, end) == (0, ready.size) else content[start:end]
        await send({"type": "http.response.body", "body": body})
    else:
        await _pieces(send, file, start, end)
    if file:
        file.close()


async def _pieces(send: Send, file: BinaryIO, start: int, end: int) -> None:
    """Send part of a file; it stays open, so that it is whole even if its publication is taken away."""
    file.seek(start)
    left = end - start
    while left:
        piece = await asyncio.to_thread(file.read, min(PIECE, left))
        left -= len(piece)
        await send({"type": "http.response.body", "body": piece, "more_body": left > 0})


def _condition(headers: dict[bytes, bytes], ready: Ready) -> int:
    """Return the status that the conditions of a request lead to (RFC 9110, section 13.2.2)."""
    if (wanted := headers.get(b"if-match")) is not None and not _among(wanted, ready.etag):
        return 412
    if (known := headers.get(b"if-none-match")) is not None:
        return 304 if _among(known.replace(b"W/", b""), ready.etag) else 200
    if (since := headers.get(b"if-modified-since")) is not None:
        return 304 if ready.made <= _moment(since) else 200
    return 200


def _among(tags: bytes, etag: bytes) -> bool:
    return tags.strip() == b"*" or etag in (tag.strip() for tag in tags.split(b","))


def _moment(date: bytes) -> float:
    """Return a date in seconds since 1970; one that cannot be read lies before everything."""
    try:
        return parsedate_to_datetime(date.decode("latin-1")).timestamp()
    except (ValueError, OverflowError):
        return -1.0


def _range(headers: dict[bytes, bytes], ready: Ready) -> tuple[int, int] | None:
    """Return start and end of the one range that is asked for; None for the whole (RFC 9110, section 14)."""
    match = RANGE.fullmatch(headers[b"range"].strip())
    condition = headers.get(b"if-range")
    if match is None or match[1] == match[2] == b"":
        return None
    if condition is not None and condition.strip() != ready.etag:
        return None
    if len(match[1]) > 18 or len(match[2]) > 18:
        return None
    if not match[1]:
        return max(0, ready.size - int(match[2])), ready.size
    end = int(match[2]) + 1 if match[2] else ready.size
    if match[2] and end <= int(match[1]):
        return None
    return min(int(match[1]), ready.size), min(end, ready.size)
