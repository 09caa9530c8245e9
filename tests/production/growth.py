"""The part of the proof: what people and the clock ask for does not slow down as rows come in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from benchmarks.growth.__main__ import Growth, fitting, measure
from migrations.short_waits import LAST_OF_BEFORE
from tests.fixtures.databases.planted import CHANGES_OF_CHECK_INS, plant
from tests.production.part import Trial
from tests.proofs.seen import Seen, verdict

SMALLEST: Final = 10_000
# On two cores that do little else it is five times as many.
CHECK_INS_A_MINUTE: Final = 200_000
# 40 GB.
AT_MOST: Final = 13_500_000
CALLS: Final = 60
LONGER_AT_MOST: Final = 2.0


def growing(trial: Trial) -> Iterator[Seen]:
    """The smallest size and one that so many minutes, and the disk, hold."""
    most = min(round(trial.minutes * CHECK_INS_A_MINUTE), fitting(), AT_MOST)
    largest = max(10 * SMALLEST, most // SMALLEST * SMALLEST)
    planted = trial.folder / "planted"
    planted.mkdir()
    plant(planted, *CHANGES_OF_CHECK_INS)
    growth = measure(
        (SMALLEST, largest), CALLS, LAST_OF_BEFORE, tell=trial.tell, more_versions=[planted]
    )
    yield _stays_flat(growth)
    yield _looks_into_few_partitions(growth)
    yield _upgrade_holds_up_nobody(growth)


def _stays_flat(growth: Growth) -> Seen:
    """Where it reads more blocks and takes longer: times alone are also of whatever else runs, and
    blocks alone of another plan that is as quick.
    """
    found = growth.grown
    words = ", ".join(
        f"{name} {one.times:.2f} x the time and {one.blocks:.2f} x the blocks"
        for name, one in found.items()
    )
    return verdict(
        "as rows come in, who reads more takes at most twice as long: phones, staff, polls, auditor"
        " (an answer)",
        "; ".join(growth.facts),
        words,
        [
            f"{name}: {one.blocks:.2f} x blocks, {one.times:.2f} x time, {one.last.ways.names}"
            for name, one in found.items()
            if "ALL OF" in one.last.ways.names or (not one.is_flat and one.times > LONGER_AT_MOST)
        ],
    )


def _looks_into_few_partitions(growth: Growth) -> Seen:
    looked_into = {name: one.last.ways.partitions for name, one in growth.grown.items()}
    words = "; ".join(f"{name}: {', '.join(each)}" for name, each in looked_into.items() if each)
    return Seen(
        "partitions that are looked into",
        f"{growth.stored:,} check-ins of a year",
        words or "no table that is read has partitions",
        ok=True if words else None,
    )


def _upgrade_holds_up_nobody(growth: Growth) -> Seen:
    """Not the newest migration alone: it may leave the large tables as they are."""
    assert growth.upgraded is not None
    return Seen(
        f"every migration since {LAST_OF_BEFORE}, and one of each kind that changes check-ins: no"
        " phone waits for a lock, or for its answer, for more than 1 s",
        f"{growth.stored:,} check-ins, {len(CHANGES_OF_CHECK_INS)} changes of their table,"
        f" {len(growth.upgraded.beside)} posts meanwhile",
        growth.upgraded.words(),
        growth.upgraded.good,
    )
