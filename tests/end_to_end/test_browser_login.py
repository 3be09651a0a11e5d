"""A person logs in with a real browser, in the middle of a run."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from home import Home
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tap_intercom.sandbox import running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from selenium.webdriver import Chrome

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PATIENCE = 60.0


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """A Chromium without a window, which calls nobody by itself."""
    options = webdriver.ChromeOptions()
    options.binary_location = next(filter(None, map(shutil.which, BROWSERS)), "")
    assert options.binary_location, "there is no Chromium: `make browser` installs one with apt-get"
    for one in ("headless=new", "disable-gpu", "disable-quic", "disable-sync", "no-first-run"):
        options.add_argument(f"--{one}")
    for one in ("disable-background-networking", "disable-component-update", "hide-scrollbars"):
        options.add_argument(f"--{one}")
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('browser')}")
    options.add_argument("--window-size=900,600")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # which Chromium has none of for root
    service = webdriver.ChromeService(shutil.which("chromedriver") or "")
    driver = webdriver.Chrome(options, service)
    try:
        yield driver
    finally:
        driver.quit()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """The house of a person whose runs may ask them to log in."""
    with running(size=20) as sandbox:
        yield Home.of(tmp_path, sandbox).but(initiate_oauth="GETANDREFRESH")


def pressed(browser: Chrome, address: str, button: str, title: str) -> str:
    """Open an address, press a button, and read the page that comes in the end."""
    browser.get(address)
    [found] = [one for one in browser.find_elements(By.TAG_NAME, "button") if one.text == button]
    found.click()
    WebDriverWait(browser, PATIENCE).until(lambda page: page.title.startswith(title))
    return browser.find_element(By.TAG_NAME, "main").text


def messages(out: str) -> list[Any]:
    return [json.loads(line) for line in out.splitlines()]


def test_authorize_is_clicked_and_the_run_goes_on(browser: Chrome, home: Home) -> None:
    with home.start("tap-intercom") as run:
        page = pressed(browser, run.address(), "Authorize", "Connected")
        browser.save_screenshot(str(home.folder / "connected.png"))
        code, out, shown = run.end()
    assert code == 0, shown
    assert "You may close this window" in page
    told = messages(out)
    assert {one["stream"] for one in told if one["type"] == "RECORD"} >= {"contacts", "tickets"}
    assert told[-1]["type"] == "STATE"

    with home.start("tap-intercom", "--test") as again:
        code, out, shown = again.end()  # nobody is asked again
    assert code == 0, shown


def test_deny_is_clicked_and_the_run_ends_with_a_clear_error(browser: Chrome, home: Home) -> None:
    with home.start("tap-intercom") as run:
        page = pressed(browser, run.address(), "Deny", "Not connected")
        browser.save_screenshot(str(home.folder / "denied.png"))
        code, out, shown = run.end()
    assert code == 1
    assert out == ""
    said = "Access was not granted: access_denied. To grant it, log in again."
    assert said in page
    assert f"Error: {said}" in shown
