"""Arrays in one NPZ file with a manifest: what they are, what made them, and their hashes."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tocsin.errors import ParseError

MANIFEST = "manifest"
MOST_BYTES = 2_000_000_000
"""Of all arrays of a file together, unpacked: a larger one is refused before it is read."""

Arrays = dict[str, NDArray[Any]]


def array_hash(values: NDArray[Any]) -> str:
    """SHA-256 over type, shape and bytes of an array."""
    plain = np.ascontiguousarray(values)
    digest = hashlib.sha256(f"{plain.dtype.str} {plain.shape}".encode())
    digest.update(plain.tobytes())
    return digest.hexdigest()


def archive_bytes(arrays: Arrays, manifest: dict[str, Any]) -> bytes:
    """The file as bytes; the same arrays and manifest give the same bytes.

    Parameters
    ----------
    arrays : dict of str to array
        Numbers and texts, no objects.
    manifest : dict
        JSON values; ``schema`` among them. The hashes of the arrays are added as ``sha256``.
    """
    told = manifest | {"sha256": {name: array_hash(a) for name, a in sorted(arrays.items())}}
    text = json.dumps(told, ensure_ascii=False, allow_nan=False, indent=1, sort_keys=True)
    stream = io.BytesIO()
    named: dict[str, Any] = {**arrays, MANIFEST: np.array(text)}
    np.savez_compressed(stream, **named)
    return stream.getvalue()


def read_archive(path: Path, *, schema: str, wanted: tuple[str, ...]) -> tuple[Arrays, Any]:
    """Arrays and manifest of a file, each array compared with its hash.

    Parameters
    ----------
    path : Path
        The file.
    schema : str
        That the manifest must name.
    wanted : tuple of str
        Arrays that must be there.

    Returns
    -------
    arrays, manifest

    Raises
    ------
    ParseError
        When the file cannot be opened, is cut short or no NPZ, is of another schema, lacks an
        array, or holds one that is not the one that was written.
    """
    file = str(path)
    try:
        with zipfile.ZipFile(path) as packed:
            size = sum(item.file_size for item in packed.infolist())
        if size > MOST_BYTES:
            reason = f"holds more than {MOST_BYTES} bytes: no file of this program"
            raise ParseError(reason, code="too_large", file=file)
        with np.load(path, allow_pickle=False) as archive:
            arrays: Arrays = {name: archive[name] for name in archive.files}
    except FileNotFoundError:
        reason = "there is no such file: check the name and the folder"
        raise ParseError(reason, code="not_found", file=file) from None
    except IsADirectoryError:
        raise ParseError("is a folder: name the file", code="not_a_file", file=file) from None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zipfile.LargeZipFile):
        reason = "is no NPZ file or is damaged: build it again, or copy it again"
        raise ParseError(reason, code="not_npz", file=file) from None
    except Exception as error:  # zlib raises an error of its own for damaged parts
        if isinstance(error, ParseError):
            raise
        reason = f"is damaged ({error}): build it again, or copy it again"
        raise ParseError(reason, code="not_npz", file=file) from None
    manifest = _manifest(arrays.pop(MANIFEST, None), file)
    if manifest.get("schema") != schema:
        reason = f"has schema {manifest.get('schema')!r}, {schema!r} is needed: build it again"
        raise ParseError(reason, code="schema", file=file)
    hashes = manifest.get("sha256")
    if not isinstance(hashes, dict):
        raise ParseError("its manifest has no hashes: build it again", code="schema", file=file)
    for name in (*wanted, *hashes):
        if name not in arrays:
            raise ParseError(f"lacks the array {name!r}: build it again", code="lacks", file=file)
    for name, values in arrays.items():
        if hashes.get(name) != array_hash(values):
            reason = f"its array {name!r} is not the one that was written: build it again"
            raise ParseError(reason, code="changed", file=file)
    return arrays, manifest


def _manifest(written: NDArray[Any] | None, file: str) -> dict[str, Any]:
    try:
        told = json.loads(str(written)) if written is not None else None
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        reason = "has no manifest: no file of this program, or of an older one"
        raise ParseError(reason, code="schema", file=file)
    return told
