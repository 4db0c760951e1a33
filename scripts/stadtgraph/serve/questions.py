"""The documented questions as an API: ``/queries/<slug>.<form>?parameter=value``.

Values are checked by the kind of each parameter and bound as terms; none is ever read as part of the query.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from stadtgraph import queries
from stadtgraph.namespaces import LOCAL
from stadtgraph.queries import BadQuery, Kind
from stadtgraph.serve import form, negotiate, openapi, protocol
from stadtgraph.serve.answers import Near, language_of, refusal
from stadtgraph.serve.near import ENOUGH, names
from stadtgraph.serve.publication import Publication, Thing
from stadtgraph.serve.search import folded
from stadtgraph.serve.worker import GRAPH, ROWS, TRUTH, Question

HTML: Final = "text/html"
# A list of more things than these to choose from helps nobody.
SHOWN: Final = 500
ENDINGS: Final = {
    **{"csv": "text/csv", "tsv": "text/tab-separated-values"},
    **{"json": "application/sparql-results+json", "xml": "application/sparql-results+xml"},
    **{"ttl": "text/turtle", "nt": "application/n-triples"},
    **{"rdf": "application/rdf+xml", "jsonld": "application/ld+json"},
}


class Asked:
    """Answer one of the questions; what is no live answer is a document of the publication."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        request = Request(scope, receive)
        answer = await _answer(request) if scope["method"] in ("GET", "HEAD") else None
        if answer is None:
            await scope["app"].router.default(scope, receive, send)
        else:
            await answer(scope, receive, send)


def routes() -> list[BaseRoute]:
    """Return the routes of the questions and of their description."""
    return [Route("/queries/{name}", Asked()), Route("/openapi.json", described)]


async def described(request: Request) -> Response:
    """Describe the questions in OpenAPI 3.1."""
    publication, lang = form.publication_of(request), language_of(request)
    questions = asked(publication)
    media = {slug: forms_of(question) for slug, question in questions.items()}
    found = openapi.describe(publication, questions, media, lang)
    headers = {"Vary": "Accept-Language", "Content-Language": lang, "Cache-Control": "public, max-age=60"}
    return JSONResponse(found, headers=headers)


@lru_cache(4)
def asked(publication: Publication) -> Mapping[str, queries.Question]:
    """Return the questions that were published, by name."""
    files = (publication.folder / str(told["file"]) for told in publication.questions)
    return {path.stem: queries.read(path) for path in files}


async def _answer(request: Request) -> Response | None:
    """Return the answer to a request; None for what lies there as a document."""
    publication, name = form.publication_of(request), request.path_params["name"]
    slug, _, ending = name.partition(".")
    question = asked(publication).get(slug)
    pages = [page.removeprefix(".") for page in publication.described["endings"].values()]
    if question is None or (ending and ending not in (*ENDINGS, *pages)):
        return None
    forms = forms_of(question)
    if not ending:
        media = negotiate.media_type((HTML, *forms.values()), request.headers.get("accept", ""))
        if not media:
            return refusal(request, 406, "serve-not-acceptable", forms=", ".join((HTML, *forms.values())))
        ending = "html" if media == HTML else next(one for one, name in forms.items() if name == media)
    if question.only_documented:
        return None if ending in pages else refusal(request, 404, "question-not-run", slug=slug)
    if ending not in (*forms, *pages):
        near = [Near(f"{slug}.{one}", f"{slug}.{one}") for one in forms]
        return refusal(
            request, 404, "question-no-form", near=near, slug=slug, form=ending, forms=", ".join(forms)
        )
    given = request.query_params.multi_items()
    try:
        text = _filled(publication, question, given)
    except BadQuery as error:
        near = _near(question, ending, language_of(request))
        values: Mapping[str, Any] = error.values
        return refusal(request, 400, error.key, near=near, **values)
    unknown = await asyncio.to_thread(_unknown, publication, question, dict(given))
    if unknown:
        name, things = unknown
        lang, values = language_of(request), dict(given)
        near = [
            Near(one.name(lang), f"{slug}.{ending}?{urlencode({**values, name: one.slug})}", one.iri)
            for one in things
        ]
        return refusal(request, 404, "question-no-thing", near=near, name=name, value=values[name][:80])
    if ending in pages:
        return await _page(request, question, dict(given), text)
    media = forms[ending]
    wanted = Question(text, rows=media, truth=media, graph=media)
    return await protocol.answer(request, wanted)


def forms_of(question: queries.Question) -> Mapping[str, str]:
    """Return the forms in which a question is answered: media type by ending."""
    forms = {"SELECT": ROWS, "ASK": TRUTH}.get(question.form, GRAPH)
    return {ending: media for ending, media in ENDINGS.items() if media in forms}


def _filled(publication: Publication, question: queries.Question, given: list[tuple[str, str]]) -> str:
    """Return a question with its values.

    Raises:
        BadQuery: a parameter is unknown, occurs twice, or its value does not fit.

    """
    named = [name for name, _ in given]
    known = [parameter.name for parameter in question.parameters]
    for name in named:
        if name in known and named.count(name) > 1:
            raise BadQuery("question-parameter-twice", name=name)
        near = get_close_matches(name, known, 1)
        if name not in known and near:
            all_names = ", ".join(known)
            raise BadQuery(
                "question-no-parameter", slug=question.slug, name=name[:80], closest=near[0], names=all_names
            )
    return queries.fill(question, dict(given), publication.base)


def _unknown(
    publication: Publication, question: queries.Question, given: Mapping[str, str]
) -> tuple[str, list[Thing]] | None:
    """Return the parameter that names a thing of the city that there is not, and things that come near it."""
    own = f"{publication.base}{LOCAL['id']}"
    for parameter in question.parameters:
        if parameter.kind is Kind.IRI and parameter.name in given:
            iri = queries.iri_of(given[parameter.name], publication.base)
            known = iri in publication.things or iri in publication.described["retired"]
            if iri.startswith(own) and not known:
                near = names(publication).near(iri.removeprefix(own))
                things = [one.thing for one in near if one.share >= ENOUGH and one.thing.iri.startswith(own)]
                return parameter.name, things[:5]
    return None


def _near(question: queries.Question, ending: str, lang: str) -> list[Near]:
    """Return the question with its defaults in the place of what was given."""
    example = urlencode({one.name: one.example for one in question.parameters})
    return [Near(question.title(lang), f"{question.slug}.{ending}?{example}")]


async def _page(
    request: Request, question: queries.Question, given: Mapping[str, str], text: str
) -> Response:
    """Return the question's page with a form for its parameters, and with the live answer if asked."""
    publication = form.publication_of(request)
    endings = publication.described["endings"]
    name = request.path_params["name"]
    lang = next(
        (one for one in sorted(endings, key=lambda one: -len(endings[one])) if name.endswith(endings[one])),
        language_of(request),
    )
    content = form.published(publication, f"queries/{question.slug}{endings[lang]}")
    values = {one.name: given.get(one.name, _usual(one, lang)) for one in question.parameters}
    known = await asyncio.to_thread(_known, publication, question, lang)
    inputs = form.drawn(
        "parameters.html",
        lang,
        question=question,
        values=values,
        known=known,
        action=question.slug + endings[lang],
    )
    content = content.replace("<!--parameters-->", inputs)
    if not given:
        return form.html(content, lang, form.Told())
    told = await form.ask(request, Question(text))
    described = (one for one in publication.questions if one["slug"] == question.slug)
    columns = next(described, {}).get("columns", {})
    links = [(words, f"{question.slug}.{one}?{urlencode(given)}") for one, words in told.forms.items()]
    content = form.ANSWER.sub(lambda _: form.answered(request, told, lang, links, columns=columns), content)
    return form.html(content, lang, told)


def _known(publication: Publication, question: queries.Question, lang: str) -> dict[str, list[Thing]]:
    """Return for each parameter that names a thing those that may be meant: of the same kind, by name."""
    found: dict[str, list[Thing]] = {}
    for parameter in question.parameters:
        usual = None
        if parameter.kind is Kind.IRI:
            usual = publication.things.get(queries.iri_of(parameter.example, publication.base))
        things = sections(publication)[usual.section] if usual else []
        found[parameter.name] = sorted(things, key=lambda one: folded(one.name(lang)))
        if len(things) > SHOWN:
            found[parameter.name] = []
    return found


def sections(publication: Publication) -> Mapping[str, list[Thing]]:
    """Return the things of each section."""

    def gathered() -> Mapping[str, list[Thing]]:
        found: dict[str, list[Thing]] = {}
        for thing in publication.things.values():
            found.setdefault(thing.section, []).append(thing)
        return found

    return publication.once("sections", gathered)


def _usual(parameter: queries.Parameter, lang: str) -> str:
    """Return the value that a form begins with: the page's language for the language, else the default."""
    return lang if parameter.name == "lang" and lang in parameter.allowed else parameter.example
