"""A table per class for people with spreadsheets, and the places as GeoJSON.

``tables/<prefix>-<Class>.csv`` is exact: with ``tables/csv-metadata.json`` (CSV on the Web) it yields the
triples again. ``tables/excel/`` holds the same for a German Excel, which asks for another form.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import starmap
from typing import Final

from pyoxigraph import Literal, NamedNode

from stadtgraph.namespaces import LOCAL, VOCABULARIES
from stadtgraph.site.things import Site, Value
from stadtgraph.terms import TYPE, text

XSD: Final = VOCABULARIES["xsd"]
SCHEMA: Final = VOCABULARIES["schema"]
SEPARATORS: Final = (" | ", " ¦ ", " ‖ ", "\n", "\x1f")
ORDER: Final = (
    "rdf:type",
    "skos:prefLabel",
    "schema:name",
    "dcterms:title",
    "rdfs:label",
    "dcterms:description",
)
FORMULA: Final = re.compile(r"[=+\-@\t\r\n|%]|0\d|\d{16}")
METADATA: Final = "tables/csv-metadata.json"
GEOJSON: Final = "tables/places.geojson"


@dataclass(frozen=True)
class Column:
    """What stands in one column: the values of one property that have one language or datatype."""

    name: str
    predicate: NamedNode
    kind: str
    separator: str = ""


@dataclass(frozen=True)
class Table:
    """The things of one class: a row each."""

    kind: NamedNode
    name: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...]


def tables(site: Site) -> list[Table]:
    """Return a table for each class that things of this city have."""
    members: dict[NamedNode, list[NamedNode]] = {}
    for quad in site.store.quads_for_pattern(None, TYPE, None):
        node, kind = quad.subject, quad.object
        if isinstance(node, NamedNode) and isinstance(kind, NamedNode) and _told(site, node):
            members.setdefault(kind, []).append(node)
    found = [_table(site, kind, sorted(set(nodes), key=text)) for kind, nodes in members.items()]
    return sorted(found, key=lambda table: table.name)


def _told(site: Site, node: NamedNode) -> bool:
    spaces = (site.base + LOCAL["id"], site.base + LOCAL["source"])
    return node.value.startswith(spaces) and "#" not in node.value


def _table(site: Site, kind: NamedNode, nodes: list[NamedNode]) -> Table:
    cells: dict[tuple[NamedNode, str], dict[NamedNode, list[str]]] = {}
    for node in nodes:
        for predicate, values in site.statements(node):
            for value in values:
                column = cells.setdefault((predicate, _kind(value)), {})
                column.setdefault(node, []).append(text(value))
    kinds: dict[NamedNode, int] = {}
    for predicate, _ in cells:
        kinds[predicate] = kinds.get(predicate, 0) + 1
    columns = []
    for (predicate, column_kind), told in cells.items():
        name = site.compact(predicate)
        name += column_kind if column_kind.startswith("@") or kinds[predicate] > 1 else ""
        columns.append(Column(name, predicate, column_kind, _separator(told.values())))
    columns.sort(key=lambda column: (_rank(column.name), column.name))
    rows = tuple(
        (node.value, tuple(tuple(cells[item.predicate, item.kind].get(node, ())) for item in columns))
        for node in nodes
    )
    return Table(kind, site.compact.file(kind), tuple(columns), rows)


def _kind(value: Value) -> str:
    match value:
        case Literal(language=str(language)):
            return f"@{language}"
        case Literal():
            return "^" + value.datatype.value.removeprefix(XSD)
    return "^anyURI"


def _rank(name: str) -> int:
    stem = re.split(r"[@^]", name)[0]
    return ORDER.index(stem) if stem in ORDER else len(ORDER)


def _separator(cells: Iterable[list[str]]) -> str:
    """Return what parts several values of a cell: the first sign that none of them contains."""
    several = [cell for cell in cells if len(cell) > 1]
    if not several:
        return ""
    texts = [value for cell in several for value in cell]
    return next(sign for sign in SEPARATORS if not any(sign.strip(" ") in value for value in texts))


def exact(table: Table) -> bytes:
    """Write a table as RFC 4180 has it: UTF-8, commas, every value as it stands in the graph."""
    rows = ([iri, *map(_joined, table.columns, row)] for iri, row in table.rows)
    return _write(["iri", *(column.name for column in table.columns)], rows, ",").encode()


def for_excel(table: Table) -> bytes:
    """Write a table as a German Excel opens it: byte order mark, semicolons, decimal commas, no formulas."""

    def row(iri: str, cells: tuple[tuple[str, ...], ...]) -> list[str]:
        pairs = zip(table.columns, cells, strict=True)
        return [iri, *(_excel(column, _joined(column, cell)) for column, cell in pairs)]

    header = ["iri", *(column.name for column in table.columns)]
    return b"\xef\xbb\xbf" + _write(header, starmap(row, table.rows), ";").encode()


def _joined(column: Column, values: tuple[str, ...]) -> str:
    return column.separator.join(values)


def _excel(column: Column, cell: str) -> str:
    if column.kind in ("^decimal", "^double", "^float"):
        return cell.replace(".", ",")
    return f"'{cell}" if FORMULA.match(cell) and column.kind != "^integer" else cell


def _write(header: list[str], rows: Iterable[list[str]], delimiter: str) -> str:
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(rows)
    return file.getvalue()


def metadata(site: Site, found: Iterable[Table]) -> bytes:
    """Describe the tables (CSV on the Web): what each column means, what parts its values."""
    whole = {"@context": "http://www.w3.org/ns/csvw", "tables": [_described(site, table) for table in found]}
    return (json.dumps(whole, ensure_ascii=False, indent=1) + "\n").encode()


def _described(site: Site, table: Table) -> dict[str, object]:
    columns: list[dict[str, object]] = [
        {"name": "iri", "titles": "iri", "datatype": "anyURI", "required": True, "suppressOutput": True}
    ]
    for number, column in enumerate(table.columns):
        name = f"c{number}"
        described: dict[str, object] = {"name": name, "titles": column.name}
        described["propertyUrl"] = column.predicate.value
        if column.kind.startswith("@"):
            described |= {"lang": column.kind[1:], "datatype": "string"}
        elif column.kind == "^anyURI":
            described |= {"datatype": "anyURI", "valueUrl": f"{{+{name}}}"}
        else:
            datatype = column.kind[1:]
            described["datatype"] = {"base": "string", "@id": datatype} if ":" in datatype else datatype
        if column.separator:
            described["separator"] = column.separator
        columns.append(described)
    return {
        "url": f"{table.name}.csv",
        "dc:conformsTo": table.kind.value,
        "dc:title": _titles(site, table),
        "aboutUrl": "{+iri}",
        "tableSchema": {"primaryKey": "iri", "columns": columns},
    }


def _titles(site: Site, table: Table) -> dict[str, str] | str:
    return site.city.label(table.kind.value) or site.compact(table.kind)


def geojson(site: Site) -> bytes:
    """Return the places as GeoJSON (RFC 7946); a place whose position nobody states has no geometry."""
    located = set(site.those(_schema("geo")))
    for name in ("Place", "City", "AdministrativeArea"):
        located |= set(site.those(TYPE, _schema(name)))
    features = []
    for place in sorted(located, key=text):
        label = site.city.label(place.value)
        if not _told(site, place) or not label:
            continue
        properties = {"name": label.get("de") or next(iter(label.values()))}
        properties |= {f"name:{lang}": name for lang, name in label.items() if lang}
        properties["type"] = ", ".join(site.compact(kind) for kind in site.values(place.value, TYPE))
        features.append(
            {"type": "Feature", "id": place.value, "geometry": _point(site, place), "properties": properties}
        )
    whole = {"type": "FeatureCollection", "features": features}
    return (json.dumps(whole, ensure_ascii=False, indent=1) + "\n").encode()


def _point(site: Site, place: NamedNode) -> dict[str, object] | None:
    for geo in site.values(place.value, _schema("geo")):
        spot = [site.value(text(geo), _schema(name)) for name in ("longitude", "latitude")]
        if all(spot):
            return {"type": "Point", "coordinates": [float(number) for number in spot]}
    return None


def whole_documents(site: Site) -> Iterator[tuple[str, bytes]]:
    """Yield the tables in both forms, what describes them, and the places."""
    found = tables(site)
    for table in found:
        yield f"tables/{table.name}.csv", exact(table)
        yield f"tables/excel/{table.name}.csv", for_excel(table)
    yield METADATA, metadata(site, found)
    yield GEOJSON, geojson(site)


def _schema(name: str) -> NamedNode:
    return NamedNode(SCHEMA + name)
