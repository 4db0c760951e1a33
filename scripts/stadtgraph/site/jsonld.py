"""JSON-LD straight from triples: compact names, one object per subject, same bytes for same triples.

What is written expands to exactly the triples that came in (JSON-LD 1.1 API, section 5.1).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import groupby
from operator import attrgetter
from typing import Final

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from stadtgraph.namespaces import VOCABULARIES
from stadtgraph.terms import TYPE, Term, text

XSD_STRING: Final = VOCABULARIES["xsd"] + "string"


def document(triples: Iterable[Triple], prefixes: dict[str, str]) -> bytes:
    """Return triples, which come in order of subject and predicate, as a JSON-LD document."""
    spaces = sorted(((space, name) for name, space in prefixes.items()), key=lambda pair: -len(pair[0]))
    graph = []
    for subject, statements in groupby(triples, key=attrgetter("subject")):
        node: dict[str, object] = {"@id": _id(subject, spaces)}
        for predicate, group in groupby(statements, key=attrgetter("predicate")):
            if predicate == TYPE:
                node["@type"] = _one([_id(triple.object, spaces) for triple in group])
            else:
                node[_id(predicate, spaces)] = _one([_value(triple.object, spaces) for triple in group])
        graph.append(node)
    whole = {"@context": dict(sorted(prefixes.items())), "@graph": graph}
    return (json.dumps(whole, ensure_ascii=False, indent=1) + "\n").encode()


def _one(values: list[object]) -> object:
    return values[0] if len(values) == 1 else values


def _id(term: Term, spaces: list[tuple[str, str]]) -> str:
    if isinstance(term, BlankNode):
        return f"_:{term.value}"
    iri = text(term)
    for space, name in spaces:
        local = iri.removeprefix(space)
        if local != iri and local and not local.startswith("//"):
            return f"{name}:{local}"
    return iri


def _value(term: Term, spaces: list[tuple[str, str]]) -> object:
    match term:
        case Literal(language=str(language)):
            return {"@language": language, "@value": term.value}
        case Literal(datatype=NamedNode(value=datatype)) if datatype != XSD_STRING:
            return {"@type": _id(term.datatype, spaces), "@value": term.value}
        case Literal():
            return term.value
    return {"@id": _id(term, spaces)}
