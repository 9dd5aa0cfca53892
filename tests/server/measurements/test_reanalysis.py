"""A re-analysis stands beside the original and changes nothing of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from tests.server.measurements.conftest import NATURAL, STATIC, STATIC_BACKGROUND, SURVEY

from tocsin.server.accounts.models import Person
from tocsin.server.alarms.models import Alarm
from tocsin.server.audit.models import Leaf
from tocsin.server.marking.policy import Reader, reader_of
from tocsin.server.measurements import services, tasks
from tocsin.server.measurements.models import (
    Analysis,
    Encounter,
    Outgoing,
    Reanalysis,
    State,
    Upload,
)
from tocsin.server.measurements.reading import analyses_for

pytestmark = pytest.mark.recordings

Again = Callable[..., Reanalysis]


@pytest.fixture
def expert(person: Callable[..., Person]) -> Reader:
    return reader_of(person("expert", name="Expert Bo", clearance=2))


@pytest.fixture
def again(django_capture_on_commit_callbacks: Callable[..., Any]) -> Again:
    def run(reader: Reader, *args: Any, **more: Any) -> Reanalysis:
        wish = services.ask_again(reader, *args, **more)
        with django_capture_on_commit_callbacks(execute=True):
            tasks.analyse_again.func(str(wish.pk))
        wish.refresh_from_db()
        return wish

    return run


def test_with_a_background_of_its_own(
    expert: Reader, bring: Callable[..., Upload], again: Again
) -> None:
    m = bring(expert, STATIC).measurement
    behind = bring(expert, STATIC_BACKGROUND).measurement
    original = m.analyses.get()
    before = {f.name: getattr(original, f.name) for f in Analysis._meta.fields}
    wish = again(expert, m, reason="background of the same day", background=behind)
    assert wish.state == State.DONE
    second = wish.analysis
    assert second is not None
    assert (second.number, second.background, second.reason) == (2, behind, wish.reason)
    assert second.created_by == expert.person
    assert second.said["background_used"] == "file"
    assert original.said["background_used"] == "none"
    kept = Analysis.objects.get(pk=original.pk)
    assert {f.name: getattr(kept, f.name) for f in Analysis._meta.fields} == before
    asked = Leaf.objects.get(action="measurements.reanalyse")
    assert asked.content["reason"] == "background of the same day"
    assert Leaf.objects.filter(action="measurements.analyse_again").count() == 1


def test_with_another_rate_of_false_alarms(
    expert: Reader, bring: Callable[..., Upload], again: Again
) -> None:
    m = bring(expert, NATURAL).measurement
    wish = again(expert, m, reason="look closer", false_alarm_rate_per_h=10.0)
    original, second = m.analyses.order_by("number")
    assert wish.analysis == second
    assert second.settings == {"false_alarm_rate_per_h": 10.0}
    assert second.threshold <= original.threshold


def test_what_was_presented_before_calls_nobody_again(
    expert: Reader, bring: Callable[..., Upload], again: Again
) -> None:
    m = bring(expert, SURVEY).measurement
    alarms = Alarm.objects.count()
    assert alarms > 0
    again(expert, m, reason="once more", false_alarm_rate_per_h=1.0)
    second = m.analyses.get(number=2)
    assert second.encounters.count() == m.analyses.get(number=1).encounters.count()
    assert Alarm.objects.count() == alarms


def _called(answer: Any, **changed: Any) -> Any:
    """The answer with its encounters called something else."""
    fields = {k: v for k, v in changed.items() if k != "nuclear_material"}
    return replace(
        answer,
        analysis=replace(
            answer.analysis,
            encounters=tuple(replace(e, **fields) for e in answer.analysis.encounters),
        ),
        json=answer.json | {"encounters": [e | changed for e in answer.json["encounters"]]},
    )


@pytest.mark.parametrize(
    ("later", "presented_again"),
    [
        ({"source_class": "snm"}, True),
        ({"source_class": "medical", "neutron": True}, True),
        ({"source_class": "medical", "nuclear_material": True}, True),
        ({"source_class": "medical"}, False),
        ({"source_class": "norm"}, False),
    ],
)
def test_something_graver_in_the_same_records_is_presented(
    expert: Reader,
    bring: Callable[..., Upload],
    again: Again,
    monkeypatch: pytest.MonkeyPatch,
    later: dict[str, Any],
    presented_again: bool,
) -> None:
    complete = tasks.answer
    plain: dict[str, Any] = {"neutron": False, "nuclear_material": False}

    def saying(**changed: Any) -> None:
        monkeypatch.setattr(tasks, "answer", lambda *a, **m: _called(complete(*a, **m), **changed))

    saying(**plain, source_class="medical")
    m = bring(expert, SURVEY).measurement
    first = Outgoing.objects.count()
    assert first > 0
    saying(**plain | later)
    again(expert, m, reason="another look")
    fresh = m.analyses.get(number=2).encounters.count() if presented_again else 0
    assert Outgoing.objects.count() == first + fresh


def test_what_only_the_re_analysis_finds_becomes_an_alarm(
    expert: Reader,
    bring: Callable[..., Upload],
    again: Again,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    complete = tasks.answer

    def without_encounters(recording: Any, **more: Any) -> Any:
        found = complete(recording, **more)
        return replace(
            found,
            analysis=replace(found.analysis, encounters=()),
            json=found.json | {"encounters": []},
        )

    monkeypatch.setattr(tasks, "answer", without_encounters)
    m = bring(expert, SURVEY).measurement
    assert Alarm.objects.count() == 0
    monkeypatch.setattr(tasks, "answer", complete)
    again(expert, m, reason="it should be there")
    assert Alarm.objects.count() == sum(e.is_alarm for e in Encounter.objects.all()) > 0


def test_the_answer_takes_the_higher_marking_of_both(
    expert: Reader, bring: Callable[..., Upload], again: Again, person: Callable[..., Person]
) -> None:
    m = bring(expert, STATIC).measurement
    behind = bring(expert, STATIC_BACKGROUND, level=2).measurement
    wish = again(expert, m, reason="with the confidential background", background=behind)
    assert wish.analysis is not None
    assert (m.level, wish.level, wish.analysis.level) == (1, 2, 2)
    assert {e.level for e in wish.analysis.encounters.all()} == {2}
    officer = reader_of(person("officer", clearance=1))
    assert [a.number for a in analyses_for(officer, m)] == [1]
    assert [a.number for a in analyses_for(expert, m)] == [1, 2]


def test_what_may_not_be_asked_for(
    expert: Reader, bring: Callable[..., Upload], person: Callable[..., Person]
) -> None:
    m = bring(expert, STATIC).measurement
    secret = bring(expert, STATIC_BACKGROUND, level=2).measurement
    low = reader_of(person("expert", clearance=1))
    officer = reader_of(person("officer"))
    stranger = reader_of(person("expert", of="police"))
    cases: list[tuple[Reader, dict[str, Any], str]] = [
        (officer, {"reason": "x"}, "not_allowed"),
        (stranger, {"reason": "x"}, "not_allowed"),
        (expert, {"reason": "  "}, "reason"),
        (expert, {"reason": "x", "false_alarm_rate_per_h": 1e6}, "setting"),
        (expert, {"reason": "x", "background": m}, "background"),
        (low, {"reason": "x", "background": secret}, "background"),
    ]
    for reader, given, code in cases:
        with pytest.raises(services.Refused) as refused:
            services.ask_again(reader, m, **given)
        assert refused.value.code == code
    assert Reanalysis.objects.count() == 0


def test_page_of_the_wish_and_both_answers_side_by_side(
    expert: Reader, bring: Callable[..., Upload], signed_in: Callable[[Person], Client]
) -> None:
    m = bring(expert, STATIC).measurement
    behind = bring(expert, STATIC_BACKGROUND).measurement
    browser = signed_in(expert.person)
    form = browser.get(f"/measurements/{m.pk}/analyse/").content.decode()
    assert str(behind.pk) in form
    assert str(m.pk) not in form.split("<select", 1)[1].split("</select>", 1)[0]
    empty = browser.post(f"/measurements/{m.pk}/analyse/", {"reason": ""})
    assert empty.status_code == 400
    given = {"reason": "background of the day", "background": str(behind.pk)}
    assert (
        browser.post(f"/measurements/{m.pk}/analyse/", given)["Location"]
        == f"/measurements/{m.pk}/"
    )
    wish = Reanalysis.objects.get()
    page = browser.get(f"/measurements/{m.pk}/").content.decode()
    assert "background of the day" in page
    tasks.analyse_again.func(str(wish.pk))
    page = browser.get(f"/measurements/{m.pk}/").content.decode()
    assert "Original analysis" in page
    later = browser.get(f"/measurements/{m.pk}/?analysis=2").content.decode()
    assert "Expert Bo" in later
    assert "background of the day" in later
    assert "spectrum?analysis=2" in later
