"""What a second opinion may say of a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DAMAGED: Literal["damaged"] = "damaged"


@dataclass(frozen=True, slots=True)
class Content:
    """Spectra that hold channels (or markers of a track), and the sum of all that was counted."""

    spectra: int
    total: float


Answer = Content | Literal["damaged"] | None
