"""Entities, external references and instructions to the processor."""

from __future__ import annotations

from .base import RECORDS, TOTAL, TOTAL_1, channel_text, measurement, n42
from .case import attack

EITHER = {"records": RECORDS, "total": TOTAL}


def laughs(levels: int, width: int) -> str:
    lines = ['<!ENTITY l0 "ha">']
    for i in range(1, levels):
        lines.append(f'<!ENTITY l{i} "{f"&l{i - 1};" * width}">')
    return f"<!DOCTYPE RadInstrumentData [{''.join(lines)}]>"


@attack("entities")
def billion_laughs() -> bytes:
    return n42(doctype=laughs(10, 10), extra="<Remark>&l9;</Remark>").encode()


@attack("entities")
def billion_laughs_in_attribute() -> bytes:
    return n42(doctype=laughs(10, 10), extra='<RadInstrumentDataExtension a="&l9;"/>').encode()


@attack("entities")
def quadratic_blow_up() -> bytes:
    doctype = f'<!DOCTYPE RadInstrumentData [<!ENTITY a "{"x" * 50_000}">]>'
    return n42(doctype=doctype, extra=f"<Remark>{'&a;' * 50_000}</Remark>").encode()


@attack("entities")
def recursive_entity() -> bytes:
    doctype = '<!DOCTYPE RadInstrumentData [<!ENTITY a "&b;"><!ENTITY b "&a;">]>'
    return n42(doctype=doctype, extra="<Remark>&a;</Remark>").encode()


@attack("entities")
def external_file() -> bytes:
    doctype = '<!DOCTYPE RadInstrumentData [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    return n42(doctype=doctype, extra="<Remark>&x;</Remark>").encode()


@attack("entities")
def external_file_as_counts() -> bytes:
    doctype = '<!DOCTYPE RadInstrumentData [<!ENTITY x SYSTEM "file:///proc/self/stat">]>'
    return n42(measurement(0, data="1 2 &x; 3"), doctype=doctype).encode()


@attack("entities")
def external_http() -> bytes:
    doctype = '<!DOCTYPE RadInstrumentData [<!ENTITY x SYSTEM "http://127.0.0.1:9/x">]>'
    return n42(doctype=doctype, extra="<Remark>&x;</Remark>").encode()


@attack("entities", **EITHER)
def external_dtd() -> bytes:
    return n42(doctype='<!DOCTYPE RadInstrumentData SYSTEM "http://127.0.0.1:9/x.dtd">').encode()


@attack("entities", **EITHER)
def external_dtd_device() -> bytes:
    return n42(doctype='<!DOCTYPE RadInstrumentData SYSTEM "file:///dev/zero">').encode()


@attack("entities")
def parameter_entities() -> bytes:
    doctype = (
        '<!DOCTYPE RadInstrumentData [<!ENTITY % a SYSTEM "file:///etc/hostname">'
        "<!ENTITY % b \"<!ENTITY c SYSTEM 'http://127.0.0.1:9/?%a;'>\">%a;%b;]>"
    )
    return n42(doctype=doctype).encode()


@attack("entities", **EITHER)
def internal_entity_harmless() -> bytes:
    return n42(doctype='<!DOCTYPE RadInstrumentData [<!ENTITY a "x">]>').encode()


@attack("entities", records=1, total=TOTAL_1)
def counts_from_an_entity() -> bytes:
    # A reader that leaves the reference unexpanded loses half the channels without a word.
    first, rest = channel_text()[:20], channel_text()[20:]
    doctype = f'<!DOCTYPE RadInstrumentData [<!ENTITY c "{rest}">]>'
    return n42(measurement(0, data=f"{first}&c;"), doctype=doctype).encode()


@attack("entities", records=RECORDS, total=TOTAL)
def measurements_from_an_entity() -> bytes:
    # A count of tags in the bytes finds one measurement, a reader that expands finds three.
    inner = measurement(2).replace('"', "'").strip()
    doctype = f'<!DOCTYPE RadInstrumentData [<!ENTITY c "{inner}">]>'
    return n42(measurement(0) + measurement(1) + "&c;", doctype=doctype).encode()


@attack("entities")
def default_attribute_from_dtd() -> bytes:
    # The DTD switches every spectrum to the run-length code without touching it.
    doctype = (
        "<!DOCTYPE RadInstrumentData [<!ATTLIST ChannelData compressionCode CDATA"
        ' "CountedZeroes">]>'
    )
    body = measurement(0, data="1 0 5 2").replace(' compressionCode="None"', "")
    return n42(body, doctype=doctype).encode()


@attack("entities", refused=False, records=1, total=TOTAL_1)
def counts_as_character_references() -> bytes:
    data = "".join(f"&#{ord(c)};" for c in channel_text())
    return n42(measurement(0, data=data)).encode()


@attack("entities")
def undefined_entity_in_counts() -> bytes:
    return n42(measurement(0, data="1 2 &nope; 3 4")).encode()


@attack("entities", **EITHER)
def xinclude() -> bytes:
    extra = (
        '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"'
        ' parse="text"/>'
    )
    return n42(extra=extra).encode()


@attack("entities", refused=False, **EITHER)
def stylesheet_instruction() -> bytes:
    pi = '<?xml-stylesheet type="text/xsl" href="http://127.0.0.1:9/x.xsl"?>'
    return n42(doctype=pi).encode()


@attack("entities", **EITHER)
def schema_location() -> bytes:
    root = (
        'RadInstrumentData xmlns="http://physics.nist.gov/N42/2011/N42"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        ' xsi:schemaLocation="http://physics.nist.gov/N42/2011/N42 file:///dev/zero"'
    )
    return n42(root=root).encode()


@attack("entities")
def doctype_never_closed() -> bytes:
    return n42(doctype="<!DOCTYPE RadInstrumentData [" + "<!ENTITY a 'x'>" * 50_000).encode()
