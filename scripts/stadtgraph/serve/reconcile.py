"""Match lists of names to things: Reconciliation Service API 0.2 (W3C Community Group, 2023-04-10).

OpenRefine and others send names of offices, places or concepts and get candidates with a score from 0 to
100. A match is claimed only where one thing alone has the name.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qs, quote, unquote

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from stadtgraph.messages import say
from stadtgraph.serve.answers import fragment, language_of, refusal, start_page
from stadtgraph.serve.facts import Value, as_json, facts
from stadtgraph.serve.near import Likeness, names
from stadtgraph.serve.publication import Publication, Thing
from stadtgraph.serve.search import folded, index

MOST: Final = 1 << 20
BATCH: Final = 200
CANDIDATES: Final = 10
WORTH: Final = 0.5
# A namesake this near makes a match uncertain.
RIVAL: Final = 0.95
NAME_WEIGHT: Final = 0.7
SUGGESTED: Final = 20
FORM: Final = "application/x-www-form-urlencoded"
ANYWHERE: Final = "default-src 'none'; img-src 'self'; style-src 'self'; base-uri 'none'; frame-ancestors *"
OPEN: Final = {"Cache-Control": "public, max-age=60", "Vary": "Accept-Language"}


class BadRequest(Exception):
    """A request does not keep to the protocol; the message says where."""


def routes() -> list[BaseRoute]:
    """Return the addresses of the service."""
    return [
        Route("/reconcile", service, methods=["GET", "POST"]),
        Route("/reconcile/preview", preview),
        Route("/reconcile/properties", propose),
        Route("/reconcile/suggest/{kind}", suggest),
    ]


async def service(request: Request) -> Response:
    """Answer with the manifest, with candidates, or with values of things already matched."""
    given = dict(request.query_params)
    if request.method == "POST":
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
            return refusal(request, 415, "reconcile-form")
        body = bytearray()
        async for piece in request.stream():
            body += piece
            if len(body) > MOST:
                return refusal(request, 413, "reconcile-too-much", most=BATCH)
        pairs = parse_qs(body.decode("utf-8", "replace"), max_num_fields=20)
        given |= {name: values[0] for name, values in pairs.items()}
    publication: Publication = request.app.state.publication
    lang = language_of(request)
    try:
        if "queries" in given:
            batch = _objects(given["queries"], "queries")
            if len(batch) > BATCH:
                return refusal(request, 413, "reconcile-too-much", most=BATCH)
            answer: Any = await asyncio.to_thread(_batch, publication, batch, lang)
        elif "extend" in given:
            asked = _objects(given["extend"], "extend")
            answer = await asyncio.to_thread(_extended, publication, asked, lang)
        else:
            answer = manifest(publication, start_page(request), lang)
    except BadRequest as error:
        return refusal(request, 400, "reconcile-bad", reason=str(error))
    return JSONResponse(answer, headers={**OPEN, "Content-Language": lang})


def manifest(publication: Publication, root: str, lang: str) -> dict[str, Any]:
    """Return what the service offers (section 3.2); ``root`` is the address of its start page."""
    path = {"service_url": f"{root}reconcile"}
    return {
        "versions": ["0.2"],
        "name": publication.titles.get(lang) or publication.base,
        "identifierSpace": f"{publication.base}id/",
        "schemaSpace": publication.described["profile"] or publication.base,
        "defaultTypes": [
            {"id": kind["class"], "name": kind["name"][lang]} for kind in publication.described["kinds"]
        ],
        "view": {"url": publication.base + "id/{{id}}"},
        "preview": {"url": f"{root}reconcile/preview?id=" + "{{id}}", "width": 420, "height": 180},
        "suggest": {
            kind: {**path, "service_path": f"/suggest/{kind}"} for kind in ("entity", "property", "type")
        },
        "extend": {"propose_properties": {**path, "service_path": "/properties"}, "property_settings": []},
    }


def _objects(written: str, name: str) -> dict[str, Any]:
    try:
        found = json.loads(written)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"{name}: {error}") from error
    if not isinstance(found, dict):
        raise BadRequest(f"{name}: {{…}}")
    return found


def _batch(publication: Publication, batch: Mapping[str, Any], lang: str) -> dict[str, Any]:
    """Return candidates for each query; one that cannot be read finds nothing, and says why.

    Raises:
        BadRequest: none can be read.

    """
    found: dict[str, Any] = {}
    faults = []
    for key, asked in batch.items():
        try:
            found[key] = {"result": _candidates(publication, key, asked, lang)}
        except BadRequest as error:
            found[key] = {"result": [], "error": say("reconcile-bad", lang, reason=str(error))}
            faults.append(error)
    if faults and len(faults) == len(batch):
        raise faults[0]
    return found


def _candidates(publication: Publication, key: str, asked: Any, lang: str) -> list[dict[str, Any]]:
    """Return what may be meant by one query, best first (section 4)."""
    query, types, strict, limit, properties = _read(key, asked)
    rated = [
        (one, share, held)
        for one in names(publication).near(_without_base(publication, query))
        if one.share >= WORTH and one.thing.section in _sections(publication)
        for fit in [_fit(publication, one.thing, types, strict)]
        if fit
        for held in [_held(publication, one.thing, properties)]
        for share in [fit * (NAME_WEIGHT * one.share + (1 - NAME_WEIGHT) * held)]
    ]
    rated.sort(key=lambda entry: (-entry[1], entry[0].thing.iri))
    return [
        {
            **_entity(publication, one.thing, lang),
            "type": _types(publication, one.thing, lang),
            "score": round(100 * share, 1),
            "match": share == 1 and _alone(one, [other for other, *_ in rated]),
            "features": [
                {"id": "name", "value": round(100 * one.share, 1)},
                {"id": "properties", "value": round(100 * held, 1)},
            ],
        }
        for one, share, held in rated[:limit]
    ]


def _read(key: str, asked: Any) -> tuple[str, list[str], str, int, list[tuple[str, list[str]]]]:
    """Return the parts of a query: words, types, how strict these are, how many candidates, properties."""
    if not isinstance(asked, dict):
        raise BadRequest(f"{key}: {{…}}")
    query, types = asked.get("query", ""), asked.get("type") or []
    types = [types] if isinstance(types, str) else types
    limit = asked.get("limit", CANDIDATES)
    properties = asked.get("properties", [])
    if not isinstance(query, str) or not (query or properties):
        raise BadRequest(f'{key}: "query"')
    if not isinstance(types, list) or not all(isinstance(one, str) for one in types):
        raise BadRequest(f'{key}: "type"')
    if isinstance(limit, bool) or not isinstance(limit, int | float) or not 1 <= limit <= 10**6:
        raise BadRequest(f'{key}: "limit"')
    strict = asked.get("type_strict", "any")
    if strict not in ("any", "all", "should"):
        raise BadRequest(f'{key}: "type_strict"')
    if not isinstance(properties, list):
        raise BadRequest(f'{key}: "properties"')
    return query, types, strict, int(limit), [_property(key, one) for one in properties]


def _property(key: str, one: Any) -> tuple[str, list[str]]:
    if not isinstance(one, dict) or not isinstance(one.get("pid"), str) or "v" not in one:
        raise BadRequest(f'{key}: "pid", "v"')
    values = one["v"] if isinstance(one["v"], list) else [one["v"]]
    return one["pid"], [str(value.get("id", "") if isinstance(value, dict) else value) for value in values]


def _without_base(publication: Publication, query: str) -> str:
    """Return the slug of a thing that is named by its IRI, else the words as they are."""
    return query.removeprefix(f"{publication.base}id/")


def _sections(publication: Publication) -> dict[str, str]:
    return {kind["section"]: kind["class"] for kind in publication.described["kinds"]}


def _fit(publication: Publication, thing: Thing, types: list[str], strict: str) -> float:
    """Return how well a thing fits the classes asked for: 1, less, or not at all."""
    if not types:
        return 1
    own = {*thing.classes, _sections(publication).get(thing.section, "")}
    held = [one in own for one in types]
    if all(held) or (strict != "all" and any(held)):
        return 1
    return 0.8 if strict == "should" else 0


def _held(publication: Publication, thing: Thing, properties: list[tuple[str, list[str]]]) -> float:
    """Return the share of the given properties of which a thing has a value given."""
    if not properties:
        return 1
    stated = facts(publication, thing)
    count = 0
    for name, values in properties:
        own = {folded(word) for value in stated.get(name, ()) for word in value.words()}
        count += any(folded(value) in own for value in values)
    return count / len(properties)


def _alone(one: Likeness, candidates: list[Likeness]) -> bool:
    rivals = [other for other in candidates if other.share >= RIVAL and other.thing.iri != one.thing.iri]
    return not rivals


def _entity(publication: Publication, thing: Thing, lang: str) -> dict[str, Any]:
    found = {"id": thing.slug, "name": thing.name(lang)}
    lead = _leads(publication, lang).get(thing.page, "")
    return {**found, **({"description": lead} if lead else {})}


def _leads(publication: Publication, lang: str) -> dict[str, str]:
    """Return the descriptions of things by their pages."""
    ending = publication.described["endings"][lang]
    entries = index(publication, lang).entries
    return publication.once(
        f"leads.{lang}",
        lambda: {unquote(entry[2]).removesuffix(ending): entry[4] for entry in entries},
    )


def _types(publication: Publication, thing: Thing, lang: str) -> list[dict[str, str]]:
    general = _sections(publication).get(thing.section)
    iris = dict.fromkeys([*thing.classes, *([general] if general else [])])
    return [{"id": iri, "name": _class_name(publication, iri, lang)} for iri in iris]


def _class_name(publication: Publication, iri: str, lang: str) -> str:
    known = publication.described["classes"].get(iri)
    return str(known["name"][lang]) if known else iri


def _extended(publication: Publication, asked: Mapping[str, Any], lang: str) -> dict[str, Any]:
    """Return the values of properties of things (section 7)."""
    ids, properties = asked.get("ids"), asked.get("properties")
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
        raise BadRequest('"ids"')
    if not isinstance(properties, list) or not all(
        isinstance(one, dict) and isinstance(one.get("id"), str) for one in properties
    ):
        raise BadRequest('"properties"')
    if len(ids) > BATCH or len(properties) > BATCH:
        raise BadRequest(f'"ids", "properties": {BATCH}')
    known = publication.described["properties"]
    wanted = [one["id"] for one in properties]
    rows: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for identifier in ids:
        thing = publication.things.get(f"{publication.base}id/{_without_base(publication, identifier)}")
        stated: dict[str, list[Value]] = facts(publication, thing) if thing else {}
        rows[identifier] = {name: as_json(stated.get(name, []), lang) for name in wanted}
    meta = [{"id": name, "name": known[name][lang] if name in known else name} for name in wanted]
    return {"meta": meta, "rows": rows}


async def propose(request: Request) -> Response:
    """Answer with the properties that things of a class have."""
    publication: Publication = request.app.state.publication
    lang = language_of(request)
    kind, limit = request.query_params.get("type", ""), request.query_params.get("limit", "")
    known = publication.described["classes"].get(kind)
    named = publication.described["properties"]
    found = [{"id": iri, "name": named[iri][lang]} for iri in (known["properties"] if known else named)]
    found.sort(key=lambda one: (folded(one["name"]), one["id"]))
    answer: dict[str, Any] = {"type": kind, "properties": found}
    if re.fullmatch(r"[1-9]\d{0,5}", limit):
        answer |= {"properties": found[: int(limit)], "limit": int(limit)}
    return JSONResponse(answer, headers={**OPEN, "Content-Language": lang})


async def suggest(request: Request) -> Response:
    """Answer with things, properties or classes that begin as ``prefix`` does (section 6)."""
    publication: Publication = request.app.state.publication
    lang, kind = language_of(request), request.path_params["kind"]
    prefix = request.query_params.get("prefix", "")
    cursor = request.query_params.get("cursor", "0")
    start = int(cursor) if re.fullmatch(r"\d{1,9}", cursor) else 0
    if kind == "entity":
        found = await asyncio.to_thread(_entities, publication, prefix, lang)
    elif kind in ("property", "type"):
        found = _terms(publication, kind, prefix, lang)
    else:
        return refusal(request, 404, "serve-not-found")
    answer = {"result": found[start : start + SUGGESTED]}
    return JSONResponse(answer, headers={**OPEN, "Content-Language": lang})


def _entities(publication: Publication, prefix: str, lang: str) -> list[dict[str, Any]]:
    pages = {thing.page: thing for thing in publication.things.values()}
    ending = publication.described["endings"][lang]
    exact = publication.things.get(f"{publication.base}id/{_without_base(publication, prefix)}")
    hits = [
        pages.get(unquote(hit.page).removesuffix(ending)) for hit in index(publication, lang).search(prefix)
    ]
    things = {thing.iri: thing for thing in (exact, *hits) if thing}
    return [
        {**_entity(publication, thing, lang), "notable": _types(publication, thing, lang)}
        for thing in things.values()
        if thing.section in _sections(publication)
    ]


def _terms(publication: Publication, kind: str, prefix: str, lang: str) -> list[dict[str, Any]]:
    if kind == "type":
        iris = {one["class"] for one in publication.described["kinds"]} | set(
            publication.described["classes"]
        )
        named = {iri: _class_name(publication, iri, lang) for iri in iris}
    else:
        named = {iri: name[lang] for iri, name in publication.described["properties"].items()}
    asked = folded(prefix)
    found = [
        {"id": iri, "name": name}
        for iri, name in named.items()
        if any(word.startswith(asked) for word in (folded(name), *folded(name).split(" "))) or iri == prefix
    ]
    return sorted(found, key=lambda one: (not folded(one["name"]).startswith(asked), one["name"], one["id"]))


async def preview(request: Request) -> Response:
    """Answer with a small page about a thing, made to be shown within other pages."""
    publication: Publication = request.app.state.publication
    lang = language_of(request)
    identifier = _without_base(publication, request.query_params.get("id", ""))
    thing = publication.things.get(f"{publication.base}id/{identifier}")
    if thing is None:
        return refusal(request, 404, "serve-not-found")
    leads = await asyncio.to_thread(_leads, publication, lang)
    content = fragment(
        "preview.html",
        lang=lang,
        name=thing.name(lang),
        kinds=[one["name"] for one in _types(publication, thing, lang)],
        lead=leads.get(thing.page, ""),
        page=f"../{quote(thing.page)}{publication.described['endings'][lang]}",
        style=f"../{publication.described['static']['site.css']}",
        more=say("reconcile-more", lang),
    )
    headers = {**OPEN, "Content-Language": lang, "Content-Security-Policy": ANYWHERE}
    return HTMLResponse(content, headers=headers)
