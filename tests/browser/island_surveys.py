"""Surveys made by hand for the islands, in the form of docs/guide/measurement-api.md."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

N_RECORD = 240
N_CHANNEL = 512
KEV_PER_CHANNEL = 5.86
SOURCE_KEV = 661.657
FIRST, PEAK, LAST = 96, 103, 110
SECOND = (180, 183, 186)


class MadeSurvey:
    """A drive past a caesium source and a patient, with everything that the server would answer."""

    def __init__(
        self,
        *,
        positions: bool = True,
        calibrated: bool = True,
        spectra: bool = True,
        kind: str = "survey",
    ) -> None:
        self.kind = kind
        rng = np.random.default_rng(41)
        channel = np.arange(N_CHANNEL)
        energy = (channel + 0.5) * KEV_PER_CHANNEL
        background = 9.0 * np.exp(-energy / 400.0)
        background[energy > 2700] = 0.0
        self.background = background
        peak = np.exp(-0.5 * ((energy - SOURCE_KEV) / 21.0) ** 2)
        low = np.exp(-0.5 * ((energy - 140.5) / 9.0) ** 2)
        record = np.arange(N_RECORD)
        near = 30.0 / (1.0 + ((record - PEAK) / 3.0) ** 2)
        patient = 40.0 / (1.0 + ((record - SECOND[1]) / 2.0) ** 2)
        mean = background + near[:, None] * peak + patient[:, None] * low
        self.counts = rng.poisson(mean)
        self.calibrated = calibrated
        self.spectra = spectra
        self.positions = positions

    def survey(self) -> dict[str, Any]:
        gross = self.counts.sum(axis=1)
        expected = float(self.background.sum())
        statistic = (gross - expected) / np.sqrt(expected)
        record = np.arange(N_RECORD)
        latitude: list[float | None] | None = None
        longitude: list[float | None] | None = None
        if self.positions:
            latitude = [46.2800 + 0.00006 * float(i) for i in record]
            longitude = [-119.2700 + 0.0008 * float(np.sin(i / 40.0)) for i in record]
            for lost in range(40, 52):
                latitude[lost] = longitude[lost] = None
        place = {"latitude": 46.28620, "longitude": -119.26960, "radius_m_95": 14.0}
        return {
            "schema": "tocsin.survey/1",
            "measurement": "00000000-0000-4000-8000-000000000001",
            "title": "Drive past two sources",
            "file": "drive.n42",
            "sha256": "0" * 64,
            "realm": "EXERCISE",
            "marking": "EXERCISE, CONFIDENTIAL",
            "kind": self.kind,
            "instrument": "Example, 2x4x16 NaI",
            "start": "2026-03-02T09:15:00Z",
            "records": N_RECORD,
            "columns": {
                "t_s": [float(i) for i in record],
                "live_s": [1.0] * N_RECORD,
                "gross": [int(n) for n in gross],
                "background_cps": [expected] * N_RECORD,
                "statistic": [round(float(s), 3) for s in statistic],
                "neutron": [int(n) for n in np.random.default_rng(5).poisson(0.2, N_RECORD)],
                "dose_rate_uSv_h": None,
                "latitude": latitude,
                "longitude": longitude,
            },
            "statistic_name": "excess",
            "threshold": 6.1,
            "encounters": [
                self._encounter(1, (FIRST, PEAK, LAST), "industrial", "Cs-137", place),
                self._encounter(2, SECOND, "medical", "Tc-99m", None),
            ],
        }

    def _encounter(
        self,
        number: int,
        records: tuple[int, int, int],
        source_class: str,
        nuclide: str,
        place: dict[str, float] | None,
    ) -> dict[str, Any]:
        first, peak, last = records
        return {
            "number": number,
            "first_record": first,
            "last_record": last,
            "peak_record": peak,
            "class": source_class,
            "neutron": False,
            "nuclear_material": False,
            "statistic": 12.5,
            "threshold": 6.1,
            "dose_rate_uSv_h": None,
            "nuclides": [{"name": nuclide, "class": source_class, "confidence": 0.98}],
            "position": place if self.positions else None,
            "alarm": "/alarms/1/" if number == 1 else None,
        }

    def waterfall(self) -> dict[str, Any]:
        if not self.spectra:
            return {
                "schema": "tocsin.waterfall/1",
                **{"rows": 0, "bins": 0, "records_per_row": 1, "axis": "channel", "edges": []},
                **{"live_s": [], "encoding": "uint16-le-base64", "counts": ""},
            }
        table = self.counts.reshape(N_RECORD, N_CHANNEL // 4, 4).sum(axis=2)
        edges = np.arange(N_CHANNEL // 4 + 1) * 4.0 * (KEV_PER_CHANNEL if self.calibrated else 1.0)
        return {
            "schema": "tocsin.waterfall/1",
            "rows": N_RECORD,
            "bins": N_CHANNEL // 4,
            "records_per_row": 1,
            "axis": "energy_keV" if self.calibrated else "channel",
            "edges": [round(float(e), 3) for e in edges],
            "live_s": [1.0] * N_RECORD,
            "encoding": "uint16-le-base64",
            "counts": base64.b64encode(table.astype("<u2").tobytes()).decode(),
        }

    def spectrum(self, first: int, last: int) -> dict[str, Any]:
        if not self.spectra:
            return self._nothing(first, last)
        edges = [round(KEV_PER_CHANNEL * i, 4) for i in range(N_CHANNEL + 1)]
        return {
            "schema": "tocsin.spectrum/1",
            "first_record": first,
            "last_record": last,
            "live_time_s": float(last - first + 1),
            "real_time_s": None,
            "counts": [int(n) for n in self.counts[first : last + 1].sum(axis=0)],
            "edges_keV": edges if self.calibrated else None,
            "background": {
                "origin": "tracked",
                "live_time_s": 60.0,
                "counts": [round(float(60.0 * b), 2) for b in self.background],
                "first_record": None,
                "last_record": None,
            },
        }

    def _nothing(self, first: int, last: int) -> dict[str, Any]:
        return {
            "schema": "tocsin.spectrum/1",
            "first_record": first,
            "last_record": last,
            "live_time_s": float(last - first + 1),
            "real_time_s": None,
            "counts": [],
            "edges_keV": None,
            "background": None,
        }


def _line(energy_keV: float, intensity: float, emitter: str, kind: str = "gamma") -> dict[str, Any]:
    return {
        "energy_keV": energy_keV,
        "intensity": intensity,
        "emitter": emitter,
        "kind": kind,
        "origin": "ENSDF, September 2023",
    }


LIBRARY: dict[str, dict[str, Any]] = {
    "Cs-137": {
        "name": "Cs-137",
        "class": "industrial",
        "lines": [
            _line(661.657, 0.851, "Ba-137m"),
            _line(32.194, 0.0364, "Ba-137m", "x-ray"),
        ],
    },
    "Tc-99m": {"name": "Tc-99m", "class": "medical", "lines": [_line(140.511, 0.89, "Tc-99m")]},
    "Co-60": {
        "name": "Co-60",
        "class": "industrial",
        "lines": [_line(1332.492, 0.9998, "Co-60"), _line(1173.228, 0.9985, "Co-60")],
    },
}


def reference_lines(names: list[str] | None) -> dict[str, Any] | None:
    """Lines of the named nuclides, else of those of the encounters; None for an unknown name."""
    wanted = names or ["Cs-137", "Tc-99m"]
    if any(name not in LIBRARY for name in wanted):
        return None
    return {
        "schema": "tocsin.reference-lines/1",
        "library": "Tocsin nuclide library, test edition",
        "nuclides": [LIBRARY[name] for name in wanted],
    }
