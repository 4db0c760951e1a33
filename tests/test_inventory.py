"""The graph says everything that the event page names, and marks everything that it does not.

``inventory.tsv`` lists the page's entities, attributes and relations with their character offsets and where
each of them lives in the graph; a pattern is one or more ``subject predicate object`` joined by `` && ``.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode, Quad, RdfFormat, Store, parse

CITY = Path(__file__).parent.parent
LIST = Path(__file__).with_name("inventory.tsv")
TERM = re.compile(r'"(?P<text>[^"]*)"(?:@(?P<language>\w+)|\^\^(?P<type>\S+))?|(?P<name>\S+)')
NOT_CONCLUSIONS = ("rdf:Statement", "sd:Graph")


class Graph:
    """All Turtle files of the city, with the prefixes they declare."""

    def __init__(self, folder: Path) -> None:
        self.store = Store()
        self.prefixes: dict[str, str] = {}
        for path in sorted(folder.rglob("*.ttl")):
            name = NamedNode("file:" + path.relative_to(folder).with_suffix("").as_posix())
            triples = parse(path=str(path), format=RdfFormat.TURTLE)
            self.store.extend(Quad(t.subject, t.predicate, t.object, name) for t in triples)
            self.prefixes |= triples.prefixes

    def node(self, name: str) -> NamedNode:
        prefix, _, local = name.partition(":")
        return NamedNode(self.prefixes[prefix] + local)

    def term(self, text: str) -> NamedNode | Literal | None:
        found = TERM.fullmatch(text)
        assert found, f"not a term: {text}"
        if found["name"]:
            return None if text == "*" else self.node(text)
        datatype = self.node(found["type"]) if found["type"] else None
        return Literal(found["text"], language=found["language"], datatype=datatype)

    def holds(self, pattern: str) -> bool:
        subject, predicate, value = pattern.split(" ", 2)
        wanted = (self.node(subject), self.node(predicate), self.term(value))
        return any(self.store.quads_for_pattern(*wanted))

    def values(self, subject: NamedNode, predicate: str) -> list[NamedNode | Literal]:
        quads = self.store.quads_for_pattern(subject, self.node(predicate), None)
        return [quad.object for quad in quads]

    def subjects(self, predicate: str, value: str) -> set[NamedNode]:
        quads = self.store.quads_for_pattern(None, self.node(predicate), self.node(value))
        return {quad.subject for quad in quads}

    def file(self, name: str) -> Iterator[Quad]:
        return self.store.quads_for_pattern(None, None, None, NamedNode("file:" + name))


@pytest.fixture(scope="module")
def graph() -> Graph:
    return Graph(CITY / "data")


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    with LIST.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


@pytest.fixture(scope="module")
def things(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """Entities that are nodes; the others are literals of a subject."""
    return [row for row in rows if row["group"] == "entity" and " " not in row["pattern"]]


def test_the_list_counts_what_the_page_names(rows: list[dict[str, str]]) -> None:
    assert Counter(row["group"] for row in rows) == {"entity": 89, "attribute": 50, "relation": 98}


def test_no_key_stands_twice(rows: list[dict[str, str]]) -> None:
    assert [key for key, times in Counter(row["key"] for row in rows).items() if times > 1] == []


def test_no_two_entities_share_a_node(things: list[dict[str, str]]) -> None:
    assert [iri for iri, times in Counter(row["pattern"] for row in things).items() if times > 1] == []


def test_offsets_lie_in_the_page(graph: Graph, rows: list[dict[str, str]]) -> None:
    (length,) = graph.values(graph.node("source:dortbunt-2023-city-1200-13"), "def:textLength")
    end = int(length.value)
    assert [r["key"] for r in rows if not 0 <= int(r["start"]) <= int(r["end"]) <= end] == []


def test_everything_the_page_names_is_in_the_graph(graph: Graph, rows: list[dict[str, str]]) -> None:
    missing = [
        f"{row['group']} {row['key']}: {pattern}"
        for row in rows
        for pattern in row["pattern"].split(" && ")
        if not graph.holds(pattern if " " in pattern else f"{pattern} rdf:type *")
    ]
    assert missing == []


def test_every_thing_points_to_its_passage(graph: Graph, things: list[dict[str, str]]) -> None:
    source = graph.node("source:dortbunt-2023-city-1200-13").value
    wrong = []
    for row in things:
        passage = NamedNode(f"{source}#char={row['start']},{row['end']}")
        if passage not in graph.values(graph.node(row["pattern"]), "prov:wasDerivedFrom"):
            wrong.append(f"{row['pattern']} lacks {passage.value}")
    assert wrong == []


@pytest.mark.parametrize("language", ["de", "en"])
def test_every_thing_has_one_preferred_name(
    graph: Graph, things: list[dict[str, str]], language: str
) -> None:
    wrong = []
    for row in things:
        subject = graph.node(row["pattern"])
        names = [*graph.values(subject, "skos:prefLabel"), *graph.values(subject, "schema:name")]
        if sum(name.language == language for name in names) != 1:
            wrong.append(row["pattern"])
    assert wrong == []


def test_every_topic_reaches_a_theme(graph: Graph) -> None:
    tops = graph.subjects("skos:topConceptOf", "id:themen")
    concepts = graph.subjects("skos:inScheme", "id:themen")
    reached, before = set(tops), -1
    while before != len(reached):
        before = len(reached)
        reached |= {c for c in concepts if reached & set(graph.values(c, "skos:broader"))}
    assert len(tops) == 6
    assert sorted(c.value for c in concepts - reached) == []


def test_every_presenting_body_has_a_theme(graph: Graph) -> None:
    tops = graph.subjects("skos:topConceptOf", "id:themen")
    bodies = graph.values(graph.node("id:projekte-und-koordinierungsstellen-2023"), "schema:performer")
    assert len(bodies) == 12
    assert [body.value for body in bodies if not tops & set(graph.values(body, "org:purpose"))] == []


def test_the_concluded_day_is_the_weekday_of_the_page(graph: Graph) -> None:
    (start,) = graph.values(graph.node("id:projekte-und-koordinierungsstellen-2023"), "schema:startDate")
    assert datetime.fromisoformat(start.value).strftime("%w %H:%M") == "0 12:00"


def test_every_concluded_triple_has_one_statement_and_the_other_way_round(graph: Graph) -> None:
    quads = list(graph.file("editorial"))
    types = {q.subject: q.object for q in quads if q.predicate == graph.node("rdf:type")}
    described = {s for s, kind in types.items() if kind in map(graph.node, NOT_CONCLUSIONS)}
    concluded = Counter((q.subject, q.predicate, q.object) for q in quads if q.subject not in described)
    parts = ("rdf:subject", "rdf:predicate", "rdf:object")
    stated: Counter[tuple[object, ...]] = Counter()
    for statement in (s for s, kind in types.items() if kind == graph.node("rdf:Statement")):
        (subject,), (predicate,), (value,) = (graph.values(statement, part) for part in parts)
        stated[subject, predicate, value] += 1
    assert concluded
    assert concluded == stated


def test_every_conclusion_has_a_reason_in_both_languages(graph: Graph) -> None:
    wrong = [
        statement.value
        for statement in graph.subjects("rdf:type", "rdf:Statement")
        if sorted(reason.language or "" for reason in graph.values(statement, "rdfs:comment")) != ["de", "en"]
    ]
    assert sorted(wrong) == []


def test_conclusions_stand_in_the_editorial_graph_only(graph: Graph) -> None:
    kind = graph.node("rdf:Statement")
    quads = graph.store.quads_for_pattern(None, graph.node("rdf:type"), kind)
    assert {quad.graph_name.value for quad in quads} == {"file:editorial"}
