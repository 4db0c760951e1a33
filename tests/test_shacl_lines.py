"""Nodes without an IRI are found in their file, by the order in which the parser gives statements."""

from pathlib import Path

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stadtgraph.shacl.columns import Columns
from stadtgraph.shacl.documents import Document
from stadtgraph.shacl.graphs import quads
from stadtgraph.shacl.lines import NOWHERE, Statements, blanks_of

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted([*(ROOT / "tests" / "shacl").rglob("*.ttl"), *(ROOT / "shapes").rglob("*.ttl")])
SH = "http://www.w3.org/ns/shacl#"
NESTED = """@prefix ex: <http://example.org/> .
PREFIX sh: <http://www.w3.org/ns/shacl#>
ex:S sh:property [
        sh:path ( ex:a
            [ sh:inversePath ex:b ] ) ;
        sh:select \"\"\"ASK {
            }\"\"\"@en , "1"^^ex:t , 1.5 , true ;
        sh:minCount
            1 ;
    ] , _:x .

[ ex:p ( ) ; ] ex:q [] .
_:x sh:in ( 1 2 ) ; ; ex:q _:x .
[] ex:q "a" .
( ex:a ) ex:q ex:b .
"""


def document(text):
    return Document("nested.ttl", text.encode(), ox.RdfFormat.TURTLE)


def assert_same(text):
    """Hold what is read against the parser: the same statements in the same order, one name for one node."""
    parsed = list(ox.parse(text, format=ox.RdfFormat.TURTLE, base_iri="http://base/"))
    read = Statements(text, "http://base/").in_order()
    assert [each.predicate for each in read] == [quad.predicate.value for quad in parsed]
    names = {}
    for quad, each in zip(parsed, read, strict=True):
        for term, name in ((quad.subject, each.subject), (quad.object, each.value)):
            if isinstance(term, ox.BlankNode):
                assert names.setdefault(term.value, name) == name
    assert len(set(names.values())) == len(names)


def test_statements_are_read_in_the_order_of_the_parser():
    assert_same(NESTED)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_files_of_shapes_are_read_as_the_parser_does(path):
    assert_same(path.read_text())


TERMS = st.recursive(
    st.sampled_from(["ex:a", "_:b", "_:c", "1", '"t"@en', '"t"^^ex:t', "[]", "( )", "<#x>"]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda terms: f"( {' '.join(terms)} )"),
        st.lists(inner, min_size=1, max_size=3).map(lambda terms: f"[ ex:p {' , '.join(terms)} ; a ex:c ; ]"),
    ),
    max_leaves=8,
)


@given(st.lists(TERMS, min_size=1, max_size=4))
def test_any_nesting_is_read_as_the_parser_does(terms):
    lines = "\n".join(f"ex:s ex:p {term} .\n[ ex:q {term} ] a ex:c ; ex:p ex:o ." for term in terms)
    assert_same(f"@prefix ex: <http://example.org/> .\n{lines}\n")


@given(st.text(alphabet="[]()<>.;,\"'ab:_@^{}| \n"))
def test_any_text_comes_to_an_end(text):
    try:
        Statements(text).in_order()
    except LookupError:
        return


def test_nodes_and_their_properties_have_their_lines():
    blanks = blanks_of([document(NESTED)])
    first = next(blank for blank in blanks if SH + "select" in blank.predicates)
    assert (first.file, first.line) == ("nested.ttl", 3)
    assert first.predicates == {SH + "path": 4, SH + "select": 6, SH + "minCount": 8}
    assert next(blank.line for blank in blanks if SH + "inversePath" in blank.predicates) == 5
    assert next(blank for blank in blanks if SH + "in" in blank.predicates).predicates[SH + "in"] == 13


def test_nodes_are_counted_as_in_the_graph():
    sources = [document(NESTED), document(NESTED), *FILES[:20]]
    graph = Columns(quads(sources))
    blanks = blanks_of(sources)
    assert list(graph.blanks().values()) == list(range(1, len(blanks) + 1))
    for node, place in graph.blanks().items():
        number = graph.number(node)
        said = {graph.terms[predicate].value for predicate, column in graph.predicates() if number in column}
        assert set(blanks[place - 1].predicates) == said


@pytest.mark.parametrize(
    "text",
    ["<a:a> <a:b> <<( <a:a> <a:b> 1 )>> , [ <a:b> 1 ] .", f"<a:a> <a:b> {'[ <a:b> ' * 2000}1{']' * 2000} ."],
)
def test_what_is_not_understood_has_no_line(text):
    blanks = blanks_of([document(text)])
    assert blanks
    assert all(blank.line == NOWHERE.line for blank in blanks)
