"""The trend report of a patient: what it stands on, its JSON and its fingerprint.

Every number is rounded once, here: to the nearest double, or an integer when it is whole. So the
same answers give the same bytes, in any language that writes the shortest form of a double.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from functools import cached_property

from services.rules.courses import Course
from services.rules.day_series import DayRow, DayValue, day_values
from services.rules.figures.item9 import Item9Series
from services.rules.figures.session_effect import EarliestLosses, EffectDuration
from services.rules.instruments.definition import instrument
from services.rules.mood_days import find_zone, mood_day_at
from services.rules.side_effects.burden import Burden, Tally
from services.rules.trend.numbers import ReportNumbers
from services.rules.trend.report import Trend
from services.rules.trend.treatment import CourseFigures, SessionFigures
from services.rules.wire import Json, day, instant, number, step
from services.rules.worsening.return_of_symptoms import Relapse

NOT_CONTENT = frozenset({"generated_at", "content_hash"})


@dataclass(frozen=True, slots=True)
class OpenedAlert:
    """An alert as it was when it opened. `is_open`: nobody had resolved it by the data cut."""

    id: str
    family: str
    rule: str
    severity: str
    triggered_at: datetime
    is_open: bool = False


@dataclass(frozen=True)  # without slots: what is derived from it is worked out once
class TrendReport:
    """The report of one instrument as of a data cut.

    `from_day` and `to_day` are the mood days asked for (None: from the first, to the newest);
    `numbers` were in force at the cut; alerts come oldest first; `courses` as known at the cut,
    for the pictures: the document has the newest alone.
    """

    patient_id: str
    instrument: str
    generated_at: datetime
    revision: int
    cut_at: datetime
    timezone: str
    numbers: ReportNumbers
    figures: Trend
    alerts: tuple[OpenedAlert, ...] = ()
    from_day: date | None = None
    to_day: date | None = None
    courses: tuple[Course, ...] = ()

    @cached_property
    def document(self) -> Json:
        """The report as JSON. Made once and shared: change a copy."""
        made: Json = {
            "patient_id": self.patient_id,
            "instrument": self.instrument,
            "generated_at": instant(self.generated_at),
            "data_cut": {"revision": self.revision, "at": instant(self.cut_at)},
            "rules_version": self.numbers.version,
            "timezone": self.timezone,
            **self._about_instrument,
            **self._figures,
            "alerts": [_alert(opened) for opened in self.alerts],
        }
        return made | {"content_hash": content_hash(made)}

    @property
    def _figures(self) -> Json:
        found = figures_json(self.figures)
        if self.numbers.figures.is_first_edition:
            del found["relapses"]
        return found

    @property
    def _about_instrument(self) -> Json:
        """How to read its values; the first edition did not say."""
        if self.numbers.figures.is_first_edition:
            return {}
        asked = instrument(self.instrument)
        return {"validated": asked.validated, "direction": asked.direction}

    @property
    def content_hash(self) -> str:
        """The fingerprint of the document."""
        return str(self.document["content_hash"])

    @property
    def zone(self) -> tzinfo:
        """The patient's zone; UTC for a name that is unknown."""
        return find_zone(self.timezone) or UTC

    @cached_property
    def values(self) -> tuple[DayValue, ...]:
        """The reported days that have a value."""
        return day_values(self.figures.series)

    @property
    def item9_days(self) -> dict[date, int]:
        """The highest item 9 of each day of the series, on any form (of the first edition: on its
        own).
        """
        series, days = self.figures.series, self.figures.item9.days
        if days is None:
            return {row.mood_day: row.q9_max for row in series if row.q9_max is not None}
        first = self.from_day or date.min
        return {one.on: one.value for one in days if one.on >= first}

    @property
    def sessions(self) -> tuple[SessionFigures, ...]:
        """The sessions of the days asked for: `figures` has those before them too."""
        first, last = self.from_day or date.min, self.to_day or date.max
        return tuple(one for one in self.figures.treatment.sessions if first <= one.day <= last)

    @property
    def span(self) -> tuple[date, date] | None:
        """The first and the last of the days asked for that something is known of, the day of the
        cut among them; None when nothing is.
        """
        known = [row.mood_day for row in self.figures.series] + [one.day for one in self.sessions]
        if not known:
            return None
        cut_day = min(mood_day_at(self.cut_at, self.zone), self.to_day or date.max)
        return min(known), max(*known, cut_day)


def content_hash(document: Mapping[str, object]) -> str:
    """Return the SHA-256 (hex) of the document's canonical JSON, without the two fields above.

    Canonical: keys sorted, no white space, UTF-8 unescaped. Raises TypeError for values that are
    not JSON and ValueError for NaN or infinity.
    """
    content = {key: value for key, value in document.items() if key not in NOT_CONTENT}
    canonical = json.dumps(
        content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return hashlib.sha256(canonical.encode()).hexdigest()


def figures_json(found: Trend) -> Json:
    """Return the fields of the trend JSON that come from check-ins and treatment."""
    baseline, current, week = found.baseline, found.current, found.m7
    test, unrest, item9 = found.trend_test, found.instability, found.item9
    treatment, onset, relapse = found.treatment, found.treatment.onset, found.treatment.relapse
    session_ids = {one.day: one.session.id for one in treatment.sessions}
    return {
        "baseline": {
            "value": number(baseline.value),
            "on": day(baseline.on),
            "status": baseline.status,
        },
        "current": {
            "value": number(current.value if current else None),
            "on": day(current.day if current else None),
        },
        "improvement": {
            "points": number(found.improvement.points),
            "percent": number(found.improvement.percent),
        },
        "status": found.status,
        "reliable_change": found.reliable_change,
        "slope_per_week": number(found.slope_per_week),
        "m7": {"value": number(week.value), "n": week.n} if week else None,
        "trend_test": {"s": test.s, "p": number(test.p), "direction": test.direction}
        if test
        else None,
        "instability": {"sd": number(unrest.sd), "mssd": number(unrest.mssd), "n": unrest.n}
        if unrest
        else None,
        "item9": _item9(item9),
        "series": [_day(row, found, session_ids) for row in found.series],
        "adherence": {"due": found.adherence.due, "answered": found.adherence.answered},
        "sessions": [_session(one) for one in treatment.sessions],
        "effect_duration": _effect_duration(treatment.effect_duration),
        "onset": {"on": day(onset.on), "days": onset.days, "hours": number(onset.hours)}
        if onset
        else None,
        "course": _course(treatment.course) if treatment.course else None,
        "relapse": _relapse(relapse) if relapse else None,
        "relapses": [_relapse(one) for one in treatment.relapses],
        "side_effects": [_burden(burden) for burden in found.burdens],
    }


def _item9(found: Item9Series) -> Json:
    forms: Json = {
        "last_positive_form": found.last_positive_form,
        "highest_form": found.highest_form,
    }
    return {
        "last_positive_on": day(found.last_positive_on),
        "days_since_positive": found.days_since_positive,
        "highest": found.highest,
        **(forms if found.days is not None else {}),
        "cssrs": [
            {"on": day(one.on), "level": one.level} | ({"form": one.form} if one.form else {})
            for one in found.levels
        ],
    }


def _alert(opened: OpenedAlert) -> Json:
    return {
        "id": opened.id,
        "family": opened.family,
        "rule": opened.rule,
        "severity": opened.severity,
        "triggered_at": instant(opened.triggered_at),
    }


def _day(row: DayRow, found: Trend, session_ids: Mapping[date, str]) -> Json:
    made: Json = {
        "mood_day": row.mood_day.isoformat(),
        "value": number(row.value),
        "q9_max": row.q9_max,
        "entries": row.entries,
    }
    if row.mood_day in session_ids:
        made["session_id"] = session_ids[row.mood_day]
    if row.mood_day in found.ranges:
        low, high = found.ranges[row.mood_day]
        made["range"] = {"low": low, "high": high}
    return made


def _session(figures: SessionFigures) -> Json:
    session, effect, lasted = figures.session, figures.effect, figures.duration
    dose = session.dose_value
    return {
        "id": session.id,
        "started_at": instant(session.started_at),
        "course_id": session.course_id,
        "number": figures.number,
        "product": session.product,
        "route": session.route,
        "dose": None if dose is None else {"value": number(dose), "unit": session.dose_unit},
        "pre": number(effect.pre),
        "pre_is_floor": effect.is_floor,
        "nadir": number(effect.nadir),
        "nadir_on": day(effect.nadir_on),
        "observed_days": effect.observed_days,
        "effect": number(effect.effect),
        "shares_window_with": [
            other.id for other in figures.window.sessions if other.id != session.id
        ],
        "duration_days": lasted.days,
        "duration_status": lasted.status,
        "interval": None if lasted.low is None else {"low": lasted.low, "high": lasted.high},
        "censored_by": lasted.censored_by,
    }


def _effect_duration(found: EffectDuration) -> Json:
    return _losses(found) | _earliest(found.earliest)


def _earliest(found: EarliestLosses | None) -> Json:
    if found is None:
        return {}
    return {
        "median_earliest_days": found.median,
        "median_interval": {"percent": found.percent, "low": found.low, "high": found.high},
        "curve_earliest": [step(one) for one in found.curve],
    }


def _losses(found: EffectDuration) -> Json:
    return {
        "n": found.n,
        "events": found.events,
        "censored": found.censored,
        "no_effect": found.no_effect,
        "unmeasured": found.unknown,
        "median_days": found.median,
        "curve": [step(one) for one in found.curve],
    }


def _course(found: CourseFigures) -> Json:
    course, response = found.course, found.response
    return {
        "id": course.id,
        "product": course.product,
        "phase": course.phase,
        "started_on": day(course.started_on),
        "ended_on": day(course.ended_on),
        "sessions": len(found.sessions),
        "last_induction_on": day(response.since if response else None),
        "response_duration_days": response.days if response else None,
        "response_status": response.status if response else None,
    }


def _relapse(found: Relapse) -> Json:
    return {"on": day(found.on), "confirmed_on": day(found.confirmed_on), "form": found.form}


def _burden(burden: Burden) -> Json:
    return {
        "session_id": burden.session_id,
        **_tally(burden.total),
        "acute": _tally(burden.acute),
        "persistent": _tally(burden.persistent),
        "long_term": _tally(burden.long_term),
        "resolved_within_24h": {
            "resolved": burden.resolved,
            "known": burden.known,
            "percent": number(burden.percent_resolved),
        },
    }


def _tally(tally: Tally) -> Json:
    return {"count": tally.count, "max_grade": tally.max_grade}
