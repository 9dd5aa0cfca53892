"""A viewer in Chromium beside a live run: how long its frames take while the picture moves.

A process of its own, started by ``bench_live.py --chromium``. It opens the live picture as a
commander does, chooses a detector (strip chart and waterfall), and drags and zooms the map every
few seconds until it is told to end. Chromium draws without a graphics card here, which is the
slowest machine that a viewer may have.
"""

from __future__ import annotations

import json
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np

WATCH = """
window.__frames = []; window.__tasks = [];
new PerformanceObserver(list => {
    for (const task of list.getEntries()) window.__tasks.push(task.duration);
}).observe({entryTypes: ['longtask']});
let before = performance.now();
const beat = now => { window.__frames.push(now - before); before = now;
    requestAnimationFrame(beat); };
requestAnimationFrame(beat);
"""
PAUSE_MS = 3000
"""Between two drags of the map."""
STEP_MS = 25
FLUID_MS = 100.0
"""A frame longer than this is seen as a jerk."""


def watch(port: int, folder: Path) -> None:
    """Look at the live picture until SIGTERM, then write ``browser.json``."""
    from playwright.sync_api import sync_playwright

    ended = []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(True))
    session = (folder / "session").read_text()
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.set_default_timeout(120_000)
        context.add_cookies(
            [{"name": "session", "value": session, "url": f"http://127.0.0.1:{port}"}]
        )
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{port}/picture/")
        page.wait_for_selector("#map[data-ready]", state="attached")
        page.locator("#detectors tr button").first.click()
        page.locator("#waterfall canvas.drawing").wait_for()
        page.evaluate(WATCH)
        box = page.locator("#map").bounding_box()
        if box is None:
            sys.exit("the map is not on the page")
        middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        turn = 0
        while not ended:
            turn += 1
            page.mouse.move(*middle)
            page.mouse.down()
            way = 1 if turn % 2 else -1
            for k in range(1, 21):
                page.mouse.move(middle[0] + way * 4 * k, middle[1] + way * 2 * k)
                page.wait_for_timeout(STEP_MS)
            page.mouse.up()
            page.mouse.wheel(0, 120 if turn % 2 else -120)
            page.wait_for_timeout(PAUSE_MS)
        found = page.evaluate("({frames: window.__frames, tasks: window.__tasks})")
        found["devices"] = page.locator("#detectors tr button").count()
        found["stream"] = page.locator("#stream-state").inner_text()
        (folder / "browser.json").write_text(json.dumps(found))
        page.screenshot(path=folder / "browser.png")
        browser.close()


def told(folder: Path) -> str:
    """The figures in one line."""
    found: dict[str, Any] = json.loads((folder / "browser.json").read_text())
    frames, tasks = np.asarray(found["frames"][1:]), np.asarray(found["tasks"] or [0.0])
    p50, p95, p99 = np.percentile(frames, [50, 95, 99])
    return (
        f"Chromium with {found['devices']} detectors ({found['stream']!r}): {frames.size} frames, "
        f"p50 {p50:.0f} ms, p95 {p95:.0f} ms, p99 {p99:.0f} ms, worst {frames.max():.0f} ms, over "
        f"{FLUID_MS:.0f} ms {100 * np.mean(frames > FLUID_MS):.2f} %; tasks over 50 ms "
        f"{len(found['tasks'])}, the longest {tasks.max():.0f} ms"
    )
