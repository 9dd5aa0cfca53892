"""Content that is missing or damaged is said to be gone, wherever it would be opened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from tests.server.measurements.conftest import STATIC

from tocsin.server.accounts.models import Person
from tocsin.server.audit.models import Leaf
from tocsin.server.files.services import path_of
from tocsin.server.marking.policy import Reader
from tocsin.server.measurements.models import Upload

pytestmark = pytest.mark.recordings


def lose(path: Path) -> None:
    path.unlink()


def damage(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize("harm", [lose, damage])
def test_what_cannot_be_opened_is_gone_and_no_fault_of_the_server(
    harm: Callable[[Path], None],
    reader: Reader,
    bring: Callable[..., Upload],
    signed_in: Callable[[Person], Client],
) -> None:
    upload = bring(reader, STATIC)
    row = upload.measurement
    harm(path_of(upload.sha256))
    browser = signed_in(reader.person)
    for address in (
        f"/measurements/uploads/{upload.pk}/original",
        f"/measurements/{row.pk}/original",
        f"/measurements/{row.pk}/n42",
        f"/measurements/{row.pk}/table.csv",
    ):
        page = browser.get(address)
        assert page.status_code == 410, address
        assert "tocsin verify" in page.content.decode()
        assert upload.file.name not in page.content.decode()
    for what in ("original", "n42", "csv"):
        answer = browser.get(f"/api/1/measurements/{row.pk}/files/{what}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (410, "content_gone")
    assert not Leaf.objects.filter(action="measurements.export").exists()
    assert browser.get(f"/measurements/{row.pk}/").status_code == 200
