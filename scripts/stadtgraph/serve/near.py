"""What comes near a name: for addresses that lead nowhere, and for lists of names to be matched.

Names that share most groups of three letters are looked at closely; all others are passed over, so that a
stranger's guesses cost little in a large city too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches
from typing import Final
from urllib.parse import quote

from stadtgraph.serve.answers import Near
from stadtgraph.serve.publication import Publication, Thing
from stadtgraph.serve.search import folded

LOOKED_AT: Final = 60
COUNTED: Final = 20_000
ENOUGH: Final = 0.6
LONGEST: Final = 120
QUESTIONS: Final = "queries"
FORMS: Final = (".ttl", ".jsonld", ".nt", ".rdf", ".rq", ".csv", ".tsv", ".json", ".xml")
# What explains the city's data, and where it stands; who looks for a thing means none of it.
REFERENCE: Final = ("rule", "term")
FOLDERS: Final = ("def", "shapes", "vocabulary")


@dataclass(frozen=True)
class Likeness:
    """A thing, and how near its nearest name comes: 1 is the same apart from case, umlauts and signs."""

    thing: Thing
    share: float


class Names:
    """The names and slugs of all things, by the groups of letters in them."""

    def __init__(self, publication: Publication) -> None:
        self._names: list[tuple[str, Thing, bool]] = []
        self._groups: dict[str, list[int]] = {}
        for thing in publication.things.values():
            slug = folded(re.split("[/#]", thing.iri)[-1])
            named = {folded(name) for name in (*thing.names.values(), *thing.others)}
            for name in sorted({slug, *named} - {""}):
                for group in _groups(name):
                    self._groups.setdefault(group, []).append(len(self._names))
                self._names.append((name, thing, name in named))

    def near(self, words: str, slugs: bool = True) -> list[Likeness]:
        """Return the things whose names come near, nearest first; ``slugs`` too, or names alone."""
        asked = folded(words[:LONGEST])
        shared: Counter[int] = Counter()
        counted = 0
        # The rare groups say most; common ones would count half the city.
        for places in sorted((self._groups.get(group, []) for group in _groups(asked)), key=len):
            if counted > COUNTED:
                break
            shared.update(places)
            counted += len(places)
        # By the share of groups, so that long names do not crowd out the short one that was meant.
        ranked = sorted(shared, key=lambda at: (-shared[at] / (len(self._names[at][0]) + len(asked)), at))
        best: dict[str, Likeness] = {}
        for at in ranked[:LOOKED_AT]:
            name, thing, named = self._names[at]
            if not named and not slugs:
                continue
            share = _share(asked, name)
            if thing.iri not in best or share > best[thing.iri].share:
                best[thing.iri] = Likeness(thing, share)
        return sorted(best.values(), key=lambda one: (-one.share, one.thing.iri))


def _groups(name: str) -> set[str]:
    padded = f"  {name} "
    return {padded[at : at + 3] for at in range(len(padded) - 2)}


def _share(asked: str, name: str) -> float:
    """Return how alike two names are, whatever the order of their words."""
    straight = SequenceMatcher(None, asked, name, autojunk=False).ratio()
    if " " not in asked or " " not in name:
        return straight
    first, second = (" ".join(sorted(words.split(" "))) for words in (asked, name))
    # Another order is not quite the same name.
    return max(straight, 0.95 * SequenceMatcher(None, first, second, autojunk=False).ratio())


def names(publication: Publication) -> Names:
    """Return the names of a publication, gathered once."""
    return publication.once("names", lambda: Names(publication))


def meant(publication: Publication, path: str, root: str, lang: str, most: int = 5) -> list[Near]:
    """Return what an address that leads nowhere may have meant; ``root`` is the way to the start page."""
    folder, _, asked = path.strip("/").rpartition("/")
    endings = publication.described["endings"]
    for ending in (*endings.values(), *FORMS):
        if asked.endswith(ending):
            asked = asked.removesuffix(ending)
            break
    known = pages(publication).get(folder, ())
    stems = get_close_matches(asked.casefold(), known, most, ENOUGH)
    titles = {told["slug"]: told["title"][lang] for told in publication.questions}
    place = f"{folder}/" if folder else ""
    found = [
        Near(titles.get(stem, stem) if folder else stem, f"{root}{place}{quote(stem)}{endings[lang]}")
        for stem in stems
    ]
    if folder == QUESTIONS:
        return found
    things = [
        one.thing
        for one in names(publication).near(asked)
        if one.share >= ENOUGH and (one.thing.section in REFERENCE) == (folder in FOLDERS)
    ]
    return [*found, *_told(publication, things[: most - len(found)], root, lang)]


def pages(publication: Publication) -> Mapping[str, Sequence[str]]:
    """Return the pages at the top and those of the questions, by the folder they are in."""
    return publication.once("pages", lambda: _pages(publication))


def _pages(publication: Publication) -> dict[str, list[str]]:
    ending = max(publication.described["endings"].values(), key=len)
    top = sorted(
        path.name.removesuffix(ending) for path in publication.folder.iterdir() if path.name.endswith(ending)
    )
    return {"": top, QUESTIONS: [told["slug"] for told in publication.questions]}


def _told(publication: Publication, things: list[Thing], root: str, lang: str) -> Iterator[Near]:
    for thing in things:
        address = root + quote(thing.page) + publication.described["endings"][lang]
        yield Near(thing.name(lang), address, thing.iri)
