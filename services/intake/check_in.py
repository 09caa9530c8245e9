"""A check-in and its amendments: stored exactly once with score, decisions, alert and card; shown.

An amendment replaces the answers, and never lowers the risk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from models import CheckIn, CheckInContent
from models.sealing import sealed
from services.access import Action, Actor, scopes
from services.exactly_once import FirstAnswer, content_digest
from services.exceptions import Invalid
from services.intake.deciding.known import Known, Sent
from services.intake.deciding.outcome import Outcome
from services.intake.deciding.series import with_series
from services.intake.entry import (
    Entry,
    NewEntry,
    amended,
    author_of,
    flags_of,
    superseded,
    utc_or_none,
)
from services.intake.forms import AmendForm, CheckInForm
from services.intake.storing.store import SafetyCard
from services.intake.storing.unwritten import TableRow
from services.intake.versions import Amended, Columns, VersionedEntry, session_of
from services.intake.writing import patient_of_version, patient_written_about, write_entry
from services.patients.history.check_ins import LIFETIME_ON_FILE, OF_ITS_CHECK_IN
from services.rules.cards.crisis import ClinicFacts, RequestOutcome, card
from services.rules.courses import UNTREATED, Treatment
from services.rules.danger.triage import EntryFacts, card_level, next_instrument
from services.rules.instruments.answers import Answer, InvalidAnswers, check_answers
from services.rules.instruments.definition import Instrument, load_instruments
from services.rules.schedule.case import URINARY
from services.unit_of_work import Prepared

SCORE_FIELDS: Final = ("total", "band", "complete", "answered", "prorated_total")


def record_check_in(
    actor: Actor, form: CheckInForm, sent_at: datetime | None, now: datetime
) -> FirstAnswer:
    """One check-in, in one transaction; raises `Invalid`, `NotFound`, and as `write_entry`."""
    return write_entry(actor, new_check_in(actor, form, sent_at, now), now)


def new_check_in(
    actor: Actor, form: CheckInForm, sent_at: datetime | None, now: datetime
) -> NewEntry:
    """A check-in, to be taken in; raises `Invalid`."""
    scopes(actor, Action.WRITE_ENTRIES)
    asked = _known_instrument(form.instrument)
    answers = _checked_answers(asked, form.answers)
    digest = content_digest(
        "check_in",
        instrument=asked.code,
        answers=answers,
        recorded_at=form.recorded_at,
        timezone=form.timezone,
        note=form.note,
        client_total=form.client_total,
    )
    sent = Sent(
        kind="check_in",
        instrument=asked,
        answers=answers,
        note=form.note,
        recorded_at=form.recorded_at,
        received_at=now,
        timezone=form.timezone,
        sent_at=sent_at,
        stated_mood_day=form.mood_day,
        client_total=form.client_total,
        flags=flags_of(actor),
    )
    entry = CheckInEntry(
        id=form.id,
        kind="check_in",
        digest=digest,
        sent=sent,
        author=author_of(actor),
        counts=not actor.token_expired,
    )
    patient_of = partial(patient_written_about, actor=actor, patient_id=form.patient_id, now=now)
    return NewEntry(patient_of, entry)


def amend_check_in(
    actor: Actor, check_in_id: UUID, form: AmendForm, sent_at: datetime | None, now: datetime
) -> FirstAnswer:
    """Add a version to the form that any of its versions' ids names, in one transaction.

    Raises `NotFound`, `Invalid`, and as `write_entry`.
    """
    return write_entry(actor, new_amendment(actor, check_in_id, form, sent_at, now), now)


def new_amendment(
    actor: Actor, check_in_id: UUID, form: AmendForm, sent_at: datetime | None, now: datetime
) -> NewEntry:
    """An amendment of a check-in, to be taken in."""
    scopes(actor, Action.WRITE_ENTRIES)

    def make(versions: Sequence[Any]) -> CheckInEntry:
        first = versions[0]
        asked = _known_instrument(first.instrument)
        answers = _checked_answers(asked, form.answers)
        digest = content_digest(
            "amendment", root=str(first.id), answers=answers, reason=form.reason
        )
        earlier = tuple(version.answers for version in versions)
        about = {"instrument": asked, "answers": answers, "earlier": earlier}
        return CheckInEntry(
            id=form.id,
            kind="amendment",
            digest=digest,
            sent=amended(actor, first, form.reason, now, kind="amendment", **about),
            versions=versions,
            # Kept, and nothing more: its place in time is the first version's.
            author=author_of(actor, sent_at=utc_or_none(sent_at)),
            counts=not actor.token_expired,
        )

    patient_of = partial(
        patient_of_version, actor=actor, table=CheckIn, version_id=check_in_id, now=now
    )
    return NewEntry(patient_of, make, Amended(CHECK_INS, check_in_id))


def _known_instrument(code: str) -> Instrument:
    """The instrument; raises `Invalid` naming the field."""
    found = load_instruments().get(code)
    if found is None:
        raise Invalid({"instrument": ["Unknown instrument."]})
    return found


def _checked_answers(asked: Instrument, raw: object) -> dict[str, Answer]:
    """The answers in canonical form; raises `Invalid` with every fault by JSON path."""
    try:
        return check_answers(asked, raw)
    except InvalidAnswers as error:
        raise Invalid(error.errors) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckInEntry(Entry):
    """One version of a form."""

    @property
    def is_plain(self) -> bool:
        """What a C-SSRS or a bladder form is judged by stands in other forms as well."""
        asked = self.sent.instrument
        return asked is not None and not asked.triage and asked.code != URINARY

    def decide(
        self, session: Session, known: Known, outcome: Outcome, row: Any, now: datetime
    ) -> Outcome:
        """With the series that it joins, unless it does not count in it (yet)."""
        del row
        if not self.counts or known.unread:
            return outcome
        return with_series(session, known, outcome, self.sent, self.root_id, now)

    def row(self, session: Session, known: Known, outcome: Outcome) -> dict[str, Any]:
        """Its columns; the answers are kept apart."""
        del session
        asked = self.sent.instrument
        if asked is None:
            raise AssertionError("a check-in is a form")
        return {
            **self.place_columns(known, outcome),
            **read_columns(outcome),
            "instrument": asked.code,
            "instrument_version": asked.version,
            "counts_in_trend": self.counts,
        }

    def rows(self, row: dict[str, Any]) -> list[TableRow]:
        """Its columns, and beside them the answers, note, reason and total."""
        beside = (
            {"reason": self.sent.note}
            if self.versions
            else {"note": self.sent.note, "client_total": self.sent.client_total}
        )
        contents = {
            "clinic_id": row["clinic_id"],
            "patient_id": row["patient_id"],
            "check_in_id": self.id,
            "answers": self.sent.answers,
            **beside,
        }
        return [(CheckIn, row), (CheckInContent, sealed(CheckInContent, contents))]

    def writes(self, row: dict[str, Any]) -> list[Prepared]:
        """Whether it stands in place of the version before."""
        if not self.versions:
            return []
        return [superseded(CheckIn, self.versions[-1], superseded_revision=row["revision"])]

    def record(
        self, row: dict[str, Any], treatment: Treatment, safety: SafetyCard
    ) -> dict[str, Any]:
        """An amendment shows the note of its form; an expired token sees no session."""
        return record_of(
            row,
            self.id,
            answers=self.sent.answers,
            note=self.versions[0].note if self.versions else self.sent.note,
            client_total=self.sent.client_total,
            treatment=treatment if self.counts else UNTREATED,
            safety=safety,
        )


def read_columns(outcome: Outcome) -> dict[str, Any]:
    """The columns that come from reading the answers."""
    read, facts = outcome.read, outcome.read.facts
    return {
        **{field: getattr(read.score, field) for field in SCORE_FIELDS},
        "q9": facts.item9_number,
        "q9_highest": read.q9_highest,
        "q9_unknown": facts.item9 == "unknown",
        "cssrs_level": facts.cssrs,
        "flags": sorted(facts.flags),
    }


def record_of(
    row: Columns,
    record_id: UUID,
    *,
    answers: Mapping[str, Any],
    note: str | None,
    client_total: int | None,
    treatment: Treatment,
    safety: dict[str, object] | None,
) -> dict[str, Any]:
    """The record of one check-in from its columns; `record_id` is the id it is shown under."""
    return {
        "id": record_id,
        "patient_id": row["patient_id"],
        "instrument": row["instrument"],
        "instrument_version": row["instrument_version"],
        "answers": dict(answers),
        "recorded_at": row["recorded_at"],
        "sent_at": row["sent_at"],
        "received_at": row["received_at"],
        "timezone": row["timezone"],
        "mood_day": row["mood_day"],
        "note": note,
        "client_total": client_total,
        "score": {field: row[field] for field in SCORE_FIELDS},
        "session": session_of(row["answered_at"], treatment) if treatment.sessions else None,
        "flags": sorted(row["flags"]),
        "seen_at": None,
        "safety": safety,
    }


def _show(row: Columns, treatment: Treatment, clinic: ClinicFacts, now: datetime) -> dict[str, Any]:
    return record_of(
        row,
        row["id"],
        answers=row["answers"],
        note=row["first_note"],
        client_total=row["first_client_total"],
        treatment=treatment,
        safety=_card_now(row, clinic, now),
    )


def _card_now(row: Columns, clinic: ClinicFacts, now: datetime) -> dict[str, object] | None:
    """The card as of now: resources and staffed hours may have changed since the first answer."""
    facts = EntryFacts(
        kind="check_in",
        recorded_at=row["answered_at"],
        received_at=row["received_at"],
        item9="unknown" if row["q9_unknown"] else row["q9"],
        cssrs=row["cssrs_level"],
        lifetime_on_file=row["lifetime_on_file"],
    )
    level = card_level(facts, ())
    return (
        None
        if level is None
        else card(level, clinic, now, RequestOutcome(), next_instrument(facts))
    )


def _show_version(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "received_at": row.received_at,
        "by": row.entered_by,
        "reason": row.reason,
        "answers": row.answers,
    }


_FIRST: Final = CheckInContent.__table__.alias("first_content")

CHECK_INS: Final = VersionedEntry(
    name="check_ins",
    table=CheckIn,
    versions=select(
        *CheckIn.__table__.c,
        CheckInContent.answers,
        CheckInContent.note,
        CheckInContent.reason,
    ).join(CheckInContent, OF_ITS_CHECK_IN),
    current=select(
        *CheckIn.__table__.c,
        CheckInContent.answers,
        _FIRST.c.note.label("first_note"),
        _FIRST.c.client_total.label("first_client_total"),
        LIFETIME_ON_FILE.label("lifetime_on_file"),
    )
    .join(CheckInContent, OF_ITS_CHECK_IN)
    .join(
        _FIRST,
        and_(
            _FIRST.c.clinic_id == CheckIn.clinic_id,
            _FIRST.c.patient_id == CheckIn.patient_id,
            _FIRST.c.check_in_id == CheckIn.root_id,
        ),
    ),
    show=_show,
    show_version=_show_version,
)
