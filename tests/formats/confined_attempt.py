"""Run as a program: confine this process like a worker, then try one thing.

Exit status 0: it was allowed; 1: it was refused. A process of its own, because the limit on memory
counts what is there already, and a test process that has grown beyond it can do nothing at all.
"""

from __future__ import annotations

import dataclasses
import os
import resource
import socket
import sys
import threading
from collections.abc import Callable

from tocsin.formats import ONLINE, confinement


def start_a_thread() -> None:
    thread = threading.Thread(target=len, args=("",))
    thread.start()
    thread.join()


def spin() -> None:
    while True:
        pass


FORBIDDEN: dict[str, Callable[[], object]] = {
    "fork": os.fork,
    "run a program": lambda: os.execv("/bin/true", ["true"]),  # noqa: S606 - must be refused
    "open a connection": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM),
    "send a signal": lambda: os.kill(os.getppid(), 0),
    "take 900 MB": lambda: bytearray(900 << 20),
    "lift a limit": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (999, 999)),
    "read a file of the system": lambda: open("/etc/passwd"),
    "write a file": lambda: os.open("/tmp/x", os.O_WRONLY | os.O_CREAT),  # noqa: S108 - must be refused
    "list a folder": lambda: os.listdir("/"),
}
ALLOWED: dict[str, Callable[[], object]] = {
    "start a thread": start_a_thread,
    "take 300 MB": lambda: bytearray(300 << 20),
    "spin": spin,
}


def main() -> None:
    attempt = (FORBIDDEN | ALLOWED)[sys.argv[1]]
    limits = dataclasses.replace(ONLINE, cpu_s=int(sys.argv[2]))
    confinement.confine(limits)
    status = 3
    try:
        attempt()
        status = 0
    except (OSError, MemoryError, ValueError):
        status = 1  # ValueError: what Python makes of a refused limit
    finally:
        os._exit(status)


if __name__ == "__main__":
    main()
