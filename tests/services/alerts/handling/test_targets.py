"""Who hears of an alert next, by a neutral name."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models.base import new_id
from services.alerts.chain import MORNING_MAIL, Chain, Link, next_target
from services.alerts.permissions import allowed_dispositions, handled_as, problems_with
from services.rules.cards.crisis import ClinicFacts
from services.rules.escalation.staffing import Staffing
from services.rules.escalation.states import AlertState

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
LINKS = [new_id(), new_id()]
NAMES = {LINKS[0]: "contact 1 (email)", LINKS[1]: "last resort (email)"}
CHAIN = Chain(
    (Link(LINKS[0], "email", False), Link(LINKS[1], "email", True)),
    ClinicFacts("FR", Staffing(UTC), None, ""),
)
OWNED = {"status": "acknowledged", "ack_expires_at": LATER}


@pytest.mark.parametrize(
    ("severity", "columns", "target"),
    [
        ("critical", {"next_at": NOON, "page_step": 1}, NAMES[LINKS[1]]),
        ("critical", {"next_at": NOON, "page_step": 2}, NAMES[LINKS[0]]),
        ("high", {"next_at": NOON, "page_step": 0}, NAMES[LINKS[0]]),
        ("medium", {"next_at": NOON}, MORNING_MAIL),
        ("medium", {"next_at": None}, None),
        ("low", {"next_at": None}, None),
        ("critical", {"next_at": LATER, "page_step": 1, **OWNED}, NAMES[LINKS[0]]),
        (
            "medium",  # lowered after it was paged: a failed contact goes back to its old ladder
            {
                "next_at": NOON,
                "page_step": 1,
                "contact_due_at": NOON,
                "page_severity": "high",
                **OWNED,
            },
            NAMES[LINKS[1]],
        ),
        (
            "critical",
            {"next_at": LATER, "page_step": 1, "contact_due_at": NOON, **OWNED},
            NAMES[LINKS[0]],
        ),
    ],
)
def test_the_next_contact(severity: str, columns: dict[str, Any], target: str | None):
    state = AlertState(severity=severity, ladder_severity=severity, **columns)
    assert next_target(state, CHAIN, NAMES) == target


def test_an_empty_chain_has_no_next_contact():
    state = AlertState(severity="critical", ladder_severity="critical", next_at=NOON)
    assert next_target(state, replace(CHAIN, links=()), {}) is None


@pytest.mark.parametrize(
    ("severity", "ladder", "handled"),
    [
        ("critical", "critical", "critical"),
        ("high", "critical", "critical"),  # lowered by a C-SSRS, nobody has acknowledged since
        ("high", "high", "high"),
        ("critical", "high", "critical"),
        ("medium", "low", "medium"),
    ],
)
def test_an_alert_is_answered_as_what_it_is_handled_as(severity: str, ladder: str, handled: str):
    assert handled_as(AlertState(severity=severity, ladder_severity=ladder)) == handled


@pytest.mark.parametrize(
    ("disposition", "note", "severity", "fields"),
    [
        ("safe_plan_made", None, "critical", set()),
        ("emergency_services", None, "critical", set()),
        ("handed_over_in_person", None, "critical", set()),
        ("treatment_changed", None, "critical", set()),
        ("watchful_waiting", "note", "critical", {"disposition"}),
        ("appointment_made", "note", "critical", {"disposition"}),
        ("watchful_waiting", None, "high", set()),
        ("appointment_made", None, "medium", set()),
        ("false_alarm", None, "low", {"note"}),
        ("false_alarm", " ", "critical", {"note"}),
        ("false_alarm", "a colleague tried the app", "critical", set()),
        ("other", None, "high", {"note"}),
        ("other", "moved away", "high", set()),
    ],
)
def test_which_disposition_may_end_which_alert(
    disposition: str, note: str | None, severity: str, fields: set[str]
):
    state = AlertState(severity=severity, ladder_severity=severity)
    assert problems_with(disposition, note, state).keys() == fields
    assert (disposition in allowed_dispositions(state)) is ("disposition" not in fields)


def test_a_resolved_alert_has_no_disposition_left():
    assert allowed_dispositions(AlertState("low", "low", status="resolved")) == []
