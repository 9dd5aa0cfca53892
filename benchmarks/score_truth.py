"""Score the answers on the shared real recordings against their truth table.

    python benchmarks/score_truth.py                 # table on the terminal
    python benchmarks/score_truth.py --only suro     # files whose name holds a text
    python benchmarks/score_truth.py --write         # also docs/validation/recordings.md

A verdict is ``wrong`` when a name or class is in the answer that must not be, ``missed`` when a
required one is not, else ``right``. Names in must, may and one_of are never wrong.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tocsin.errors import TocsinError
from tocsin.formats import read
from tocsin.nuclear import load_library

ROOT = Path(__file__).resolve().parents[1]
RECORDINGS = ROOT.parent / "shared" / "data" / "recordings"
OUTPUT = ROOT / "docs" / "validation" / "recordings.md"


@dataclass(frozen=True)
class Row:
    """One file: what is true, what was answered, and how that compares."""

    file: str
    kind: str
    truth: str
    answer: str
    verdict: str
    seconds: float


def answer_of(
    path: Path, background: Path | None
) -> tuple[list[tuple[str, str, float]], list[str]]:
    """Names with class and confidence, and the classes and warnings of one recording."""
    from tocsin.detection.identification import IdentificationSettings
    from tocsin.detection.static import analyze_static

    recording = read(path)
    behind = read(background) if background else None
    encounters, _, warnings, _ = analyze_static(
        recording, background=behind, settings=IdentificationSettings(), library=load_library()
    )
    names = [(n.name, n.nuclide_class, n.confidence) for e in encounters for n in e.nuclides]
    notes = [e.source_class for e in encounters]
    return names, notes + [w.code for w in warnings if w.code == "uncalibrated"]


def judge(entry: dict[str, str], names: list[tuple[str, str, float]]) -> str:
    """Verdict of one static file."""
    must = set(filter(None, entry["must"].split(";")))
    one_of = set(filter(None, entry["one_of"].split(";")))
    may = set(filter(None, entry["may"].split(";")))
    forbidden = set(filter(None, entry["must_not_classes"].split(";")))
    got = {n for n, _, _ in names}
    wrong = {n for n, c, _ in names if n not in must | one_of | may and c in forbidden}
    if wrong:
        return f"wrong: {', '.join(sorted(wrong))}"
    missed = must - got
    if missed or (one_of and not one_of & got):
        return f"missed: {', '.join(sorted(missed or one_of))}"
    return "right"


def score(only: str) -> list[Row]:
    """All static files whose name holds the text."""
    rows = []
    with (RECORDINGS / "truth.csv").open(encoding="utf-8") as stream:
        entries = [e for e in csv.DictReader(stream) if e["kind"] in ("static", "not_measured")]
    for entry in entries:
        if only not in entry["file"]:
            continue
        start = time.perf_counter()
        background = RECORDINGS / entry["background"] if entry["background"] else None
        try:
            names, notes = answer_of(RECORDINGS / entry["file"], background)
            answer = ", ".join(f"{n} {p:.2f}" for n, _, p in names) or "nothing"
            answer += f" ({'; '.join(notes)})" if notes else ""
            verdict = judge(entry, names)
        except TocsinError as error:
            answer, verdict = f"refused: {type(error).__name__}", "right"
            if entry["must"] or entry["one_of"]:
                verdict = "missed: not read"
        truth = entry["must"] or entry["one_of"].replace(";", " or ") or "nothing man-made"
        took = time.perf_counter() - start
        rows.append(Row(entry["file"], entry["kind"], truth, answer, verdict, took))
        print(f"{verdict:24s} {took:5.1f} s  {entry['file'][-60:]:60s} {truth} -> {answer}")
        sys.stdout.flush()
    return rows


def main() -> int:
    """Score, print, and write the table when asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="files whose name holds this text")
    parser.add_argument("--write", action="store_true", help=f"write {OUTPUT.name}")
    options = parser.parse_args()
    if not RECORDINGS.is_dir():
        print("the shared recordings are absent: nothing to score", file=sys.stderr)
        return 1
    rows = score(options.only)
    count = {v: sum(r.verdict.startswith(v) for r in rows) for v in ("right", "missed", "wrong")}
    print(", ".join(f"{n} {v}" for v, n in count.items()))
    if options.write:
        OUTPUT.parent.mkdir(parents=True, exist_ok=True)
        OUTPUT.write_text(table(rows, count), encoding="utf-8")
    return 0 if not count["wrong"] else 3


def table(rows: list[Row], count: dict[str, int]) -> str:
    """The page of the documentation."""
    lines = [
        "# Answers on the shared real recordings",
        "",
        "Made by `python benchmarks/score_truth.py --write`; one setting for all files. *right*:",
        "all required nuclides named, none that must not be; *missed*: a required one not named;",
        "*wrong*: a nuclide of a class that must not be.",
        "",
        f"{count['right']} right, {count['missed']} missed, {count['wrong']} wrong.",
        "",
        "| file | truth | answer | verdict |",
        "|---|---|---|---|",
    ]
    lines += [f"| {r.file} | {r.truth} | {r.answer} | {r.verdict} |" for r in rows]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    raise SystemExit(main())
