"""Headless Chromium, for the tests of pages."""

import contextlib
import json
import shutil

import pytest
from selenium import webdriver
from selenium.webdriver import ChromeOptions, ChromeService

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1200,900",
)


@contextlib.contextmanager
def headless(profile):
    """Yields a driver; the test is skipped where there is no Chromium."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    driver_program = shutil.which("chromedriver")
    if not (program and driver_program):
        pytest.skip("needs chromium and chromedriver")
    options = ChromeOptions()
    options.binary_location = program
    for flag in (*_FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability(
        "goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"}
    )
    driver = webdriver.Chrome(options, ChromeService(driver_program))
    try:
        yield driver
    finally:
        driver.quit()


def requested(driver, address):
    """Returns the URLs that the page at an address asked for."""
    messages = [
        json.loads(entry["message"])["message"]["params"]
        for entry in driver.get_log("performance")
    ]
    # Chromium's own first tab loads things, too.
    return [
        message["request"]["url"]
        for message in messages
        if message.get("documentURL") == address
    ]
