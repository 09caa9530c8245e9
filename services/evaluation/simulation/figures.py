"""How the worsening rules did on simulated patients, whose truth is known, and their aims.

An episode is false in a patient who had no lasting worsening in the fortnight before it. A
worsening counts as found in time by an episode on the day it began or the five days after. The
limits are judged at the usual noise (SD 2, autocorrelation 0.3, 20 % missing), else only shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from services.evaluation.simulation.patients import (
    KINDS,
    SHAPES,
    STEADY,
    USUAL_NOISE,
    Kind,
    Noise,
    SimulatedPatient,
    cohort,
)
from services.evaluation.simulation.replay import Episode, replay
from services.rules.catalogue import CATALOGUE
from services.rules.decision import RuleId
from services.rules.statistics import median
from services.rules.worsening.numbers import RULE_NUMBERS, RuleNumbers

RULES: tuple[RuleId, ...] = tuple(rule for rule in CATALOGUE if rule.startswith("M"))
DAYS_TO_FIND = 5
NEAR_SESSION_DAYS = 1


@dataclass(frozen=True, slots=True)
class Detection:
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
    findings: tuple[Detection, ...]

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
class SimulationTally:
    """Counts patients one at a time and keeps none; time is counted from the first session on."""

    days: Counter[Kind] = field(default_factory=Counter)
    unharmed_days: Counter[Kind] = field(default_factory=Counter)
    new: Counter[tuple[Kind, RuleId]] = field(default_factory=Counter)
    false: Counter[tuple[Kind, RuleId]] = field(default_factory=Counter)
    findings: dict[tuple[RuleId, ...], list[Detection]] = field(default_factory=dict)

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
                of_rules = [one for one in episodes if one.rule in rules]
                found = detection(patient, patient.worsened_on, of_rules)
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


def detection(
    patient: SimulatedPatient, worsened_on: date, episodes: Iterable[Episode]
) -> Detection:
    """What the first of these episodes since the worsening began says about it."""
    starts = [one.started_at for one in patient.history.treatment.sessions]
    near = [abs((start.date() - worsened_on).days) <= NEAR_SESSION_DAYS for start in starts]
    since = [episode for episode in episodes if episode.on >= worsened_on]
    days = lead = None
    if since:
        reported_on = since[0].at.date()
        days = (reported_on - worsened_on).days
        visits = [start for start in starts if start >= since[0].at]
        lead = (visits[0].date() - reported_on).days if visits else None
    return Detection(patient.begins_as, any(near), days, lead)


def share(flags: Iterable[bool]) -> float | None:
    """The share that is true; None of nothing."""
    all_of_them = list(flags)
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


FALSE_M2_AT_MOST = 0.03
NEW_AT_MOST = 0.09
FOUND_AT_LEAST = 0.80


@dataclass(frozen=True, slots=True)
class Target:
    """One aim: `seen` is None, and `met` too, when nobody in the cohort could show it.

    What is not `judged` is shown beside the others: M2 alone does not see a rise that a session
    hides, which is what M5 is there for.
    """

    claim: str
    aim: str
    seen: float | None
    met: bool | None
    judged: bool = True


def targets(tally: SimulationTally) -> list[Target]:
    """Return every aim with what was seen."""
    m2, every = tally.of("M2"), tally.of()
    return [
        _at_most(
            "false M2 episodes per user-week in steady responders",
            m2.false_in_steady,
            FALSE_M2_AT_MOST,
        ),
        _at_most(
            "new episodes per user-week, all patients and M1-M5", every.new_per_week, NEW_AT_MOST
        ),
        replace(_found("lasting worsenings found within 5 days by M2 alone", m2), judged=False),
        _found("lasting worsenings found within 5 days by any of M1-M5", every),
    ]


def _at_most(claim: str, seen: float, limit: float) -> Target:
    return Target(claim, f"at most {limit:g}", seen, seen <= limit)


def _found(claim: str, figures: RuleFigures) -> Target:
    seen = figures.found_in_time
    met = None if seen is None else seen >= FOUND_AT_LEAST
    of_them = f"{claim} (of {len(figures.findings)})"
    return Target(of_them, f"at least {FOUND_AT_LEAST:g}", seen, met)


MeasuredValue = str | float | bool | None


def measure(
    tally: SimulationTally,
    patients: int,
    weeks: int,
    seed: int,
    noise: Noise = USUAL_NOISE,
    numbers: RuleNumbers = RULE_NUMBERS,
) -> Iterator[SimulatedPatient]:
    """Count so many simulated patients in `tally`; yield each after it was counted, for progress.

    Raises ValueError when the weeks are too few.
    """
    for patient in cohort(patients, weeks, seed, noise):
        tally.add(patient, list(replay(patient.history, numbers)))
        yield patient


def rows(tally: SimulationTally) -> list[dict[str, MeasuredValue]]:
    """Return the figures of M1 to M5 and of all together."""
    named = [(rule, tally.of(rule)) for rule in RULES]
    return [_row(name, figures) for name, figures in [*named, ("M1-M5", tally.of())]]


def burden(tally: SimulationTally) -> list[dict[str, MeasuredValue]]:
    """Return new episodes per user-week of every rule for each kind of patient."""
    return [_burden_of(tally, kind) for kind in KINDS if tally.days[kind]]


def found_by_course(tally: SimulationTally) -> list[dict[str, MeasuredValue]]:
    """Return how many worsenings each course before them had, and which share was found in time by
    M2 and by any rule, apart for those that began within a day of a session.
    """
    m2, every = tally.of("M2").findings, tally.of().findings
    groups = sorted({(one.begins_as, one.across_session) for one in every})
    return [
        {
            "before": begins_as,
            "across_session": across,
            "worsenings": len(_group(every, begins_as, across)),
            "found_by_M2": _in_time(_group(m2, begins_as, across)),
            "found_by_any": _in_time(_group(every, begins_as, across)),
        }
        for begins_as, across in groups
    ]


def document(tally: SimulationTally, noise: Noise) -> dict[str, object]:
    """Return all figures for one noise as JSON would hold them, labelled as simulated."""
    return {
        "simulated": True,
        "noise": {
            "sd": noise.sd,
            "autocorrelation": noise.autocorrelation,
            "missing": noise.missing,
        },
        "rules": rows(tally),
        "kinds": burden(tally),
        "worsenings": found_by_course(tally),
        "targets": [
            {
                "claim": one.claim,
                "aim": one.aim,
                "seen": _short(one.seen),
                "met": one.met,
                "judged": one.judged,
            }
            for one in targets(tally)
        ],
    }


def _burden_of(tally: SimulationTally, kind: Kind) -> dict[str, MeasuredValue]:
    row: dict[str, MeasuredValue] = {
        "kind": kind,
        "share": SHAPES[kind].share,
        "user_weeks": round(tally.days[kind] / 7, 1),
    }
    row |= {rule: _short(tally.new_in(kind, rule)) for rule in RULES}
    return row | {"M1-M5": _short(tally.new_in(kind))}


def _row(name: str, figures: RuleFigures) -> dict[str, MeasuredValue]:
    return {
        "rule": name,
        "new_per_user_week": _short(figures.new_per_week),
        "false_per_user_week": _short(figures.false_per_week),
        "false_in_steady_responders": _short(figures.false_in_steady),
        "found_within_5_days": _short(figures.found_in_time),
        "found_at_all": _short(figures.found),
        "median_days_to_find": figures.days_to_find,
        "median_lead_days": figures.lead,
    }


def _group(findings: tuple[Detection, ...], begins_as: str, across: bool) -> list[Detection]:
    return [one for one in findings if (one.begins_as, one.across_session) == (begins_as, across)]


def _in_time(findings: list[Detection]) -> float | None:
    """The share found within 5 days, to four places; None of nothing."""
    return _short(share(one.in_time for one in findings))


def _short(number: float | None) -> float | None:
    return None if number is None else round(number, 4)
