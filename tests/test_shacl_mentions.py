"""Which predicates a query reads is told as rdflib's algebra of it tells; more are no harm, fewer are."""

import re

import pyoxigraph as ox
import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st
from rdflib import URIRef
from rdflib.paths import AlternativePath, InvPath, MulPath, SequencePath
from rdflib.plugins.sparql.algebra import translateQuery, traverse
from rdflib.plugins.sparql.parser import parseQuery

from shacl_cases import FAR, ON_PATH, QUERIES
from stadtgraph.shacl.mentions import predicates_of

PREFIXES = "PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>\nPREFIX ex: <http://example.org/>\nPREFIX : <http://example.com/>\n"


def by_algebra(text):
    """Return the predicates of all patterns, or None where some are left open."""
    found = set()

    def names(path):
        match path:
            case InvPath():
                yield from names(path.arg)
            case MulPath(zero=False):
                yield from names(path.path)
            case SequencePath() | AlternativePath():
                for part in path.args:
                    yield from names(part)
            case _:
                yield path

    def collect(node):
        for triples in getattr(node, "triples", None) or ():  # in EXISTS some in a row
            for predicate in triples[1::3]:
                found.update(names(predicate))

    traverse(translateQuery(parseQuery(text)).algebra, visitPost=collect)
    return frozenset(map(str, found)) if all(isinstance(name, URIRef) for name in found) else None


def hold_against_the_algebra(text):
    ox.Store().query(text)  # it is SPARQL
    ours, theirs = predicates_of(text), by_algebra(text)
    assert (ours is None) == (theirs is None), text
    assert ours is None or theirs <= ours, text


@pytest.mark.parametrize(
    "body",
    [
        "{ ?s ex:p ?o }",
        "{ ?s ?p ?o }",
        "{ ?s a ?p ; ?q ?o }",
        '{ ?s ex:p ?o , ?x ; ex:q ?y . ?o :r 1.5, -2, true, \'x\'@en, \'a\'^^ex:d, """?s ?p "q" """ }',
        "{ [] ex:p [ ex:q ?x ; ex:r ( 1 ?y [ ex:s ?z ] ) ] }",
        "{ [ ex:p ?x ] FILTER (?x > 1) [ ?p ?x ] }",
        "{ ( ?x ?y ) ex:p ?z }",
        "{ ?s ex:p/^ex:q|(ex:r/ex:s)+ ?o }",
        "{ ?s ex:p* ?o }",
        "{ ?s ex:p? ?o }",
        "{ ?s (ex:p/ex:q?) ?o }",
        "{ ?s !ex:p ?o }",
        "{ ?s ^(ex:p|^ex:q) ?o }",
        "{ ?s ex:p ?o FILTER (?o * 2 < 3 && ?o != -1) ?o ex:q ?s }",
        "{ FILTER NOT EXISTS { ?s ex:p ?o } ?s ex:q ?o }",
        "{ ?s ex:q ?o FILTER (?o > 1 || EXISTS { ?o ?any ?s }) }",
        "{ ?s ex:q ?o FILTER (?o > 1 || EXISTS { ?o ex:r ?s . FILTER (!EXISTS { ?s ex:t ?o }) }) ?o ex:u 1 }",
        "{ ?s ex:q ?o FILTER regex(?o, '{ ?s ?p ?o }') ?o ex:u 1 . FILTER xsd:boolean(?o) }",
        "{ { ?s ex:p ?o } UNION { ?s ex:q ?o OPTIONAL { ?o ex:r ?x } } BIND (ex:z AS ?z) ?s ?z ?o }",
        "{ ?s ex:p ?o { SELECT ?o (COUNT(*) AS ?n) WHERE { ?o ex:q ?x } GROUP BY ?o HAVING (?n > 1) } }",
        "{ ?s ex:p ?o { SELECT (ex:v AS ?v) ?o { ?o ex:r ?x } ORDER BY DESC(?o) LIMIT 3 } . ?s ?v ?x }",
        "{ GRAPH ?g { ?s ex:p ?o } GRAPH ex:g { ?s ex:q ?o } }",
        "{ ?s ex:p ?o . # ?s ?p ?o\n ?s ex:q 1 }",
        "{ ?s ex:a.b ?x ; ex:c%41 _:x . _:x :p ?s.?s ex:q ?o.}",
        "{ ?s <http://example.org/#x> ?o . ?s a/ex:p ?x }",
        "{ ?s ex:select ?select . ?select ex:base ?x }",
        "{ }",
    ],
)
def test_each_form_of_pattern_is_understood(body):
    hold_against_the_algebra(f"{PREFIXES}SELECT * WHERE {body}")
    hold_against_the_algebra(f"{PREFIXES}ASK {body}")


@pytest.mark.parametrize("text", [*QUERIES, *FAR, *(q.replace("$PATH", "<p:p>/^<p:q>") for q in ON_PATH)])
def test_queries_of_shapes_are_understood(text):
    hold_against_the_algebra(text)


@pytest.mark.parametrize(
    "text",
    [
        "BASE <http://example.org/> SELECT * { ?s <p> ?o }",
        r"PREFIX ex: <http://example.org/> SELECT * { ?s ex:\u0070 ?o }",
        "PREFIX ex: <http://example.org/> SELECT * { << ?s ex:p ?o >> ex:q ?x }",
        "no query at all }",
        "SELECT * { ?s ex:p ?o }",
    ],
)
def test_what_is_not_understood_may_read_anything(text):
    assert predicates_of(text) is None


def test_escaped_names_are_those_of_the_data():  # rdflib keeps the backslash
    assert "http://example.org/a,b" in predicates_of(PREFIXES + "SELECT * { ?s ex:a\\,b ?o }")


TERMS = st.sampled_from(["?x", "?y", "$this", "ex:i", "<urn:i>", "'t'@en", "1.5", "true", "'d'^^ex:d", "_:b"])
NODES = st.sampled_from(["?x", "?y", "$this", "ex:i", "[]", "[ ex:n ?x ]", "( ?x 1 )"])
PREDICATES = st.recursive(
    st.sampled_from([*[f"ex:p{n}" for n in range(4)], *["a", "<urn:q>", ":r"] * 2]),
    lambda inner: st.one_of(
        inner.map("^({})".format),
        st.tuples(inner, st.sampled_from("/|"), inner).map(lambda each: f"({''.join(each)})"),
        inner.map("({})+".format),
    ),
    max_leaves=3,
)
OPEN = st.one_of(*[PREDICATES] * 12, st.sampled_from(["?open", "ex:p*", "!(ex:p)", "^ex:p?"]))
STATEMENTS = st.tuples(NODES, OPEN, TERMS, st.sampled_from(["", " ; ex:z ?y", " , ?y"])).map(
    lambda each: " {} {} {}{} ".format(*each)
)
EXPRESSIONS = st.sampled_from(
    ["?x > 1", "REGEX(STR(?x), '{')", "(?x * 2) = ?y", "xsd:boolean(?x)", "!BOUND(?y)"]
)
FORMS = [
    " {{ {} }} UNION {{ {} }} ",
    " OPTIONAL {{ {} }} {{ {} }}",
    " FILTER NOT EXISTS {{ {} }} FILTER (1 = 1 || EXISTS {{ {} }}) ",
    " {{ SELECT ?x (COUNT(?y) AS ?n) ?this {{ {} }} GROUP BY ?x HAVING (?n > 1) }} {{ {} }} ",
    " {} FILTER (true) {} ",
]
GROUPS = st.recursive(
    st.one_of(
        st.lists(STATEMENTS, min_size=1, max_size=3).map(".".join),
        st.tuples(STATEMENTS, EXPRESSIONS).map(lambda each: "{} FILTER ({})".format(*each)),
    ),
    lambda inner: st.tuples(st.sampled_from(FORMS), inner, inner).map(lambda each: each[0].format(*each[1:])),
    max_leaves=4,
)


@settings(max_examples=100, deadline=None, derandomize=True, phases=[Phase.generate])
@given(GROUPS)
def test_any_patterns_are_understood(group):
    named = iter(range(1000))  # a blank node may stand in one group only
    text = f"{PREFIXES}SELECT * WHERE {{ {re.sub('_:b', lambda _: f'_:b{next(named)}', group)} }}"
    try:
        ox.Store().query(text)
    except SyntaxError:
        assume(False)  # where two statements meet without a dot
    hold_against_the_algebra(text)
