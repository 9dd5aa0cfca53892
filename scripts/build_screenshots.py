"""Photograph every page of the server for the documents: a gallery of all, and a few in large.

Run by hand where a Chromium, the test tools and a real recording are: it starts the server on the
fictional State, lets its people play the flow, opens each page as in the browser tests and takes
pictures in the day and the dark theme and at 360 pixels.

    python scripts/build_screenshots.py RECORDING FOLDER
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "pictures"
SHOWN = {
    "home-day": ("server-home", 0),
    "measurements_measurement-day": ("server-survey", 1_300),
    "alarms_alarm-day": ("server-alarm", 1_000),
}
"""Which picture becomes which of the documents, and at which height it is cut (0: not at all)."""
LOOKS = (("day", 1280), ("dark", 1280), ("day", 360))
LOGINS = (
    "contact@authority.example",
    "expert@laboratory.example",
    "officer@customs.example",
    "auditor@authority.example",
    "register@authority.example",
    "administrator@authority.example",
)
GALLERY = ROOT / "docs" / "guide" / "pages.md"
PAGES = PICTURES / "pages"
HEIGHT, SCALE, GAP = 1_150, 0.42, 12
"""A page is cut at this height, drawn at this scale; between its three looks is so much room."""
COLOURS = 40
SETTLE_MS = 4_000
"""The map draws its tiles after it is ready."""


def main() -> None:
    """Start, play, walk, photograph."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recording", type=Path, help="an N42 survey for the flow")
    parser.add_argument("folder", type=Path, help="where all pictures go")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    sys.path.insert(0, str(ROOT / "tests" / "browser"))
    os.environ["DJANGO_SETTINGS_MODULE"] = "tocsin.server.settings"
    import django

    django.setup()
    from live_server import LiveServer
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as data, sync_playwright() as playwright:
        server = LiveServer(Path(data))
        try:
            server.play(given.recording)
            path = shutil.which("chromium") or shutil.which("chromium-browser")
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
            photograph(browser, server.address, given.folder)
            browser.close()
        finally:
            server.close()
    keep(given.folder)
    gallery(given.folder)


def photograph(browser: object, address: str, folder: Path) -> None:
    """Open each page and take its pictures."""
    from every_page import walk
    from person_in_browser import PersonInBrowser

    seen: set[str] = set()
    for login in ("", *LOGINS):
        person = PersonInBrowser(browser, address, login)  # type: ignore[arg-type]

        def look(route: str, person: PersonInBrowser = person) -> None:
            for theme, width in LOOKS:
                cookie = {"name": "theme", "value": theme, "url": address}
                person.watched.context.add_cookies([cookie])  # type: ignore[list-item]
                person.page.set_viewport_size({"width": width, "height": 800})
                person.page.goto(person.page.url)
                if person.page.locator("#survey").count():
                    person.page.wait_for_selector("#survey[data-ready]", state="attached")
                    person.page.wait_for_timeout(SETTLE_MS)
                end = theme if width > 360 else "360"
                name = f"{route.replace(':', '_')}-{end}.png"
                person.page.screenshot(path=folder / name, full_page=True)
            person.page.set_viewport_size({"width": 1280, "height": 800})
            sys.stderr.write(f"{route}\n")

        if login:
            person.sign_in()
        if login.startswith("administrator"):
            person.open("/account/powers/")
            person.page.fill("main form [name=reason]", "take pictures of every page")
            person.press_button("main form button.primary")
        walk(person, seen, look, first="/" if login else "/account/login/")
        person.close()


def keep(folder: Path) -> None:
    """Write the pictures of the documents, small: at half size and in few colours."""
    from PIL import Image

    for name, (target, height) in SHOWN.items():
        picture = Image.open(folder / f"{name}.png").convert("RGB")
        if height:
            picture = picture.crop((0, 0, picture.width, min(height, picture.height)))
        small = picture.resize((picture.width * 3 // 4, picture.height * 3 // 4))
        small.quantize(256, method=Image.Quantize.MAXCOVERAGE).save(
            PICTURES / f"{target}.png", optimize=True
        )


def gallery(folder: Path) -> None:
    """One small picture of each page in its three looks, and the document that shows them."""
    from PIL import Image

    shutil.rmtree(PAGES, ignore_errors=True)
    PAGES.mkdir()
    lines = [
        "# Every page of the server",
        "",
        "Each in the day theme, in the dark theme and at 360 px, cut where it is long; taken from",
        "the fictional State by `scripts/build_screenshots.py`. The same pages are opened in",
        "Chromium by every run of the tests.",
    ]
    for day in sorted(folder.glob("*-day.png")):
        route = day.name.removesuffix("-day.png")
        looks = [Image.open(folder / f"{route}-{end}.png") for end in ("day", "dark", "360")]
        small = []
        for look in looks:
            cut = look.convert("RGB").crop((0, 0, look.width, min(HEIGHT, look.height)))
            size = round(cut.width * SCALE), round(cut.height * SCALE)
            small.append(cut.resize(size, Image.Resampling.LANCZOS))
        width = sum(s.width for s in small) + GAP * (len(small) - 1)
        sheet = Image.new("RGB", (width, max(s.height for s in small)), "white")
        left = 0
        for one in small:
            sheet.paste(one, (left, 0))
            left += one.width + GAP
        sheet.quantize(COLOURS).save(PAGES / f"{route}.png", optimize=True)
        lines += [
            "",
            f"## {route.replace('_', ' ')}",
            "",
            f"![{route}](../pictures/pages/{route}.png)",
        ]
    GALLERY.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
