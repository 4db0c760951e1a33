"""JSON-LD straight from triples: compact names, same bytes for same triples.

Every text here expands to exactly the triples that came in (JSON-LD 1.1 API, section 5.1).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from json.encoder import encode_basestring as quoted
from operator import attrgetter
from typing import Final

from pyoxigraph import Literal, NamedNode, Quad, RdfFormat, Triple

from stadtgraph.messages import LANGUAGES
from stadtgraph.namespaces import VOCABULARIES
from stadtgraph.site.snippets import snippet
from stadtgraph.site.things import REMEMBERED, About, NameAlone, Names, Site, Statements, Value, triples
from stadtgraph.terms import TYPE, to_bytes

__all__ = ["document", "document_lines", "nested", "snippet", "thing_documents", "whole_documents"]

XSD_STRING: Final = NamedNode(VOCABULARIES["xsd"] + "string")
CONTEXT: Final = "context.jsonld"
FORMS: Final = {"ttl": RdfFormat.TURTLE, "nt": RdfFormat.N_TRIPLES, "rdf": RdfFormat.RDF_XML}
# Properties whose values stand by language: {"de": …, "en": …}.
TEXTS: Final = frozenset(
    NamedNode(VOCABULARIES[prefix] + name)
    for prefix, names in (
        ("dcterms", "title description"),
        ("foaf", "name"),
        ("rdfs", "label comment"),
        ("schema", "name alternateName description"),
        ("skos", "prefLabel altLabel definition note scopeNote editorialNote"),
    )
    for name in names.split()
)


def context(prefixes: dict[str, str]) -> dict[str, object]:
    """Return the context of all documents: prefixes, and texts by language."""
    texts = sorted(map(Names(prefixes), TEXTS))
    by_language = {name: {"@id": name, "@container": "@language"} for name in texts}
    return {**dict(sorted(prefixes.items())), **by_language}


def document(triples: Iterable[Triple], prefixes: dict[str, str]) -> bytes:
    """Return triples, which come in order of subject and predicate, as one document that needs no other."""
    return "".join(document_lines(triples, prefixes)).encode()


def document_lines(triples: Iterable[Triple | Quad], prefixes: dict[str, str]) -> Iterator[str]:
    """Yield that document node by node, each on a line of its own."""
    names = lru_cache(REMEMBERED)(Names(prefixes))
    head = json.dumps(dict(sorted(prefixes.items())), ensure_ascii=False)
    yield f'{{"@context": {head},\n"@graph": ['
    parted = "\n"
    for subject, statements in groupby(triples, key=attrgetter("subject")):
        node: dict[str, object] = {"@id": names(subject)}
        for predicate, group in groupby(statements, key=attrgetter("predicate")):
            if predicate == TYPE:
                node["@type"] = _one([names(triple.object) for triple in group])
            else:
                node[names(predicate)] = _one([_value(triple.object, names) for triple in group])
        yield parted + json.dumps(node, ensure_ascii=False)
        parted = ",\n"
    yield "\n]}\n"


def _one(values: list[object]) -> object:
    return values[0] if len(values) == 1 else values


def _value(term: Value, names: Callable[[Value], str]) -> object:
    match term:
        case Literal(language=str(language)):
            return {"@language": language, "@value": term.value}
        case Literal(datatype=datatype) if datatype != XSD_STRING:
            return {"@type": names(datatype), "@value": term.value}
        case Literal():
            return term.value
    return {"@id": names(term)}


def nested(site: Site, about: About, context: str) -> bytes:
    """Return what a thing's document holds: the thing, and in it each neighbour where it is first met."""
    told: set[Value] = set()
    roots = [_node(site, about, subject, told, "") for subject in about if subject not in told]
    head = f'"@context": {quoted(context)}'
    if len(roots) == 1:
        return f"{{\n {head},\n {roots[0][1:].lstrip()}\n".encode()
    nodes = ",\n".join(roots)
    return f'{{\n {head},\n "@graph": [\n{nodes}\n]}}\n'.encode()


def _node(site: Site, about: About, subject: Value, told: set[Value], pad: str) -> str:
    """Write a node and, inside it, those of its neighbours that have not been told yet."""
    told.add(subject)
    names = site.compact
    inner = pad + " "
    members = [f'"@id": {names[subject]}']
    for predicate, objects in about[subject]:
        if predicate == TYPE:
            members.append(f'"@type": {_list([names[value] for value in objects])}')
            continue
        is_text = predicate in TEXTS
        if is_text and (texts := _by_language(objects)):
            members.append(f"{names[predicate]}: {texts}")
            continue
        written = []
        for value in objects:
            if isinstance(value, Literal):
                written.append(_literal(value, names))
            elif value in told or not (statements := about.get(value)):
                written.append(f'{{"@id": {names[value]}}}')
            elif isinstance(statements, NameAlone):
                told.add(value)
                written.append(_named(site, value, statements))
            else:
                written.append(_node(site, about, value, told, inner))
        # A single object would be read as a map of languages.
        several = f"[{', '.join(written)}]" if is_text else _list(written)
        members.append(f"{names[predicate]}: {several}")
    lines = f",\n{inner}".join(members)
    return f"{{\n{inner}{lines}\n{pad}}}"


def _named(site: Site, node: Value, statements: Statements) -> str:
    """Write a neighbour of which nothing but its name is told; it is met often, so it is remembered."""
    known = site.written.get(node)
    if known is None:
        if len(site.written) >= REMEMBERED:
            site.written.clear()
        ((predicate, texts),) = statements
        names = site.compact
        written = _by_language(texts) if predicate in TEXTS else ""
        if not written:
            literals = [_literal(value, names) for value in texts if isinstance(value, Literal)]
            written = f"[{', '.join(literals)}]"
        known = site.written[node] = f'{{"@id": {names[node]}, {names[predicate]}: {written}}}'
    return known


def _list(values: list[str]) -> str:
    return values[0] if len(values) == 1 else f"[{', '.join(values)}]"


def _by_language(values: Sequence[Value]) -> str:
    """Write texts by language; nothing when one of them has none."""
    texts: dict[str, list[str]] = {}
    for value in values:
        if not isinstance(value, Literal) or (language := value.language) is None:
            return ""
        texts.setdefault(language, []).append(quoted(value.value))
    return "{" + ", ".join([f'"{language}": {_list(texts[language])}' for language in sorted(texts)]) + "}"


def _literal(value: Literal, names: Names) -> str:
    if language := value.language:
        return f'{{"@language": "{language}", "@value": {quoted(value.value)}}}'
    datatype = value.datatype
    if datatype != XSD_STRING:
        return f'{{"@type": {names[datatype]}, "@value": {quoted(value.value)}}}'
    return quoted(value.value)


def thing_documents(site: Site, iri: str) -> Iterator[tuple[str, bytes]]:
    """Yield a thing's documents; each form holds the same triples."""
    name = site.document(iri)
    about = site.about(iri)
    statements = triples(about)
    for suffix, form in FORMS.items():
        yield f"{name}.{suffix}", to_bytes(statements, form, site.city.prefixes)
    for lang in LANGUAGES:
        if content := snippet(site, iri, lang):
            yield f"embed/{name.removeprefix('doc/')}.{lang}.jsonld", f"{content}\n".encode()
    yield f"{name}.jsonld", nested(site, about, "../" * name.count("/") + CONTEXT)


def whole_documents(site: Site) -> Iterator[tuple[str, bytes]]:
    """Yield the context that the documents share, and the dataset for dataset search."""
    for lang in LANGUAGES:
        if site.dataset and (content := snippet(site, site.dataset, lang)):
            yield f"embed/dataset.{lang}.jsonld", f"{content}\n".encode()
    whole = {"@context": context(site.city.prefixes)}
    yield CONTEXT, (json.dumps(whole, ensure_ascii=False, indent=1) + "\n").encode()
