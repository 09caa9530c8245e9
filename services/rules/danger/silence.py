"""N1: a silent patient at risk, and one who never started (clinical.md 5.1).

Only an answered item 9 or a complete C-SSRS ends a silence; a paused day is not due and does not
count, nor does one on which the API was down for over 2 h (`outages`); the running mood day is not
missed yet. Outages delay N1 by three days at most, however many there are: whoever is silent for so
long is to be looked after, whatever the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final, Literal

from services.rules.catalogue import CATALOGUE
from services.rules.decision import Tier
from services.rules.indications import INDICATIONS
from services.rules.mood_days import DaySpan, day_start, mood_day_at
from services.rules.numbers import DATA, read

Risk = Literal["item9", "cssrs", "intake"]
RULE: Final = CATALOGUE["N1"]
_A_DAY: Final = timedelta(days=1)
_FOR_GOOD: Final = date(9000, 1, 1)


@dataclass(frozen=True, slots=True)
class SilenceThresholds:
    """Days and hours of N1, from `data/silence.toml`.

    An outage is longer than `outage_from`, a day is lost when its outages are longer than
    `day_lost_after`, and one silence leaves out `most_lost` of them at most.
    """

    version: str
    at_risk_missed_days: int
    missed_days: int
    item9_days: int
    cssrs_days: int
    intake_days: int
    never_started_hours: int
    outage_from: timedelta
    day_lost_after: timedelta
    most_lost: timedelta


SILENCE: Final = read(DATA / "silence.toml", SilenceThresholds)


@dataclass(frozen=True, slots=True)
class SilenceFacts:
    """What is known of one patient at `now`; days are the patient's mood days.

    `last_risk_answer_on`: the last day with an answered item 9 or a complete C-SSRS, None for
    never. `accepted_on`: the day on which they took over their account; the next is the first due.
    `lost`: the days on which the API was down for too long; `down`: for how long it was since the
    invitation.
    """

    now: datetime
    today: date
    invited_at: datetime
    accepted_on: date | None
    last_risk_answer_on: date | None
    item9_positive_at: datetime | None
    cssrs_moderate_at: datetime | None
    risk_at_intake: bool
    paused: tuple[DaySpan, ...] = ()
    lost: frozenset[date] = frozenset()
    down: timedelta = timedelta()
    zone: tzinfo = UTC


@dataclass(frozen=True, slots=True)
class SilenceAfterRisk:
    """So many due mood days missed in a row, so many more that were paused, the risks, and so many
    more that are left out for outages.
    """

    missed: int
    paused: int
    risks: tuple[Risk, ...]
    lost: int = 0


def silence_tier(facts: SilenceFacts, numbers: SilenceThresholds = SILENCE) -> Tier | None:
    """high after 3 missed days at risk, medium after 7; None while nothing is wrong yet."""
    if facts.last_risk_answer_on is None:
        return _never_started(facts, numbers)
    if silence_after_risk(facts, numbers) is not None:
        return Tier.HIGH
    return Tier.MEDIUM if missed_in_a_row(facts, numbers) >= numbers.missed_days else None


def silent_from(facts: SilenceFacts, numbers: SilenceThresholds = SILENCE) -> datetime | None:
    """The first instant from `facts.now` on at which there is something to report, as far as is
    known now: a later answer, pause or outage puts it off. None: there never is.
    """
    for at in (facts.now, *_turns(facts, numbers)):
        then = replace(facts, now=at, today=mood_day_at(at, facts.zone))
        if at >= facts.now and silence_tier(then, numbers) is not None:
            return at
    return None


def _turns(facts: SilenceFacts, numbers: SilenceThresholds) -> Iterator[datetime]:
    """The instants at which time alone makes a silence long enough, ascending."""
    if facts.last_risk_answer_on is None:
        waited = timedelta(hours=numbers.never_started_hours) + min(facts.down, numbers.most_lost)
        at = facts.invited_at + waited
        yield at
        day = _first_due(max(facts.today, mood_day_at(at, facts.zone)), facts.paused)
        if day is not None:
            yield day_start(day, facts.zone)
        return
    last_not_due = max(facts.last_risk_answer_on, facts.accepted_on or date.min)
    for _ in range(numbers.missed_days + numbers.most_lost.days):
        day = _first_due(last_not_due + _A_DAY, facts.paused)
        if day is None:
            return
        yield day_start(day + _A_DAY, facts.zone)
        last_not_due = day


def _first_due(day: date, paused: Iterable[DaySpan]) -> date | None:
    """The day, or the first after it that is not paused; None: they are paused for good."""
    for span in sorted(paused, key=lambda one: one.last):
        if day in span:
            if span.last >= _FOR_GOOD:
                return None
            day = span.last + _A_DAY
    return day


def silence_after_risk(
    facts: SilenceFacts, numbers: SilenceThresholds = SILENCE
) -> SilenceAfterRisk | None:
    """What makes N1 high for somebody who has answered before: the caseload shows the same."""
    missed, risks = missed_in_a_row(facts, numbers), risks_of(facts, numbers)
    if missed < numbers.at_risk_missed_days or not risks:
        return None
    days, due = len(_days_since_answer(facts)), len(_due_days(facts))
    return SilenceAfterRisk(missed, days - due, risks, due - missed)


def _never_started(facts: SilenceFacts, numbers: SilenceThresholds) -> Tier | None:
    waited = facts.now - facts.invited_at - min(facts.down, numbers.most_lost)
    if waited < timedelta(hours=numbers.never_started_hours):
        return None
    if any(facts.today in span for span in facts.paused):
        return None
    # Risk may be known without an answer that counts: of a refused one, or of one without a time.
    return Tier.HIGH if facts.risk_at_intake or risks_of(facts, numbers) else Tier.MEDIUM


def missed_in_a_row(facts: SilenceFacts, numbers: SilenceThresholds = SILENCE) -> int:
    """Due mood days since the last answer about risk, the running day and lost ones left out."""
    due = _due_days(facts)
    return len(due) - min(sum(day in facts.lost for day in due), numbers.most_lost.days)


def _due_days(facts: SilenceFacts) -> list[date]:
    days = _days_since_answer(facts)
    return [day for day in days if not any(day in span for span in facts.paused)]


def _days_since_answer(facts: SilenceFacts) -> list[date]:
    answered = facts.last_risk_answer_on
    if answered is None:
        return []
    last_not_due = max(answered, facts.accepted_on or answered)
    days = range(last_not_due.toordinal() + 1, facts.today.toordinal())
    return [date.fromordinal(day) for day in days]


def risks_of(facts: SilenceFacts, numbers: SilenceThresholds = SILENCE) -> tuple[Risk, ...]:
    """Item 9 positive, C-SSRS moderate or risk at intake, each within its days before `now`."""
    intake = facts.invited_at if facts.risk_at_intake else None
    table: tuple[tuple[Risk, datetime | None, int], ...] = (
        ("item9", facts.item9_positive_at, numbers.item9_days),
        ("cssrs", facts.cssrs_moderate_at, numbers.cssrs_days),
        ("intake", intake, numbers.intake_days),
    )
    return tuple(
        risk
        for risk, at, days in table
        if at is not None and facts.now - at <= timedelta(days=days)
    )


def says_suicidal_ideation(indications: Iterable[str]) -> bool:
    """True when any indication names suicidal ideation or self-harm, in words or by its code."""
    return "suicidal_ideation" in INDICATIONS.newest.kinds_in(indications)
