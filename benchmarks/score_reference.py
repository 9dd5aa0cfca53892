"""Score the identification on reference spectra that another laboratory simulated.

    python benchmarks/score_reference.py                        # both detectors
    python benchmarks/score_reference.py --detector RadiaCode   # one of them
    python benchmarks/score_reference.py --only Ba133           # sources whose name holds a text
    python benchmarks/score_reference.py --jobs 2
    python benchmarks/score_reference.py --detector Detective --write  # its section in docs

Every source is analysed against the background of its folder, with the setting of every other file.
*right*: the nuclide is named, or one that the same radiation belongs to (``ALIASES``); *clean*: no
other man-made nuclide is named. The spectra are simulated: the score is no measured truth.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tocsin.detection.identification import IdentificationSettings
from tocsin.detection.static import analyze_static
from tocsin.errors import TocsinError
from tocsin.formats import read
from tocsin.nuclear import load_library

ROOT = Path(__file__).resolve().parents[1]
SPECTRA = ROOT.parent / "shared" / "data" / "reference_spectra"
OUTPUT = ROOT / "docs" / "validation" / "reference-spectra.md"

COMMON = frozenset(
    # the nuclide classes of hand-held instruments (ANSI N42.34, as quoted in RASE), and Na-22,
    # Lu-177 and Mo-99, which hospitals and check sources make as common: thirty
    """U-233 U-235 Np-237 Pu-239 Co-57 Co-60 Ba-133 Cs-137 Ir-192 Se-75 Am-241 Eu-152 Ra-226 U-238
    F-18 Ga-67 Cr-51 Tc-99m I-123 I-125 I-131 In-111 Tl-201 Xe-133 Pd-103 K-40 Th-232 Na-22 Lu-177
    Mo-99""".split()
)

ALIASES: dict[str, tuple[str, ...]] = {
    # the progeny whose lines are the signature, or a parent that only these lines show
    "Ac-225": ("Bi-213", "Fr-221"),
    "Bi-213": ("Ac-225",),
    "Mo-99": ("Tc-99m",),
    "Rb-82": ("Sr-82",),
    "Re-188": ("W-188",),
    "Th-228": ("Ra-224", "Pb-212"),
    "Np-237": ("Pa-233",),
    "Uore": ("U-238", "Ra-226"),
    # pure positron emitters: annihilation radiation and one line below one per cent or three
    "Ge-68": ("Ga-68", "F-18"),
    "Cu-64": ("F-18",),
    # bremsstrahlung without a line
    "P-32": ("Sr-90", "Y-90"),
    "Sr-90": ("Y-90", "P-32"),
    "Y-90": ("Sr-90", "P-32"),
    "Tl-204": ("Sr-90", "P-32", "Y-90"),
}
COMPANY: dict[str, tuple[str, ...]] = {
    # nuclides that the source holds beside the one it is named after: progeny, and impurities whose
    # lines the germanium spectra show (388 and 666 keV of I-126, 439 keV of Tl-202, 233 keV of
    # Xe-133m)
    "Am-241Li": ("Am-241",),
    "Bi-207": (),
    "Ca-47": ("Sc-47",),
    "Ge-68": ("Ga-68",),
    "I-125": ("I-126",),
    "Lu-177m": ("Lu-177",),
    "Np-237": ("U-233", "Pa-233"),
    "Pu-239": ("Am-241", "Pu-240", "Pu-241", "U-237", "Pu-238", "U-235"),
    "Pu-238": ("Am-241", "Pu-239", "U-234"),
    "Ra-223": ("Th-227", "Ac-227"),
    "Tl-201": ("Tl-202", "Tl-200"),
    "U-233": ("Th-229", "U-232", "Ac-225", "Bi-213"),
    "U-235": ("U-238", "U-234"),
    "U-238": ("U-235",),
    "Uore": ("U-235",),
    "Xe-133": ("Xe-133m",),
    "Zr-95": ("Nb-95",),
}
NATURAL_CLASS = "norm"
SCORED = ("formats", "spectra", "spectrometry", "detection", "detectors", "nuclear")
"""Rooms of the sources on which the score depends."""


@dataclass(frozen=True)
class Score:
    """One source on one detector."""

    detector: str
    source: str
    nuclide: str
    answer: tuple[tuple[str, str, float], ...]
    source_class: str
    right: bool
    wrong: tuple[str, ...]
    seconds: float


def nuclide_of(source: str) -> str:
    """Nuclide of a file name: ``Tl201wTl202_Phantom`` gives ``Tl-201``."""
    stem = source.split("_")[0]
    found = re.match(r"([A-Z][a-z]?)(\d+m?)", stem)
    if found is None:
        return stem
    return f"{found.group(1)}-{found.group(2)}"


def score_one(path: Path) -> Score:
    """Analyse one source against the background beside it."""
    start = time.perf_counter()
    nuclide = nuclide_of(path.stem)
    try:
        encounters, _, _, _ = analyze_static(
            read(path),
            background=read(path.with_name("background.txt")),
            settings=IdentificationSettings(),
            library=load_library(),
        )
    except TocsinError as error:
        print(f"{path.parent.name} {path.stem}: {error}", file=sys.stderr)
        encounters = ()
    found = tuple((n.name, n.nuclide_class, n.confidence) for e in encounters for n in e.nuclides)
    accepted = {nuclide, *ALIASES.get(nuclide, ())}
    company = accepted | set(COMPANY.get(nuclide, ()))
    if nuclide == "Am-241" and "Li" in path.stem:
        company |= {"Li-7"}
    return Score(
        path.parent.name,
        path.stem,
        nuclide,
        found,
        "/".join(e.source_class for e in encounters) or "nothing",
        any(n in accepted for n, _, _ in found),
        tuple(n for n, c, _ in found if n not in company and c != NATURAL_CLASS),
        time.perf_counter() - start,
    )


def summary(scores: list[Score]) -> list[str]:
    """Shares and confusions in words."""
    lines = []
    for detector in sorted({s.detector for s in scores}):
        of = [s for s in scores if s.detector == detector]
        common = [s for s in of if s.nuclide in COMMON]
        right, clean = sum(s.right for s in of), sum(not s.wrong for s in of)
        line = f"{detector}: right {right} of {len(of)} ({100 * right / len(of):.1f} %)"
        if common:
            good = sum(s.right for s in common)
            line += f", common {good} of {len(common)} ({100 * good / len(common):.1f} %)"
        line += f", a wrong man-made nuclide beside in {len(of) - clean}"
        line += f" ({100 * (1 - clean / len(of)):.1f} %)"
        line += f", {sum(s.seconds for s in of) / len(of):.2f} s each"
        lines.append(line)
    pairs = Counter((s.nuclide, n) for s in scores for n in s.wrong)
    lines += [f"  named wrongly: {w} beside {n} ({k} x)" for (n, w), k in pairs.most_common()]
    return lines


def state() -> str:
    """Last commit that changed what is scored."""
    parts = [f"src/tocsin/{part}" for part in SCORED]
    asked = ["git", "-C", str(ROOT), "log", "-1", "--format=%h", "--", *parts]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()


def section(scores: list[Score], of_commit: str) -> str:
    """What the page says of one detector: shares, and every source that is missed or not clean."""
    words = summary(scores)[0].partition(": ")[2].rpartition(", ")[0]
    rows = [
        f"| {s.source} | {'yes' if s.right else '**no**'} | {', '.join(s.wrong) or '-'} | "
        f"{', '.join(f'{n} {p:.2f}' for n, _, p in s.answer) or '-'} ({s.source_class}) |"
        for s in scores
        if not s.right or s.wrong
    ]
    lines = [
        f"## {scores[0].detector}",
        "",
        f"State of commit {of_commit}: {words}.",
        "",
        "| source | right | wrong beside | answer (class) |",
        "|---|---|---|---|",
        *rows,
    ]
    return "\n".join(lines) + "\n\n"


def write(scores: list[Score], of_commit: str) -> None:
    """Put the sections of the scored detectors in place of the old ones."""
    page = OUTPUT.read_text(encoding="utf-8")
    for detector in sorted({s.detector for s in scores}):
        new = section([s for s in scores if s.detector == detector], of_commit)
        old = re.compile(rf"^## {re.escape(detector)}\n.*?(?=^## |\Z)", re.S | re.M)
        if not old.search(page):
            raise SystemExit(f"{OUTPUT} has no section of {detector}")
        page = old.sub(lambda _, new=new: new, page)
    OUTPUT.write_text(page.rstrip("\n") + "\n", encoding="utf-8")


def main() -> int:
    """Score, print each miss, then the shares."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--detector", default="", help="folders whose name holds this text")
    parser.add_argument("--only", default="", help="sources whose name holds this text")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--all", action="store_true", help="print every source, not only misses")
    parser.add_argument("--write", action="store_true", help=f"write {OUTPUT.name}")
    options = parser.parse_args()
    if not SPECTRA.is_dir():
        print("the shared reference spectra are absent: nothing to score", file=sys.stderr)
        return 1
    paths = [
        p
        for p in sorted(SPECTRA.glob("*/*.txt"))
        if p.stem != "background" and options.detector in p.parent.name and options.only in p.stem
    ]
    if options.write and options.only:
        parser.error("--write needs all sources of a detector")
    scores = []
    with ProcessPoolExecutor(options.jobs) as pool:
        for score in pool.map(score_one, paths):
            scores.append(score)
            if options.all or not score.right or score.wrong:
                names = ", ".join(f"{n} {p:.2f}" for n, _, p in score.answer) or "-"
                mark = "right" if score.right else "MISSED"
                mark += f" wrong {','.join(score.wrong)}" if score.wrong else ""
                print(
                    f"{score.detector:14s} {score.source:24s} {mark:28s} {score.seconds:4.1f} s "
                    f"{score.source_class:10s} {names}"
                )
                sys.stdout.flush()
    print("\n".join(summary(scores)))
    if options.write:
        write(scores, state())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
