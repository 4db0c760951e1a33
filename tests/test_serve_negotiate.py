"""What a client asks for is read as RFC 9110 says; what cannot be read is passed over."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stadtgraph.serve.negotiate import Form, best, coding, language, wishes

FORMS = (
    Form("text/html", "x.html", "de"),
    Form("text/html", "x.en.html", "en"),
    Form("text/turtle", "x.ttl"),
    Form("application/ld+json", "x.jsonld"),
    Form("application/n-triples", "x.nt"),
    Form("application/rdf+xml", "x.rdf"),
)
ANY = st.text(alphabet=st.characters(codec="latin-1"), max_size=80)
TYPES = ("text/turtle", "text/html", "*/*", "text/*", "application/*", "application/ld+json")
SIGNS = (",", ";", '"', "\\", " ", "=", "/", "\t", ";q=", "q=0.5", "0.", "1", "q", "profile=", "é")
HEADERS = st.lists(st.sampled_from([*TYPES, *SIGNS]), max_size=14).map("".join)


@pytest.mark.parametrize(
    ("languages", "lang"),
    [
        ("", "de"),
        ("en", "en"),
        ("en-GB,en;q=0.9,de;q=0.8", "en"),
        ("de-AT", "de"),
        ("de;q=0.3, en;q=0.4", "en"),
        ("fr", "de"),
        ("fr, *;q=0.5, de;q=0.1", "en"),
        ("de;q=0", "en"),
        ("de;q=0, en;q=0", "de"),
        ("*", "de"),
        ("EN", "en"),
        ("english", "de"),
        ("en;q=nonsense", "en"),
        (",,;;en", "de"),
    ],
)
def test_the_language_is_the_one_that_suits_best(languages, lang):
    assert language(languages, ("de", "en")) == lang


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", ""),
        ("gzip", "gzip"),
        ("gzip, br", "br"),
        ("gzip, deflate, br, zstd", "br"),
        ("br;q=0.5, gzip", "gzip"),
        ("br;q=0, gzip;q=0", ""),
        ("*", "br"),
        ("*;q=0", ""),
        ("identity, gzip;q=0.5", ""),
        ("identity;q=0.5, gzip;q=0.9", "gzip"),
        ("zstd", ""),
    ],
)
def test_the_coding_is_the_one_that_suits_best(header, expected):
    assert coding(header, ("br", "gzip")) == expected


@given(ANY | HEADERS, ANY | HEADERS)
def test_any_header_is_read_without_an_error(accept, languages):
    assert best(FORMS, accept, languages) in (*FORMS, None)
    assert coding(accept, ("br", "gzip")) in ("br", "gzip", "")
    assert all(0 <= wish.weight <= 1 for wish in wishes(accept))


@given(HEADERS, st.sampled_from(FORMS[2:]))
def test_what_is_named_with_full_weight_is_at_hand_whatever_else_stands_there(header, form):
    whole = header.count('"') % 2 == 0 and not header.endswith("\\")
    if whole:
        found = best(FORMS, f"{header}, {form.media}", "")
        assert found is not None


@given(st.permutations(["text/turtle;q=0.9", "text/html;q=0.3", "*/*;q=0.1", "application/ld+json;q=0.8"]))
def test_the_order_matters_only_between_equals(items):
    assert best(FORMS, ", ".join(items), "") == FORMS[2]


@given(st.lists(st.sampled_from([form.media for form in FORMS]), unique=True, min_size=1))
def test_forms_with_weight_zero_are_never_sent(refused):
    found = best(FORMS, ", ".join(["*/*", *(f"{media};q=0" for media in refused)]), "")
    assert found is None or found.media not in refused


def test_a_comma_in_quotes_parts_nothing():
    found = wishes('application/ld+json;profile="a,b;q=0";q=0.5, text/html')
    assert [(wish.name, wish.weight) for wish in found] == [("application/ld+json", 0.5), ("text/html", 1.0)]
