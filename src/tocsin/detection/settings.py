"""Every tuning choice of the streaming detector, in one place, the same for all files."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from tocsin.errors import InvalidInput


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorSettings:
    """Settings of :class:`tocsin.detection.Detector`; the defaults serve every instrument.

    All are choices of our own method, not values of nature. Each has its reason here.

    Attributes
    ----------
    false_alarm_rate_per_h : float
        Nominal rate of alarms per hour on a background without sources: encounters that are not
        explained as natural. One per hour is what IEC 62533:2010 allows a hand-held search
        instrument.
    spectral_share, gross_share, neutron_share : float
        Parts of that rate given to the three statistics. The spectral one gets most because it is
        the most sensitive by far; what crosses the gross one alone is nearly always natural.
        Without an energy calibration there is no spectral one, and the gross one has both parts.
    smallest_threshold : float
        The spectral threshold never falls below this many standard deviations: with long records a
        rate of one per hour would put it where not counting noise but the error of any background
        model decides. The false-alarm rate is then lower than nominal.
    low_energy_keV, high_energy_keV, n_bin : float, float, int
        Energy bins, evenly spaced in the square root of the energy (their width then follows the
        resolution of a scintillator, about half a peak width in NaI).
    window_s : tuple of float
        Lengths of the sliding sums: a pass at speed ``v`` and distance ``d`` has a rise of
        ``2 d / v`` seconds (half width), one second by car and near, sixteen on foot at ten metres.
    merge_gap_s : float
        Rises closer than this are one encounter.
    hold_fraction : float
        An open encounter stays open while the statistic is above this part of the threshold, so
        that noise near the threshold does not split it.
    warm_up_s, warm_up_records : float, int
        Look-back from which the first background is taken.
    memory_counts, memory_min_s, memory_max_s : float
        The background remembers as long as it needs for ``memory_counts`` counts, within limits:
        shorter follows the walk better, longer is less noisy.
    prior_counts : float
        Weight, in counts, of the generic background shape against the tracked one: keeps bins
        without any count from having zero expectation.
    natural_sigma_smooth : tuple of float
        Standard deviations of the natural variation of the background between its memory and now,
        as parts of the background: common level, then Legendre polynomials 1, 2, 3 in the logarithm
        of the energy (sky-shine, buildings, height).
    natural_sigma_series : float
        Same for potassium, uranium and thorium series each, as part of the total background.
    gain_sigma : float
        Same for the gain (relative).
    gross_sigma_floor : float
        Smallest natural variation of the total rate that is believed (part of the background).
    norm_minimum_rise : float
        A rise of the total rate alone is reported only above this part of the background; below it
        a report of natural radiation would tell nobody anything.
    shoulder_s : float
        How much before an encounter is kept with it: the position needs both sides of the rise.
    spread_memory_records : float
        Memory of the recent spread of each statistic, which inflates its threshold where nature
        varies more than the model allows.
    longest_encounter_s : float
        After this time a lasting change is taken as the new background (and the encounter says so).
    gap_expected_counts : float
        A record with zero counts is a gap or an overload when the background predicts at least this
        many (a Poisson zero would then have a probability below exp(-15)).
    seed : int
        Seed of the small simulation that turns the false-alarm rate into a threshold.
    """

    false_alarm_rate_per_h: float = 1.0
    spectral_share: float = 0.8
    gross_share: float = 0.05
    neutron_share: float = 0.15
    smallest_threshold: float = 4.5
    low_energy_keV: float = 30.0
    high_energy_keV: float = 3000.0
    n_bin: int = 64
    window_s: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0, 16.0)
    merge_gap_s: float = 10.0
    hold_fraction: float = 0.75
    warm_up_s: float = 30.0
    warm_up_records: int = 10
    memory_counts: float = 20_000.0
    memory_min_s: float = 60.0
    memory_max_s: float = 600.0
    prior_counts: float = 50.0
    natural_sigma_smooth: tuple[float, ...] = (0.5, 0.15, 0.08, 0.04)
    natural_sigma_series: float = 0.08
    gain_sigma: float = 0.005
    gross_sigma_floor: float = 0.03
    norm_minimum_rise: float = 0.25
    shoulder_s: float = 30.0
    spread_memory_records: float = 600.0
    longest_encounter_s: float = 600.0
    gap_expected_counts: float = 15.0
    seed: int = 20_260_801

    def __post_init__(self) -> None:
        for name in (f.name for f in fields(self)):
            value = getattr(self, name)
            for number in value if isinstance(value, tuple) else (value,):
                if not (math.isfinite(number) and number > 0):
                    raise InvalidInput(f"{name} must be positive and finite, not {value!r}")
        if self.low_energy_keV >= self.high_energy_keV:
            raise InvalidInput("low_energy_keV must lie below high_energy_keV")
        if self.n_bin < 8:
            raise InvalidInput(f"n_bin must be at least 8, not {self.n_bin}")
        if not math.isclose(
            self.spectral_share + self.gross_share + self.neutron_share, 1.0, abs_tol=1e-9
        ):
            raise InvalidInput("the three shares of the false-alarm rate must add up to 1")
        if self.hold_fraction >= 1:
            raise InvalidInput(f"hold_fraction must be below 1, not {self.hold_fraction}")
