"""Arrays that are dear to compute, kept on disk between runs under the hash of what they follow.

The cache is an aid and never a need: where there is no folder, no right to write or a file that is
not exactly what was asked for, the arrays are computed afresh. It holds nothing that comes from a
recording.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import zipfile
from collections.abc import Callable
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

CACHE_VARIABLE = "TOCSIN_CACHE"
"""Environment variable: another folder for the cache, or ``off`` for none."""

Arrays = dict[str, NDArray[Any]]


def cache_folder() -> Path | None:
    """Folder of the cache: ``$TOCSIN_CACHE``, else ``$XDG_CACHE_HOME/tocsin`` or ``~/.cache``."""
    chosen = os.environ.get(CACHE_VARIABLE, "")
    if chosen == "off":
        return None
    if chosen:
        return Path(chosen)
    home = os.environ.get("XDG_CACHE_HOME", "")
    if home:
        return Path(home) / "tocsin"
    try:
        return Path.home() / ".cache" / "tocsin"
    except RuntimeError:  # a user without a home
        return None


@cache
def response_digest() -> str:
    """Hash of all code and data of the room ``detectors``: what every response follows from."""
    digest = hashlib.sha256(np.__version__.encode())
    for package in ("tocsin.detectors", "tocsin.detectors.data"):
        for item in sorted(resources.files(package).iterdir(), key=lambda i: i.name):
            if item.is_file() and item.name.endswith((".py", ".csv", ".json")):
                digest.update(item.name.encode() + item.read_bytes())
    return digest.hexdigest()


def cached_arrays(name: str, key: str, build: Callable[[], Arrays]) -> Arrays:
    """Arrays from the cache, or built and put there.

    Parameters
    ----------
    name : str
        What they are; an older file of this name is removed.
    key : str
        Hash of everything they follow from, in hexadecimal digits.
    build : callable
        Computes them.

    Returns
    -------
    dict of str to array
        The same to the last bit whether built or read.
    """
    folder = cache_folder()
    if folder is None:
        return build()
    path = folder / f"{name}-{key[:32]}.npz"
    found = _read(path, key)
    if found is not None:
        return found
    arrays = build()
    with contextlib.suppress(OSError):
        _write(path, key, arrays)
        for old in folder.glob(f"{name}-*.npz"):
            if old != path:
                old.unlink(missing_ok=True)
    return arrays


def _read(path: Path, key: str) -> Arrays | None:
    """Arrays of a file that this user wrote and that carries the whole key; None for any other."""
    try:
        with path.open("rb") as stream:
            state = os.fstat(stream.fileno())
            # a file that somebody else may have written is not believed
            if hasattr(os, "geteuid") and (state.st_uid != os.geteuid() or state.st_mode & 0o022):
                return None
            with np.load(stream, allow_pickle=False) as archive:
                arrays = {k: archive[k] for k in archive.files}
        return arrays if str(arrays.pop("key")) == key else None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _write(path: Path, key: str, arrays: Arrays) -> None:
    """Write at once or not at all: a reader never sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as stream:
            named: dict[str, Any] = {**arrays, "key": np.array(key)}
            np.savez_compressed(stream, **named)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
