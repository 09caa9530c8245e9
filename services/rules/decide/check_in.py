"""The M, A, B and U rules of one check-in: which function decides which rule.

The catalogue says which rules look at which instrument. Each is decided and kept, also when nothing
fires; `inputs["held"]` says what suppressed a rule that is met.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Final

from services.rules.catalogue import CATALOGUE, Repeats
from services.rules.courses import UNTREATED, Treatment
from services.rules.day_series import DayValue, SeriesEntry, in_order, values_of
from services.rules.decision import Decision, RuleId
from services.rules.figures.session_effect import last_window, morning_values
from services.rules.figures.sides import on_their_side
from services.rules.instruments.answers import Answers, number
from services.rules.instruments.definition import instrument, load_instruments
from services.rules.worsening.anxiety import a1
from services.rules.worsening.daily_worsening import m2
from services.rules.worsening.mania import b1
from services.rules.worsening.non_response import m4
from services.rules.worsening.numbers import RULE_NUMBERS, RuleNumbers
from services.rules.worsening.post_session import m5
from services.rules.worsening.reliable_worsening import m1
from services.rules.worsening.repetition import (
    NO_ALERTS_YET,
    AlertHistory,
    Suppression,
    m2_may_open,
    repeat_suppression,
)
from services.rules.worsening.return_of_symptoms import m3
from services.rules.worsening.urinary import UrinaryForm, u1


@dataclass(frozen=True, slots=True)
class SeriesCase:
    """What the rules are given for one check-in.

    `entries`: the current versions of this instrument's check-ins, the decided one included, as
    far back as the rules look (`phq9`: to the baseline of the course, at least 90 days; other forms
    90 days; `phq9-daily`: `DAILY_LOOKBACK_DAYS`); more changes nothing. `baseline`: what
    `find_baseline` says; `untreated`: the same, but only from before the treatment. `treatment`:
    all sessions that are known; those after the answer are left out here. `answers`: those of the
    decided form (`asrm` and `urinary` need them). `urinary_baseline`: the total of the first
    complete urinary form ever, where `entries` may not reach back to it. `seen_before`: items that
    any other form of this instrument had above 0 (`urinary`; None: not known).
    """

    instrument: str
    entries: Sequence[SeriesEntry]
    decided: SeriesEntry
    baseline: float | None
    untreated: float | None = None
    treatment: Treatment = UNTREATED
    zone: tzinfo = UTC
    indications: frozenset[str] = frozenset()
    alert_history: AlertHistory = NO_ALERTS_YET
    answers: Answers = field(default_factory=dict)
    urinary_baseline: float | None = None
    seen_before: Collection[str] | None = None

    @property
    def begun(self) -> Treatment:
        """The treatment as it stood when the answer was given."""
        known = self.treatment
        return known.until(self.decided.recorded_at) if known.sessions else known


@dataclass(frozen=True, slots=True)
class _Series:
    """`values` by the day that an answer names, `sided` by where it stands beside the sessions."""

    case: SeriesCase
    values: tuple[DayValue, ...]
    sided: tuple[DayValue, ...]
    numbers: RuleNumbers


def series_decisions(case: SeriesCase, numbers: RuleNumbers = RULE_NUMBERS) -> list[Decision]:
    """Return the decision of each rule of the instrument; none for an instrument without rules."""
    values = values_of(case.entries)
    series = _Series(case, values, _sided(case.entries, case.begun, case.zone), numbers)
    decided = [DECIDE[rule](series) for rule in INSTRUMENTS.get(case.instrument, ())]
    return [one.suppressed(_suppression(one, series) if one.is_met else None) for one in decided]


def session_decisions(
    entries: Sequence[SeriesEntry],
    baseline: float | None,
    treatment: Treatment,
    zone: tzinfo,
    history: AlertHistory,
    as_of: datetime,
    numbers: RuleNumbers = RULE_NUMBERS,
) -> list[Decision]:
    """Return what is decided when a session is written: M4, from the `phq9` check-ins so far and
    the baseline from before the treatment.
    """
    values = _sided(entries, treatment, zone)
    decision = m4(values, baseline, treatment, zone, as_of, numbers.course)
    return [decision.suppressed(repeat_suppression(decision, history, numbers))]


def _sided(
    entries: Sequence[SeriesEntry], treatment: Treatment, zone: tzinfo
) -> tuple[DayValue, ...]:
    return values_of(on_their_side(entries, treatment.sessions, zone))


def _suppression(decision: Decision, series: _Series) -> Suppression | None:
    case, rule = series.case, CATALOGUE[decision.rule]
    if rule.is_about_worsening and case.decided.total is None:
        return "incomplete"
    if rule.is_about_worsening and case.decided.late:
        return "late"
    if rule.repeats is Repeats.AFTER_EPISODE:
        last, limits = case.alert_history.last_opened_on.get("M2"), series.numbers.worsening
        may_open = m2_may_open(series.values, case.baseline, last, limits)
        return None if may_open else "same_episode"
    return repeat_suppression(decision, case.alert_history, series.numbers)


def _m5(series: _Series) -> Decision:
    case, begun, numbers = series.case, series.case.begun, series.numbers.course
    mornings = None
    if begun.sessions:
        sided = on_their_side(case.entries, begun.sessions, case.zone)
        window = last_window(begun.sessions, case.zone, numbers.measures.session)
        mornings = morning_values(sided, [window])
    return m5(series.sided, begun, case.zone, mornings, numbers)


def _b1(series: _Series) -> Decision:
    case, day = series.case, series.case.decided.mood_day
    given = [value for value in _items(case).values() if value is not None]
    points = sum(given) if given else None
    return b1(day, points, series.values, case.indications, series.numbers.form)


def _u1(series: _Series) -> Decision:
    case = series.case
    form = UrinaryForm(case.decided.mood_day, _items(case))
    totals = [entry.total for entry in in_order(case.entries) if entry.total is not None]
    first = next(iter(totals), None) if case.urinary_baseline is None else case.urinary_baseline
    return u1(form, first, case.seen_before, len(case.begun.sessions), series.numbers.form)


def _items(case: SeriesCase) -> Mapping[str, int | None]:
    asked = instrument(case.instrument).scored_items
    return {item.link_id: number(case.answers, item.link_id) for item in asked}


DECIDE: Final[Mapping[RuleId, Callable[[_Series], Decision]]] = {
    "M1": lambda s: m1(s.values, s.case.baseline, s.numbers.worsening),
    "M2": lambda s: m2(s.values, s.case.baseline, s.numbers.worsening),
    "M3": lambda s: m3(s.sided, s.case.untreated, s.case.begun, s.case.zone, s.numbers.course),
    "M4": lambda s: m4(
        s.sided,
        s.case.untreated,
        s.case.begun,
        s.case.zone,
        s.case.decided.recorded_at,
        s.numbers.course,
    ),
    "M5": _m5,
    "A1": lambda s: a1(s.case.instrument, s.values, s.case.baseline, s.numbers.form),
    "B1": _b1,
    "U1": _u1,
}


# Instruments with rules, by the catalogue, and which they are.
INSTRUMENTS: Final[Mapping[str, tuple[RuleId, ...]]] = {
    code: rules
    for code in load_instruments()
    if (rules := tuple(rule for rule in DECIDE if code in CATALOGUE[rule].looks_at))
}
