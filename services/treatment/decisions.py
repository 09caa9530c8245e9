"""Clearance, discharge, driving restriction: a clinician decides, or is refused with reasons."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from models import SessionDecision
from services.access import Action, Actor
from services.chart import reading
from services.exactly_once import FirstAnswer
from services.exceptions import Invalid
from services.intake.deciding.treatment import decided_about_session
from services.paging import Page
from services.patients.history.side_effects import load_vitals
from services.patients.history.treatments import rule_session
from services.rules.mood_days import find_zone, wall_clock
from services.rules.session_day.clearance import Refusals, clearance_refusals, discharge_refusals
from services.rules.session_day.driving import e6_not_acknowledged
from services.rules.session_day.screening import newest
from services.treatment.once import New, Writing, keep_outcome, write_once
from services.treatment.records import insert_record, newest_first, shown
from services.treatment.screenings import load_screenings
from services.treatment.session_record import known_session

OUTCOMES: Final = {
    "clearance": ("cleared", "not_cleared"),
    "discharge": ("discharged", "kept"),
    "driving_restriction": ("acknowledged",),
}
# What the rules call the decision is the field `outcome` of the request.
FIELDS: Final = {"cleared": "outcome", "discharged": "outcome"}
SHOWN: Final = (
    "id",
    "patient_id",
    "session_id",
    "kind",
    "outcome",
    "reason",
    "found",
    "decided_by",
    "decided_at",
)


@dataclass(frozen=True, slots=True)
class Asking:
    """Where and when it is asked what stands against a decision; `timezone`: the patient's."""

    session: Session
    timezone: str
    now: datetime


Ask = Callable[[Asking, Any, str | None], Refusals]


def decide_about_session(
    actor: Actor,
    patient_id: UUID,
    session_id: UUID,
    record_id: UUID | None,
    fields: dict[str, Any],
    now: datetime,
) -> FirstAnswer:
    """Store a decision; `cleared` and `discharged` are refused while something stands against
    them, `Invalid` naming what. What needed a reason is kept with the decision.
    """
    kind, outcome, reason = fields["kind"], fields["outcome"], fields.get("reason")
    if outcome not in OUTCOMES[kind]:
        raise Invalid({"outcome": [f"Must be one of: {', '.join(OUTCOMES[kind])}."]})

    def make(writing: Writing, new_id: UUID) -> dict[str, Any]:
        at = known_session(writing.session, patient_id, session_id)
        if at.cancelled:
            raise Invalid({"session_id": ["This session was cancelled."]})
        row = insert_record(
            writing,
            SessionDecision,
            new_id,
            {
                "session_id": session_id,
                "kind": kind,
                "outcome": outcome,
                "reason": reason,
                "found": _found(writing, at, outcome, reason),
                "decided_by": actor.user_id,
                "decided_at": now,
            },
        )
        if outcome == "discharged":
            _check_driving(writing, at, new_id)
        return shown(row, SHOWN)

    content = {"session": session_id, "kind": kind, "outcome": outcome, "reason": reason}
    return write_once(actor, New("session_decision", patient_id, record_id, content), make, now)


def _found(writing: Writing, row: Any, outcome: str, reason: str | None) -> list[str]:
    """What stood against it, in words; raises `Invalid` with what still does."""
    ask = ASKED.get(outcome)
    if ask is None:
        return []
    asking = Asking(writing.session, writing.patient.timezone, writing.now)
    standing = ask(asking, row, reason)
    if standing:
        raise Invalid({FIELDS.get(name, name): words for name, words in standing.items()})
    return _in_words(ask(asking, row, None))


def _in_words(standing: Refusals) -> list[str]:
    return [word for words in standing.values() for word in words]


def what_stands_against(
    actor: Actor, patient_id: UUID, session_id: UUID, now: datetime
) -> dict[str, list[str]]:
    """What stands against `cleared` and `discharged` as things are, in words, before anybody
    decides; raises `NotFound` and `Forbidden`.
    """
    action, event = Action.READ_TREATMENT, "session_decisions_read"
    with reading(actor, action, patient_id, event, now) as (session, patient):
        row = known_session(session, patient_id, session_id)
        asking = Asking(session, patient.timezone, now)
        return {outcome: _in_words(ask(asking, row, None)) for outcome, ask in ASKED.items()}


def _clearance(asking: Asking, row: Any, reason: str | None) -> Refusals:
    treated = rule_session(row)
    zone = treated.zone(find_zone(asking.timezone) or UTC)
    day = wall_clock(row.started_at, zone).date()
    return clearance_refusals(
        treated,
        day,
        newest(load_screenings(asking.session, row.patient_id), day),
        load_vitals(asking.session, row.session_id),
        reason,
    )


def _discharge(asking: Asking, row: Any, reason: str | None) -> Refusals:
    return discharge_refusals(
        rule_session(row),
        asking.now,
        load_vitals(asking.session, row.session_id),
        _is_acknowledged(asking.session, row.session_id),
        reason,
        find_zone(asking.timezone) or UTC,
    )


ASKED: Final[dict[str, Ask]] = {"cleared": _clearance, "discharged": _discharge}


def _is_acknowledged(session: Session, session_id: UUID) -> bool:
    return bool(
        session.scalar(
            select(
                exists().where(
                    SessionDecision.session_id == session_id,
                    SessionDecision.outcome == "acknowledged",
                )
            )
        )
    )


def _check_driving(writing: Writing, row: Any, decision_id: UUID) -> None:
    """E6: somebody goes home who has not acknowledged the driving restriction."""
    zone = find_zone(writing.patient.timezone) or UTC
    acknowledged = _is_acknowledged(writing.session, row.session_id)
    decision = e6_not_acknowledged(rule_session(row), zone, acknowledged)
    keep_outcome(
        writing, decided_about_session(writing.patient, writing.now, [decision]), decision_id
    )


def list_decisions(
    actor: Actor, patient_id: UUID, session_id: UUID, limit: int, cursor: str | None, now: datetime
) -> Page:
    """What was decided about a session, newest first; raises `NotFound` and `Forbidden`."""
    table = SessionDecision
    query = select(*table.__table__.c).where(
        table.session_id == session_id, table.patient_id == patient_id
    )
    action, event = Action.READ_TREATMENT, "session_decisions_read"
    with reading(actor, action, patient_id, event, now) as (session, _):
        known_session(session, patient_id, session_id)
        page = newest_first(session, query, table.decided_at, table.id, limit, cursor)
    return page.rendered(lambda row: shown(row, SHOWN))
