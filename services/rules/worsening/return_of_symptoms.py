"""Rule M3: symptoms come back after a response. Also the date of the relapse that reports show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from fractions import Fraction
from typing import Literal

from services.rules.courses import Treatment
from services.rules.day_series import DayValue
from services.rules.decision import Decision, Tier
from services.rules.figures.baseline import baseline_anchor
from services.rules.measures import MEASURES, BaselineLimits
from services.rules.statistics import as_number
from services.rules.worsening.numbers import COURSE_RULE_THRESHOLDS, CourseRuleThresholds

Form = Literal["lost_response", "above_nadir"]


@dataclass(frozen=True, slots=True)
class Relapse:
    """`on`: the day it is dated to, the first of the confirming pair (`lost_response`) or the
    reading itself (`above_nadir`); `confirmed_on`: the reading from which it was known.
    """

    on: date
    confirmed_on: date
    form: Form


@dataclass(frozen=True, slots=True)
class _State:
    """What a reading says in the light of those before it.

    `nadir`: the lowest since the response, this reading left out, None while there is none to
    lose; `lost_since`: the first reading of the run below a response that this one continues;
    `relapse`: the one that lasts, until there is a response anew.
    """

    responded_on: date | None = None
    nadir: int | Fraction | None = None
    lost_since: date | None = None
    relapse: Relapse | None = None


def relapse(
    readings: Sequence[DayValue],
    baseline: float | Fraction | None,
    thresholds: CourseRuleThresholds = COURSE_RULE_THRESHOLDS,
) -> Relapse | None:
    """Return the first return of symptoms among the readings of a course, None without one.

    `readings` are day values of the two-week PHQ-9 (0-27) after the first session (see
    `after_first_session`); later ones never change a relapse that was found. A response is a fall
    of 50 % from a baseline of at least 10, or a total below 5.
    """
    states = _states(readings, baseline, thresholds)
    return next((state.relapse for state in states if state.relapse is not None), None)


def after_first_session(
    readings: Sequence[DayValue],
    treatment: Treatment,
    zone: tzinfo,
    limits: BaselineLimits = MEASURES.newest.baseline,
) -> tuple[DayValue, ...]:
    """Return the readings on mood days after the session that the baseline stands before.

    That session opens the course, or an earlier one that this course follows within 90 days: a
    response to the induction is lost in the maintenance. Empty before any session.
    """
    anchor = baseline_anchor(treatment, zone, limits)
    if anchor is None:
        return ()
    first_day = anchor.session.day(zone)
    return tuple(reading for reading in readings if reading.day > first_day)


def m3(
    readings: Sequence[DayValue],
    baseline: float | None,
    treatment: Treatment,
    zone: tzinfo,
    thresholds: CourseRuleThresholds = COURSE_RULE_THRESHOLDS,
) -> Decision:
    """Decide M3 at the newest reading; `about` is the course in which the symptoms came back.

    It holds after a response, once all readings of at least 5 days show less than 50 % improvement,
    or one is at least 10 and 5 above the lowest since, until there is a response anew: somebody who
    is treated again for the return is not reported for the new course. Without a baseline of at
    least 10 only the second form can hold, after a total below 5.
    """
    course = after_first_session(readings, treatment, zone, thresholds.measures.baseline)
    states = list(_states(course, baseline, thresholds))
    newest, now = (course[-1], states[-1]) if states else (None, _State())
    met = now.relapse is not None
    return Decision.with_tier(
        rule="M3",
        rule_version=thresholds.version,
        tier=Tier.MEDIUM if met else None,
        inputs={
            "on": newest.day.isoformat() if newest else None,
            "total": as_number(newest.value) if newest else None,
            "baseline": baseline,
            "readings": len(course),
            "responded_on": _iso(now.responded_on),
            "nadir": None if now.nadir is None else as_number(now.nadir),
            "below_response_since": _iso(now.lost_since),
            "relapse_on": _iso(now.relapse.on) if now.relapse else None,
            "form": now.relapse.form if now.relapse else None,
        },
        about=_course_at(treatment, zone, now.relapse.confirmed_on if now.relapse else None),
    )


def _course_at(treatment: Treatment, zone: tzinfo, day: date | None) -> str | None:
    """The course of the last session, or of the last until a mood day."""
    until = [one for one in treatment.sessions if day is None or one.day(zone) <= day]
    return until[-1].course_id if until else None


def _states(
    readings: Sequence[DayValue],
    baseline: float | Fraction | None,
    thresholds: CourseRuleThresholds,
) -> Iterator[_State]:
    """One state per reading, in the order of their days."""
    change = thresholds.measures.change
    level = None if baseline is None else Fraction(baseline)
    if level is not None and level < change.percent_from_baseline:
        level = None
    responded_on, nadir, lost_since, episode = None, None, None, None
    for reading in sorted(readings, key=lambda one: one.day):
        improved = level is not None and change.is_response(level, reading.value)
        if nadir is None:
            if improved or reading.value < change.remission_below:
                responded_on, nadir, episode = reading.day, reading.value, None
            yield _State(responded_on, nadir, None, episode)
            continue
        lost_since = None if level is None or improved else lost_since or reading.day
        episode = _relapse_at(reading, nadir, lost_since, thresholds)
        yield _State(responded_on, nadir, lost_since, episode)
        nadir = min(nadir, reading.value)
        if episode is not None:
            nadir, lost_since = None, None


def _relapse_at(
    reading: DayValue,
    nadir: int | Fraction,
    lost_since: date | None,
    thresholds: CourseRuleThresholds,
) -> Relapse | None:
    limits = thresholds.m3
    if lost_since is not None and (reading.day - lost_since).days >= limits.pair_apart_days:
        return Relapse(lost_since, reading.day, "lost_response")
    has_returned = reading.value - nadir >= thresholds.measures.change.mcid_points
    if reading.value >= limits.return_total and has_returned:
        return Relapse(reading.day, reading.day, "above_nadir")
    return None


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
