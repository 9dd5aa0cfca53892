"""What the spool does not take for a reason of its own is kept in a file beside it, whole.

One record that cannot be packed must neither be lost nor hold up those behind it. The files are for
a person: JSON with every value, counts as numbers, what is no number in words (``"nan"``); nothing
sends them.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import math
import os
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np


def set_aside(folder: Path, what: dict[str, Any], why: str) -> Path:
    """Write it into a new file of the folder, synced; the file.

    Raises
    ------
    OSError
        When it cannot be written.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    at = datetime.now(UTC)
    path = folder / f"{at:%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:12]}.json"
    whole = _sayable({"why": why, "at": at.isoformat(), **what})
    text = json.dumps(whole, allow_nan=False)
    part = path.with_suffix(".part")
    try:
        with open(part, "x", encoding="ascii", opener=_own) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    return path


def _own(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _sayable(value: object) -> Any:
    """A value of a record as JSON has it."""
    if dataclasses.is_dataclass(value):
        return {f.name: _sayable(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(name): _sayable(one) for name, one in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return _sayable(value.tolist())
    if isinstance(value, list | tuple):
        return [_sayable(one) for one in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
