"""Two ways to work with a page: with a mouse, and with nothing but a keyboard. What is done is written once."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    from datetime import date

    from playwright.sync_api import Locator, Page

TABS = 250  # more than any page has places to go to


class Hand(Protocol):
    """Who works with the page."""

    name: ClassVar[str]

    def press(self, target: Locator) -> None:
        """Follows a link, presses a button, opens what is folded, ticks a box."""

    def write(self, target: Locator, text: str) -> None:
        """Writes into an empty field."""

    def choose(self, target: Locator, text: str) -> None:
        """Chooses from a list what reads ``text``."""

    def date(self, target: Locator, day: date) -> None:
        """Fills in a date."""


class Mouse:
    """Points and clicks; writes with the keys, as everybody does."""

    name: ClassVar[str] = "mouse"

    def press(self, target: Locator) -> None:
        target.click()

    def write(self, target: Locator, text: str) -> None:
        target.click()
        target.press_sequentially(text)

    def choose(self, target: Locator, text: str) -> None:
        target.select_option(label=text)

    def date(self, target: Locator, day: date) -> None:
        target.fill(day.isoformat())


class Keyboard:
    """Never points: goes to a thing with Tab, or by the key that the page names for it."""

    name: ClassVar[str] = "keyboard"

    def press(self, target: Locator) -> None:
        key = target.get_attribute("data-key")
        if key and self._free(target.page):
            target.page.keyboard.press(key)
            return
        self._reach(target)
        is_box = target.get_attribute("type") == "checkbox"
        target.page.keyboard.press("Space" if is_box else "Enter")

    def write(self, target: Locator, text: str) -> None:
        self._reach(target)
        target.page.keyboard.type(text)

    def choose(self, target: Locator, text: str) -> None:
        self._reach(target)
        target.page.keyboard.type(text)
        assert target.evaluate("list => list.selectedOptions[0].text") == text

    def date(self, target: Locator, day: date) -> None:
        self._reach(target)
        target.page.keyboard.type(f"{day:%m%d%Y}")  # the browser's own order, which is not the page's to choose
        assert target.input_value() == day.isoformat()

    def _free(self, page: Page) -> bool:
        """Whether letters are keys now, not text."""
        return not page.evaluate("document.activeElement.matches('input:not([type=checkbox]), select, textarea')")

    def _reach(self, target: Locator) -> None:
        target.wait_for()
        for _ in range(TABS):
            if target.evaluate("element => element === document.activeElement"):
                assert target.evaluate("element => element.matches(':focus-visible')"), "nobody sees where they are"
                return
            target.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not come to {target}")


def path(page: Page) -> str:
    """The address of a page within the console."""
    return "/" + page.url.split("/", 3)[3]


def on_the_ticket(page: Page) -> None:
    """Waits until the ticket's page is there with its keys, which come with the script, after the text."""
    page.wait_for_selector(".acts")
    page.wait_for_load_state("load")
