"""On paper nobody can unfold anything."""


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
