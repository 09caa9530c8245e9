"""Rules E2 and E3: a hypertensive crisis, and a pressure too high to begin with.

Readings in the crisis range within 4 h of the next one are one episode. Which of them arrives first
makes no difference: the decision looks at the whole episode around what is being decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.rules.courses import Session
from services.rules.decision import Decision, Tier
from services.rules.session_day.vital_signs import (
    VITAL_THRESHOLDS,
    CrisisPressure,
    SessionVitals,
    VitalThresholds,
)
from services.rules.side_effects.report import EffectsReport, Pressure, ReportedEffect


@dataclass(frozen=True, slots=True)
class InstantSpan:
    """From one instant to another, both included."""

    first: datetime
    last: datetime

    def touches(self, other: InstantSpan, within: timedelta = timedelta(0)) -> bool:
        """Whether the two overlap, or lie at most `within` apart."""
        return self.first <= other.last + within and other.first <= self.last + within


def is_crisis(pressure: Pressure, limits: CrisisPressure = VITAL_THRESHOLDS.e2) -> bool:
    """Return whether either pressure reaches 180/120 mmHg."""
    return pressure.systolic >= limits.systolic or pressure.diastolic >= limits.diastolic


def is_above_guide(vitals: SessionVitals, numbers: VitalThresholds = VITAL_THRESHOLDS) -> bool:
    """Return whether a reading before dosing is strictly above 140 or 90 mmHg (E3)."""
    above = vitals.systolic > numbers.e3.systolic or vitals.diastolic > numbers.e3.diastolic
    return vitals.phase == "pre" and above


def e2(
    decided: Pressure | None,
    report: EffectsReport | None,
    pressures: Iterable[Pressure],
    reports: Iterable[EffectsReport],
    sessions: Sequence[Session],
    about: str | None = None,
    numbers: VitalThresholds = VITAL_THRESHOLDS,
) -> Decision:
    """Decide E2 for a pressure, a report, or a report with a pressure.

    Critical when an episode has an emergency symptom (of the same 4 h, or of the same session),
    high when it was measured twice at least a minute apart. One reading without a symptom does not
    fire: `inputs["repeat_wanted"]` asks for another. `pressures` and `reports` are the other recent
    ones of the patient (what is decided may be among them).
    """
    limits = numbers.e2
    own = decided if decided is not None and is_crisis(decided, limits) else None
    reported_now = symptoms([report] if report else [])
    reported = {*symptoms(reports), *reported_now}
    others = [one.taken_at for one in pressures if is_crisis(one, limits)]
    touched = [
        episode
        for episode in _episodes([*others, *([own.taken_at] if own else [])], limits)
        if (own is not None and episode.touches(InstantSpan(own.taken_at, own.taken_at)))
        or any(_belongs(symptom, episode, sessions, limits) for symptom in reported_now)
    ]
    with_symptom = any(
        _belongs(symptom, episode, sessions, limits) for episode in touched for symptom in reported
    )
    apart = max((episode.last - episode.first for episode in touched), default=timedelta(0))
    met = with_symptom or apart >= timedelta(seconds=limits.repeat_after_s)
    return Decision.with_tier(
        rule="E2",
        rule_version=numbers.version,
        tier=(Tier.CRITICAL if with_symptom else Tier.HIGH) if met else None,
        inputs={
            "systolic": decided.systolic if decided else None,
            "diastolic": decided.diastolic if decided else None,
            "crisis": own is not None,
            "symptoms": with_symptom,
            "seconds_apart": int(apart.total_seconds()),
            "repeat_wanted": own is not None and not met,
        },
        about=about,
    )


def e3(taken: SessionVitals, numbers: VitalThresholds = VITAL_THRESHOLDS) -> Decision:
    """Decide E3: a pressure above 140/90 mmHg before dosing is for the session's staff to weigh."""
    met = is_above_guide(taken, numbers)
    return Decision.with_tier(
        rule="E3",
        rule_version=numbers.version,
        tier=Tier.HIGH if met else None,
        inputs={
            "phase": taken.phase,
            "systolic": taken.systolic,
            "diastolic": taken.diastolic,
            "systolic_limit": numbers.e3.systolic,
            "diastolic_limit": numbers.e3.diastolic,
        },
        about=taken.session_id,
    )


def symptoms(reports: Iterable[EffectsReport]) -> list[InstantSpan]:
    """Return when emergency symptoms were there, as far as the reports say."""
    return [_span(report, effect) for report in reports for effect in report.emergencies()]


def _span(report: EffectsReport, effect: ReportedEffect) -> InstantSpan:
    first = min(effect.onset_at or report.recorded_at, effect.ended_at or report.recorded_at)
    return InstantSpan(first, max(first, effect.ended_at or report.recorded_at))


def _episodes(taken: Iterable[datetime], limits: CrisisPressure) -> list[InstantSpan]:
    found: list[InstantSpan] = []
    for at in sorted(taken):
        if found and at - found[-1].last <= timedelta(hours=limits.episode_hours):
            found[-1] = InstantSpan(found[-1].first, at)
        else:
            found.append(InstantSpan(at, at))
    return found


def session_around(
    at: datetime, sessions: Iterable[Session], numbers: VitalThresholds = VITAL_THRESHOLDS
) -> Session | None:
    """Return the last session that a symptom at `at` would be of: from its start to 24 h after its
    end. Its staff are paged as well (E2).
    """
    moment, limits = InstantSpan(at, at), numbers.e2
    return next((one for one in reversed(list(sessions)) if moment.touches(_of(one, limits))), None)


def _of(session: Session, limits: CrisisPressure) -> InstantSpan:
    return InstantSpan(session.started_at, session.over_at + timedelta(hours=limits.session_hours))


def _belongs(
    symptom: InstantSpan, episode: InstantSpan, sessions: Sequence[Session], limits: CrisisPressure
) -> bool:
    if symptom.touches(episode, timedelta(hours=limits.episode_hours)):
        return True
    around = [_of(session, limits) for session in sessions]
    return any(symptom.touches(span) and episode.touches(span) for span in around)
