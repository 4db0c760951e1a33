"""Answers for people: pages in the frame of the site, and refusals in the asker's language and form."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from stadtgraph.messages import LANGUAGES, say
from stadtgraph.serve import negotiate
from stadtgraph.serve.publication import Publication

PLACES: Final = re.compile(r"@(root|kind|title|head|main|here|there)@")
HOST: Final = re.compile(r"[\w.-]+(:\d+)?|\[[\da-f:.]+\](:\d+)?", re.ASCII | re.IGNORECASE)
REFUSALS: Final = ("text/plain", "text/html", "application/problem+json")
VARY: Final = "Accept, Accept-Language"


@dataclass(frozen=True)
class Near:
    """Something that an asker may have meant: its name, and its address as seen from the asked page."""

    name: str
    address: str
    iri: str = ""


def language_of(request: Request) -> str:
    """Return the language of an answer: the parameter ``lang`` where known, else what the client asks."""
    given = request.query_params.get("lang", "")
    if given in LANGUAGES:
        return given
    return negotiate.language(request.headers.get("accept-language", ""), LANGUAGES)


def root_of(request: Request) -> str:
    """Return the way from the asked address up to the start page, right under every host and path prefix."""
    path: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    return "../" * (path.count(b"/") - 1)


def start_page(request: Request) -> str:
    """Return the address of the start page as the client knows it."""
    host = request.headers.get("host", "")
    if not HOST.fullmatch(host):
        host = ":".join(map(str, request.scope.get("server") or ("localhost",)))
    return f"{request.scope['scheme']}://{host}{request.app.state.prefix}/"


def refusal(
    request: Request,
    status: int,
    key: str,
    headers: Mapping[str, str] | None = None,
    near: Sequence[Near] = (),
    more: Mapping[str, object] | None = None,
    **values: object,
) -> Response:
    """Return an error with the sentence ``key``, as text, page or problem details (RFC 9457).

    ``near`` is what the asker may have meant instead, ``more`` what the problem details say besides.
    """
    lang = language_of(request)
    sentence = say(key, lang, **values)
    sent = {"Vary": VARY, "Content-Language": lang, "Cache-Control": "no-cache", **(headers or {})}
    accept = request.headers.get("accept", "")
    # Who takes none of them, though some kind of JSON, can read the problem details.
    form = negotiate.media_type(REFUSALS, accept) or (REFUSALS[2] if "json" in accept else REFUSALS[0])
    if form == "text/html":
        fact, _, way_out = sentence.partition(". ")
        told = {"code": status, "way_out": way_out, "near": near}
        return page(request, "refusal.html", fact.removesuffix("."), status, sent, **told)
    if form == REFUSALS[2]:
        problem = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
        problem |= {
            "detail": sentence,
            "near": [{"id": one.iri, "name": one.name} for one in near],
            **(more or {}),
        }
        return JSONResponse(problem, status, sent, media_type=form)
    lines = [sentence, *(f"  {one.name}  {one.iri or one.address}" for one in near)]
    return PlainTextResponse("\n".join(lines) + "\n", status, sent)


def page(
    request: Request,
    template: str,
    title: str,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **values: Any,
) -> Response:
    """Return a template of this package within the frame of the site.

    The template is given ``lang``, ``root`` (the way to the start page), ``say`` and what is in ``values``;
    ``kind`` names the class of the page, ``head`` is what stands in its head.
    """
    publication: Publication = request.app.state.publication
    lang = language_of(request)
    root = root_of(request)
    known = {"lang": lang, "root": root, "say": lambda key, **values: say(key, lang, **values)}
    filled = {
        "root": root,
        "kind": values.get("kind", "plain"),
        "title": str(Markup.escape(title)),
        "head": str(values.get("head", "")),
        "main": _templates().get_template(template).render({**known, "title": title, **values}),
        "here": _same(request, lang),
        "there": other_language(request, lang),
    }
    content = PLACES.sub(lambda match: filled[match[1]], publication.frames[lang])
    sent = {"Vary": VARY, "Content-Language": lang, **(headers or {})}
    return Response(content, status, sent, media_type="text/html")


def fragment(template: str, **values: Any) -> str:
    """Return a template of this package without a frame."""
    return _templates().get_template(template).render(values)


def other_language(request: Request, lang: str, page: str = "") -> str:
    """Return the address of the asked page, or of another one, in the other language; ready for HTML."""
    return _same(request, next(other for other in LANGUAGES if other != lang), page)


def _same(request: Request, lang: str, page: str = "") -> str:
    parameters = [pair for pair in request.query_params.multi_items() if pair[0] != "lang"]
    return str(Markup.escape(f"{page}?{urlencode([*parameters, ('lang', lang)])}"))


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("stadtgraph.serve"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
