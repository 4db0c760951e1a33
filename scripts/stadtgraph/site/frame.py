"""What every page has around its content: head, menu, foot, links; and the sections that things belong to."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote
from weakref import WeakKeyDictionary

from markupsafe import Markup
from pyoxigraph import NamedNode

from stadtgraph.messages import LANGUAGES
from stadtgraph.namespaces import LOCAL, VOCABULARIES, shorten
from stadtgraph.site import jsonld
from stadtgraph.site.describe import kinds, point_in_time, predicate
from stadtgraph.site.reading import MISSING, Reading, address
from stadtgraph.site.templating import TEMPLATES, static
from stadtgraph.site.words import Words, term
from stadtgraph.terms import text

ORG: Final = VOCABULARIES["org"]
RDF: Final = VOCABULARIES["rdf"]
SCHEMA: Final = VOCABULARIES["schema"]
SKOS: Final = VOCABULARIES["skos"]
DCTERMS: Final = VOCABULARIES["dcterms"]
DESCRIPTIONS: Final = (
    DCTERMS + "description",
    SCHEMA + "description",
    SKOS + "definition",
    VOCABULARIES["rdfs"] + "comment",
)
SECTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "body": tuple(
        ORG + name
        for name in (
            "FormalOrganization",
            "Organization",
            "OrganizationalCollaboration",
            "OrganizationalUnit",
        )
    ),
    "event": tuple(SCHEMA + name for name in ("Event", "EventSeries", "Festival")),
    "place": tuple(SCHEMA + name for name in ("AdministrativeArea", "City", "CityHall", "Place")),
    "concept": (SKOS + "Concept", SKOS + "ConceptScheme"),
}
ISSUES: Final = "issues/new?title={title}&body={body}"
GITLAB: Final = "-/issues/new?issue[title]={title}&issue[description]={body}"
AGENT_NAMES: Final = (VOCABULARIES["foaf"] + "name", VOCABULARIES["vcard"] + "fn")


@dataclass(frozen=True)
class Text:
    """Words and their language; no language means that of the page."""

    value: str
    lang: str = ""


def text_in(texts: Mapping[str, str], lang: str) -> Text:
    """Return a text in ``lang``, else in another language, which is then named."""
    if lang in texts:
        return Text(texts[lang])
    for other in ("", "en", *texts):
        if other in texts:
            return Text(texts[other], other)
    return Text("")


def section_of(reading: Reading, iri: str) -> str:
    """Return the section that a thing is listed in."""
    for name in ("source", "graph"):
        if iri.startswith(reading.base + LOCAL[name]):
            return name
    types = reading.types(iri)
    return next((name for name, classes in SECTIONS.items() if not types.isdisjoint(classes)), "other")


class Frame:
    """The frame of a city's pages in one language."""

    def __init__(self, reading: Reading, lang: str) -> None:
        self.reading, self.lang, self.words = reading, lang, Words(lang)
        self.other = next(other for other in LANGUAGES if other != lang)
        self.static = static()
        self.sections = [name for name, classes in SECTIONS.items() if reading.has_one(classes)]
        self.record = self._record()
        self.themes = bool(themes(reading))
        # Pages that stand in the menu, or lack part of the head.
        self._apart = {"", "index", "search", MISSING, *(page for _, page in self._menu())}
        self._made: dict[str, dict[str, Markup]] = {}

    @classmethod
    def of(cls, reading: Reading, lang: str) -> Frame:
        """Return the frame of a reading, made once for each language."""
        frames = FRAMES.setdefault(reading, {})
        if lang not in frames:
            frames[lang] = cls(reading, lang)
        return frames[lang]

    def file(self, name: str) -> str:
        """Return the file of a page in this language: German has no suffix."""
        page, mark, fragment = name.partition("#")
        return f"{page}{'' if self.lang == 'de' else '.' + self.lang}.html{mark}{fragment}"

    def published(self, name: str) -> dict[str, str]:
        """Return where a page stands on the web in each language; nothing for pages without an address."""
        if name in ("", MISSING):
            return {}
        site, frames = self.reading.site, [self.of(self.reading, lang) for lang in LANGUAGES]
        return {
            frame.lang: site.url("" if frame.file(name) == "index.html" else frame.file(name))
            for frame in frames
        }

    def link(self, iri: str, origin: str) -> str:
        """Return the relative address of a thing's page; nothing when it has none."""
        name = self.reading.document(iri)
        return address(self.file(name), origin) if name else ""

    def term_link(self, iri: str, origin: str) -> str:
        """Return the relative address of the page of a class or property; nothing when it has none."""
        name = self.reading.term_page(iri)
        return address(self.file(name), origin) if name else ""

    def code_link(self, path: str, line: int) -> str:
        """Return where a line of the city's files stands in the open; nothing where they are not."""
        repository = self.record["repository"]
        if not repository or not path:
            return ""
        between = "/-/blob/HEAD/" if _is_gitlab(repository) else "/blob/HEAD/"
        return f"{repository}{between}{quote(path)}" + (f"#L{line}" if line else "")

    def named(self, iri: str) -> Text:
        """Return the name of a thing."""
        label = self.reading.label(iri) or self.reading.texts(iri, *AGENT_NAMES)
        if not label and RDF + "Statement" in self.reading.types(iri):
            return Text(self._conclusion(iri))
        if not label and "#" in iri:
            return Text(", ".join(kinds(self.reading, iri, self.words)) or iri.rpartition("#")[2])
        if not label:
            return Text(shorten(iri, self.reading.base), "zxx")
        return text_in(label, self.lang)

    def _conclusion(self, iri: str) -> str:
        """Return a name for a conclusion, which has none: what it is about, and in which respect."""
        reading = self.reading
        about, respect = (reading.objects(iri, RDF + part) for part in ("subject", "predicate"))
        names = [self.named(one).value for one in about] + [
            predicate(reading, one, self.words) for one in respect
        ]
        return ": ".join(names) or shorten(iri, reading.base)

    def _record(self) -> dict[str, Any]:
        """Return what the dataset says about itself."""
        reading, dataset = self.reading, self.reading.site.dataset
        title = text_in(reading.texts(dataset, DCTERMS + "title"), self.lang) if dataset else Text("")
        publishers = reading.objects(dataset, DCTERMS + "publisher") if dataset else []
        licences = reading.objects(dataset, DCTERMS + "license") if dataset else []
        modified = reading.objects(dataset, DCTERMS + "modified") if dataset else []
        publisher = ""
        if publishers:
            names = reading.texts(publishers[0], VOCABULARIES["foaf"] + "name", SCHEMA + "name")
            publisher = text_in(names, self.lang).value
        links = reading.objects(dataset, SCHEMA + "license") if dataset else []
        return {
            "title": title.value,
            "short": title.value.partition(":")[0] or reading.base,
            "rest": title.value.partition(":")[2].strip(),
            "description": text_in(reading.texts(dataset, DCTERMS + "description"), self.lang).value
            if dataset
            else "",
            "publisher": publisher or title.value.partition(":")[0],
            "licence": licence(licences[0], self.lang) if licences else "",
            "licence_link": (links or licences or [""])[0],
            "modified": point_in_time(modified[0], self.words) if modified else "",
            "repository": self._repository(dataset),
        }

    def _repository(self, dataset: str) -> str:
        """Return where the city's files are kept in the open; errors are reported there."""
        if not dataset:
            return ""
        properties = (
            SCHEMA + "codeRepository",
            VOCABULARIES["foaf"] + "page",
            VOCABULARIES["dcat"] + "repository",
        )
        found = [iri for iri in self.reading.objects(dataset, *properties) if iri.startswith("https://")]
        return found[0].removesuffix("/") if found else ""

    def report_link(self, iri: str, name: str, place: str) -> str:
        """Return the address at which to report an error, with subject and text filled in."""
        title = self.words("report-subject", name=name)
        body = self.words("report-body", iri=iri, place=place)
        repository, mail = self.record["repository"], self._mail()
        if repository:
            pattern = GITLAB if _is_gitlab(repository) else ISSUES
            return f"{repository}/{pattern.format(title=quote(title), body=quote(body))}"
        return f"{mail}?subject={quote(title)}&body={quote(body)}" if mail else ""

    def _mail(self) -> str:
        """Return the mailbox for questions on the dataset."""
        if not self.reading.site.dataset:
            return ""
        for contact in self.reading.objects(self.reading.site.dataset, VOCABULARIES["dcat"] + "contactPoint"):
            for mail in self.reading.objects(contact, VOCABULARIES["vcard"] + "hasEmail"):
                if mail.startswith("mailto:"):
                    return mail.partition("?")[0]
        return ""

    def menu(self, name: str) -> list[tuple[str, str, bool]]:
        """Return the main menu as seen from a page: words, address, whether it is this page."""
        return [(self.words(key), address(self.file(page), name), page == name) for key, page in self._menu()]

    def _menu(self) -> list[tuple[str, str]]:
        entries = [("theme", "theme")] if self.themes else []
        entries += [(section, f"list/{section}") for section in self.sections]
        return [*entries, ("queries", "queries"), ("data", "data")]

    def snippet(self, iri: str) -> str:
        """Return the lines that describe a thing to search engines; nothing for kinds without any."""
        return jsonld.snippet(self.reading.site, iri, self.lang) or ""

    def render(self, template: str, name: str, **values: Any) -> bytes:
        """Fill a template for the page ``name``."""
        filled = {**self._known(name), **values}
        return TEMPLATES.get_template(template).render({**filled, **self._around(name, filled)}).encode()

    def part(self, template: str, name: str, /, **values: Any) -> Markup:
        """Fill the template of something that several pages of a folder show, ``name`` being one of them."""
        filled = TEMPLATES.get_template(template).render({**self._known(name), **values})
        return Markup(filled)  # noqa: S704 (the template has escaped it)

    def _known(self, name: str) -> dict[str, Any]:
        """Return what every page may show."""

        def to(page: str) -> str:
            return address(page, name)

        def beside(frame: Frame) -> str:
            return address(frame.file(name).rpartition("/")[2], name if name == MISSING else "")

        return {
            "lang": self.lang,
            "other": self.other,
            "t": self.words,
            "to": to,
            "page": lambda target: address(self.file(target), name),
            "link": lambda iri: self.link(iri, name),
            "here": beside(self),
            "there": beside(self.of(self.reading, self.other)),
            "published": self.published(name),
            "static": lambda file: to("static/" + self.static[file]),
            "site": self.record,
            "name": name,
        }

    def _around(self, name: str, values: Mapping[str, Any]) -> Mapping[str, Markup]:
        """Return head and foot of a page, made once for all pages of a folder that show the same."""
        key = name if name in self._apart else "/" * (1 + name.count("/"))
        if key not in self._made:
            told = {"menu": self.menu(name), **values}
            self._made[key] = {part: self.part(f"{part}.html", name, **told) for part in ("top", "foot")}
        return self._made[key]

    def shell(self) -> bytes:
        """Return a page without content for the server, which fills in what stands between ``@``."""
        return self.render(
            "frame.html",
            "",
            to=lambda page: "@root@" + address(page),
            page=lambda target: "@root@" + address(self.file(target)),
            static=lambda file: "@root@" + address("static/" + self.static[file]),
            menu=[(words, "@root@" + link, False) for words, link, _ in self.menu("")],
            here="@here@",
            there="@there@",
        )


def _is_gitlab(repository: str) -> bool:
    return "gitlab" in repository or "opencode.de" in repository


FRAMES: Final[WeakKeyDictionary[Reading, dict[str, Frame]]] = WeakKeyDictionary()


def frame_digest(reading: Reading, statements: Iterable[bytes]) -> str:
    """Return a digest of all that pages show besides their thing's footprint; ``statements`` are N-Quads."""
    menus = [Frame.of(reading, lang).menu("") for lang in LANGUAGES]
    return reading.frame(statements) + hashlib.blake2b(repr(menus).encode(), digest_size=16).hexdigest()


def themes(reading: Reading) -> list[str]:
    """Return the themes of the city in order: what its events are about, else the top concepts worked for."""
    if reading.themes is not None:
        return reading.themes
    tops = {node.value for node in reading.site.those(NamedNode(SKOS + "topConceptOf"))}
    found: set[str] = set()
    for respect, section in ((SCHEMA + "about", "event"), (ORG + "purpose", "body")):
        for quad in reading.city.store.quads_for_pattern(None, NamedNode(respect), None):
            iri = text(quad.object)
            if (
                iri in tops - found
                and SKOS + "Concept" in reading.types(iri)
                and reading.is_one(text(quad.subject), SECTIONS[section])
            ):
                found.add(iri)
        if found:
            break
    reading.themes = sorted(found, key=lambda iri: (reading.number(iri), reading.name(iri, "de")))
    return reading.themes


def licence(iri: str, lang: str) -> str:
    """Return the name of a licence, else what its IRI says."""
    return term("licence", iri, "").get(lang) or "/".join(iri.rstrip("/").split("/")[-2:])
