"""A report of side effects and its amendments: stored exactly once, with decisions and card.

What is new in an amendment pages; what an earlier version reported already does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import SideEffectReport, TreatmentSession
from models.sealing import sealed
from services.access import Action, Actor, scopes
from services.accounts.tokens.token_check import acting
from services.exactly_once import FirstAnswer, content_digest
from services.exceptions import Invalid
from services.intake.deciding.known import Known, Sent
from services.intake.deciding.outcome import Outcome
from services.intake.deciding.side_effects import with_side_effects
from services.intake.entry import (
    Entry,
    NewEntry,
    amended,
    author_of,
    flags_of,
    superseded,
    utc_or_none,
)
from services.intake.forms import EffectsAmendment, EffectsForm, checked_effects, plain_effects
from services.intake.storing.store import SafetyCard
from services.intake.storing.unwritten import TableRow
from services.intake.versions import Amended, Columns, VersionedEntry, session_of
from services.intake.writing import patient_of_version, patient_written_about, write_entry
from services.patients.history.side_effects import rule_report
from services.patients.wording import words_for
from services.rules.cards.crisis import ClinicFacts, RequestOutcome
from services.rules.cards.medical import medical_advice, medical_card
from services.rules.courses import UNTREATED, Treatment
from services.rules.danger.fallback import fallback_tier
from services.rules.languages.wording import Wording
from services.rules.side_effects.coded_list import SIDE_EFFECTS
from services.rules.side_effects.report import ReportedEffect, e1
from services.unit_of_work import Prepared

MEASURED: Final = ("systolic", "diastolic", "heart_rate")


def record_side_effects(
    actor: Actor, form: EffectsForm, sent_at: datetime | None, now: datetime
) -> FirstAnswer:
    """One report, in one transaction; raises `Invalid`, `NotFound`, and as `write_entry`."""
    return write_entry(actor, new_side_effects(actor, form, sent_at, now), now)


def new_side_effects(
    actor: Actor, form: EffectsForm, sent_at: datetime | None, now: datetime
) -> NewEntry:
    """A report, to be taken in; raises `Invalid`."""
    scopes(actor, Action.WRITE_ENTRIES)
    effects = checked_effects(form.effects, form.vitals)
    digest = content_digest(
        "side_effects",
        recorded_at=form.recorded_at,
        timezone=form.timezone,
        session_id=None if form.session_id is None else str(form.session_id),
        effects=plain_effects(effects),
        vitals={name: value for name, value in form.vitals.items() if value is not None},
        note=form.note,
    )
    sent = Sent(
        kind="side_effects",
        instrument=None,
        answers={},
        note=form.note,
        recorded_at=form.recorded_at,
        received_at=now,
        timezone=form.timezone,
        sent_at=sent_at,
        flags=flags_of(actor),
    )

    entry = SideEffectsEntry(
        id=form.id,
        kind="side_effects",
        digest=digest,
        sent=sent,
        author=author_of(actor),
        counts=not actor.token_expired,
        effects=effects,
        vitals=form.vitals,
        session_id=form.session_id,
    )
    patient_of = partial(patient_written_about, actor=actor, patient_id=form.patient_id, now=now)
    return NewEntry(patient_of, entry)


def amend_side_effects(
    actor: Actor,
    report_id: UUID,
    form: EffectsAmendment,
    sent_at: datetime | None,
    now: datetime,
) -> FirstAnswer:
    """Add a version to the report that any of its versions' ids names, in one transaction.

    Raises `NotFound`, `Invalid`, and as `write_entry`.
    """
    return write_entry(actor, new_effects_amendment(actor, report_id, form, sent_at, now), now)


def new_effects_amendment(
    actor: Actor,
    report_id: UUID,
    form: EffectsAmendment,
    sent_at: datetime | None,
    now: datetime,
) -> NewEntry:
    """An amendment of a report, to be taken in; raises `Invalid`."""
    scopes(actor, Action.WRITE_ENTRIES)
    effects = checked_effects(form.effects, form.vitals) if form.effects or form.vitals else ()

    def make(versions: Sequence[Any]) -> SideEffectsEntry:
        first = versions[0]
        digest = content_digest(
            "side_effects_amendment",
            root=str(first.id),
            effects=plain_effects(effects),
            vitals={name: value for name, value in form.vitals.items() if value is not None},
            reason=form.reason,
        )
        about: dict[str, Any] = {"kind": "side_effects", "instrument": None, "answers": {}}
        return SideEffectsEntry(
            id=form.id,
            kind="side_effects_amendment",
            digest=digest,
            sent=amended(actor, first, form.reason, now, **about),
            versions=versions,
            author=author_of(actor, sent_at=utc_or_none(sent_at)),
            counts=not actor.token_expired,
            effects=effects,
            vitals=form.vitals,
            session_id=first.session_id,
        )

    patient_of = partial(
        patient_of_version, actor=actor, table=SideEffectReport, version_id=report_id, now=now
    )
    return NewEntry(patient_of, make, Amended(SIDE_EFFECT_REPORTS, report_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class SideEffectsEntry(Entry):
    """One version of a report. `vitals`: systolic and diastolic in mmHg, heart rate a minute."""

    effects: Sequence[ReportedEffect]
    vitals: Mapping[str, Any]
    session_id: UUID | None

    @property
    def is_plain(self) -> bool:
        """An amendment stands in place of what others were judged by."""
        return not self.versions

    def decide(
        self, session: Session, known: Known, outcome: Outcome, row: Any, now: datetime
    ) -> Outcome:
        """With the rules on side effects, pressures and driving."""
        del now
        return with_side_effects(session, known, outcome, row, self.versions)

    def row(self, session: Session, known: Known, outcome: Outcome) -> dict[str, Any]:
        """Its columns; raises `Invalid` for an unknown session."""
        first = self.versions[0] if self.versions else None
        return {
            **self.place_columns(known, outcome),
            "session_id": self._known_session(session, known) if first is None else self.session_id,
            "effects": plain_effects(self.effects),
            **{name: self.vitals.get(name) for name in MEASURED},
            "counts_in_trend": self.counts,
            "note": self.sent.note if first is None else first.note,
            "reason": None if first is None else self.sent.note,
        }

    def _known_session(self, session: Session, known: Known) -> UUID | None:
        """The session that was named. No emergency is refused because the name was wrong."""
        if self.session_id is None:
            return None
        found = session.scalar(
            select(TreatmentSession.id).where(
                TreatmentSession.patient_id == known.patient.patient_id,
                TreatmentSession.id == self.session_id,
            )
        )
        effects = plain_effects(self.effects)
        if found is None and fallback_tier("side_effects", None, effects) is None:
            raise Invalid({"session_id": ["No such session of this patient."]})
        return found

    def rows(self, row: dict[str, Any]) -> list[TableRow]:
        """The version."""
        return [(SideEffectReport, sealed(SideEffectReport, row))]

    def writes(self, row: dict[str, Any]) -> list[Prepared]:
        """Whether it stands in place of the version before."""
        del row
        return [superseded(SideEffectReport, self.versions[-1])] if self.versions else []

    def record(
        self, row: dict[str, Any], treatment: Treatment, safety: SafetyCard
    ) -> dict[str, Any]:
        """As it is shown from then on; an expired token sees no session."""
        return effects_record(row, self.id, treatment if self.counts else UNTREATED, safety)


def effects_record(
    row: Columns,
    record_id: UUID,
    treatment: Treatment,
    safety: dict[str, object] | None,
) -> dict[str, Any]:
    """The record of one report from its columns; `record_id` is the id it is shown under."""
    pressure = {name: row[name] for name in ("systolic", "diastolic", "heart_rate")}
    return {
        "id": record_id,
        "patient_id": row["patient_id"],
        "recorded_at": row["recorded_at"],
        "sent_at": row["sent_at"],
        "received_at": row["received_at"],
        "timezone": row["timezone"],
        "mood_day": row["mood_day"],
        "session_id": row["session_id"],
        "session": session_of(row["answered_at"], treatment),
        "effects": row["effects"],
        "vitals": None if pressure["systolic"] is None else pressure,
        "note": row["note"],
        "flags": sorted(row["flags"]),
        "seen_at": None,
        "safety": safety,
    }


def _show(row: Columns, treatment: Treatment, clinic: ClinicFacts, now: datetime) -> dict[str, Any]:
    """With the card as of now: whoever reads an emergency back is still told to call."""
    advice = medical_advice([e1(rule_report(row))])
    safety = None if advice is None else medical_card(advice, clinic, now, RequestOutcome())
    return effects_record(row, row["id"], treatment, safety)


def _show_version(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "received_at": row.received_at,
        "by": row.entered_by,
        "reason": row.reason,
        "effects": row.effects,
    }


SIDE_EFFECT_REPORTS: Final = VersionedEntry(
    name="side_effects",
    table=SideEffectReport,
    versions=select(*SideEffectReport.__table__.c),
    current=select(*SideEffectReport.__table__.c),
    show=_show,
    show_version=_show_version,
)


def side_effect_codes(actor: Actor, now: datetime) -> tuple[dict[str, Any], Wording]:
    """The coded list with its grades in lay words, for everybody who is logged in."""
    with acting(actor, now) as session:
        words = words_for(session, actor)
    labels, grades = words.texts.effect_labels, words.texts.grade_labels
    effects = [
        {
            "code": one.code,
            "label": words.beside(labels.get(one.code), one.label),
            "group": one.group,
            "emergency": one.emergency,
        }
        for one in SIDE_EFFECTS.effects.values()
    ]
    shown = [
        {"grade": one.grade, "label": words.beside(grades.get(str(one.grade)), one.label)}
        for one in SIDE_EFFECTS.grades.values()
    ]
    return {"version": SIDE_EFFECTS.version, "effects": effects, "grades": shown}, words
