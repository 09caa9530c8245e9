"""Reading check-ins back: what is true now, the current version under any of its ids."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import Row, Select, and_, select, tuple_
from sqlalchemy.orm import Session

from models import CheckIn, CheckInContent, Patient
from services import audit
from services.access import Action, Actor
from services.accounts.token_check import acting
from services.exceptions import Invalid, NotFound
from services.intake.deciding.background import clinic_facts
from services.intake.storing.contents import OF_ITS_CHECK_IN
from services.paging import Page, decode_cursor, page_of_rows
from services.patients.history.treatments import load_treatment
from services.patients.view import in_view_clause
from services.rules.cards.crisis import ClinicFacts, Receipt, card
from services.rules.courses import UNTREATED, Treatment, hours_since, session_before
from services.rules.danger.entry import EntryFacts
from services.rules.danger.triage import card_level, next_instrument

log = structlog.get_logger()

SCORE_FIELDS: Final = ("total", "band", "complete", "answered", "prorated_total")


def record_of(
    row: Mapping[str, Any],
    record_id: UUID,
    *,
    answers: Mapping[str, Any],
    note: str | None,
    client_total: int | None,
    treatment: Treatment,
    safety: dict[str, object] | None,
) -> dict[str, Any]:
    """The record of one check-in from its columns; `record_id` is the id it is shown under.

    Its session is worked out from the treatment as it is known now.
    """
    return {
        "id": record_id,
        "patient_id": row["patient_id"],
        "instrument": row["instrument"],
        "instrument_version": row["instrument_version"],
        "answers": dict(answers),
        "recorded_at": row["recorded_at"],
        "received_at": row["received_at"],
        "timezone": row["timezone"],
        "mood_day": row["mood_day"],
        "note": note,
        "client_total": client_total,
        "score": {field: row[field] for field in SCORE_FIELDS},
        "session": session_of(row["answered_at"], treatment),
        "flags": sorted(row["flags"]),
        "safety": safety,
    }


def session_of(answered_at: datetime, treatment: Treatment) -> dict[str, Any] | None:
    """The last session that had started when something was answered, and hours since then."""
    try:
        found = session_before(answered_at, treatment.sessions)
        if found is None:
            return None
        return {"id": found.id, "hours_since": hours_since(found, answered_at)}
    except Exception as error:  # noqa: BLE001 -- an annotation must not cost the answer
        log.error("session_failed", kind=type(error).__name__)
        return None


def list_check_ins(
    actor: Actor,
    *,
    now: datetime,
    patient_id: UUID | None,
    instrument: str | None,
    limit: int,
    cursor: str | None,
) -> Page:
    """The current versions, newest `recorded_at` first; staff name the patient.

    A patient outside the actor's view is an empty list. Raises `Forbidden` and `Invalid`.
    """
    if actor.patient_id is None and patient_id is None:
        raise Invalid({"patient_id": ["Staff name the patient."]})
    with acting(actor, now) as session:
        query = _current(actor, now).where(CheckIn.patient_id == (patient_id or actor.patient_id))
        if instrument is not None:
            query = query.where(CheckIn.instrument == instrument)
        if cursor is not None:
            query = query.where(_older_than(cursor))
        order = (CheckIn.recorded_at.desc(), CheckIn.id.desc())
        rows = session.execute(query.order_by(*order).limit(limit + 1)).all()
        facts = clinic_facts(session, actor.clinic_id)
        treatment = load_treatment(session, rows[0].patient_id) if rows else UNTREATED
        _audit(session, actor, "check_ins.list", patient_id, now)
        page = page_of_rows(rows, limit, lambda row: (row.recorded_at, row.id))
        return page.rendered(lambda row: _shown(row, treatment, facts, now))


def get_check_in(actor: Actor, check_in_id: UUID, now: datetime) -> dict[str, Any]:
    """The current version of the form that any of its versions' ids names, with all versions.

    Raises `NotFound` outside the actor's view.
    """
    with acting(actor, now) as session:
        root = session.execute(
            select(CheckIn.root_id, CheckIn.patient_id).where(CheckIn.id == check_in_id)
        ).one_or_none()
        if root is None:
            raise NotFound
        mine = and_(CheckIn.patient_id == root.patient_id, CheckIn.root_id == root.root_id)
        current = session.execute(_current(actor, now).where(mine)).one_or_none()
        if current is None:
            raise NotFound
        treatment = load_treatment(session, root.patient_id)
        record = _shown(current, treatment, clinic_facts(session, actor.clinic_id), now)
        record["versions"] = _versions(session, mine)
        _audit(session, actor, "check_ins.read", root.patient_id, now)
        return record


def _current(actor: Actor, now: datetime) -> Select[Any]:
    first = CheckInContent.__table__.alias("first_content")
    return (
        select(
            *CheckIn.__table__.c,
            CheckInContent.answers,
            first.c.note.label("first_note"),
            first.c.client_total.label("first_client_total"),
        )
        .join(CheckInContent, OF_ITS_CHECK_IN)
        .join(
            first,
            and_(
                first.c.clinic_id == CheckIn.clinic_id,
                first.c.patient_id == CheckIn.patient_id,
                first.c.check_in_id == CheckIn.root_id,
            ),
        )
        .join(
            Patient,
            and_(Patient.clinic_id == CheckIn.clinic_id, Patient.id == CheckIn.patient_id),
        )
        .where(CheckIn.superseded.is_(False), in_view_clause(actor, Action.READ_ENTRIES, now))
    )


def _older_than(cursor: str) -> Any:
    recorded_at, last_id = decode_cursor(cursor, datetime, UUID)
    return tuple_(CheckIn.recorded_at, CheckIn.id) < tuple_(recorded_at, last_id)


def _shown(
    row: Row[Any], treatment: Treatment, clinic: ClinicFacts, now: datetime
) -> dict[str, Any]:
    return record_of(
        dict(row._mapping),
        row.id,
        answers=row.answers,
        note=row.first_note,
        client_total=row.first_client_total,
        treatment=treatment,
        safety=_card_now(row, clinic, now),
    )


def _card_now(row: Row[Any], clinic: ClinicFacts, now: datetime) -> dict[str, object] | None:
    """The card as of now: resources and staffed hours may have changed since the first answer."""
    facts = EntryFacts(
        kind="check_in",
        recorded_at=row.answered_at,
        received_at=row.received_at,
        item9="unknown" if row.q9_unknown else row.q9,
        cssrs=row.cssrs_level,
    )
    level = card_level(facts, ())
    return None if level is None else card(level, clinic, now, Receipt(), next_instrument(facts))


def _versions(session: Session, mine: Any) -> list[dict[str, Any]]:
    rows = session.execute(
        select(
            CheckIn.id,
            CheckIn.received_at,
            CheckIn.entered_by,
            CheckInContent.reason,
            CheckInContent.answers,
        )
        .join(CheckInContent, OF_ITS_CHECK_IN)
        .where(mine)
        .order_by(CheckIn.version)
    )
    return [
        {
            "id": row.id,
            "received_at": row.received_at,
            "by": row.entered_by,
            "reason": row.reason,
            "answers": row.answers,
        }
        for row in rows
    ]


def _audit(
    session: Session, actor: Actor, action: str, patient_id: UUID | None, now: datetime
) -> None:
    """Staff who read are recorded; a patient who reads her own answers is not."""
    if actor.patient_id is None:
        audit.record(session, actor.user_id, action, now, patient_id=patient_id)
