"""Salted commitments: one spelling for one content, hidden without the salt."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.errors import InvalidInput
from tocsin.sealing import canonical_json, commit, new_salt, opens

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
contents = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=12,
)


def test_the_commitment_is_the_hash_of_salt_and_canonical_json() -> None:
    salt = bytes(range(32))
    content = {"b": [1, None, True], "a": "é\n"}
    assert canonical_json(content) == '{"a":"é\\n","b":[1,null,true]}'.encode()
    expected = hashlib.sha256(salt + '{"a":"é\\n","b":[1,null,true]}'.encode()).digest()
    assert commit(content, salt) == expected
    assert opens(expected, content, salt)


@given(content=contents)
@settings(max_examples=100, deadline=None)
def test_a_content_that_went_through_a_file_has_the_same_commitment(content: Any) -> None:
    salt = new_salt()
    again = json.loads(json.dumps(content))
    assert canonical_json(again) == canonical_json(content)
    assert opens(commit(content, salt), again, salt)
    assert not opens(commit(content, salt), [again], salt)


@pytest.mark.parametrize(
    ("number", "spelled"),
    [
        (1.0, "1"),
        (-0.0, "0"),
        (0.1, "0.1"),
        (-2.50, "-2.5"),
        (1e-7, "0.0000001"),
        (3.1e17, "310000000000000000"),
        (1e22, "1" + "0" * 22),
        (5e-324, "0." + "0" * 323 + "5"),
        (10**30, "1" + "0" * 30),
        (True, "true"),
    ],
)
def test_a_number_is_written_in_plain_digits(number: float, spelled: str) -> None:
    assert canonical_json(number) == spelled.encode()
    assert canonical_json(json.loads(spelled)) == spelled.encode()


def test_another_salt_or_content_does_not_open_it() -> None:
    salt = new_salt()
    made = commit({"verdict": "innocent"}, salt)
    assert not opens(made, {"verdict": "confirmed"}, salt)
    assert not opens(made, {"verdict": "innocent"}, new_salt())
    assert not opens(made, {"verdict": "innocent"}, salt[:-1])
    assert commit({"verdict": "innocent"}, new_salt()) != made


@pytest.mark.parametrize(
    "wrong", [{1: 2}, {"a": b"x"}, {"a": {2}}, "\ud800", float("nan"), float("inf")]
)
def test_what_has_no_single_spelling_is_refused(wrong: Any) -> None:
    with pytest.raises(InvalidInput):
        canonical_json(wrong)
    assert not opens(bytes(32), wrong, bytes(32))


def test_a_salt_has_its_length() -> None:
    assert len(new_salt()) == 32
    assert new_salt() != new_salt()
    with pytest.raises(InvalidInput):
        commit({}, b"short")
