"""The figures of a report as short sentences for a printed page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from services.reports.drawing.words import (
    BASELINES,
    counted,
    day_words,
    listed,
    number_words,
    p_words,
    part_words,
    plain,
    slope_words,
    spelled,
    status_words,
    title_of,
)
from services.rules.figures.item9 import Item9Series
from services.rules.figures.numbers import SessionLimits
from services.rules.figures.session_effect import EffectDuration
from services.rules.statistics import Exact
from services.rules.trend.document import TrendReport
from services.rules.trend.report import WITH_STATUS
from services.rules.trend.treatment import TreatmentFigures

PrintedFigure = tuple[str, str]


def figures_in_words(report: TrendReport) -> list[PrintedFigure]:
    """(what, in words), for every figure that the report has."""
    due = report.figures.adherence
    return [
        *_level(report),
        *_change(report),
        *_treatment(report.figures.treatment, report.numbers.figures.session),
        *_item9(report.figures.item9),
        *(
            [("Answered", f"{due.answered} of {due.due} check-ins that were due")]
            if due.due
            else []
        ),
    ]


def _level(report: TrendReport) -> Iterator[PrintedFigure]:
    found = report.figures
    if found.status:
        words = status_words(found.status, report.numbers.measures.change)
        not_judged = found.baseline.after_treatment and found.status == "no_response"
        yield "Status", "response cannot be judged" if not_judged else words
    if (base := found.baseline).value is not None:
        yield "Baseline", f"{_on(base.value, base.on)}, {BASELINES[base.status]}"
    else:
        yield "Baseline", "missing: no change can be told"
    now = found.current
    yield "Current", _on(now.value, now.day) if now else "no complete answer"


def _change(report: TrendReport) -> Iterator[PrintedFigure]:
    found = report.figures
    points, percent = found.improvement.points, found.improvement.percent
    if points is not None:
        share = ""
        if report.instrument == WITH_STATUS:
            least = report.numbers.measures.change.percent_from_baseline
            share = f" (no percentage below a baseline of {least})"
            if found.baseline.after_treatment:
                share = " (no percentage: the baseline is from after the first session)"
            elif percent is not None:
                share = f" ({number_words(percent)} %)"
        yield "Improvement", f"{_points(points)}{share}; positive is better"
    if found.reliable_change:
        yield "Reliable change", plain(found.reliable_change)
    if (week := found.m7) is not None:
        days = report.numbers.figures.windows.mean_days
        yield f"{days}-day mean", f"{_points(week.value)}, from {week.n} of {days} days"
    if (slope := found.slope_per_week) is not None:
        test = found.trend_test
        sure = f" (Mann-Kendall {p_words(test.p)})" if test else ""
        yield (
            "Slope",
            f"{number_words(slope, 2)} points a week; {slope_words(report.instrument)}{sure}",
        )


def _treatment(found: TreatmentFigures, limits: SessionLimits) -> Iterator[PrintedFigure]:
    if found.course is not None:
        course, response = found.course.course, found.course.response
        yield (
            "Course",
            f"{course.product} {course.phase} since {day_words(course.started_on)},"
            f" {counted(len(found.course.sessions), 'session')}",
        )
        if response is not None and response.days is not None:
            words = f"{response.days} days since the last induction ({plain(response.status)})"
            yield "Response of course", words
    if found.onset is not None:
        yield "Onset", f"{day_words(found.onset.on)}, day {found.onset.days}"
    if found.sessions:
        yield "Effect of a session", _lasting(found.effect_duration, limits)
    if found.relapses:
        first, *others = found.relapses
        again = f"; again on {listed(day_words(one.on) for one in others)}" if others else ""
        yield "Relapse", f"{day_words(first.on)} (first of the readings that confirm it){again}"


def _lasting(found: EffectDuration, limits: SessionLimits) -> str:
    """How long effects lasted, or the reason why no median can be told."""
    followed = (
        f"{counted(found.n, 'effect')} followed, {counted(found.events, 'loss', 'losses')} seen"
    )
    if found.median is not None:
        part = part_words(limits.lost_percent)
        words = f"{part} of the gain was lost after {_median(found)} days in the median"
        return f"{words} (Kaplan-Meier; {_interval(found)}{followed})"
    if found.n < limits.median_min_sessions:
        left_out = found.no_effect + found.unknown
        why = f"fewer than {spelled(limits.median_min_sessions)} effects to follow"
        if left_out:
            why += f" ({found.no_effect} without a gain, {found.unknown} with too few answers)"
    else:
        why = "more than half of the effects still held when last seen"
    return f"no median: {why} (Kaplan-Meier; {followed})"


def _median(found: EffectDuration) -> str:
    """One number, or from - to where losses within a gap move it."""
    first = found.earliest.median if found.earliest else found.median
    return f"{found.median}" if first == found.median else f"{first} to {found.median}"


def _interval(found: EffectDuration) -> str:
    if found.earliest is None or found.earliest.low is None:
        return ""
    low, high = found.earliest.low, found.earliest.high
    until = "at least" if high is None else f"{low} to {high} days"
    words = f"{until} {low} days" if high is None else until
    return f"{found.earliest.percent} % interval {words}; "


def _item9(found: Item9Series) -> Iterator[PrintedFigure]:
    if found.last_positive_on is not None:
        last = f"{day_words(found.last_positive_on)}{_form(found.last_positive_form)}"
        highest = f"{number_words(found.highest)}{_form(found.highest_form)}"
        words = f"last 1 or more on {last}; highest ever {highest}"
    elif found.highest is not None:
        where = "" if found.days is None else " on any form"
        words = f"0 whenever it was answered{where}, which is no proof of safety"
    else:
        words = "never answered"
    yield "Item 9", words
    if found.levels:
        newest = found.levels[-1]
        yield "C-SSRS", f"{plain(newest.level)} on {day_words(newest.on)}{_form(newest.form)}"


def _form(code: str | None) -> str:
    """On which form, where the report names it."""
    return "" if code is None else f" ({title_of(code)})"


def _on(value: Exact, day: date | None) -> str:
    return f"{_points(value)} on {day_words(day)}"


def _points(value: Exact) -> str:
    return f"{number_words(value)} {'point' if abs(value) == 1 else 'points'}"
