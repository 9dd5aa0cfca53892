"""Lines of the origins in the picture of a background."""

from __future__ import annotations

from tocsin.report.background_plot import ORIGIN_LINES
from tocsin.report.drawing import PALETTE


def test_eight_origins_have_eight_lines() -> None:
    assert len(set(ORIGIN_LINES)) == len(ORIGIN_LINES) >= 8
    assert {role for role, _ in ORIGIN_LINES} <= set(PALETTE)
    # measured counts and the fit keep their own
    assert not {"soft_ink", "signal"} & {role for role, _ in ORIGIN_LINES}
