"""A scene: street, walk, background, sources and the instrument that is carried through."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from tocsin.errors import InvalidInput
from tocsin.scenario.geometry import Anchor, FloatArray, Walk
from tocsin.scenario.positioning import GnssModel
from tocsin.scenario.sources import NEAREST_M, NormHeap, PointSource
from tocsin.scenario.street import StreetMap


@dataclass(frozen=True, slots=True)
class Carried:
    """The synthetic backpack instrument.

    Parameters
    ----------
    model : str
        Key of a detector model, for example ``"rsi-2x4x16"``; only its crystal, window and
        resolution count, not the instrument it was made for.
    n_channel : int
        Channels of a spectrum.
    full_scale_keV : float
        Upper edge of the last channel of the calibration that the file states.
    threshold_keV : float
        Lower threshold of the pulse heights.
    record_s : float
        Real time of a record.
    dead_time_us : float
        Dead time after each pulse in microseconds (non-extending).
    gain_drift : float
        Amplitude of the slow wandering of the gain, as a fraction; the stated calibration does
        not follow it. It comes on top of a constant offset, see `perturbation.Perturbation`.
    gain_tau_s : float
        Correlation time of the wandering.
    body_shadow : float
        Share of the photons from straight ahead that the carrier's body keeps from a detector on
        the back, 0 to 0.9; it falls as ``(1 + cos angle) / 2`` towards the back.
    neutron_rate_cps : float, optional
        Natural neutron rate; None for an instrument without a neutron detector.

    Notes
    -----
    All values are our own choice for a backpack with one 2 x 4 x 16 inch crystal and a moderated
    neutron tube; they describe no product.
    """

    model: str = "rsi-2x4x16"
    n_channel: int = 1024
    full_scale_keV: float = 3072.0
    threshold_keV: float = 25.0
    record_s: float = 1.0
    dead_time_us: float = 5.0
    gain_drift: float = 0.01
    gain_tau_s: float = 300.0
    body_shadow: float = 0.25
    neutron_rate_cps: float | None = 0.6

    def __post_init__(self) -> None:
        if not 64 <= self.n_channel <= 16384:
            raise InvalidInput(f"n_channel must lie within 64 and 16384, not {self.n_channel!r}")
        if not 500.0 <= self.full_scale_keV <= 10_000.0:
            raise InvalidInput("full_scale_keV must lie within 500 and 10000 keV")
        if not 0.0 <= self.threshold_keV <= 100.0:
            raise InvalidInput("threshold_keV must lie within 0 and 100 keV")
        if not 0.05 <= self.record_s <= 60.0:
            raise InvalidInput(f"record_s must lie within 0.05 and 60 s, not {self.record_s!r}")
        if not 0.0 <= self.dead_time_us <= 100.0:
            raise InvalidInput("dead_time_us must lie within 0 and 100 microseconds")
        if not 0.0 <= self.gain_drift <= 0.05:
            raise InvalidInput("gain_drift must lie within 0 and 0.05")
        if not 0.0 < self.gain_tau_s < math.inf:
            raise InvalidInput("gain_tau_s must be a positive number of seconds")
        if not 0.0 <= self.body_shadow <= 0.9:
            raise InvalidInput("body_shadow must lie within 0 and 0.9")
        if self.neutron_rate_cps is not None and not 0.0 <= self.neutron_rate_cps < math.inf:
            raise InvalidInput("neutron_rate_cps must be 0 or more, or None")


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that `simulate_walk` needs beside a generator and a start time.

    Parameters
    ----------
    name : str
        Name of the scene; stands in the file and in the truth.
    anchor : Anchor
        Where the local metres begin.
    place_note : str
        Says where that is and that nothing real is meant.
    walk : Walk
        Way of the instrument.
    street : StreetMap
        Natural background.
    sources : tuple of PointSource or NormHeap
        What is hidden; any number.
    carried : Carried
        The instrument.
    gnss : GnssModel
        Its receiver.

    Raises
    ------
    InvalidInput
        When two sources have one name, or the walk comes within 0.5 m of a source.
    """

    name: str
    anchor: Anchor
    place_note: str
    walk: Walk
    street: StreetMap
    sources: tuple[PointSource | NormHeap, ...] = ()
    carried: Carried = field(default_factory=Carried)
    gnss: GnssModel = field(default_factory=GnssModel)

    def __post_init__(self) -> None:
        names = [s.name for s in self.sources]
        if len(set(names)) != len(names):
            raise InvalidInput("every source of a scene needs a name of its own")
        if self.records < 1:
            raise InvalidInput("the walk is shorter than one record")
        for source in self.sources:
            nearest_m = float(np.min(self.distances_m(source)))
            if nearest_m < NEAREST_M:
                raise InvalidInput(
                    f"source {source.name!r}: the walk comes within {nearest_m:.2f} m, "
                    f"{NEAREST_M} m is the least"
                )

    @property
    def records(self) -> int:
        """Number of whole records within the walk."""
        return int(self.walk.duration_s / self.carried.record_s + 1e-9)

    @property
    def mid_times_s(self) -> FloatArray:
        """Middle of each record in seconds after the start."""
        middle = np.arange(self.records, dtype=np.float64) + 0.5
        return np.asarray(middle * self.carried.record_s, dtype=np.float64)

    def distances_m(self, source: PointSource | NormHeap) -> FloatArray:
        """Slant distances ``(parts, records)`` from the detector to the parts of a source."""
        dx, dy, dz = self.offsets_m(source)
        return np.asarray(np.sqrt(dx**2 + dy**2 + dz**2), dtype=np.float64)

    def offsets_m(
        self, source: PointSource | NormHeap
    ) -> tuple[
        FloatArray,
        FloatArray,
        FloatArray,
    ]:
        """Vectors ``(parts, records)`` from the detector to the parts of a source, in metres."""
        times = self.mid_times_s
        x, y = self.walk.position_at_m(times)
        if isinstance(source, PointSource):
            sx, sy = source.place_at_m(times)
            parts_x, parts_y = sx[None, :], sy[None, :]
            parts_z = np.full((1, 1), source.height_m)
        else:
            patches = source.patches_m()
            parts_x, parts_y = patches[:, :1], patches[:, 1:2]
            parts_z = patches[:, 2:]
        dx = parts_x - x[None, :]
        dy = parts_y - y[None, :]
        dz = np.broadcast_to(parts_z - self.walk.detector_height_m, dx.shape)
        return dx, dy, dz
