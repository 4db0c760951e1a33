"""Every rule for what is published has been seen to fail, and says what to mend.

The files below ``published/<shapes>/`` hold one fault each against ``shapes/published/<shapes>.ttl``; the
first lines announce what has to be found.
"""

import re
from functools import cache
from pathlib import Path

import pytest
from rdflib import RDF, RDFS, SH, Graph

from stadtgraph import shacl
from stadtgraph.namespaces import shorten

REPOSITORY = Path(__file__).parent.parent
SHAPES = sorted((REPOSITORY / "shapes" / "published").glob("*.ttl"))
FIXTURES = sorted((Path(__file__).parent / "published").rglob("*.ttl"))
BASE = "https://w3id.org/dortbunt/"
EXPECT = re.compile(r"^# expect: (Violation|Warning|Info) (shape:\S+) (\w+)$", re.MULTILINE)
KINDS = {"invalid": "Violation", "warning": "Warning"}
COMPONENTS = {
    *("class", "datatype", "equals", "hasValue", "in", "languageIn", "maxCount", "minCount"),
    *("nodeKind", "or", "pattern"),
}


@cache
def rules_of(name):
    return shacl.to_rdflib(REPOSITORY / "shapes" / "published" / f"{name}.ttl")


def found(graph, name):
    return sorted(
        (
            result.severity.removeprefix(str(SH)),
            shorten(str(result.source_shape), BASE),
            result.component.removeprefix(str(SH)).removesuffix("ConstraintComponent"),
        )
        for result in shacl.validate(graph, rules_of(name)).results
    )


def reporting(shapes):
    """Every shape that can report something by itself."""
    nodes = {
        shape for shape in shapes.subjects(RDF.type, SH.NodeShape) if (shape, SH.message, None) in shapes
    }
    return nodes | set(shapes.subjects(RDF.type, SH.PropertyShape))


def announced(fixture):
    return sorted(EXPECT.findall(fixture.read_text()))


def name_of(path):
    return f"{path.parent.name}/{path.stem}"


@pytest.mark.parametrize("fixture", FIXTURES, ids=name_of)
def test_a_fixture_yields_what_it_announces_and_nothing_else(fixture):
    assert found(shacl.to_rdflib(fixture), fixture.parent.name) == announced(fixture)


@pytest.mark.parametrize("fixture", FIXTURES, ids=name_of)
def test_a_fixture_is_named_after_its_kind_and_says_what_it_proves(fixture):
    lines = fixture.read_text().splitlines()
    assert re.fullmatch(r"# (?!expect).+\.", lines[0])
    kind = fixture.stem.partition("-")[0]
    severities = {severity for severity, _, _ in announced(fixture)}
    assert severities >= {KINDS[kind]} if kind in KINDS else kind == "valid" and not severities
    assert not [line for line in lines if line.startswith("# expect") and not EXPECT.match(line)]


@pytest.mark.parametrize("path", SHAPES, ids=lambda path: path.stem)
def test_every_rule_is_tripped_by_a_fixture(path):
    shapes = rules_of(path.stem)
    declared = {
        (shorten(str(shape), BASE), term[0].upper() + term[1:])
        for shape in reporting(shapes)
        for term in {str(p).removeprefix(str(SH)) for p in shapes.predicates(shape)} & COMPONENTS
    }
    own = [fixture for fixture in FIXTURES if fixture.parent.name == path.stem]
    tripped = {(rule, component) for fixture in own for _, rule, component in announced(fixture)}
    assert declared == tripped
    assert len(declared) == len(reporting(shapes))


@pytest.mark.parametrize("path", SHAPES, ids=lambda path: path.stem)
def test_every_rule_has_a_name_and_says_in_both_languages_what_to_do(path):
    shapes = rules_of(path.stem)
    for shape in reporting(shapes):
        name = SH.name if (shape, RDF.type, SH.PropertyShape) in shapes else RDFS.label
        for predicate in (name, SH.message):
            assert sorted(text.language for text in shapes.objects(shape, predicate)) == ["de", "en"], shape
        for text in shapes.objects(shape, SH.message):
            assert re.search(r"\b[Bb]itte\b" if text.language == "de" else r"\b[Pp]lease\b", text), shape
    for shape in shapes.subjects(RDF.type, SH.NodeShape):
        assert sorted(text.language for text in shapes.objects(shape, RDFS.label)) == ["de", "en"]
    used = {str(term) for triple in shapes for term in triple if str(term).startswith(str(SH))}
    assert all(SH[term.removeprefix(str(SH))] in SH for term in used)


@pytest.mark.parametrize("path", SHAPES, ids=lambda path: path.stem)
def test_the_rules_are_valid_shacl(path):
    import pyshacl

    conforms, _, text = pyshacl.validate(
        Graph(), shacl_graph=rules_of(path.stem), meta_shacl=True, inference="none"
    )
    assert conforms, text
