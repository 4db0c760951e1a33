"""Every rule of ``shapes/`` has been seen to fail, and says what to do.

``shapes/city/`` is a minimal valid city. Each other file below ``shapes/`` is added to it alone, holds one
fault, and announces in its first lines what has to be found: severity, rule and constraint component.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pyshacl
import pytest
from rdflib import RDF, RDFS, SH, BNode, Graph, Literal
from rdflib.collection import Collection
from rdflib.term import Node

from stadtgraph import shacl
from stadtgraph.namespaces import shorten

REPOSITORY = Path(__file__).parent.parent
ONTOLOGY = [*(REPOSITORY / "ontology").glob("*.ttl")]
DATA = [*(REPOSITORY / "data").rglob("*.ttl")]
SHAPES = sorted((REPOSITORY / "shapes").glob("*.ttl"))
FOLDER = Path(__file__).parent / "shapes"
CITY = [*(FOLDER / "city").rglob("*.ttl")]
FIXTURES = sorted({*FOLDER.rglob("*.ttl")} - {*CITY})
EXPECT = re.compile(r"^# expect: (Violation|Warning|Info) (shape:\S+) (\w+)$", re.MULTILINE)
KINDS = {"invalid": {"Violation"}, "warning": {"Warning"}, "info": {"Info"}, "valid": set()}
BASE = "https://w3id.org/dortbunt/"
SHACL = str(SH)

# The SHACL that the shapes may use. A term that does not stand here may be misspelt, and then is no rule.
STRUCTURE = set(
    re.findall(
        r"\w+",
        """NodeShape PropertyShape targetClass targetObjectsOf targetSubjectsOf property path alternativePath
        inversePath name message severity Warning Info IRI Literal flags ignoredProperties""",
    )
)
# Parameters that stand for a constraint component of their own, but for the last.
PARAMETERS = re.findall(
    r"\w+",
    """and class closed datatype disjoint hasValue in languageIn lessThanOrEquals maxCount maxInclusive
    maxLength minCount minInclusive node nodeKind not or pattern qualifiedMaxCount qualifiedMinCount
    uniqueLang qualifiedValueShape""",
)


@cache
def shapes() -> Graph:
    return shacl.to_rdflib(SHAPES)


def findings(files: Iterable[Path]) -> list[tuple[str, str, str]]:
    """Return severity, rule and constraint component of everything found in ``files`` together."""
    report = shacl.validate(sorted(files), SHAPES)
    return sorted(
        (
            result.severity.removeprefix(SHACL),
            shorten(str(result.source_shape), BASE),
            result.component.removeprefix(SHACL).removesuffix("ConstraintComponent"),
        )
        for result in report.results
    )


def announced(fixture: Path) -> list[tuple[str, str, str]]:
    return sorted(EXPECT.findall(fixture.read_text("utf-8")))


def name(fixture: Path) -> str:
    return fixture.relative_to(FOLDER).as_posix()


def rules() -> Iterator[Node]:
    """Yield every shape that reports in its own name: property shapes, and node shapes with a message."""
    for shape in {*shapes().subjects(SH.path), *shapes().subjects(SH.message)}:
        if not isinstance(shape, BNode):
            yield shape


def components(shape: Node) -> set[str]:
    """Return the constraint components that one shape uses."""
    used = {str(predicate).removeprefix(SHACL) for predicate in shapes().predicates(shape)}
    return {name[0].upper() + name[1:] for name in used & set(PARAMETERS[:-1])}


def test_the_minimal_city_has_no_finding() -> None:
    assert findings(CITY + ONTOLOGY) == []


@pytest.mark.parametrize("fixture", FIXTURES, ids=name)
def test_a_fixture_yields_what_it_announces_and_nothing_else(fixture: Path) -> None:
    assert findings([*CITY, *ONTOLOGY, fixture]) == announced(fixture)


def test_a_fixture_is_named_after_its_kind_and_says_what_it_proves() -> None:
    assert [name(fixture) for fixture in FIXTURES if not well_named(fixture)] == []


def well_named(fixture: Path) -> bool:
    first, *rest = fixture.read_text("utf-8").splitlines()
    severities = {severity for severity, _, _ in announced(fixture)}
    return (
        re.fullmatch(r"# (?!expect).+\.", first) is not None
        and len(announced(fixture)) == sum(line.startswith("# expect") for line in rest)
        and severities == KINDS[fixture.stem.partition("-")[0]]
        and fixture.parent.name in {path.stem for path in SHAPES}
    )


def test_every_constraint_of_every_rule_is_tripped_by_a_fixture() -> None:
    tripped = {(rule, component) for fixture in FIXTURES for _, rule, component in announced(fixture)}
    assert tripped == {(shorten(str(shape), BASE), name) for shape in rules() for name in components(shape)}


def test_every_rule_has_exactly_one_constraint() -> None:
    assert [str(shape) for shape in rules() if len(components(shape)) != 1] == []


def test_every_rule_has_a_name_and_says_in_both_languages_what_to_do() -> None:
    assert [str(shape) for shape in rules() if not well_worded(shape)] == []


def well_worded(shape: Node) -> bool:
    names = {text.language for text in shapes().objects(shape, SH.name | RDFS.label)}
    texts = {text.language: text for text in shapes().objects(shape, SH.message)}
    return (
        names == set(texts) == {"de", "en"}
        and "bitte " in texts["de"].lower()
        and "please " in texts["en"].lower()
    )


def test_every_property_shape_has_a_name_of_its_own_and_is_used() -> None:
    named = set(shapes().subjects(RDF.type, SH.PropertyShape))
    assert all(str(shape).startswith(BASE + "shapes#") for shape in named)
    assert named == set(shapes().objects(None, SH.property))


def test_neither_severity_nor_message_stands_inside_a_nested_shape() -> None:
    lists = [Collection(shapes(), head) for head in shapes().objects(None, SH["or"] | SH["and"])]
    nested = {
        *shapes().objects(None, SH["not"] | SH.qualifiedValueShape),
        *(node for nodes in lists for node in nodes),
    }
    assert nested
    assert {node for node in nested if {*shapes().predicates(node)} & {SH.message, SH.severity}} == set()


def test_severity_is_written_only_where_it_is_not_violation() -> None:
    assert set(shapes().objects(None, SH.severity)) == {SH.Warning, SH.Info}


def test_the_shapes_use_only_terms_that_shacl_has() -> None:
    terms = {str(term) for triple in shapes() for term in triple if not isinstance(term, Literal)}
    used = {term.removeprefix(SHACL) for term in terms if term.startswith(SHACL)}
    assert used <= STRUCTURE | set(PARAMETERS)
    assert all(SH[term] in SH for term in STRUCTURE | set(PARAMETERS))


def test_every_class_has_one_file() -> None:
    files = Counter(
        target for path in SHAPES for target in set(shacl.to_rdflib(path).objects(None, SH.targetClass))
    )
    assert [target for target, count in files.items() if count > 1] == []


def test_every_target_meets_a_node_of_the_minimal_city() -> None:
    city = shacl.to_rdflib(CITY + ONTOLOGY)
    met = {*city.objects(None, RDF.type)}
    assert {*shapes().objects(None, SH.targetClass)} <= met
    for target in (SH.targetSubjectsOf, SH.targetObjectsOf):
        for shape in shapes().subjects(target):
            assert {*shapes().objects(shape, target)} & {*city.predicates()}, shape


def test_the_shapes_are_valid_shacl() -> None:
    conforms, _, text = pyshacl.validate(Graph(), shacl_graph=shapes(), meta_shacl=True, inference="none")
    assert conforms, text


def test_the_graph_of_the_city_has_neither_violation_nor_warning() -> None:
    assert [finding for finding in findings(DATA + ONTOLOGY) if finding[0] != "Info"] == []
