"""A record reduced to what the detector needs: counts on one fixed grid, times, place, neutrons."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tocsin.detection.analysis import FloatArray
from tocsin.detection.settings import DetectorSettings
from tocsin.spectra import EnergyCalibration, Position, Record, Spectrum

IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """One record on the grid of the detector.

    Attributes
    ----------
    index : int
        Zero-based number of the record in its survey.
    live_time_s, real_time_s : float
        Live and real time; zero live time where the record says nothing usable.
    fine : (n_channel,) float
        Counts of all crystals on the fine grid (whole channels are moved, never split).
    coarse : (n_bin,) float
        The same in the energy bins of the statistics.
    gross : float
        Counts in those bins together.
    total : float
        All gamma counts of the record, outside the bins too.
    neutrons : float, optional
        Neutron counts; None where there is no neutron detector.
    crystals : int
        Spectra of the record: its rate is shared by so many crystals at least.
    """

    index: int
    live_time_s: float
    real_time_s: float
    fine: FloatArray
    coarse: FloatArray
    gross: float
    total: float
    neutrons: float | None = None
    start: dt.datetime | None = None
    position: Position | None = None
    dose_rate_uSv_h: float | None = None
    crystals: int = 1

    @property
    def rate_cps(self) -> float:
        """Gamma counts per second of live time."""
        return self.gross / self.live_time_s if self.live_time_s > 0 else 0.0


class Grid:
    """Fixed energy grid of a survey: fine channels, and bins made of whole fine channels.

    The fine grid is the calibration of the first calibrated spectrum. Channels of other crystals,
    or of a later calibration, are moved as a whole to the fine channel in which their centre lies,
    so that counts stay whole numbers and keep their Poisson law. The last channel is dropped: many
    instruments collect all overflow in it.
    """

    def __init__(self, edges_keV: FloatArray | None, settings: DetectorSettings) -> None:
        self.calibrated = edges_keV is not None
        self._maps: list[tuple[EnergyCalibration, int, IntArray | None]] = []
        if edges_keV is None:
            self.fine_edges_keV = np.array([0.0, 1.0])
            self.starts: IntArray = np.array([0])
            self.edges_keV = self.fine_edges_keV
            self.stop = 1
            return
        self.fine_edges_keV = np.asarray(edges_keV, dtype=np.float64)
        low = max(settings.low_energy_keV, self.fine_edges_keV[0])
        high = min(settings.high_energy_keV, self.fine_edges_keV[-2])
        wanted = np.linspace(low**0.5, high**0.5, settings.n_bin + 1) ** 2
        at = np.unique(np.searchsorted(self.fine_edges_keV, wanted - 1e-9))
        self.starts = at[:-1]
        self.stop = int(at[-1])
        self.edges_keV = self.fine_edges_keV[at]

    @classmethod
    def for_record(cls, record: Record, settings: DetectorSettings) -> Grid:
        """Grid of a survey from its first record with spectra."""
        for spectrum in record.spectra:
            if spectrum.is_calibrated and spectrum.n_channel >= 8:
                edges = spectrum.edges_keV
                inside = (edges > settings.low_energy_keV) & (edges < settings.high_energy_keV)
                if np.count_nonzero(inside) >= 8:
                    return cls(edges, settings)
        return cls(None, settings)

    @property
    def n_bin(self) -> int:
        """Number of bins of the statistics."""
        return int(self.starts.size)

    @property
    def centres_keV(self) -> FloatArray:
        """Centres of the bins."""
        return np.asarray(0.5 * (self.edges_keV[1:] + self.edges_keV[:-1]))

    def _map(self, spectrum: Spectrum) -> IntArray | None:
        """Fine channel of every channel (None: identical), -1 where it lies outside."""
        calibration = spectrum.calibration
        if calibration is None:
            return np.full(spectrum.n_channel, -1)
        for known, n, indices in self._maps:
            if n == spectrum.n_channel and (known is calibration or known == calibration):
                return indices
        indices = None
        if not spectrum.is_calibrated:
            indices = np.full(spectrum.n_channel, -1)
        else:
            edges = spectrum.edges_keV
            if not np.array_equal(edges, self.fine_edges_keV):
                centre = 0.5 * (edges[1:] + edges[:-1])
                indices = np.searchsorted(self.fine_edges_keV, centre, side="right") - 1
                indices[indices >= self.fine_edges_keV.size - 1] = -1
                indices[-1] = -1
        self._maps = [(calibration, spectrum.n_channel, indices), *self._maps[:15]]
        return indices

    def reduce(self, record: Record, index: int) -> Slice:
        """Reduce one record to a slice."""
        n_fine = self.fine_edges_keV.size - 1
        fine = np.zeros(n_fine)
        total = 0.0
        for spectrum in record.spectra:
            total += spectrum.total
            if not self.calibrated:
                fine[0] += spectrum.total
                continue
            target = self._map(spectrum)
            if target is None:
                fine[:-1] += spectrum.counts[:-1]
            else:
                inside = target >= 0
                fine += np.bincount(
                    target[inside], weights=spectrum.counts[inside], minlength=n_fine
                )
        if not record.spectra:
            total = sum(g.counts or 0.0 for g in record.gross_counts if g.kind != "neutron")
            if not self.calibrated:
                fine[0] = total
        if self.calibrated:
            coarse = np.add.reduceat(fine[: self.stop], self.starts)
        else:
            coarse = fine.copy()
        real = record.real_time_s or record.live_time_s or 0.0
        return Slice(
            index=index,
            live_time_s=record.live_time_s or 0.0,
            real_time_s=real,
            fine=fine,
            coarse=coarse,
            gross=float(coarse.sum()),
            total=total,
            neutrons=record.neutron_counts,
            start=record.start,
            position=record.position,
            dose_rate_uSv_h=max((d.dose_rate_uSv_h for d in record.dose_rates), default=None),
            crystals=max(1, len(record.spectra)),
        )


def slice_state(item: Slice) -> tuple[dict[str, Any], FloatArray]:
    """A slice as JSON values and its fine counts (the rest follows from them)."""
    place = item.position
    return {
        "index": item.index,
        "live_time_s": item.live_time_s,
        "real_time_s": item.real_time_s,
        "total": item.total,
        "neutrons": item.neutrons,
        "start": None if item.start is None else item.start.isoformat(),
        "position": None
        if place is None
        else [place.latitude_deg, place.longitude_deg, place.elevation_m, place.accuracy_m],
        "position_time": None if place is None or place.time is None else place.time.isoformat(),
        "dose_rate_uSv_h": item.dose_rate_uSv_h,
        "crystals": item.crystals,
    }, item.fine


def slice_from_state(values: dict[str, Any], fine: FloatArray, grid: Grid) -> Slice:
    """Slice from what :func:`slice_state` gave."""
    place = values["position"]
    moment = values["position_time"]
    coarse = np.add.reduceat(fine[: grid.stop], grid.starts)
    return Slice(
        index=values["index"],
        live_time_s=values["live_time_s"],
        real_time_s=values["real_time_s"],
        fine=fine,
        coarse=coarse,
        gross=float(coarse.sum()),
        total=values["total"],
        neutrons=values["neutrons"],
        start=None if values["start"] is None else dt.datetime.fromisoformat(values["start"]),
        position=None
        if place is None
        else Position(
            place[0],
            place[1],
            place[2],
            place[3],
            None if moment is None else dt.datetime.fromisoformat(moment),
        ),
        dose_rate_uSv_h=values["dose_rate_uSv_h"],
        crystals=values["crystals"],
    )
