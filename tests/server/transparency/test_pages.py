"""Pages on the log: each reader sees only what the policy opens, and every proof is checked."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from log_in_database import as_administrator, own_log, sealed, undone

from tocsin.sealing import (
    Checkpoint,
    SigningKey,
    VerifierKey,
    leaf_hash,
    opens,
    read_log_file,
    verify_inclusion,
    verify_log,
)
from tocsin.server.accounts.models import Organisation, Person
from tocsin.server.audit.identity import log_key
from tocsin.server.audit.models import Cosignature, Leaf
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.files.models import Blob, StoredFile

pytestmark = pytest.mark.django_db
WITNESS = SigningKey("witness.example/w1", bytes(32), 4)
Sign = Callable[[Person], Client]
MakePerson = Callable[..., Person]
MakeOrganisation = Callable[..., Organisation]


def change(subject: Any, *, reason: str = "", actor: Any = "system:test") -> Leaf:
    with transaction.atomic():
        return record(
            actor=actor, action="files.keep", subject=subject, after={"n": 1}, reason=reason
        )


def a_row(of: Organisation, **marking: Any) -> StoredFile:
    """A marked row of an organisation."""
    blob, _made = Blob.objects.get_or_create(
        sha256="0" * 64, defaults={"size_bytes": 1, "created_at": now()}
    )
    fields: dict[str, Any] = {"realm": "EXERCISE", "level": 1, "originator": of, "name": "x"}
    return StoredFile.objects.create(created_at=now(), blob=blob, **(fields | marking))


def plain(answer: Any, path: str) -> str:
    """A page without what differs in each answer: its tokens and its own address."""
    text = answer.content.decode().replace(path, "")
    return re.sub(r'csrfmiddlewaretoken" value="\w+"', "", text)


# -------------------------------------------------------------------------------------- who sees


def test_an_auditor_sees_the_events_of_rows_that_the_policy_opens_and_no_others(
    person: MakePerson, organisation: MakeOrganisation, signed_in: Sign
) -> None:
    mine, theirs = organisation("customs"), organisation("police")
    change(a_row(mine), reason="CANARY-OWN")
    change(a_row(theirs), reason="CANARY-OTHER-ORGANISATION")
    change(a_row(mine, realm="LIVE"), reason="CANARY-OTHER-REALM")
    change(a_row(mine, level=3), reason="CANARY-ABOVE-CLEARANCE")
    other = person("officer", of="police", name="CANARY-NAME")
    change(other, reason="CANARY-ACCOUNT-OF-OTHERS", actor=other)
    sealed()
    browser = signed_in(person("auditor"))
    page = browser.get("/log/")
    assert page.status_code == 200
    text = page.content.decode()
    assert "CANARY-OWN" in text
    assert text.count("CANARY-") == 1
    for leaf in Leaf.objects.all():
        mine_alone = leaf.content["reason"] == "CANARY-OWN"
        for path in (f"/log/{leaf.pk}/", f"/log/{leaf.pk}/proof.json"):
            answer = browser.get(path)
            assert answer.status_code == (200 if mine_alone else 404), path
            if not mine_alone:
                assert plain(answer, path) == plain(browser.get("/log/999/"), "/log/999/")
    for path in ("/log/log.jsonl", "/log/checkpoints/"):
        assert b"CANARY-" not in browser.get(path).content


@pytest.mark.parametrize("role", ["officer", "expert", "supervisor", "administrator"])
def test_without_the_role_there_is_nothing(
    role: str, person: MakePerson, organisation: MakeOrganisation, signed_in: Sign
) -> None:
    leaf = change(a_row(organisation("customs")))
    sealed()
    browser = signed_in(person(role))
    assert browser.get("/log/").status_code == 403
    assert browser.get("/log/checkpoints/").status_code == 403
    assert browser.get("/log/log.jsonl").status_code == 403
    assert browser.get(f"/log/{leaf.pk}/").status_code == 404
    assert browser.post("/log/checkpoints/witness", {"checkpoint": "x"}).status_code == 403


def test_names_of_other_organisations_people_are_not_shown(
    person: MakePerson, organisation: MakeOrganisation, signed_in: Sign
) -> None:
    row = a_row(organisation("customs"))
    change(row, actor=person("officer", name="Own Colleague"))
    change(row, actor=person("officer", of="police", name="Foreign Colleague"))
    text = signed_in(person("auditor")).get("/log/").content.decode()
    assert "Own Colleague" in text
    assert "Foreign Colleague" not in text
    assert "Police" in text


def test_filters_and_pages(
    person: MakePerson, organisation: MakeOrganisation, signed_in: Sign
) -> None:
    row, another = a_row(organisation("customs")), a_row(organisation("customs"))
    for n in range(60):
        change(row, reason=f"reason-{n:03d}")
    change(another, reason="the other row")
    browser = signed_in(person("auditor"))
    first = browser.get("/log/").content.decode()
    assert "reason-059" in first
    assert "reason-005" not in first
    older = first.split('class="pages"')[1].split('href="')[1].split('"')[0]
    assert "reason-005" in browser.get(f"/log/{older.replace('&amp;', '&')}").content.decode()
    only = browser.get("/log/", {"subject": str(another.pk)}).content.decode()
    assert "the other row" in only
    assert "reason-" not in only
    assert (
        "Nothing that you may see fits"
        in browser.get("/log/", {"action": "nobody.did"}).content.decode()
    )
    late = browser.get("/log/", {"since": "2999-01-01T00:00"}).content.decode()
    assert "Nothing that you may see fits" in late
    for odd in ({"before": "x"}, {"before": "9" * 40}, {"since": "never"}):
        assert browser.get("/log/", odd).status_code == 200


# ---------------------------------------------------------------------------------------- proofs


def test_an_event_is_proved_on_the_page_and_elsewhere(
    person: MakePerson, organisation: MakeOrganisation, signed_in: Sign
) -> None:
    leaves = [change(a_row(organisation("customs")), reason=f"é {n}") for n in range(9)]
    browser = signed_in(person("auditor"))
    early = browser.get(f"/log/{leaves[4].pk}/").content.decode()
    assert "newer than the newest checkpoint" in early
    assert browser.get(f"/log/{leaves[4].pk}/proof.json").status_code == 409
    sealed()
    assert "Proved" in browser.get(f"/log/{leaves[4].pk}/").content.decode()
    answer = browser.get(f"/log/{leaves[4].pk}/proof.json").json()
    assert opens(
        bytes.fromhex(answer["commitment"]), answer["content"], bytes.fromhex(answer["salt"])
    )
    checkpoint = Checkpoint.open(answer["checkpoint"], log_key().verifier)
    verify_inclusion(
        leaf=leaf_hash(bytes.fromhex(answer["commitment"])),
        position=answer["position"],
        size=checkpoint.size,
        proof=[bytes.fromhex(h) for h in answer["proof"]],
        root=checkpoint.root,
    )


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("UPDATE audit_leaf SET commitment = %s WHERE position = 4", "The log was altered"),
        ("UPDATE audit_leaf SET salt = %s WHERE position = 4", "The content was altered"),
        ("UPDATE audit_checkpoint SET root = %s, note = 'forged'", "The log was altered"),
    ],
)
def test_an_altered_event_is_not_called_proved(
    sql: str, said: str, person: MakePerson, organisation: MakeOrganisation, signed_in: Sign
) -> None:
    leaves = [change(a_row(organisation("customs"))) for _ in range(9)]
    sealed()
    browser = signed_in(person("auditor"))
    assert "Proved" in browser.get(f"/log/{leaves[4].pk}/").content.decode()
    with undone():
        as_administrator(lambda c: c.execute(sql, [bytes(32)]))
        text = browser.get(f"/log/{leaves[4].pk}/").content.decode()
    assert said in text
    assert "Proved" not in text


# ----------------------------------------------------------------------------------- checkpoints


def test_the_checkpoint_page_shows_text_key_and_code(
    person: MakePerson, organisation: MakeOrganisation, signed_in: Sign
) -> None:
    browser = signed_in(person("auditor"))
    assert "No checkpoint was signed yet" in browser.get("/log/checkpoints/").content.decode()
    change(a_row(organisation("customs")))
    sealed()
    page = browser.get("/log/checkpoints/").content.decode()
    assert str(log_key().verifier) in page.replace("&#x2B;", "+")
    assert "<svg " in page
    assert "style=" not in page
    text = browser.get("/log/checkpoints/1/checkpoint.txt")
    assert Checkpoint.open(text.content, log_key().verifier).size == 1
    assert browser.get("/log/checkpoints/1/").status_code == 200
    for absent in ("2", str(2**70)):
        assert browser.get(f"/log/checkpoints/{absent}/").status_code == 404


def test_a_kept_checkpoint_is_compared(
    person: MakePerson, organisation: MakeOrganisation, signed_in: Sign
) -> None:
    row = a_row(organisation("customs"))
    change(row)
    first = sealed().signed
    assert first is not None
    change(row)
    sealed()
    browser = signed_in(person("auditor"))

    def said(written: str) -> str:
        answer = browser.post("/log/checkpoints/compare", {"checkpoint": written})
        assert answer.status_code == 200
        return answer.content.decode()

    assert "begins with the 1" in said(first.written())
    assert "begins with the 1" in said(first.written().replace("\n", "\r\n"))
    forked = Checkpoint.sign(size=1, root=bytes(32), key=log_key()).written()
    assert "The log was altered" in said(forked)
    later = Checkpoint.sign(size=9, root=bytes(32), key=log_key()).written()
    assert "older state was put back" in said(later)
    strange = Checkpoint.sign(size=1, root=bytes(32), key=SigningKey("b.example", bytes(32)))
    assert "is of b.example" in said(strange.written())
    assert "altered" not in said("nonsense")


def test_a_witness_signs_and_the_signature_goes_wherever_the_checkpoint_is_kept(
    person: MakePerson, organisation: MakeOrganisation, signed_in: Sign
) -> None:
    change(a_row(organisation("customs")))
    handed_out = sealed().signed
    assert handed_out is not None
    auditor = person("auditor")
    browser = signed_in(auditor)
    back = handed_out.cosigned(WITNESS, time_s=1_700_000_000)

    def send(written: str) -> Any:
        return browser.post("/log/checkpoints/witness", {"checkpoint": written})

    assert send(back.written()).status_code == 400
    assert not Cosignature.objects.exists()
    (own_log().parent / "keys" / "witnesses").write_text(f"{WITNESS.verifier}\n")
    stranger = handed_out.cosigned(SigningKey("x.example", bytes(32), 4), time_s=5)
    forged = back.written().replace(back.written()[-10:-6], "AAAA")
    other = Checkpoint.sign(size=9, root=bytes(32), key=log_key()).cosigned(WITNESS, time_s=5)
    for wrong in (stranger.written(), forged, other.written(), "nonsense"):
        assert send(wrong).status_code == 400
    assert not Cosignature.objects.exists()
    assert send(back.written()).status_code == 302
    assert send(back.written()).status_code == 400
    kept = Cosignature.objects.get()
    assert (kept.witness, kept.checkpoint.size) == (WITNESS.name, 1)
    leaf = Leaf.objects.get(action="audit.witness")
    assert leaf.actor == f"person:{auditor.pk}"
    for name in ("latest.txt", "checkpoints/000000000001.txt"):
        text = next(own_log().glob("*")) / name
        found = Checkpoint.open(text.read_bytes(), log_key().verifier)
        assert found.witnessed_at(WITNESS.verifier) == [1_700_000_000]
    assert WITNESS.name in browser.get("/log/checkpoints/").content.decode()
    sealed()
    log = read_log_file(browser.get("/log/log.jsonl").content)
    verdict = verify_log(log, keys=[log_key().verifier], witnesses=[WITNESS.verifier])
    assert verdict.intact, verdict.findings
    assert verdict.witnessed == {WITNESS.name: (1, 1_700_000_000)}


def test_the_export_of_a_page_has_no_content_and_verifies(
    person: MakePerson, organisation: MakeOrganisation, signed_in: Sign, tmp_path: Path
) -> None:
    change(a_row(organisation("customs")), reason="CANARY")
    kept = sealed().signed
    assert kept is not None
    auditor = person("auditor")
    answer = signed_in(auditor).get("/log/log.jsonl")
    assert "attachment" in answer["Content-Disposition"]
    assert json.loads(answer.content.splitlines()[0])["marking"].startswith("OPEN TLP:CLEAR")
    assert Leaf.objects.get(action="audit.export").subject_id == str(auditor.pk)
    data = answer.content
    assert b"CANARY" not in data
    key = VerifierKey.parse(json.loads(data.splitlines()[0])["key"])
    verdict = verify_log(read_log_file(data), keys=[key], kept_checkpoints=[kept.written()])
    assert verdict.intact
    assert verdict.held_outside == 1


# ------------------------------------------------------------------------------------ the interface


def test_programs_get_what_the_pages_show_and_no_more(
    person: MakePerson, organisation: MakeOrganisation, signed_in: Sign
) -> None:
    mine = change(a_row(organisation("customs")), reason="OWN")
    theirs = change(a_row(organisation("police")), reason="CANARY")
    browser = signed_in(person("auditor"))
    assert browser.get("/api/1/log/checkpoint").json()["note"] is None
    assert browser.get(f"/api/1/log/{mine.pk}").json()["proof"] is None
    kept = sealed().signed
    assert kept is not None
    rows = browser.get("/api/1/log").json()
    assert [row["reason"] for row in rows["events"]] == ["OWN"]
    answer = browser.get(f"/api/1/log/{mine.pk}").json()
    found = Checkpoint.open(answer["checkpoint"], log_key().verifier)
    verify_inclusion(
        leaf=leaf_hash(bytes.fromhex(answer["commitment"])),
        position=answer["position"],
        size=found.size,
        proof=[bytes.fromhex(h) for h in answer["proof"]],
        root=found.root,
    )
    for absent in (theirs.pk, 10**30):
        assert browser.get(f"/api/1/log/{absent}").status_code == 404
        assert browser.get(f"/log/{absent}/").status_code == 404

    def post(path: str, note: str) -> Any:
        return browser.post(
            f"/api/1/log/checkpoint/{path}", {"note": note}, content_type="application/json"
        )

    same = post("consistency", kept.written()).json()
    assert (same["old"], same["new"], same["proof"]) == (2, 2, [])
    forked = Checkpoint.sign(size=1, root=bytes(32), key=log_key()).written()
    assert post("consistency", forked).status_code == 409
    assert post("consistency", "nonsense").status_code == 422
    assert post("witness", kept.written()).status_code == 422
    (own_log().parent / "keys" / "witnesses").write_text(f"{WITNESS.verifier}\n")
    seen = kept.cosigned(WITNESS, time_s=7).written()
    assert post("witness", seen).json() == {"taken": [WITNESS.name]}
    assert signed_in(person("officer")).get("/api/1/log").status_code == 403


# ------------------------------------------------------------------------------------ the home page


def test_the_home_page_tells_an_auditor_when_the_log_is_not_signed_in_time(
    person: MakePerson, organisation: MakeOrganisation, signed_in: Sign, clock: Any
) -> None:
    browser = signed_in(person("auditor"))
    change(a_row(organisation("customs")))
    assert "not signed in time" not in browser.get("/").content.decode()
    clock.move(minutes=6)
    late = browser.get("/").content.decode()
    assert "not signed in time" in late
    assert 'data-tone="alarm"' in late
    sealed()
    assert "not signed in time" not in browser.get("/").content.decode()
    assert "Log of changes" not in signed_in(person("officer")).get("/").content.decode()
