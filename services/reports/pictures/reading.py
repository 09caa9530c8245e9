"""The trend JSON as the pictures need it: typed, in order, and whole when fields are absent.

A report may be of a course, of a patient without sessions, or from before a field was known. What
is absent or null is then not drawn; nothing is made up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from services.reports.drawing.words import number_words
from services.rules.figures.numbers import TREND_THRESHOLDS, TrendThresholds, trend_thresholds_at
from services.rules.mood_days import find_zone, mood_day_at

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Day:
    """One mood day with an entry: `value` in points, `q9` 0-3, `low` and `high` of many entries."""

    day: date
    value: float | None
    q9: int | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Treated:
    """One session on its mood day; figures in points and days, None when they are not known."""

    number: int
    id: str
    day: date
    what: str = ""
    dose: str = ""
    pre: float | None = None
    nadir: float | None = None
    nadir_on: date | None = None
    effect: float | None = None
    duration_days: str = ""
    duration_status: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What a picture shows and what it stands on."""

    instrument: str
    timezone: str
    days: tuple[Day, ...]
    sessions: tuple[Treated, ...]
    baseline: float | None
    baseline_on: date | None
    baseline_status: str
    relapse_on: date | None
    cut_revision: str
    cut_at: str
    cut_day: date | None
    rules_version: str
    content_hash: str
    generated_at: str
    thresholds: TrendThresholds = TREND_THRESHOLDS  # those in force at the cut

    @property
    def values(self) -> tuple[Day, ...]:
        """The days that have a value."""
        return tuple(day for day in self.days if day.value is not None)

    @property
    def span(self) -> tuple[date, date] | None:
        """The first and the last day that something is known of; None when nothing is."""
        known = [day.day for day in self.days] + [one.day for one in self.sessions]
        if not known:
            return None
        return min(known), max([*known, *([self.cut_day] if self.cut_day else [])])

    def between(self, first: date | None, last: date | None) -> Report:
        """The same report with the days and sessions from `first` to `last`, both included."""
        low, high = first or date.min, last or date.max
        return replace(
            self,
            days=tuple(day for day in self.days if low <= day.day <= high),
            sessions=tuple(one for one in self.sessions if low <= one.day <= high),
            cut_day=min(self.cut_day, high) if self.cut_day else None,
        )


def read_report(document: Json) -> Report:
    """Read a trend document. Raises KeyError without `instrument`, ValueError on a bad date."""
    zone_name = str(document.get("timezone") or "UTC")
    zone = find_zone(zone_name) or UTC
    cut = table(document, "data_cut")
    baseline = table(document, "baseline")
    cut_at = moment(cut.get("at"))
    return Report(
        instrument=str(document["instrument"]),
        timezone=zone_name,
        days=tuple(sorted((_day(row) for row in rows(document, "series")), key=_by_day)),
        sessions=_sessions(rows(document, "sessions"), zone),
        baseline=number(baseline.get("value")),
        baseline_on=a_day(baseline.get("on")),
        baseline_status=str(baseline.get("status") or "missing"),
        relapse_on=_relapse(document.get("relapse")),
        cut_revision=_words(cut.get("revision")),
        cut_at=_words(cut.get("at")),
        cut_day=mood_day_at(cut_at, zone) if cut_at else None,
        rules_version=_words(document.get("rules_version")),
        content_hash=_words(document.get("content_hash")),
        generated_at=_words(document.get("generated_at")),
        thresholds=trend_thresholds_at(cut_at) if cut_at else TREND_THRESHOLDS,
    )


def table(document: Json, name: str) -> Json:
    """A field that is an object; empty when it is absent, null or something else."""
    found = document.get(name)
    return found if isinstance(found, Mapping) else {}


def rows(document: Json, name: str) -> Sequence[Json]:
    """A field that is a list of objects; empty when it is absent or null."""
    found = document.get(name)
    if not isinstance(found, Sequence) or isinstance(found, str):
        return ()
    return [row for row in found if isinstance(row, Mapping)]


def number(found: object) -> float | None:
    """A figure; None for what is no number."""
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    return found


def a_day(found: object) -> date | None:
    """A day, also of an instant's text; None when absent."""
    if isinstance(found, date):
        return found
    return date.fromisoformat(found[:10]) if isinstance(found, str) and found else None


def moment(found: object) -> datetime | None:
    """An aware instant; None when absent or without an offset."""
    if not isinstance(found, str) or not found:
        return None
    at = datetime.fromisoformat(found)
    return at if at.tzinfo else None


def _by_day(day: Day) -> date:
    return day.day


def _words(found: object) -> str:
    return "" if found is None else str(found)


def _day(row: Json) -> Day:
    low, high = _range(row.get("range"))
    q9 = number(row.get("q9_max"))
    return Day(
        day=date.fromisoformat(str(row["mood_day"])[:10]),
        value=number(row.get("value")),
        q9=None if q9 is None else int(q9),
        low=low,
        high=high,
    )


def _range(found: object) -> tuple[float | None, float | None]:
    """Lowest and highest of a day, written as a pair or as an object."""
    if isinstance(found, Mapping):
        pair = [found.get("low", found.get("min")), found.get("high", found.get("max"))]
    elif isinstance(found, Sequence) and not isinstance(found, str) and len(found) == 2:
        pair = list(found)
    else:
        return None, None
    return number(pair[0]), number(pair[1])


def _sessions(found: Sequence[Json], zone: Any) -> tuple[Treated, ...]:
    begun = sorted(
        ((at, row) for row in found if (at := moment(row.get("started_at")))), key=lambda p: p[0]
    )
    return tuple(
        _session(row, mood_day_at(at, zone), place) for place, (at, row) in enumerate(begun, 1)
    )


def _session(row: Json, day: date, place: int) -> Treated:
    given = number(row.get("number"))
    what = [_words(row.get(name)) for name in ("product", "route")]
    return Treated(
        number=place if given is None else int(given),
        id=_words(row.get("id")),
        day=day,
        what=" ".join(word for word in what if word),
        dose=_dose(row.get("dose")),
        pre=number(row.get("pre")),
        nadir=number(row.get("nadir")),
        nadir_on=a_day(row.get("nadir_on")),
        effect=number(row.get("effect")),
        duration_days=_duration(row),
        duration_status=_words(row.get("duration_status")),
    )


def _dose(found: object) -> str:
    if isinstance(found, Mapping):
        value = number(found.get("value"))
        return "" if value is None else f"{number_words(value, 3)} {_words(found.get('unit'))}"
    return _words(found)


def _duration(row: Json) -> str:
    """Days as one number, or from - to when the loss is only known to lie between."""
    interval, days = table(row, "interval"), number(row.get("duration_days"))
    if interval:
        low, high = number(interval.get("low")), number(interval.get("high"))
        return f"{number_words(low)}–{number_words(high)}"
    return "" if days is None else number_words(days)


def _relapse(found: object) -> date | None:
    """The day of the relapse: a day, or an object with one under `on`."""
    return a_day(found.get("on") if isinstance(found, Mapping) else found)
