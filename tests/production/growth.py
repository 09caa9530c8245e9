"""The part of the proof: what people and the clock ask for does not slow down as rows come in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from benchmarks.growth.__main__ import Growth, fitting, measure
from migrations.numbered import migrations
from tests.production.part import Trial
from tests.proofs.seen import Seen, verdict

SMALLEST: Final = 10_000
# On two cores that do little else it is five times as many.
CHECK_INS_A_MINUTE: Final = 200_000
# 40 GB.
AT_MOST: Final = 13_500_000
CALLS: Final = 60


def growing(trial: Trial) -> Iterator[Seen]:
    """The smallest size and one that so many minutes, and the disk, hold."""
    most = min(round(trial.minutes * CHECK_INS_A_MINUTE), fitting(), AT_MOST)
    largest = max(10 * SMALLEST, most // SMALLEST * SMALLEST)
    _, before = migrations()[:2]
    growth = measure((SMALLEST, largest), CALLS, before, tell=trial.tell)
    yield _stays_flat(growth)
    yield _looks_into_few_partitions(growth)
    yield _upgrade_holds_up_nobody(growth)


def _stays_flat(growth: Growth) -> Seen:
    """Judged by the blocks that are read: times are told, and are also of whatever else runs."""
    found = growth.grown
    words = ", ".join(
        f"{name} {one.times:.2f} x the time and {one.blocks:.2f} x the blocks"
        for name, one in found.items()
    )
    return verdict(
        "as rows come in, nobody has to read more: phones, staff, polls, the auditor (an answer)",
        "; ".join(growth.facts),
        words,
        [
            *(f"{name} reads {one.blocks:.2f} x" for name, one in found.items() if not one.is_flat),
            *(f"{one.name}: {one.ways.names}" for one in growth.seen if "ALL OF" in one.ways.names),
        ],
    )


def _looks_into_few_partitions(growth: Growth) -> Seen:
    looked_into = {name: one.last.ways.partitions for name, one in growth.grown.items()}
    words = "; ".join(f"{name}: {', '.join(each)}" for name, each in looked_into.items() if each)
    return Seen(
        "partitions that are looked into",
        f"{growth.sizes[-1]:,} check-ins of a year",
        words or "no table that is read has partitions",
        ok=True if words else None,
    )


def _upgrade_holds_up_nobody(growth: Growth) -> Seen:
    upgraded = growth.upgraded
    assert upgraded is not None
    return Seen(
        "db upgrade to the newest migration holds up no phone for more than 1 s",
        f"{growth.sizes[-1]:,} check-ins, {len(upgraded.beside)} posts meanwhile",
        upgraded.words(),
        upgraded.good,
    )
