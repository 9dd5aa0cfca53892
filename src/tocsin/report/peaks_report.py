"""A peak list in words: headline, tables, document."""

from __future__ import annotations

import datetime as dt
from math import floor, log10

import tocsin
from tocsin.report.document import (
    Block,
    Document,
    bullets,
    facts,
    figure,
    heading,
    paragraph,
    signatures,
    small,
    table,
)
from tocsin.report.wording import REALM_WORDS, SENSITIVE, counted, digits, moment_text
from tocsin.spectrometry.annotation import Possible
from tocsin.spectrometry.document import candidate_words
from tocsin.spectrometry.peaklist import PeakList
from tocsin.spectrometry.recalibration import Recalibration

PEAK_HEADS = (
    "Energy (keV)",
    "FWHM",
    "Net area",
    "σ",
    "Continuum",
    "Less background",
    "Possible",
)
LIMIT_HEADS = (
    "Energy (keV)",
    "Net area",
    "Threshold",
    "Detection limit",
    "95 % interval",
    "Recognised",
)
REGION_HEADS = ("Channels", "Energy (keV)", "Peaks", "χ²", "Freedom", "p", "Step")
PEAK_CAPTION = (
    "Uncertainties are one standard deviation; that of the energy is from counting alone. σ: "
    "counts in the core of the peak above all else that is expected there, in standard "
    "deviations, exact for Poisson counts. Continuum: counts under one full width at half maximum."
)
CANDIDATES = (
    "Possible: library lines and effects of the detector near the peak, the more plausible first. "
    "They are candidates, not an identification."
)
LIMIT_CAPTION = (
    "After ISO 11929 with error probabilities of 5 per cent, in counts of this measurement, over "
    "continuum, neighbouring peaks and background."
)
SHOWN = 4


def measured_text(value: float, uncertainty: float) -> str:
    """Value with its uncertainty to two figures: ``661.66(3)`` is written ``661.66 ± 0.03``."""
    if not uncertainty > 0.0:
        return digits(value, significant=6)
    places = max(0, 1 - floor(log10(uncertainty)))
    return f"{value:.{places}f} ± {uncertainty:.{places}f}"


def headline(peaks: PeakList) -> str:
    """How many peaks, in what, with which threshold."""
    a = peaks.analysis
    records = counted(len(peaks.records), "record")
    live = "" if a.measured.live_time_s is None else f", {digits(a.measured.live_time_s)} s live"
    words = f"{counted(len(a.peaks), 'peak')} in {records}{live}"
    if a.trials > 0:
        words += (
            f"; above {a.least_sigma:.1f} standard deviations, which allows "
            f"{digits(a.settings.false_peaks)} false peaks per spectrum"
        )
    return f"{words}."


def scale_sentence(scale: Recalibration) -> str:
    """The new energy scale in one sentence."""
    lines = ", ".join(f"{m.line_keV:g}" for m in scale.matched)
    checked = (
        f"chi-squared {digits(scale.chi_squared)} on {scale.freedom}"
        if scale.freedom > 0
        else "no line left to check it"
    )
    missed = ""
    if scale.missed_keV:
        missed = f"; no peak at {', '.join(f'{e:g}' for e in scale.missed_keV)} keV"
    return f"New {scale.form} energy scale from {lines} keV ({checked}{missed})."


def peak_rows(peaks: PeakList, *, candidates: int) -> list[list[str]]:
    """Cells of each peak, in the order of ``PEAK_HEADS``."""
    rows = []
    for i, p in enumerate(peaks.analysis.peaks):
        net = ""
        if peaks.net:
            net = measured_text(peaks.net[i].area, peaks.net[i].area_uncertainty)
        words = "; ".join(_short(c) for c in peaks.possible[i][:candidates])
        rows.append(
            [
                measured_text(p.energy_keV, p.energy_uncertainty_keV),
                digits(p.fwhm_keV, significant=3),
                measured_text(p.area, p.area_uncertainty),
                f"{p.significance:.1f}",
                digits(p.continuum, significant=3),
                net,
                words,
            ]
        )
    return rows


def _short(candidate: Possible) -> str:
    words = candidate_words(candidate)
    if candidate.expected:
        words += f" ({candidate.seen}/{candidate.expected})"
    return words


def limit_rows(peaks: PeakList) -> list[list[str]]:
    """Cells of each limit, in the order of ``LIMIT_HEADS``."""
    rows = []
    for limit in peaks.limits:
        x = limit.limits
        reach = "none" if x.detection_limit is None else digits(x.detection_limit)
        rows.append(
            [
                f"{limit.area.energy_keV:g}",
                measured_text(x.value, x.uncertainty),
                digits(x.decision_threshold),
                reach,
                f"{digits(x.lower)} to {digits(x.upper)}",
                "yes" if x.recognised else "no",
            ]
        )
    return rows


def region_rows(peaks: PeakList) -> list[list[str]]:
    """Cells of each fitted region, in the order of ``REGION_HEADS``."""
    rows = []
    for region in peaks.analysis.regions:
        fit = region.fit
        edges = fit.problem.edges_keV
        rows.append(
            [
                f"{region.first} to {region.last - 1}",
                f"{edges[0]:.1f} to {edges[-1]:.1f}",
                str(fit.n_peak),
                digits(fit.chi_squared),
                str(fit.freedom),
                digits(region.p_value, significant=2),
                digits(fit.step, significant=2),
            ]
        )
    return rows


def peaks_document(peaks: PeakList, *, created: dt.datetime) -> Document:
    """Document of a peak list: table, spectrum with fits and residuals, regions, limits."""
    from tocsin.report.peaks_plot import draw_peaks

    recording, a = peaks.recording, peaks.analysis
    instrument = recording.instrument
    live = a.measured.live_time_s
    width = a.widths.resolution
    rows: list[tuple[str, object]] = [
        ("File", recording.file_name),
        ("SHA-256", recording.sha256),
        ("Instrument", f"{instrument.manufacturer} {instrument.model}".strip() or "not stated"),
        ("Records", ", ".join(str(n) for n in peaks.records[:20])),
        ("Detectors", ", ".join(d for d in peaks.detectors if d) or "not named"),
        ("Live time", "not stated" if live is None else f"{digits(live, significant=5)} s"),
        (
            "Peak width",
            f"FWHM² = {width.a_keV2:.4g} + {width.b_keV:.4g} E + {width.c:.3g} E² (keV), from "
            f"{counted(a.widths.votes, 'peak')}, start {peaks.model.name}",
        ),
        ("Report made", moment_text(created)),
    ]
    if peaks.background is not None:
        rows.insert(5, ("Background", peaks.background.file_name))
    blocks: list[Block] = [paragraph(headline(peaks)), small(SENSITIVE), facts(rows)]
    if peaks.recalibration is not None:
        blocks.append(paragraph(scale_sentence(peaks.recalibration)))
    blocks.append(figure(draw_peaks(peaks, realm=recording.realm)))
    if a.peaks:
        net = bool(peaks.net)
        keep = [i for i in range(len(PEAK_HEADS)) if net or i != 5]
        blocks.append(heading("Peaks"))
        blocks += table(
            f"{PEAK_CAPTION} {CANDIDATES}",
            [PEAK_HEADS[i] for i in keep],
            [[row[i] for i in keep] for row in peak_rows(peaks, candidates=SHOWN)],
            widths=[0.0] * (len(keep) - 1) + [1.0],
            right=range(len(keep) - 1),
        )
        blocks.append(heading("Fitted regions"))
        blocks += table(
            "χ² is Pearson's. Where the fit about a peak is worse than one chance in a thousand "
            "the uncertainties above are widened accordingly.",
            REGION_HEADS,
            region_rows(peaks),
            right=range(len(REGION_HEADS)),
        )
    if peaks.limits:
        blocks.append(heading("Detection limits"))
        blocks += table(
            LIMIT_CAPTION, LIMIT_HEADS, limit_rows(peaks), right=range(len(LIMIT_HEADS))
        )
    if peaks.warnings:
        blocks += [
            heading("Warnings"),
            bullets(f"{w.code}: {w.message}" for w in peaks.warnings),
        ]
    blocks += [
        heading("Limits of validity"),
        bullets(
            (
                "A peak list says what stands in the spectrum. It names no nuclide as present.",
                "Structures of the continuum (back-scatter, Compton edges) of a scintillator can "
                "pass for peaks; they are marked as possible.",
                "Areas are counts: no efficiency, no coincidence-sum or dead-time correction.",
            )
        ),
        signatures("Signatures", "Analysed and reviewed by:", ("Analyst", "Reviewer")),
    ]
    words = REALM_WORDS.get(recording.realm, "realm not known to this version")
    return Document(
        title=f"Peaks of {recording.file_name}",
        realm=recording.realm,
        banner="" if recording.realm == "LIVE" else f"{recording.realm}: {words}",
        provenance=f"{recording.file_name}, sha256 {recording.sha256[:16]}, "
        f"Tocsin {tocsin.__version__}, nuclides {peaks.nuclide_library}",
        blocks=blocks,
        created=created,
    )
