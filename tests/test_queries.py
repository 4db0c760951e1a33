"""The public questions: each is documented, stands alone, and gives the answer that was checked by eye."""

import csv
import io
import re
import warnings
from collections import Counter
from pathlib import Path

import pytest
import rdflib
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import NamedNode, QueryBoolean, QuerySolutions, RdfFormat

from stadtgraph.derive import derive
from stadtgraph.load import load
from stadtgraph.queries import BadQuery, Parameter, Question, ask, fill, leaves_the_store, read, write

ROOT = Path(__file__).resolve().parent.parent
EXPECTED = sorted((ROOT / "tests" / "queries").glob("*/expected.csv"))
FILES = sorted((ROOT / "queries").rglob("*.rq"))
QUESTIONS = {path.stem: read(path) for path in sorted((ROOT / "queries").glob("*.rq"))}
RUNNABLE = [slug for slug, question in QUESTIONS.items() if not question.only_documented]
KEYS = {"title", "title-en", "description", "description-en", "parameter", "column", "run"}
FORM = re.compile(r"^(SELECT|CONSTRUCT|DESCRIBE|ASK)\b", re.MULTILINE)
STRINGS_IRIS_COMMENTS = re.compile(r'"(?:[^"\\\n]|\\.)*"|<[^<>\s]*>|#[^\n]*')
PREFIXES = re.compile(r"^PREFIX (\w+): <\S+>$", re.MULTILINE)
KEYWORDS = {
    *("ask", "as", "bind", "by", "construct", "count", "desc", "describe", "distinct", "exists", "filter"),
    *("graph", "group", "in", "not", "optional", "order", "prefix", "select", "service", "union", "values"),
    *(
        "where",
        "coalesce",
        "concat",
        "contains",
        "if",
        "iri",
        "isiri",
        "lang",
        "lcase",
        "max",
        "min",
        "regex",
    ),
    *("replace", "str", "strafter", "strbefore", "strlen", "strstarts", "substr"),
}


def name(path):
    return path.relative_to(ROOT / "queries").with_suffix("").as_posix()


def bare(text):
    """Return a query without its strings, IRIs and comments."""
    return STRINGS_IRIS_COMMENTS.sub(" ", text)


def form(slug):
    return FORM.search(QUESTIONS[slug].text)[1]


def has(slug, parameter):
    return any(item.name == parameter for item in QUESTIONS[slug].parameters)


@pytest.fixture(scope="module")
def city():
    """The real city with its derived triples."""
    city = load(ROOT)
    derive(city)
    return city


@pytest.fixture(scope="module")
def elsewhere(city):
    """The same graphs in rdflib, which stands for any other SPARQL 1.1 endpoint."""
    dataset = rdflib.Dataset(default_union=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        dataset.parse(data=city.store.dump(format=RdfFormat.N_QUADS), format="nquads")
    return dataset


def answer(city, slug, **given):
    return ask(city.store, fill(QUESTIONS[slug], given, city.base), city.base)


def rows(city, slug, **given):
    """Return a table as dictionaries; of an IRI of ours only the slug."""
    solutions = answer(city, slug, **given)
    names = [variable.value for variable in solutions.variables]
    texts = [[plain(row[name]).removeprefix(f"{city.base}id/") for name in names] for row in solutions]
    return [dict(zip(names, row, strict=True)) for row in texts]


def plain(term):
    return "" if term is None else term.value


def column(table, name):
    return [row[name] for row in table]


def test_there_are_questions_of_every_form():
    forms = Counter(form(slug) for slug in QUESTIONS)
    assert forms["SELECT"] >= 20
    assert set(forms) == {"SELECT", "CONSTRUCT", "DESCRIBE", "ASK"}


@pytest.mark.parametrize("slug", QUESTIONS)
def test_a_question_says_what_it_asks_in_both_languages(slug):
    header = QUESTIONS[slug].header
    assert KEYS - {"parameter", "column", "run"} <= set(header) <= KEYS
    assert all(value for values in header.values() for value in values)
    assert all(len(values) == 1 for key, values in header.items() if key not in ("parameter", "column"))
    for parameter in QUESTIONS[slug].parameters:
        assert all(parameter.meaning.values()), parameter.name


@pytest.mark.parametrize("slug", QUESTIONS)
def test_a_parameter_has_a_line_of_its_own_with_one_default(slug):
    bound = re.findall(r"^    VALUES \?(\w+) \{ \S+ \}$", QUESTIONS[slug].text, re.MULTILINE)
    assert [parameter.name for parameter in QUESTIONS[slug].parameters] == bound


@pytest.mark.parametrize("slug", QUESTIONS)
def test_no_question_fixes_a_language(slug):
    assert not re.search(r'LANG\(\?\w+\) *= *"|"@\w', QUESTIONS[slug].text)


@pytest.mark.parametrize("slug", QUESTIONS)
def test_only_a_question_that_is_not_run_leaves_the_store(slug):
    assert leaves_the_store(QUESTIONS[slug].text) == QUESTIONS[slug].only_documented


@pytest.mark.parametrize("path", FILES, ids=name)
def test_prefixes_are_in_order_and_all_used(path):
    declared = PREFIXES.findall(path.read_text())
    used = re.findall(r"(?<![\w?:])([a-z]\w*):", bare(PREFIXES.sub("", path.read_text())))
    assert declared == sorted(set(used))


@pytest.mark.parametrize("path", FILES, ids=name)
def test_keywords_are_written_in_capitals(path):
    words = re.findall(r"(?<![\w?:-])[A-Za-z]+(?![\w:-])", bare(path.read_text()))
    assert [word for word in words if word.lower() in KEYWORDS and word not in (word.upper(), "isIRI")] == []


@pytest.mark.parametrize("path", FILES, ids=name)
def test_a_line_holds_one_pattern(path):
    assert [line for line in bare(path.read_text()).splitlines() if re.search(r" [.;] +\S| ;$", line)] == []


@pytest.mark.parametrize("path", FILES, ids=name)
def test_a_table_names_its_columns_and_its_order(path):
    text = bare(path.read_text())
    assert not re.search(r"(SELECT|DISTINCT) +\*", text)
    assert bool(re.search(r"^ORDER BY ", text, re.MULTILINE)) == (FORM.search(text)[1] == "SELECT")


def test_every_table_has_an_answer_that_was_checked():
    tables = {slug for slug in RUNNABLE if form(slug) == "SELECT"}
    assert {path.parent.name for path in EXPECTED} == tables


@pytest.mark.parametrize("path", EXPECTED, ids=lambda path: path.parent.name)
def test_a_table_is_the_one_that_was_checked(city, path):
    got = write(answer(city, path.parent.name), "csv", city.base).decode()
    assert list(csv.reader(io.StringIO(got))) == list(csv.reader(io.StringIO(path.read_text("utf-8"))))


@pytest.mark.parametrize("slug", RUNNABLE)
def test_another_engine_gives_the_same_answer(city, elsewhere, slug):
    ours = answer(city, slug)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        theirs = elsewhere.query(QUESTIONS[slug].text)
        if isinstance(ours, QueryBoolean):
            assert theirs.askAnswer == bool(ours)
        elif isinstance(ours, QuerySolutions):
            names = [variable.value for variable in ours.variables]
            table = Counter(tuple(str(row[name] or "") for name in names) for row in theirs)
            assert table == Counter(tuple(plain(row[name]) for name in names) for row in ours)
        else:
            triples = {tuple(map(str, triple)) for triple in theirs}
            # What DESCRIBE returns is left to each engine; the statements about the thing are the least.
            assert {(plain(t.subject), plain(t.predicate), plain(t.object)) for t in ours} <= triples


@pytest.mark.parametrize("slug", [slug for slug in RUNNABLE if has(slug, "lang")])
def test_a_question_has_as_many_answers_in_english(city, slug):
    assert len(rows(city, slug, lang="en")) == len(rows(city, slug, lang="de"))


def test_twelve_bodies_present_themselves_one_of_them_by_conclusion(city):
    table = rows(city, "wer-stellt-sich-vor", lang="en")
    concluded = [row["body"] for row in table if row["basis"] == "Inferred by the editors"]
    assert len(table) == 12
    assert concluded == ["freiwilligenagentur-dortmund"]
    assert table[0]["body"] == "nordwaerts"
    assert table[-1]["body"] == "buero-fuer-internationale-beziehungen"


def test_the_equal_opportunities_office_brings_eight_partners(city):
    table = rows(city, "partner-des-gleichstellungsbueros")
    assert len(set(column(table, "partner"))) == len(table) == 8
    assert (table[0]["partner"], table[-1]["partner"]) == (
        "ag-dortmunder-frauenverbaende",
        "kfd-stadtverband-dortmund",
    )


def test_ten_presenting_bodies_belong_to_the_office(city):
    presenting = set(column(rows(city, "wer-stellt-sich-vor"), "body"))
    units = column(rows(city, "einheiten-des-amtes"), "body")
    assert len(units) == 10
    assert presenting - set(units) == {"freiwilligenagentur-dortmund", "integrationsrat"}


def test_the_themes_stand_in_the_order_of_the_page(city):
    names = column(rows(city, "themen-der-veranstaltung"), "name")
    assert ", ".join(names) == (
        "Nachbarschaft, Vielfalt, Internationales, Nachhaltigkeit, Innovation, Gleichstellung"
    )


def test_every_conclusion_comes_with_a_reason(city):
    table = rows(city, "schluesse-der-redaktion", lang="en")
    assert table
    assert all(column(table, "reason"))


def test_every_body_of_the_page_comes_from_one_passage(city):
    table = rows(city, "fundstellen")
    assert Counter(column(table, "body")).most_common(1)[0][1] == 1
    assert set(column(rows(city, "wer-stellt-sich-vor"), "body")) <= set(column(table, "body"))


def test_every_presenting_body_is_counted_under_its_theme(city):
    table = rows(city, "anzahl-je-thema")
    assert column(table, "bodies") == ["2", "6", "1", "1", "2", "1"]


def test_fifteen_of_thirty_two_participants_are_known(city):
    assert len(rows(city, "zeltdorf-teilnehmende")) == 15
    (row,) = rows(city, "zeltdorf-bekannt-und-gesamt")
    assert row["known"] == "15"
    assert "32" in row["note"]


def test_a_partner_reaches_the_city_in_three_steps(city):
    assert column(rows(city, "vom-partner-zur-stadt"), "body") == [
        "gleichstellungsbuero",
        "amt-fuer-angelegenheiten-des-oberbuergermeisters-und-des-rates",
        "stadt-dortmund",
    ]


@pytest.mark.parametrize(
    ("body", "belongs"),
    [("nordwaerts", True), ("geschaeftsstelle-des-integrationsrates", True), ("integrationsrat", False)],
)
def test_the_graph_knows_what_belongs_to_the_office(city, body, belongs):
    assert bool(answer(city, "gehoert-zum-amt", body=body)) is belongs


def test_an_organisation_chart_holds_units_only(city):
    triples = {(t.subject.value, t.predicate.value) for t in answer(city, "organigramm")}
    subjects = {subject for subject, predicate in triples if predicate.endswith("#unitOf")}
    assert f"{city.base}id/gleichstellungsbuero" in subjects
    assert f"{city.base}id/integrationsrat" not in subjects


def test_a_programme_item_for_search_engines_has_no_end(city):
    item = NamedNode(f"{city.base}id/projekte-und-koordinierungsstellen-2023")
    said = {t.predicate.value for t in answer(city, "programmpunkt-fuer-suchmaschinen") if t.subject == item}
    assert "https://schema.org/startDate" in said
    assert "https://schema.org/endDate" not in said


def test_a_given_value_takes_the_place_of_the_default(city):
    assert rows(city, "suche", text="GLEICHSTELLUNG") != rows(city, "suche")
    assert rows(city, "was-geschieht-wo", day="2023-05-06") == []
    assert column(rows(city, "gruendungsjahre", lang="en"), "name") != column(
        rows(city, "gruendungsjahre"), "name"
    )


def question(text, *parameters):
    return Question("example", text, {}, parameters)


def test_a_value_that_looks_like_a_parameter_stays_a_value(city):
    """Each value takes the place of its default in the file, never within another value."""
    both = question(
        'SELECT ?text ?lang { VALUES ?text { "a" } VALUES ?lang { "de" } }',
        Parameter("text", '"a"', {}),
        Parameter("lang", '"de"', {}),
    )
    given_values = {"text": 'VALUES ?lang { "', "lang": "en"}
    for order in (given_values, dict(reversed(given_values.items()))):
        (row,) = ask(city.store, fill(both, order, city.base), city.base)
        assert {name: row[name].value for name in given_values} == given_values


@given(st.text(st.characters(codec="utf-8") | st.sampled_from("\\u0022\"'{}#\n\0 ")))
def test_any_text_arrives_as_it_was_given(city, value):
    one = question('SELECT ?text { VALUES ?text { "a" } }', Parameter("text", '"a"', {}))
    (row,) = ask(city.store, fill(one, {"text": value}, city.base), city.base)
    assert row["text"].value == value


@pytest.mark.parametrize(
    ("default", "fits", "unfit"),
    [
        (
            "id:hansaplatz",
            ["vielfalt", "id:vielfalt", "https://a.example/b"],
            ["a b", "a> ?p ?o", "http://["],
        ),
        ("7", ["0", "-1", "+2.5"], ["", "1e3", "7 }", "\u0663"]),
        ('"2023-05-07"', ["2024-02-29"], ["2023-02-29", "7.5.2023", "20230507", '2023-05-07"']),
        ('"a"@de', ["", '"', "b"], []),
    ],
)
def test_a_value_is_of_the_kind_of_the_default(city, default, fits, unfit):
    one = question(f"SELECT ?x {{ VALUES ?x {{ {default} }} }}", Parameter("x", default, {}))
    for value in fits:
        (row,) = ask(city.store, fill(one, {"x": value}, city.base), city.base)
        assert value.removeprefix("id:").lstrip("+") in str(row["x"])
    for value in unfit:
        with pytest.raises(BadQuery, match="query-bad-value"):
            fill(one, {"x": value}, city.base)


def test_a_parameter_may_name_all_its_values(tmp_path):
    path = tmp_path / "one.rq"
    path.write_text('#+ parameter: lang | Sprache | language | de, en\nSELECT ?x { VALUES ?lang { "de" } }')
    assert read(path).parameters[0].allowed == ("de", "en")
    with pytest.raises(BadQuery, match="query-not-allowed"):
        fill(read(path), {"lang": "fr"}, "https://stadt.example/")
    assert '"en"' in fill(read(path), {"lang": "en"}, "https://stadt.example/")
