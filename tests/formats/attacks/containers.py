"""HDF5: circles, lies about lengths, bombs, links to elsewhere, formulas that are programs."""

from __future__ import annotations

import functools
import io
import struct
import zlib
from collections.abc import Callable

import h5py
import numpy as np

from . import field
from .case import attack


def made(fill: Callable[[h5py.File], None]) -> bytes:
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        fill(file)
    return out.getvalue()


@functools.cache
def chunked() -> bytes:
    return field.h5(list(range(12)), chunk=3)


def patched(data: bytes, at: int, form: str, *values: int) -> bytes:
    out = bytearray(data)
    struct.pack_into(form, out, at, *values)
    return bytes(out)


def tree_of_chunks(data: bytes) -> int:
    """Place of the first B-tree node that indexes chunks."""
    at = data.index(b"TREE\x01")
    while data[at + 4] != 1:
        at = data.index(b"TREE\x01", at + 1)
    return at


@attack("containers", "attack.h5")
def hdf5_states_more_bytes_than_there_are() -> bytes:
    return patched(chunked(), 40, "<Q", 1 << 40)


@attack("containers", "attack.h5")
def hdf5_cut_in_its_last_third() -> bytes:
    data = chunked()
    return data[: 2 * len(data) // 3]


@attack("containers", "attack.h5")
def hdf5_tree_runs_in_a_circle() -> bytes:
    data = chunked()
    at = tree_of_chunks(data)
    data = patched(data, at + 5, "<B", 1)
    return patched(data, at + 24 + 24, "<Q", at)


@attack("containers", "attack.h5")
def hdf5_tree_leads_behind_the_end() -> bytes:
    data = chunked()
    return patched(data, tree_of_chunks(data) + 48, "<Q", 1 << 50)


@attack("containers", "attack.h5")
def hdf5_chunk_is_missing() -> bytes:
    data = chunked()
    at = tree_of_chunks(data)
    (entries,) = struct.unpack_from("<H", data, at + 6)
    return patched(data, at + 6, "<H", entries - 1)


@attack("containers", "attack.h5")
def hdf5_chunk_twice() -> bytes:
    data = chunked()
    at = tree_of_chunks(data)
    return patched(data, at + 24 + 32 + 8, "<Q", 0)


@attack("containers", "attack.h5")
def hdf5_chunk_begins_inside_a_value() -> bytes:
    data = chunked()
    return patched(data, tree_of_chunks(data) + 24 + 32 + 16, "<Q", 1 << 18)


@attack("containers", "attack.h5")
def hdf5_numbers_with_an_exponent_elsewhere() -> bytes:
    data = chunked()
    at = data.index(struct.pack("<HHBBBBI", 0, 64, 52, 11, 0, 52, 1023))
    return patched(data, at + 4, "<B", 50)


@attack("containers", "attack.h5")
def hdf5_chunk_is_a_bomb() -> bytes:
    data = chunked()
    at = tree_of_chunks(data)
    bomb = zlib.compress(bytes(60_000_000), 9)
    data = patched(data, at + 24, "<I", len(bomb))
    data = patched(data, at + 48, "<Q", len(data))
    return patched(data + bomb, 40, "<Q", len(data) + len(bomb))


@attack("containers", "attack.h5")
def hdf5_dataset_of_2_to_60() -> bytes:
    return made(lambda f: f.create_dataset("counts", (1 << 60,), "f8", chunks=(1024,)))


@attack("containers", "attack.h5")
def hdf5_dataset_never_written() -> bytes:
    return made(lambda f: f.create_dataset("counts", (4096,), "f8", chunks=(1024,)))


@attack("containers", "attack.h5")
def hdf5_link_to_another_file() -> bytes:
    return made(lambda f: f.__setitem__("counts", h5py.ExternalLink("/etc/passwd", "/x")))


@attack("containers", "attack.h5")
def hdf5_values_in_another_file() -> bytes:
    return made(
        lambda f: f.create_dataset("counts", (64,), "u1", external=[("/etc/passwd", 0, 64)])
    )


@attack("containers", "attack.h5")
def hdf5_link_to_itself() -> bytes:
    def fill(file: h5py.File) -> None:
        file["counts"] = h5py.SoftLink("/counts")

    return made(fill)


@attack("containers", "attack.h5")
def hdf5_group_in_place_of_counts() -> bytes:
    return made(lambda f: f.create_group("counts"))


@attack("containers", "attack.h5")
def hdf5_counts_are_texts() -> bytes:
    return made(lambda f: f.create_dataset("counts", data=["one", "two"]))


@attack("containers", "attack.h5")
def hdf5_counts_are_a_table() -> bytes:
    return made(lambda f: f.create_dataset("counts", data=np.ones((4, 4))))


@attack("containers", "attack.h5")
def hdf5_counts_are_not_finite() -> bytes:
    return made(lambda f: f.create_dataset("counts", data=[1.0, np.nan, np.inf]))


@attack("containers", "attack.h5")
def hdf5_edges_are_too_few() -> bytes:
    def fill(file: h5py.File) -> None:
        file.create_dataset("counts", data=np.arange(10.0))
        file.create_dataset("bin_edges_kev", data=np.arange(10.0))

    return made(fill)


@attack("containers", "attack.h5")
def hdf5_filter_unknown() -> bytes:
    return made(lambda f: f.create_dataset("counts", data=np.arange(64.0), compression="lzf"))


@attack("containers", "attack.h5")
def hdf5_behind_a_user_block() -> bytes:
    out = io.BytesIO()
    with h5py.File(out, "w", userblock_size=512) as file:
        file.create_dataset("counts", data=np.arange(8.0))
    return out.getvalue()


@attack("containers", "attack.h5", refused=False, records=1, total=66.0)
def hdf5_formula_is_a_program() -> bytes:
    def fill(file: h5py.File) -> None:
        file.create_dataset("counts", data=np.arange(12.0))
        file.create_dataset("bin_edges_kev", data=np.arange(13.0))
        group = file.create_group("energy_cal")
        group.create_dataset("expression", data="__import__('os').system('touch /tmp/slipped')")
        group.create_dataset("params", data=np.array([0.0, 1.0]))
        file.attrs.update({"livetime": 1.0, "realtime": 1.0, "start_time": "2024-01-01T00:00:00"})

    return made(fill)


@attack("containers", "attack.h5")
def hdf5_live_time_is_a_word() -> bytes:
    def fill(file: h5py.File) -> None:
        file.create_dataset("counts", data=np.arange(12.0))
        file.attrs["livetime"] = "long"

    return made(fill)


@attack("containers", "attack.h5", records=1, total=66.0)
def hdf5_three_thousand_attributes() -> bytes:
    def fill(file: h5py.File) -> None:
        file.create_dataset("counts", data=np.arange(12.0))
        for n in range(3000):
            file.attrs[f"a{n}"] = n

    return made(fill)


@attack("containers", "attack.h5")
def hdf5_of_another_world() -> bytes:
    return made(lambda f: f.create_dataset("temperature", data=np.arange(12.0)))
