"""A signal ends what waits, at whatever moment it comes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from tocsin.field.stopping import SignalStop, stopping

STORM = """
import os, signal, sys, threading, time
if sys.argv[1] == "device":
    from tocsin.field.stopping import SignalStop
    stop = SignalStop()
    signal.signal(signal.SIGTERM, lambda _s, _f: stop.set())
else:
    from tocsin.server.told_to_end import told_to_end
    stop = told_to_end()
# the handler is entered wherever the interpreter is, inside of wait and of set among others
ended = threading.Event()
def shoot():
    while not ended.is_set():
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.001)
shooter = threading.Thread(target=shoot)
shooter.start()
until = time.monotonic() + 2.0
turns = 0
while time.monotonic() < until:
    stop.wait(0.0)
    turns += 1
ended.set()
shooter.join()
print(turns > 1000 and stop.is_set())
"""


@pytest.mark.parametrize("side", ["device", "server"])
def test_signals_at_any_moment_of_a_wait_block_nothing(side: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", STORM, side],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "True"), done.stderr


def test_a_handler_inside_of_set_and_wait_takes_no_lock() -> None:
    """The same told by where the handler is entered: at every line of what it interrupts."""
    stop, entered = SignalStop(), []

    def trace(frame: object, event: str, _arg: object) -> object:
        if getattr(frame, "f_code", None) in (SignalStop.wait.__code__, SignalStop.set.__code__):
            entered.append(event)
            sys.settrace(None)
            stop.set()  # as the handler does, in the same thread
            sys.settrace(trace)
        return trace

    sys.settrace(trace)
    try:
        stop.wait(0.0)
        stop.set()
    finally:
        sys.settrace(None)
    assert len(entered) > 5
    assert stop.is_set()


def test_who_waits_is_woken_and_a_second_signal_ends_at_once() -> None:
    with stopping() as stop:
        assert not stop.wait(0.01)
        pressed = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT))
        pressed.start()
        assert stop.wait(60.0)  # without it the test ends by its own limit of time
        pressed.join()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        assert stop.wait(60.0)  # for good, for each who asks


def test_many_calls_do_not_fill_the_pipe() -> None:
    stop = SignalStop()
    for _ in range(200_000):
        stop.set()
    assert stop.wait()
