"""Lists of names are matched as the Reconciliation Service API 0.2 says, and a match is claimed with care."""

import json
from urllib.parse import quote

import pytest
from jsonschema import Draft202012Validator

ORGANISATION = "http://www.w3.org/ns/org#Organization"
UNIT = "http://www.w3.org/ns/org#OrganizationalUnit"
NAME = "http://www.w3.org/2004/02/skos/core#prefLabel"
PART_OF = "http://www.w3.org/ns/org#unitOf"
FORM = "application/x-www-form-urlencoded"
# What the specification says of each answer, in our words.
TEXT = {"type": "string", "minLength": 1}
NAMED = {"type": "object", "properties": {"id": TEXT, "name": TEXT}, "required": ["id", "name"]}
ADDRESS = {"type": "string", "pattern": "^https?://"}
TEMPLATE = {"type": "string", "pattern": r"\{\{id\}\}"}
PLACE = {
    "type": "object",
    "properties": {"service_url": ADDRESS, "service_path": {"type": "string", "pattern": "^/"}},
    "required": ["service_url", "service_path"],
}
MANIFEST = {
    "type": "object",
    "properties": {
        "versions": {"type": "array", "contains": {"const": "0.2"}},
        "name": TEXT,
        "identifierSpace": ADDRESS,
        "schemaSpace": ADDRESS,
        "defaultTypes": {"type": "array", "items": NAMED, "uniqueItems": True},
        "view": {"type": "object", "properties": {"url": TEMPLATE}, "required": ["url"]},
        "preview": {
            "type": "object",
            "properties": {"url": TEMPLATE, "width": {"type": "integer"}, "height": {"type": "integer"}},
            "required": ["url", "width", "height"],
        },
        "suggest": {
            "type": "object",
            "properties": {"entity": PLACE, "property": PLACE, "type": PLACE},
            "required": ["entity", "property", "type"],
        },
        "extend": {
            "type": "object",
            "properties": {"propose_properties": PLACE, "property_settings": {"type": "array"}},
        },
    },
    "required": [
        "versions",
        "name",
        "identifierSpace",
        "schemaSpace",
        "view",
        "preview",
        "suggest",
        "extend",
    ],
}
CANDIDATE = {
    "type": "object",
    "properties": {
        "id": TEXT,
        "name": TEXT,
        "description": TEXT,
        "type": {"type": "array", "items": NAMED},
        "score": {"type": "number", "minimum": 0, "maximum": 100},
        "match": {"type": "boolean"},
        "features": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"id": TEXT, "value": {"type": ["number", "boolean"]}},
                "required": ["id", "value"],
            },
        },
    },
    "required": ["id", "name", "score", "match", "type"],
    "additionalProperties": False,
}
RESULTS = {
    "type": "object",
    "additionalProperties": {
        "type": "object",
        "properties": {"result": {"type": "array", "items": CANDIDATE}},
        "required": ["result"],
        "additionalProperties": False,
    },
}
SUGGESTIONS = {
    "type": "object",
    "properties": {
        "result": {
            "type": "array",
            "items": {
                **NAMED,
                "properties": {**NAMED["properties"], "notable": {"type": "array", "items": NAMED}},
            },
        }
    },
    "required": ["result"],
}
VALUE = {
    "oneOf": [
        {**NAMED, "additionalProperties": False},
        *(
            {"type": "object", "properties": {key: kind}, "required": [key], "additionalProperties": False}
            for key, kind in (
                ("str", {"type": "string"}),
                ("int", {"type": "integer"}),
                ("float", {"type": "number"}),
                ("date", {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"}),
            )
        ),
    ]
}
EXTENSION = {
    "type": "object",
    "properties": {
        "meta": {"type": "array", "items": NAMED},
        "rows": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "additionalProperties": {"type": "array", "items": VALUE},
            },
        },
    },
    "required": ["meta", "rows"],
    "additionalProperties": False,
}
PROPOSAL = {
    "type": "object",
    "properties": {"type": {"type": "string"}, "properties": {"type": "array", "items": NAMED}},
    "required": ["type", "properties"],
}


def held(content, rules):
    told = json.loads(content)
    Draft202012Validator.check_schema(rules)
    Draft202012Validator(rules).validate(told)
    return told


@pytest.fixture(scope="module")
def real(start, public):
    return start(public)


def match(server, **queries):
    body = f"queries={quote(json.dumps(queries))}".encode()
    answer = server.ask("/reconcile", "POST", body, Content_Type=FORM, Accept_Language="de")
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    return {key: value["result"] for key, value in held(answer.content, RESULTS).items()}


def test_the_manifest_says_what_is_offered_at_the_address_it_was_asked_at(server, start, small):
    told = held(server.ask("/reconcile").content, MANIFEST)
    assert told["identifierSpace"] == "https://example.org/musterstadt/id/"
    assert {one["id"] for one in told["defaultTypes"]} >= {ORGANISATION, "https://schema.org/Place"}
    below = start(small, "--prefix", "/graph")
    told = held(below.ask("/graph/reconcile", Host="daten.example:8443").content, MANIFEST)
    assert told["preview"]["url"] == "http://daten.example:8443/graph/reconcile/preview?id={{id}}"


@pytest.mark.parametrize(("options", "scheme"), [((), "http"), (("--behind-proxy",), "https")])
def test_a_proxy_is_believed_only_if_the_operator_says_so(start, small, options, scheme):
    server = start(small, *options)
    told = json.loads(
        server.ask("/reconcile", X_Forwarded_Proto="https", X_Forwarded_Host="evil.example").content
    )
    assert told["preview"]["url"].startswith(f"{scheme}://127.0.0.1:{server.port}/")


def test_every_address_of_the_manifest_answers(server):
    told = json.loads(server.ask("/reconcile").content)
    root = f"http://127.0.0.1:{server.port}"
    preview = told["preview"]["url"].replace("{{id}}", "bauhof").removeprefix(root)
    assert server.ask(preview).status == 200
    for kind, place in told["suggest"].items():
        path = f"{place['service_url']}{place['service_path']}?prefix=bau".removeprefix(root)
        held(server.ask(path).content, SUGGESTIONS), kind
    place = told["extend"]["propose_properties"]
    path = f"{place['service_url']}{place['service_path']}?type={quote(UNIT)}".removeprefix(root)
    told = held(server.ask(path).content, PROPOSAL)
    assert PART_OF in {one["id"] for one in told["properties"]}
    assert len(json.loads(server.ask(f"{path}&limit=1").content)["properties"]) == 1


@pytest.mark.parametrize(
    ("words", "slug"),
    [
        ("Gleichstellungsbüro", "gleichstellungsbuero"),
        ("gleichstellungsbuero", "gleichstellungsbuero"),
        ("GLEICHSTELLUNGSBÜRO", "gleichstellungsbuero"),
        ("Equal Opportunities Office", "gleichstellungsbuero"),
        ("https://w3id.org/dortbunt/id/gleichstellungsbuero", "gleichstellungsbuero"),
        ("Hansaplatz", "hansaplatz"),
        ("Vielfalt", "vielfalt"),
    ],
)
def test_a_name_that_is_one_things_alone_matches(real, words, slug):
    best = match(real, q={"query": words})["q"][0]
    assert (best["id"], best["score"], best["match"]) == (slug, 100, True)


@pytest.mark.parametrize(
    ("words", "slug"),
    [
        ("Gleichstelungsbüro", "gleichstellungsbuero"),
        ("Büro für Gleichstellung", "gleichstellungsbuero"),
        ("Behindertenbeauftragter", "behindertenbeauftragte"),
        ("Büro des Oberbürgermeister", "buero-des-oberbuergermeisters"),
    ],
)
def test_a_name_that_comes_near_is_offered_and_not_claimed(real, words, slug):
    found = match(real, q={"query": words})["q"]
    assert slug in [one["id"] for one in found[:3]]
    assert not any(one["match"] for one in found)
    assert [one["score"] for one in found] == sorted((one["score"] for one in found), reverse=True)


def test_two_things_of_one_name_are_not_told_apart_by_chance(run, start, musterstadt):
    file = musterstadt / "data" / "organisations.ttl"
    text = file.read_text()
    twin = text[text.index("id:bauhof") : text.index("id:musterstadt")].replace("id:bauhof", "id:bauhof-nord")
    file.write_text(text.replace("id:musterstadt a", f"{twin}id:musterstadt a", 1))
    assert run("publish", "--root", musterstadt).returncode == 0
    server = start(musterstadt / "public")
    found = match(server, q={"query": "Bauhof"})["q"]
    assert [one["score"] for one in found[:2]] == [100, 100]
    assert not any(one["match"] for one in found)


def test_what_is_nothing_finds_nothing(real):
    assert match(real, a={"query": "xyzzy qwertz"}, b={"query": "…"}, c={"query": " "}) == {
        "a": [],
        "b": [],
        "c": [],
    }


def test_classes_narrow_the_candidates(real):
    concept = "http://www.w3.org/2004/02/skos/core#Concept"
    queries = {
        "all": {"query": "Gleichstellung"},
        "bodies": {"query": "Gleichstellung", "type": ORGANISATION},
        "either": {"query": "Gleichstellung", "type": [ORGANISATION, concept]},
        "both": {"query": "Gleichstellung", "type": [ORGANISATION, concept], "type_strict": "all"},
        "soft": {"query": "Gleichstellung", "type": [ORGANISATION], "type_strict": "should"},
    }
    found = match(real, **queries)
    ids = {key: [one["id"] for one in result] for key, result in found.items()}
    assert ids["all"][0] == ids["either"][0] == "gleichstellung"
    assert "gleichstellung" not in ids["bodies"] and "gleichstellungsbuero" in ids["bodies"]
    assert ids["both"] == []
    assert "gleichstellung" in ids["soft"] and not found["soft"][0]["match"]


def test_properties_tell_namesakes_apart(real):
    office = "amt-fuer-angelegenheiten-des-oberbuergermeisters-und-des-rates"
    for value in (
        office,
        {"id": office},
        ["other", office],
        "Amt für Angelegenheiten des Oberbürgermeisters und des Rates",
    ):
        right = {"query": "Gleichstellungsbüro", "properties": [{"pid": PART_OF, "v": value}]}
        wrong = {"query": "Gleichstellungsbüro", "properties": [{"pid": PART_OF, "v": "nirgends"}]}
        found = match(real, right=right, wrong=wrong)
        assert (found["right"][0]["score"], found["right"][0]["match"]) == (100, True)
        assert found["wrong"][0]["score"] < 100 and not found["wrong"][0]["match"]


def test_the_limit_is_kept_and_get_works_as_post_does(real):
    queries = {"q": {"query": "Büro", "limit": 2}}
    answer = real.ask(f"/reconcile?queries={quote(json.dumps(queries))}", Accept_Language="de")
    assert len(held(answer.content, RESULTS)["q"]["result"]) == 2
    assert {"q": held(answer.content, RESULTS)["q"]["result"]} == match(real, **queries)


def test_values_of_matched_things_can_be_fetched(real):
    asked = {
        "ids": ["gleichstellungsbuero", "hansaplatz", "nirgends"],
        "properties": [{"id": NAME}, {"id": PART_OF, "settings": {}}, {"id": "urn:none"}],
    }
    body = f"extend={quote(json.dumps(asked))}".encode()
    answer = real.ask("/reconcile", "POST", body, Content_Type=FORM, Accept_Language="en")
    told = held(answer.content, EXTENSION)
    assert [one["id"] for one in told["meta"]] == [NAME, PART_OF, "urn:none"]
    assert list(told["rows"]) == asked["ids"]
    assert told["rows"]["gleichstellungsbuero"][NAME] == [{"str": "Equal Opportunities Office"}]
    [office] = told["rows"]["gleichstellungsbuero"][PART_OF]
    assert office["id"].startswith("amt-fuer") and office["name"].startswith("Department")
    assert told["rows"]["nirgends"] == {NAME: [], PART_OF: [], "urn:none": []}


def test_numbers_and_moments_keep_their_kind(real):
    asked = {
        "ids": ["hansaplatz-koordinaten", "projekte-und-koordinierungsstellen-2023"],
        "properties": [{"id": f"https://schema.org/{name}"} for name in ("latitude", "startDate")],
    }
    told = held(real.ask(f"/reconcile?extend={quote(json.dumps(asked))}").content, EXTENSION)
    [latitude] = told["rows"]["hansaplatz-koordinaten"]["https://schema.org/latitude"]
    assert 51 < latitude["float"] < 52
    assert told["rows"]["projekte-und-koordinierungsstellen-2023"]["https://schema.org/startDate"]


@pytest.mark.parametrize(
    ("kind", "prefix", "first"),
    [
        ("entity", "gleichst", "gleichstellung"),
        ("entity", "gleichstellungsbuero", "gleichstellungsbuero"),
        ("entity", "Hansapl", "hansaplatz"),
        ("property", "Gehört", PART_OF),
        ("property", PART_OF, PART_OF),
        ("type", "Organisationsein", UNIT),
    ],
)
def test_suggestions_come_as_one_types(real, kind, prefix, first):
    path = f"/reconcile/suggest/{kind}?prefix={quote(prefix)}"
    told = held(real.ask(path, Accept_Language="de").content, SUGGESTIONS)
    assert told["result"][0]["id"] == first
    rest = held(real.ask(f"{path}&cursor=1", Accept_Language="de").content, SUGGESTIONS)
    assert rest["result"][: len(told["result"]) - 1] == told["result"][1:] or len(told["result"]) == 20


def test_a_preview_is_a_small_page_that_may_stand_in_others(real):
    answer = real.ask("/reconcile/preview?id=gleichstellungsbuero", Accept_Language="en")
    assert "Equal Opportunities Office" in answer.text
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors *" in policy and "script-src" not in policy
    assert real.ask("/reconcile/preview?id=nirgends").status == 404


@pytest.mark.parametrize(
    "query",
    [
        "queries=nonsense",
        "queries=[]",
        "queries=" + "[" * 20_000,
        'queries={"q":1}',
        'queries={"q":{}}',
        'queries={"q":{"query":1}}',
        'queries={"q":{"query":"x","limit":0}}',
        'queries={"q":{"query":"x","limit":"many"}}',
        'queries={"q":{"query":"x","limit":1e999}}',
        'queries={"q":{"query":"x","type":{"id":1}}}',
        'queries={"q":{"query":"x","type_strict":"very"}}',
        'queries={"q":{"query":"x","properties":{}}}',
        'queries={"q":{"query":"x","properties":[{"pid":1}]}}',
        "extend={}",
        'extend={"ids":[1],"properties":[]}',
        'extend={"ids":["x"],"properties":["y"]}',
    ],
)
def test_what_does_not_keep_to_the_protocol_is_refused_with_a_reason(server, query):
    name, _, value = query.partition("=")
    answer = server.ask(
        "/reconcile", "POST", f"{name}={quote(value)}".encode(), Content_Type=FORM, Accept_Language="en"
    )
    assert answer.status == 400
    assert "Reconciliation Service API 0.2" in answer.text
    assert "Traceback" not in answer.text


def test_a_query_that_cannot_be_read_spoils_no_other(server):
    batch = {"good": {"query": "Bauhof"}, "bad": {"query": "Bauhof", "limit": 0}, "worse": 1}
    body = f"queries={quote(json.dumps(batch))}".encode()
    answer = server.ask("/reconcile", "POST", body, Content_Type=FORM, Accept_Language="en")
    assert answer.status == 200
    told = json.loads(answer.content)
    assert told["good"]["result"][0]["id"] == "bauhof" and "error" not in told["good"]
    assert told["bad"]["result"] == [] and 'bad: "limit"' in told["bad"]["error"]
    assert told["worse"]["result"] == [] and "worse" in told["worse"]["error"]


def test_forms_only_and_not_too_much_at_once(server):
    assert server.ask("/reconcile", "POST", b"{}", Content_Type="application/json").status == 415
    many = {str(number): {"query": "Amt"} for number in range(201)}
    body = f"queries={quote(json.dumps(many))}".encode()
    assert server.ask("/reconcile", "POST", body, Content_Type=FORM).status == 413
    assert server.ask("/reconcile", "PUT", b"").status == 405
