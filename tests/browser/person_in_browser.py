"""One of the State's people at a browser, with keys or with a mouse; counts the steps sent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from live_server import PASSWORD
from watched import WatchedPage

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FileChooser, Page

MOST_TABS = 120
MOST_KEYS = 3
"""As often a person presses a key that seems to do nothing."""
KEY_PATIENCE_S = 20
"""How long a person waits for the answer to a key."""
FOCUSED = """selector => document.activeElement !== null
    && document.activeElement.matches(selector)"""


class PersonInBrowser:
    """A browser of one person on the running server.

    Parameters
    ----------
    browser : Browser
        Chromium.
    address : str
        Of the server.
    login : str
        With which the person signs in.
    """

    def __init__(self, browser: Browser, address: str, login: str, *, width: int = 1280) -> None:
        self.watched = WatchedPage(browser, width=width)
        self.page: Page = self.watched.page
        self.address = address
        self.login = login
        self.posts: list[str] = []
        self.page.on("request", lambda r: r.method == "POST" and self.posts.append(r.url))
        # Listened to from the start: the browser takes the wish to intercept the chooser and the
        # key that opens it by two ways, and on a busy machine the key can be the faster one
        self.choosers: list[FileChooser] = []
        self.page.on("filechooser", lambda chooser: self.choosers.append(chooser))

    def open(self, path: str) -> Page:
        """Go to a page of the server and wait until its script runs."""
        return self.watched.open(f"{self.address}{path}", ready="html.scripted")

    def sign_in(self) -> Page:
        """With mouse and form."""
        self.open("/account/login/")
        self.page.fill("#id_login", self.login)
        self.page.fill("#id_password", PASSWORD)
        self.press_button("button.primary")
        return self.page

    def press_button(self, selector: str) -> None:
        """Click, and wait for the page that follows."""
        self.followed(lambda: self.page.click(selector))

    def tab_to(self, selector: str) -> None:
        """Move the focus there by the Tab key alone."""
        for _ in range(MOST_TABS):
            if self.page.evaluate(FOCUSED, selector):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{selector} is not reached by {MOST_TABS} presses of Tab")

    def type_into(self, selector: str, text: str) -> None:
        """Fill a field by keys alone; in a list of choices the letters choose."""
        self.tab_to(selector)
        self.page.keyboard.type(text)

    def enter(self, selector: str) -> None:
        """Press a button or follow a link by keys alone, and wait for the page that follows."""
        self.tab_to(selector)
        self.followed(lambda: self.page.keyboard.press("Enter"))

    def choose_file_by_keys(self, selector: str, file: Path) -> None:
        """Open the browser's own chooser of files by a key; what follows there is the system's."""
        self.tab_to(selector)
        self.choosers.clear()
        for _ in range(MOST_KEYS):
            self.page.keyboard.press("Enter")
            for _ in range(KEY_PATIENCE_S):
                if self.choosers:
                    self.choosers.pop().set_files(file)
                    return
                self.page.wait_for_timeout(1000)
        raise AssertionError(f"{selector} opens no chooser of files by {MOST_KEYS} keys")

    def path(self) -> str:
        """Path of the page that is open."""
        return urlsplit(self.page.url).path

    def check_is_quiet(self) -> None:
        """No violation of the policy, no message, no request to elsewhere."""
        self.watched.check_is_quiet(self.address)

    def close(self) -> None:
        """End the browser's session."""
        self.watched.close()

    def followed(self, act: Callable[[], object]) -> None:
        """Do something that leads to another page, and wait for that."""
        with self.page.expect_navigation():
            act()
        self.page.wait_for_selector("html.scripted", state="attached")
