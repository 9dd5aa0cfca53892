"""Rewrite what the documents on dating take from commands: the validation table and two figures.

Needs ``../shared/data/forensics/sfcompo_dev.csv`` for the spent-fuel case; without it that case
stands as not shown.
"""

from __future__ import annotations

from pathlib import Path

from tocsin.forensics import Check, answer_case, read_case, validation_checks
from tocsin.forensics.library_tables import read_library
from tocsin.forensics.spent_fuel_checks import burnup_checks, reactor_type_checks
from tocsin.report.age_figures import draw_ages, draw_ingrowth

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "docs" / "validation" / "dating.md"
PICTURES = ROOT / "docs" / "pictures"
FUEL = ROOT.parent / "shared" / "data" / "forensics" / "sfcompo_dev.csv"
CASE = ROOT / "docs" / "guide" / "plutonium-case.json"
HEAD = """# Validation of dating and of spent fuel

Printed by `tocsin age --validation --sfcompo FILE`, rewritten by `scripts/build_forensic_docs.py`.
P: against published numbers; D: derived from a published or certified date with the half-lives of
the default set. No published U-Th or Pu-U atom ratio is reproduced: those papers were not at hand.

| case | inputs | quantity | result | expected | tolerance | source | verdict |
|---|---|---|---|---|---|---|---|
"""


def all_checks() -> list[Check]:
    """Every case in the order of its number."""
    fuel = read_library(FUEL) if FUEL.is_file() else None
    found = [*validation_checks(), *burnup_checks(), *reactor_type_checks(fuel)]
    return sorted(found, key=lambda c: int(c.case.split()[0][1:]))


def row(check: Check) -> str:
    """One line of the table."""
    verdict = {True: "pass", False: "FAIL", None: "not shown"}[check.passed]
    cells = [check.case, check.inputs, check.quantity]
    for value, figures in ((check.result, 6), (check.expected, 6), (check.tolerance, 2)):
        cells.append(value if isinstance(value, str) else f"{value:.{figures}g}")
    return "| " + " | ".join([*cells, check.source, verdict]) + " |"


def main() -> None:
    """Write the table and the figures."""
    TABLE.parent.mkdir(exist_ok=True)
    TABLE.write_text(HEAD + "\n".join(row(c) for c in all_checks()) + "\n", encoding="utf-8")
    answer = answer_case(read_case(CASE.read_text(encoding="utf-8"), file=CASE.name))
    realm = answer.case.realm
    for name, drawn in (
        ("dating-ages.svg", draw_ages(answer, realm=realm)),
        ("dating-ingrowth.svg", draw_ingrowth(answer.ages, realm=realm)),
    ):
        if drawn is not None:
            (PICTURES / name).write_bytes(drawn.svg)


if __name__ == "__main__":
    main()
