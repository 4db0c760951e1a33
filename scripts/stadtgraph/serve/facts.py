"""What is stated about a thing, read from its published document."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from pyoxigraph import Literal, NamedNode, RdfFormat, parse

from stadtgraph.namespaces import VOCABULARIES
from stadtgraph.serve.publication import Publication, Thing

XSD: Final = VOCABULARIES["xsd"]
WHOLE: Final = tuple(
    XSD + name for name in ("integer", "int", "long", "nonNegativeInteger", "positiveInteger")
)
FRACTIONS: Final = tuple(XSD + name for name in ("decimal", "double", "float"))
MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?")


@dataclass(frozen=True)
class Value:
    """A value of a property: its text, and the thing of the city that it is, if any."""

    text: str
    thing: Thing | None = None
    lang: str = ""
    datatype: str = ""

    def words(self) -> list[str]:
        """Return all by which the value may be called."""
        thing = self.thing
        return [self.text, *((thing.slug, *thing.names.values(), *thing.others) if thing else ())]


def facts(publication: Publication, thing: Thing) -> dict[str, list[Value]]:
    """Return the values of each property of a thing, in the order of its document."""
    found: dict[str, list[Value]] = {}
    file = publication.folder / f"{thing.page}.nt"
    for quad in parse(path=str(file), format=RdfFormat.N_TRIPLES):
        if isinstance(quad.subject, NamedNode) and quad.subject.value == thing.iri:
            found.setdefault(quad.predicate.value, []).append(_value(publication, quad.object))
    return found


def _value(publication: Publication, node: Any) -> Value:
    if isinstance(node, Literal):
        return Value(node.value, lang=node.language or "", datatype=node.datatype.value)
    iri = node.value if isinstance(node, NamedNode) else str(node)
    ours = iri.startswith(f"{publication.base}id/")
    return Value(iri, publication.things.get(iri) if ours else None)


def as_json(values: Sequence[Value], lang: str) -> list[dict[str, Any]]:
    """Return values as the reconciliation protocol writes them; words in ``lang`` where there are such."""
    spoken = any(value.lang == lang for value in values)
    return [_told(value, lang) for value in values if not (spoken and value.lang and value.lang != lang)]


def _told(value: Value, lang: str) -> dict[str, Any]:
    if value.thing:
        return {"id": value.thing.slug, "name": value.thing.name(lang)}
    if value.datatype in WHOLE and re.fullmatch(r"[+-]?\d{1,18}", value.text):
        return {"int": int(value.text)}
    if value.datatype in FRACTIONS and re.fullmatch(r"[+-]?\d+(\.\d+)?([eE][+-]?\d{1,3})?", value.text):
        return {"float": float(value.text)}
    if value.datatype == XSD + "dateTime" and MOMENT.fullmatch(value.text):
        return {"date": value.text}
    return {"str": value.text}
