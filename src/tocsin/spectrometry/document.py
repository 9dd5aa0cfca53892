"""A peak list as JSON (``tocsin.peaks/1``) and as a table."""

from __future__ import annotations

import csv
import io
from typing import Any

import tocsin
from tocsin.spectrometry.analysis import FittedRegion, Peak
from tocsin.spectrometry.annotation import Possible
from tocsin.spectrometry.peaklist import Limit, PeakList
from tocsin.spectrometry.recalibration import Recalibration
from tocsin.spectrometry.subtraction import NetPeak

SCHEMA = "tocsin.peaks/1"
NOTE = "possible lines are candidates with reasons, not an identification"
COLUMNS = (
    "energy_keV",
    "energy_uncertainty_keV",
    "fwhm_keV",
    "fwhm_uncertainty_keV",
    "area",
    "area_uncertainty",
    "significance",
    "continuum",
    "region",
    "background_area",
    "background_uncertainty",
    "net_area",
    "net_uncertainty",
    "possible",
)


def to_json(peaks: PeakList) -> dict[str, Any]:
    """The document ``tocsin.peaks/1``; docs/science/spectrometry.md describes each field."""
    a, recording = peaks.analysis, peaks.recording
    instrument, width = recording.instrument, a.widths.resolution
    edges = a.measured.edges_keV
    return {
        "schema": SCHEMA,
        "note": NOTE,
        "realm": recording.realm,
        "file": recording.file_name,
        "sha256": recording.sha256,
        "instrument": {
            "manufacturer": instrument.manufacturer,
            "model": instrument.model,
            "serial": instrument.serial,
            "class": instrument.instrument_class,
        },
        "records": list(peaks.records),
        "detectors": list(peaks.detectors),
        "background_file": None if peaks.background is None else peaks.background.file_name,
        "time_ratio": peaks.time_ratio,
        "live_time_s": a.measured.live_time_s,
        "counts_per_unit": a.measured.count_scale,
        "range_keV": [float(edges[a.low]), float(edges[a.high])],
        "width": {
            "a_keV2": width.a_keV2,
            "b_keV": width.b_keV,
            "c": width.c,
            "log_sigma": a.widths.log_sigma,
            "peaks": a.widths.votes,
            "start": peaks.model.name,
            "assumed": peaks.model.assumed,
        },
        "tail": {"fraction": a.tail.fraction, "length_sigma": a.tail.length}
        if a.tail.fraction > 0
        else None,
        "least_significance": a.least_sigma if a.peaks or a.trials else None,
        "false_peaks_expected": a.settings.false_peaks,
        "recalibration": None
        if peaks.recalibration is None
        else _recalibration(peaks.recalibration),
        "peaks": [
            _peak(p, peaks.possible[i], peaks.net[i] if peaks.net else None)
            for i, p in enumerate(a.peaks)
        ],
        "regions": [_region(r, a.measured.count_scale) for r in a.regions],
        "limits": [_limit(x) for x in peaks.limits],
        "warnings": [{"code": w.code, "message": w.message} for w in peaks.warnings],
        "versions": {"tocsin": tocsin.__version__, "nuclide_library": peaks.nuclide_library},
    }


def _peak(peak: Peak, possible: tuple[Possible, ...], net: NetPeak | None) -> dict[str, Any]:
    out: dict[str, Any] = {
        "energy_keV": peak.energy_keV,
        "energy_uncertainty_keV": peak.energy_uncertainty_keV,
        "fwhm_keV": peak.fwhm_keV,
        "fwhm_uncertainty_keV": peak.fwhm_uncertainty_keV,
        "width_ratio": peak.width_ratio,
        "area": peak.area,
        "area_uncertainty": peak.area_uncertainty,
        "significance": peak.significance,
        "continuum": peak.continuum,
        "region": peak.region,
        "number": peak.number,
        "background": None,
        "net_area": None,
        "net_uncertainty": None,
        "possible": [
            {
                "kind": c.kind,
                "label": c.label,
                "energy_keV": c.energy_keV,
                "offset_keV": c.offset_keV,
                "intensity": c.intensity,
                "lines_expected": c.expected,
                "lines_seen": c.seen,
                "reason": c.reason,
            }
            for c in possible
        ],
    }
    if net is not None:
        out["background"] = {
            "area": net.background.counts,
            "uncertainty": net.background.uncertainty,
            "energy_keV": net.background_energy_keV,
        }
        out["net_area"] = net.area
        out["net_uncertainty"] = net.area_uncertainty
    return out


def _region(region: FittedRegion, scale: float) -> dict[str, Any]:
    fit = region.fit
    edges = fit.problem.edges_keV
    return {
        "first_channel": region.first,
        "last_channel": region.last - 1,
        "low_keV": float(edges[0]),
        "high_keV": float(edges[-1]),
        "peaks": fit.n_peak,
        "chi_squared": fit.chi_squared,
        "deviance": fit.deviance,
        "freedom": fit.freedom,
        "p_value": region.p_value,
        "continuum_coefficients": fit.problem.n_smooth,
        "step": fit.step,
        "area_covariance": (scale * scale * fit.area_covariance).tolist(),
    }


def _limit(limit: Limit) -> dict[str, Any]:
    x = limit.limits
    return {
        "energy_keV": limit.area.energy_keV,
        "unit": "counts",
        "net_area": x.value,
        "uncertainty": x.uncertainty,
        "background_area": limit.background.counts,
        "background_uncertainty": limit.background.uncertainty,
        "decision_threshold": x.decision_threshold,
        "detection_limit": x.detection_limit,
        "lower": x.lower,
        "upper": x.upper,
        "best_estimate": x.best_estimate,
        "best_uncertainty": x.best_uncertainty,
        "recognised": x.recognised,
        "alpha": x.alpha,
        "beta": x.beta,
        "gamma": x.gamma,
    }


def _recalibration(r: Recalibration) -> dict[str, Any]:
    return {
        "form": r.form,
        "coefficients": r.coefficients.tolist(),
        "covariance": r.covariance.tolist(),
        "chi_squared": r.chi_squared,
        "freedom": r.freedom,
        "odds": min(r.odds, 1e300),
        "lines": [
            {
                "line_keV": m.line_keV,
                "peak_on_old_scale": m.peak.energy_keV,
                "residual_keV": m.residual_keV,
            }
            for m in r.matched
        ],
        "lines_missed_keV": list(r.missed_keV),
    }


def to_csv(peaks: PeakList) -> bytes:
    """One row per peak: UTF-8, commas, lines ended by CR LF (RFC 4180).

    ``possible`` names the three foremost candidates; empty cells mean "not asked for".
    """
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(COLUMNS)
    for i, p in enumerate(peaks.analysis.peaks):
        net: list[object] = ["", "", "", ""]
        if peaks.net:
            n = peaks.net[i]
            counted = (n.background.counts, n.background.uncertainty, n.area, n.area_uncertainty)
            net = [_number(v) for v in counted]
        names = "; ".join(candidate_words(c) for c in peaks.possible[i][:3])
        values = (
            p.energy_keV,
            p.energy_uncertainty_keV,
            p.fwhm_keV,
            p.fwhm_uncertainty_keV,
            p.area,
            p.area_uncertainty,
            p.significance,
            p.continuum,
        )
        table.writerow([*(_number(v) for v in values), p.region, *net, names])
    return out.getvalue().encode("utf-8")


def candidate_words(candidate: Possible) -> str:
    """A candidate in few words: label, and what it is if it is no gamma."""
    if candidate.kind == "gamma":
        return f"{candidate.label} {candidate.energy_keV:.1f}"
    return f"{candidate.label} {candidate.kind}"


def _number(value: float) -> str:
    return f"{value:.6g}"
