"""What the detector says (typed events), and the bookkeeping of an open encounter."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from tocsin.detection.analysis import FloatArray
from tocsin.detection.slices import Slice

StatisticName = Literal["spectral", "gross", "neutron"]
CloseReason = Literal["ended", "end of data", "lasting change"]


@dataclass(frozen=True, slots=True, eq=False)
class BackgroundSnapshot:
    """The background against which an encounter is judged, as it was when it opened.

    Attributes
    ----------
    rate_cps : (n_bin,) float
        Per bin of the statistics.
    fine_rate_cps : (n_channel,) float
        Per fine channel.
    effective_time_s : float
        Live time of a plain measurement with the same variance.
    dispersion : float
        Variance over mean of the counts (1 for Poisson).
    neutron_cps : float
        Neutron background.
    """

    rate_cps: FloatArray
    fine_rate_cps: FloatArray
    effective_time_s: float
    dispersion: float
    neutron_cps: float


@dataclass(frozen=True, slots=True)
class RecordScored:
    """Every record with counts: for the strip chart and the live screen.

    ``statistic`` is the largest of the three, each scaled so that its own threshold falls on
    ``threshold``.
    """

    record: int
    gross_rate_cps: float
    background_rate_cps: float
    statistic: float
    threshold: float
    neutron_rate_cps: float | None


@dataclass(frozen=True, slots=True)
class EncounterOpened:
    """The first crossing of the threshold."""

    number: int
    record: int
    statistic: float
    threshold: float
    statistic_name: StatisticName


@dataclass(frozen=True, slots=True)
class EncounterUpdated:
    """An open encounter has grown stronger."""

    number: int
    record: int
    statistic: float
    threshold: float
    statistic_name: StatisticName


@dataclass(frozen=True, slots=True, eq=False)
class EncounterClosed:
    """A finished encounter with everything that its analysis needs.

    Attributes
    ----------
    first_record, last_record, peak_record : int
        Extent, and the record of the largest net rate.
    core_first, core_last : int
        Stretch of the largest signal-to-noise ratio; its sum is the spectrum to identify.
    template : str
        Name of the shape that stood out most (not an identification).
    weights : (n_bin,) float
        Matched filter of that shape at the strongest moment: ``weights @ (counts - expected)`` is
        the net signal of a record, blind to natural variation.
    neutron : bool
        The neutron count crossed its own threshold.
    slices : tuple of Slice
        All records from some time before the encounter to its end, for the position.
    background : BackgroundSnapshot
        What was expected.
    reason : {"ended", "end of data", "lasting change"}
        Why it was closed.
    """

    number: int
    first_record: int
    last_record: int
    peak_record: int
    core_first: int
    core_last: int
    statistic: float
    threshold: float
    statistic_name: StatisticName
    template: str
    weights: FloatArray
    neutron: bool
    neutron_statistic: float
    overloaded: bool
    false_alarm_rate_per_h: float
    slices: tuple[Slice, ...]
    background: BackgroundSnapshot
    reason: CloseReason


@dataclass(frozen=True, slots=True)
class DataGap:
    """Records without usable counts: a gap, a drop-out or an overload; never quiet background.

    ``timeless`` marks a record that has counts and no duration, so that no rate follows from it.
    """

    record: int
    overload: bool
    timeless: bool = False


DetectorEvent = RecordScored | EncounterOpened | EncounterUpdated | EncounterClosed | DataGap


@dataclass(slots=True)
class OpenEncounter:
    """State of an encounter that has not ended."""

    number: int
    first_record: int
    last_record: int
    statistic: float
    statistic_name: StatisticName
    template: str
    weights: FloatArray
    background: BackgroundSnapshot
    slices: list[Slice] = field(default_factory=list)
    neutron_statistic: float = 0.0
    neutron: bool = False
    spectral: bool = False
    overloaded: bool = False
    quiet_s: float = 0.0
    length_s: float = 0.0


def close_encounter(
    state: OpenEncounter, *, threshold: float, false_alarm_rate_per_h: float, reason: CloseReason
) -> EncounterClosed:
    """Settle extent, core and peak of an encounter and hand everything over.

    With the matched filter of the strongest window, every record has a net signal and a variance;
    the core is the stretch with the largest ``sum(net) / sqrt(sum(var))``. The extent goes on from
    it at both ends as far as the excess does, see :func:`_reach`.
    """
    inside = [s for s in state.slices if state.first_record <= s.index <= state.last_record]
    net, variance = _net_signal(state, inside)
    core_first, core_last = _best_stretch(net, variance)
    excess = net / np.sqrt(variance) - 1.0
    first = core_first - _reach(excess[:core_first][::-1])
    last = core_last + _reach(excess[core_last + 1 :])
    rate = net / np.array([max(s.live_time_s, 1e-9) for s in inside])
    peak = core_first + int(np.argmax(rate[core_first : core_last + 1]))
    return EncounterClosed(
        number=state.number,
        first_record=inside[first].index,
        last_record=inside[last].index,
        peak_record=inside[peak].index,
        core_first=inside[core_first].index,
        core_last=inside[core_last].index,
        statistic=state.statistic,
        threshold=threshold,
        statistic_name=state.statistic_name,
        template=state.template,
        weights=state.weights,
        neutron=state.neutron,
        neutron_statistic=state.neutron_statistic,
        overloaded=state.overloaded,
        false_alarm_rate_per_h=false_alarm_rate_per_h,
        slices=tuple(state.slices),
        background=replace(state.background),
        reason=reason,
    )


def _net_signal(state: OpenEncounter, inside: list[Slice]) -> tuple[FloatArray, FloatArray]:
    """Net signal of each record in the direction of the encounter's filter, and its variance."""
    live = np.array([s.live_time_s for s in inside])
    if state.statistic_name == "neutron":
        counts = np.array([s.neutrons or 0.0 for s in inside])
        expected = state.background.neutron_cps * live
        return counts - expected, np.maximum(expected, 0.25)
    rate = state.background.rate_cps
    w = state.weights
    coarse = np.array([s.coarse for s in inside])
    net = coarse @ w - live * float(rate @ w)
    variance = live * float(rate @ w**2) * state.background.dispersion
    return net, np.maximum(variance, 1e-12)


def _reach(excess: FloatArray) -> int:
    """How many records beyond the core belong to it, from their excess over one deviation.

    The largest sum from the core outwards (a change point by cumulative sums: E. S. Page,
    Biometrika 41 (1954) 100). One noisy record after quiet ones does not carry the end with it.
    """
    sums = np.concatenate(([0.0], np.cumsum(excess)))
    return int(np.argmax(sums))


def _best_stretch(net: FloatArray, variance: FloatArray) -> tuple[int, int]:
    """First and last of the stretch with the largest signal-to-noise ratio."""
    a = np.concatenate(([0.0], np.cumsum(net)))
    v = np.concatenate(([0.0], np.cumsum(variance)))
    ratio = (a[None, :] - a[:, None]) / np.sqrt(np.maximum(v[None, :] - v[:, None], 1e-12))
    ratio[np.tril_indices(a.size)] = -np.inf
    i, j = np.unravel_index(int(np.argmax(ratio)), ratio.shape)
    return int(i), int(j) - 1
