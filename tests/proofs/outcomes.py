"""The outcomes of a simulated clinic beside the truth that it was drawn from."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from services.evaluation.simulation.outcomes import Truth, simulated_patients
from services.rules.cohort.course import course_outcomes
from services.rules.cohort.figures import GroupFigures, figures_of
from services.rules.cohort.tally import Cohort, CohortGroup, ShareName
from tests.proofs.seen import Seen, verdict

INDUCTIONS: Final = CohortGroup("phase", "induction")
# How far chance alone may carry a share from the truth, in standard errors.
STANDARD_ERRORS: Final = 4.0
SHARES: Final[tuple[ShareName, ...]] = (
    "response",
    "remission",
    "worsened",
    "item9_lower",
    "item9_higher",
)


def simulated_outcomes(patients: int, seed: int) -> Iterator[Seen]:
    """The table of McInnes 2022 from so many people, some of them censored, missing or treated
    again: the truth must be found again within chance.
    """
    counted, truth = Cohort(), Truth()
    for person in simulated_patients(patients, seed):
        counted.add(course_outcomes(person))
    figures = figures_of(INDUCTIONS, counted.tallies[INDUCTIONS])
    size = f"{patients} simulated patients"
    fates = ", ".join(f"{fate} {count}" for fate, count in sorted(figures.tally.fates.items()))
    yield Seen("outcomes: who was counted (shown)", size, fates, None)
    for name in SHARES:
        yield _share(name, figures, getattr(truth, name), size)
    marks = (truth.sustained_first_mark, truth.sustained_second_mark)
    for mark, true in zip(figures.sustained.marks, marks, strict=True):
        still = "nobody" if mark.share is None else f"{float(mark.share):.1%}"
        seen = f"{still}, {mark.at_risk} at risk"
        words = f"outcomes: still responding after {mark.days} days (published about {true:.0%})"
        yield Seen(words, size, seen, None)


def _share(name: ShareName, figures: GroupFigures, true: float, size: str) -> Seen:
    share = figures.shares[name]
    found = float(share.percent or 0) / 100
    apart = abs(found - true)
    allowed = STANDARD_ERRORS * math.sqrt(true * (1 - true) / max(1, share.n))
    against = [] if apart <= allowed else [f"{found:.1%}; the truth is {true:.1%}"]
    claim = f"outcomes: {name} is found again (true and published {true:.1%})"
    return verdict(claim, size, f"{found:.1%} of {share.n}", against)
