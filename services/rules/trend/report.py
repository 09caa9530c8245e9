"""The figures of the trend report of one instrument, from its check-ins and its treatment.

Nothing after the last reported mood day changes any figure. All arithmetic is exact.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from fractions import Fraction

from services.rules.courses import UNTREATED, Treatment
from services.rules.day_series import (
    DayRow,
    DayValue,
    SeriesEntry,
    day_rows,
    in_order,
    value_rule,
    values_of,
)
from services.rules.figures.baseline import Baseline, find_baseline
from services.rules.figures.item9 import (
    Item9On,
    Item9Series,
    LevelOn,
    item9,
    item9_of_all_forms,
)
from services.rules.figures.numbers import FigureNumbers
from services.rules.figures.sides import on_their_side
from services.rules.figures.status import (
    Improvement,
    ReliableChange,
    Status,
    StatusCase,
    first_edition_status,
    improvement,
    phq9_status,
    reliable_change,
)
from services.rules.figures.windows import (
    Instability,
    WindowMean,
    instability,
    mean_of_week,
    slope_per_week,
    trend_test,
)
from services.rules.instruments.definition import instrument as known_instrument
from services.rules.mood_days import DaySpan, day_start, find_zone, mood_day_at
from services.rules.schedule.case import AnsweredForm, ScheduleCase
from services.rules.schedule.due import Adherence, adherence
from services.rules.schedule.windows import ONE_DAY
from services.rules.side_effects.burden import Burden, side_effect_burden
from services.rules.side_effects.report import EffectsReport
from services.rules.statistics import Exact, TrendTest
from services.rules.trend.numbers import REPORT_NUMBERS, ReportNumbers
from services.rules.trend.treatment import TreatmentFigures, treatment_figures

WITH_STATUS = "phq9"


@dataclass(frozen=True, slots=True)
class Trend:
    """Every figure of a report; `series` and `ranges` hold the reported days only.

    `ranges`: the lowest and highest total of days with many check-ins; `burdens`: side effects by
    session.
    """

    series: tuple[DayRow, ...]
    ranges: Mapping[date, tuple[int, int]]
    baseline: Baseline
    current: DayValue | None
    improvement: Improvement
    status: Status | None
    reliable_change: ReliableChange | None
    slope_per_week: Fraction | None
    trend_test: TrendTest | None
    m7: WindowMean | None
    instability: Instability | None
    item9: Item9Series
    treatment: TreatmentFigures
    burdens: tuple[Burden, ...]
    adherence: Adherence


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands beside the check-ins of the instrument: treatment and what was reported of it,
    the levels of the C-SSRS, and item 9 on other forms, all as known at the cut.
    """

    treatment: Treatment = UNTREATED
    levels: Sequence[LevelOn] = ()
    effects: Sequence[EffectsReport] = ()
    item9: Sequence[Item9On] = ()

    def days(self) -> Iterator[date]:
        """The mood days that the levels and reports are about."""
        yield from (level.on for level in self.levels)
        yield from (report.mood_day for report in self.effects)
        yield from (one.on for one in self.item9)

    def until(self, instant: datetime, last: date, zone: tzinfo) -> Beside:
        """The same without sessions still planned at an instant, and without what came after a
        mood day."""
        begun = self.treatment.until(instant)
        sessions = tuple(one for one in begun.sessions if one.day(zone) <= last)
        return Beside(
            Treatment(begun.courses, sessions),
            [level for level in self.levels if level.on <= last],
            [report for report in self.effects if report.mood_day <= last],
            [one for one in self.item9 if one.on <= last],
        )


ALONE = Beside()


def trend(
    instrument: str,
    entries: Iterable[SeriesEntry],
    *,
    timezone: str,
    data_cut_at: datetime,
    from_day: date | None = None,
    to_day: date | None = None,
    accepted_on: date | None = None,
    away: Iterable[DaySpan] = (),
    indications: frozenset[str] = frozenset(),
    beside: Beside = ALONE,
    numbers: ReportNumbers = REPORT_NUMBERS,
) -> Trend:
    """Return the figures as of a data cut.

    `entries` are all check-ins of this instrument known at the cut; `from_day` bounds only the
    series and adherence; `to_day` defaults to the mood day of the cut in `timezone` (an unknown
    name counts as UTC), after which nothing is due yet. Planned sessions change only what is due.
    """
    zone = find_zone(timezone) or UTC
    cut_day = mood_day_at(data_cut_at, zone)
    last = cut_day if to_day is None else to_day
    first = date.min if from_day is None else from_day
    known = [entry for entry in entries if entry.mood_day <= last]
    answered = [AnsweredForm(one.mood_day, one.recorded_at) for one in known if one.answered]
    seen = beside.until(data_cut_at, last, zone)
    # Nothing is known of the days to come: days are counted to the cut, also when `to` is later.
    today = max([cut_day, *(entry.mood_day for entry in known), *seen.days()])
    due = adherence(
        ScheduleCase(
            zone=zone,
            accepted_at=_end_of(accepted_on, zone),
            away=tuple(away),
            treatment=beside.treatment,
            answered={instrument: answered},
            indications=indications,
        ),
        instrument,
        DaySpan(first, min(last, cut_day if numbers.figures.is_first_edition else today)),
        numbers.schedule,
    )
    reported = DaySpan(first, min(last, today))
    return _figures(instrument, known, reported, seen, due, zone, numbers)


def _item9(
    instrument: str, rows: Sequence[DayRow], beside: Beside, until: date, figures: FigureNumbers
) -> Item9Series:
    """Item 9 of all forms; in the first edition of the days of the instrument alone."""
    if figures.is_first_edition:
        return item9(rows, beside.levels, until)
    own = (Item9On(row.mood_day, row.q9_max, instrument) for row in rows if row.q9_max is not None)
    return item9_of_all_forms([*own, *beside.item9], beside.levels, until)


def _end_of(accepted_on: date | None, zone: tzinfo) -> datetime | None:
    """The last moment of a day: a report leaves out what was due on the day of the acceptance."""
    if accepted_on is None:
        return None
    return day_start(accepted_on + ONE_DAY, zone) - timedelta.resolution


def _figures(
    instrument: str,
    known: Sequence[SeriesEntry],
    reported: DaySpan,
    beside: Beside,
    due: Adherence,
    zone: tzinfo,
    numbers: ReportNumbers,
) -> Trend:
    treatment, figures, measures = beside.treatment, numbers.figures, numbers.measures
    rule = value_rule(instrument)
    known = in_order(known)
    rows, values = day_rows(known, rule), values_of(known, rule)
    sided = on_their_side(known, treatment.sessions, zone, figures)
    sided_values = values_of(sided, rule)
    baseline = find_baseline(instrument, known, rows, figures, treatment=treatment, zone=zone)
    current = values[-1] if values else None
    now = current.value if current else None
    better = improvement(
        baseline.value,
        now,
        measures.change,
        is_untreated=not baseline.after_treatment,
        worse=1 if figures.is_first_edition else known_instrument(instrument).worse,
    )
    is_rated = instrument == WITH_STATUS
    return Trend(
        series=tuple(row for row in rows if row.mood_day >= reported.first),
        ranges=day_ranges(
            (entry for entry in known if entry.mood_day >= reported.first),
            figures.range_from_entries,
        ),
        baseline=baseline,
        current=current,
        improvement=better,
        status=_status(baseline, now, better, known, treatment, figures) if is_rated else None,
        reliable_change=reliable_change(better.points, measures.change) if is_rated else None,
        slope_per_week=slope_per_week(values, figures),
        trend_test=trend_test(values, figures),
        m7=mean_of_week(values, figures),
        instability=instability(values, figures.windows),
        item9=_item9(instrument, rows, beside, reported.last, figures),
        treatment=treatment_figures(
            instrument, sided, sided_values, baseline.untreated, treatment, zone, numbers
        ),
        burdens=side_effect_burden(
            beside.effects, treatment.sessions, measures.session, numbers.side_effects
        ),
        adherence=due,
    )


def _status(
    baseline: Baseline,
    now: Exact | None,
    better: Improvement,
    known: Sequence[SeriesEntry],
    treatment: Treatment,
    figures: FigureNumbers,
) -> Status | None:
    change = figures.measures.change
    if figures.is_first_edition:
        return first_edition_status(baseline.value, now, change)
    case = StatusCase(
        baseline=baseline.value,
        current=now,
        percent=better.percent,
        is_answered_since=baseline.is_followed(known),
        is_treated=bool(treatment.sessions),
    )
    return phq9_status(case, change)


def day_ranges(entries: Iterable[SeriesEntry], at_least: int) -> dict[date, tuple[int, int]]:
    """Return the lowest and highest total of the days with so many complete check-ins."""
    days: dict[date, list[int]] = defaultdict(list)
    for entry in entries:
        if entry.total is not None:
            days[entry.mood_day].append(entry.total)
    return {day: (min(seen), max(seen)) for day, seen in days.items() if len(seen) >= at_least}
