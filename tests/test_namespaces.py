"""Names are short where people read them and never ambiguous."""

import pytest

from stadtgraph.namespaces import VOCABULARIES, expand, near_misses, prefixes, shorten

BASE = "https://example.org/town/"


@pytest.mark.parametrize("name", ["id:park", "def:basis", "schema:name", "graph:events", "rdf:type"])
def test_a_prefixed_name_survives_the_round_trip(name):
    assert shorten(expand(name, BASE), BASE) == name


def test_an_iri_of_another_house_stays_as_it_is():
    assert shorten("https://elsewhere.example/x", BASE) == "https://elsewhere.example/x"


def test_a_passage_is_not_shortened_to_an_invalid_name():
    passage = BASE + "source/page#char=1,2"
    assert shorten(passage, BASE) == passage


def test_an_unknown_prefix_expands_to_nothing():
    assert expand("nobody:knows", BASE) is None


def test_each_near_miss_is_wrong_and_names_a_right_one():
    right = set(prefixes(BASE).values())
    wrong = near_misses(BASE)
    assert wrong["http://schema.org/"] == "https://schema.org/"
    assert wrong["http://www.w3.org/ns/org/"] == VOCABULARIES["org"]
    assert not right & wrong.keys()
    assert set(wrong.values()) <= right
