"""The part of HDF5 that small files of spectra use, read without a native library.

Superblocks 0 to 3, groups by symbol table or by link messages, attributes in object headers,
datasets that are compact, contiguous or chunked under a version 1 B-tree, with deflate and
shuffle. Numbers and strings. What is beyond that is refused by name; nothing is guessed. Every
address and length is checked against the bytes.

References
----------
The HDF Group, HDF5 File Format Specification Version 3.0.
"""

from __future__ import annotations

import math
import struct
import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tocsin.errors import ParseError

SIGNATURE = b"\x89HDF\r\n\x1a\n"
_UNDEFINED = 0xFFFFFFFFFFFFFFFF
_DEFLATE, _SHUFFLE = 1, 2
_MAX_NODES = 20_000
_MAX_MESSAGES = 20_000
# normalisation, sign bit, offset, precision, exponent at and bits, mantissa at and bits, bias
_IEEE = {
    2: (0x20, 15, 0, 16, 10, 5, 0, 10, 15),
    4: (0x20, 31, 0, 32, 23, 8, 0, 23, 127),
    8: (0x20, 63, 0, 64, 52, 11, 0, 52, 1023),
}
_SPACE, _LINK_INFO, _TYPE, _LINK, _LAYOUT = 0x01, 0x02, 0x03, 0x06, 0x08
_FILTERS, _ATTRIBUTE, _CONTINUATION, _SYMBOLS, _ATTRIBUTE_INFO = 0x0B, 0x0C, 0x10, 0x11, 0x15

Value = Any  # a number, a text, or an array of either


@dataclass(frozen=True, slots=True)
class _Type:
    """Datatype: how one element is stored."""

    kind: str  # a numpy code, "text" (fixed length) or "vlen" (text elsewhere in the file)
    size: int


@dataclass(slots=True)
class Hdf5Object:
    """A group or a dataset: its attributes, members and messages."""

    attributes: dict[str, Value] = field(default_factory=dict)
    members: dict[str, int] = field(default_factory=dict)
    shape: tuple[int, ...] | None = None
    type: _Type | None = None
    layout: bytes = b""
    filters: list[tuple[int, tuple[int, ...]]] = field(default_factory=list)

    @property
    def is_dataset(self) -> bool:
        """True when it holds values and not members."""
        return bool(self.layout)


class Hdf5File:
    """An HDF5 file in memory.

    Parameters
    ----------
    data : bytes
        The whole file.
    max_values : int
        Elements of one dataset at most.

    Raises
    ------
    ParseError
        ``"truncated"`` when the file is shorter than it says, ``"unreadable"`` for anything that
        this reader does not know.
    """

    def __init__(self, data: bytes, *, max_values: int) -> None:
        self._data = data
        self._max_values = max_values
        self._messages = 0
        if data[:8] != SIGNATURE:
            raise ParseError("no HDF5 file")
        version = self._u(8, 1)
        if version in (0, 1):
            sizes, at = 13, 24 if version == 0 else 28
            root = at + 4 * 8 + 8
        elif version in (2, 3):
            sizes, at = 9, 12
            root = at + 3 * 8
        else:
            raise ParseError(f"an HDF5 superblock of version {version} is not supported")
        if self._u(sizes, 1) != 8 or self._u(sizes + 1, 1) != 8:
            raise ParseError("HDF5 addresses of other than 8 bytes are not supported")
        if self._u(at, 8) != 0:
            raise ParseError("an HDF5 file behind a user block is not supported")
        if self._u(at + 16, 8) > len(data):
            raise ParseError("the file is shorter than it says: it is cut off", code="truncated")
        self.root = self.object(self._u(root, 8))

    # ---------------------------------------------------------------- bytes
    def _cut(self, at: int, length: int) -> bytes:
        if at < 0 or length < 0 or at + length > len(self._data):
            raise ParseError("an address lies behind the end of the file", code="truncated")
        return self._data[at : at + length]

    def _u(self, at: int, width: int) -> int:
        return int.from_bytes(self._cut(at, width), "little")

    # -------------------------------------------------------------- objects
    def object(self, address: int) -> Hdf5Object:
        """The object whose header lies at an address."""
        found = Hdf5Object()
        if self._cut(address, 4) == b"OHDR":
            messages = self._messages_2(address)
        elif self._u(address, 1) == 1:
            messages = self._messages_1(address)
        else:
            raise ParseError("no HDF5 object header where one is asked for")
        for kind, body in messages:
            if kind == _SPACE:
                found.shape = self._shape(body)
            elif kind == _TYPE:
                found.type = self._type(body)
            elif kind == _LAYOUT:
                found.layout = body
            elif kind == _FILTERS:
                found.filters = self._pipeline(body)
            elif kind == _ATTRIBUTE:
                name, value = self._attribute(body)
                found.attributes[name] = value
            elif kind == _SYMBOLS:
                tree, heap = struct.unpack("<QQ", _head(body, 16))
                self._symbols(tree, heap, found.members)
            elif kind == _LINK:
                self._link(body, found.members)
            elif kind == _LINK_INFO or kind == _ATTRIBUTE_INFO:
                flags = _head(body, 2)[1]
                at = 2 + (8 if kind == _LINK_INFO and flags & 1 else 0)
                at += 2 if kind == _ATTRIBUTE_INFO and flags & 1 else 0
                if int.from_bytes(_head(body, at + 8)[at:], "little") != _UNDEFINED:
                    raise ParseError("HDF5 names in dense storage are not supported")
        return found

    def _count(self) -> None:
        self._messages += 1
        if self._messages > _MAX_MESSAGES:
            raise ParseError("more HDF5 messages than any spectrum file holds", code="refused")

    def _messages_1(self, address: int) -> list[tuple[int, bytes]]:
        total = self._u(address + 2, 2)
        blocks = [(address + 16, self._u(address + 8, 4))]
        found: list[tuple[int, bytes]] = []
        while blocks and len(found) < total:
            at, length = blocks.pop(0)
            end = at + length
            while at + 8 <= end and len(found) < total:
                self._count()
                kind, size = self._u(at, 2), self._u(at + 2, 2)
                body = self._cut(at + 8, size)
                if at + 8 + size > end:
                    raise ParseError("an HDF5 message is longer than its block")
                if self._u(at + 4, 1) & 2:
                    raise ParseError("shared HDF5 messages are not supported")
                found.append((kind, body))
                if kind == _CONTINUATION:
                    blocks.append(struct.unpack("<QQ", _head(body, 16)))
                at += 8 + size
        if len(found) < total:
            raise ParseError("an HDF5 object header is cut off", code="truncated")
        return found

    def _messages_2(self, address: int) -> list[tuple[int, bytes]]:
        flags = self._u(address + 5, 1)
        at = address + 6 + (16 if flags & 32 else 0) + (4 if flags & 16 else 0)
        width = 1 << (flags & 3)
        blocks = [(at + width, self._u(at, width))]
        found: list[tuple[int, bytes]] = []
        order = 2 if flags & 4 else 0
        while blocks:
            at, length = blocks.pop(0)
            end = at + length
            while at + 4 + order <= end:
                self._count()
                kind, size = self._u(at, 1), self._u(at + 1, 2)
                if self._u(at + 3, 1) & 2:
                    raise ParseError("shared HDF5 messages are not supported")
                at += 4 + order
                body = self._cut(at, size)
                if at + size > end:
                    raise ParseError("an HDF5 message is longer than its block")
                found.append((kind, body))
                if kind == _CONTINUATION:
                    start, length = struct.unpack("<QQ", _head(body, 16))
                    if self._cut(start, 4) != b"OCHK":
                        raise ParseError("an HDF5 object header is damaged")
                    blocks.append((start + 4, length - 8))
                at += size
        return found

    # ------------------------------------------------------------- messages
    def _shape(self, body: bytes) -> tuple[int, ...]:
        version, rank = _head(body, 4)[:2]
        if version not in (1, 2) or rank > 4:
            raise ParseError("an HDF5 dataspace of an unknown kind")
        if version == 2 and body[3] == 2:
            return (0,)
        at = 8 if version == 1 else 4
        shape: tuple[int, ...] = struct.unpack_from(f"<{rank}Q", _head(body, at + 8 * rank), at)
        if math.prod(shape) > self._max_values:
            raise ParseError("a dataset is larger than the limit allows", code="too_large")
        return shape

    def _type(self, body: bytes) -> _Type:
        head = _head(body, 8)
        kind, bits, size = head[0] & 15, head[1], int.from_bytes(head[4:8], "little")
        order = ">" if bits & 1 else "<"
        if kind == 0 and size in (1, 2, 4, 8):
            if struct.unpack_from("<HH", _head(body, 12), 8) != (0, 8 * size):
                raise ParseError("HDF5 integers of a part of their bytes are not supported")
            return _Type(f"{order}{'i' if bits & 8 else 'u'}{size}", size)
        if kind == 1 and size in _IEEE:
            layout = (bits & 0x70, head[2], *struct.unpack_from("<HHBBBBI", _head(body, 20), 8))
            if layout != _IEEE[size]:
                raise ParseError("HDF5 numbers that are not IEEE 754 are not supported")
            return _Type(f"{order}f{size}", size)
        if kind == 3:
            return _Type("text", size)
        if kind == 8:
            return self._type(body[8:])  # an enumeration, as its numbers
        if kind == 9 and bits & 15 == 1 and size == 16:
            return _Type("vlen", 16)
        raise ParseError(f"HDF5 values of class {kind} and {size} bytes are not supported")

    def _pipeline(self, body: bytes) -> list[tuple[int, tuple[int, ...]]]:
        version, n = _head(body, 2)[:2]
        if version not in (1, 2) or n > 8:
            raise ParseError("an HDF5 filter list of an unknown kind")
        at = 8 if version == 1 else 2
        found = []
        for _ in range(n):
            (identity,) = struct.unpack_from("<H", _head(body, at + 2), at)
            at += 2
            length = 0
            if version == 1 or identity >= 256:
                (length,) = struct.unpack_from("<H", _head(body, at + 2), at)
                at += 2
            _flags, values = struct.unpack_from("<HH", _head(body, at + 4), at)
            at += 4 + (length + (-length % 8 if version == 1 else 0))
            client = struct.unpack_from(f"<{values}I", _head(body, at + 4 * values), at)
            at += 4 * (values + (values % 2 if version == 1 else 0))
            if identity not in (_DEFLATE, _SHUFFLE):
                raise ParseError(f"the HDF5 filter {identity} is not supported")
            found.append((identity, client))
        return found

    def _attribute(self, body: bytes) -> tuple[str, Value]:
        version = _head(body, 8)[0]
        if version not in (1, 2, 3) or (version > 1 and body[1] & 3):
            raise ParseError("an HDF5 attribute of an unknown kind")
        name_size, type_size, space_size = struct.unpack_from("<HHH", body, 2)
        at = 9 if version == 3 else 8
        step = 8 if version == 1 else 1
        parts = []
        for size in (name_size, type_size, space_size):
            parts.append(_head(body, at + size)[at:])
            at += size + -size % step
        name = parts[0].split(b"\x00")[0].decode("utf-8", "replace")
        shape, kind = self._shape(parts[2]), self._type(parts[1])
        return name, self._values(body[at:], kind, shape)

    def _link(self, body: bytes, members: dict[str, int]) -> None:
        version, flags = _head(body, 2)[:2]
        if version != 1:
            raise ParseError("an HDF5 link of an unknown kind")
        at = 2
        kind = body[at] if flags & 8 else 0
        at += (1 if flags & 8 else 0) + (8 if flags & 4 else 0) + (1 if flags & 16 else 0)
        width = 1 << (flags & 3)
        length = int.from_bytes(_head(body, at + width)[at:], "little")
        at += width
        name = _head(body, at + length)[at:].decode("utf-8", "replace")
        if kind != 0:
            raise ParseError("HDF5 links to elsewhere are not supported", code="refused")
        members[name] = int.from_bytes(_head(body, at + length + 8)[at + length :], "little")

    # --------------------------------------------------------------- groups
    def _symbols(self, tree: int, heap: int, members: dict[str, int]) -> None:
        if self._cut(heap, 4) != b"HEAP":
            raise ParseError("no HDF5 local heap where one is asked for")
        size, names = self._u(heap + 8, 8), self._u(heap + 24, 8)
        texts = self._cut(names, size)
        for node in self._leaves(tree, kind=0, key=8):
            if self._cut(node, 4) != b"SNOD":
                raise ParseError("no HDF5 symbol table where one is asked for")
            for n in range(self._u(node + 6, 2)):
                entry = node + 8 + 40 * n
                at = self._u(entry, 8)
                if at >= len(texts):
                    raise ParseError("an HDF5 name lies outside its heap")
                name = texts[at:].split(b"\x00")[0].decode("utf-8", "replace")
                members[name] = self._u(entry + 8, 8)

    def _leaves(self, address: int, *, kind: int, key: int) -> list[int]:
        """Children of all lowest nodes of a B-tree, in order."""
        return [child for _key, child in self._tree(address, kind=kind, key=key)]

    def _tree(self, address: int, *, kind: int, key: int) -> list[tuple[bytes, int]]:
        found: list[tuple[bytes, int]] = []
        seen: set[int] = set()
        nodes = [address]
        while nodes:
            at = nodes.pop(0)
            if at in seen or len(seen) > _MAX_NODES:
                raise ParseError("an HDF5 tree runs in a circle, or is too large", code="refused")
            seen.add(at)
            if self._cut(at, 4) != b"TREE" or self._u(at + 4, 1) != kind:
                raise ParseError("no HDF5 tree where one is asked for")
            level, entries = self._u(at + 5, 1), self._u(at + 6, 2)
            for n in range(entries):
                self._count()
                place = at + 24 + n * (key + 8)
                child = self._u(place + key, 8)
                if level:
                    nodes.append(child)
                else:
                    found.append((self._cut(place, key), child))
        return found

    # --------------------------------------------------------------- values
    def dataset(self, name: str, group: Hdf5Object | None = None) -> Value:
        """Values of a dataset: an array, or for a scalar its only value.

        Raises
        ------
        ParseError
            When there is none of that name, or a part of it is missing.
        """
        members = (group or self.root).members
        if name not in members:
            raise ParseError(f"the file holds no dataset {name!r}")
        found = self.object(members[name])
        if found.shape is None or found.type is None or not found.layout:
            raise ParseError(f"{name!r} is no dataset")
        version, kind = _head(found.layout, 2)[:2]
        if version != 3:
            raise ParseError(f"an HDF5 layout of version {version} is not supported")
        length = math.prod(found.shape) * found.type.size
        if kind == 2:
            raw = self._chunks(found, length)
        elif kind == 1:
            address, size = struct.unpack_from("<QQ", _head(found.layout, 18), 2)
            if length and address == _UNDEFINED:
                raise ParseError(f"the values of {name!r} were never written", code="truncated")
            raw = self._cut(address, size) if length else b""
        elif kind == 0:
            (size,) = struct.unpack_from("<H", _head(found.layout, 4), 2)
            raw = _head(found.layout, 4 + size)[4:]
        else:
            raise ParseError("an HDF5 layout of an unknown kind")
        return self._values(raw, found.type, found.shape)

    def _chunks(self, found: Hdf5Object, length: int) -> bytes:
        """Bytes of a chunked dataset of one dimension (or of two, with whole rows as chunks)."""
        rank = _head(found.layout, 3)[2]
        shape = found.shape or ()
        if rank != len(shape) + 1 or rank != 2 or found.type is None:
            raise ParseError("a chunked HDF5 dataset of more than one dimension is not supported")
        address, chunk = struct.unpack_from("<QI", _head(found.layout, 15), 3)
        if length == 0:
            return b""
        if address == _UNDEFINED or chunk == 0:
            raise ParseError("the values of a dataset were never written", code="truncated")
        width = found.type.size
        if chunk > self._max_values:
            raise ParseError("a chunk is larger than the limit allows", code="too_large")
        out = bytearray(length)
        filled: set[int] = set()
        for key, child in self._tree(address, kind=1, key=8 + 8 * rank):
            size, mask, start, inside = struct.unpack_from("<IIQQ", key)
            if inside:
                raise ParseError("a chunk begins inside a value")
            if mask:
                raise ParseError("a chunk without its filters is not supported")
            if start % chunk or start * width >= length or start in filled:
                raise ParseError("a chunk lies outside its dataset, or twice in it")
            raw = self._unfiltered(self._cut(child, size), found.filters, chunk * width)
            end = min(length, (start + chunk) * width)
            out[start * width : end] = raw[: end - start * width]
            filled.add(start)
        if len(filled) * chunk * width < length:
            raise ParseError("a part of a dataset is missing", code="truncated")
        return bytes(out)

    def _unfiltered(
        self, raw: bytes, filters: list[tuple[int, tuple[int, ...]]], size: int
    ) -> bytes:
        for identity, client in reversed(filters):
            if identity == _DEFLATE:
                expander = zlib.decompressobj()
                try:
                    raw = expander.decompress(raw, size + 1)
                except zlib.error as error:
                    raise ParseError("a compressed chunk is damaged") from error
                if not expander.eof:
                    raise ParseError("a compressed chunk is cut off, or larger than its place")
            else:
                width = client[0] if client else 1
                if width < 1 or len(raw) % width:
                    raise ParseError("a shuffled chunk is damaged")
                raw = np.frombuffer(raw, np.uint8).reshape(width, -1).T.tobytes()
        if len(raw) != size:
            raise ParseError("a chunk is shorter than it has to be", code="truncated")
        return raw

    def _values(self, raw: bytes, kind: _Type, shape: tuple[int, ...]) -> Value:
        n = math.prod(shape)
        if len(raw) < n * kind.size:
            raise ParseError("a value is cut off", code="truncated")
        if kind.kind == "text":
            texts = [raw[k * kind.size : (k + 1) * kind.size] for k in range(n)]
            found: Value = [t.split(b"\x00")[0].decode("utf-8", "replace") for t in texts]
        elif kind.kind == "vlen":
            found = [self._text_elsewhere(raw[16 * k : 16 * k + 16]) for k in range(n)]
        else:
            array: NDArray[Any] = np.frombuffer(raw, kind.kind, n)
            found = array.astype(array.dtype.newbyteorder("=")).reshape(shape)
        if shape == ():
            return found[0] if isinstance(found, list) else found.item()
        return found

    def _text_elsewhere(self, reference: bytes) -> str:
        """A text of the global heap."""
        length, heap, index = struct.unpack("<IQI", reference)
        if length == 0 or heap == 0:
            return ""
        if self._cut(heap, 4) != b"GCOL":
            raise ParseError("no HDF5 global heap where one is asked for")
        at, end = heap + 16, heap + self._u(heap + 8, 8)
        while at + 16 <= end:
            self._count()
            number, size = self._u(at, 2), self._u(at + 8, 8)
            if number == index:
                return self._cut(at + 16, min(length, size)).decode("utf-8", "replace")
            if number == 0:
                break
            at += 16 + size + -size % 8
        raise ParseError("an HDF5 text is missing in its heap", code="truncated")


def _head(body: bytes, length: int) -> bytes:
    """The first bytes of a message, which must be there."""
    if len(body) < length:
        raise ParseError("an HDF5 message is cut off", code="truncated")
    return body[:length]
