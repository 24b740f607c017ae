"""Takes the pictures of the README from a demo that it starts and ends: `make pictures`. Needs Debian's chromium."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

PICTURES: Final = Path(__file__).parent / "pictures"
PORTS: Final = ("report_port", "enrolment_port", "console_port", "metrics_port")
ARGUMENTS: Final = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
BUILD_SECONDS: Final = 600.0
JOB_SECONDS: Final = 120.0
PASSWORD: Final = "for the pictures alone"  # noqa: S105 - of a demo that ends with this program


@contextmanager
def demo() -> Iterator[tuple[str, str]]:
    """A demo of its own: the console's address and the one-time password."""
    directory = Path(tempfile.mkdtemp(prefix="keuring-pictures-"))
    settings = [part for port in PORTS for part in ("--set", f"{port}=0")]
    log = directory / "log"
    command = [
        sys.executable,
        "-m",
        "keuring_collector",
        "--data-directory",
        str(directory / "data"),
        *settings,
        "demo",
    ]
    with log.open("w") as output:
        running = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield _told(log, running)
    finally:
        running.terminate()
        running.wait(60)
        shutil.rmtree(directory)


def _told(log: Path, running: subprocess.Popen[bytes]) -> tuple[str, str]:
    end = time.monotonic() + BUILD_SECONDS
    while True:
        text = log.read_text(encoding="utf-8")
        address = re.search(r"console\s+(https://\S+)", text)
        password = re.search(r"password\s+(\S+)", text)
        if address and password:
            return address[1], password[1]
        if running.poll() is not None or time.monotonic() > end:
            raise SystemExit(f"the demo did not come up:\n{text}")
        time.sleep(0.5)


def sign_in(page: Page, password: str) -> None:
    """Signs in as the demo's administrator and chooses English."""
    page.fill("#username", "admin")
    page.fill("#password", password)
    page.keyboard.press("Enter")
    page.wait_for_selector("input[name=new_password1]")
    for name, text in (("old_password", password), ("new_password1", PASSWORD), ("new_password2", PASSWORD)):
        page.fill(f"input[name={name}]", text)
    page.keyboard.press("Enter")
    page.wait_for_selector(".rail nav")
    page.locator(".rail .switch button", has_text="English").click()
    page.wait_for_selector("html[lang=en]")


def _wait_for(page: Page, row: str) -> None:
    """Looks again until the demo's jobs made what is to be shown."""
    end = time.monotonic() + JOB_SECONDS
    while not page.locator(row).count():
        if time.monotonic() > end:
            raise SystemExit(f"{page.url}: nothing to show after {JOB_SECONDS:g} s")
        time.sleep(2)
        page.reload()


def main() -> None:
    """Takes the queue, a ticket and an APK report."""
    with demo() as (address, password), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        page = browser.new_context(
            ignore_https_errors=True, viewport={"width": 1280, "height": 900}, color_scheme="light"
        ).new_page()
        page.goto(address)
        sign_in(page, password)
        for name, way, row in (
            ("queue", "", ""),
            ("ticket", "?cause=volume-space&state=new", "tr.ticket .what a"),
            ("report", "inspections/?outcome=fail", "section[aria-labelledby=reports] tbody th a"),
        ):
            page.goto(address + way)
            if row:
                _wait_for(page, row)
                page.locator(row).first.click()
                page.wait_for_load_state()
            page.mouse.move(0, 0)
            page.screenshot(path=PICTURES / f"{name}.png")
            print(f"wrote docs/pictures/{name}.png")
        browser.close()


if __name__ == "__main__":
    main()
