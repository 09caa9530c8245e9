"""How the worsening rules did on simulated patients, whose truth is known.

An episode is false in a patient who had no lasting worsening in the fortnight before it. A
worsening counts as found in time by an episode on the day it began or the five days after.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from services.evaluation.simulation.cohort import SimulatedPatient
from services.evaluation.simulation.kinds import KINDS, SHAPES, STEADY, Kind
from services.evaluation.simulation.replay import Episode
from services.rules.decision import RuleId
from services.rules.statistics import median

RULES: tuple[RuleId, ...] = ("M1", "M2", "M3", "M4", "M5")
DAYS_TO_FIND = 5
NEAR_SESSION_DAYS = 1


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one true worsening under some rules; None: not found, or no visit left.

    `days` run from the day it began to the first episode, `lead` from there to the next session.
    """

    begins_as: Kind
    across_session: bool
    days: int | None
    lead: int | None

    @property
    def in_time(self) -> bool:
        return self.days is not None and self.days <= DAYS_TO_FIND


@dataclass(frozen=True, slots=True)
class RuleFigures:
    """Episodes per user-week of treatment (all patients weighted by their share of the population,
    false ones likewise, false ones in steady responders), and what was found.
    """

    new_per_week: float
    false_per_week: float
    false_in_steady: float
    findings: tuple[Finding, ...]

    @property
    def found_in_time(self) -> float | None:
        """The share of true worsenings found within 5 days; None without any."""
        return share(one.in_time for one in self.findings)

    @property
    def found(self) -> float | None:
        """The share found before the simulation ended (two weeks at least); None without any."""
        return share(one.days is not None for one in self.findings)

    @property
    def days_to_find(self) -> float | None:
        """The middle number of days from the beginning to the first episode, of those found."""
        return _middle(one.days for one in self.findings)

    @property
    def lead(self) -> float | None:
        """The middle number of days from the first episode to the next session, of those found."""
        return _middle(one.lead for one in self.findings)


@dataclass(slots=True)
class Tally:
    """Counts patients one at a time and keeps none; time is counted from the first session on."""

    days: Counter[Kind] = field(default_factory=Counter)
    unharmed_days: Counter[Kind] = field(default_factory=Counter)
    new: Counter[tuple[Kind, RuleId]] = field(default_factory=Counter)
    false: Counter[tuple[Kind, RuleId]] = field(default_factory=Counter)
    findings: dict[tuple[RuleId, ...], list[Finding]] = field(default_factory=dict)

    def add(self, patient: SimulatedPatient, episodes: Sequence[Episode]) -> None:
        """Count one patient and the episodes of the rules under test."""
        kind, begun = patient.kind, patient.first_session_on
        harmed_from = patient.worsened_on or patient.ends_on
        self.days[kind] += (patient.ends_on - begun).days
        self.unharmed_days[kind] += (harmed_from - begun).days
        for episode in episodes:
            self.new[kind, episode.rule] += 1
            self.false[kind, episode.rule] += episode.on < harmed_from
        if patient.worsened_on is not None:
            for rules in (*((rule,) for rule in RULES), RULES):
                told = [one for one in episodes if one.rule in rules]
                found = finding(patient, patient.worsened_on, told)
                self.findings.setdefault(rules, []).append(found)

    def of(self, *rules: RuleId) -> RuleFigures:
        """The figures of one rule; without an argument of M1-M5 taken together."""
        wanted = rules or RULES
        return RuleFigures(
            new_per_week=self._weighted(self.new, self.days, wanted),
            false_per_week=self._weighted(self.false, self.unharmed_days, wanted),
            false_in_steady=_rate(self.false, self.unharmed_days, STEADY, wanted),
            findings=tuple(self.findings.get(wanted, ())),
        )

    def new_in(self, kind: Kind, *rules: RuleId) -> float:
        """New episodes per user-week in one kind of patient, of all M1-M5 without a rule."""
        return _rate(self.new, self.days, {kind}, rules or RULES)

    def _weighted(
        self,
        counted: Counter[tuple[Kind, RuleId]],
        days: Counter[Kind],
        rules: Collection[RuleId],
    ) -> float:
        """Every kind's rate by its share of the population, among the kinds that were drawn."""
        drawn = [kind for kind in KINDS if days[kind]]
        shares = sum(SHAPES[kind].share for kind in drawn)
        rates = (SHAPES[kind].share * _rate(counted, days, {kind}, rules) for kind in drawn)
        return sum(rates) / shares if shares else 0.0


def finding(patient: SimulatedPatient, worsened_on: date, told: Iterable[Episode]) -> Finding:
    """What the first of these episodes since the worsening began says about it."""
    starts = [one.started_at for one in patient.history.treatment.sessions]
    near = [abs((start.date() - worsened_on).days) <= NEAR_SESSION_DAYS for start in starts]
    since = [episode for episode in told if episode.on >= worsened_on]
    days = lead = None
    if since:
        told_on = since[0].at.date()
        days = (told_on - worsened_on).days
        visits = [start for start in starts if start >= since[0].at]
        lead = (visits[0].date() - told_on).days if visits else None
    return Finding(patient.begins_as, any(near), days, lead)


def share(told: Iterable[bool]) -> float | None:
    """The share that is true; None of nothing."""
    all_of_them = list(told)
    return sum(all_of_them) / len(all_of_them) if all_of_them else None


def _rate(
    counted: Counter[tuple[Kind, RuleId]],
    days: Counter[Kind],
    kinds: Collection[Kind],
    rules: Collection[RuleId],
) -> float:
    weeks = sum(days[kind] for kind in kinds) / 7
    episodes = sum(counted[kind, rule] for kind in kinds for rule in rules)
    return episodes / weeks if weeks else 0.0


def _middle(numbers: Iterable[int | None]) -> float | None:
    known = [number for number in numbers if number is not None]
    return float(median(known)) if known else None
