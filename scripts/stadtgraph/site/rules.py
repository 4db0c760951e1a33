"""Rules for a web server of files: who asks for a thing is led to the document that suits.

nginx takes two files, one for its http block and one for its server block; Apache finds ``.htaccess``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Final

from jinja2 import Environment, StrictUndefined

from stadtgraph.messages import LANGUAGES
from stadtgraph.site.catalog import FORMS
from stadtgraph.site.things import DATASERVICE, DEPRECATED, Site
from stadtgraph.terms import TYPE

NAMES: Final = {
    "server/nginx-maps.conf": "nginx-maps.conf",
    "server/nginx-site.conf": "nginx-site.conf",
    ".htaccess": "htaccess",
}
# The media types that name a form of a document, the most usual first.
ASKED: Final = (
    ("html", r"(text/html|application/xhtml\+xml)"),
    ("ttl", r"(text/turtle|application/x-turtle|text/n3)"),
    ("jsonld", r"application/(ld\+json|json)"),
    ("rdf", r"(application/(rdf\+xml|xml)|text/xml)"),
    ("nt", r"(application/n-triples|text/plain)"),
)
# First in the list and not marked down; anywhere and not marked down; anywhere.
TIERS: Final = (
    (r"^\s*", r"\s*(,|$|;(?!\s*q=0))"),
    (r"(^|,)\s*", r"\s*(,|$|;(?!\s*q=0))"),
    (r"(^|,)\s*", r"\s*(,|$|;(?!\s*q=0(\.0*)?\s*(,|$)))"),
)
OTHER_TYPES: Final = (
    ("text/html", "html"),
    ("text/css", "css"),
    ("application/javascript", "js"),
    ("application/json", "json"),
    ("image/svg+xml", "svg"),
    ("image/vnd.microsoft.icon", "ico"),
    ("application/atom+xml", "atom"),
    ("application/xml", "xml"),
    ("text/plain", "txt"),
    ("text/plain", "conf"),
    ("application/gzip", "gz"),
    ("application/sparql-query", "rq"),
)


def media_types() -> list[tuple[str, str]]:
    """Return the media type of each suffix that is published."""
    return [*((media, suffix) for suffix, (_, media, _) in FORMS.items()), *OTHER_TYPES]


def whole_documents(site: Site) -> Iterator[tuple[str, bytes]]:
    """Yield the rules for nginx and for Apache."""
    # These are no pages: nothing in them may be escaped for HTML.
    environment = Environment(  # noqa: S701
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    environment.filters["pattern"] = re.escape
    services = (node.value.removeprefix(site.base) for node in site.those(TYPE, DATASERVICE))
    values = {
        "tiers": TIERS,
        "forms": [{"suffix": suffix, "pattern": pattern} for suffix, pattern in ASKED],
        "known": "|".join(LANGUAGES),
        "languages": [lang for lang in LANGUAGES if lang != "de"],
        "pages": ["html"],
        "types": media_types(),
        "media_types": sorted({media for _, media, _ in FORMS.values()}),
        "services": sorted(service for service in services if re.fullmatch(r"[\w-]+", service)),
        "retired": list(_retired(site)),
    }
    for name, template in NAMES.items():
        source = files("stadtgraph.site").joinpath("server", template).read_text("utf-8")
        yield name, environment.from_string(source).render(values).encode()


def _retired(site: Site) -> Iterator[tuple[str, str]]:
    """Yield the path of each retired thing, and that of what took its place."""
    for node in site.those(DEPRECATED):
        if site.document(node.value) and "#" not in node.value and site.retired(node.value):
            successor = site.successor(node.value)
            local = successor.removeprefix(site.base)
            target = "/" + local if local != successor else successor
            yield "/" + node.value.removeprefix(site.base), target if successor else ""
