"""Every proof at the size that the issue names; the gate runs the same code in small."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from migrations.upgrade import PROJECT
from tests.fixtures.running import RunningService
from tests.proofs.broken_rules import rules_that_raise
from tests.proofs.clocks import days_and_alerts
from tests.proofs.deaths import killed_workers, two_workers
from tests.proofs.latency import AIM_S, answer_to_mail
from tests.proofs.lost_refreshes import lost_refreshes
from tests.proofs.once import first_check_ins_in_turn, lost_answers, one_id_in_parallel
from tests.proofs.outages import database_gone_and_back, mail_gone_and_back
from tests.proofs.outcomes import simulated_outcomes
from tests.proofs.played_forms import CLAIM, play_twice
from tests.proofs.race import answers_racing_resolves
from tests.proofs.refused import refusals_that_page
from tests.proofs.seen import Seen
from tests.proofs.worsening import lasting_rises, simulated_cohort

SEED: Final = 20_261
FORMS: Final = PROJECT.parent / "shared" / "data" / "nhanes_2013_2014_phq9.csv"
# What is known of the survey.
FIGURES: Final = (
    "5372 complete totals, 511 of them >= 10; 185 people have a suicide_risk alert that pages"
    " (63 critical, 122 high), all received by mail; item 9 of 1, 2, 3: 122, 31, 32;"
    " 2 of them incomplete (74579, 81321); 8 medium"
)


@dataclass(frozen=True, slots=True)
class Proof:
    """A name for the progress lines, and what gives lines of the table."""

    name: str
    run: Callable[[RunningService], Iterable[Seen]]


def full_sizes() -> list[Proof]:
    """In this order: the latency first, on a fresh database; simulations last."""
    return [
        Proof("latency", lambda at: [answer_to_mail(at, 200, 0.05, AIM_S)]),
        Proof("one id", lambda at: [one_id_in_parallel(at, 64)]),
        Proof("lost answers", lambda at: [lost_answers(at, 100, SEED)]),
        Proof("first check-ins", lambda at: [first_check_ins_in_turn(at, 50)]),
        Proof("refusals", lambda at: [refusals_that_page(at, 5)]),
        Proof("clocks", lambda at: [days_and_alerts(at, range(2018, 2026))]),
        Proof("broken rules", lambda at: [rules_that_raise(at, 500)]),
        Proof("race", lambda at: [answers_racing_resolves(at, 1000, SEED)]),
        Proof("two workers", lambda at: [two_workers(at, 300)]),
        Proof("killed workers", lambda at: [killed_workers(at, 200, SEED)]),
        Proof("mail outage", lambda at: [mail_gone_and_back(at, 20, until_red=True)]),
        Proof("database outage", lambda at: [database_gone_and_back(at, 20)]),
        Proof("lost refreshes", lambda at: [lost_refreshes(at, range(SEED, SEED + 60))]),
        Proof("real forms", lambda at: [real_forms(at)]),
        Proof("worsening", lambda _at: lasting_rises(1000, SEED)),
        Proof("simulated cohort", lambda _at: simulated_cohort(1000, SEED)),
        Proof("outcomes of a simulated clinic", lambda _at: simulated_outcomes(10_000, SEED)),
    ]


def real_forms(running: RunningService) -> Seen:
    """The survey's 5,398 forms, when their file is at hand."""
    path = Path(os.environ.get("INTERLUDE_NHANES") or FORMS)
    if not path.is_file():
        return Seen(CLAIM, "-", "file not given (INTERLUDE_NHANES)", None)
    seen = play_twice(running, path)
    if seen.ok and seen.seen != FIGURES:
        return replace(seen, seen=f"not the figures of the survey: {seen.seen}", ok=False)
    return seen
