"""Rewrite what the documents take from commands: validation table and pictures.

Run by ``make docs``. Needs the shared recordings for the table and a Chromium for the pictures;
what cannot be made is named and left as it is.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "pictures"
CHROMIUM = next(
    (p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), None
)


def validation_table() -> None:
    """docs/validation/recordings.md: every recording of the truth table with our answer."""
    if not (ROOT.parent / "shared" / "data" / "recordings" / "truth.csv").is_file():
        print("not rewritten: validation/recordings.md (the shared recordings are absent)")
        return
    subprocess.run([sys.executable, "benchmarks/score_truth.py", "--write"], cwd=ROOT, check=True)


def report_pictures() -> None:
    """docs/pictures/report-*.png: the report of the demo walk as a browser shows it."""
    if CHROMIUM is None:
        print("not rewritten: pictures (no Chromium)")
        return
    from playwright.sync_api import sync_playwright

    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        demo = [sys.executable, "-m", "tocsin", "demo", "--headless", "--out", folder]
        subprocess.run(demo, check=True)
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        for scheme in ("light", "dark"):
            page = browser.new_page(
                viewport={"width": 1200, "height": 900},
                color_scheme="light" if scheme == "light" else "dark",
            )
            page.goto((Path(folder) / "report.html").as_uri())
            page.screenshot(path=PICTURES / f"report-{scheme}.png")
        browser.close()


if __name__ == "__main__":
    validation_table()
    report_pictures()
