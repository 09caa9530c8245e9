"""The rules on what staff write about a session: vital signs (E2-E4), and the course so far (M4).

A fault in them never costs the record: a pressure that is a crisis still pages, and the rest is
counted to be decided again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from models import StoredDecision
from services.alerts.alert_history import load_alert_history
from services.intake.deciding.outcome import Outcome, Read, placed_at
from services.patients.history.check_ins import whole_series
from services.patients.history.side_effects import EpisodeQuery, load_vitals, rule_vitals
from services.patients.history.treatments import load_treatment, rule_session
from services.patients.status.figures import TWO_WEEKS
from services.patients.status.lock import LockedPatient
from services.rules.danger.triage import EntryFacts, EntryKind
from services.rules.day_series import day_rows, in_order
from services.rules.decide.check_in import session_decisions
from services.rules.decide.vital_signs import VitalsCase, vitals_decisions
from services.rules.decision import Decision, Tier
from services.rules.figures.baseline import find_baseline
from services.rules.mood_days import find_zone, mood_day_at
from services.unit_of_work import ask

log = structlog.get_logger()

AROUND: Final = timedelta(days=1)
# Written out: a file that does not load is one of the faults that the fallback is for.
FALLBACK_SYSTOLIC: Final = 180
FALLBACK_DIASTOLIC: Final = 120


def decide_vitals(
    session: Session,
    patient: LockedPatient,
    at_session: Any,
    taken: Any,
    received_at: datetime,
) -> Outcome:
    """Decide one set of vital signs, a row that is stored, of a session's current version.

    Of a correction, and of what is decided again, only what was not reported before is new; nothing
    that was is taken back.
    """

    def by_rules() -> list[Decision]:
        since, until = taken.taken_at - AROUND, taken.taken_at + AROUND
        beside = EpisodeQuery.of(patient.patient_id, since, until)
        ask(session, beside.reports, beside.pressures)
        case = VitalsCase(
            session=rule_session(at_session),
            taken=rule_vitals(taken),
            series=load_vitals(session, at_session.session_id),
            pressures=beside.pressures_found(),
            reports=beside.reports_found(),
        )
        return _without_reported(
            vitals_decisions(case), _decided_before(session, patient, taken.id)
        )

    crisis = taken.systolic >= FALLBACK_SYSTOLIC or taken.diastolic >= FALLBACK_DIASTOLIC
    # Without the rules any crisis pressure pages, measured once or twice (E2).
    about = str(at_session.session_id)
    fallback = Decision.with_tier("E2", "fallback", Tier.HIGH if crisis else None, {}, about)
    return _guarded(patient, "vitals", taken.taken_at, received_at, by_rules, [fallback])


def _decided_before(session: Session, patient: LockedPatient, entry_id: UUID) -> list[Any]:
    """All that was decided about an entry, whichever version it had then, as stored."""
    rows = session.scalars(
        select(StoredDecision.decided).where(
            StoredDecision.patient_id == patient.patient_id, StoredDecision.entry_id == entry_id
        )
    )
    return [one for decided in rows for one in decided]


def _without_reported(
    decisions: list[Decision], earlier: Sequence[Mapping[str, Any]]
) -> list[Decision]:
    reported = {
        finding
        for one in earlier
        if one["fired"] and one["tier"]
        for finding in _findings(one["rule"], Tier.from_word(one["tier"]), one["inputs"])
    }
    return [
        one.suppressed("earlier_version")
        if one.tier is not None and _findings(one.rule, one.tier, one.inputs) <= reported
        else one
        for one in decisions
    ]


def _findings(rule: str, tier: Tier, inputs: Mapping[str, Any]) -> set[tuple[str, object]]:
    """What a decision reports: how grave and what less grave, and of E4 what was found."""
    kinds = str(inputs.get("findings") or "").split(",")
    return {(rule, one) for one in Tier if one <= tier} | {(rule, kind) for kind in kinds}


def decide_session(session: Session, patient: LockedPatient, at: datetime) -> Outcome:
    """Decide M4 as of an instant, from the two-week forms recorded until then."""

    def by_rules() -> list[Decision]:
        begun = load_treatment(session, patient.patient_id).until(at)
        if not begun.sessions:
            return []
        zone = find_zone(patient.timezone) or UTC
        known = whole_series(session, patient.patient_id, TWO_WEEKS)
        entries = in_order(entry for entry in known if entry.recorded_at <= at)
        found = find_baseline(TWO_WEEKS, entries, day_rows(entries), treatment=begun, zone=zone)
        return session_decisions(
            entries,
            None if found.untreated is None else float(found.untreated),
            begun,
            zone,
            load_alert_history(session, patient.patient_id, mood_day_at(at, zone)),
            at,
        )

    return _guarded(patient, "session", at, at, by_rules, [])


def decided_about_session(
    patient: LockedPatient, at: datetime, decisions: Sequence[Decision]
) -> Outcome:
    """What a rule decided at once about a session."""
    facts = EntryFacts("session", at, at)
    return Outcome(Read(facts, placed_at(at, patient.timezone)), others=tuple(decisions))


def _guarded(
    patient: LockedPatient,
    kind: EntryKind,
    at: datetime,
    received_at: datetime,
    by_rules: Callable[[], list[Decision]],
    fallback: list[Decision],
) -> Outcome:
    read = Read(EntryFacts(kind, at, received_at), placed_at(received_at, patient.timezone))
    try:
        return Outcome(read, others=tuple(by_rules()))
    except SQLAlchemyError:
        raise
    except Exception as error:  # noqa: BLE001 -- a fault in the rules must not cost the record
        log.error("treatment_rules_failed", kind=type(error).__name__)
        return Outcome(read, others=tuple(fallback), failed=True)
