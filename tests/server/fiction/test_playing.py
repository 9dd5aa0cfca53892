"""What the demonstration says that it did is what it did; a flow that ends early is a failure."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tocsin.server.fiction import playing

MEDICAL = {"id": "m", "name": "A-M", "title": "I-131", "source_class": "medical", "gravity": []}
STRONG = {
    "id": "s",
    "name": "A-S",
    "title": "Ir-192",
    "source_class": "industrial",
    "gravity": ["unknown"],
}


OPENED = {"name": "I-1", "alarm_id": STRONG["id"]}


@dataclass
class Scene:
    """A server that says yes to each step, and what was asked of it."""

    incidents: list[dict[str, Any]]
    alarms: list[dict[str, Any]] = field(default_factory=lambda: [MEDICAL, STRONG])
    ends_as: str = "closed"
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    def caller(self, _address: str, login: str) -> Any:
        return Somebody(self, login)


@dataclass
class Somebody:
    scene: Scene
    login: str

    @property
    def name(self) -> str:
        return self.login

    def ask(self, path: str, body: Any = None) -> Any:
        if path == "/alarms":
            return {"alarms": [] if "police" in self.login else self.scene.alarms}
        if path == "/incidents":
            return {"incidents": self.scene.incidents}
        kind = body["kind"] if body else "look"
        self.scene.asked.append((path, self.login, kind))
        if kind == "innocent" and path.startswith("/alarms/s"):
            raise playing.PlayStopped("refused")
        steps = [{"kind": k, "reasons": ["r"]} for k in ("innocent", "expert_called", "confirmed")]
        state = self.scene.ends_as if kind == "innocent" else "raised"
        return {"name": path, "state": state, "steps": steps}


def played(monkeypatch: pytest.MonkeyPatch, scene: Scene) -> tuple[dict[str, Any], list[str]]:
    monkeypatch.setattr(playing, "caller", scene.caller)
    monkeypatch.setattr(playing, "bring_walk", lambda *_a, **_k: {"encounters": 2})
    monkeypatch.setattr(playing, "OPENED_WITHIN_S", 0.0)
    # the theft and what comes of it have a test of their own, on a real database
    monkeypatch.setattr(playing.theft, "steal", lambda *_a, **_k: {"id": "x", "name": "S-X"})
    monkeypatch.setattr(playing.theft, "trace", lambda *_a, **_k: {})
    said: list[str] = []
    return playing.play("http://nowhere", Path("walk"), say=said.append), said


def test_the_actions_that_are_told_are_those_that_were_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene = Scene(incidents=[OPENED])
    summary, said = played(monkeypatch, scene)
    sent = [a for a in scene.asked if a[0] == "/alarms/m/steps"]
    assert any(f"closes A-M (I-131) in {len(sent)} actions" in line for line in said)
    assert (summary["closed"], summary["incidents"]) == (1, 1)


def test_a_confirmation_that_opens_no_incident_is_a_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(playing.PlayStopped, match="no incident"):
        played(monkeypatch, Scene(incidents=[]))


def test_nothing_to_confirm_and_an_alarm_left_open_are_failures(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(playing.PlayStopped, match="no alarm that an expert could confirm"):
        played(monkeypatch, Scene(incidents=[OPENED], alarms=[MEDICAL]))
    with pytest.raises(playing.PlayStopped, match="was to be closed"):
        played(monkeypatch, Scene(incidents=[OPENED], ends_as="innocent"))
