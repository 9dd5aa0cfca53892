"""Binary formats whose headers lie about what follows."""

from __future__ import annotations

import functools
import io
import math
import struct

import numpy as np

from .base import CHN_TOTAL, PCF_TOTAL, RECORDS, chn, counts, pcf
from .case import Attack, add, attack

ALL_PCF = {"records": RECORDS, "total": PCF_TOTAL}


@attack("binary", "attack.pcf", refused=False, **ALL_PCF)
def control_pcf() -> bytes:
    return pcf()


@attack("binary", "attack.chn", refused=False, records=1, total=CHN_TOTAL)
def control_chn() -> bytes:
    return chn()


for _blocks in (-1, 0, 1, 3, 32767):
    add(
        Attack(
            f"binary/pcf_{_blocks}_blocks".replace("-", "minus_"),
            "binary",
            "attack.pcf",
            lambda _blocks=_blocks: pcf(blocks=_blocks),
        )
    )

for _channels in (-1, 0, 1, 65, 65_536, 2**31 - 1):
    add(
        Attack(
            f"binary/pcf_{_channels}_channels".replace("-", "minus_"),
            "binary",
            "attack.pcf",
            lambda _channels=_channels: pcf(stated_channels=_channels),
            records=RECORDS,
            flagged=True,
        )
    )


@attack("binary", "attack.pcf", records=RECORDS, total=0)
def pcf_no_channels_but_neutrons() -> bytes:
    # Neutron-only records: they have no spectrum, and the neutrons must not vanish with it.
    return pcf(stated_channels=0, neutrons=5.0, channels=0)


@attack("binary", "attack.pcf", records=RECORDS, flagged=True)
def pcf_counts_not_numbers() -> bytes:
    return pcf(values=struct.pack("<64f", *([math.nan, math.inf] * 32)))


@attack("binary", "attack.pcf", records=RECORDS, total=PCF_TOTAL)
def pcf_live_time_not_a_number() -> bytes:
    return pcf(live_s=math.nan)


@attack("binary", "attack.pcf", **ALL_PCF)
def pcf_promises_deviation_pairs() -> bytes:
    return pcf(header=b"DHS       " + b"DeviationPairsInFile".rjust(40))


@attack("binary", "attack.pcf", records=RECORDS, total=PCF_TOTAL, flagged=True)
def pcf_tail_of_100_bytes() -> bytes:
    return pcf() + b"\x55" * 100


@attack("binary", "attack.pcf")
def pcf_cut_inside_last_channels() -> bytes:
    return pcf()[:-100]


@attack("binary", "attack.pcf")
def pcf_cut_inside_last_header() -> bytes:
    return pcf()[: 256 + 2 * 512 + 100]


@attack("binary", "attack.pcf", records=0)
def pcf_header_only() -> bytes:
    return pcf(records=0)


for _channels in (0, 64, 127, 129, 32_768, 65_535):
    add(
        Attack(
            f"binary/chn_{_channels}_channels",
            "binary",
            "attack.chn",
            lambda _channels=_channels: chn(stated=_channels),
            records=1,
            flagged=True,
        )
    )


@attack("binary", "attack.chn", records=1, total=CHN_TOTAL)
def chn_first_channel_60000() -> bytes:
    return chn(first=60_000)


@attack("binary", "attack.chn")
def chn_cut_inside_counts() -> bytes:
    return chn()[: 32 + 4 * 100]


@attack("binary", "attack.chn", records=1, total=CHN_TOTAL, flagged=True)
def chn_cut_after_counts() -> bytes:
    return chn()[: 32 + 4 * 128]


@attack("binary", "attack.chn", records=1, total=CHN_TOTAL, flagged=True)
def chn_two_in_one_file() -> bytes:
    return chn() + chn()


@attack("binary", "attack.chn")
def chn_header_only() -> bytes:
    return chn()[:32]


@functools.cache
def written(kind: str) -> bytes:
    """A benign file in a format that has no published layout short enough to repeat here."""
    import SpecUtils  # only these builders need it, and only to write

    spectra = SpecUtils.SpecFile()
    for i in range(RECORDS):
        measurement = SpecUtils.Measurement.new()
        measurement.setGammaCounts(counts(i, 256), 0.9, 1.0)
        measurement.setSampleNumber(i + 1)
        measurement.setDetectorName("D1")
        spectra.addMeasurement(measurement, False)
    spectra.cleanupAfterLoad(True, False, False)
    out = io.BytesIO()
    spectra.writeToStream(
        out,
        spectra.sampleNumbers(),
        spectra.detectorNames(),
        getattr(SpecUtils.SaveSpectrumAsType, kind),
    )
    return out.getvalue()


def patched(kind: str, at: int, value: bytes) -> bytes:
    data = bytearray(written(kind))
    data[at : at + len(value)] = value
    return bytes(data)


SPC_TOTAL = float(sum(sum(counts(i, 256)) for i in range(RECORDS)))

# SPC header, 16-bit words: 1 INFTYP, 2 FILTYP, 9.. pointers; pointer and number of the spectrum
# records and the number of channels stand at bytes 60, 62 and 64.
for _name, _at, _value in (
    ("spectrum_pointer_65535", 60, 65_535),
    ("spectrum_pointer_0", 60, 0),
    ("spectrum_records_65535", 62, 65_535),
    ("spectrum_records_1", 62, 1),
    ("channels_65535", 64, 65_535),
    ("channels_16", 64, 16),
    ("channels_0", 64, 0),
):
    add(
        Attack(
            f"binary/spc_{_name}",
            "binary",
            "attack.spc",
            lambda _at=_at, _value=_value: patched("SpcBinaryInt", _at, struct.pack("<H", _value)),
            records=1,
            total=None if "channels" in _name else SPC_TOTAL,
            flagged="channels" in _name,
        )
    )


@attack("binary", "attack.spc")
def spc_cut_inside_counts() -> bytes:
    return written("SpcBinaryInt")[:-800]


@attack("binary", "attack.spc")
def spc_header_only() -> bytes:
    return written("SpcBinaryFloat")[:128]


@attack("binary", "attack.cnf")
def cnf_cut_inside_counts() -> bytes:
    return written("Cnf")[:-400]


@attack("binary", "attack.cnf")
def cnf_header_only() -> bytes:
    return written("Cnf")[:512]


@attack("binary", "attack.cnf", records=1)
def cnf_every_pointer_lies() -> bytes:
    data = bytearray(written("Cnf"))
    for section in range(0x70, 0x70 + 10 * 0x30, 0x30):
        data[section + 0x0A : section + 0x0E] = struct.pack("<I", 0xFFFFFF00)
    return bytes(data)


@attack("binary", "attack.cnf", records=1)
def cnf_every_length_lies() -> bytes:
    data = bytearray(written("Cnf"))
    for section in range(0x70, 0x70 + 10 * 0x30, 0x30):
        data[section + 0x04 : section + 0x06] = b"\xff\xff"
    return bytes(data)


for _seed in range(8):

    def _cnf(seed: int = _seed) -> bytes:
        rng = np.random.default_rng(seed)
        data = bytearray(written("Cnf"))
        for _ in range(40):
            data[rng.integers(0x70, 0x900)] = int(rng.integers(256))
        return bytes(data)

    add(Attack(f"binary/cnf_header_noise_{_seed}", "binary", "attack.cnf", _cnf, records=1))


@attack("binary", "attack.dat")
def gr130_cut_inside_second() -> bytes:
    data = written("ExploraniumGr130v0")
    return data[: len(data) // 3 + 100]


@attack("binary", "attack.dat")
def gr135_cut_inside_second() -> bytes:
    data = written("ExploraniumGr135v2")
    return data[: len(data) // 3 + 300]


@attack("binary", "attack.dat", records=RECORDS)
def gr135_length_lies() -> bytes:
    return patched("ExploraniumGr135v2", 10, b"\xff\xff\xff\xff")


@attack("binary", "attack.dat")
def gr_magic_and_nothing() -> bytes:
    return b"ZZZZ1350A"


def listmode(events: list[int], style: int = 1, gain: int = 1024) -> bytes:
    head = struct.pack("<iid", -13, style, 45_000.0) + bytes(80 + 9 + 16 + 80)
    head += b"\x01keV\0" + struct.pack("<3f", 0.0, 3.0, 0.0) + b"\0" + bytes(12)
    head += struct.pack("<iiff", gain, 1, 0.0, 0.0) + bytes(9)
    return head.ljust(256, b"\0") + struct.pack(f"<{len(events)}I", *events)


@attack("binary", "attack.lis", records=1)
def listmode_clock_runs_backwards() -> bytes:
    return listmode(
        [0x80000000 | (0x7FFFFFFF - i * 0x200000) for i in range(900)] + [0x00200001] * 50
    )


@attack("binary", "attack.lis", records=1)
def listmode_all_events_at_the_end_of_time() -> bytes:
    return listmode([0xFFFFFFFF, 0x7FFFFFFF] * 50_000)


@attack("binary", "attack.lis", records=1)
def listmode_huge_gain() -> bytes:
    return listmode([0x80000001, 0x00400001] * 500, style=4, gain=2**31 - 1)


@attack("binary", "attack.lis", records=1)
def listmode_start_date_is_not_a_number() -> bytes:
    data = bytearray(listmode([0x80000001, 0x00400001] * 500))
    data[8:16] = struct.pack("<d", math.nan)
    return bytes(data)


@attack("binary", "attack.lis")
def listmode_header_only() -> bytes:
    return listmode([])


@attack("binary", "attack.h5")
def hdf5_signature_and_noise() -> bytes:
    return b"\x89HDF\r\n\x1a\n" + np.random.default_rng(5).bytes(4_000)


@attack("binary", "attack.h5")
def hdf5_superblock_points_nowhere() -> bytes:
    head = b"\x89HDF\r\n\x1a\n" + bytes([0, 0, 0, 0, 0, 8, 8, 0, 4, 0, 16, 0, 0, 0, 0, 0])
    return head + b"\xff" * 64 + bytes(2_000)
