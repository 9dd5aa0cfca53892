"""The single-threaded parent of all workers: imports the readers once and forks per file.

Started as ``python -m tocsin.formats.zygote FD`` by :mod:`tocsin.formats.reader`. It talks over a
sequenced-packet socket: one packet is one request and carries three descriptors (sealed bytes,
pipe for the answer, socket for the verdict on the worker). It never looks at the bytes itself.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tocsin.errors import ParseError
from tocsin.formats import confinement, wire
from tocsin.formats.limits import Limits
from tocsin.formats.parse import parse, warm_up

MAX_PACKET = 1 << 16
_LATE_S = 2.0  # after a kill the kernel still has to take the memory back


@dataclass(slots=True)
class _Worker:
    pid: int
    pidfd: int
    verdict: socket.socket
    deadline: float
    late: bool = False


def serve(control: socket.socket, *, workers: int) -> None:
    """Take requests until the other end closes; at most ``workers`` files at a time."""
    running: dict[int, _Worker] = {}
    while True:
        poll = select.poll()
        if len(running) < workers:
            poll.register(control.fileno(), select.POLLIN)
        for fd in running:
            poll.register(fd, select.POLLIN)
        now = time.monotonic()
        wait_s = min((w.deadline - now for w in running.values()), default=None)
        events = poll.poll(None if wait_s is None else max(0, int(wait_s * 1000) + 1))
        for fd, _ in events:
            if fd in running:
                _bury(running.pop(fd))
            elif not _accept(control, running):
                for worker in running.values():
                    os.kill(worker.pid, signal.SIGKILL)
                return
        now = time.monotonic()
        for worker in running.values():
            if now >= worker.deadline:
                os.kill(worker.pid, signal.SIGKILL)
                worker.late = True
                worker.deadline = now + _LATE_S


def _accept(control: socket.socket, running: dict[int, _Worker]) -> bool:
    """Fork a worker for the next request; False when the other end is gone."""
    packet, fds, _flags, _address = socket.recv_fds(control, MAX_PACKET, 3)
    if not packet:
        return False
    if len(fds) != 3:
        for fd in fds:
            os.close(fd)
        return True
    source, answer, verdict_fd = fds
    verdict = socket.socket(fileno=verdict_fd)
    try:
        request = json.loads(packet)
        limits = Limits(**request["limits"])
        pid = os.fork()
    except (OSError, ValueError, KeyError, TypeError):
        # No worker for this request (cut-off packet, no process left): its sender sees both
        # descriptors close, and everybody else's worker lives on.
        verdict.close()
        pid = -1
    if pid == 0:
        _work(source, answer, request, limits)
    os.close(source)
    os.close(answer)
    if pid < 0:
        return True
    pidfd = os.pidfd_open(pid)
    running[pidfd] = _Worker(pid, pidfd, verdict, time.monotonic() + limits.wall_s)
    with contextlib.suppress(OSError):
        verdict.send(b'{"started":true}')
    return True


def _bury(worker: _Worker) -> None:
    """Collect a dead worker and tell the requester how it died."""
    _pid, status, usage = os.wait4(worker.pid, 0)
    os.close(worker.pidfd)
    verdict = {
        "exit": os.WEXITSTATUS(status) if os.WIFEXITED(status) else None,
        "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else None,
        "late": worker.late,
        "peak_rss": usage.ru_maxrss * 1024,
        "cpu_s": usage.ru_utime + usage.ru_stime,
    }
    with contextlib.suppress(OSError):
        worker.verdict.send(json.dumps(verdict).encode())
    worker.verdict.close()


def _work(source: int, answer: int, request: dict[str, Any], limits: Limits) -> None:
    """Life of a worker: confine, read the bytes, parse, answer, die. Never returns."""
    code = 70
    try:
        # First out of the way of 3 and 4, which may be taken by one another.
        source_copy = fcntl.fcntl(source, fcntl.F_DUPFD, 16)
        answer_copy = fcntl.fcntl(answer, fcntl.F_DUPFD, 16)
        os.dup2(source_copy, 3)
        os.dup2(answer_copy, 4)
        os.closerange(5, os.sysconf("SC_OPEN_MAX"))
        layers = confinement.confine(limits)
        if request.get("op") == "status":
            _write_all(4, [json.dumps(layers).encode()])
        else:
            _write_all(4, _answer(request, limits))
        code = 0
    except (OSError, MemoryError):
        code = 71
    finally:
        os._exit(code)


def _answer(request: dict[str, Any], limits: Limits) -> Iterator[bytes]:
    try:
        size = os.lseek(3, 0, os.SEEK_END)
        os.lseek(3, 0, os.SEEK_SET)
        data = bytearray(size)
        view, at = memoryview(data), 0
        while at < size:
            n = os.readv(3, [view[at:]])
            if n == 0:
                raise ParseError("the bytes handed over are cut off", code="unreadable")
            at += n
        view.release()
        parsed = parse(
            bytes(data), path="/proc/self/fd/3", limits=limits, file_name=request["file_name"]
        )
        return wire.encode(parsed.recording, expected=parsed.expected, found=parsed.found)
    except ParseError as error:
        return wire.encode_error(error)
    except MemoryError:
        return wire.encode_error(
            ParseError("the file needs more memory than a worker is given", code="memory")
        )
    except RecursionError:
        return wire.encode_error(ParseError("the file is nested too deeply", code="refused"))
    except Exception as error:  # noqa: BLE001 - last fence: whatever a library raises on hostile bytes
        return wire.encode_error(
            ParseError(f"no reader understands this file ({type(error).__name__})")
        )


def _write_all(fd: int, pieces: Iterable[bytes]) -> None:
    for piece in pieces:
        view = memoryview(piece)
        while view:
            view = view[os.write(fd, view) :]


def main() -> int:
    """Entry point: ``python -m tocsin.formats.zygote FD WORKERS``."""
    fd, workers = int(sys.argv[1]), int(sys.argv[2])
    control = socket.socket(fileno=fd)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warm_up()
    no_network = confinement.leave_network()
    gc.collect()
    gc.freeze()
    gc.disable()  # workers live for one file
    control.send(json.dumps({"ready": True, "no_network": no_network}).encode())
    serve(control, workers=workers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
