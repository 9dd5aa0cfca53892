"""Benign files of the formats that only our own readers take, with values of one's choice."""

from __future__ import annotations

import datetime as dt
import functools
import io
import json
import operator
import struct
from collections.abc import Sequence

import h5py
import numpy as np

START_S = 1_700_000_000
FIRST = "2024-03-01"
COUNTS = (0, 3, 12, 7, 1, 0, 0, 2)


def ers(
    spectra: Sequence[Sequence[int]] = (COUNTS, COUNTS, COUNTS),
    *,
    version: int = 1,
    header: str = "",
    dose: str = "",
) -> str:
    """ERS of version 1 or 2, one point per second."""
    if version == 1:
        lines = ["/*", "V 1.0", 'HORG "TEST"', 'IAP "NaI 4 l"', header]
        for n, counts in enumerate(spectra):
            lines += [
                f'N "point-{n + 1}" CD "{FIRST}Z" CT "12-00-{n:02d}Z" PE {8 + n / 1000} PN 47.25'
                + " PH 80"
                + (f" DHSR {dose}" if dose else ""),
                '#S "' + " ".join(map(str, counts)) + '"',
            ]
    else:
        lines = ["/*", "V 2.0", "HORG TEST", "IAP NaI 4 l", header]
        for n, counts in enumerate(spectra):
            lines.append(
                f"PA point {n + 1};CD {FIRST};CT 12:00:{n:02d};PE {8 + n / 1000};PN 47.25;PZ 500;"
                f"TR 1000;TL 990;DHSR {dose or '0.05'};#S {' '.join(map(str, counts))};"
                f"#SC {sum(counts)}"
            )
    return "\r\n".join(line for line in lines if line) + "\r\n/* end\r\n"


def pei(spectra: Sequence[Sequence[int]] = (tuple(range(16)),) * 3, *, fix: int = 1) -> str:
    """A PEI table with semicolons and decimal commas."""
    n = len(spectra[0])
    names = ["RECS", "Epoch", "GPSFix", "Lat", "Lon", "GAlt", "Temp", "CpsL_GM"]
    lines = [";".join(names + [f"NAI2_{c + 1}" for c in range(n)])]
    for r, counts in enumerate(spectra):
        cells = [
            str(r + 1),
            "1,55E+09",
            str(fix),
            "48,80112",
            f"16,{80505 + r}",
            "176,5",
            "-1,5",
            "2",
        ]
        lines.append(";".join(cells + [str(c) for c in counts]))
    return "\r\n".join(lines) + "\r\n"


def track_text(rates: Sequence[float] = (1.5, 1.75, 2.0), *, local_hours: int = 0) -> str:
    """A RadiaCode track as the Android application writes it."""
    lines = [
        "Track: a walk\tRC-102-000001\t \tEC",
        "Timestamp\tTime\tLatitude\tLongitude\tAccuracy\tDoseRate\tCountRate\tComment",
    ]
    for n, rate in enumerate(rates):
        filetime = (11_644_473_600 + START_S + 5 * n) * 10_000_000
        local = dt.datetime.fromtimestamp(START_S + 5 * n + 3600 * local_hours, tz=dt.UTC)
        clock = f"{local:%Y-%m-%d %H:%M:%S}"
        lines.append(
            f"{filetime}\t{clock}\t47.{n:06d}\t8.5\t{3 + n}.5\t{100 * rate:g}\t{rate:g}\t "
        )
    return "\n".join(lines) + "\n"


def track_json(
    rates: Sequence[float] = (1.5, 1.75, 2.0), *, sv: bool | None = None, shuffled: bool = False
) -> str:
    """A RadiaCode track as the iOS application writes it."""
    markers = [
        {
            "date": START_S + 5 * n,
            "lat": 47.0 + n / 1e6,
            "lon": 8.5,
            "countRate": rate,
            "doseRate": rate / 100,
        }
        for n, rate in enumerate(rates)
    ]
    document: dict[str, object] = {
        "id": "6CE91B76-B1F5-46F4-BB6F-02E8DC8ED24C",
        "title": "Track",
        "devices": ["RC-101-000001"],
        "start": START_S,
        "periods": [],
        "markers": markers[::-1] if shuffled else markers,
    }
    if sv is not None:
        document["sv"] = sv
    return json.dumps(document, indent=1)


def poll_log(
    totals: Sequence[Sequence[int]] = ((5, 5, 5), (5, 5, 5), (6, 5, 8), (9, 9, 9)),
    *,
    durations: Sequence[float] | None = None,
    step_s: float = 1.0,
) -> str:
    """A RadiaCode poll log: totals, a fix and a reading before each but the first."""
    lines = []
    for n, counts in enumerate(totals):
        when = START_S + step_s * n
        if n:
            lines.append(
                json.dumps({"time": f"2023-11-14T22:13:{20 + n:02d}.000Z", "gnss": True, "mode": 3,
                            "lat": 47.0, "lon": 8.0 + n / 1e4, "alt": 400.0, "speed": 1.25})
            )  # fmt: skip
            lines.append(
                json.dumps({"time": when - 0.1, "serial_number": "RC-103-000001",
                            "type": "RealTimeData", "count_rate": 5.5, "dose_rate": 1e-5})
            )  # fmt: skip
        duration = durations[n] if durations is not None else 10.0 + round(step_s * n)
        lines.append(
            json.dumps({"timestamp": when, "serial_number": "RC-103-000001", "duration": duration,
                        "calibration": [0.0, 2.5, 0.001], "counts": list(counts)})
        )  # fmt: skip
    return "\n".join(lines) + "\n"


def sentence(body: str) -> str:
    """A line of a log with its check sum."""
    total = functools.reduce(operator.xor, body.encode(), 0)
    return f"${body}*{total:02X}"


def bgeigie(
    counts: Sequence[int] = (3, 0, 7),
    *,
    fix: str = "A",
    time: str = "2024-03-01T12:00:{:02d}Z",
    place: str = "4715.0000,N,00830.0000,E",
) -> str:
    """A bGeigie log."""
    lines = ["# NEW LOG", "# format=test", "# deadtime=off"]
    total = 0
    for n, c in enumerate(counts):
        total += c
        lines.append(
            sentence(
                f"BNRDD,1234,{time.format(5 * n)},{12 * c},{c},{total},A,{place},450.5,{fix},7,130"
            )
        )
    return "\r\n".join(lines) + "\r\n"


def atomfast(rates: Sequence[float] = (0.08, 0.09, 0.11)) -> str:
    """An AtomFast track."""
    return json.dumps(
        [
            {"dv": 7, "d": d, "r": 4, "lat": 55.5, "lng": 37.5 + n / 1e4, "t": 1000 * (START_S + n)}
            for n, d in enumerate(rates)
        ]
    )


def iec(
    counts: Sequence[int] = tuple(range(40)),
    *,
    date: str = "09/22/21 10:54:31",
    coefficients: Sequence[float] = (-0.5, 0.75, 0.0, 0.0),
    pairs: Sequence[float] = (),
) -> str:
    """IEC 1455."""
    lines = [
        "TEST   HPGE   0   0     0",
        f"   3564.00     3600.00  {len(counts):d}",
        date,
        "".join(f"{c:15.8E}" for c in coefficients),
        " 0.00000000E+00" * 4,
        *(["a sample"] + [""] * 4),
    ]
    numbers = [*pairs, *[0.0] * (48 - len(pairs))]
    lines += ["".join(f"{v:16.9E}" for v in numbers[4 * n : 4 * n + 4]) for n in range(12)]
    lines += ["".join(f"{0.0:16.9E}" for _ in range(4))] * 24
    lines += [""] * 12
    padded = [*counts, *[0] * (-len(counts) % 5)]
    lines += [
        f"{n:6d}" + "".join(f"{c:10d}" for c in padded[n : n + 5]) for n in range(0, len(padded), 5)
    ]
    return "".join(f"A004{line:<66}\r\n" for line in lines)


def h5(
    counts: Sequence[float] = COUNTS, *, gain_keV: float = 0.5, chunk: int | None = None
) -> bytes:
    """A spectrum as becquerel stores it."""
    out = io.BytesIO()
    n = len(counts)
    with h5py.File(out, "w") as file:
        packing = {
            "compression": "gzip",
            "compression_opts": 9,
            "chunks": (chunk,) if chunk else True,
        }
        file.create_dataset("counts", data=np.array(counts, dtype=float), **packing)
        edges = np.arange(n + 1.0)
        file.create_dataset("bin_edges_raw", data=edges, **packing)
        file.create_dataset("bin_edges_kev", data=0.25 + gain_keV * edges, **packing)
        group = file.create_group("energy_cal")
        group.create_dataset("expression", data="p[0] + p[1] * x")
        group.create_dataset("params", data=np.array([0.25, gain_keV]), compression="gzip")
        file.attrs.update(
            {"livetime": 95.5, "realtime": 100.0, "start_time": "2024-03-01T12:00:00",
             "SPEC_ID": "a sample", "PRESETS": np.array(["None", "0"], dtype=object)}
        )  # fmt: skip
    return out.getvalue()


def list_mode(
    pulses: Sequence[tuple[float, int]] = ((0.1, 5), (0.2, 5), (1.4, 900), (2.9, 17)),
    *,
    style: int = 1,
    length_s: float = 3.0,
    clock_s: float = 1.0,
) -> bytes:
    """ORTEC list mode: pulses of (time, channel) and words of the clock between."""
    header = struct.pack(
        "<iid80s9s16s80sB4s3fB3fii2f9x",
        -13, style, 45352.5, b"dev", b"mcb", b"4711", b"a list", 1, b"keV",
        0.0, 3.0, 0.0, 0, 0.0, 0.0, 0.0, 1024, 1, length_s, length_s,
    )  # fmt: skip
    words: list[tuple[float, int, int]] = []
    offset_us = round(clock_s * 1e6)
    if style == 1:
        for n in range(int(length_s / 1.048576) + 2):
            us = n << 20
            words.append((us / 1e6, 0, 0x80000000 | (offset_us + us) & 0x7FFFFFFF))
        for t, channel in pulses:
            us = round(t * 1e6) + offset_us
            words.append((t, 1, (channel + 1) << 21 | us & 0x1FFFFF))
    else:
        for tick in range(round(100 * length_s) + 1):
            words.append((tick / 100, 0, 2 << 30 | tick))
            words.append((tick / 100, 1, 1 << 30 | tick * 9 // 10))
        for t, channel in pulses:
            tick = int(100 * t)
            fine = round((t - tick / 100) / 80e-9)
            words.append((t, 2, 3 << 30 | channel << 17 | fine))
    words.sort()
    return header + b"".join(struct.pack("<I", w) for _t, _k, w in words)
