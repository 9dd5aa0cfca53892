"""Files are kept as they came, under their hash, encrypted and audited."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest
from own_server import empty_postgres, python, surroundings

from tocsin.server.accounts.models import Person
from tocsin.server.audit.models import Leaf
from tocsin.server.files import services
from tocsin.server.files.models import Blob
from tocsin.server.files.services import ContentGone, content_of, path_of, store

AT_ONCE = """
import json, sys, threading, time
from pathlib import Path
from tocsin.server.serving.first_start import prepare_folder, start_django, migrate
data = Path(sys.argv[1]); prepare_folder(data); start_django(data); migrate()
from django.db import connection
from tocsin.server.accounts.services import add_organisation, add_person
from tocsin.server.files import services
where = add_organisation(actor="system:test", name="A", short_name="a", kind="police", country="XX")
who = add_person(actor="system:test", email="a@a.example", name="A", organisation=where,
                 clearance=1, realms=["EXERCISE"])
write, said, begun = services._write, [], threading.Event()
def slow(path, data):
    write(path, data)
    begun.set()
    if threading.current_thread().name == "first":
        time.sleep(1.0)  # long enough for the other one to come all the way
services._write = slow
def bring():
    try:
        kept = services.store(b"the same bytes", name=threading.current_thread().name, actor=who,
                              realm="EXERCISE", level=1, originator=where)
        said.append(str(kept.pk))
    finally:
        connection.close()
first = threading.Thread(target=bring, name="first")
first.start(); begun.wait(30)
second = threading.Thread(target=bring, name="second")
second.start(); first.join(); second.join()
from tocsin.server.files.models import StoredFile
content = [services.content_of(f).decode() for f in StoredFile.objects.all()]
print(json.dumps([len(said), content]))
"""


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


def test_the_row_is_claimed_before_the_file_is_written(
    person: Callable[..., Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else two who bring the same bytes at once leave the key of one and the file of the other."""
    who = person("officer")
    mark = {"realm": "EXERCISE", "level": 1, "originator": who.organisation}
    write, claimed = services._write, []

    def watched(path: Path, data: bytes) -> None:
        claimed.append(Blob.objects.filter(pk=path.name).exists())
        write(path, data)

    monkeypatch.setattr(services, "_write", watched)
    one = store(b"bytes", name="one", actor=who, **mark)
    two = store(b"bytes", name="two", actor=who, **mark)
    assert claimed == [True]
    assert content_of(one) == content_of(two) == b"bytes"


@pytest.mark.parametrize("where", ["sqlite", "postgresql"])
def test_the_same_bytes_at_the_same_time_are_kept_for_both(where: str, tmp_path: Path) -> None:
    with empty_postgres() if where == "postgresql" else nullcontext("") as url:
        said = json.loads(python(AT_ONCE, tmp_path / "data", env=surroundings(url)))
    assert said == [2, ["the same bytes"] * 2]


def test_the_same_bytes_brought_again_mend_a_lost_or_damaged_file(
    person: Callable[..., Person],
) -> None:
    who = person("officer")
    mark = {"realm": "EXERCISE", "level": 1, "originator": who.organisation}
    first = store(b"counts", name="a", actor=who, **mark)
    path = path_of(first.blob_id)
    for harm in (lambda: path.unlink(), lambda: path.write_bytes(path.read_bytes()[:-1])):
        harm()
        second = store(b"counts", name="b", actor=who, **mark)
        assert content_of(first) == content_of(second) == b"counts"
