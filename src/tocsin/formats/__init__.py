"""Untrusted bytes to recordings, in a sandboxed worker; recordings to N42-2012, CSV and URIs.

``read`` takes every format; what it cannot read completely it refuses with a ``ParseError``.
"""

from tocsin.formats.csv_writer import write_csv
from tocsin.formats.limits import OFFLINE, ONLINE, Limits, limits_for
from tocsin.formats.n42_writer import write_n42
from tocsin.formats.quarantine import Quarantine, Quarantined
from tocsin.formats.raddata_writer import write_qr, write_raddata
from tocsin.formats.reader import Reader, default_reader, read, read_bytes, sandbox_status

__all__ = [
    "OFFLINE",
    "ONLINE",
    "Limits",
    "Quarantine",
    "Quarantined",
    "Reader",
    "default_reader",
    "limits_for",
    "read",
    "read_bytes",
    "sandbox_status",
    "write_csv",
    "write_n42",
    "write_qr",
    "write_raddata",
]
