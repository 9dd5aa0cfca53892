"""What a worker gives up before it looks at a byte.

The resource limits must hold; the other layers are taken where the kernel and the container grant
them, and each says whether it did.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import struct

from tocsin.formats import seccomp
from tocsin.formats.limits import Limits

_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38
_CLONE_NEWIPC = 0x08000000
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_CAPABILITY_VERSION_3 = 0x20080522
_NOBODY = 65534
_LANDLOCK_CREATE_RULESET = 444  # the same number on every architecture
_LANDLOCK_RESTRICT_SELF = 446
_OPEN_FILES = 16
_TASKS = 64


def leave_network() -> bool:
    """Move this (single-threaded) process into an empty network namespace of its own."""
    libc = ctypes.CDLL(None, use_errno=True)
    flags = _CLONE_NEWNET | _CLONE_NEWIPC
    if libc.unshare(flags) == 0:
        return True
    return bool(libc.unshare(flags | _CLONE_NEWUSER) == 0)


def confine(limits: Limits) -> dict[str, bool]:
    """Limit and disarm this process for good; called in the worker, after the fork.

    Returns
    -------
    dict
        Name of each layer and whether it is active.

    Raises
    ------
    OSError
        When a resource limit cannot be set: the worker must then not parse at all.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    _limit(resource.RLIMIT_CORE, 0, 0)
    _limit(resource.RLIMIT_FSIZE, 0, 0)
    _limit(resource.RLIMIT_NOFILE, _OPEN_FILES, _OPEN_FILES)
    _limit(resource.RLIMIT_CPU, limits.cpu_s, limits.cpu_s + 1)
    _limit(resource.RLIMIT_AS, limits.memory_bytes, limits.memory_bytes)
    layers = {"resource_limits": True}
    layers["own_user"] = _become_nobody()
    if layers["own_user"]:
        # Counts threads too, and those of all processes of the user: only a user of our own can
        # have a small limit. Without it the system-call filter forbids new processes.
        _limit(resource.RLIMIT_NPROC, _TASKS, _TASKS)
    layers["no_capabilities"] = _drop_capabilities(libc)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    layers["no_new_privileges"] = bool(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
    layers["no_files"] = layers["no_new_privileges"] and _close_file_system(libc)
    layers["system_call_filter"] = layers["no_new_privileges"] and seccomp.install()
    return layers


def _limit(which: int, soft: int, hard: int) -> None:
    """Lower a limit; a stricter one that is already there stays."""
    now_soft, now_hard = resource.getrlimit(which)
    if now_hard != resource.RLIM_INFINITY:
        soft, hard = min(soft, now_hard), min(hard, now_hard)
    if now_soft != resource.RLIM_INFINITY:
        soft = min(soft, now_soft)
    resource.setrlimit(which, (soft, hard))


def _become_nobody() -> bool:
    """Another user than the caller's, so that a worker can neither signal nor read it."""
    if os.geteuid() != 0:
        return False
    try:
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)
    except OSError:
        return False
    return True


def _drop_capabilities(libc: ctypes.CDLL) -> bool:
    header = ctypes.create_string_buffer(struct.pack("=Ii", _CAPABILITY_VERSION_3, 0))
    nothing = ctypes.create_string_buffer(24)
    return bool(libc.capset(header, nothing) == 0)


def _close_file_system(libc: ctypes.CDLL) -> bool:
    """Forbid every file of every file system (Landlock); open descriptors stay usable.

    The bytes to parse lie in a memory file without a file system, so that a library may still open
    them by the name ``/proc/self/fd/3``.
    """
    if platform.machine() not in ("x86_64", "aarch64"):
        return False
    version = libc.syscall(_LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), 1)
    if version < 1:
        return False
    rights = {1: 13, 2: 14}.get(version, 15)
    attribute = ctypes.create_string_buffer(struct.pack("=Q", (1 << rights) - 1))
    ruleset = libc.syscall(_LANDLOCK_CREATE_RULESET, attribute, ctypes.c_size_t(8), 0)
    if ruleset < 0:
        return False
    done = libc.syscall(_LANDLOCK_RESTRICT_SELF, ruleset, 0) == 0
    os.close(ruleset)
    return bool(done)
