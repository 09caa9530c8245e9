"""Until when somebody must not drive after a session, and rule E6 (clinical reference 1.11, 5.1).

Two sources name two times, 24 hours and the morning after a night's sleep; the later one holds.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, tzinfo

from services.rules.courses import Session, Treatment
from services.rules.decision import Decision, Tier
from services.rules.mood_days import shift, to_utc, wall_clock
from services.rules.session_day.numbers import SESSION_NUMBERS, SessionNumbers
from services.rules.side_effects.report import EffectsReport

DROVE = "drove_within_restriction"


def driving_restriction_until(
    session: Session, zone: tzinfo, numbers: SessionNumbers = SESSION_NUMBERS
) -> datetime | None:
    """Return the first instant (UTC) at which driving is allowed again; None for TMS.

    The later of 24 elapsed hours after the session's end and 08:00 on the wall clock of the
    calendar day after it, in the session's zone (else `zone`, the patient's).
    """
    if session.product not in numbers.products.driving:
        return None
    elapsed = shift(to_utc(session.over_at), timedelta(hours=numbers.driving.restricted_h))
    zone = session.zone(zone)
    ended_on = wall_clock(session.over_at, zone).date()
    if ended_on == date.max:
        return elapsed
    morning = time(numbers.driving.next_morning_hour)
    next_morning = datetime.combine(ended_on + timedelta(days=1), morning, tzinfo=zone)
    return max(elapsed, to_utc(next_morning))


def is_restricted(
    session: Session,
    zone: tzinfo,
    at: datetime,
    numbers: SessionNumbers = SESSION_NUMBERS,
) -> bool:
    """Return whether this session forbids driving at an instant, from its start on."""
    until = driving_restriction_until(session, zone, numbers)
    return until is not None and session.started_at <= at < until


def restricted_until(
    treatment: Treatment,
    zone: tzinfo,
    at: datetime,
    numbers: SessionNumbers = SESSION_NUMBERS,
) -> datetime | None:
    """Return the end of the restriction that holds at an instant, None when none does."""
    ends = [
        driving_restriction_until(session, zone, numbers)
        for session in treatment.sessions
        if is_restricted(session, zone, at, numbers)
    ]
    return max((end for end in ends if end is not None), default=None)


def e6(
    report: EffectsReport,
    treatment: Treatment,
    zone: tzinfo,
    numbers: SessionNumbers = SESSION_NUMBERS,
) -> Decision:
    """Decide E6 on a report: a report of having driven always counts, restricted now or not."""
    drove = any(effect.code == DROVE for effect in report.effects)
    until = restricted_until(treatment, zone, report.recorded_at, numbers)
    return Decision.with_tier(
        rule="E6",
        rule_version=numbers.version,
        tier=Tier.MEDIUM if drove else None,
        inputs={"drove": drove, "restricted_until": until.isoformat() if until else None},
    )


def e6_not_acknowledged(
    session: Session,
    zone: tzinfo,
    acknowledged: bool,
    numbers: SessionNumbers = SESSION_NUMBERS,
) -> Decision:
    """Decide E6 at discharge: somebody goes home without acknowledging the driving restriction."""
    until = driving_restriction_until(session, zone, numbers)
    met = until is not None and not acknowledged
    return Decision.with_tier(
        rule="E6",
        rule_version=numbers.version,
        tier=Tier.LOW if met else None,
        inputs={
            "acknowledged": acknowledged,
            "restricted_until": until.isoformat() if until else None,
        },
        about=session.id,
    )
