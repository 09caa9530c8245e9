""" "I need help now": stored exactly once, a critical occurrence whatever else is true; read by the
patient and by those who may read its alert.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, and_, select, tuple_
from sqlalchemy.orm import Session

from models import HelpRequest, Patient
from models.sealing import sealed
from services import audit
from services.access import Action, Actor, scopes
from services.accounts.tokens.token_check import acting
from services.alerts.chain import load_chain
from services.exactly_once import FirstAnswer, content_digest
from services.exceptions import Invalid, NotFound
from services.intake.deciding.known import Known, Sent
from services.intake.deciding.outcome import Outcome
from services.intake.entry import Entry, NewEntry, flags_of, offset_s, utc_or_none
from services.intake.forms import HelpForm
from services.intake.seen import load_seen
from services.intake.storing.store import SafetyCard
from services.intake.storing.unwritten import TableRow
from services.intake.writing import write_entry
from services.paging import Page, decode_cursor, page_of_rows
from services.patients.view import in_view_clause
from services.patients.wording import for_reader
from services.rules.cards.crisis import RequestOutcome, card
from services.rules.courses import Treatment
from services.rules.mood_days import to_utc

SHOWN: Final = ("id", "patient_id", "recorded_at", "sent_at", "received_at", "flags", "note")
_PLACE: Final = tuple_(HelpRequest.recorded_at, HelpRequest.id)
_NEWEST_FIRST: Final = (HelpRequest.recorded_at.desc(), HelpRequest.id.desc())


def record_help_request(
    actor: Actor, form: HelpForm, sent_at: datetime | None, now: datetime
) -> FirstAnswer:
    """Store a help request and page at once; taken from a discharged patient too.

    Raises `Forbidden`, `IdTaken`, `ContentConflict`.
    """
    return write_entry(actor, new_help_request(actor, form, sent_at, now), now)


def new_help_request(
    actor: Actor, form: HelpForm, sent_at: datetime | None, now: datetime
) -> NewEntry:
    """A help request, to be taken in; raises `Forbidden`."""
    scopes(actor, Action.ASK_FOR_HELP)
    patient_id = actor.patient_id
    if patient_id is None:
        raise NotFound
    sent = Sent(
        kind="help_request",
        instrument=None,
        answers={},
        note=form.note,
        recorded_at=form.recorded_at,
        received_at=now,
        timezone=None,
        sent_at=sent_at,
        flags=flags_of(actor),
    )
    entry = HelpEntry(
        id=form.id,
        kind="help_request",
        digest=content_digest("help_request", recorded_at=form.recorded_at, note=form.note),
        sent=sent,
        author={},
    )
    return NewEntry(lambda _: patient_id, entry)


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpEntry(Entry):
    """One press on the button."""

    def row(self, session: Session, known: Known, outcome: Outcome) -> dict[str, Any]:
        """Its columns."""
        del session
        return {
            "clinic_id": known.patient.clinic_id,
            "id": self.id,
            "patient_id": known.patient.patient_id,
            "recorded_at": to_utc(self.sent.recorded_at),
            "received_at": self.sent.received_at,
            "sent_at": utc_or_none(self.sent.sent_at),
            "utc_offset_s": offset_s(self.sent.recorded_at),
            "flags": sorted(outcome.read.facts.flags),
            "note": self.sent.note,
            "revision": known.patient.next_revision,
        }

    def rows(self, row: dict[str, Any]) -> list[TableRow]:
        """The request."""
        return [(HelpRequest, sealed(HelpRequest, row))]

    def record(
        self, row: dict[str, Any], treatment: Treatment, safety: SafetyCard
    ) -> dict[str, Any]:
        """As it is shown."""
        del treatment
        return {name: row[name] for name in SHOWN} | {"seen_at": None, "safety": safety}


def list_help_requests(
    actor: Actor,
    *,
    now: datetime,
    patient_id: UUID | None,
    limit: int,
    cursor: str | None,
) -> Page:
    """A patient's help requests, newest `recorded_at` first; staff name the patient.

    A patient outside the actor's view is an empty list. Raises `Forbidden` and `Invalid`.
    """
    if actor.patient_id is None and patient_id is None:
        raise Invalid({"patient_id": ["Staff name the patient."]})
    about = patient_id or actor.own_patient_id()
    with acting(actor, now) as session:
        query = _in_view(actor, now).where(HelpRequest.patient_id == about)
        if cursor is not None:
            last = decode_cursor(cursor, datetime, UUID)
            query = query.where(tuple_(*last) > _PLACE)
        rows = session.scalars(query.order_by(*_NEWEST_FIRST).limit(limit + 1)).all()
        page = page_of_rows(rows, limit, lambda row: (row.recorded_at, row.id))
        show = _shower(session, actor, about, page.rows, now)
        audit.record_read(session, actor, "help_requests.list", now, about)
        return page.rendered(show)


def current_help_requests(
    session: Session, actor: Actor, ids: Sequence[UUID], now: datetime
) -> dict[UUID, dict[str, Any]]:
    """A patient's own help requests as they are shown, by id."""
    patient_id = actor.own_patient_id()
    mine = (HelpRequest.patient_id == patient_id, HelpRequest.id.in_(ids))
    rows = session.scalars(select(HelpRequest).where(*mine)).all()
    show = _shower(session, actor, patient_id, rows, now)
    return {row.id: show(row) for row in rows}


def get_help_request(actor: Actor, request_id: UUID, now: datetime) -> dict[str, Any]:
    """One help request, for the patient and for those who may read its alert.

    Raises `Forbidden`, and `NotFound` outside the actor's view.
    """
    with acting(actor, now) as session:
        row = session.scalar(_in_view(actor, now).where(HelpRequest.id == request_id))
        if row is None:
            raise NotFound
        shown = _shower(session, actor, row.patient_id, [row], now)(row)
        audit.record_read(session, actor, "help_requests.read", now, row.patient_id)
        return shown


def _in_view(actor: Actor, now: datetime) -> Select[Any]:
    return (
        select(HelpRequest)
        .join(
            Patient,
            and_(Patient.clinic_id == HelpRequest.clinic_id, Patient.id == HelpRequest.patient_id),
        )
        .where(in_view_clause(actor, Action.READ_HELP_REQUESTS, now))
    )


def _shower(
    session: Session, actor: Actor, patient_id: UUID, rows: Sequence[HelpRequest], now: datetime
) -> Callable[[HelpRequest], dict[str, Any]]:
    """How each of these rows is shown: with the card as of now, and whether somebody saw it."""
    seen = load_seen(session, HelpRequest.id, patient_id, [row.id for row in rows])
    clinic = for_reader(session, actor, load_chain(session, actor.clinic_id).facts)
    safety = card("crisis", clinic, now, RequestOutcome())
    return lambda row: {
        **{name: getattr(row, name) for name in SHOWN},
        "seen_at": seen.get(row.id),
        "safety": safety,
    }
