"""Which disposition may end which alert (contract, "Alerts")."""

from __future__ import annotations

from typing import Final

from models.alert import DISPOSITIONS
from services.rules.escalation.states import AlertState, at_least

NEEDS_A_NOTE: Final = frozenset({"false_alarm", "other"})
NOT_FOR_CRITICAL: Final = frozenset({"watchful_waiting", "appointment_made"})


def handled_as(state: AlertState) -> str:
    """The severity that an ending must answer: the alert's own, or that of the ladder it still runs
    on, if that is higher.

    A C-SSRS may have lowered an alert that was paged as critical. Until somebody has acknowledged
    it after that, it goes on as critical, and so it must be answered as one.
    """
    return at_least(state.severity, state.ladder_severity)


def allowed_dispositions(state: AlertState) -> list[str]:
    """Those that may end the alert as it stands; none once it has ended."""
    if state.status == "resolved":
        return []
    hidden = NOT_FOR_CRITICAL if handled_as(state) == "critical" else frozenset()
    return [each for each in DISPOSITIONS if each not in hidden]


def problems_with(disposition: str, note: str | None, state: AlertState) -> dict[str, list[str]]:
    """What speaks against ending the alert like this: field -> sentences, empty when nothing."""
    errors: dict[str, list[str]] = {}
    if disposition in NEEDS_A_NOTE and not (note or "").strip():
        errors["note"] = ["This disposition needs a note."]
    if disposition not in allowed_dispositions(state):
        errors["disposition"] = ["Not for a critical alert."]
    return errors
