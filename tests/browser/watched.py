"""A page that keeps everything it complains of and everything it asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

WATCH = """
window.violations = [];
document.addEventListener('securitypolicyviolation', e => window.violations.push(
    e.violatedDirective + ' ' + e.blockedURI + ' ' + e.sample));
"""
# The software renderer that stands in for a graphics card says how it fares: no fault of the page.
DRIVER = "GL Driver Message"


class WatchedPage:
    """A fresh browser context with one page."""

    def __init__(self, browser: Browser, *, width: int = 1280) -> None:
        self.context = browser.new_context(viewport={"width": width, "height": 900})
        self.context.set_default_timeout(60_000)
        self.page: Page = self.context.new_page()
        self.messages: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda m: DRIVER not in m.text and self.messages.append(m.text))
        self.page.on("pageerror", lambda e: self.messages.append(str(e)))
        self.page.on("request", lambda r: self.requests.append(r.url))
        self.page.add_init_script(WATCH)

    def open(self, address: str, *, ready: str | None = None) -> Page:
        """Go to an address and wait until the selector says that the page is ready."""
        self.page.goto(address)
        if ready:
            self.page.wait_for_selector(ready, state="attached")
        return self.page

    def check_is_quiet(self, origin: str) -> None:
        """No violation, no message, and not one request to anywhere else."""
        assert self.page.evaluate("window.violations") == []
        assert self.messages == []
        own = (f"{origin}/", "data:image/", f"blob:{origin}/")
        assert [r for r in self.requests if not r.startswith(own)] == []

    def axe_violations(self, axe: str) -> list[str]:
        """Rules of axe that the page breaks, with the elements (put in past the policy)."""
        self.page.evaluate(axe)
        found = self.page.evaluate("axe.run()")["violations"]
        return [f"{v['id']}: {[n['target'] for n in v['nodes']][:4]}" for v in found]

    def close(self) -> None:
        self.context.close()
