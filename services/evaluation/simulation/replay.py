"""Feeding a patient's history to the rules entry by entry and session by session.

The rules decide as the service does when it receives them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import NamedTuple

from services.rules.courses import Session, Treatment
from services.rules.day_series import SeriesEntry, day_rows
from services.rules.decide.check_in import (
    SeriesCase,
    series_decisions,
    session_decisions,
)
from services.rules.decision import Decision, RuleId, Tier
from services.rules.figures.baseline import MISSING, Baseline, baseline_anchor, find_baseline
from services.rules.figures.numbers import FIGURE_NUMBERS
from services.rules.figures.session_effect import last_window
from services.rules.instruments.answers import Answers
from services.rules.mood_days import find_zone
from services.rules.statistics import Exact
from services.rules.worsening.numbers import RULE_NUMBERS, RuleNumbers
from services.rules.worsening.repetition import PastOccurrence, alert_history

DAILY, TWO_WEEKS = "phq9-daily", "phq9"


class Event(NamedTuple):
    """An entry of an instrument (`kind` 1) or a session (`kind` 0), and when it came."""

    at: datetime
    kind: int
    recorded_at: datetime
    id: str
    instrument: str
    what: SeriesEntry | Session


@dataclass(frozen=True, slots=True)
class History:
    """The current versions of all check-ins by instrument, and the treatment; `zone` is a name.

    `answers` holds those of the forms whose rules look at single items, by entry id.
    """

    patient: str
    treatment: Treatment
    entries: Mapping[str, Sequence[SeriesEntry]]
    zone: str = "UTC"
    indications: frozenset[str] = frozenset()
    answers: Mapping[str, Answers] = field(default_factory=dict)

    def as_it_came(self) -> list[Event]:
        """Return every entry when it was received and every session when it began, in the order of
        these instants; a session before an entry of the same instant.
        """
        events = [
            Event(entry.received_at, 1, entry.recorded_at, entry.entry_id, name, entry)
            for name, found in self.entries.items()
            for entry in found
        ]
        for one in self.treatment.sessions:
            events.append(Event(one.started_at, 0, one.started_at, one.id, "", one))
        return sorted(events, key=lambda event: event[:4])

    def days_watched(self, since: date | None = None) -> int:
        """Mood days from the first answer, or from `since`, to the last answer, both included."""
        days = [entry.mood_day for found in self.entries.values() for entry in found]
        if not days:
            return 0
        first = min(days) if since is None else max(min(days), since)
        return max((max(days) - first).days + 1, 0)


@dataclass(slots=True)
class RunningBaseline:
    """It rests on the first days of a series, or on those before the session that it stands before:
    a later answer leaves it as it is, until another session begins.
    """

    found: Baseline = MISSING
    begun: int = 0
    settled_after: date = date.max

    def after(
        self,
        instrument: str,
        series: Sequence[SeriesEntry],
        treatment: Treatment,
        zone: tzinfo,
    ) -> Baseline:
        """Return the baseline once the last of `series` has been received, in the treatment that
        had begun.
        """
        begun = len(treatment.sessions)
        if begun != self.begun or series[-1].mood_day <= self.settled_after:
            self.begun = begun
            rows = day_rows(series)
            self.found = find_baseline(instrument, series, rows, treatment=treatment, zone=zone)
            self.settled_after = self._settled_after(treatment, zone)
        return self.found

    def _settled_after(self, treatment: Treatment, zone: tzinfo) -> date:
        anchor = baseline_anchor(treatment, zone)
        stands_before = self.found.on if anchor is None else anchor.session.day(zone)
        if stands_before is None:
            return date.max
        windows = FIGURE_NUMBERS.windows
        days = max(windows.baseline_days, windows.provisional_days or 0)
        return max(self.found.on or stands_before, stands_before) + timedelta(days=days)


def _points(level: Exact | None) -> float | None:
    return None if level is None else float(level)


ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Episode:
    """An alert that a rule opened or added to: the mood day of the entry or session that did it,
    and when it opened (the receipt of the entry, the start of the session).
    """

    rule: RuleId
    on: date
    at: datetime
    tier: Tier
    about: str | None


def replay(history: History, numbers: RuleNumbers = RULE_NUMBERS) -> Iterator[Episode]:
    """Yield the episodes of a patient's history in the order in which they would have opened.

    What was corrected counts as it now stands, and a session as known from its start on: alerts
    that only a first version, or a session entered late, would have given are not seen.
    """
    state = _ReplayState(history, find_zone(history.zone) or UTC, numbers)
    for event in history.as_it_came():
        if isinstance(event.what, Session):
            on, decisions = event.what.day(state.zone), state.begins(event.what)
        else:
            on, decisions = event.what.mood_day, state.receives(event.instrument, event.what)
        yield from state.episodes(decisions, on, event.at)


@dataclass(slots=True)
class _ReplayState:
    """The state of one replay: the series so far, and what alerts have been about."""

    history: History
    zone: tzinfo
    numbers: RuleNumbers
    around_session: date = date.max
    past_occurrences: list[PastOccurrence] = field(default_factory=list)
    series: dict[str, list[SeriesEntry]] = field(default_factory=lambda: defaultdict(list))
    baselines: dict[str, RunningBaseline] = field(
        default_factory=lambda: defaultdict(RunningBaseline)
    )

    def receives(self, instrument: str, entry: SeriesEntry) -> list[Decision]:
        """Decide an entry with all that had been received by then."""
        self.series[instrument].append(entry)
        within = self._within_reach(instrument, entry)
        newest = max(each.mood_day for each in within)
        found = self._baseline(instrument, entry.received_at)
        case = SeriesCase(
            instrument=instrument,
            entries=within,
            decided=entry,
            baseline=_points(found.value),
            untreated=_points(found.untreated),
            treatment=self.history.treatment,
            zone=self.zone,
            indications=self.history.indications,
            alert_history=alert_history(self.past_occurrences, newest, self.numbers),
            answers=self.history.answers.get(entry.entry_id, {}),
        )
        return series_decisions(case, self.numbers)

    def begins(self, session: Session) -> list[Decision]:
        """Decide what is decided when a session is written, here: when it began."""
        at, forms = session.started_at, self.series[TWO_WEEKS]
        begun = self.history.treatment.until(at).sessions
        spans = self.numbers.course.measures.session
        window = last_window(begun, self.zone, spans)
        self.around_session = window.first_day - spans.before_days * ONE_DAY
        return session_decisions(
            forms,
            _points(self._baseline(TWO_WEEKS, at).untreated),
            self.history.treatment,
            self.zone,
            alert_history(self.past_occurrences, session.day(self.zone), self.numbers),
            at,
            self.numbers,
        )

    def episodes(self, decisions: Iterable[Decision], on: date, at: datetime) -> Iterator[Episode]:
        """Yield what fired, and remember it."""
        for one in decisions:
            if one.fired and one.tier is not None:
                self.past_occurrences.append(PastOccurrence(one.rule, on, one.tier, one.about))
                yield Episode(one.rule, on, at, one.tier, one.about)

    def _baseline(self, instrument: str, at: datetime) -> Baseline:
        series = self.series[instrument]
        if not series:
            return MISSING
        begun = self.history.treatment.until(at)
        return self.baselines[instrument].after(instrument, series, begun, self.zone)

    def _within_reach(self, instrument: str, entry: SeriesEntry) -> Sequence[SeriesEntry]:
        """As the service reads them: of daily answers the lookback of the rules and the days around
        the last session, of forms all.
        """
        series = self.series[instrument]
        if instrument != DAILY:
            return series
        lookback = daily_lookback_days(self.numbers)
        since = min(self.around_session, entry.mood_day - lookback * ONE_DAY)
        return [each for each in series if each.mood_day >= since]


def daily_lookback_days(numbers: RuleNumbers) -> int:
    """Return how many days before an answer M2 can see, its memory of an episode included."""
    m2 = numbers.worsening.m2
    return m2.reference_from_day + m2.repeat_after_days
