"""First guess at a format from the first bytes; a guess only orders the readers."""

from __future__ import annotations

import codecs
import re

_BOMS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_HEAD = 4096


def looks_like_xml(data: bytes) -> bool:
    """True when the first sign that is no blank opens an element or a declaration."""
    head = data[:_HEAD]
    for bom in _BOMS:
        head = head.removeprefix(bom)
    head = head.replace(b"\x00", b"") if head[:2] in (b"<\x00", b"\x00<") else head
    return re.match(rb"\s*<[?!A-Za-z_:]", head) is not None


def guesses(data: bytes, file_name: str) -> list[str]:
    """Names of formats (see ``library.PARSERS``) that the bytes or the name suggest."""
    head = data[:_HEAD]
    found: list[str] = []
    if head[:2] == b"\xff\xff" and len(data) >= 32:
        found.append("chn")
    if head[:7].upper() == b"RADDATA" or head[:10].lower().startswith(b"raddata://"):
        found.append("uri")
    if re.match(rb"\s*\$[A-Z_]+:", head):
        found += ["spe", "spc-ascii", "spe-lsrm"]
    if head.startswith(b"Spectrogram:"):
        found.append("radiacode-spectrogram")
    if head.startswith(b"<<PMCA SPECTRUM>>"):
        found.append("mca")
    if head[:4] in (b"\x01\x00\x01\x00", b"\x01\x00\x05\x00"):
        found.append("spc")
    if head[:1] == b"{":
        found.append("json")
    if b"BEGIN IMS" in head or b"#g_Spectrum" in head:
        found.append("phd")
    if head[2:5] == b"DHS" or head[2:5] == b"783":
        found.append("pcf")
    by_ending = {
        "chn": "chn", "cnf": "cnf", "pcf": "pcf", "spe": "spe", "spc": "spc", "dat": "exploranium",
        "csv": "text", "txt": "text", "mca": "mca", "lis": "list-mode", "lzs": "lzs", "mps": "mps",
        "phd": "phd", "json": "json", "tka": "tka", "spm": "multiact",
        "rcspg": "radiacode-spectrogram",
    }  # fmt: skip
    ending = file_name.rpartition(".")[2].lower()
    if ending in by_ending:
        found.append(by_ending[ending])
    return list(dict.fromkeys(found))
