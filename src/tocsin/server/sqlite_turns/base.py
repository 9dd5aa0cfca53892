"""SQLite as Django has it, but whoever wants to write looks for its turn every other millisecond.

One connection writes at a time, and the library's own way of waiting is to sleep longer at each
try, up to a tenth of a second. While the records of 200 instruments are written many times a
second, the short gaps between two of these transactions then mostly pass while an alarm sleeps. No
transaction is longer or shorter for this, and none sees anything else.
"""

from __future__ import annotations

import sqlite3
import time

from django.db.backends.sqlite3 import base

LOOK_S = 0.002
"""A try costs some hundredths of a millisecond; the gaps last a few milliseconds."""
USUAL_TIMEOUT_S = 5.0
"""Of Python's ``sqlite3`` where no other is set."""


class DatabaseWrapper(base.DatabaseWrapper):
    """Connection whose transactions begin as soon as the one before has ended."""

    transaction_mode: str | None

    def _start_transaction_under_autocommit(self) -> None:
        mode = self.transaction_mode
        if mode is None or self.is_in_memory_db():
            # nothing is locked at such a beginning, or the library waits for nobody
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
            return
        raw = self.connection
        timeout_s = float(self.settings_dict["OPTIONS"].get("timeout", USUAL_TIMEOUT_S))
        until_s = time.monotonic() + timeout_s
        raw.execute("PRAGMA busy_timeout = 0")
        try:
            while time.monotonic() < until_s:
                try:
                    raw.execute(f"BEGIN {mode}")
                except sqlite3.Error as error:
                    if getattr(error, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_BUSY:
                        break
                    time.sleep(LOOK_S)
                else:
                    return
            # the last try: what is wrong is told as Django tells it
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        finally:
            raw.execute(f"PRAGMA busy_timeout = {int(1e3 * timeout_s)}")
