"""May this session begin, may this person go home: what stands against it, in words.

Each refusal names the field of the request that it is about: `cleared` or `discharged` for what is
missing or forbidden, `reason` for what a clinician may decide with a written reason.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta, tzinfo

from services.rules.courses import Session
from services.rules.session_day.after_dosing import FindingKind, findings
from services.rules.session_day.blood_pressure import is_above_guide
from services.rules.session_day.driving import driving_restriction_until
from services.rules.session_day.numbers import SESSION_NUMBERS, SessionNumbers
from services.rules.session_day.screening import (
    SCREENING_LIST,
    Screening,
    ScreeningList,
    screening_flags,
)
from services.rules.session_day.vital_signs import VITAL_THRESHOLDS, SessionVitals, VitalThresholds

Refusals = dict[str, list[str]]

_WORDS: dict[FindingKind, str] = {
    "systolic_rise": "the systolic pressure rose too far after dosing",
    "diastolic_rise": "the diastolic pressure rose too far after dosing",
    "systolic_not_declining": "the systolic pressure was not declining",
    "diastolic_not_declining": "the diastolic pressure was not declining",
    "sedated_at_discharge": "still sedated at discharge",
    "oxygen_low": "the oxygen saturation was low",
}


def clearance_refusals(
    session: Session,
    on_day: date,
    screening: Screening | None,
    series: Sequence[SessionVitals],
    reason: str | None,
    known: ScreeningList = SCREENING_LIST,
    numbers: SessionNumbers = SESSION_NUMBERS,
    vital: VitalThresholds = VITAL_THRESHOLDS,
) -> Refusals:
    """Return everything that stands against `cleared`; empty when the session may begin.

    `on_day` is the patient's calendar day, `screening` their newest, `series` the session's vital
    signs. Any reading before dosing above 140/90 mmHg needs a written reason, also when a later one
    was lower; so does a contraindication that is not absolute.
    """
    found: defaultdict[str, list[str]] = defaultdict(list)
    found["cleared"] += _screening_problems(session, on_day, screening, known)
    if numbers.needs_vitals(session) and not _of_phase(series, "pre"):
        found["cleared"].append("no vital signs before dosing")
    if not _is_written(reason):
        found["reason"] += _to_be_decided(session, screening, known)
        found["reason"] += [
            f"pressure before dosing was {one.systolic}/{one.diastolic} mmHg"
            f" (above {vital.e3.systolic}/{vital.e3.diastolic})"
            for one in series
            if is_above_guide(one, vital)
        ]
    return {field: words for field, words in found.items() if words}


def discharge_refusals(
    session: Session,
    at: datetime,
    series: Sequence[SessionVitals],
    restriction_acknowledged: bool,
    reason: str | None,
    zone: tzinfo,
    numbers: SessionNumbers = SESSION_NUMBERS,
    vital: VitalThresholds = VITAL_THRESHOLDS,
) -> Refusals:
    """Return everything that stands against `discharged` at an instant; empty when nothing does.

    With a written reason only missing vital signs at discharge still stand; going home without
    acknowledging the driving restriction then opens E6 (`driving.e6_not_acknowledged`).
    """
    found: defaultdict[str, list[str]] = defaultdict(list)
    if numbers.needs_vitals(session) and not _of_phase(series, "discharge"):
        found["discharged"].append("no vital signs at discharge")
    if not _is_written(reason):
        kinds = dict.fromkeys(one.kind for one in findings(session, series, vital))
        found["reason"] += [_WORDS[kind] for kind in kinds]
        minutes = numbers.observation_min(session)
        if at < session.started_at + timedelta(minutes=minutes):
            found["reason"].append(f"less than {minutes} minutes since the start")
        restricted = driving_restriction_until(session, zone, numbers) is not None
        if restricted and not restriction_acknowledged:
            found["reason"].append("the driving restriction is not acknowledged")
    return {field: words for field, words in found.items() if words}


def _screening_problems(
    session: Session, on_day: date, screening: Screening | None, known: ScreeningList
) -> list[str]:
    flags = screening_flags(screening, on_day, session.product, known)
    problems = []
    if "screening_missing" in flags:
        problems.append("no screening on file")
    if screening is not None and "screening_expired" in flags:
        problems.append(f"the screening expired after {screening.expires_on.isoformat()}")
    against = known.against(screening, session.product) if screening else ()
    absolute = [one.label for one in against if one.weight == "absolute"]
    return problems + [f"contraindicated: {label}" for label in absolute]


def _to_be_decided(
    session: Session, screening: Screening | None, known: ScreeningList
) -> list[str]:
    against = known.against(screening, session.product) if screening else ()
    return [f"to be weighed: {one.label}" for one in against if one.weight == "needs_decision"]


def _of_phase(series: Sequence[SessionVitals], phase: str) -> list[SessionVitals]:
    return [one for one in series if one.phase == phase]


def _is_written(reason: str | None) -> bool:
    return reason is not None and bool(reason.strip())
