"""A check-in and its amendments: stored exactly once, with score, decisions, alert and card.

An amendment replaces the answers, and never lowers the risk.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

from models import CheckIn, CheckInContent
from services.access import Action, Actor, scopes
from services.exactly_once import FirstAnswer, content_digest
from services.intake.deciding.entry import Sent
from services.intake.deciding.known import Known
from services.intake.deciding.outcome import Outcome
from services.intake.deciding.series import with_series
from services.intake.forms import AmendForm, CheckInForm, checked_answers, known_instrument
from services.intake.reading.check_ins import CHECK_INS, SCORE_FIELDS, record_of
from services.intake.reading.versions import load_versions
from services.intake.storing.cards import SafetyCard
from services.intake.writing import (
    Entry,
    amended,
    author_of,
    flags_of,
    patient_of_version,
    patient_written_about,
    superseded,
    write_entry,
)
from services.one_statement import Write
from services.rules.courses import UNTREATED, Treatment


def record_check_in(
    actor: Actor, form: CheckInForm, sent_at: datetime | None, now: datetime
) -> FirstAnswer:
    """One check-in, in one transaction; raises `Invalid`, `NotFound`, and as `write_entry`."""
    scopes(actor, Action.WRITE_ENTRIES)
    asked = known_instrument(form.instrument)
    answers = checked_answers(asked, form.answers)
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
    return write_entry(actor, patient_of, lambda *_: entry, now)


def amend_check_in(actor: Actor, check_in_id: UUID, form: AmendForm, now: datetime) -> FirstAnswer:
    """Add a version to the form that any of its versions' ids names, in one transaction.

    Raises `NotFound`, `Invalid`, and as `write_entry`.
    """
    scopes(actor, Action.WRITE_ENTRIES)

    def make(session: Session, patient_id: UUID) -> CheckInEntry:
        versions = load_versions(session, CHECK_INS, patient_id, check_in_id)
        first = versions[0]
        asked = known_instrument(first.instrument)
        answers = checked_answers(asked, form.answers)
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
            author=author_of(actor),
            counts=not actor.token_expired,
        )

    patient_of = partial(
        patient_of_version, actor=actor, table=CheckIn, version_id=check_in_id, now=now
    )
    return write_entry(actor, patient_of, make, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckInEntry(Entry):
    """One version of a form."""

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

    def writes(self, row: dict[str, Any]) -> list[Write]:
        """Its columns, and beside them the answers, note, reason and total."""
        beside = (
            {"reason": self.sent.note}
            if self.versions
            else {"note": self.sent.note, "client_total": self.sent.client_total}
        )
        contents = insert(CheckInContent).values(
            clinic_id=row["clinic_id"],
            patient_id=row["patient_id"],
            check_in_id=self.id,
            answers=self.sent.answers,
            **beside,
        )
        stored: list[Write] = [insert(CheckIn).values(**row), contents]
        if self.versions:
            revision = row["revision"]
            stored.append(superseded(CheckIn, self.versions[-1], superseded_revision=revision))
        return stored

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
