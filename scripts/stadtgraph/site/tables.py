"""A table per class for people with spreadsheets, and the places as GeoJSON.

``tables/<prefix>-<Class>.csv`` is exact: with ``tables/csv-metadata.json`` (CSV on the Web) it yields the
triples again. ``tables/excel/`` holds the same for a German Excel, which asks for another form.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice, starmap
from tempfile import SpooledTemporaryFile
from typing import Final
from weakref import finalize

from pyoxigraph import Literal, NamedNode

from stadtgraph.namespaces import LOCAL, VOCABULARIES
from stadtgraph.site.things import Site, Value
from stadtgraph.site.writer import Content
from stadtgraph.terms import TYPE, Out, text

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
FORMULA: Final = re.compile(r"[=+\-@\t\r\n|%]")
# Excel would drop the first zero, and every digit after the fifteenth.
CODE: Final = re.compile(r"0[0-9]+|[0-9]{16,}")
METADATA: Final = "tables/csv-metadata.json"
HELD: Final = 2000  # rows that are held at a time
SPOOLED: Final = 1 << 20  # bytes of a table that wait in memory
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
    size: int
    rows: Callable[[], Iterator[tuple[str, list[list[str]]]]]


def tables(site: Site) -> Iterator[Table]:
    """Yield a table for each class that things of this city have, by name."""
    kinds = {
        quad.object
        for quad in site.store.quads_for_pattern(None, TYPE, None)
        if isinstance(quad.object, NamedNode) and isinstance(quad.subject, NamedNode)
        if has_row(site, quad.subject)
    }
    for kind in sorted(kinds, key=lambda kind: (site.compact.file(kind), kind.value)):
        yield _table(site, kind, [node for node in site.those(TYPE, kind) if has_row(site, node)])


def has_row(site: Site, node: NamedNode) -> bool:
    """Tell whether a node is a thing that tables list."""
    spaces = (site.base + LOCAL["id"], site.base + LOCAL["source"])
    return node.value.startswith(spaces) and "#" not in node.value


def _table(site: Site, kind: NamedNode, nodes: list[NamedNode]) -> Table:
    """Return a table; its cells wait in a file, since only the last one tells what columns there are."""
    rows = SpooledTemporaryFile(SPOOLED, "w+", encoding="utf-8")  # noqa: SIM115 (it lasts as long as the table)
    numbers: dict[tuple[NamedNode, str], int] = {}
    several: dict[int, set[str]] = {}
    for node in nodes:
        cells: dict[int, list[str]] = {}
        for predicate, values in site.statements(node):
            for value in values:
                number = numbers.setdefault((predicate, _kind(value)), len(numbers))
                cells.setdefault(number, []).append(text(value))
        for number, texts in cells.items():
            if len(texts) > 1:
                taken = several.setdefault(number, set())
                taken.update(sign for sign in SEPARATORS if any(sign.strip(" ") in one for one in texts))
        rows.write(json.dumps([node.value, cells]) + "\n")
    kinds = Counter(predicate for predicate, _ in numbers)
    columns = []
    for (predicate, column_kind), number in numbers.items():
        name = site.compact(predicate)
        name += column_kind if column_kind.startswith("@") or kinds[predicate] > 1 else ""
        sign = next(one for one in SEPARATORS if one not in several[number]) if number in several else ""
        columns.append((Column(name, predicate, column_kind, sign), str(number)))
    columns.sort(key=lambda pair: (_rank(pair[0].name), pair[0].name))

    def read() -> Iterator[tuple[str, list[list[str]]]]:
        rows.seek(0)
        for iri, cells in map(json.loads, rows):
            yield iri, [cells.get(number, []) for _, number in columns]

    names = tuple(column for column, _ in columns)
    table = Table(kind, site.compact.file(kind), names, len(nodes), read)
    finalize(table, rows.close)
    return table


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


def exact(table: Table) -> bytes:
    """Return a table as RFC 4180 has it: UTF-8, commas, every value as it stands in the graph."""
    return b"".join(_exact(table))


def for_excel(table: Table) -> bytes:
    """Return a table as a German Excel opens it: byte order mark, semicolons, decimal commas, no formulas."""
    return b"".join(_for_excel(table))


def _exact(table: Table) -> Iterator[bytes]:
    rows = ([iri, *map(_joined, table.columns, row)] for iri, row in table.rows())
    yield from _lines(table, rows, ",")


def _for_excel(table: Table) -> Iterator[bytes]:
    def row(iri: str, cells: list[list[str]]) -> list[str]:
        pairs = zip(table.columns, cells, strict=True)
        return [iri, *(_excel(column, _joined(column, cell)) for column, cell in pairs)]

    yield b"\xef\xbb\xbf"
    yield from _lines(table, starmap(row, table.rows()), ";")


def _joined(column: Column, values: list[str]) -> str:
    return column.separator.join(values)


def _excel(column: Column, cell: str) -> str:
    if column.kind in ("^decimal", "^double", "^float"):
        return cell.replace(".", ",")
    if CODE.fullmatch(cell):
        return f'="{cell}"'
    return f"'{cell}" if FORMULA.match(cell) and column.kind != "^integer" else cell


def _lines(table: Table, rows: Iterator[list[str]], delimiter: str) -> Iterator[bytes]:
    some = [["iri", *(column.name for column in table.columns)]]
    while some:
        file = io.StringIO(newline="")
        csv.writer(file, delimiter=delimiter, lineterminator="\r\n").writerows(some)
        yield file.getvalue().encode()
        some = list(islice(rows, HELD))


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
        if not has_row(site, place) or not label:
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


def whole_documents(site: Site) -> Iterator[tuple[str, Content]]:
    """Yield the tables in both forms, what describes them (CSV on the Web), and the places."""
    described = []
    for table in tables(site):
        for name, parts in (("", _exact(table)), ("excel/", _for_excel(table))):
            large = table.size > HELD
            yield f"tables/{name}{table.name}.csv", partial(_write, parts) if large else b"".join(parts)
        described.append(_described(site, table))
    whole = {"@context": "http://www.w3.org/ns/csvw", "tables": described}
    yield METADATA, (json.dumps(whole, ensure_ascii=False, indent=1) + "\n").encode()
    yield GEOJSON, geojson(site)


def _write(parts: Iterator[bytes], out: Out) -> None:
    for part in parts:
        out.write(part)


def _schema(name: str) -> NamedNode:
    return NamedNode(SCHEMA + name)
