"""Figures of docs/science/linkage.md: calibration on the bench, and the weights of one pair.

``python -m benchmarks.linkage_figures BENCH.json NOTICES.jsonl A B`` reads the result of the
bench and the output of ``tocsin notice --json``, and draws the pair of the events A and B.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from scipy.stats import beta

from tocsin.linkage.evidence import Weight
from tocsin.linkage.link import EXPECTED_SHARE, WORLD, link
from tocsin.linkage.things import read_thing

TARGET = Path(__file__).resolve().parents[1] / "docs/pictures/linkage.svg"


def note(axes: Axes, text: str, at: tuple[float, float], shift: tuple[int, int]) -> None:
    """A small number beside a point or a bar."""
    axes.annotate(text, at, xytext=shift, textcoords="offset points", size=7)


def calibration(axes: Axes, bench: dict[str, Any]) -> None:
    """Share of pairs that are right against the probability given (Clopper-Pearson, 95 %)."""
    rows = bench["bins"]
    axes.plot([0, 1], [0, 1], color="0.6", linewidth=1)
    for mean, share, count in rows:
        right = round(share * count)
        low = beta.ppf(0.025, right, count - right + 1) if right else 0.0
        high = beta.ppf(0.975, right + 1, count - right) if right < count else 1.0
        reach = [[share - low], [high - share]]
        axes.errorbar(mean, share, yerr=reach, fmt="o", color="tab:blue", capsize=2)
        note(axes, f"{count:,}", (mean, share), (5, -10))
    axes.set(xlim=(-0.03, 1.12), ylim=(-0.03, 1.03))
    axes.set_xlabel("probability given to the best candidate")
    axes.set_ylabel("share that is right")
    axes.set_title(f"{bench['finds']:,} finds, {bench['size']:,} registered")


def waterfall(axes: Axes, notices: Path, a: str, b: str) -> None:
    """Weights of a pair, one after the other, in bits."""
    things = {}
    with notices.open() as stream:
        for line in stream:
            row = json.loads(line)
            if row["event_number"] in (a, b):
                things[row["event_number"]] = read_thing(row)
    (pair,) = link([things[a]], [things[b]], keep_refused=True)
    prior = math.log2(EXPECTED_SHARE / (1.0 - EXPECTED_SHARE) / WORLD)
    weights = (Weight("prior", prior, ""), *pair.weights)
    at = 0.0
    for place, weight in enumerate(weights):
        colour = "tab:blue" if weight.bits >= 0 else "tab:orange"
        axes.barh(place, weight.bits, left=at, color=colour)
        at += weight.bits
        note(axes, f"{weight.bits:+.1f}", (max(at, at - weight.bits), place), (3, -3))
    axes.set_yticks(range(len(weights)), [w.field for w in weights])
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.set_xlabel("bits")
    axes.set_title(f"events {a} and {b}: {pair.zone}")


def main() -> None:
    """Draw both."""
    bench, notices, a, b = sys.argv[1:]
    plt.rcParams["svg.hashsalt"] = "linkage"
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    calibration(left, json.loads(Path(bench).read_text()))
    waterfall(right, Path(notices), a, b)
    figure.savefig(TARGET, metadata={"Date": None})


if __name__ == "__main__":
    main()
