"""Feeding a history to the worsening rules entry by entry, as the service would have got it.

Nothing here decides: each entry goes through the very rules of the service, with the baseline and
the memory of earlier alerts that the service would have had at that moment.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from services.rules.baseline import MISSING, Baseline, find_baseline
from services.rules.course_anchor import baseline_anchor
from services.rules.day_series import Entry, day_rows
from services.rules.rule_decision import RuleDecision, RuleId, Severity
from services.rules.treatment import Treatment
from services.rules.trend_thresholds import TREND_THRESHOLDS
from services.rules.wall_clock import find_zone
from services.rules.worsening import worsening_decisions
from services.simulation.history import DAILY, History
from services.simulation.numbers import IN_FORCE, RuleNumbers


@dataclass(frozen=True, slots=True)
class Episode:
    """An alert that a rule opened or repeated; `on` and `at` are those of the entry."""

    rule: RuleId
    on: dt.date
    at: dt.datetime
    severity: Severity
    about: str | None


@dataclass(slots=True)
class Spoken:
    """What the alerts of one patient have been about: the newest day and the subjects by rule."""

    last_opened_on: dict[RuleId, dt.date] = field(default_factory=dict)
    about: set[tuple[RuleId, str]] = field(default_factory=set)

    def remember(self, decision: RuleDecision, entry: Entry) -> None:
        """Keep what a decision that fired was about."""
        last = self.last_opened_on.get(decision.rule, entry.mood_day)
        self.last_opened_on[decision.rule] = max(last, entry.mood_day)
        if decision.about is not None:
            self.about.add((decision.rule, decision.about))


@dataclass(frozen=True, slots=True)
class Step:
    """What the rules are given for one entry: only what had been received and begun by then."""

    instrument: str
    entries: Sequence[Entry]
    decided: Entry
    baseline: float | None
    treatment: Treatment
    zone: dt.tzinfo
    indications: frozenset[str]
    spoken: Spoken


def replay(history: History, numbers: RuleNumbers = IN_FORCE) -> Iterator[Episode]:
    """Yield the episodes of a patient's history in the order in which they would have opened.

    Entries that were corrected count as they now stand: what a first version alone would have
    opened is not seen.
    """
    zone = find_zone(history.zone) or dt.UTC
    spoken = Spoken()
    received: dict[str, list[Entry]] = defaultdict(list)
    baselines: dict[str, _RunningBaseline] = defaultdict(_RunningBaseline)
    for instrument, entry in history.as_received():
        series = received[instrument]
        series.append(entry)
        begun = history.treatment.until(entry.received_at)
        baseline = baselines[instrument].after(instrument, series, entry, begun, zone)
        step = Step(
            instrument=instrument,
            entries=_within_reach(instrument, series, entry, numbers),
            decided=entry,
            baseline=None if baseline.value is None else float(baseline.value),
            treatment=begun,
            zone=zone,
            indications=history.indications,
            spoken=spoken,
        )
        for decision in _decide(step, numbers):
            if decision.fired and decision.severity is not None:
                spoken.remember(decision, entry)
                yield Episode(
                    decision.rule,
                    entry.mood_day,
                    entry.recorded_at,
                    decision.severity,
                    decision.about,
                )


def _decide(step: Step, numbers: RuleNumbers) -> list[RuleDecision]:
    return worsening_decisions(
        step.instrument,
        step.entries,
        step.decided,
        step.baseline,
        step.spoken.last_opened_on,
        numbers.worsening,
    )


def _within_reach(
    instrument: str, series: Sequence[Entry], entry: Entry, numbers: RuleNumbers
) -> list[Entry]:
    """As the service reads them: of daily answers the lookback of the rules, of forms all."""
    if instrument != DAILY:
        return list(series)
    since = dt.date.fromordinal(max(1, entry.mood_day.toordinal() - numbers.daily_lookback_days))
    return [each for each in series if each.mood_day >= since]


@dataclass(slots=True)
class _RunningBaseline:
    """The baseline after each entry, worked out again only when it can have changed.

    It rests on the first days of the series, or on those around the session that it stands before.
    """

    found: Baseline = MISSING
    begun: int = 0
    settled_after: dt.date = dt.date.max

    def after(
        self,
        instrument: str,
        series: Sequence[Entry],
        entry: Entry,
        treatment: Treatment,
        zone: dt.tzinfo,
    ) -> Baseline:
        """Return the baseline once `entry`, the newest of `series`, has been received."""
        begun = len(treatment.sessions)
        if begun == self.begun and entry.mood_day > self.settled_after:
            return self.found
        rows = day_rows(series, "mean" if instrument == "mood" else "last")
        self.begun = begun
        self.found = find_baseline(instrument, series, rows, treatment=treatment, zone=zone)
        self.settled_after = self._settled_after(treatment, zone)
        return self.found

    def _settled_after(self, treatment: Treatment, zone: dt.tzinfo) -> dt.date:
        if self.found.on is None:
            return dt.date.max
        anchor = baseline_anchor(treatment, zone)
        stands_before = self.found.on if anchor is None else anchor.session.day(zone)
        return max(self.found.on, stands_before) + dt.timedelta(
            days=TREND_THRESHOLDS.windows.baseline_days
        )
