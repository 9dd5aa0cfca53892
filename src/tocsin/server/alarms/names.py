"""What people read for states, steps, roles and refusals of an alarm."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from tocsin.server.alarms.configuration import Configuration
from tocsin.server.alarms.facts import Kind, Role, State, Trigger
from tocsin.server.measurements.models import CLASSES as MEASURED

STATES = {
    State.RAISED: _("Raised"),
    State.ACK: _("Acknowledged"),
    State.PRIMARY: _("Repeat pass"),
    State.FALSE: _("False alarm"),
    State.SECONDARY: _("Secondary inspection"),
    State.INNOCENT: _("Innocent"),
    State.UNRESOLVED: _("Waits for an expert"),
    State.EXPERT: _("With the expert"),
    State.EQUIPMENT_FAULT: _("Equipment fault"),
    State.CONFIRMED: _("Confirmed, not innocent"),
    State.EVENT: _("Event"),
    State.NOTIFY: _("Notification decided"),
    State.CLOSED: _("Closed"),
}

STEPS = {
    Kind.ACKNOWLEDGED: _("Acknowledge"),
    Kind.REPEAT_PASS: _("Repeat the pass"),
    Kind.REPRODUCED: _("Reproduced"),
    Kind.NOT_REPRODUCED: _("Not reproduced"),
    Kind.EXPERT_CALLED: _("Call the expert"),
    Kind.EXPERT_TOOK: _("Take over as expert"),
    Kind.INNOCENT: _("Innocent"),
    Kind.FALSE: _("Nothing there"),
    Kind.EQUIPMENT_FAULT: _("Equipment fault"),
    Kind.CONFIRMED: _("Confirm: not innocent"),
    Kind.OPINION: _("Give an opinion"),
    Kind.MEASURED: _("Enter a reading"),
    Kind.INFORMATION: _("Add information"),
    Kind.SCENE_CONTROLLED: _("Scene is under control"),
    Kind.AREA_RELEASED: _("Release the area"),
    Kind.NOTIFICATION_DECIDED: _("Decide on notification"),
    Kind.CLOSE_PROPOSED: _("Propose to close"),
    Kind.CLOSED: _("Close"),
    Kind.REOPENED: _("Reopen"),
}

EVENTS = {
    Kind.RAISED: _("raised"),
    Kind.ACKNOWLEDGED: _("acknowledged"),
    Kind.REPEAT_PASS: _("repeats the pass"),
    Kind.REPRODUCED: _("reproduced"),
    Kind.NOT_REPRODUCED: _("not reproduced"),
    Kind.EXPERT_CALLED: _("expert called"),
    Kind.EXPERT_TOOK: _("expert took over"),
    Kind.INNOCENT: _("judged innocent"),
    Kind.FALSE: _("judged: nothing there"),
    Kind.EQUIPMENT_FAULT: _("judged an equipment fault"),
    Kind.CONFIRMED: _("confirmed: not innocent"),
    Kind.OPINION: _("expert's opinion"),
    Kind.MEASURED: _("reading entered"),
    Kind.INFORMATION: _("information added"),
    Kind.SAFETY_OVERRIDE: _("action level exceeded"),
    Kind.SCENE_CONTROLLED: _("scene under control"),
    Kind.AREA_RELEASED: _("area released"),
    Kind.NOTIFICATION_DECIDED: _("notification decided"),
    Kind.CLOSE_PROPOSED: _("close proposed"),
    Kind.CLOSED: _("closed"),
    Kind.REOPENED: _("reopened"),
    Kind.TIMER_EXPIRED: _("time ran out"),
}

ROLES = {
    Role.OFFICER: _("front-line officer"),
    Role.SUPERVISOR: _("supervisor"),
    Role.EXPERT: _("expert"),
    Role.AUTHORITY: _("national point of contact"),
}

TRIGGERS = {Trigger.INSTRUMENT: _("instrument"), Trigger.INFORMATION: _("information")}

CLASSES = {**MEASURED, "": _("not identified")}

GRAVITY = {
    "neutron": _("neutrons"),
    "snm_compatible": _("special nuclear material is not excluded"),
    "masked": _("shielding or a hidden second source is possible"),
    "nuclear_material": _("nuclear material"),
    "snm": _("special nuclear material"),
    "unknown": _("unknown nuclide"),
}

LEVELS = {"neutron": _("neutron alarm"), "dose_rate": _("dose rate")}

STAGES = {
    "ACK": _("acknowledge"),
    "PRIMARY": _("repeat pass"),
    "SECONDARY": _("secondary inspection"),
    "EXPERT": _("expert's answer"),
}

REFUSALS = {
    "not_in_this_state": _("The alarm is no longer in a state that permits this step."),
    "reason_needed": _("Choose a reason."),
    "close_not_with_this_step": _("This step cannot close the alarm in the same action."),
    "reason_unknown": _("This reason is not in the list for this step."),
    "evidence_needed": _("Say what the verdict rests on."),
    "note_needed": _("Say it in your own words."),
    "confidence_needed": _("Give your confidence, from 0 to 100 per cent."),
    "cannot_exclude_needed": _("Say what cannot be excluded, or that nothing is left."),
    "facts_needed": _("Enter what was measured."),
    "actor_needed": _("A person must do this."),
    "person_needed": _("A person must do this."),
    "system_only": _("Nobody can do this by hand."),
    "role_not_permitted": _("None of your roles may take this step."),
    "area_not_released": _("The area must be released on the response sheet first."),
    "second_person_needed": _("Two persons must close this alarm: propose to close first."),
    "same_person": _("Another person than the one who proposed it must close."),
    "expert_or_authority_needed": _("One of the two must be an expert or the point of contact."),
    "before_the_last_event": _("The clock of this server runs behind the last event."),
    "timer_not_running": _("This timer does not run."),
    "action_not_allowed": _("None of your roles allows this."),
}


def said(problems: Sequence[str]) -> list[str]:
    """Refusals in words."""
    return [str(REFUSALS.get(code, code)) for code in problems]


def reason_title(configuration: Configuration, code: str) -> str:
    """Text of a code in the reader's language; the code itself where the list has dropped it."""
    reason = configuration.reasons.get(code)
    if reason is None:
        return code
    language = (get_language() or "en").partition("-")[0]
    return reason.title.get(language, reason.title["en"])
