"""A PMTiles archive made by hand: one vector tile of the whole world with one road.

Formats: PMTiles specification version 3; Mapbox Vector Tile specification 2.1.
"""

from __future__ import annotations

import json
import struct

HEADER_BYTES = 127
EXTENT = 4096
NO_COMPRESSION = 1
MVT = 1


def varint(value: int) -> bytes:
    """Little-endian groups of seven bits."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number: int, value: bytes | int) -> bytes:
    """One field of a protocol buffer: a number, or bytes with their length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def zigzag(value: int) -> int:
    return (value << 1) ^ (value >> 31)


def road_tile() -> bytes:
    """A tile whose layer ``roads`` holds one highway from corner to corner."""
    move, line = 1 << 3 | 1, 1 << 3 | 2
    steps = [move, zigzag(0), zigzag(0), line, zigzag(EXTENT), zigzag(EXTENT)]
    feature = field(2, varint(0) + varint(0)) + field(3, 2) + field(4, b"".join(map(varint, steps)))
    layer = (
        field(15, 2)
        + field(1, b"roads")
        + field(2, feature)
        + field(3, b"kind")
        + field(4, field(1, b"highway"))
        + field(5, EXTENT)
    )
    return field(3, layer)


def archive() -> bytes:
    """The archive: header, directory with one entry, metadata, the tile."""
    tile = road_tile()
    metadata = json.dumps({"attribution": "Tiles of the operator"}).encode()
    directory = b"".join(varint(n) for n in (1, 0, 1, len(tile), 1))
    at_metadata = HEADER_BYTES + len(directory)
    at_tiles = at_metadata + len(metadata)
    header = b"PMTiles\x03" + struct.pack(
        "<11Q", HEADER_BYTES, len(directory), at_metadata, len(metadata), 0, 0, at_tiles,
        len(tile), 1, 1, 1,
    )  # fmt: skip
    world = (-1_800_000_000, -850_000_000, 1_800_000_000, 850_000_000)
    header += struct.pack("<6B4iB2i", 1, NO_COMPRESSION, NO_COMPRESSION, MVT, 0, 0, *world, 0, 0, 0)
    assert len(header) == HEADER_BYTES
    return header + directory + metadata + tile
