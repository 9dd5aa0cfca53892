"""Waterfall: count rate over time and energy, rebinned to an image of bounded size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, PowerNorm
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from tocsin.detection.analysis import Analysis
from tocsin.report.drawing import (
    LEFT,
    RIGHT,
    Drawn,
    colour,
    dress,
    new_figure,
    plain_number,
    themed,
    to_svg,
)
from tocsin.report.strip_chart import MAX_NUMBERED, encounter_span_s
from tocsin.report.timeline import FloatArray, gaps_after, unit_for, usual_step_s
from tocsin.spectra import EnergyCalibration, Record, rebin

# Size of the image: enough for a screen, and small in the file whatever the survey's length.
MAX_COLUMNS = 600
ENERGY_BINS = 110
# Below, bins of the square-root scale would be narrower than a channel of a scintillator.
MIN_ENERGY_keV, MAX_ENERGY_keV = 20.0, 3000.0
# Shades of the colour map: fewer shades compress better, and the eye tells no more apart.
SHADES = 48
_TICKS_keV = (20, 50, 100, 200, 300, 500, 800, 1200, 1600, 2000, 2600, 3000)

# Natural colours of cividis: one perceptual scale for day and dark, safe for the colour-blind
# (Nunez, Anderton and Renslow 2018, doi:10.1371/journal.pone.0199239).
_COLOUR_MAP = "cividis"


@dataclass(frozen=True, slots=True)
class TimeEnergyImage:
    """Rates ``(n_bin, n_column)`` with the edges of both axes; NaN where nothing was measured.

    ``scale_edges`` are square roots of keV, or channel numbers where nothing is calibrated.
    """

    rates: FloatArray
    scale_edges: FloatArray
    begin_s: float
    end_s: float
    calibrated: bool
    left_out: int


def time_energy_image(
    records: Sequence[Record], time_s: FloatArray, *, columns: int = MAX_COLUMNS
) -> TimeEnergyImage | None:
    """Mean rate of each energy bin along the survey.

    Parameters
    ----------
    records : sequence of Record
        One per value of ``time_s``; all crystals of a record are summed.
    time_s : (n,) float
        Begin of each record in seconds.
    columns : int
        Upper bound of the image's width; neighbouring records are summed, none is left out.

    Returns
    -------
    TimeEnergyImage or None
        Counts per second and keV (per channel without a calibration) on bins of equal width in
        the square root of energy, where peaks of a scintillator are about equally wide. None
        when there is no spectrum to draw.
    """
    if not records or time_s.size != len(records):
        return None
    group = _groups(time_s, columns)
    calibrated, sums, left_out = _sum_by_calibration(records, group)
    if not sums:
        return None
    edges = _scale_edges(sums, calibrated=calibrated)
    n_group = int(group[-1]) + 1
    counts = np.zeros((edges.size - 1, n_group))
    seen = np.zeros(n_group, dtype=bool)
    fine: dict[tuple[EnergyCalibration | None, int], FloatArray] = {}
    for (index, calibration, n), total in sums.items():
        if (calibration, n) not in fine:
            fine[calibration, n] = _fine_edges(calibration, n)
        counts[:, index] += rebin(total, fine[calibration, n], edges)
        seen[index] = True
    width = np.diff(edges**2) if calibrated else np.diff(edges)
    duration = _durations(records, time_s)
    live = np.bincount(group, weights=duration, minlength=n_group)
    with np.errstate(divide="ignore", invalid="ignore"):
        rates = counts / width[:, np.newaxis] / live[np.newaxis, :]
    rates[:, ~seen | (live <= 0)] = np.nan
    begin, end = float(time_s[0]), float(time_s[-1] + duration[-1])
    return TimeEnergyImage(
        _resampled(rates, group, time_s, duration, begin=begin, end=end, columns=columns),
        edges,
        begin,
        end,
        calibrated,
        left_out,
    )


def _groups(time_s: FloatArray, columns: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Number of the image group of each record; no group reaches over a pause."""
    size = max(1, math.ceil(time_s.size / columns))
    group = np.zeros(time_s.size, dtype=np.int64)
    cuts = np.concatenate(([0], gaps_after(time_s) + 1, [time_s.size]))
    first = 0
    for begin, stop in pairwise(cuts.tolist()):
        group[begin:stop] = first + np.arange(stop - begin) // size
        first = int(group[stop - 1]) + 1
    return group


_Key = tuple[int, EnergyCalibration | None, int]


def _sum_by_calibration(
    records: Sequence[Record], group: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> tuple[bool, dict[_Key, FloatArray], int]:
    """Spectra of a group summed where they share a calibration; what is uncalibrated is left out.

    Where no spectrum at all is calibrated all are summed by channel.
    """
    usable: dict[tuple[EnergyCalibration | None, int], bool] = {}
    with_energy: dict[_Key, FloatArray] = {}
    by_channel: dict[_Key, FloatArray] = {}
    left_out = 0
    for index, record in zip(group.tolist(), records, strict=True):
        for spectrum in record.spectra:
            calibration, n = spectrum.calibration, spectrum.n_channel
            if n == 0:
                continue
            if (calibration, n) not in usable:
                usable[calibration, n] = spectrum.is_calibrated
            good = usable[calibration, n]
            left_out += not good
            sums, key = (
                (with_energy, (index, calibration, n)) if good else (by_channel, (index, None, n))
            )
            if key in sums:
                sums[key] += spectrum.counts
            else:
                sums[key] = spectrum.counts.astype(np.float64)
    return (True, with_energy, left_out) if with_energy else (False, by_channel, 0)


def _fine_edges(calibration: EnergyCalibration | None, n: int) -> FloatArray:
    if calibration is None:
        return np.arange(n + 1, dtype=np.float64)
    return np.sqrt(np.maximum(calibration.edges_keV(n), 0.0))


def _scale_edges(sums: dict[_Key, FloatArray], *, calibrated: bool) -> FloatArray:
    if not calibrated:
        top = float(max(n for _, _, n in sums))
        return np.linspace(0.0, top, min(ENERGY_BINS, int(top)) + 1)
    ends = [c.edges_keV(n)[[0, -1]] for c, n in {(c, n) for _, c, n in sums} if c is not None]
    low = max(MIN_ENERGY_keV, min(float(e[0]) for e in ends))
    high = min(MAX_ENERGY_keV, max(float(e[1]) for e in ends))
    return np.linspace(math.sqrt(low), math.sqrt(max(high, low + 1.0)), ENERGY_BINS + 1)


def _durations(records: Sequence[Record], time_s: FloatArray) -> FloatArray:
    usual = usual_step_s(time_s)
    stated = [r.live_time_s for r in records]
    return np.array([usual if t is None or t <= 0 else t for t in stated], dtype=np.float64)


def _resampled(
    rates: FloatArray,
    group: np.ndarray[tuple[int], np.dtype[np.int64]],
    time_s: FloatArray,
    duration_s: FloatArray,
    *,
    begin: float,
    end: float,
    columns: int,
) -> FloatArray:
    """Groups put on an even time axis; a column that no record covers stays empty (NaN)."""
    n = min(columns, 2 * rates.shape[1]) if rates.shape[1] > 1 else 1
    centre = begin + (np.arange(n) + 0.5) * (end - begin) / n
    first = np.searchsorted(group, np.arange(rates.shape[1]))
    last = np.append(first[1:], time_s.size) - 1
    starts = np.maximum.accumulate(time_s[first])
    stops = time_s[last] + np.maximum(duration_s[last], usual_step_s(time_s)) * 1.5
    at = np.clip(np.searchsorted(starts, centre, side="right") - 1, 0, rates.shape[1] - 1)
    out = rates[:, at]
    out[:, centre > stops[at]] = np.nan
    return out


@themed
def draw_waterfall(
    analysis: Analysis, records: Sequence[Record], time_s: FloatArray
) -> Drawn | None:
    """Image of rates over time (to the right) and energy (upwards); None without spectra."""
    image = time_energy_image(records, time_s)
    if image is None:
        return None
    height = 4.1
    figure = new_figure(height, realm=analysis.realm)
    axes = figure.add_axes((LEFT, 0.56 / height, RIGHT - LEFT, 1 - 0.98 / height))
    dress(axes, grid=False)
    axes.set_facecolor(colour("gap"))
    unit = unit_for(float(time_s[-1] - time_s[0]))
    drawn = axes.imshow(
        np.ma.masked_invalid(image.rates),
        origin="lower",
        aspect="auto",
        interpolation="none",
        extent=(
            image.begin_s / unit.seconds,
            image.end_s / unit.seconds,
            float(image.scale_edges[0]),
            float(image.scale_edges[-1]),
        ),
        cmap=_shades(),
        norm=PowerNorm(0.4, vmin=0.0, vmax=_top(image.rates)),
    )
    _mark_encounters(axes, analysis, time_s, unit.seconds)
    if image.calibrated:
        ticks = [t for t in _TICKS_keV if image.scale_edges[0] ** 2 <= t]
        ticks = [t for t in ticks if t <= image.scale_edges[-1] ** 2]
        axes.yaxis.set_major_locator(FixedLocator([math.sqrt(t) for t in ticks]))
        axes.set_yticklabels([str(t) for t in ticks])
        axes.set_ylabel("energy (keV)")
    else:
        axes.set_ylabel("channel (no energies)")
    axes.set_xlabel(f"time since the first record ({unit.name})")
    bar_axes = figure.add_axes((RIGHT + 0.012, 0.56 / height, 0.014, 1 - 0.98 / height))
    bar = figure.colorbar(drawn, cax=bar_axes)
    bar.locator = MaxNLocator(5)
    bar.update_ticks()
    # As vectors its shades would show seams.
    if bar.solids is not None:
        bar.solids.set_rasterized(True)
    dress(bar_axes, grid=False)
    bar.outline.set_edgecolor(colour("soft_ink"))
    quantity = "counts/(s keV)" if image.calibrated else "counts/(s channel)"
    bar_axes.yaxis.set_major_formatter(FuncFormatter(plain_number))
    bar_axes.set_ylabel(quantity, fontsize=9)
    return Drawn(to_svg(figure), *_words(image, time_s))


def _words(image: TimeEnergyImage, time_s: FloatArray) -> tuple[str, str]:
    axis = "energy on a square-root scale" if image.calibrated else "channels, no energies known"
    alternative = (
        f"Waterfall of {time_s.size} records: count rate over time and {axis}; "
        f"highest rate on the scale {_top(image.rates):.3g}."
    )
    caption = (
        "Measured count rate over time and energy, background included; brighter is more. Times "
        "stand under those of the strip chart. Brackets above mark the encounters (broken "
        "where it is natural material)."
    )
    if gaps_after(time_s).size:
        caption += " Stretches without colour hold no measurement."
    if image.left_out:
        caption += f" {image.left_out} spectra without a usable energy calibration are left out."
    return alternative, caption


def _shades() -> ListedColormap:
    shades = colormaps[_COLOUR_MAP](np.linspace(0, 1, SHADES))
    return ListedColormap(shades)


def _top(rates: FloatArray) -> float:
    """Upper end of the scale: the 99.8th percentile, so that one hot bin does not hide the rest."""
    finite = rates[np.isfinite(rates)]
    if not finite.size:
        return 1.0
    top = float(np.percentile(finite, 99.8))
    return top if top > 0 else max(float(finite.max()), 1e-9)


def _mark_encounters(axes: Axes, analysis: Analysis, time_s: FloatArray, unit_s: float) -> None:
    free_from = -np.inf
    length = max(float(time_s[-1] - time_s[0]), 1.0)
    for number, encounter in enumerate(analysis.encounters[:MAX_NUMBERED], start=1):
        begin, end = encounter_span_s(encounter, time_s)
        role = "threshold" if encounter.is_alarm else "neutron"
        axes.plot(
            [begin / unit_s, begin / unit_s, end / unit_s, end / unit_s],
            [1.005, 1.03, 1.03, 1.005],
            transform=axes.get_xaxis_transform(),
            color=colour(role),
            linewidth=1.6,
            linestyle="-" if encounter.is_alarm else (0, (2, 1)),
            clip_on=False,
        )
        middle, half = (begin + end) / 2, 0.006 * len(str(number)) * length
        if middle - half < free_from:
            continue
        free_from = middle + half
        axes.annotate(
            str(number),
            xy=(middle / unit_s, 1.03),
            xycoords=("data", "axes fraction"),
            xytext=(0, 2),
            textcoords="offset points",
            ha="center",
            fontsize=9.5,
            fontweight="bold",
            color=colour("ink"),
            annotation_clip=False,
        )
