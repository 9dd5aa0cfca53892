"""Compilation of the transport's inner functions, kept on disk under the hash of their sources.

The compiler's own cache looks at the date and length of one file and not at the functions that it
calls, so after an upgrade it could run what an older version compiled. Here the folder bears the
hash of every source of this room.
"""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Callable
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

from tocsin.detectors.array_cache import cache_folder

F = TypeVar("F", bound=Callable[..., Any])


@cache
def _folder() -> str | None:
    """Folder of the compiled code of exactly these sources, None for no cache."""
    base = cache_folder()
    if base is None:
        return None
    digest = hashlib.sha256(f"{numba.__version__} {platform.machine()}".encode())
    for source in sorted(
        (r for r in resources.files(__package__).iterdir() if r.name.endswith(".py")),
        key=lambda r: r.name,
    ):
        digest.update(source.read_bytes())
    folder = base / "compiled" / digest.hexdigest()[:24]
    return str(folder) if _own(folder) else None


def _own(folder: Path) -> bool:
    """Whether this user may write there and nobody else: what lies there is run."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        state = folder.stat()
    except OSError:
        return False
    alone = not hasattr(os, "geteuid") or (
        state.st_uid == os.geteuid() and not state.st_mode & 0o022
    )
    return alone and os.access(folder, os.W_OK | os.X_OK)


def inner(function: F) -> F:
    """Compile a function that only other compiled functions call."""
    compiled: Any = numba.njit(nogil=True)(function)
    return cast(F, compiled)


def entry(function: F) -> F:
    """Compile a function that Python calls, and keep the result between runs.

    It runs without the interpreter's lock, so that several threads can be in it.
    """
    folder = _folder()
    settings: Any = numba.config
    before = settings.CACHE_DIR
    try:
        settings.CACHE_DIR = folder or before
        compiled: Any = numba.njit(nogil=True, cache=folder is not None)(function)
    finally:
        settings.CACHE_DIR = before
    return cast(F, compiled)
