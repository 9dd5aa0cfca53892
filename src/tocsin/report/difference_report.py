"""The comparison of two spectra in words: verdict, document and JSON."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import tocsin
from tocsin.report.document import (
    Block,
    Document,
    Tone,
    bullets,
    facts,
    figure,
    heading,
    signatures,
    small,
    table,
    verdict_box,
)
from tocsin.report.wording import LIMITS, REALM_WORDS, SENSITIVE, counted, digits, moment_text
from tocsin.spectrometry.difference import FALSE_REGIONS, MAX_REGIONS, Difference

SCHEMA = "tocsin.difference/1"
# Below this probability the two are said to differ; the number itself stays in the report.
DIFFERENT_BELOW = 0.001
DOUBTFUL_BELOW = 0.05


@dataclass(frozen=True, slots=True)
class ComparedFile:
    """What the report says of one of the two files."""

    name: str
    sha256: str
    records: int
    live_time_s: float | None
    counts: float


def difference_verdict(difference: Difference) -> str:
    """Whether the two differ, in one or two plain sentences."""
    what = "rates" if difference.compared == "rate" else "shapes"
    p = difference.p_value
    chance = "below 1e-12" if p < 1e-12 else digits(p)
    tail = f"chi-squared {digits(difference.chi_squared)} on {difference.degrees_of_freedom} bins"
    if difference.regions:
        regions = counted(len(difference.regions), "region")
        if len(difference.regions) == MAX_REGIONS:
            regions += " or more (the surest are listed)"
        return f"The {what} differ in {regions}. {tail}, probability by chance {chance}."
    if p < DIFFERENT_BELOW:
        return f"The {what} differ, but in no region of its own. {tail}, by chance {chance}."
    if p < DOUBTFUL_BELOW:
        return f"No clear difference of {what}: {tail}, probability by chance {chance}."
    return f"No difference of {what} is seen: {tail}, probability by chance {chance}."


def difference_tone(difference: Difference) -> Tone:
    """Tone of the verdict: a difference is a fact to look at, not an alarm."""
    return "note" if difference.regions or difference.p_value < DOUBTFUL_BELOW else "calm"


def region_rows(difference: Difference) -> list[tuple[str, str, str, str, str]]:
    """Energy, excess, its uncertainty, significance and ratio of each region."""
    return [
        (
            f"{r.low_keV:.1f} to {r.high_keV:.1f}",
            digits(r.excess, significant=4),
            digits(r.uncertainty, significant=2),
            f"{r.significance:+.1f}",
            digits(r.ratio),
        )
        for r in difference.regions
    ]


REGION_HEADS = ("Energy (keV)", "Excess of first (counts)", "u (counts)", "σ", "Ratio")


def difference_document(
    difference: Difference,
    files: Sequence[ComparedFile],
    *,
    realm: str,
    created: dt.datetime,
) -> Document:
    """Document of a comparison; ``files`` are the first and the second."""
    from tocsin.report.difference_plot import draw_difference

    first, second = files
    rows: list[tuple[str, object]] = []
    for word, file in (("First", first), ("Second", second)):
        live = "not stated" if file.live_time_s is None else f"{digits(file.live_time_s)} s live"
        rows.append((word, f"{file.name}: {digits(file.counts, significant=6)} counts, {live}"))
        rows.append(("SHA-256", file.sha256))
    scale = f"{difference.scale:.5g}"
    if difference.scale_uncertainty:
        scale += f" ± {digits(difference.scale_uncertainty, significant=2)}"
    rows += [
        ("Compared", "counts per live time" if difference.compared == "rate" else "shape only"),
        ("Scale of the second", scale),
        (
            "Gain of the second",
            f"{difference.gain:.5f}" if difference.gain != 1.0 else "as in file",
        ),
        ("Report made", moment_text(created)),
    ]
    drawn = draw_difference(difference, first=first.name, second=second.name, realm=realm)
    blocks: list[Block] = [
        verdict_box(difference_verdict(difference), difference_tone(difference)),
        small(SENSITIVE),
        facts(rows),
        figure(drawn),
    ]
    if difference.regions:
        blocks.append(heading("Regions that differ"))
        blocks += table(
            "Excess: counts of the first less the scaled counts of the second, with the standard "
            "uncertainty u that it has if both are equal. Two equal spectra show any region with "
            f"a probability of {100 * FALSE_REGIONS:.0f} % at most.",
            REGION_HEADS,
            region_rows(difference),
            widths=[1.4, 1.4, 1, 0.8, 0.8],
            right=[1, 2, 3, 4],
        )
    if difference.warnings:
        blocks += [
            heading("Warnings"),
            bullets(f"{w.code}: {w.message}" for w in difference.warnings),
        ]
    blocks += [
        heading("Limits of validity"),
        bullets(
            (
                LIMITS[0],
                "Only counting statistics are taken into account. Another place, geometry, gain or "
                "resolution makes spectra differ as well.",
            )
        ),
        signatures("Signatures", "The analyst has looked at both spectra.", ("Analyst",)),
    ]
    words = REALM_WORDS.get(realm, "realm not known to this version")
    return Document(
        title=f"Comparison of {first.name} and {second.name}",
        realm=realm,
        banner="" if realm == "LIVE" else f"{realm}: {words}",
        provenance=f"Tocsin {tocsin.__version__}",
        blocks=blocks,
        created=created,
    )


def difference_json(
    difference: Difference, files: Sequence[ComparedFile], *, realm: str
) -> dict[str, Any]:
    """The comparison as plain JSON values, schema ``tocsin.difference/1``."""
    return {
        "schema": SCHEMA,
        "realm": realm,
        "files": [
            {
                "file": f.name,
                "sha256": f.sha256,
                "records": f.records,
                "live_time_s": f.live_time_s,
                "counts": f.counts,
            }
            for f in files
        ],
        "compared": difference.compared,
        "scale": _number(difference.scale),
        "scale_uncertainty": _number(difference.scale_uncertainty),
        "gain": _number(difference.gain),
        "chi_squared": _number(difference.chi_squared),
        "degrees_of_freedom": difference.degrees_of_freedom,
        "p_value": _number(difference.p_value),
        "regions": [
            {
                "low_keV": _number(r.low_keV),
                "high_keV": _number(r.high_keV),
                "excess_counts": _number(r.excess),
                "standard_uncertainty_counts": _number(r.uncertainty),
                "significance": _number(r.significance),
                "ratio": _number(r.ratio),
            }
            for r in difference.regions
        ],
        "warnings": [{"code": w.code, "message": w.message} for w in difference.warnings],
        "versions": {"tocsin": tocsin.__version__},
    }


def _number(value: float) -> float | None:
    """Six significant digits; None for what is not finite."""
    return float(f"{value:.6g}") if abs(value) < float("inf") else None
