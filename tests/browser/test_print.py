"""On paper nobody can unfold, press or scroll anything."""

import pytest

# A4 less its margins.
PAPER = {"width": 680, "height": 1000}


def test_what_is_folded_on_the_screen_is_printed(browser, public):
    page = browser.new_page()
    page.goto((public / "theme.html").resolve().as_uri())
    folded = page.locator("details a.thing")
    assert folded.count() == 6
    assert not folded.first.is_visible()
    page.emulate_media(media="print")
    assert all(link.is_visible() for link in folded.all())
    page.close()


def test_paper_is_white_for_those_whose_screen_is_dark(browser, public):
    page = browser.new_page()
    page.goto((public / "doc" / "gleichstellungsbuero.html").resolve().as_uri())
    box = page.locator(".neighbourhood rect").first
    told = "node => [getComputedStyle(node).fill, getComputedStyle(document.body).backgroundColor]"
    looks = {}
    for media, scheme in (("print", "light"), ("print", "dark"), ("screen", "dark")):
        page.emulate_media(media=media, color_scheme=scheme)
        looks[media, scheme] = box.evaluate(told)
    assert looks["print", "dark"] == looks["print", "light"] != looks["screen", "dark"]
    page.close()


@pytest.mark.parametrize(
    ("name", "whole"), [("picture.html", ".picture"), ("queries/wer-stellt-sich-vor.html", "pre")]
)
def test_nothing_is_cut_off_that_is_scrolled_on_the_screen(browser, public, name, whole):
    page = browser.new_page(viewport=PAPER)
    page.goto((public / name).resolve().as_uri())
    fits = "box => box.scrollWidth <= box.clientWidth && box.scrollHeight <= box.clientHeight"
    assert not page.locator(whole).evaluate(fits)
    page.emulate_media(media="print")
    assert page.locator(whole).evaluate(fits)
    page.close()


@pytest.mark.parametrize(
    "name", ["doc/dortbunt-2023.html", "queries/wer-stellt-sich-vor.html", "search.html"]
)
def test_nothing_is_printed_to_be_pressed(browser, public, name):
    page = browser.new_page(viewport=PAPER)
    page.goto((public / name).resolve().as_uri())
    pressed = page.locator("button, .button, select, input:not([type=hidden])")
    assert any(one.is_visible() for one in pressed.all())
    page.emulate_media(media="print")
    assert not any(one.is_visible() for one in pressed.all())
    page.close()


def test_a_long_section_goes_on_over_pages(browser, public):
    """Kept together it would leave half a page empty before it."""
    page = browser.new_page(viewport=PAPER)
    page.goto((public / "doc/projekte-und-koordinierungsstellen-2023.html").resolve().as_uri())
    page.emulate_media(media="print")
    kept = page.locator("section:not(.occasion), article").evaluate_all(
        "all => all.map(one => getComputedStyle(one).breakInside)"
    )
    assert len(kept) > 4
    assert set(kept) == {"auto"}
    page.close()
