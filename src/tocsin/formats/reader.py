"""The calling side of the sandbox: hand bytes over, take an answer back, believe nothing."""

from __future__ import annotations

import atexit
import contextlib
import dataclasses
import fcntl
import hashlib
import json
import os
import select
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any

from tocsin.errors import InvalidInput, ParseError
from tocsin.formats import wire
from tocsin.formats.display import MAX_NAME, format_hint, one_line
from tocsin.formats.limits import OFFLINE, ONLINE, Limits, limits_for
from tocsin.formats.quarantine import Quarantine
from tocsin.spectra import Recording

_START_S = 60.0  # importing the readers takes about 0.6 s; a loaded machine much longer
_GRACE_S = 10.0  # beyond the wall clock that the zygote keeps itself
_PIPE_BYTES = 1 << 20
_MAX_PATH = 1000  # of a path in a message
_SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


class Reader:
    """Reads spectrum files in resource-limited workers; safe to share between threads.

    Parameters
    ----------
    limits : Limits, optional
        Bounds for every file. By default they follow the size of the file: ``ONLINE`` up to
        16 MiB, ``OFFLINE`` up to 256 MiB.
    workers : int
        Files that are read at the same time.
    quarantine : Quarantine or path, optional
        Folder that keeps the bytes of what could not be read. Without it nothing is kept and
        nothing is remembered from one call to the next.

    Examples
    --------
    >>> with Reader() as reader:  # doctest: +SKIP
    ...     recording = reader.read("survey.n42")
    """

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        workers: int = 2,
        quarantine: Quarantine | Path | str | None = None,
    ) -> None:
        if workers < 1:
            raise InvalidInput(f"workers must be at least 1, not {workers!r}")
        self._limits = limits
        self._workers = workers
        if quarantine is not None and not isinstance(quarantine, Quarantine):
            quarantine = Quarantine(Path(quarantine))
        self._quarantine = quarantine
        self._lock = threading.Lock()
        self._zygote: _Zygote | None = None

    def __enter__(self) -> Reader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the workers; the reader starts them again when it is used again."""
        with self._lock:
            zygote, self._zygote = self._zygote, None
        if zygote is not None:
            zygote.close()

    def read(self, path: Path | str) -> Recording:
        """Read one file.

        Raises
        ------
        ParseError
            With a ``code``: ``not_found``, ``empty``, ``too_large``, ``unreadable``, ``refused``,
            ``truncated``, ``memory``, ``timeout``, ``crashed`` or ``quarantined``
            (docs/science/formats.md says what each means).
        """
        path = Path(path)
        file = one_line(str(path), limit=_MAX_PATH)
        cap = (self._limits or OFFLINE).max_bytes
        try:
            data = _plain_bytes(path, cap)
        except (OSError, ValueError) as error:
            why = (error.strerror if isinstance(error, OSError) else None) or "impossible name"
            raise ParseError(f"cannot be opened ({why})", code="not_found", file=file) from error
        if data is None:
            raise ParseError("is no plain file", code="not_found", file=file)
        if len(data) > cap:
            raise _too_large(cap, file)
        return self._read(data, file=file, file_name=path.name)

    def read_bytes(self, data: bytes, *, file_name: str = "") -> Recording:
        """Read a file that is already in memory; the name only hints at the format."""
        shown = one_line(file_name, limit=_MAX_PATH)
        return self._read(bytes(data), file=shown, file_name=Path(file_name).name)

    def read_many(
        self, paths: Iterable[Path | str]
    ) -> Iterator[tuple[Path, Recording | ParseError]]:
        """Read several files at a time; results come in the order of the paths."""

        def one(path: Path) -> Recording | ParseError:
            try:
                return self.read(path)
            except ParseError as error:
                return error

        given = [Path(p) for p in paths]
        with ThreadPoolExecutor(self._workers) as pool:
            yield from zip(given, pool.map(one, given), strict=True)

    def status(self) -> dict[str, bool]:
        """Which layers of the sandbox are active here (asks a real worker)."""
        zygote = self._started()
        raw, _verdict = zygote.ask({"op": "status"}, b"?", ONLINE)
        try:
            layers = json.loads(bytes(raw))
        except ValueError as error:
            raise ParseError("the sandbox does not answer", code="sandbox") from error
        return {
            "separate_process": True,
            "no_network": zygote.no_network,
            **{str(name): bool(active) for name, active in layers.items()},
        }

    def _read(self, data: bytes, *, file: str, file_name: str) -> Recording:
        limits = self._limits or limits_for(len(data))
        file_name = one_line(file_name, limit=MAX_NAME)
        if not data:
            raise ParseError("the file is empty", code="empty", file=file)
        if len(data) > limits.max_bytes:
            raise _too_large(limits.max_bytes, file)
        sha256 = hashlib.sha256(data).hexdigest()
        if self._quarantine is not None:
            self._quarantine.refuse_known(sha256, file=file)
        try:
            recording = self._attempt(data, limits, file=file, file_name=file_name)
        except ParseError as error:
            error.file = file
            if self._quarantine is not None and error.code != "sandbox":
                self._quarantine.keep(data, sha256=sha256, error=error, file_name=file_name)
            raise
        return dataclasses.replace(recording, sha256=sha256, file_name=file_name)

    def _attempt(self, data: bytes, limits: Limits, *, file: str, file_name: str) -> Recording:
        request = {"op": "parse", "file_name": format_hint(file_name)}
        raw, verdict = self._started().ask(request, data, limits)
        _judge(verdict, limits, file=file)
        answer = wire.decode(raw, limits=limits, file=file)
        if verdict["peak_rss"] > limits.rss_fraction * limits.memory_bytes:
            raise ParseError(
                "reading came too close to the memory limit to be believed complete",
                code="memory",
                file=file,
            )
        if answer.expected is not None and answer.found != answer.expected:
            raise ParseError(
                f"{answer.expected} measurements and spectra are in the file, {answer.found} were "
                "read: the file is cut off or damaged",
                code="truncated",
                file=file,
            )
        return answer.recording

    def _started(self) -> _Zygote:
        with self._lock:
            if self._zygote is not None and not self._zygote.alive():
                self._zygote.close()
                self._zygote = None
            if self._zygote is None:
                self._zygote = _Zygote(self._workers)
            return self._zygote


def _plain_bytes(path: Path, cap: int) -> bytes | None:
    """Bytes of a plain file, at most one more than ``cap``; None for pipes, devices, folders.

    Opened without waiting: a pipe that nobody writes to must not hold the caller. A file whose
    size says that it is too large is not read at all.
    """
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        about = os.fstat(fd)
        if not stat.S_ISREG(about.st_mode):
            return None
        if about.st_size > cap:
            raise _too_large(cap, one_line(str(path), limit=_MAX_PATH))
        with os.fdopen(fd, "rb", closefd=False) as file:
            return file.read(cap + 1)
    finally:
        os.close(fd)


def _too_large(limit: int, file: str) -> ParseError:
    return ParseError(
        f"larger than the limit of {limit / (1 << 20):.0f} MiB", code="too_large", file=file
    )


def _judge(verdict: dict[str, Any], limits: Limits, *, file: str) -> None:
    """Turn the death of a worker into an error; a normal end passes."""
    if verdict["exit"] == 0:
        return
    if verdict["late"] or verdict["signal"] == signal.SIGXCPU:
        raise ParseError(
            f"reading took longer than {limits.cpu_s} s of processor or {limits.wall_s} s of time",
            code="timeout",
            file=file,
        )
    if verdict["signal"] == signal.SIGKILL and verdict["cpu_s"] >= limits.cpu_s:
        raise ParseError(
            f"reading took longer than {limits.cpu_s} s of processor", code="timeout", file=file
        )
    if verdict["peak_rss"] > limits.rss_fraction * limits.memory_bytes or verdict["exit"] == 71:
        raise ParseError(
            "the file needs more memory than a worker is given", code="memory", file=file
        )
    raise ParseError(
        "the file makes the reader crash (contained); it is damaged or hostile",
        code="crashed",
        file=file,
    )


class _Zygote:
    """Process that forks the workers, and the socket to it."""

    def __init__(self, workers: int) -> None:
        self._owner = os.getpid()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own module, fixed arguments
                [sys.executable, "-m", "tocsin.formats.zygote", str(theirs.fileno()), str(workers)],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=_environment(),
                cwd="/",
                start_new_session=True,
            )
        self._control = ours
        ours.settimeout(_START_S)
        try:
            greeting = json.loads(ours.recv(4096) or b"{}")
        except (OSError, ValueError):
            greeting = {}
        ours.settimeout(None)
        if not greeting.get("ready"):
            self.close()
            raise ParseError("the sandbox for reading files does not start", code="sandbox")
        self.no_network = bool(greeting.get("no_network"))

    def alive(self) -> bool:
        """True while the process runs (a copy of this object in a forked child cannot tell)."""
        return os.getpid() != self._owner or self._process.poll() is None

    def close(self) -> None:
        """Let the process end; it also ends by itself when its caller dies."""
        self._control.close()
        if os.getpid() != self._owner:
            return
        try:
            self._process.wait(timeout=2.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def ask(
        self, request: dict[str, Any], data: bytes, limits: Limits
    ) -> tuple[bytearray, dict[str, Any]]:
        """Answer and verdict of one worker."""
        request = {**request, "limits": dataclasses.asdict(limits)}
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        answer, answer_end = os.pipe()
        with ours, contextlib.closing(os.fdopen(answer, "rb", buffering=0)) as pipe:
            try:
                with contextlib.suppress(OSError):
                    fcntl.fcntl(answer, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
                source = _sealed(data)
                try:
                    socket.send_fds(
                        self._control,
                        [json.dumps(request).encode()],
                        [source, answer_end, theirs.fileno()],
                    )
                finally:
                    os.close(source)
            except OSError as error:
                raise ParseError("the sandbox is gone; try again", code="sandbox") from error
            finally:
                os.close(answer_end)
                theirs.close()
            return _listen(pipe.fileno(), ours, limits)


def _environment() -> dict[str, str]:
    """Little, and nothing secret: the worker needs to find the package and one thread."""
    package_root = str(Path(__file__).resolve().parents[2])
    paths = [package_root, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONSAFEPATH": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }


def _sealed(data: bytes) -> int:
    """Descriptor of a memory file with these bytes that nobody can change any more."""
    fd = os.memfd_create("tocsin", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view) :]
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, _SEALS)
        os.lseek(fd, 0, os.SEEK_SET)
    except OSError:
        os.close(fd)
        raise
    return fd


def _listen(
    pipe: int, verdict_socket: socket.socket, limits: Limits
) -> tuple[bytearray, dict[str, Any]]:
    """Collect answer and verdict, bounded in bytes and in time."""
    answer = bytearray()
    verdict: dict[str, Any] | None = None
    deadline: float | None = None  # runs from the start of the worker, not from the queue
    poll = select.poll()
    poll.register(pipe, select.POLLIN)
    poll.register(verdict_socket.fileno(), select.POLLIN)
    open_ends = 2
    while open_ends:
        wait_ms = None if deadline is None else max(0, int(1000 * (deadline - time.monotonic())))
        events = poll.poll(wait_ms)
        if not events and deadline is not None:
            raise ParseError("the worker does not end", code="timeout")
        for fd, _ in events:
            if fd == pipe:
                piece = os.read(pipe, _PIPE_BYTES)
                answer += piece
                if len(answer) > limits.max_answer_bytes:
                    raise ParseError("the answer is larger than allowed", code="too_large")
            else:
                piece = verdict_socket.recv(4096)
                if piece:
                    said = json.loads(piece)
                    if "started" in said:
                        deadline = time.monotonic() + limits.wall_s + _GRACE_S
                    else:
                        verdict = said
            if not piece:
                poll.unregister(fd)
                open_ends -= 1
    if verdict is None:
        raise ParseError("the sandbox is gone; try again", code="sandbox")
    return answer, verdict


_default: Reader | None = None
_default_lock = threading.Lock()


def default_reader() -> Reader:
    """The reader that :func:`read` uses; started on first use, closed at exit."""
    global _default
    with _default_lock:
        if _default is None:
            _default = Reader()
            atexit.register(_default.close)
        return _default


def read(path: Path | str, *, reader: Reader | None = None) -> Recording:
    """Read a spectrum file of any supported format.

    Parameters
    ----------
    path : path-like
        The file; up to 256 MiB.
    reader : Reader, optional
        Own limits or quarantine; by default a reader shared by the process.

    Returns
    -------
    Recording
        Records in time order, with ``sha256``, ``file_name`` and ``file_format`` filled in.

    Raises
    ------
    ParseError
        The file cannot be read completely; see :meth:`Reader.read`.
    """
    return (reader or default_reader()).read(path)


def read_bytes(data: bytes, *, file_name: str = "", reader: Reader | None = None) -> Recording:
    """Read a spectrum file that is already in memory; see :func:`read`."""
    return (reader or default_reader()).read_bytes(data, file_name=file_name)


def sandbox_status() -> dict[str, bool]:
    """Layers of the sandbox by name, and whether each is active on this machine."""
    return default_reader().status()
