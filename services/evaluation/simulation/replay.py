"""Feeding a history to the rules entry by entry and session by session, as the service got it.

Nothing here decides: each entry goes through the very rules of the service, with the baseline and
the memory of earlier alerts that the service would have had at that moment.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo

from services.evaluation.simulation.history import DAILY, TWO_WEEKS, History
from services.evaluation.simulation.numbers import daily_lookback_days
from services.evaluation.simulation.running_baseline import RunningBaseline
from services.rules.courses import Session
from services.rules.day_series import Entry
from services.rules.decide.check_in import (
    Occasion,
    SeriesCase,
    series_decisions,
    session_decisions,
    spoken,
)
from services.rules.decision import RuleDecision, RuleId, Severity
from services.rules.figures.session_effect import session_windows
from services.rules.mood_days import find_zone
from services.rules.worsening.numbers import RULE_NUMBERS, RuleNumbers

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Episode:
    """An alert that a rule opened or added to: the mood day of the entry or session that did it,
    and when it opened (the receipt of the entry, the start of the session).
    """

    rule: RuleId
    on: date
    at: datetime
    severity: Severity
    about: str | None


def replay(history: History, numbers: RuleNumbers = RULE_NUMBERS) -> Iterator[Episode]:
    """Yield the episodes of a patient's history in the order in which they would have opened.

    What was corrected counts as it now stands, and a session as known from its start on: alerts
    that only a first version, or a session entered late, would have given are not seen.
    """
    desk = _Desk(history, find_zone(history.zone) or UTC, numbers)
    for event in history.as_it_came():
        if isinstance(event.what, Session):
            on, decisions = event.what.day(desk.zone), desk.begins(event.what)
        else:
            on, decisions = event.what.mood_day, desk.receives(event.instrument, event.what)
        yield from desk.episodes(decisions, on, event.at)


@dataclass(slots=True)
class _Desk:
    """What the service has in hand for one patient: the series so far, and what has been said."""

    history: History
    zone: tzinfo
    numbers: RuleNumbers
    around_session: date = date.max
    said: list[Occasion] = field(default_factory=list)
    series: dict[str, list[Entry]] = field(default_factory=lambda: defaultdict(list))
    baselines: dict[str, RunningBaseline] = field(
        default_factory=lambda: defaultdict(RunningBaseline)
    )

    def receives(self, instrument: str, entry: Entry) -> list[RuleDecision]:
        """Decide an entry with all that had been received by then."""
        self.series[instrument].append(entry)
        within = self._within_reach(instrument, entry)
        newest = max(each.mood_day for each in within)
        case = SeriesCase(
            instrument=instrument,
            entries=within,
            decided=entry,
            baseline=self._baseline(instrument, entry.received_at),
            treatment=self.history.treatment,
            zone=self.zone,
            indications=self.history.indications,
            spoken=spoken(self.said, newest, self.numbers),
            answers=self.history.answers.get(entry.entry_id, {}),
        )
        return series_decisions(case, self.numbers)

    def begins(self, session: Session) -> list[RuleDecision]:
        """Decide what is decided when a session is written, here: when it began."""
        at, forms = session.started_at, self.series[TWO_WEEKS]
        begun = self.history.treatment.until(at).sessions
        window = session_windows(begun, self.zone)[-1]
        self.around_session = window.first_day - self.numbers.course.m5.before_days * ONE_DAY
        return session_decisions(
            forms,
            self._baseline(TWO_WEEKS, at),
            self.history.treatment,
            self.zone,
            spoken(self.said, session.day(self.zone), self.numbers),
            at,
            self.numbers,
        )

    def episodes(
        self, decisions: Iterable[RuleDecision], on: date, at: datetime
    ) -> Iterator[Episode]:
        """Yield what fired, and remember it."""
        for one in decisions:
            if one.fired and one.severity is not None:
                self.said.append(Occasion(one.rule, on, one.severity, one.about))
                yield Episode(one.rule, on, at, one.severity, one.about)

    def _baseline(self, instrument: str, at: datetime) -> float | None:
        series = self.series[instrument]
        if not series:
            return None
        begun = self.history.treatment.until(at)
        return self.baselines[instrument].after(instrument, series, begun, self.zone)

    def _within_reach(self, instrument: str, entry: Entry) -> Sequence[Entry]:
        """As the service reads them: of daily answers the lookback of the rules and the days around
        the last session, of forms all.
        """
        series = self.series[instrument]
        if instrument != DAILY:
            return series
        lookback = daily_lookback_days(self.numbers)
        since = min(self.around_session, entry.mood_day - lookback * ONE_DAY)
        return [each for each in series if each.mood_day >= since]
