"""Who is on call, against a walk minute by minute over two years in five zones."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import product

from tests.builders.rules.rota import ZONES, disagreements, full_schedule
from tests.proofs.seen import Seen, verdict

BEGIN = datetime(2025, 11, 15, tzinfo=UTC)
KINDS = ("daily", "weekly", "hours")


def on_call_agrees(days: int, seed: int) -> Iterator[Seen]:
    """A daily, a weekly and an hourly rotation a zone, changed twice, with covers and absences."""
    cases = list(product(ZONES, KINDS, [days], [seed]))
    with ProcessPoolExecutor(2) as pool:
        found = [each for case in pool.map(_disagreements, cases) for each in case]
    yield verdict(
        "on_call_at(t) and the shifts name whom a walk minute by minute finds",
        f"{len(cases)} schedules in {len(ZONES)} zones, {days} days each",
        f"{len(cases) * days * 24 * 60:,} minutes, no disagreement",
        found,
    )


def _disagreements(case: tuple[str, str, int, int]) -> list[str]:
    zone, kind, days, seed = case
    schedule = full_schedule(seed, zone, kind, BEGIN, days)
    return disagreements(schedule, BEGIN, BEGIN + timedelta(days=days))[:20]
