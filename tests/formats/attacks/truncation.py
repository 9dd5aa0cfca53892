"""Cuts at chosen places of the structure; cuts at random places are in ``mutate``."""

from __future__ import annotations

from .base import (
    NS_2012,
    RECORDS,
    SPE_TOTAL,
    TOTAL,
    channel_text,
    measurement,
    n42,
    n42_2006,
    spe,
)
from .case import Attack, add, attack

PLACES = {
    "declaration": "?>",
    "root_tag": NS_2012,
    "detector": "</RadDetectorInformation>",
    "coefficients": "60 0",
    "second_measurement_tag": '<RadMeasurement id="m1"',
    "second_counts": '<RadMeasurement id="m2"',
    "before_last_end_tag": "</RadInstrumentData>",
    "inside_last_end_tag": "InstrumentData>\n",
}
for _name, _place in PLACES.items():

    def _cut(place: str = _place) -> bytes:
        text = n42()
        return text[: text.rindex(place)].encode()

    add(Attack(f"truncation/n42_{_name}", "truncation", "attack.n42", _cut))


@attack("truncation", refused=False, records=RECORDS, total=TOTAL)
def n42_only_last_line_end_missing() -> bytes:
    return n42().encode().rstrip()


@attack("truncation")
def n42_cut_in_the_middle_of_counts() -> bytes:
    text = n42()
    return text[: text.rindex("3 4 5")].encode()


@attack("truncation", records=RECORDS, flagged=True)
def n42_cut_in_counts_closed_by_hand() -> bytes:
    half = channel_text(2)[: len(channel_text(2)) // 2]
    return n42(measurement(0) + measurement(1) + measurement(2, data=half)).encode()


@attack("truncation")
def n42_tail_overwritten_by_zeros() -> bytes:
    # What is left when the power went before the last blocks were written.
    data = n42().encode()
    return data[: len(data) * 2 // 3] + bytes(len(data) // 3)


@attack("truncation")
def n42_middle_missing() -> bytes:
    data = n42().encode()
    at = data.index(b'id="m1"')
    return data[:at] + data[at + 300 :]


@attack("truncation")
def n42_cut_with_end_tag_in_comment() -> bytes:
    text = n42()
    return (
        text[: text.index('<RadMeasurement id="m1"')] + "<!-- </RadInstrumentData> -->"
    ).encode()


@attack("truncation")
def n42_cut_inside_utf8_character() -> bytes:
    data = n42(extra="<Remark>ü</Remark>").encode()
    return data[: data.index("ü".encode()) + 1]


@attack("truncation")
def n42_2006_cut() -> bytes:
    data = n42_2006().encode()
    return data[: len(data) * 2 // 3]


@attack("truncation", "attack.spe", records=1, total=SPE_TOTAL)
def spe_end_record_missing() -> bytes:
    return spe().encode()[: -len("$ENDRECORD:\r\n")]


@attack("truncation", "attack.spe", records=1, total=SPE_TOTAL, flagged=True)
def spe_calibration_missing() -> bytes:
    return spe().encode()[: spe().index("$ENER_FIT")]
