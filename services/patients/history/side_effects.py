"""Reports of side effects and pressures as the pure rules take them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from models import SideEffectReport, StoredVitals
from models.statements import Query, Statement
from services.rules.session_day.vital_signs import SessionVitals as RuleVitals
from services.rules.side_effects.report import EffectsReport, Pressure, ReportedEffect

_PATIENT: Final = bindparam("patient_id", type_=SideEffectReport.patient_id.type)
_SINCE, _UNTIL = (bindparam(name, type_=StoredVitals.taken_at.type) for name in ("since", "until"))
_REPORTS: Final = Statement(
    select(*SideEffectReport.__table__.c)
    .where(
        SideEffectReport.patient_id == _PATIENT,
        SideEffectReport.answered_at.between(_SINCE, _UNTIL),
        ~SideEffectReport.superseded,
    )
    .order_by(SideEffectReport.answered_at, SideEffectReport.root_id)
)
_PRESSURES: Final = Statement(
    select(
        StoredVitals.taken_at,
        StoredVitals.systolic,
        StoredVitals.diastolic,
        StoredVitals.heart_rate,
    ).where(
        StoredVitals.patient_id == _PATIENT,
        StoredVitals.taken_at.between(_SINCE, _UNTIL),
        StoredVitals.superseded_revision.is_(None),
    )
)


@dataclass(frozen=True, slots=True)
class EpisodeQuery:
    """What asks for reports and pressures between two instants."""

    reports: Query
    pressures: Query

    @classmethod
    def of(cls, patient_id: UUID, since: datetime, until: datetime) -> EpisodeQuery:
        """Between these, both included."""
        asked = {"patient_id": patient_id, "since": since, "until": until}
        return cls(Query(_REPORTS, asked), Query(_PRESSURES, asked))

    def reports_found(self, but: UUID | None = None) -> list[EffectsReport]:
        """The current versions that were answered then, but for the report `but` (a root)."""
        rows = self.reports.rows
        return [rule_report(row._asdict()) for row in rows if row.root_id != but]

    def pressures_found(self) -> list[Pressure]:
        """The pressures that were measured in the clinic then."""
        return [Pressure(*row) for row in self.pressures.rows]


def rule_report(row: Mapping[str, Any]) -> EffectsReport:
    """One version of a report as the rules see it, from its columns."""
    pressure = None
    if row["systolic"] is not None and row["diastolic"] is not None:
        pressure = Pressure(
            row["answered_at"], row["systolic"], row["diastolic"], row["heart_rate"]
        )
    return EffectsReport(
        id=str(row["root_id"]),
        recorded_at=row["answered_at"],
        received_at=row["received_at"],
        mood_day=row["mood_day"],
        effects=read_effects(row["effects"]),
        vitals=pressure,
        session_id=None if row["session_id"] is None else str(row["session_id"]),
        late="entered_late" in row["flags"],
    )


def read_effects(stored: list[dict[str, Any]]) -> tuple[ReportedEffect, ...]:
    """Stored effects as the rules see them."""
    return tuple(
        ReportedEffect(
            one["code"], one["grade"], _instant(one["onset_at"]), _instant(one["ended_at"])
        )
        for one in stored
    )


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def load_vitals(session: Session, session_id: UUID) -> list[RuleVitals]:
    """All vital signs of one session, in the order taken."""
    rows = session.scalars(
        select(StoredVitals)
        .where(StoredVitals.session_id == session_id, StoredVitals.superseded_revision.is_(None))
        .order_by(StoredVitals.taken_at, StoredVitals.id)
    )
    return [rule_vitals(row) for row in rows]


def vitals_of_patient(session: Session, patient_id: UUID) -> list[RuleVitals]:
    """All vital signs of a patient in their last version, in the order taken."""
    rows = session.execute(
        select(*StoredVitals.__table__.c)
        .where(StoredVitals.patient_id == patient_id, StoredVitals.superseded_revision.is_(None))
        .order_by(StoredVitals.taken_at, StoredVitals.id)
    )
    return [rule_vitals(row) for row in rows]


def rule_vitals(row: Any) -> RuleVitals:
    """One set of vital signs as the rules see it."""
    return RuleVitals(
        id=str(row.id),
        session_id=str(row.session_id),
        phase=row.phase,
        taken_at=row.taken_at,
        systolic=row.systolic,
        diastolic=row.diastolic,
        heart_rate=row.heart_rate,
        spo2=row.spo2,
        sedation=row.sedation,
        dissociation=row.dissociation,
    )
