"""Rule M2 on simulated responders: the aim, and the table for other noises."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from tools.proofs.m2_simulation import TABLE, Figures, Noise, simulate
from tools.proofs.seen import Seen, verdict

AIM = Noise(sd=2.0, autocorrelation=0.0, missing=0.1)
FOUND_AT_LEAST, FALSE_BELOW = 0.8, 0.05


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
