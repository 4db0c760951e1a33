"""What cannot be read is named with file, line and remedy; what can be read is read exactly."""

import pytest
from pyoxigraph import NamedNode

from stadtgraph.findings import CannotLook
from stadtgraph.load import load

BASE = "https://example.org/musterstadt/"


def faults(root, *extra):
    with pytest.raises(CannotLook) as caught:
        load(root, extra)
    return [(finding.rule.rsplit(":")[-1], finding.place) for finding in caught.value.findings]


def test_each_file_is_its_own_named_graph(musterstadt):
    (musterstadt / "data" / "events").mkdir()
    (musterstadt / "data" / "events" / "2023.ttl").write_text("<urn:a> <urn:b> <urn:c> .")
    city = load(musterstadt)
    graphs = {graph.value for graph in city.store.named_graphs()}
    assert graphs == {
        BASE + name for name in ("graph/catalog", "graph/organisations", "graph/events/2023", "def")
    }


def test_a_byte_order_mark_does_no_harm(musterstadt):
    file = musterstadt / "data" / "organisations.ttl"
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert load(musterstadt).place(BASE + "id/bauhof") == ("data/organisations.ttl", 10)


def test_all_unreadable_files_are_named_at_once(musterstadt):
    (musterstadt / "data" / "a.ttl").write_text("<urn:a> <urn:b>\n")
    (musterstadt / "data" / "b.ttl").write_bytes("<urn:a>\n<urn:b> 'Straße' .".encode("latin-1"))
    (musterstadt / "shapes" / "c.ttl").mkdir()
    assert faults(musterstadt) == [
        ("syntax-end", "data/a.ttl:1"),
        ("not-utf8", "data/b.ttl:2"),
        ("is-a-folder", "shapes/c.ttl"),
    ]


@pytest.mark.parametrize(
    "part", ["data", "ontology", "shapes", "queries", "queries/checks", "queries/derive"]
)
def test_a_missing_folder_is_named(musterstadt, part):
    (musterstadt / part).rename(musterstadt / "elsewhere")
    assert ("missing-folder", part) in faults(musterstadt)


@pytest.mark.parametrize("part", ["queries/checks", "queries/derive"])
def test_a_folder_without_queries_would_leave_things_unchecked(musterstadt, part):
    for file in (musterstadt / part).iterdir():
        file.unlink()
    assert faults(musterstadt) == [("no-queries", part)]


@pytest.mark.parametrize("name", ["amt - Kopie.ttl", "50%.ttl", 'a"b.ttl', "a#b.ttl"])
def test_a_file_name_that_makes_no_address_is_named(musterstadt, name):
    (musterstadt / "data" / name).write_text("")
    assert faults(musterstadt) == [("bad-file-name", f"data/{name}")]


def test_a_shapes_file_that_is_asked_for_is_not_read_as_data(musterstadt):
    city = load(musterstadt, [musterstadt / "shapes" / "organisation.ttl"])
    assert not any("urn:" in graph for graph in city.files)


def test_an_empty_folder_is_no_city(musterstadt):
    for file in (musterstadt / "data").iterdir():
        file.unlink()
    assert faults(musterstadt) == [("empty-folder", "data")]


@pytest.mark.parametrize(
    "space", ['"no iri"', '"https://a.example/" , "https://b.example/"', '"https://a.example"']
)
def test_a_catalogue_has_to_name_one_base(musterstadt, space):
    file = musterstadt / "data" / "catalog.ttl"
    file.write_text(file.read_text().replace('"https://example.org/musterstadt/"', space))
    assert faults(musterstadt) == [("no-base", "data/catalog.ttl")]


def test_a_file_that_is_not_there_is_named(musterstadt):
    assert [rule for rule, _ in faults(musterstadt, musterstadt / "nothing.ttl")] == ["missing-file"]


def test_a_file_from_outside_becomes_part_of_the_city(musterstadt, tmp_path):
    extra = tmp_path / "extra.ttl"
    extra.write_text(f"<{BASE}id/new> a <urn:Thing> .")
    city = load(musterstadt, [extra])
    assert any(city.store.quads_for_pattern(NamedNode(BASE + "id/new"), None, None))
    assert city.place(BASE + "id/new") == (extra.as_posix(), 1)


@pytest.mark.parametrize(
    ("text", "fault", "line"),
    [
        ("<urn:a> <urn:b> „Amt“@de .", "syntax-quotes", 1),
        ("<urn:a> <urn:b> ”Amt”@de .", "syntax-quotes", 1),
        ('<urn:a> <urn:b> "Amt ;\n<urn:c> "x" .', "syntax-quote-open", 1),
        ('<urn:a>\n<urn:b> "Amt ;\n<urn:c> <urn:d> .', "syntax-quote-open", 2),
        ("<urn:a>\n<urn:b> 'Amt„ .", "syntax-quote-open", 2),
        ("<urn:a> amt a <urn:B> .", "syntax-word", 1),
        ("<urn:a> <urn:b> Amt .", "syntax-word", 1),
        ('<urn:a> <urn:b> "Amt"de .', "syntax-word", 1),
        ("<urn:a> <urn:b> <urn:c> ,\n;\n<urn:d> <urn:e> .", "syntax-value", 2),
        ("<urn:a> <urn:b> .", "syntax-value", 1),
        ('<urn:a> <urn:b> <urn:c> .\n<urn:d> <urn:e> ;\n<urn:f> "x" .', "syntax-value", 2),
        ('<urn:a> <urn:b> <urn:c> .\n<urn:d> "Amt" .', "syntax-early-dot", 2),
        ('<urn:a> <urn:b> "Amt"@de "Office"@en .', "syntax-comma", 1),
        ('<urn:a> <urn:b> "Amt"@de_DE .', "syntax-language", 1),
        ("<urn:a>\n\u00a0<urn:b> <urn:c> .", "syntax-invisible", 2),
        ("\u200b<urn:a> <urn:b> <urn:c> .", "syntax-invisible", 1),
        ("@prefix e: <urn:> .\ne:umwelt\u2013amt a e:Amt .", "syntax-dash", 2),
        ('<urn:a> <urn:b> "Rat der Stadt@de , "Council"@en .', "syntax-quote-open", 1),
        ("<urn:a> <urn:b> <urn:c> .\n<<<<<<< HEAD\n=======\n>>>>>>> x\n", "syntax-conflict", 2),
    ],
)
def test_common_slips_have_words_of_their_own(musterstadt, text, fault, line):
    (musterstadt / "data" / "a.ttl").write_text(text)
    assert faults(musterstadt) == [(fault, f"data/a.ttl:{line}")]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("<urn:a> <urn:b> <urn:c>\n\n# Ämter\n<urn:d> <urn:e> <urn:f> .", 1),
        ('\n<urn:a> <urn:b> <urn:c> .\n\n<urn:d> "Amt" .', 2),
        ("<urn:a> <urn:b> <urn:c> .\n\n <urn:d> ;\n<urn:f> <urn:x> .", 1),
    ],
)
def test_the_line_to_mend_is_named_across_empty_lines_and_comments(musterstadt, text, line):
    (musterstadt / "data" / "a.ttl").write_text(text)
    with pytest.raises(CannotLook) as caught:
        load(musterstadt)
    (finding,) = caught.value.findings
    assert f"Zeile {line} " in finding.message["de"] and f"line {line} " in finding.message["en"]


def test_what_is_quoted_from_a_line_stands_in_quotation_marks(musterstadt):
    (musterstadt / "data" / "a.ttl").write_text("<urn:a> a <urn:b> ; ; , .")
    with pytest.raises(CannotLook) as caught:
        load(musterstadt)
    (finding,) = caught.value.findings
    assert "„<urn:a> a <urn:b> ; ; , .“." in finding.message["de"]
    assert "“<urn:a> a <urn:b> ; ; , .”." in finding.message["en"]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"PK\x03\x04\x14\x00\x06\x00\x08\x00\x00\x00!\x00\xdf", "not-text"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "not-text"),
        (b"{\\rtf1\\ansi id:amt a org:Organization .}", "not-text"),
        (b"<!DOCTYPE html>\n<html lang=de><title>x</title>", "not-turtle"),
        (b"\n<?xml version='1.0'?>\n<rdf:RDF/>", "not-turtle"),
        (b'{"@context": {}, "@id": "urn:x"}', "not-turtle"),
    ],
)
def test_what_is_no_turtle_at_all_is_called_what_it_is(musterstadt, content, fault):
    (musterstadt / "data" / "a.ttl").write_bytes(content)
    assert faults(musterstadt) == [(fault, "data/a.ttl:1")]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_utf_16_is_recognised(musterstadt, encoding):
    mark = b"" if encoding == "utf-16" else b"\xfe\xff"
    (musterstadt / "data" / "a.ttl").write_bytes(mark + "<urn:a> <urn:b> <urn:c> .".encode(encoding))
    assert faults(musterstadt) == [("utf-16", "data/a.ttl:1")]


def test_what_is_missing_is_missing_where_the_class_stands(musterstadt):
    (musterstadt / "data" / "a.ttl").write_text(f"<{BASE}id/bauhof> <urn:b> <urn:c> .")
    city = load(musterstadt)
    file, _ = city.place(BASE + "id/bauhof", "http://www.w3.org/2004/02/skos/core#altLabel")
    assert file == "data/organisations.ttl"


def test_a_missing_class_is_missing_where_the_name_stands(musterstadt):
    (musterstadt / "data" / "a.ttl").write_text(f"<{BASE}id/bauhof> <urn:b> <urn:c> .")
    file = musterstadt / "data" / "organisations.ttl"
    file.write_text(file.read_text().replace("id:bauhof a org:OrganizationalUnit ;\n   ", "id:bauhof"))
    assert load(musterstadt).place(BASE + "id/bauhof") == ("data/organisations.ttl", 10)
