"""Files that are no spectrum at all."""

from __future__ import annotations

import zlib

import numpy as np

from .base import NS_2012
from .case import Attack, add

CONTENT = {
    "empty": lambda: b"",
    "one_byte": lambda: b"<",
    "one_nul": lambda: b"\0",
    "only_white_space": lambda: b" \r\n\t" * 1_000,
    "only_bom": lambda: b"\xef\xbb\xbf",
    "only_utf16_bom": lambda: b"\xff\xfe",
    "only_declaration": lambda: b'<?xml version="1.0"?>\n',
    "only_root_start": lambda: f'<RadInstrumentData xmlns="{NS_2012}">'.encode(),
    "only_root": lambda: f'<RadInstrumentData xmlns="{NS_2012}"/>'.encode(),
    "zeros_1_MB": lambda: bytes(1_000_000),
    "ff_1_MB": lambda: b"\xff" * 1_000_000,
    "line_of_15_MB": lambda: b"a" * 15_000_000,
    "digits_15_MB": lambda: b"7 " * 7_500_000,
    "line_ends_8_MB": lambda: b"\n" * 8_000_000,
    "less_than_signs_4_MB": lambda: b"<" * 4_000_000,
    "ampersands_4_MB": lambda: b"<a>" + b"&" * 4_000_000,
    "pickle": lambda: (
        b"\x80\x04\x95\x1e\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x8c\x06system\x93."
    ),
    "numpy_object": lambda: (
        b"\x93NUMPY\x01\x00v\x00{'descr': '|O', 'shape': (1,)}\n" + b"\x80\x04N."
    ),
    "elf": lambda: b"\x7fELF\x02\x01\x01" + bytes(500),
    "png": lambda: b"\x89PNG\r\n\x1a\n" + bytes(500),
    "jpeg": lambda: b"\xff\xd8\xff\xe0" + bytes(500),
    "pdf": lambda: b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n",
    "html": lambda: b"<!DOCTYPE html><html><body><script>alert(1)</script></body></html>",
    "svg": lambda: b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "python": lambda: b"import os\nos.system('id')\n",
    "shell": lambda: b"#!/bin/sh\nid > /tmp/x\n",
    "prose": lambda: b"The quick brown fox jumps over the lazy dog. " * 200,
}
NAMES = {"empty": ("n42", "pcf", "chn", "cnf", "spe", "csv", "rctrk", "h5")}

for _name, _build in CONTENT.items():
    for _end in NAMES.get(_name, ("n42",)):
        add(Attack(f"plain/{_name}_{_end}", "plain", f"attack.{_end}", _build))

for (
    _end
) in "n42 pcf chn cnf spe spc tka csv txt dat lis xml rcspg ndjson rctrk h5 ers iec log".split():
    for _size in (3, 700, 40_000):
        add(
            Attack(
                f"plain/noise_{_size}_{_end}",
                "plain",
                f"attack.{_end}",
                lambda _end=_end, _size=_size: np.random.default_rng(
                    zlib.crc32(f"{_end}{_size}".encode())
                ).bytes(_size),
            )
        )
