"""What is decided when a session is entered or changed: has the course helped so far (M4)?"""

from __future__ import annotations

from datetime import UTC
from uuid import UUID

from services.alerts.alert_history import load_alert_history
from services.patients.history.check_ins import whole_series
from services.patients.history.treatments import load_treatment
from services.patients.status.figures import TWO_WEEKS
from services.rules.day_series import day_rows
from services.rules.decide.check_in import session_decisions
from services.rules.decision import Decision
from services.rules.figures.baseline import find_baseline
from services.rules.mood_days import find_zone, mood_day_at
from services.treatment.once import Writing
from services.treatment.rule_alarms import decided, raise_rule_alarms


def decide_at_session(writing: Writing, session_id: UUID) -> None:
    """Decide M4 as of now, from the two-week forms so far."""
    decisions = decided(writing, session_id, lambda: _decide(writing))
    raise_rule_alarms(writing, decisions, session_id, "session", writing.now)


def _decide(writing: Writing) -> list[Decision]:
    session, patient, now = writing.session, writing.patient, writing.now
    begun = load_treatment(session, patient.patient_id).until(now)
    if not begun.sessions:
        return []
    zone = find_zone(patient.timezone) or UTC
    known = whole_series(session, patient.patient_id, TWO_WEEKS)
    entries = [entry for entry in known if entry.recorded_at <= now]
    found = find_baseline(TWO_WEEKS, entries, day_rows(entries), treatment=begun, zone=zone)
    return session_decisions(
        entries,
        None if found.value is None else float(found.value),
        begun,
        zone,
        load_alert_history(session, patient.patient_id, mood_day_at(now, zone)),
        now,
    )
