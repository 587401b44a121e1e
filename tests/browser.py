"""Headless Chromium, for tests that look at a page: `from browser import chromium  # noqa: F401` in a conftest."""

import os
import shutil

import pytest

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    """One browser for all tests; skipped where there is none, unless VLM_GYM_ALL_TESTS is set."""
    if None in (shutil.which("chromium"), shutil.which("chromedriver")) and "VLM_GYM_ALL_TESTS" not in os.environ:
        pytest.skip("chromium and chromedriver are not installed (Debian: apt-get install chromium-driver)")
    pytest.importorskip("selenium")
    driver = launch(tmp_path_factory.mktemp("chromium"))
    yield driver
    driver.quit()


def launch(profile):
    """Start the browser with an empty folder for what it keeps."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))


def look_like(driver, *, width=1280, height=900, is_dark=False):
    """Set the window's size and whether the person prefers dark colours."""
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
    )
    scheme = [{"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": scheme})


def mistakes(driver):
    """Return what the page has logged as errors since the last call."""
    return [entry["message"] for entry in driver.get_log("browser") if entry["level"] in ("SEVERE", "ERROR")]
