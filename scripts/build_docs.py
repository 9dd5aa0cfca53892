"""Rewrite what the documents take from commands: validation table and pictures.

Run by ``make docs``. Needs the shared recordings for the table and a Chromium for the pictures;
what cannot be made is named and left as it is.

    python scripts/build_docs.py                 # both
    python scripts/build_docs.py --only pictures # one of them
"""

from __future__ import annotations

import argparse
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
# No sandbox inside containers; nothing that talks to the network by itself.
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
WIDTH_px = 1200
MAX_BYTES = 300_000


def validation_table() -> None:
    """docs/validation/recordings.md: every recording of the truth table with our answer."""
    if not (ROOT.parent / "shared" / "data" / "recordings" / "truth.csv").is_file():
        print("not rewritten: validation/recordings.md (the shared recordings are absent)")
        return
    done = subprocess.run(
        [sys.executable, "benchmarks/score_truth.py", "--write"], cwd=ROOT, check=False
    )
    # 3 says that an answer is wrong: the table is written and says which, and so do we
    if done.returncode not in (0, 3):
        raise SystemExit("benchmarks/score_truth.py failed: the table was not rewritten")
    if done.returncode == 3:
        print("validation/recordings.md: some answers are wrong, see the table")


def report_pictures() -> None:
    """docs/pictures/report-*.png: the report of the demo walk down to its strip chart."""
    if CHROMIUM is None:
        print("not rewritten: pictures (no Chromium)")
        return
    from playwright.sync_api import sync_playwright

    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        demo = [sys.executable, "-m", "tocsin", "demo", "--headless", "--out", folder]
        subprocess.run(demo, check=True, stdout=subprocess.DEVNULL)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        for scheme in ("light", "dark"):
            page = browser.new_page(
                viewport={"width": WIDTH_px, "height": 900},
                color_scheme="light" if scheme == "light" else "dark",
            )
            page.goto((Path(folder) / "report.html").as_uri())
            end = page.locator("figure").first.bounding_box()
            if end is None:
                raise SystemExit("the report of the demonstration has no figure")
            path = PICTURES / f"report-{scheme}.png"
            clip = {"x": 0.0, "y": 0.0, "width": WIDTH_px, "height": end["y"] + end["height"]}
            page.screenshot(path=path, clip=clip, full_page=True)  # type: ignore[arg-type]
            shrink(path)
            print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB")
        browser.close()


def shrink(path: Path) -> None:
    """Fewer colours: a report has few, and a repository keeps every version of a picture."""
    from PIL import Image

    with Image.open(path) as picture:
        small = picture.convert("RGB").quantize(colors=128, dither=Image.Dither.NONE)
    small.save(path, optimize=True)
    if path.stat().st_size > MAX_BYTES:
        raise SystemExit(f"{path} is larger than {MAX_BYTES} bytes")


def main() -> None:
    """Rewrite all, or the part that was asked for."""
    parts = {"table": validation_table, "pictures": report_pictures}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=parts)
    chosen = parser.parse_args().only
    for name, make in parts.items():
        if chosen in (None, name):
            make()


if __name__ == "__main__":
    main()
