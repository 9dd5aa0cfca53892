"""A device that measures and sends until it is told to end; run and killed by test_kill_devices.py.

Arguments: folder of the device, address of the server, number of the first record, realm.
"""

from __future__ import annotations

import datetime as dt
import sys
import time
from pathlib import Path

from tocsin.field.agent import SendingThread, device_key, open_spool
from tocsin.field.sending import Https
from tocsin.spectra import Instrument, Record, Spectrum

BEGAN = dt.datetime(2026, 5, 1, 9, 0, tzinfo=dt.UTC)
EVERY = 7
"""So many records lie between two messages of the detector."""


def record(number: int) -> Record:
    """The one record of this number in any run."""
    counts = [number % 251, number // 251, 3]
    start = BEGAN + dt.timedelta(seconds=number)
    return Record(spectra=(Spectrum(counts, 1.0, 1.0),), start=start, real_time_s=1.0)


def said(number: int, realm: str) -> dict[str, object]:
    """A message of the detector that names its record."""
    return {
        "stage": "opened",
        "number": number + 1,
        "record": number,
        "statistic": 9.0,
        "threshold": 5.0,
        "encounter": {},
        "instrument": "Pack",
        "realm": realm,
        "versions": {},
    }


def main() -> None:
    """Measure from a record on, send beside it, end when the file ``enough`` is there."""
    folder, address, number, realm = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]
    spool = open_spool(folder, device_key(folder))
    boot = spool.begin()
    spool.close_earlier(boot)
    sending = SendingThread(folder, Https(address), lambda _line: None)
    sending.start()
    while not (folder / "enough").exists():
        spool.add(boot, record(number), Instrument("Maker", "Pack"), realm)
        if number % EVERY == 0:
            spool.alarm(boot, said(number, realm))
        print(number, flush=True)  # noqa: T201 - what was told of must be there in the end
        number += 1
        time.sleep(0.03)
    spool.end(boot)
    spool.close()
    print("sent" if sending.drain(600.0) else "left", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
