"""System-call filter of the worker: a parser needs memory, a clock and its two pipes.

A classic BPF program in the form that ``prctl(PR_SET_SECCOMP)`` takes; everything outside the list
answers EPERM, so that a refused call is an ordinary error and not a death. No library is needed.
"""

from __future__ import annotations

import ctypes
import platform
import struct
import sys

PR_SET_SECCOMP = 22
SECCOMP_MODE_FILTER = 2
_RET_KILL = 0x80000000
_RET_ALLOW = 0x7FFF0000
_RET_EPERM = 0x00050000 | 1
_RET_ENOSYS = 0x00050000 | 38
_CLONE_THREAD = 0x00010000
# Threads are allowed (one parser uses them), processes are not. The flags of clone3 lie behind a
# pointer that a filter cannot follow: "not implemented" makes the C library fall back to clone.
_CLONE = {"x86_64": (56, 435), "aarch64": (220, 435)}

# Numbers of the kernel's system-call tables (include/uapi/asm-generic/unistd.h and
# arch/x86/entry/syscalls/syscall_64.tbl).
_ALLOWED: dict[str, tuple[int, dict[str, int]]] = {
    "x86_64": (
        0xC000003E,
        {
            "read": 0, "write": 1, "open": 2, "close": 3, "stat": 4, "fstat": 5, "lstat": 6,
            "poll": 7, "lseek": 8, "mmap": 9,
            "mprotect": 10, "munmap": 11, "brk": 12, "rt_sigaction": 13, "rt_sigprocmask": 14,
            "rt_sigreturn": 15, "pread64": 17, "readv": 19, "writev": 20, "sched_yield": 24,
            "mremap": 25, "madvise": 28, "nanosleep": 35, "getpid": 39, "exit": 60,
            "gettimeofday": 96, "getrusage": 98, "sigaltstack": 131, "gettid": 186, "time": 201,
            "futex": 202, "openat": 257, "newfstatat": 262, "statx": 332, "readlink": 89,
            "sched_getaffinity": 204, "restart_syscall": 219,
            "clock_gettime": 228,
            "clock_getres": 229, "clock_nanosleep": 230, "exit_group": 231, "tgkill": 234,
            "set_robust_list": 273, "set_tid_address": 218,
            "getrandom": 318, "membarrier": 324, "rseq": 334,
        },
    ),
    "aarch64": (
        0xC00000B7,
        {
            "openat": 56, "close": 57, "readlinkat": 78, "newfstatat": 79, "statx": 291,
            "lseek": 62, "read": 63, "write": 64, "readv": 65, "writev": 66,
            "pread64": 67, "ppoll": 73, "fstat": 80, "exit": 93, "exit_group": 94, "futex": 98,
            "nanosleep": 101, "clock_gettime": 113, "clock_getres": 114, "clock_nanosleep": 115,
            "sched_getaffinity": 123, "sched_yield": 124, "restart_syscall": 128, "tgkill": 131,
            "sigaltstack": 132, "rt_sigaction": 134, "rt_sigprocmask": 135, "rt_sigreturn": 139,
            "getrusage": 165, "gettimeofday": 169, "getpid": 172, "gettid": 178, "brk": 214,
            "munmap": 215, "mremap": 216, "mmap": 222, "mprotect": 226, "madvise": 233,
            "set_robust_list": 99, "set_tid_address": 96,
            "getrandom": 278, "membarrier": 283, "rseq": 293,
        },
    ),
}  # fmt: skip


_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def filter_bytes(machine: str) -> bytes | None:
    """BPF program for an architecture, or None where its call numbers are not known here."""
    known = _ALLOWED.get(machine)
    if known is None:
        return None
    audit_arch, calls = known
    clone, clone3 = _CLONE[machine]
    numbers = sorted(calls.values())
    n = len(numbers)
    program = [
        _step(_LOAD, 0, 0, 4),  # seccomp_data.arch
        _step(_EQUAL, 1, 0, audit_arch),
        _step(_RETURN, 0, 0, _RET_KILL),
        _step(_LOAD, 0, 0, 0),  # seccomp_data.nr
        _step(_EQUAL, 0, 1, clone3),
        _step(_RETURN, 0, 0, _RET_ENOSYS),
        _step(_EQUAL, 0, 2, clone),
        _step(_LOAD, 0, 0, 16),  # low half of the first argument (little-endian)
        _step(_ANY_BIT, n + 1, n, _CLONE_THREAD),
    ]
    program += [_step(_EQUAL, n - at, 0, number) for at, number in enumerate(numbers)]
    program.append(_step(_RETURN, 0, 0, _RET_EPERM))
    program.append(_step(_RETURN, 0, 0, _RET_ALLOW))
    return b"".join(program)


def _step(code: int, if_true: int, if_false: int, value: int) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def install() -> bool:
    """Put the filter on this process; it cannot be taken off. Needs no-new-privileges.

    Returns
    -------
    bool
        False where the architecture is not known or the kernel refuses.
    """
    if sys.platform != "linux":
        return False
    code = filter_bytes(platform.machine())
    if code is None:
        return False
    buffer = ctypes.create_string_buffer(code, len(code))
    program = _Program(len(code) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    return bool(libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) == 0)
