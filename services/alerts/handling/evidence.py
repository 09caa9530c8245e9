"""What an alert rests on: its entries, the gravest of its occurrences, and about whom it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from models import (
    Alert,
    AlertOccurrence,
    CheckIn,
    CheckInContent,
    Clinic,
    Patient,
    RulesFailure,
    SideEffectReport,
    StoredDecision,
    StoredVitals,
    TreatmentSession,
    UnreadableBody,
)
from services.alerts.handling.patient_words import happened_at, show_words
from services.alerts.handling.surroundings import show_surroundings
from services.patients.phone import dial_address
from services.patients.record import is_contact_missing, unpack_emergency_contact
from services.rules.cards.lines import LINES
from services.rules.catalogue import CATALOGUE
from services.rules.danger.gravity import gravity
from services.rules.decision import Tier
from services.rules.mood_days import find_zone
from services.rules.side_effects.coded_list import SIDE_EFFECTS

# API contract: the newest bodies of refused requests are kept, encrypted, for those who may act.
SHOWN_BODIES: Final = 5


def load_occurrences(session: Session, alert: Alert) -> Sequence[Any]:
    """The occurrences in the order received; each with the form version that it came with, if
    any.
    """
    return session.execute(
        select(
            AlertOccurrence.id,
            AlertOccurrence.entry_id,
            AlertOccurrence.about_id,
            AlertOccurrence.revision,
            happened_at(AlertOccurrence.at, AlertOccurrence),
            AlertOccurrence.received_at,
            AlertOccurrence.rule,
            AlertOccurrence.source,
            AlertOccurrence.item9,
            AlertOccurrence.cssrs,
            AlertOccurrence.tier,
            AlertOccurrence.first_tier,
            CheckIn.id.label("check_in_id"),
            CheckIn.root_id,
            CheckIn.instrument,
            CheckIn.version,
            CheckIn.recorded_at,
        )
        .outerjoin(
            CheckIn,
            and_(
                CheckIn.clinic_id == AlertOccurrence.clinic_id,
                CheckIn.patient_id == AlertOccurrence.patient_id,
                CheckIn.id == AlertOccurrence.entry_id,
            ),
        )
        .where(AlertOccurrence.alert_id == alert.id)
        .order_by(AlertOccurrence.received_at, AlertOccurrence.id)
    ).all()


def show_occurrences(session: Session, alert: Alert, rows: Sequence[Any]) -> list[dict[str, Any]]:
    """`[{at, rule, check_in_id}]` by `at`; of failed rules, the entries that were not decided."""
    if alert.patient_id is not None:
        return [
            {"at": row.at, "rule": row.rule, "check_in_id": row.check_in_id}
            for row in sorted(rows, key=lambda row: row.at)
        ]
    failures = session.execute(
        select(RulesFailure.failed_at, RulesFailure.entry_id)
        .where(RulesFailure.alert_id == alert.id)
        .order_by(RulesFailure.failed_at, RulesFailure.entry_id)
    )
    return [
        {"at": row.failed_at, "rule": alert.rule, "check_in_id": row.entry_id} for row in failures
    ]


def show_contacts(session: Session, alert: Alert, now: datetime) -> dict[str, Any] | None:
    """How to reach the patient, and what time it is where they are."""
    if alert.patient_id is None:
        return None
    patient = session.scalars(select(Patient).where(Patient.id == alert.patient_id)).one()
    local = now.astimezone(find_zone(patient.timezone) or UTC)
    clinic = session.scalars(select(Clinic).where(Clinic.id == patient.clinic_id)).one()
    country = clinic.country
    contact = unpack_emergency_contact(patient.emergency_contact)
    return {
        "name": patient.name,
        "phone": patient.phone,
        "address": patient.address,
        "emergency_contact": contact,
        "timezone": patient.timezone,
        "local_time": local.isoformat(timespec="seconds"),
        "contact_missing": is_contact_missing(patient.phone, patient.emergency_contact, country),
        "clinic_name": clinic.name,
        "abroad": patient.timezone != clinic.timezone,
        "emergency_number": LINES.country(country).emergency,
        "dial": dial_address(patient.phone, country),
        "dial_contact": dial_address((contact or {}).get("phone"), country),
    }


def show_bodies(session: Session, alert: Alert) -> list[dict[str, Any]]:
    """What the newest refused requests held, newest first: text, to be shown escaped."""
    rows = session.execute(
        select(UnreadableBody.received_at, UnreadableBody.body)
        .where(UnreadableBody.alert_id == alert.id, UnreadableBody.body.is_not(None))
        .order_by(UnreadableBody.received_at.desc(), UnreadableBody.id.desc())
        .limit(SHOWN_BODIES)
    )
    return [{"received_at": row.received_at, "body": row.body} for row in rows]


MEASURED: Final = ("systolic", "diastolic", "heart_rate")
OF_A_SESSION: Final = ("phase", *MEASURED, "spo2", "sedation", "taken_at")


def gravest_first(rows: Sequence[Any]) -> list[Any]:
    """The occurrences by what whoever is paged must read first; of equals the newest first."""
    return sorted(
        rows,
        key=lambda row: (gravity(Tier.from_word(row.tier), row.item9, row.cssrs), row.at),
        reverse=True,
    )


def show_evidence(
    session: Session, alert: Alert, rows: Sequence[Any], now: datetime
) -> dict[str, Any] | None:
    """What was answered, of the gravest occurrence, and what stands beside it. `age_minutes` from
    when it was answered (`answered_at`, by our clock).

    `version`: which version of the form (1 is the first); null when it was no form. `others`: the
    facts of the other occurrences, the gravest first. Pressures in mmHg, heart rate per minute,
    SpO2 in percent, sedation as MOAA/S.
    """
    ordered = gravest_first(rows)
    if not ordered or alert.patient_id is None:
        return None
    row = ordered[0]
    entries = [each for one in ordered for each in (one.entry_id, one.root_id) if each is not None]
    return {
        "check_in_id": row.check_in_id,
        "rule": row.rule,
        "instrument": row.instrument,
        "item9": row.item9,
        "cssrs": row.cssrs,
        "recorded_at": row.recorded_at or row.at,
        "received_at": row.received_at,
        "answered_at": row.at,
        "age_minutes": max(0, int((now - row.at).total_seconds() // 60)),
        "version": row.version,
        "answers": _answers(session, alert, row),
        "words": show_words(session, alert.patient_id, list(dict.fromkeys(entries))),
        "others": _others(ordered),
        **show_surroundings(session, alert, alert.patient_id, now),
        **_treatment(session, row.id),
        "findings": _findings(session, alert, row),
    }


def _answers(session: Session, alert: Alert, row: Any) -> dict[str, Any] | None:
    """All answers of the form version; None when it was no form."""
    return session.scalar(
        select(CheckInContent.answers).where(
            CheckInContent.patient_id == alert.patient_id,
            CheckInContent.check_in_id == row.check_in_id,
        )
    )


def _others(ordered: Sequence[Any]) -> list[dict[str, Any]]:
    """Each fact beside the first occurrence's own once, with its newest time and how often."""
    kinds: dict[tuple[Any, ...], list[Any]] = {}
    for row in ordered:
        kinds.setdefault((row.rule, row.item9, row.cssrs, row.instrument), []).append(row)
    return [
        {
            "rule": rule,
            "item9": item9,
            "cssrs": cssrs,
            "instrument": instrument,
            "at": max(row.at for row in kinds[rule, item9, cssrs, instrument]),
            "count": len(kinds[rule, item9, cssrs, instrument]),
        }
        for rule, item9, cssrs, instrument in list(kinds)[1:]
    ]


def _treatment(session: Session, occurrence_id: UUID) -> dict[str, Any]:
    """The report of side effects, the vital signs and the session behind an occurrence."""
    entry, about = aliased(TreatmentSession), aliased(TreatmentSession)
    # Vital signs may have been corrected since: what the rule saw is shown.
    as_then = and_(
        StoredVitals.revision <= AlertOccurrence.revision,
        or_(
            StoredVitals.superseded_revision.is_(None),
            StoredVitals.superseded_revision > AlertOccurrence.revision,
        ),
    )
    row = session.execute(
        select(
            SideEffectReport.id.label("side_effects_id"),
            SideEffectReport.effects,
            SideEffectReport.answered_at,
            *(getattr(SideEffectReport, name).label(f"reported_{name}") for name in MEASURED),
            *(getattr(StoredVitals, name) for name in OF_A_SESSION),
            func.coalesce(
                SideEffectReport.session_id, StoredVitals.session_id, entry.id, about.id
            ).label("session_id"),
        )
        .select_from(AlertOccurrence)
        .outerjoin(SideEffectReport, _same(SideEffectReport, AlertOccurrence.entry_id))
        .outerjoin(StoredVitals, and_(_same(StoredVitals, AlertOccurrence.entry_id), as_then))
        .outerjoin(entry, _same(entry, AlertOccurrence.entry_id))
        .outerjoin(about, _same(about, AlertOccurrence.about_id))
        .where(AlertOccurrence.id == occurrence_id)
    ).one()
    return {
        "side_effects_id": row.side_effects_id,
        "effects": None if row.effects is None else [_effect(each) for each in row.effects],
        "vitals": _vitals(row),
        "session_id": row.session_id,
    }


def _same(table: Any, record_id: Any) -> ColumnElement[bool]:
    return and_(
        table.clinic_id == AlertOccurrence.clinic_id,
        table.patient_id == AlertOccurrence.patient_id,
        table.id == record_id,
    )


def _effect(stored: Mapping[str, Any]) -> dict[str, Any]:
    """A code that a later list no longer has is its own label."""
    known = SIDE_EFFECTS.effects.get(stored["code"])
    label = stored["code"] if known is None else known.label
    return {"code": stored["code"], "label": label, "grade": stored["grade"]}


def _vitals(row: Any) -> dict[str, Any] | None:
    """Measured at a session, or sent with a report (then without a phase)."""
    if row.taken_at is not None:
        return {name: getattr(row, name) for name in OF_A_SESSION}
    if row.reported_systolic is None:
        return None
    reported = {name: getattr(row, f"reported_{name}") for name in MEASURED}
    return {"phase": None, "spo2": None, "sedation": None, "taken_at": row.answered_at, **reported}


def _findings(session: Session, alert: Alert, row: Any) -> dict[str, Any] | None:
    """What the rule looked at when it fired, as it was kept; of the S rules the answer says it."""
    if alert.family == CATALOGUE["N2"].family:
        return {"window": row.source, "due_at": row.at.isoformat()}
    if alert.family != row.rule.lower():
        return None
    kept = session.scalars(
        select(StoredDecision.decided)
        .where(
            StoredDecision.patient_id == alert.patient_id,
            StoredDecision.entry_id == row.entry_id,
            StoredDecision.revision == row.revision,
        )
        .order_by(StoredDecision.decided_at.desc())
    )
    about = None if row.about_id is None else str(row.about_id)
    fired = (
        one["inputs"]
        for decided in kept
        for one in decided
        if one["fired"] and one["rule"] == row.rule and one.get("about") == about
    )
    return next(fired, None)
