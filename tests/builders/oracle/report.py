"""The oracle of the trend report: what it must say about a chart, in the shape of its JSON.

Only what it works out is in it; what the product's report has beside that is not compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from typing import Any, Final

from tests.builders.oracle import levels, treated
from tests.builders.oracle.chart import (
    CSSRS,
    CSSRS_LEVELS,
    WITH_ITEM9,
    DayValue,
    WrittenChart,
    WrittenForm,
    by_day,
    day_value,
    highest_level,
    values,
)

# The report is rounded once.
ROUNDING: Final = 1e-9
Json = dict[str, Any]


def report(chart: WrittenChart, instrument: str) -> Json:
    """The figures of the report on one instrument up to the last write."""
    days = values(chart.of(instrument))
    current = days[-1] if days else None
    start = levels.baseline(chart, instrument)
    return {
        "series": _series(chart, instrument),
        "baseline": {"value": start.value, "on": _iso(start.on), "status": start.status},
        "current": {
            "value": current.value if current else None,
            "on": _iso(current.day if current else None),
        },
        "improvement": _improvement(instrument, start, current),
        "status": levels.status(chart, start, current) if instrument == "phq9" else None,
        **_trends(days),
        "item9": _item9(chart, instrument),
        "sessions": _sessions(chart, instrument),
        "onset": _onset(chart, instrument),
        "adherence": _adherence(chart, instrument),
        **(_of_course(chart) if instrument == "phq9" else {}),
    }


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _series(chart: WrittenChart, instrument: str) -> list[Json]:
    rows = []
    for day, forms in by_day(chart.of(instrument)).items():
        found = day_value(day, forms)
        here = {one.id for one in chart.begun() if one.day == day}
        rows.append(
            {
                "mood_day": day.isoformat(),
                "value": found.value if found else None,
                "q9_max": _highest(forms),
                "entries": len(forms),
                "session_id": OneOf(here or {None}),
            }
        )
    return rows


class OneOf:
    """Any of these; several sessions of one day are all right."""

    def __init__(self, allowed: set[Any]) -> None:
        self.allowed = allowed

    def __repr__(self) -> str:
        return f"one of {sorted(map(str, self.allowed))}"


def _highest(forms: list[WrittenForm]) -> int | None:
    return max((one.item9 for one in forms if one.item9 is not None), default=None)


def _improvement(instrument: str, start: levels.FirstLevel, current: DayValue | None) -> Json:
    if start.value is None or current is None:
        return {"points": None, "percent": None}
    return {
        "points": levels.points(instrument, start.value, current.value),
        "percent": levels.percent(instrument, start, current.value),
    }


def _trends(days: list[DayValue]) -> Json:
    week, test, moving = levels.week_mean(days), levels.mann_kendall(days), levels.instability(days)
    return {
        "m7": {"value": week[0], "n": week[1]} if week else None,
        "slope_per_week": levels.slope_per_week(days),
        "trend_test": {"s": test[0], "p": test[1]} if test else None,
        "instability": {"sd": moving[0], "mssd": moving[1], "n": moving[2]} if moving else None,
    }


def _item9(chart: WrittenChart, instrument: str) -> Json:
    forms = [one for one in chart.forms if one.instrument in WITH_ITEM9]
    positive = [one.mood_day for one in forms if (one.item9 or 0) >= 1]
    last = max(positive, default=None)
    levels_of: dict[date, str] = {}
    for one in chart.forms:
        if one.instrument == CSSRS:
            found = [levels_of.get(one.mood_day, "none"), highest_level(one.versions)]
            levels_of[one.mood_day] = max(found, key=CSSRS_LEVELS.index)
    return {
        "last_positive_on": _iso(last),
        "days_since_positive": (chart.today(instrument) - last).days if last else None,
        "highest": _highest(forms),
        "cssrs": [
            {"on": day.isoformat(), "level": level} for day, level in sorted(levels_of.items())
        ],
    }


def _sessions(chart: WrittenChart, instrument: str) -> list[Json]:
    found = treated.session_figures(chart, instrument)
    rows = []
    for one in chart.begun():
        of = found[one.id]
        low_high = {"low": of.interval[0], "high": of.interval[1]} if of.interval else None
        rows.append(
            {
                "id": one.id,
                "pre": of.pre,
                "nadir": of.nadir,
                "nadir_on": _iso(of.nadir_on),
                "observed_days": of.observed,
                "effect": of.effect,
                "duration_days": of.duration,
                "duration_status": of.duration_status,
                "interval": low_high,
                "censored_by": of.censored_by,
            }
        )
    return rows


def _onset(chart: WrittenChart, instrument: str) -> Json | None:
    found = treated.onset(chart, instrument)
    if found is None:
        return None
    day, number, form = found
    hours = None
    # One that was written down on a later day tells the day, not the hour.
    if form is not None and not form.is_recalled:
        first = levels.course_starts(chart)[-1]
        hours = round((form.recorded_at - first.started_at).total_seconds() / 3600, 2)
    return {"on": day.isoformat(), "days": number, "hours": hours}


def _adherence(chart: WrittenChart, instrument: str) -> Json:
    if instrument != "phq9-daily":
        return {}
    due, answered = levels.adherence(chart, instrument)
    return {"due": due, "answered": answered}


def _of_course(chart: WrittenChart) -> Json:
    losses = treated.relapses(chart)
    return {
        "relapse": {
            "on": _iso(losses[0].on),
            "confirmed_on": _iso(losses[0].confirmed_on),
        }
        if losses
        else None,
        "course": _course(chart),
    }


def _course(chart: WrittenChart) -> Json | None:
    of = treated.response_of_course(chart)
    if of is None:
        return None
    return {
        "id": of.id,
        "sessions": of.sessions,
        "last_induction_on": _iso(of.last_induction_on),
        "response_duration_days": of.days,
        "response_status": of.status,
    }


def differences(expected: Any, found: Any, path: str = "") -> Iterator[str]:
    """Each place where the report says something else."""
    if isinstance(expected, OneOf):
        if found not in expected.allowed:
            yield f"{path}: product {found}, oracle {expected}"
    elif isinstance(expected, dict) and isinstance(found, dict):
        for key, value in expected.items():
            yield from differences(value, found.get(key), f"{path}.{key}".lstrip("."))
    elif isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            yield f"{path}: product has {len(found)} rows, oracle {len(expected)}"
        for number, (one, other) in enumerate(zip(expected, found, strict=False)):
            yield from differences(one, other, f"{path}[{number}]")
    elif not _equal(expected, found):
        yield f"{path}: product {found}, oracle {_plain(expected)}"


def _equal(expected: Any, found: Any) -> bool:
    if isinstance(expected, Fraction | float) and isinstance(found, int | float):
        return abs(float(expected) - found) <= ROUNDING
    return bool(expected == found)


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Fraction) else value
