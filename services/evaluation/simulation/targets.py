"""What the worsening rules must reach on the simulated cohort, and whether they do.

The limits are those of the issue that the rules were built for; they are judged at the usual noise
(SD 2, autocorrelation 0.3, 20 % missing) and only shown at others.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from services.evaluation.simulation.figures import RuleFigures, Tally

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


def targets(tally: Tally) -> list[Target]:
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
