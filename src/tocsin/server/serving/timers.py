"""The timer process: deadlines, escalation, outboxes and the log's sequencer, once a second."""

from __future__ import annotations

import logging
import os
import signal
import threading
from pathlib import Path
from types import FrameType

import django

TICK_S = 1.0


def beat_path() -> Path:
    """File whose time says when the timers last ran."""
    from django.conf import settings

    return Path(settings.TOCSIN.data) / "log" / "timers-beat"


def run(stop: threading.Event) -> None:
    """Run all steps at every tick until told to stop."""
    from django.db import close_old_connections

    from tocsin.server.clock import now
    from tocsin.server.duties.timers import run_steps

    while not stop.is_set():
        close_old_connections()
        try:
            run_steps(now())
            beat_path().touch()
        except Exception:
            # the database may be away for a while; the process goes on
            logging.getLogger(__name__).exception("tick failed")
        stop.wait(TICK_S)


def main() -> None:
    """Start as a process of its own."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tocsin.server.settings")
    django.setup()
    from tocsin.server.audit.sequencer import Step
    from tocsin.server.duties.timers import register
    from tocsin.server.marking.reading import forget_old

    register(Step().run)
    register(forget_old)
    stop = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    run(stop)


if __name__ == "__main__":
    main()
