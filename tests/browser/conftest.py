"""The browser in which the pages are looked at."""

import shutil

import pytest
from playwright.sync_api import sync_playwright

PATHS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SWITCHES = ["--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-background-networking"]


# Not for longer: while it is there an event loop runs, and no other test could run its own.
@pytest.fixture(scope="module")
def browser():
    found = next(filter(None, map(shutil.which, PATHS)), None)
    if found is None:
        pytest.fail("Chromium is missing. Please install it: apt-get install chromium, or make browser.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=SWITCHES)
        yield browser
        browser.close()
