"""The independent look at XML bytes."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from recordings_by_hand import small_survey

from tocsin.errors import ParseError
from tocsin.formats import Limits, write_n42
from tocsin.formats.scan import scan_xml, to_utf8

LIMITS = Limits()


def tree(depth: int) -> st.SearchStrategy[str]:
    names = st.sampled_from(["a", "Spectrum", "x:b", "RadMeasurement"])
    filling = st.sampled_from(
        ["", " 1 2 ", "<!-- <a> </b> ' -->", "<![CDATA[<Spectrum>]]>", "<?pi <a ?>"]
    )
    inner = filling if depth == 0 else st.lists(tree(depth - 1) | filling, max_size=3).map("".join)
    attribute = st.sampled_from(["", ' k="v>w"', " k='/a>' j=\"'\"", "\n"])
    return st.builds(lambda n, a, i: f"<{n}{a}>{i}</{n}>", names, attribute, inner) | st.builds(
        lambda n, a: f"<{n}{a}/>", names, attribute
    )


@given(tree(3))
def test_counts_agree_with_a_real_parser(text: str) -> None:
    document = f'<root xmlns:x="urn:x">{text}</root>'
    seen = scan_xml(document.encode(), limits=LIMITS)
    real = [etree.QName(e).localname for e in etree.fromstring(document).iter("*")]
    assert seen.elements == {name: real.count(name) for name in set(real)}
    assert seen.root == "root"
    assert seen.mismatched == 0


def test_every_cut_of_a_document_is_seen() -> None:
    data = write_n42(small_survey(records=2, channels=4))
    end = data.rindex(b">")
    scan_xml(data[: end + 1], limits=LIMITS)
    for length in range(data.index(b"<RadInstrumentData") + 20, end + 1):
        with pytest.raises(ParseError) as caught:
            scan_xml(data[:length], limits=LIMITS)
        assert caught.value.code == "truncated"


@pytest.mark.parametrize(
    "text",
    [
        "<!DOCTYPE a><a/>",
        '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        "<a>" * 70 + "</a>" * 70,
    ],
)
def test_structures_that_no_instrument_writes_are_refused(text: str) -> None:
    with pytest.raises(ParseError) as caught:
        scan_xml(text.encode(), limits=LIMITS)
    assert caught.value.code == "refused"


def test_the_depth_limit_is_a_setting() -> None:
    text = b"<a>" * 70 + b"</a>" * 70
    assert scan_xml(text, limits=dataclasses.replace(LIMITS, max_depth=70)).deepest == 70


def test_only_spectra_with_channels_count_as_filled() -> None:
    text = (
        b"<r><Spectrum><ChannelData>1 2</ChannelData></Spectrum><Spectrum><ChannelData/></Spectrum>"
        b"<Spectrum/><Spectrum><ChannelData> </ChannelData></Spectrum></r>"
    )
    seen = scan_xml(text, limits=LIMITS)
    assert seen.elements["Spectrum"] == 4
    assert seen.with_data == 1


def test_encodings_are_made_plain_or_refused() -> None:
    text = '<?xml version="1.0" encoding="{}"?>\n<a>é</a>'
    for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
        plain = to_utf8(text.format("UTF-16").encode(encoding))
        assert plain.endswith("<a>é</a>".encode())
    assert to_utf8(text.format("UTF-16").encode()).startswith(
        b'<?xml version="1.0" encoding="UTF-8"'
    )
    for name in ("UTF-7", "UTF-32", "IBM037", "hz"):
        with pytest.raises(ParseError) as caught:
            to_utf8(text.format(name).encode())
        assert caught.value.code == "refused"
    with pytest.raises(ParseError):
        to_utf8(text.format("UTF-32").encode("utf-32"))
    with pytest.raises(ParseError) as caught:
        to_utf8(text.format("UTF-16").encode("utf-16")[:-1])
    assert caught.value.code == "truncated"
