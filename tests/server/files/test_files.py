"""Files are kept as they came, under their hash, encrypted and audited."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tocsin.server.accounts.models import Person
from tocsin.server.audit.models import Leaf
from tocsin.server.files.services import ContentGone, content_of, path_of, store


def test_content_comes_back_and_lies_encrypted(person: Callable[..., Person]) -> None:
    who = person("officer")
    mark = {"realm": "EXERCISE", "level": 1, "originator": who.organisation, "tlp": "RED"}
    kept = store(b"counts " * 100, name="../a\x00.spe", actor=who, **mark)
    assert content_of(kept) == b"counts " * 100
    assert kept.name == "../a\ufffd.spe"
    on_disk = path_of(kept.blob_id)
    assert b"counts" not in on_disk.read_bytes()
    leaf = Leaf.objects.get(subject_id=str(kept.pk))
    assert leaf.action == "files.store"
    assert leaf.content["after"]["sha256"] == kept.blob_id
    on_disk.write_bytes(on_disk.read_bytes()[:-1] + b"x")
    with pytest.raises(ContentGone, match="damaged"):
        content_of(kept)
    on_disk.unlink()
    with pytest.raises(ContentGone, match="missing"):
        content_of(kept)
