"""Writing measurements: each change in one transaction with its leaf in the audit log."""

from tocsin.server.measurements.services.answers import finish_reanalysis, finish_upload
from tocsin.server.measurements.services.asking import RATES_PER_H, ask_again
from tocsin.server.measurements.services.refusal import Refused
from tocsin.server.measurements.services.turns import (
    advance,
    begin,
    fail,
    resume,
    stopped_before,
)
from tocsin.server.measurements.services.uploads import (
    compartments_of,
    keep_recording,
    most_bytes,
    tell_export,
    try_again,
    upload,
    used_bytes,
)

__all__ = [
    "RATES_PER_H",
    "Refused",
    "advance",
    "ask_again",
    "begin",
    "compartments_of",
    "fail",
    "finish_reanalysis",
    "finish_upload",
    "keep_recording",
    "most_bytes",
    "resume",
    "stopped_before",
    "tell_export",
    "try_again",
    "upload",
    "used_bytes",
]
