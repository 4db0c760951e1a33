"""The place of everything in a Turtle file is its own line."""

from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import RdfFormat, parse

from stadtgraph.turtle import RDF_TYPE, Lines, places

EX = "https://example.org/"
DOCUMENT = '''@prefix ex: <https://example.org/> . # a comment with "quotes" and <brackets>
PREFIX sdo: <https://schema.org/>

ex:one a ex:Thing ;
    sdo:name "first # no comment" ,
        """a text
over lines"""@de ;
    ex:see <https://example.org/two> .
<https://example.org/two>
    ex:see ex:one , ex:with\\,comma ; ex:count 3.5 .
ex:three ex:has [ ex:inner ex:one ] ; ex:list ( 1 2 ) .
'''


def test_subjects_predicates_and_objects_have_their_lines():
    found = places(DOCUMENT)
    assert found.subjects == {EX + "one": 4, EX + "two": 9, EX + "three": 11}
    assert found.line(EX + "one", "https://schema.org/name") == 5
    assert found.line(EX + "one", "https://schema.org/name", "first # no comment") == 5
    assert found.line(EX + "one", EX + "see", EX + "two") == 8
    assert found.line(EX + "two", EX + "see", EX + "with,comma") == 10
    assert found.line(EX + "two", EX + "count") == 10


def test_an_unknown_statement_is_placed_at_its_subject():
    assert places(DOCUMENT).line(EX + "one", EX + "nothing", "x") == 4


def test_an_unknown_subject_has_no_line():
    assert places(DOCUMENT).line(EX + "nobody") == 0


def test_blank_nodes_are_placed():
    assert places(DOCUMENT).blanks == [11, 11]


def test_namespaces_are_placed():
    assert places(DOCUMENT).namespaces == {EX: 1, "https://schema.org/": 2}


@given(st.text())
def test_any_text_is_read_to_its_end(text):
    places(text)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.text(max_size=8)), min_size=1, max_size=6))
def test_every_subject_that_the_parser_sees_has_a_line(statements):
    def quoted(text):
        escapes = {ord(c): f"\\u{ord(c):04X}" for c in '"\\\n\r' if c in text}
        return text.translate(escapes)

    document = "".join(f'<{EX}{s}>\n  <{EX}p>\n    "{quoted(o)}" .\n' for s, o in statements)
    seen = {quad.subject.value for quad in parse(document, format=RdfFormat.TURTLE)}
    found = places(document)
    assert seen == found.subjects.keys()
    first = {s: 1 + 3 * [x for x, _ in statements].index(s) for s in {s for s, _ in statements}}
    assert {s: found.line(EX + s) for s in first} == first


PIECES = st.lists(
    st.sampled_from(
        (
            "ex:one a ex:Thing ; ex:see ex:two .\n",
            "ex:one\n  # no . end\n  ex:see <https://example.org/a.b>, 3.5 ;\n  a ex:Other .",
            '\nex:two ex:see \'a . b\', """c .\n d"""@de-x .\n',
            "<https://example.org/two> a ex:Thing.ex:three a ex:Thing .\n",
            "ex:three ex:has [ a ex:Inner ; ex:inner ex:one ] ; a ex:Thing ; ex:list ( 1 2 ) .\n",
            "[] a ex:Thing .\n",
            "PREFIX ex: <https://example.org/more/>\n",
            "@prefix more: <https://example.org/> . more:one a more:Thing .\n",
            "@base <https://example.org/base/> .\n<four> a <Five> .\n",
            "<four>\n\na\nex:Thing .",
            "# only a comment . \n",
            "ex:five ex:see ex:one",
            " . \n",
        )
    ),
    max_size=8,
)


@given(PIECES)
def test_the_lines_of_things_are_those_of_all_places(pieces):
    document = "@prefix ex: <https://example.org/> .\n" + "".join(pieces)
    every, lines = places(document), Lines(document, RDF_TYPE)
    for subject, line in every.subjects.items():
        assert lines.line(subject) == every.predicates.get((subject, RDF_TYPE), line)
    assert lines.line(EX + "nobody") == 0
