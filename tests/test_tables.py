"""Tables yield the triples again, spreadsheets open them right, maps find the places."""

import csv
import io
import json
import warnings
from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode, Quad, Store
from rdflib import Graph, URIRef
from rdflib import Literal as RdflibLiteral

from stadtgraph.load import City
from stadtgraph.namespaces import VOCABULARIES
from stadtgraph.site.tables import exact, for_excel, tables
from stadtgraph.site.things import Site
from stadtgraph.terms import TYPE

BASE = "https://example.org/town/"
SCHEMA = VOCABULARIES["schema"]
XSD = VOCABULARIES["xsd"]


def town(*names):
    store = Store()
    for number, name in enumerate(names):
        node = NamedNode(f"{BASE}id/{number}")
        store.add(Quad(node, TYPE, NamedNode(SCHEMA + "Place"), NamedNode(BASE + "graph/x")))
        store.add(Quad(node, NamedNode(SCHEMA + "name"), name, NamedNode(BASE + "graph/x")))
    return Site(City(Path(), BASE, store, Store(), {}))


def triples_of(folder, table):
    """Read a table by its CSVW description alone (CSV on the Web: Generating RDF, minimal mode)."""
    columns = table["tableSchema"]["columns"]
    with (folder / table["url"]).open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == [column["titles"] for column in columns]
    for row in rows:
        for column, cell in zip(columns, row, strict=True):
            if column.get("suppressOutput") or not cell:
                continue
            for value in cell.split(column["separator"]) if "separator" in column else [cell]:
                if "valueUrl" in column:
                    term = URIRef(value)
                elif "lang" in column:
                    term = RdflibLiteral(value, lang=column["lang"])
                else:
                    kind = None if column["datatype"] == "string" else XSD + column["datatype"]
                    term = RdflibLiteral(value, datatype=kind, normalize=False)
                yield URIRef(row[0]), URIRef(column["propertyUrl"]), term


def test_the_tables_yield_every_triple_of_their_things(public, site):
    described = json.loads((public / "tables" / "csv-metadata.json").read_text())
    assert len(described["tables"]) > 20
    read = {triple for table in described["tables"] for triple in triples_of(public / "tables", table)}
    stated = set()
    subjects = {str(subject) for subject, _, _ in read}
    lines = Graph().parse(public / "download" / "latest" / "dataset.nt")
    for subject, predicate, value in lines:
        if str(subject) in subjects:
            stated.add((subject, predicate, value))
    assert {tuple(map(str, triple)) for triple in read} == {tuple(map(str, triple)) for triple in stated}
    things = {node.value for node in site.those(TYPE) if node.value.startswith(site.base + "id/")}
    assert things <= subjects


def test_a_foreign_csvw_reader_understands_them(public):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from csvw import TableGroup

        group = TableGroup.from_file(public / "tables" / "csv-metadata.json")
        places = {str(table.url): table for table in group.tables}
        rows = {row["iri"].unsplit(): row for row in places["schema-Place.csv"].iterdicts(strict=False)}
        schema = places["schema-Place.csv"].tableSchema
    square = next(row for iri, row in rows.items() if iri.endswith("/hansaplatz"))
    names = {column.propertyUrl.uri: column.name for column in schema.columns if column.propertyUrl}
    assert square[names[SCHEMA + "name"]] == "Hansaplatz"


@pytest.mark.parametrize("text", ["=1+1", "+49 231", "-1", "@x", "\tx", "%0", '="05"'])
def test_a_spreadsheet_meets_no_formula(text):
    (table,) = tables(town(Literal(text)))
    content = for_excel(table)
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";"))
    assert rows[1][2] == "'" + text
    rows = list(csv.reader(io.StringIO(exact(table).decode(), newline="")))
    assert rows[1][2] == text


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("05913000", '="05913000"'),
        ("1234567890123456", '="1234567890123456"'),
        ("123456789012345", "123456789012345"),
        ("0", "0"),
        ("0231 50-0", "0231 50-0"),
        ('0"&A1', '0"&A1'),
    ],
)
def test_a_code_of_digits_stays_a_text_in_german_excel(text, cell):
    (table,) = tables(town(Literal(text)))
    rows = list(csv.reader(io.StringIO(for_excel(table).decode("utf-8-sig"), newline=""), delimiter=";"))
    assert rows[1][2] == cell
    assert list(csv.reader(io.StringIO(exact(table).decode(), newline="")))[1][2] == text


def test_umlauts_quotes_and_line_ends_survive():
    text = 'Grüße, "Süße";\r\nStraße | Weg'
    (table,) = tables(town(Literal(text, language="de")))
    assert list(csv.reader(io.StringIO(exact(table).decode(), newline="")))[1][2] == text


def test_decimal_numbers_have_a_comma_in_german_excel():
    (table,) = tables(town(Literal("51.5", datatype=NamedNode(XSD + "decimal"))))
    assert b"51,5" in for_excel(table)
    assert b"51.5" in exact(table)


def test_what_parts_values_occurs_in_none_of_them():
    site = town(Literal("a | b", language="de"))
    site.store.add(
        Quad(
            NamedNode(BASE + "id/0"),
            NamedNode(SCHEMA + "name"),
            Literal("c", language="de"),
            NamedNode(BASE + "graph/x"),
        )
    )
    (table,) = tables(site)
    column = next(column for column in table.columns if column.name == "schema:name@de")
    assert column.separator == " ¦ "


def test_geojson_has_each_place_and_positions_in_the_right_order(public):
    whole = json.loads((public / "tables" / "places.geojson").read_text())
    places = {feature["id"].rpartition("/")[2]: feature for feature in whole["features"]}
    assert places["hansaplatz"]["geometry"]["coordinates"] == [7.46472, 51.51306]
    assert places["friedensplatz"]["geometry"] is None
    assert all(
        feature["type"] == "Feature" and feature["properties"]["name"] for feature in whole["features"]
    )
