"""The documented questions described in OpenAPI 3.1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stadtgraph.messages import say
from stadtgraph.queries import LONGEST, Kind, Parameter, Question
from stadtgraph.serve.publication import Publication

VERSION: Final = "3.1.0"
PROBLEM: Final = "application/problem+json"
PATTERNS: Final = {
    Kind.IRI: r"^([A-Za-z0-9_-]+|[a-z]+:[A-Za-z0-9_-]+|https?://[a-z0-9.-]+(/[A-Za-z0-9._~#-]*)*)$",
    Kind.NUMBER: r"^[-+]?[0-9]+(\.[0-9]+)?$",
}
ERRORS: Final = (400, 404, 429, 503)


def describe(
    publication: Publication,
    questions: Mapping[str, Question],
    media: Mapping[str, Mapping[str, str]],
    lang: str,
) -> dict[str, Any]:
    """Return the description in one language; ``media`` are the forms of each question by ending."""
    title = publication.titles.get(lang) or next(iter(publication.titles.values()), publication.base)
    described = publication.described
    return {
        "openapi": VERSION,
        "info": {
            "title": say("api-title", lang, title=title),
            "version": described["version"],
            "description": say("api-description", lang),
            **(
                {"license": {"name": described["licence"], "url": described["licence"]}}
                if described["licence"]
                else {}
            ),
        },
        "servers": [{"url": "."}],  # as seen from this description, so right under each path prefix
        "paths": {
            f"/queries/{slug}.{{form}}": {"get": _operation(question, media[slug], lang)}
            for slug, question in questions.items()
            if not question.only_documented
        },
        "components": {"schemas": {"Problem": _problem()}},
    }


def _operation(question: Question, forms: Mapping[str, str], lang: str) -> dict[str, Any]:
    form = {
        "name": "form",
        "in": "path",
        "required": True,
        "description": say("api-form", lang),
        "schema": {"type": "string", "enum": list(forms)},
        "example": next(iter(forms)),
    }
    return {
        "operationId": question.slug,
        "summary": question.title(lang),
        "description": question.line("description", lang),
        "parameters": [form, *(_parameter(parameter, lang) for parameter in question.parameters)],
        "responses": {
            "200": {
                "description": say("api-answered", lang),
                "content": {media: {"schema": _schema(media)} for media in forms.values()},
            },
            **{str(status): _error(status, lang) for status in ERRORS},
        },
    }


def _parameter(parameter: Parameter, lang: str) -> dict[str, Any]:
    meaning = parameter.meaning.get(lang) or parameter.name
    kind = parameter.kind
    schema: dict[str, Any] = {"type": "string", "maxLength": LONGEST, "default": parameter.example}
    if parameter.allowed:
        schema |= {"enum": list(parameter.allowed)}
    elif kind is Kind.DATE:
        schema |= {"format": "date"}
    elif kind in PATTERNS:
        schema |= {"pattern": PATTERNS[kind]}
    return {
        "name": parameter.name,
        "in": "query",
        "required": False,
        "description": say("api-iri", lang, meaning=meaning)
        if kind is Kind.IRI and not parameter.allowed
        else meaning,
        "schema": schema,
        "example": parameter.example,
    }


def _schema(media: str) -> dict[str, Any]:
    if media == "application/sparql-results+json":
        return {"type": "object", "required": ["head"]}
    if media == "application/ld+json":
        return {"type": ["array", "object"]}
    return {"type": "string"}


def _error(status: int, lang: str) -> dict[str, Any]:
    return {
        "description": say(f"api-{status}", lang),
        "content": {
            PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}},
            "text/plain": {"schema": {"type": "string"}},
            "text/html": {"schema": {"type": "string"}},
        },
    }


def _problem() -> dict[str, Any]:
    """Return the schema of problem details (RFC 9457)."""
    properties: dict[str, Any] = {name: {"type": "string"} for name in ("type", "title", "detail")}
    return {
        "type": "object",
        "required": ["title", "status", "detail"],
        "properties": {**properties, "status": {"type": "integer"}},
    }
