"""The sandbox holds: memory, processor, clock, crash, files, network, many callers at once."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import confined_attempt
import pytest
from recordings_by_hand import small_survey

from tocsin.errors import InvalidInput, ParseError
from tocsin.formats import ONLINE, Limits, Reader, limits_for, seccomp, write_n42

NESTED = b"<N42InstrumentData>" + b"<a>" * 48_000 + b"</a>" * 48_000 + b"</N42InstrumentData>"


def code_of(reader: Reader, data: bytes) -> str:
    with pytest.raises(ParseError) as caught:
        reader.read_bytes(data, file_name="attack.n42")
    return caught.value.code


@contextlib.contextmanager
def limited(**changes: int) -> Iterator[Reader]:
    with Reader(dataclasses.replace(ONLINE, **changes)) as reader:
        yield reader


def test_deep_nesting_is_refused_before_any_library_sees_it(reader: Reader) -> None:
    assert code_of(reader, NESTED) == "refused"


def test_a_crash_is_contained_and_the_next_file_is_read() -> None:
    good = write_n42(small_survey())
    with limited(max_depth=100_000) as reader:
        assert code_of(reader, NESTED) == "crashed"
        assert len(reader.read_bytes(good).records) == 12


def test_more_memory_than_allowed_is_an_error() -> None:
    data = write_n42(small_survey(records=400, channels=16384, counts_per_channel=1e-4))
    with limited(memory_bytes=300 << 20) as reader:
        assert code_of(reader, data) == "memory"


def test_an_answer_near_the_memory_limit_is_not_believed() -> None:
    data = write_n42(small_survey(records=4))
    with Reader(dataclasses.replace(ONLINE, rss_fraction=0.01)) as reader:
        assert code_of(reader, data) == "memory"


def test_more_channels_than_allowed_are_an_error() -> None:
    data = write_n42(small_survey(records=40, channels=1024))
    with limited(max_values=30_000) as reader:
        assert code_of(reader, data) == "too_large"


def test_more_records_than_allowed_are_an_error() -> None:
    data = write_n42(small_survey(records=40))
    with limited(max_records=30) as reader:
        assert code_of(reader, data) == "too_large"


def test_files_over_the_limit_and_empty_ones() -> None:
    with limited(max_bytes=1000) as reader:
        assert code_of(reader, b"x" * 1001) == "too_large"
        assert code_of(reader, b"") == "empty"
        assert code_of(reader, b" \n\0 ") == "empty"


def test_limits_follow_the_size_of_the_file() -> None:
    assert limits_for(16 << 20).memory_bytes == 768 << 20
    assert limits_for((16 << 20) + 1).memory_bytes == 4 << 30
    with pytest.raises(InvalidInput, match="cpu_s"):
        Limits(cpu_s=0)
    with pytest.raises(InvalidInput, match="workers"):
        Reader(workers=0)


def test_every_layer_is_active_or_known_not_to_be(reader: Reader) -> None:
    status = reader.status()
    for always in ("separate_process", "resource_limits", "no_new_privileges"):
        assert status[always] is True
    if platform.machine() in ("x86_64", "aarch64"):
        assert status["system_call_filter"] is True
    assert set(status) == {
        "separate_process",
        "no_network",
        "resource_limits",
        "own_user",
        "no_capabilities",
        "no_new_privileges",
        "no_files",
        "system_call_filter",
    }


def in_a_confined_process(name: str, *, cpu_s: int = ONLINE.cpu_s) -> int:
    """Exit status of a process that confines itself and then tries something; -N: signal N."""
    script = Path(confined_attempt.__file__)
    command = [sys.executable, str(script), name, str(cpu_s)]
    return subprocess.run(command, timeout=120, check=False).returncode


@pytest.mark.parametrize("name", confined_attempt.FORBIDDEN)
def test_a_worker_cannot(name: str, reader: Reader) -> None:
    layers = reader.status()
    if not (layers["system_call_filter"] and layers["no_files"]):
        pytest.skip("this machine does not grant the system-call filter or Landlock")
    assert in_a_confined_process(name) == 1


@pytest.mark.parametrize("name", ["start a thread", "take 300 MB"])
def test_a_worker_can_still(name: str) -> None:
    assert in_a_confined_process(name) == 0


def test_processor_time_ends_a_worker() -> None:
    ended = in_a_confined_process("spin", cpu_s=1)
    assert ended in (-signal.SIGXCPU, -signal.SIGKILL)


def test_the_filter_is_known_for_two_machines_and_no_other() -> None:
    for machine in ("x86_64", "aarch64"):
        code = seccomp.filter_bytes(machine)
        assert code is not None
        assert len(code) % 8 == 0
        assert len(code) // 8 <= 255 + 9  # jumps are one byte
    assert seccomp.filter_bytes("riscv64") is None


def test_a_worker_that_never_ends_is_ended() -> None:
    """A stopped worker uses no processor time: the clock must end it."""
    good = write_n42(small_survey())
    with limited(wall_s=2, cpu_s=10) as reader:
        reader.status()
        began = time.monotonic()
        with ThreadPoolExecutor(1) as pool:
            # A survey large enough that its worker can be caught and stopped.
            slow = write_n42(small_survey(records=3000, channels=512))
            future = pool.submit(reader.read_bytes, slow)
            stop_a_worker(reader)
            with pytest.raises(ParseError) as caught:
                future.result(timeout=60)
        assert caught.value.code == "timeout"
        assert time.monotonic() - began < 30
        assert len(reader.read_bytes(good).records) == 12


def stop_a_worker(reader: Reader) -> None:
    zygote = reader._zygote
    assert zygote is not None
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        found = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(zygote._process.pid)],
            capture_output=True,
            text=True,
            check=False,
        ).stdout.split()
        if found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(found[0]), signal.SIGSTOP)
                return
    pytest.fail("no worker was seen")


def test_many_threads_share_one_reader(reader: Reader) -> None:
    files = [write_n42(small_survey(records=n)) for n in range(1, 25)]
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(reader.read_bytes, files))
    assert [len(r.records) for r in read] == list(range(1, 25))


def test_forked_processes_share_one_reader(reader: Reader) -> None:
    data = write_n42(small_survey(records=5))
    reader.read_bytes(data)
    pids = []
    for _ in range(3):
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                status = 0 if len(reader.read_bytes(data).records) == 5 else 2
            finally:
                os._exit(status)
        pids.append(pid)
    assert [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids] == [0, 0, 0]
    assert len(reader.read_bytes(data).records) == 5


def test_a_lost_sandbox_is_started_again() -> None:
    data = write_n42(small_survey())
    with Reader() as reader:
        reader.read_bytes(data)
        assert reader._zygote is not None
        reader._zygote._process.kill()
        reader._zygote._process.wait()
        assert len(reader.read_bytes(data).records) == 12


def test_the_sandbox_ends_with_its_caller() -> None:
    program = (
        "from tocsin.formats import Reader\n"
        "reader = Reader(); reader.status(); print(reader._zygote._process.pid, flush=True)\n"
        "import os; os._exit(0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    pid = int(done.stdout)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        with contextlib.suppress(OSError), open(f"/proc/{pid}/stat") as stat:
            if stat.read().rpartition(")")[2].split()[0] == "Z":
                return
        time.sleep(0.05)
    pytest.fail("the sandbox outlives its caller")


def test_nothing_secret_reaches_the_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_TEST_SECRET", "hidden")
    with Reader() as reader:
        reader.status()
        assert reader._zygote is not None
        with open(f"/proc/{reader._zygote._process.pid}/environ", "rb") as environ:
            assert b"TOCSIN_TEST_SECRET" not in environ.read()


def test_several_paths_at_a_time_come_in_order(reader: Reader, tmp_path) -> None:
    paths = []
    for n in (3, 1, 2):
        path = tmp_path / f"{n}.n42"
        path.write_bytes(write_n42(small_survey(records=n)))
        paths.append(path)
    paths.insert(1, tmp_path / "absent.n42")
    answers = list(reader.read_many(paths))
    assert [p for p, _ in answers] == paths
    assert [a.code if isinstance(a, ParseError) else len(a.records) for _, a in answers] == [
        3,
        "not_found",
        1,
        2,
    ]
