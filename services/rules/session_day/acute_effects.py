"""Rule E5: an acute effect that is still there a day after the session, or a severe effect.

They are mild and pass within hours (clinical reference 0, fact 12). Only a report recorded 24 h or
more after the session can say that one has not: an end that nobody entered proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from services.rules.courses import Session, Treatment, session_before
from services.rules.decision import Decision, Tier
from services.rules.session_day.numbers import SESSION_NUMBERS, SessionNumbers
from services.rules.side_effects.coded_list import SIDE_EFFECTS, SideEffectList
from services.rules.side_effects.report import EffectsReport, ReportedEffect, joined


def e5(
    report: EffectsReport,
    treatment: Treatment,
    known: SideEffectList = SIDE_EFFECTS,
    numbers: SessionNumbers = SESSION_NUMBERS,
) -> Decision:
    """Decide E5: high on an acute effect of grade 2 or more that persists, and on any grade 3.

    Persists: this report was recorded 24 h or more after the end of the session that the effect
    belongs to and gives no end, or one at 24 h or later. An effect that began later than 24 h after
    that end is new, not still there.
    """
    lasting = [
        (effect.code, session.id)
        for effect in report.effects
        if effect.code in known.acute_codes and effect.grade >= numbers.e5.persistent_grade
        for session in _sessions_of(effect, report, treatment, numbers)
        if _persists(effect, report, session, numbers)
    ]
    severe = [e.code for e in report.effects if e.grade == numbers.e5.severe_grade]
    met = bool(lasting or severe)
    return Decision.with_tier(
        rule="E5",
        rule_version=numbers.version,
        tier=Tier.HIGH if met else None,
        inputs={
            "still_there": joined(code for code, _ in lasting),
            "severe": joined(severe),
            "sessions": joined(session_id for _, session_id in lasting),
            "after_hours": numbers.measures.session.acute_hours,
        },
    )


def _sessions_of(
    effect: ReportedEffect, report: EffectsReport, treatment: Treatment, numbers: SessionNumbers
) -> Iterator[Session]:
    """The session that was named, and the last one before the effect began (or was reported).

    The start of a session may be rounded and the phone's clock ahead of the clinic's: an effect up
    to an hour before the recorded start counts with that session as well.
    """
    slack = timedelta(minutes=numbers.e5.onset_slack_min)
    began = effect.onset_at
    moments = [report.recorded_at] if began is None else [began, began + slack]
    for session in treatment.sessions:
        if session.id == report.session_id or session in [
            session_before(moment, treatment.sessions) for moment in moments
        ]:
            yield session


def _persists(
    effect: ReportedEffect, report: EffectsReport, session: Session, numbers: SessionNumbers
) -> bool:
    day_after = session.over_at + timedelta(hours=numbers.measures.session.acute_hours)
    if report.recorded_at < day_after:
        return False
    is_new = effect.onset_at is not None and effect.onset_at > day_after
    has_ended = effect.ended_at is not None and effect.ended_at < day_after
    return not is_new and not has_ended
