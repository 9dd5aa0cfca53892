"""The timer process: deadlines, escalation, outboxes and the log's sequencer, once a second."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import django

from tocsin.field.stopping import Stop
from tocsin.server.told_to_end import told_to_end

TICK_S = 1.0


def beat_path() -> Path:
    """File whose time says when the timers last ran."""
    from django.conf import settings

    return Path(settings.TOCSIN.data) / "log" / "timers-beat"


def run(stop: Stop) -> None:
    """Run all steps at every tick until told to stop; then bring to an end what is under way."""
    from django.db import close_old_connections

    from tocsin.server.clock import now
    from tocsin.server.duties.timers import run_ends, run_steps

    while not stop.is_set():
        close_old_connections()
        try:
            run_steps(now())
            beat_path().touch()
        except Exception:
            # the database may be away for a while; the process goes on
            logging.getLogger(__name__).exception("tick failed")
        stop.wait(TICK_S)
    close_old_connections()
    run_ends()


def main() -> None:
    """Start as a process of its own."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tocsin.server.settings")
    django.setup()
    from tocsin.server.all_addresses import read_all_addresses
    from tocsin.server.audit.sequencer import Step
    from tocsin.server.duties.timers import register
    from tocsin.server.marking.reading import forget_old

    register(Step().run)
    register(forget_old)
    read_all_addresses()
    run(told_to_end())


if __name__ == "__main__":
    main()
