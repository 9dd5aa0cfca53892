"""Second opinions on the formats of our own readers: slow, plain, and apart from them.

Each answers with the number of parts (spectra, or markers of a track) and the sum of all that was
counted, ``DAMAGED`` where the file cannot be whole, None where it is not known well enough to say.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import math
import re
import struct
import zlib
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import h5py

from .verdict import DAMAGED, Answer, Content

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\Z")


def _floats(words: list[str]) -> list[float] | None:
    return [float(w) for w in words] if all(_NUMBER.match(w) for w in words) else None


def _text(data: bytes) -> str | None:
    return None if b"\x00" in data else data.decode("utf-8", "replace").removeprefix("\ufeff")


def ers(data: bytes) -> Answer:
    """Every ``#S`` and what continues it."""
    text = _text(data)
    if text is None:
        return DAMAGED
    spectra, total, follows = 0, 0.0, False
    for line in re.split(r"\r\n|\n|\r", text):
        if line.lstrip().startswith("/*"):
            continue
        for pair in line.split(";"):
            name, _, value = pair.strip().partition(" ")
            if name == "#S" or re.fullmatch(r"#S_D[0-9]{1,3}", name):
                spectra, follows = spectra + 1, True
            elif name != "#S_+" or not follows:
                follows = follows and not name
                continue
            numbers = _floats(value.strip().strip('"').split())
            if not numbers:
                return DAMAGED
            total += math.fsum(numbers)
    return Content(spectra, total) if spectra else None


def iec(data: bytes) -> Answer:
    """Counts from line 59 on, as many as line 2 says."""
    text = _text(data)
    lines = [line for line in re.split(r"\r\n|\n|\r", text or "") if line.strip()]
    if len(lines) < 59 or not all(line.startswith("A004") for line in lines):
        return DAMAGED
    try:
        stated = int(lines[1][4:].split()[2])
        values = [int(w) for line in lines[58:] for w in line[4:].split()[1:]]
        firsts = [int(line[4:].split()[0]) for line in lines[58:]]
    except (ValueError, IndexError):
        return DAMAGED
    if len(values) < stated or any(b <= a for a, b in pairwise(firsts)):
        return DAMAGED
    return Content(1, float(sum(values[:stated])))


def pei(data: bytes) -> Answer:
    """Cells of the columns ``..._1`` to ``..._n``."""
    text = _text(data)
    lines = [line for line in re.split(r"\r\n|\n|\r", text or "") if line.strip()]
    names = [n.strip().strip('"') for n in lines[0].split(";")] if lines else []
    columns = [k for k, n in enumerate(names) if re.fullmatch(r"NAI2_[1-9][0-9]*", n)]
    if not columns:
        return None
    total = 0.0
    for line in lines[1:]:
        cells = line.split(";")
        if len(cells) != len(names):
            return DAMAGED
        numbers = _floats([cells[k].strip().strip('"').replace(",", ".") for k in columns])
        if numbers is None:
            return DAMAGED
        total += math.fsum(numbers)
    return Content(len(lines) - 1, total)


def poll_log(data: bytes) -> Answer:
    """Totals, and what each adds to the one before (the first included)."""
    text = _text(data)
    if text is None:
        return DAMAGED
    totals: list[dict[str, Any]] = []
    for line in re.split(r"\r\n|\n|\r", text):
        if not line.strip():
            continue
        try:
            item = json.loads(line)
        except (ValueError, RecursionError):
            return DAMAGED
        if isinstance(item, dict) and "counts" in item:
            totals.append(item)
    if not totals:
        return None
    try:
        added = float(sum(totals[0]["counts"]))
        for before, now in pairwise(totals):
            falls = now["duration"] < before["duration"] or any(
                b < a for a, b in zip(before["counts"], now["counts"], strict=False)
            )
            fresh = falls or len(now["counts"]) != len(before["counts"])
            added += float(sum(now["counts"])) - (0.0 if fresh else float(sum(before["counts"])))
    except (TypeError, KeyError):
        return DAMAGED
    kept = totals[0]["duration"] > 0 or any(totals[0]["counts"])
    return Content(len(totals) + (1 if len(totals) > 1 and kept else 0), added)


def track(data: bytes) -> Answer:
    """Markers of either kind of track, and the sum of their count rates."""
    text = _text(data)
    if text is None:
        return DAMAGED
    if text.lstrip().startswith("{"):
        try:
            document = json.loads(text)
            rates = [float(m["countRate"]) for m in document["markers"]]
        except (ValueError, TypeError, KeyError, RecursionError):
            return DAMAGED
        return Content(len(rates), math.fsum(rates))
    lines = [line for line in re.split(r"\r\n|\n|\r", text) if line.strip()]
    names = lines[1].split("\t") if len(lines) > 1 else []
    if "CountRate" not in names:
        return None
    at = names.index("CountRate")
    rows = [line.split("\t") for line in lines[2:]]
    if any(len(row) not in (len(names), len(names) - 1) for row in rows):
        return DAMAGED
    values = _floats([row[at].strip() for row in rows])
    return DAMAGED if values is None else Content(len(values), math.fsum(values))


def log(data: bytes) -> Answer:
    """Sentences, and the counts of those whose check sum is right."""
    text = _text(data)
    if text is None:
        return DAMAGED
    parts, total = 0, 0.0
    for line in re.split(r"\r\n|\n|\r", text):
        if not line.strip().startswith("$"):
            continue
        parts += 1
        body, star, stated = line.strip()[1:].partition("*")
        value = 0
        for byte in body.encode():
            value ^= byte
        if not star or stated.upper() != f"{value:02X}":
            return DAMAGED
        total += float(body.split(",")[4])
    return Content(parts, total) if parts else None


def hdf5(data: bytes) -> Answer:
    """The dataset ``counts`` by the library that writes the format."""
    try:
        with h5py.File(io.BytesIO(data)) as file:
            counts = file["counts"][()]
    except Exception:  # noqa: BLE001 - whatever the library says to damaged bytes
        return None
    return Content(1, float(counts.sum()))


def pulses(data: bytes) -> Answer:
    """Words of list mode that are pulses."""
    if len(data) < 256 or (len(data) - 256) % 4:
        return DAMAGED
    style = data[4]
    words = [w for (w,) in struct.iter_unpack("<I", data[256:])]
    top = [w for w in words if w < 1 << 31] if style == 1 else [w for w in words if w >> 30 == 3]
    return Content(0, float(len(top)))


def uri(data: bytes) -> Answer:
    """One URI in base 64, of packed numbers without counted zeroes."""
    found = re.fullmatch(rb"RADDATA://G0/1800/([A-Za-z0-9_-]+)\s*", data)
    if found is None:
        return None
    try:
        body = zlib.decompress(base64.urlsafe_b64decode(found[1] + b"=" * (-len(found[1]) % 4)))
    except (zlib.error, binascii.Error, ValueError):
        return DAMAGED
    numbers = body.split(b" S:", 1)[-1]
    n = int.from_bytes(numbers[:2], "little")
    at, total = 2 + (n + 3) // 4, 0
    for k in range(n):
        width = (numbers[2 + k // 4] >> 2 * (k % 4) & 3) + 1
        total += int.from_bytes(numbers[at : at + width], "little")
        at += width
    return Content(1, float(total))


OPINIONS: dict[str, Callable[[bytes], Answer]] = {
    ".ers": ers,
    ".iec": iec,
    ".csv": pei,
    ".ndjson": poll_log,
    ".rctrk": track,
    ".log": log,
    ".h5": hdf5,
    ".lis": pulses,
    ".uri": uri,
}
# Kinds whose parts are markers with rates or counts, not spectra.
OF_MARKERS = frozenset((".rctrk", ".log"))
