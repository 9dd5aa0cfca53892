"""Makes the helpers of ``tests/formats`` and ``tests/detection`` importable for the long runs."""

from __future__ import annotations

import sys
from pathlib import Path

for _room in ("formats", "detection"):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / _room))
