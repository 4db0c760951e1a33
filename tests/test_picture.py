"""The picture shows what the graph says, legibly, to everybody, and the same on every machine."""

import random
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode, Quad, Store

from stadtgraph.derive import derive
from stadtgraph.load import City, load
from stadtgraph.messages import LANGUAGES, say
from stadtgraph.namespaces import VOCABULARIES
from stadtgraph.site import picture
from stadtgraph.site.picture.text import width, wrap

SVG = "{http://www.w3.org/2000/svg}"
SCHEMA = VOCABULARIES["schema"]
TEMPLATE = Path(picture.__file__).parent.parent / "templates" / "picture.svg"
BASE = "https://example.org/town/"


@pytest.fixture(scope="module")
def derived(root):
    city = load(root)
    derive(city)
    return city


@pytest.fixture(scope="module")
def drawn(derived):
    return {lang: dict(picture.Picture(derived).drawn())[f"picture.{lang}.svg"] for lang in LANGUAGES}


def town(*statements):
    """Return a city that exists in memory only."""
    store, graph = Store(), NamedNode(BASE + "graph/a")
    for s, p, o in statements:
        value = o if isinstance(o, Literal) else NamedNode(iri(o))
        store.add(Quad(NamedNode(iri(s)), NamedNode(p), value, graph))
    return City(Path("/nowhere"), BASE, store, Store(), {})


def iri(name):
    return name if "://" in name else f"{BASE}id/{name}"


def predicate(name):
    prefix, local = name.split(":")
    return (VOCABULARIES | {"def": BASE + "def#"})[prefix] + local


def facts(*lines):
    return [
        (s, predicate(p), o)
        for line in lines
        for s, p, objects in [line.split(" ", 2)]
        for o in objects.split(" ")
    ]


def svg(city, lang="en"):
    return ET.fromstring(dict(picture.Picture(city).drawn())[f"picture.{lang}.svg"])


def boxes(tree):
    """Return every box as left, top, right, bottom, by the address it links to."""
    found = {}
    for link in tree.iter(f"{SVG}a"):
        rect = link.find(f"{SVG}rect")
        x, y, w, h = (float(rect.get(name)) for name in ("x", "y", "width", "height"))
        assert link.get("href") not in found
        found[link.get("href")] = (x, y, x + w, y + h)
    return found


def words(tree):
    """Return every line of text that stands outside a box, with the room that it may take."""
    found = []
    things = {text for link in tree.iter(f"{SVG}a") for text in link.iter(f"{SVG}text")}
    for text in tree.iter(f"{SVG}text"):
        if text in things:
            continue
        kind = text.get("class")
        size, bold = (23, True) if "heading" in kind else (14, False) if "small" in kind else (15, False)
        for line in text.findall(f"{SVG}tspan") or [text]:
            x, y, long = float(line.get("x")), float(line.get("y")), width(line.text, size, bold)
            left = x - long if text.get("text-anchor") == "end" else x
            found.append((left, y - size * 0.8, left + long, y + size * 0.25))
    return found


def apart(one, other, distance):
    return (
        one[2] + distance <= other[0]
        or other[2] + distance <= one[0]
        or one[3] + distance <= other[1]
        or other[3] + distance <= one[1]
    )


def points(path):
    """Return many points along a path of M, L, Q and C."""
    at, found = (0.0, 0.0), []
    for letter, rest in re.findall(r"([MLQC])([^MLQC]*)", path):
        numbers = [float(number) for number in rest.split()]
        ends = [at, *zip(numbers[::2], numbers[1::2], strict=True)]
        for step in range(41) if letter != "M" else ():
            t, level = step / 40, ends
            while len(level) > 1:
                level = [
                    tuple(a + (b - a) * t for a, b in zip(p, q, strict=True)) for p, q in pairwise(level)
                ]
            found.append(level[0])
        at = ends[-1]
    return found


def assert_legible(tree):
    """Nothing overlaps, no line runs through a box that it does not belong to, all lies on the paper."""
    rects = boxes(tree)
    places = [*rects.values()]
    others = words(tree)
    _, _, w, h = map(float, tree.get("viewBox").split())
    for n, one in enumerate(places):
        assert all(apart(one, other, 8) for other in places[n + 1 :]), one
        assert all(apart(one, other, 2) for other in others), one
    for n, one in enumerate(others):
        assert all(apart(one, other, 0) for other in others[n + 1 :]), one
    for left, top, right, bottom in places + others:
        assert left >= 10 and top >= 8 and right <= w - 10 and bottom <= h - 10
    for link in tree.iter(f"{SVG}a"):
        left, _, right, bottom = rects[link.get("href")]
        kind = link.get("class")
        for text in link.iter(f"{SVG}text"):
            for line in text.findall(f"{SVG}tspan") or [text]:
                size = {"event": 18, "theme": 16}.get(kind, 15)
                assert width(line.text, size, kind == "event") <= right - left - 16
                assert float(line.get("y")) <= bottom - 6
    for line in tree.iter(f"{SVG}path"):
        if "line" in line.get("class", ""):
            way = points(line.get("d"))
            assert all(0 <= x <= w and 0 <= y <= h for x, y in way)
            for left, top, right, bottom in places:
                inside = [p for p in way if left + 1 < p[0] < right - 1 and top + 1 < p[1] < bottom - 1]
                assert not inside, (line.find(f"{SVG}title").text, inside[0])


@pytest.mark.parametrize("lang", LANGUAGES)
def test_it_says_what_it_is_to_those_who_do_not_see_it(drawn, lang):
    tree = ET.fromstring(drawn[lang])
    assert tree.get("role") == "img"
    assert tree.get("lang") == lang
    title, desc = tree.find(f"{SVG}title"), tree.find(f"{SVG}desc")
    assert tree.get("aria-labelledby").split() == [title.get("id"), desc.get("id")]
    assert say("picture-heading", lang) in title.text
    assert "12 " in desc.text and "11 " in desc.text and "6 " in desc.text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_legend_or_a_word_explains_every_class_and_line(derived, drawn, lang):
    tree = ET.fromstring(drawn[lang])
    visible = {text.text for text in tree.iter(f"{SVG}text")}
    for key in ("body", "above", "theme", "partner", "event", "place"):
        assert say(f"picture-class-{key}", lang) in visible
    assert say("picture-conclusion", lang) in visible
    assert {row[1] for row in picture.Picture(derived).content(lang)} <= visible


@pytest.mark.parametrize("lang", LANGUAGES)
def test_everybody_who_takes_part_is_in_it_with_name_and_address(derived, drawn, lang):
    tree = ET.fromstring(drawn[lang])
    links = {link.get("href"): link for link in tree.iter(f"{SVG}a")}
    performers = {}
    for quad in derived.store.quads_for_pattern(None, NamedNode(SCHEMA + "performer"), None):
        performers.setdefault(quad.subject, set()).add(quad.object)
    item = max(performers, key=lambda event: len(performers[event]))
    wanted = {"body": performers[item]}
    for kind, name in (("theme", "about"), ("partner", "contributor"), ("place", "location")):
        quads = derived.store.quads_for_pattern(item, NamedNode(SCHEMA + name), None)
        wanted[kind] = {quad.object for quad in quads}
    assert [len(wanted[kind]) for kind in ("body", "theme", "partner")] == [12, 6, 9]
    for kind, things in wanted.items():
        for thing in things:
            link = links[thing.value]
            assert link.get("class") == kind
            shown = "".join(span.text for span in link.iter(f"{SVG}tspan")).replace(" ", "")
            assert shown == derived.label(thing.value)[lang].replace(" ", "")
            assert link.find(f"{SVG}title").text.startswith(derived.label(thing.value)[lang])
    assert links.keys() >= {item.value}


def test_what_the_editors_concluded_is_dashed(derived, drawn):
    tree = ET.fromstring(drawn["de"])
    lines = {
        line.find(f"{SVG}title").text: line.get("class") for line in tree.iter(f"{SVG}path") if len(line)
    }
    kinds = {f"{s} – {r} – {o}": kind for s, r, o, kind in picture.Picture(derived).content("de")}
    assert lines.keys() == kinds.keys()
    conclusion = "Schluss der Redaktion"
    assert conclusion in kinds.values()
    for title, kind in kinds.items():
        assert ("concluded" in lines[title].split()) == (kind == conclusion), title


@pytest.mark.parametrize("lang", LANGUAGES)
def test_nothing_overlaps(drawn, lang):
    assert_legible(ET.fromstring(drawn[lang]))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_it_is_small_and_needs_nothing_from_elsewhere(drawn, lang):
    text = drawn[lang].decode()
    assert len(drawn[lang]) < 60_000
    tree = ET.fromstring(text)
    for element in tree.iter():
        assert element.tag.removeprefix(SVG) not in ("script", "image", "use", "foreignObject", "link")
        for name, value in element.attrib.items():
            assert not name.startswith("on")
            if element.tag != f"{SVG}a":
                assert "://" not in value
    style = tree.find(f"{SVG}style").text
    assert "@import" not in style
    assert "url(" not in style
    assert set(re.findall(r"url\((.)", text)) == {"#"}


def luminance(colour):
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def colours(css):
    """Return the colours of each selector."""
    found = {}
    for selectors, body in re.findall(r"([^{}@]+)\{([^{}]*)\}", css):
        for selector in selectors.split(","):
            found.setdefault(selector.strip(), {}).update(re.findall(r"(fill|stroke): (#\w{6})", body))
    return found


@pytest.mark.parametrize("dark", [False, True])
def test_the_colours_have_contrast_by_day_and_by_night(dark):
    css = TEMPLATE.read_text()
    day, night = css.split("@media screen and (prefers-color-scheme: dark) {")
    palette = colours(day[day.index("<style>") + 7 :])
    after_dark = colours(night[: night.index("</style>")])
    if dark:
        assert {name for name, found in palette.items() if found} == after_dark.keys()
        palette = after_dark
    paper = palette[".paper"]["fill"]
    for name in ("above", "body", "unit", "theme", "partner", "event", "series", "place"):
        box = palette[f".{name} rect"]
        assert contrast(palette[f".{name} text"]["fill"], box["fill"]) >= 4.5
        assert contrast(box["stroke"], paper) >= 3
    for name in (".ink", ".muted", *(key for key in palette if key.startswith(".note"))):
        assert contrast(palette[name]["fill"], paper) >= 4.5
    for name in (*picture.RELATIONS, "conclusion"):
        assert contrast(palette[f".{name}"]["stroke"], paper) >= 3


def test_the_bytes_are_the_same_whatever_the_hash_seed(root, drawn):
    script = (
        "import sys; from pathlib import Path; from stadtgraph.load import load; "
        "from stadtgraph.derive import derive; from stadtgraph.site.picture import Picture; "
        "city = load(Path(sys.argv[1])); derive(city); "
        "sys.stdout.buffer.write(b''.join(content for _, content in Picture(city).drawn()))"
    )
    for seed in ("1", "2", "31"):
        command = [sys.executable, "-c", script, root]
        result = subprocess.run(command, env={"PYTHONHASHSEED": seed}, capture_output=True, check=True)
        assert result.stdout == b"".join(drawn[lang] for lang in LANGUAGES)


def test_a_city_without_an_event_shows_who_belongs_to_whom(musterstadt):
    city = load(musterstadt)
    derive(city)
    tree = svg(city, "de")
    assert len(boxes(tree)) == 3
    assert say("picture-heading-units", "de") in tree.find(f"{SVG}title").text
    assert picture.Picture(city).content("en") == [
        ("Works depot", "is part of", "Public order office", ""),
        ("Public order office", "is part of", "Town of Musterstadt", ""),
    ]
    assert_legible(tree)


def test_an_empty_graph_is_still_a_picture():
    tree = svg(town())
    assert tree.find(f"{SVG}desc").text == say("picture-empty", "en")
    assert_legible(tree)


def test_labels_are_text_and_never_markup():
    name = "<script>alert('x')</script> & \"quotes\"\n\x0b]]>"
    pref, about = (VOCABULARIES[p] + n for p, n in (("skos", "prefLabel"), ("dcterms", "description")))
    city = town(
        *facts("item schema:performer body"),
        ("body", pref, Literal(name, language="en")),
        ("body", about, Literal(name, language="en")),
        ("item", SCHEMA + "name", Literal(name, language="en")),
        ("item", SCHEMA + "startDate", Literal("<b>soon</b>")),
    )
    text = dict(picture.Picture(city).drawn())["picture.en.svg"].decode()
    assert "<script" not in text
    assert "<b>" not in text
    tree = ET.fromstring(text)
    clean = name.replace("\n\x0b", " ")
    assert {link.find(f"{SVG}title").text for link in tree.iter(f"{SVG}a")} == {f"{clean} – {clean}", clean}
    assert_legible(tree)


def test_bodies_stand_in_the_order_of_their_themes_and_partners_in_that_of_their_bodies():
    city = town(
        *facts(
            "item schema:performer a b c",
            "item schema:about x y z",
            "a org:purpose z",
            "b org:purpose x",
            "c org:purpose y",
            "p def:cooperatesWith a",
            "b def:cooperatesWith q",
        ),
        *(
            (iri, VOCABULARIES["skos"] + "notation", Literal(n))
            for iri, n in (("x", "2"), ("y", "10"), ("z", "9"))
        ),
    )
    places = {name.removeprefix(BASE + "id/"): place for name, place in boxes(svg(city)).items()}
    assert sorted("xyz", key=lambda name: places[name][1]) == ["x", "z", "y"]
    assert sorted("abc", key=lambda name: places[name][1]) == ["b", "a", "c"]
    assert sorted("pq", key=lambda name: places[name][1]) == ["q", "p"]


def test_the_event_with_most_performers_is_shown_and_of_two_the_more_specific_one():
    city = town(
        *facts("fair schema:performer a b", "stall schema:performer a b", "stall schema:superEvent fair"),
        *facts("talk schema:performer a"),
    )
    assert ("a", "presents itself at", "stall") in {
        tuple(part.removeprefix("id:") for part in row[:3]) for row in picture.Picture(city).content("en")
    }
    assert BASE + "id/talk" not in boxes(svg(city))


def test_circles_do_not_hang_it():
    assert_legible(svg(town(*facts("a org:unitOf b", "b org:unitOf c", "c org:unitOf a"))))
    city = town(
        *facts(
            "item schema:performer a",
            "a org:unitOf b",
            "b org:unitOf c",
            "c org:unitOf b",
            "item schema:superEvent fair",
            "fair schema:superEvent item",
        )
    )
    ET.fromstring(dict(picture.Picture(city).drawn())["picture.de.svg"])


@pytest.mark.parametrize("seed", range(40))
def test_other_cities_are_legible_too(seed):
    """Draw cities of every size, with long names and short ones."""
    chance = random.Random(seed)
    syllables = [
        "Amt",
        "Bürger",
        "haus",
        "für ",
        "Vielfalt ",
        "und ",
        "W",
        "stelle ",
        "-",
        "e. V. ",
        "Straßen",
    ]
    bodies = [f"body-{n}" for n in range(chance.randint(1, 16))]
    partners = [f"partner-{n}" for n in range(chance.randint(0, 16))]
    themes = [f"theme-{n}" for n in range(chance.randint(0, 8))]
    parents = [f"parent-{n}" for n in range(chance.randint(0, 3))]
    events = [f"event-{n}" for n in range(chance.randint(0, 4))]
    lines = ["item schema:performer " + " ".join(bodies)]
    lines += [f"item schema:about {theme}" for theme in themes]
    lines += [
        f"{one} schema:superEvent {other}" for one, other in zip(["item", *events], events, strict=False)
    ]
    lines += [f"item schema:location place-{n}" for n in range(chance.randint(0, 2))]
    for body in bodies:
        lines += [f"{body} org:purpose {theme}" for theme in themes if chance.random() < 0.3]
        lines += [f"{body} def:cooperatesWith {one}" for one in partners if chance.random() < 0.2]
        lines += [f"{body} org:unitOf {chance.choice(parents)}"] if parents and chance.random() < 0.8 else []
    lines += [f"item schema:contributor {one}" for one in partners if chance.random() < 0.6]
    if len(bodies) > 3:
        lines += ["body-0 org:unitOf body-2", "body-1 def:cooperatesWith body-3"]
    if chance.random() < 0.6:
        lines += [f"{parent} org:unitOf town" for parent in parents]
        lines += [f"{chance.choice(bodies)} org:unitOf town"]
    organiser = chance.choice(["", "town", bodies[0], *parents[:1], *partners[:1]])
    lines += [f"item schema:organizer {organiser}"] if organiser else []
    found = facts(*lines)
    names = {name for s, _, o in found for name in (s, o)}
    labels = [
        (
            name,
            VOCABULARIES["skos"] + "prefLabel",
            Literal("".join(chance.choices(syllables, k=chance.randint(1, 14))).strip(" -") or "x"),
        )
        for name in sorted(names)
    ]
    assert_legible(svg(town(*found, *labels)))


def test_text_is_wrapped_between_words_into_lines_of_about_the_same_length():
    lines = wrap("Koordinierungsstelle für Vielfalt, Toleranz und Demokratie", 280, 15)
    assert lines == ["Koordinierungsstelle für Vielfalt,", "Toleranz und Demokratie"]
    assert wrap("Sportfreunde e. V.", width("Sportfreunde e.", 15), 15) == ["Sportfreunde", "e. V."]
    assert "".join(wrap("W" * 40, 100, 15)) == "W" * 40
    assert wrap("", 100, 15) == []


def test_of_a_large_city_the_topmost_bodies_are_drawn():
    """Two hundred can still be read; the page says how many there are."""
    lines = ["amt-0 rdf:type org:OrganizationalUnit"]
    lines += [f"amt-{n} org:unitOf amt-{(n - 1) // 10}" for n in range(1, 500)]
    city = town(*facts(*lines))
    drawn = boxes(svg(city))
    assert len(drawn) == 200
    assert picture.Picture(city).left_out() == (200, 500)
    assert {iri(f"amt-{n}") for n in range(111)} <= set(drawn)
    assert len(picture.Picture(city).content("en")) == len(picture.Picture(city).ends()) == 199
