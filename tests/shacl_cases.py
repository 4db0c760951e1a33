"""Random shapes over all components and random data, for tests that hold two ways of validating equal."""

import re
from collections import Counter

import pyoxigraph as ox
from hypothesis import event
from hypothesis import strategies as st
from rdflib import BNode

from stadtgraph.shacl.graphs import to_oxigraph

EX, SH = "http://example.org/", "http://www.w3.org/ns/shacl#"
RDF, RDFS = "http://www.w3.org/1999/02/22-rdf-syntax-ns#", "http://www.w3.org/2000/01/rdf-schema#"
XSDNS = "http://www.w3.org/2001/XMLSchema#"


def ex(name):
    return ox.NamedNode(EX + name)


def sh(name):
    return ox.NamedNode(SH + name)


TYPE, SUBCLASS = ox.NamedNode(RDF + "type"), ox.NamedNode(RDFS + "subClassOf")
OWL_CLASS = ox.NamedNode("http://www.w3.org/2002/07/owl#Class")
FIRST, REST, NIL = (ox.NamedNode(RDF + name) for name in ("first", "rest", "nil"))


def typed(form, name):
    return ox.Literal(form, datatype=ox.NamedNode((XSDNS if name[0] != ":" else EX) + name.lstrip(":")))


# -- random data

TEXTS = [ox.Literal(text) for text in ("", "a", "abc", "b", "B\nc", "1")]
TAGGED = [
    *(ox.Literal("a", language=tag) for tag in ("en", "de", "de-CH", "en-GB")),
    *(ox.Literal(text, language=tag) for text in ("abc", "b") for tag in ("en", "de")),
]
NUMERIC = [
    *(typed(form, "integer") for form in ("1", "01", "2", "-5", "10", "x")),
    *(typed(form, "decimal") for form in ("1.0", "2.5", "-5.0")),
    *(typed(form, "double") for form in ("1.0E0", "2.5", "INF", "NaN", "x")),
    *(typed(form, "byte") for form in ("2", "300")),
]
MOMENTS = [
    *(typed(form, "date") for form in ("2024-01-01", "2024-01-01Z", "2024-03-01", "2024-02-30", "x")),
    *(
        typed(f"2024-{form}", "dateTime")
        for form in ("01-01T10:00:00", "01-01T10:00:00Z", "01-01T10:00:00+02:00")
    ),
    *(typed(f"2024-{form}", "dateTime") for form in ("05-01T10:00:00.5", "13-01T10:00:00Z")),
    *(typed(form, "time") for form in ("10:00:00", "11:00:00Z", "25:00:00")),
]
REST_OF_THEM = [
    *(typed(form, "boolean") for form in ("true", "false", "1")),
    typed("2024", "gYear"),
    typed("http://example.org/", "anyURI"),
    typed("a", ":unit"),
    typed("b", ":unit"),
]
KINDS = [TEXTS, TAGGED, NUMERIC, MOMENTS, REST_OF_THEM]
IRIS = [ex(f"n{number}") for number in range(4)]
BLANKS = [ox.BlankNode(f"d{number}") for number in range(2)]
NODES = IRIS + BLANKS
PREDICATES = [ex(f"p{number}") for number in range(3)]
CLASSES = [ex(f"C{number}") for number in range(3)]
DATATYPES = ["string", "integer", "decimal", "double", "byte", "boolean", "date", "dateTime", "time", ":unit"]

nodes, literals = st.sampled_from(NODES), st.one_of(*map(st.sampled_from, KINDS))
predicates, classes = st.sampled_from(PREDICATES), st.sampled_from(CLASSES)
statements = st.one_of(
    *[st.tuples(nodes, predicates, st.one_of(nodes, literals, literals))] * 3,
    *[st.tuples(st.sampled_from(NODES[:3]), predicates, st.sampled_from(kind)) for kind in (TAGGED, NUMERIC)],
    st.tuples(nodes, st.just(TYPE), classes),
    st.tuples(classes, st.just(SUBCLASS), classes),
)
graphs = st.lists(statements, min_size=10, max_size=45)

# -- random shapes; queries compare with sameTerm, since rdflib's = and != depart from SPARQL's (17.4.1.7)


class Writer:
    """Collects a shapes graph."""

    def __init__(self, draw, queries):
        self.draw, self.queries, self.triples, self.count = draw, queries, [], 0

    def add(self, subject, name, value):
        self.triples.append((subject, sh(name) if isinstance(name, str) else name, value))

    def node(self):
        self.count += 1
        return ox.BlankNode(f"s{self.count}") if self.draw(st.booleans()) else ex(f"S{self.count}")

    def message(self, node):
        """Write messages in no, one or two languages; the same language never twice."""
        for message in self.draw(st.sampled_from(MESSAGES)):
            self.add(node, "message", message)

    def blank(self):
        self.count += 1
        return ox.BlankNode(f"s{self.count}")

    def list(self, members):
        head = NIL
        for member in reversed(members):
            cell = self.blank()
            self.triples += [(cell, FIRST, member), (cell, REST, head)]
            head = cell
        return head


MESSAGES = [
    [ox.Literal("wrong")],
    [ox.Literal("falsch", language="de"), ox.Literal("wrong", language="en")],
    [ox.Literal("falsch", language="de-CH")],
]


@st.composite
def paths(draw, writer, depth=2):
    kind = draw(st.sampled_from(["predicate"] * 4 + ["inverse", "sequence", "alternative", "*", "+", "?"]))
    if kind == "predicate" or depth == 0:
        return draw(predicates)
    node = writer.blank()
    if kind == "inverse":  # pyshacl walks inverse sequences the wrong way round
        writer.add(node, "inversePath", draw(predicates))
    elif kind == "sequence":
        members = [draw(paths(writer, depth - 1)) for _ in range(draw(st.integers(2, 3)))]
        return writer.list(members)
    elif kind == "alternative":
        members = [draw(paths(writer, depth - 1)) for _ in range(draw(st.integers(2, 3)))]
        writer.add(node, "alternativePath", writer.list(members))
    else:
        name = {"*": "zeroOrMorePath", "+": "oneOrMorePath", "?": "zeroOrOnePath"}[kind]
        writer.add(node, name, draw(paths(writer, depth - 1)))
    return node


def integer(low, high):
    return st.integers(low, high).map(lambda n: typed(str(n), "integer"))


LIMITS = [literal for kind in KINDS for literal in kind if literal.datatype.value.startswith(XSDNS)]
truth = st.sampled_from([typed("true", "boolean")] * 3 + [typed("false", "boolean")])
simple = {
    "class": classes,
    "datatype": st.sampled_from(
        [typed("", name).datatype for name in DATATYPES] + [ox.NamedNode(RDF + "langString")]
    ),
    "nodeKind": st.sampled_from(
        [
            sh(kind)
            for kind in [
                "IRI",
                "BlankNode",
                "Literal",
                "BlankNodeOrIRI",
                "BlankNodeOrLiteral",
                "IRIOrLiteral",
            ]
        ]
    ),
    "minLength": integer(0, 3),
    "maxLength": integer(0, 3),
    "pattern": st.sampled_from(
        [ox.Literal(p) for p in ("^a", "b", "c$", "B.c", "[0-9]+", "n[0-3]$", "^$", "^c")]
    ),
    "equals": predicates,
    "disjoint": predicates,
    "hasValue": st.one_of(nodes.filter(lambda n: isinstance(n, ox.NamedNode)), literals),
}
limits = dict.fromkeys(("minExclusive", "minInclusive", "maxExclusive", "maxInclusive"))
on_paths = {
    "minCount": integer(0, 3),
    "maxCount": integer(0, 2),
    "uniqueLang": truth,
    "lessThan": predicates,
    "lessThanOrEquals": predicates,
}
MANY = {"class", "equals", "disjoint", "hasValue", "lessThan", "lessThanOrEquals"}
QUERIES = [
    "SELECT DISTINCT $this WHERE { $this <E:p0> ?v . FILTER NOT EXISTS { $this <E:p1> ?w } }",
    "SELECT DISTINCT $this ?value { $this <E:p0> ?value . ?value <E:p1> ?x FILTER (!sameTerm(?x, $this)) }",
    "SELECT DISTINCT $this (<E:p2> AS ?path) ?value WHERE { $this <E:p2> ?value . FILTER (!isIRI(?value)) }",
    "SELECT $this WHERE { FILTER NOT EXISTS { $this <E:p1> ?v } }",
    "SELECT $this (COUNT(?v) AS ?value) WHERE { $this <E:p1> ?v } GROUP BY $this HAVING (COUNT(?v) > 1)",
    "SELECT DISTINCT $this WHERE { { $this <E:p0> ?v } UNION { $this <E:p1> ?v } FILTER (isBlank(?v)) }",
    "SELECT DISTINCT $this WHERE { $this a ?c . OPTIONAL { $this <E:p2> ?v } FILTER (!bound(?v)) }",
    "SELECT DISTINCT $this ?value WHERE { BIND ($this AS ?value) FILTER (isBlank(?value) && BOUND(?value)) }",
    "SELECT DISTINCT $this ?value WHERE { OPTIONAL { $this <E:p0> ?x } BIND(COALESCE(?x, $this) AS ?value) }",
    "SELECT DISTINCT $this ?value WHERE { $this <E:p1> ?value . FILTER (STR(?value) = '01' || BOUND(?x)) }",
    "SELECT DISTINCT $this ?value WHERE { $this ?p ?value . FILTER (isLiteral(?value) && STR(?value)='2') }",
    "SELECT DISTINCT $this ?value WHERE { ?value <E:p0> ?x . FILTER (sameTerm(?value, $this)) }",
    "SELECT DISTINCT $this ?value WHERE { $this a ?c { SELECT $this ?value WHERE { $this <E:p1> ?value } } }",
]
ON_PATH = ["SELECT DISTINCT $this ?value WHERE { $this $PATH ?value . FILTER (isLiteral(?value)) }"]
QUERIES, ON_PATH = ([query.replace("<E:", f"<{EX}") for query in each] for each in (QUERIES, ON_PATH))


PARAMETERS = {
    "notIn": st.sampled_from([*IRIS, TEXTS[1], typed("01", "integer")]),
    "alone": predicates,
    "short": integer(1, 4),
}


@st.composite
def shapes(draw, writer, depth, kind=None):
    """Write a shape with all that it refers to; return its node."""
    node = writer.node()
    kind = kind or draw(st.sampled_from(["node", "property"]))
    if kind == "property":
        path = draw(paths(writer))
        writer.add(node, "path", path)
        if draw(st.booleans()):
            writer.add(node, TYPE, sh("PropertyShape"))
    else:
        writer.add(node, TYPE, sh("NodeShape"))
    if draw(st.integers(0, 7)) == 0:
        writer.add(node, "severity", draw(st.sampled_from([sh("Warning"), sh("Info"), ex("Grave")])))
    if draw(st.integers(0, 15)) == 0:
        writer.add(node, "deactivated", draw(truth))
    writer.message(node)
    for _ in range(draw(st.integers(1, 4))):
        draw(constraints(writer, node, depth, kind))
    return node


@st.composite
def constraints(draw, writer, node, depth, kind):
    names = [*simple, *limits, "in", "languageIn", "closed"]
    if kind == "property":
        names += [*on_paths, "uniqueLang"] * 3
    if depth:
        names += ["not", "and", "or", "xone", "node", *["property"] * 8, *["sparql", "parameter"] * 2]
        names += ["qualified"] * (4 if kind == "property" else 0)
    name = draw(st.sampled_from(names))
    event(name)
    written = {p for s, p, _ in writer.triples if s == node}
    if sh(name) in written and name in {*simple, *limits, *on_paths, "in", "languageIn", "closed"} - MANY:
        return
    if name in simple or name in on_paths:
        writer.add(node, name, draw({**simple, **on_paths}[name]))
        if name == "pattern" and draw(st.booleans()):
            writer.add(node, "flags", ox.Literal(draw(st.sampled_from(["i", "m", "im"]))))
    elif name in limits:
        writer.add(node, name, draw(st.sampled_from([limit for limit in LIMITS if not is_ill(limit)])))
    elif name == "in":
        members = draw(st.lists(st.one_of(st.sampled_from(IRIS), literals), max_size=6))
        writer.add(node, "in", writer.list(members))
    elif name == "languageIn":
        tags = draw(st.lists(st.sampled_from(["en", "de", "de-CH", "*", "fr"]), min_size=1, max_size=2))
        writer.add(node, "languageIn", writer.list([ox.Literal(tag) for tag in tags]))
    elif name == "closed":
        writer.add(node, "closed", draw(truth))
        if draw(st.booleans()):
            ignored = draw(st.lists(st.sampled_from([*PREDICATES, TYPE]), max_size=3))
            writer.add(node, "ignoredProperties", writer.list(ignored))
    elif name in ("not", "node", "property"):
        writer.add(node, name, draw(shapes(writer, depth - 1, {"not": None}.get(name, name))))
    elif name in ("and", "or", "xone"):
        members = [draw(shapes(writer, depth - 1)) for _ in range(draw(st.integers(1, 3)))]
        writer.add(node, name, writer.list(members))
    elif name == "qualified":
        if sh("qualifiedValueShape") not in written:
            writer.add(node, "qualifiedValueShape", draw(shapes(writer, depth - 1)))
            for limit in draw(st.sampled_from([["Min"], ["Max"], ["Min", "Max"]])):
                writer.add(node, f"qualified{limit}Count", draw(integer(0, 2)))
            if draw(st.booleans()):
                writer.add(node, "qualifiedValueShapesDisjoint", draw(truth))
    elif name == "sparql":
        query = writer.blank()
        texts = writer.queries + (ON_PATH * 3 if kind == "property" else [])
        writer.add(node, "sparql", query)
        text = draw(st.sampled_from(texts))
        if draw(st.booleans()):
            text = re.sub(f"<{EX}([a-z0-9]+)>", r"ex:\1", text)
            writer.add(query, "prefixes", ex("prefixes"))
        if draw(st.integers(0, 3)) == 0:
            writer.add(query, "message", ox.Literal("{$this} {?value} {$currentShape}", language="en"))
        if draw(st.integers(0, 7)) == 0:
            writer.add(query, "deactivated", draw(truth))
        writer.add(query, "select", ox.Literal(text))
    elif name == "parameter" and not written & set(map(ex, PARAMETERS)):
        parameter = draw(st.sampled_from([*PARAMETERS]))
        writer.add(node, ex(parameter), draw(PARAMETERS[parameter]))
        if parameter == "short" and draw(st.booleans()):
            writer.add(node, ex("shortKind"), draw(st.sampled_from([IRIS[0], *TEXTS[1:3]])))


def is_ill(literal):
    return literal.value in ("x", "300", "2024-02-30", "25:00:00", "2024-13-01T10:00:00Z")


def custom_components(writer):
    """Write components: two ask for each value node, one of them has an optional parameter; one selects."""
    for name, validator, verb, text in (
        ("notIn", "validator", "ask", "ASK { FILTER (!sameTerm($value, $notIn)) }"),
        (
            "alone",
            "propertyValidator",
            "select",
            "SELECT DISTINCT $this ?value WHERE { $this $PATH ?value . $this $alone ?value }",
        ),
        ("alone", "nodeValidator", "select", "SELECT DISTINCT $this ?value WHERE { $this $alone ?value }"),
        (
            "short",
            "validator",
            "ask",
            # rdflib gives blank nodes a text.
            "ASK { FILTER (isBlank($value) || STRLEN(STR($value)) <= $short || BOUND($shortKind)) }",
        ),
    ):
        component, query = ex(name + "Component"), writer.blank()
        writer.add(component, TYPE, sh("ConstraintComponent"))
        writer.add(component, "parameter", ex(name + "Parameter"))
        writer.add(ex(name + "Parameter"), "path", ex(name))
        writer.add(component, validator, query)
        writer.add(query, verb, ox.Literal(text))
        writer.add(query, TYPE, sh("SPARQLAskValidator" if verb == "ask" else "SPARQLSelectValidator"))
    writer.add(ex("shortComponent"), "parameter", ex("shortKindParameter"))
    writer.add(ex("shortKindParameter"), "path", ex("shortKind"))
    writer.add(ex("shortKindParameter"), "optional", typed("true", "boolean"))
    writer.add(ex("prefixes"), "declare", ex("prefix"))
    writer.add(ex("prefix"), "prefix", ox.Literal("ex"))
    writer.add(ex("prefix"), "namespace", typed(EX, "anyURI"))


@st.composite
def shapes_graphs(draw, queries=QUERIES):
    writer = Writer(draw, queries)
    custom_components(writer)
    roots = []
    for _ in range(draw(st.integers(1, 3))):
        root = draw(shapes(writer, draw(st.integers(1, 3))))
        roots.append(root)
        for kind in draw(
            st.lists(st.sampled_from(["SubjectsOf", "ObjectsOf", "Class", "Node"]), min_size=1, max_size=2)
        ):
            values = {"Class": classes, "Node": st.one_of(st.sampled_from(IRIS), literals)}.get(
                kind, predicates
            )
            writer.add(root, f"target{kind}", draw(values))
    if draw(st.integers(0, 5)) == 0:
        implicit = draw(classes)
        writer.add(implicit, TYPE, sh("NodeShape"))
        writer.add(implicit, TYPE, draw(st.sampled_from([ox.NamedNode(RDFS + "Class"), OWL_CLASS])))
        writer.add(implicit, "property", draw(shapes(writer, 1, "property")))
    return writer.triples


# What queries ask that look further, or everywhere, for tests in which a graph is not seen whole; rdflib
# answers some of them otherwise.
FAR = [
    "{ $this <E:p0>/<E:p1> ?value }",
    "{ ?x <E:p0> $this . ?x <E:p1> ?value }",
    "{ $this <E:p0> ?v . ?value <E:p0> ?v ; <E:p1> ?w }",
    "{ $this <E:p0>+ $this . $this a ?value }",
    "{ $this (<E:p0>|^<E:p1>)+/<E:p2> $this . $this a ?value }",
    "{ { OPTIONAL { ?v <E:p1> ?value } } $this <E:p0> ?v }",
    "{ $this <E:p0> ?v OPTIONAL { ?v <E:p1> ?w OPTIONAL { ?w <E:p2> ?value } } }",
    "{ $this <E:p0> ?value FILTER NOT EXISTS { ?value <E:p1> ?w . ?x <E:p2> ?w } }",
    "{ { FILTER NOT EXISTS { ?value <E:p1> ?w } } $this <E:p0> ?value }",
    "{ $this <E:p1> ?value FILTER EXISTS { ?x <E:p2> ?y } }",
    "{ { $this <E:p0> ?v } UNION { $this <E:p1>/<E:p2> ?v } ?v <E:p2> ?value }",
    "{ { $this <E:p0> ?v } UNION { $this <E:p1> ?u } ?v <E:p2> ?value }",
    "{ $this <E:p0> ?v . ?x <E:p1> ?value }",
    "{ $this <E:p0> ?x { SELECT $this (COUNT(?x) AS ?value) { $this <E:p1>/<E:p2> ?x } GROUP BY $this } }",
    "{ $this <E:p0> ?v { SELECT $this ?v ?value WHERE { ?v <E:p1> ?value } } }",
    "{ $this <E:p1> ?value FILTER (YEAR(NOW()) > 2000) }",
]
FAR = ["SELECT DISTINCT $this ?value " + body.replace("<E:", f"<{EX}") for body in FAR]
FAR.append(
    FAR[0].replace("DISTINCT $this ?value", "$this (COUNT(?x) AS ?value)").replace("?value }", "?x }")
    + " GROUP BY $this"
)


def serialized(triples, form):
    return ox.serialize([ox.Triple(*triple) for triple in triples], format=form)


def results(report):
    """Return the results; names of blank nodes are new each time."""

    def text(node):
        return "_:" if isinstance(node, BNode) else node and str(to_oxigraph(node))

    return Counter(
        (
            *map(text, (r.focus_node, r.path, r.value, r.component, r.source_shape, r.source_constraint)),
            str(r.severity),
            str(sorted(r.messages.items())) if "_" not in str(r.messages) else "",
        )
        for r in report.results
    )
