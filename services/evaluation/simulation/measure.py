"""The simulated cohort through the rules: one pass, and the figures as a document."""

from __future__ import annotations

from collections.abc import Iterator

from services.evaluation.simulation.cohort import SimulatedPatient, cohort
from services.evaluation.simulation.figures import RULES, Finding, RuleFigures, Tally, share
from services.evaluation.simulation.kinds import KINDS, SHAPES, Kind
from services.evaluation.simulation.noise import USUAL_NOISE, Noise
from services.evaluation.simulation.replay import replay
from services.evaluation.simulation.targets import targets
from services.rules.worsening.numbers import RULE_NUMBERS, RuleNumbers

Figure = str | float | bool | None


def measure(
    tally: Tally,
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


def rows(tally: Tally) -> list[dict[str, Figure]]:
    """Return the figures of M1 to M5 and of all together."""
    named = [(rule, tally.of(rule)) for rule in RULES]
    return [_row(name, figures) for name, figures in [*named, ("M1-M5", tally.of())]]


def burden(tally: Tally) -> list[dict[str, Figure]]:
    """Return new episodes per user-week of every rule for each kind of patient."""
    return [_burden_of(tally, kind) for kind in KINDS if tally.days[kind]]


def found_by_course(tally: Tally) -> list[dict[str, Figure]]:
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


def document(tally: Tally, noise: Noise) -> dict[str, object]:
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


def _burden_of(tally: Tally, kind: Kind) -> dict[str, Figure]:
    row: dict[str, Figure] = {
        "kind": kind,
        "share": SHAPES[kind].share,
        "user_weeks": round(tally.days[kind] / 7, 1),
    }
    row |= {rule: _short(tally.new_in(kind, rule)) for rule in RULES}
    return row | {"M1-M5": _short(tally.new_in(kind))}


def _row(name: str, figures: RuleFigures) -> dict[str, Figure]:
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


def _group(findings: tuple[Finding, ...], begins_as: str, across: bool) -> list[Finding]:
    return [one for one in findings if (one.begins_as, one.across_session) == (begins_as, across)]


def _in_time(findings: list[Finding]) -> float | None:
    """The share found within 5 days, to four places; None of nothing."""
    return _short(share(one.in_time for one in findings))


def _short(number: float | None) -> float | None:
    return None if number is None else round(number, 4)
