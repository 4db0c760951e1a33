"""Search in names, other names and descriptions, by the rules of the published page's script.

Every distinct word is compared once, not every entry, so that large cities are searched as well.
"""

from __future__ import annotations

import asyncio
import json
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from stadtgraph.messages import LANGUAGES, count_of, say
from stadtgraph.serve.answers import VARY, fragment, language_of, other_language, refusal
from stadtgraph.serve.negotiate import media_type
from stadtgraph.serve.publication import Publication

# How much a hit counts in name, other names and description.
WEIGHTS: Final = (4, 3, 1)
# What backs the rest comes after what people look for.
LATE: Final = ("source", "graph", "other", "term", "rule")
SHOWN: Final = 60
MOST: Final = 1000
LONGEST: Final = 200
WORDS: Final = 12
SUGGESTED: Final = 10
COMBINING: Final = re.compile("[\u0300-\u036f]")
BETWEEN: Final = re.compile(r"[^a-z0-9]+")
UMLAUT: Final = re.compile(r"(a|o|u)e")
WRITTEN: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
PLACES: Final = re.compile(r"@(question|count|results|there)@")
OPENSEARCH: Final = "application/x-suggestions+json"


@dataclass(frozen=True)
class Hit:
    """Something found, as the list of results tells it; ``page`` leads there from the start page."""

    name: str
    kind: str
    page: str
    lead: str
    section: str
    score: int


def folded(words: str) -> str:
    """Return words without case, umlauts and accents, as the page's script folds them."""
    plain = unicodedata.normalize("NFKD", words.lower().translate(WRITTEN))
    return BETWEEN.sub(" ", COMBINING.sub("", plain)).strip()


def plain(words: str) -> str:
    """Return folded words with "u" for "ue": how many people type an umlaut."""
    return UMLAUT.sub(r"\1", words)


def near(typed: str, word: str) -> bool:
    """Tell whether two words differ by at most one letter: missing, added, changed, or two swapped.

    The second may go on: what is typed is often only a beginning.
    """
    longest = len(typed)
    if longest < 4:
        return False
    at = 0
    while at < longest and typed[at : at + 1] == word[at : at + 1]:
        at += 1
    rest = typed[at + 1 :]
    return (
        at == longest
        or word.startswith(rest, at)
        or word.startswith(typed[at:], at + 1)
        or word.startswith(rest, at + 1)
        or (
            typed[at : at + 1] == word[at + 1 : at + 2]
            and typed[at + 1 : at + 2] == word[at : at + 1]
            and word.startswith(typed[at + 2 :], at + 2)
        )
    )


def points(typed: str, word: str) -> int:
    """Return how well a typed word fits another: the same, its beginning, a part of it, nearly."""
    if word == typed:
        return 4
    if word.startswith(typed):
        return 3
    if len(typed) > 2 and typed in word:
        return 2
    return int(near(typed, word))


class Index:
    """What can be found in one language."""

    def __init__(self, entries: list[list[str]]) -> None:
        self.entries = entries
        # Word: the entries that have it, each with what a hit there counts.
        self._words: dict[str, dict[int, int]] = {}
        for number, (name, _, _, others, lead, _) in enumerate(entries):
            for weight, content in zip(WEIGHTS, (name, others, lead), strict=True):
                text = folded(content)
                for word in {*text.split(" "), *plain(text).split(" ")}:
                    places = self._words.setdefault(word, {})
                    places[number] = max(weight, places.get(number, 0))
        self._found = lru_cache(1024)(self._find)

    def search(self, question: str) -> list[Hit]:
        """Return what fits a question, best first."""
        typed = [word for word in folded(question[:LONGEST]).split(" ") if word][:WORDS]
        if not typed:
            return []
        sums: dict[int, int] | None = None
        for word in typed:
            found = self._found(word)
            if sums is None:
                sums = dict(found)
            else:
                sums = {number: score + found[number] for number, score in sums.items() if number in found}
        ordered = sorted(
            (sums or {}).items(),
            key=lambda pair: (self._is_late(pair[0]), -pair[1], len(self.entries[pair[0]][0]), pair[0]),
        )
        return [self._hit(number, score) for number, score in ordered]

    def _is_late(self, number: int) -> bool:
        return self.entries[number][5] in LATE

    def _find(self, word: str) -> dict[int, int]:
        """Return the entries that a typed word fits, each with the best that it counts there."""
        other = plain(word)
        best: dict[int, int] = {}
        for known, places in self._words.items():
            value = points(word, known)
            if other != word:
                value = max(value, points(other, known))
            if value:
                for number, weight in places.items():
                    if value * weight > best.get(number, 0):
                        best[number] = value * weight
        return best

    def _hit(self, number: int, score: int) -> Hit:
        name, kind, page, _, lead, section = self.entries[number]
        return Hit(name, kind, page, lead, section, score)


def index(publication: Publication, lang: str) -> Index:
    """Return the index of a publication in a language, made once."""

    def make() -> Index:
        entries = publication.folder / "server" / f"entries.{lang}.jsonl"
        if entries.is_file():  # the page's own script has a large city in parts
            with entries.open(encoding="utf-8") as lines:
                return Index(list(map(json.loads, lines)))
        written = (publication.folder / f"search.{lang}.js").read_text("utf-8")
        return Index(json.loads(written[written.index("[") : written.rindex("]") + 1]))

    return publication.once(f"search.{lang}", make)


def routes() -> list[BaseRoute]:
    """Return the addresses at which searches are answered."""
    pages = [f"/search{'' if lang == 'de' else '.' + lang}.html" for lang in LANGUAGES]
    return [
        Route("/search", search),
        Route("/suggest", suggest),
        *(Route(page, search, name=page) for page in pages),
    ]


async def search(request: Request) -> Response:
    """Answer ``?q=`` as a page or as JSON."""
    question = request.query_params.get("q", "")
    limit = _limit(request, SHOWN)
    wanted = request.query_params.get("format", "")
    accept = request.headers.get("accept", "")
    form = {"html": "text/html", "json": "application/json"}.get(wanted, "")
    form = form or media_type(("text/html", "application/json"), accept)
    if not form or limit is None:
        return refusal(request, 406 if not form else 400, "serve-bad-search")
    publication: Publication = request.app.state.publication
    lang = _language(request)
    hits = await asyncio.to_thread(lambda: index(publication, lang).search(question))
    headers = {"Vary": VARY, "Content-Language": lang, "Cache-Control": "public, max-age=60"}
    if form == "application/json":
        things = {thing.page: thing.iri for thing in publication.things.values()}
        ending = publication.described["endings"][lang]
        results = [
            {
                "id": things.get(unquote(hit.page).removesuffix(ending), ""),
                "name": hit.name,
                "kind": hit.kind,
                "page": hit.page,
                "description": hit.lead,
                "score": hit.score,
            }
            for hit in hits[:limit]
        ]
        return JSONResponse(
            {"q": question, "lang": lang, "total": len(hits), "results": results}, 200, headers
        )
    count = count_of("serve-hit", len(hits), lang) if hits else say("serve-no-hit", lang)
    filled = {
        "question": Markup.escape(question),
        "count": Markup.escape(count if question.strip() else ""),
        "results": fragment("results.html", hits=hits[:limit]),
        "there": other_language(request, lang, "search"),
    }
    shell = (publication.folder / f"server/search.{lang}.txt").read_text("utf-8")
    content = PLACES.sub(lambda match: filled[match[1]], shell)
    return Response(content, 200, headers, media_type="text/html")


async def suggest(request: Request) -> Response:
    """Answer ``?q=`` with suggestions: what was typed, names, descriptions, addresses (OpenSearch)."""
    question = request.query_params.get("q", "")
    publication: Publication = request.app.state.publication
    lang = _language(request)
    hits = await asyncio.to_thread(lambda: index(publication, lang).search(question)[:SUGGESTED])
    content = [
        question,
        [hit.name for hit in hits],
        [hit.kind for hit in hits],
        [hit.page for hit in hits],
    ]
    headers = {"Vary": "Accept-Language", "Content-Language": lang, "Cache-Control": "public, max-age=60"}
    return JSONResponse(content, 200, headers, media_type=OPENSEARCH)


def _language(request: Request) -> str:
    """Return the language of a search: that of the page it was typed on, where one is named."""
    named = [lang for lang in LANGUAGES if request.url.path.endswith(f"search.{lang}.html")]
    if request.url.path.endswith("search.html") and "lang" not in request.query_params:
        return LANGUAGES[0]
    return named[0] if named and "lang" not in request.query_params else language_of(request)


def _limit(request: Request, usual: int) -> int | None:
    given = request.query_params.get("limit", str(usual))
    return int(given) if re.fullmatch(r"[1-9]\d{0,3}", given) and int(given) <= MOST else None
