"""M2 on simulated responders, and M1-M5 on a whole simulated cohort: the aims, and other noises."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial

from services.evaluation.simulation.figures import (
    RULES,
    RuleFigures,
    SimulationTally,
    measure,
    targets,
)
from services.evaluation.simulation.patients import USUAL_NOISE, Noise
from tests.builders.rules.m2_simulation import TABLE, Figures, simulate
from tests.proofs.seen import Seen, verdict

AIM = Noise(sd=2.0, autocorrelation=0.0, missing=0.1)
FOUND_AT_LEAST, FALSE_BELOW = 0.8, 0.05
COHORT_WEEKS = 26
COHORT_SDS = (2.0, 1.5, 2.5, 3.0)


def lasting_rises(patients: int, seed: int) -> Iterator[Seen]:
    """The row of the issue decides; the rows for other noises are shown."""
    with ProcessPoolExecutor(2) as pool:
        figures = list(pool.map(partial(simulate, patients=patients, seed=seed), TABLE))
    for noise, seen in zip(TABLE, figures, strict=True):
        size = f"{patients} patients, SD {noise.sd}, {noise.missing:.0%} missing"
        size += f", autocorrelation {noise.autocorrelation}" if noise.autocorrelation else ""
        if noise == AIM:
            claim = "M2 finds a lasting rise of 6 in a responder within 5 days"
            yield verdict(claim, size, _words(seen), _against(seen))
        else:
            yield Seen("M2 beside its aim (shown, not judged)", size, _words(seen), None)


def _words(seen: Figures) -> str:
    return f"found {seen.found:.1%}, false episodes {seen.false_per_week:.4f} per user-week"


def _against(seen: Figures) -> list[str]:
    good = seen.found >= FOUND_AT_LEAST and seen.false_per_week < FALSE_BELOW
    return [] if good else [f"{_words(seen)}; the aim is 80 % at under {FALSE_BELOW}"]


def simulated_cohort(patients: int, seed: int) -> Iterator[Seen]:
    """M1-M5 on simulated patients of every kind: the aims at SD 2, the figures for SD 1.5 to 3."""
    noises = [replace(USUAL_NOISE, sd=sd) for sd in COHORT_SDS]
    with ProcessPoolExecutor(2) as pool:
        tallies = list(pool.map(partial(measured, patients=patients, seed=seed), noises))
    for noise, tally in zip(noises, tallies, strict=True):
        size = f"{patients} patients, {COHORT_WEEKS} weeks, SD {noise.sd}"
        if noise == USUAL_NOISE:
            for one in targets(tally):
                seen = "nobody to see it in" if one.seen is None else f"{one.seen:.4f}"
                if not one.judged:
                    yield Seen(f"simulated: {one.claim} (shown, not judged)", size, seen, None)
                    continue
                against = [] if one.met else [f"{seen}; the aim is {one.aim}"]
                yield verdict(f"simulated: {one.claim}", size, seen, against)
        for name, figures in [*((rule, tally.of(rule)) for rule in RULES), ("M1-M5", tally.of())]:
            yield Seen(f"simulated: {name} (shown, not judged)", size, _rule_words(figures), None)


def measured(noise: Noise, patients: int, seed: int) -> SimulationTally:
    """One whole cohort, counted."""
    tally = SimulationTally()
    for _ in measure(tally, patients, COHORT_WEEKS, seed, noise):
        pass
    return tally


def _rule_words(figures: RuleFigures) -> str:
    words = f"new {figures.new_per_week:.4f} per user-week"
    words += f", false in steady responders {figures.false_in_steady:.4f}"
    if figures.found is None or figures.found_in_time is None:
        return words
    words += f"; found {figures.found_in_time:.1%} in 5 days, {figures.found:.1%} at all"
    if figures.lead is None:
        return words
    return words + f", {figures.lead:g} days before the next session"
