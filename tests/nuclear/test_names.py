"""Spellings of nuclides."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import InvalidInput
from tocsin.nuclear import load_library, parse_nuclide
from tocsin.nuclear.names import split_nuclide


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("cs137", "Cs-137"),
        ("137Cs", "Cs-137"),
        ("Cs-137", "Cs-137"),
        ("CS 137", "Cs-137"),
        (" cesium-137 ", "Cs-137"),
        ("¹³⁷Cs", "Cs-137"),
        ("Tc99m", "Tc-99m"),
        ("TC99M", "Tc-99m"),
        ("99mTc", "Tc-99m"),
        ("Tc-99m1", "Tc-99m"),
        ("Hf178m2", "Hf-178n"),
        ("U 238", "U-238"),
        ("u_235", "U-235"),
        ("24Na", "Na-24"),
        ("13N", "N-13"),
        ("99Mo", "Mo-99"),
        ("99mo", "Mo-99"),
        ("54Mn", "Mn-54"),
        ("52mMn", "Mn-52m"),
        ("137mBa", "Ba-137m"),
        ("113mIn", "In-113m"),
        ("239Np", "Np-239"),
        ("Pa234m", "Pa-234m"),
        ("americium-241", "Am-241"),
    ],
)
def test_spellings(written: str, canonical: str) -> None:
    assert parse_nuclide(written) == canonical


@pytest.mark.parametrize(
    "nonsense",
    [
        "",
        "Cs",
        "137",
        "Xx-137",
        "Cs-1",
        "Cs-999",
        "H-99",
        "n-1",
        "Cs-137x",
        "x" * 10_000,
        "Cs-137;",
    ],
)
def test_what_names_no_nuclide_is_refused(nonsense: str) -> None:
    with pytest.raises(InvalidInput, match="names no nuclide"):
        parse_nuclide(nonsense)


def test_only_text_is_a_name() -> None:
    with pytest.raises(InvalidInput, match="must be text"):
        parse_nuclide(137)  # type: ignore[arg-type]


@given(
    st.sampled_from(load_library().names), st.sampled_from(["{s}-{a}{i}", "{s}{a}{i}", "{a}{i}{s}"])
)
def test_every_library_name_survives_all_forms(name: str, form: str) -> None:
    z, a, isomer = split_nuclide(name)
    assert load_library()[name].z == z
    written = form.format(s=name.split("-")[0], a=a, i=isomer)
    assert parse_nuclide(written) == name
    if not (form.startswith("{a}") and isomer):
        assert parse_nuclide(written.lower()) == name


@given(st.text(max_size=40))
def test_any_text_is_a_name_or_a_clear_error(text: str) -> None:
    try:
        name = parse_nuclide(text)
    except InvalidInput:
        return
    assert parse_nuclide(name) == name
