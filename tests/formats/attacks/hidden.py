"""Content that a careless count or a careless walk sees twice, not at all, or in part."""

from __future__ import annotations

from .base import (
    HEAD,
    NS_2012,
    RECORDS,
    TOTAL,
    TOTAL_1,
    calibration,
    channel_text,
    measurement,
    n42,
)
from .case import attack

WHOLE = {"refused": False, "records": RECORDS, "total": TOTAL}
EITHER = {"records": RECORDS, "total": TOTAL}
FIRST, REST = channel_text()[:20], channel_text()[20:]
FAKE = (
    '<RadMeasurement id="fake"><Spectrum id="f"><ChannelData>9 9 9</ChannelData>'
    "</Spectrum></RadMeasurement>"
)


@attack("hidden", **WHOLE)
def control_benign() -> bytes:
    return n42().encode()


@attack("hidden", **WHOLE)
def fake_measurement_in_comment() -> bytes:
    return n42(extra=f"<!-- {FAKE} -->").encode()


@attack("hidden", **WHOLE)
def fake_measurement_in_cdata() -> bytes:
    return n42(head=f"<Remark><![CDATA[{FAKE}]]></Remark>{HEAD}").encode()


@attack("hidden", **WHOLE)
def fake_measurement_in_instruction() -> bytes:
    return n42(extra=f"<?note {FAKE} ?>").encode()


@attack("hidden", **WHOLE)
def fake_measurement_in_attribute() -> bytes:
    fake = FAKE.replace('"', "'").replace("<", "&lt;")
    return n42(head=f'<Remark note="{fake}">x</Remark>{HEAD}').encode()


@attack("hidden", **EITHER)
def greater_signs_in_attribute() -> bytes:
    return n42(head=f'<Remark note="a > b /> RadMeasurement">x</Remark>{HEAD}').encode()


@attack("hidden", refused=False, records=1, total=TOTAL_1)
def comment_inside_counts() -> bytes:
    return n42(measurement(0, data=f"{FIRST}<!-- x -->{REST}")).encode()


@attack("hidden", refused=False, records=1, total=TOTAL_1)
def instruction_inside_counts() -> bytes:
    return n42(measurement(0, data=f"{FIRST}<?x y?>{REST}")).encode()


@attack("hidden", refused=False, records=1, total=TOTAL_1)
def cdata_around_counts() -> bytes:
    return n42(measurement(0, data=f"<![CDATA[{channel_text()}]]>")).encode()


@attack("hidden", refused=False, records=1, total=TOTAL_1)
def cdata_inside_counts() -> bytes:
    return n42(measurement(0, data=f"{FIRST}<![CDATA[{REST}]]>")).encode()


@attack("hidden", records=1, total=TOTAL_1)
def element_inside_counts() -> bytes:
    return n42(measurement(0, data=f"{FIRST}<x/>{REST}")).encode()


@attack("hidden", records=1, total=2 * TOTAL_1)
def two_channel_data_in_a_spectrum() -> bytes:
    second = f"<ChannelData>{channel_text()}</ChannelData></Spectrum>"
    return n42(measurement(0).replace("</Spectrum>", second)).encode()


@attack("hidden", records=1, total=TOTAL_1)
def comment_inside_live_time() -> bytes:
    return n42(measurement(0, live="PT<!-- -->0.9S")).encode()


@attack("hidden", **WHOLE)
def prefixed() -> bytes:
    text = n42(root=f'n42:RadInstrumentData xmlns:n42="{NS_2012}"')
    for tag in (
        "Rad",
        "Spectrum",
        "Channel",
        "Live",
        "Real",
        "Start",
        "Energy",
        "Coeff",
        "Measurement",
    ):
        text = text.replace(f"<{tag}", f"<n42:{tag}").replace(f"</{tag}", f"</n42:{tag}")
    return text.encode()


@attack("hidden", **WHOLE)
def two_prefixes_of_one_namespace() -> bytes:
    text = n42(root=f'RadInstrumentData xmlns="{NS_2012}" xmlns:z="{NS_2012}"')
    text = text.replace('<RadMeasurement id="m1"', '<z:RadMeasurement id="m1"')
    at = text.index("</RadMeasurement>", text.index("<z:"))
    return (text[:at] + "</z:RadMeasurement>" + text[at + len("</RadMeasurement>") :]).encode()


@attack("hidden", **WHOLE)
def namespace_redeclared_inside() -> bytes:
    return (
        n42()
        .replace('<RadMeasurement id="m1"', f'<RadMeasurement xmlns="{NS_2012}" id="m1"')
        .encode()
    )


@attack("hidden", **EITHER)
def no_namespace() -> bytes:
    return n42(root="RadInstrumentData").encode()


@attack("hidden", **EITHER)
def wrong_namespace() -> bytes:
    return n42(root='RadInstrumentData xmlns="urn:something-else"').encode()


@attack("hidden", **EITHER)
def foreign_measurement_same_local_name() -> bytes:
    return n42(extra='<x:RadMeasurement xmlns:x="urn:other">vendor</x:RadMeasurement>').encode()


@attack("hidden", **EITHER)
def measurement_lost_to_a_foreign_namespace() -> bytes:
    return (
        n42()
        .replace('<RadMeasurement id="m1"', '<RadMeasurement xmlns="urn:other" id="m1"')
        .encode()
    )


@attack("hidden", records=RECORDS, total=TOTAL)
def measurements_in_a_wrapper() -> bytes:
    body = "".join(measurement(i) for i in range(RECORDS))
    return n42(f"<RadMeasurementGroupX>{body}</RadMeasurementGroupX>").encode()


@attack("hidden", records=RECORDS, total=TOTAL)
def document_in_an_envelope() -> bytes:
    return ("<Event><Blob>" + n42(declaration="") + "</Blob></Event>").encode()


@attack("hidden", records=2 * RECORDS, total=2 * TOTAL)
def two_documents_in_one_file() -> bytes:
    return (n42() + n42()).encode()


@attack("hidden", records=2 * RECORDS, total=2 * TOTAL)
def two_documents_one_declaration() -> bytes:
    return (n42() + n42(declaration="")).encode()


@attack("hidden", **EITHER)
def text_after_root() -> bytes:
    return (n42() + "trailing words").encode()


@attack("hidden", **EITHER)
def duplicate_ids() -> bytes:
    return n42().replace('"m1"', '"m0"').replace('"s1"', '"s0"').encode()


@attack("hidden", **EITHER)
def same_calibration_id_twice() -> bytes:
    return n42(cal=calibration() + calibration("5 1 0")).encode()


@attack("hidden", **EITHER)
def dangling_references() -> bytes:
    text = n42().replace('Reference="d1"', 'Reference="nope"')
    return text.replace('Reference="c1"', 'Reference="nope"').encode()


@attack("hidden", **EITHER)
def reference_to_the_wrong_kind() -> bytes:
    return n42().replace('Reference="c1"', 'Reference="d1"').encode()


@attack("hidden", **EITHER)
def reference_path_injection() -> bytes:
    return n42().replace('Reference="c1"', "Reference=\"'] | //* | //*['\"").encode()


@attack("hidden", **WHOLE)
def markup_in_names() -> bytes:
    head = HEAD.replace("Model<", "&lt;script&gt;alert(1)&lt;/script&gt;{{7*7}}=cmd|' /C calc'!A0<")
    return n42(head=head).encode()


@attack("hidden", records=1, total=0, flagged=True)
def empty_channel_data() -> bytes:
    return n42(measurement(0, data="")).encode()


@attack("hidden", records=1, total=0, flagged=True)
def self_closed_channel_data() -> bytes:
    body = measurement(0, data="")
    return n42(body.replace("></ChannelData>", "/>")).encode()


@attack("hidden", records=1, flagged=True)
def no_channel_data() -> bytes:
    body = measurement(0)
    start, end = body.index("<ChannelData"), body.index("</Spectrum>")
    return n42(body[:start] + body[end:]).encode()


@attack("hidden", records=0)
def no_measurements() -> bytes:
    return n42("").encode()


@attack("hidden", records=1, total=TOTAL_1)
def unknown_child_with_counts() -> bytes:
    return n42(measurement(0).replace("ChannelData", "ChannelData ", 1)).encode()


@attack("hidden", records=1, flagged=True)
def misspelt_case_channel_data() -> bytes:
    return n42(measurement(0).replace("ChannelData", "channeldata")).encode()
