"""What one more try may do, row by row, without a database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.accounts.guesses.tries import (
    ADDRESS,
    CHECKS,
    CODES,
    NEEDED,
    Count,
    Trier,
    fresh,
    give_back,
    remembered,
    spend,
    tried,
    trier,
    wait_for,
)

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def counted(tries: int) -> Count:
    return Count(tries, NOW, NOW)


@pytest.mark.parametrize(
    ("here", "anywhere", "who"),
    [
        (0, 0, Trier.NEWCOMER),
        (0, 9_000, Trier.NEWCOMER),
        (2, 9_000, Trier.NEWCOMER),
        (3, 3, Trier.ALONE),
        (3, 4, Trier.ONE_OF_MANY),
        (9_000, 9_001, Trier.ONE_OF_MANY),
    ],
)
def test_who_tries(here: int, anywhere: int, who: Trier) -> None:
    assert trier(counted(here), counted(anywhere)) is who


@pytest.mark.parametrize(
    ("spent", "newcomer", "alone", "one_of_many"),
    [(0, 0, 0, 0), (1, 0, 0, 0), (2, 0, 0, 4), (3, 0, 0, 8), (4, 0, 4, 12), (5, 4, 8, 16)],
)
def test_how_long_each_waits_for_a_check(
    spent: int, newcomer: int, alone: int, one_of_many: int
) -> None:
    """In seconds, by how many of the five checks are spent."""
    count = fresh(NOW)
    for _ in range(spent):
        count = spend(count, CHECKS, NOW)
    waits = [wait_for(count, CHECKS, NOW, NEEDED[who]) // SECOND for who in Trier]
    assert waits == [newcomer, alone, one_of_many]


@pytest.mark.parametrize(("allowance", "longest_s"), [(CHECKS, 4), (ADDRESS, 5), (CODES, 3)])
def test_who_waits_for_the_next_one_waits_a_few_seconds(allowance, longest_s: int) -> None:
    count = fresh(NOW)
    for _ in range(allowance.burst):
        assert not wait_for(count, allowance, NOW)
        count = spend(count, allowance, NOW)
    assert wait_for(count, allowance, NOW) == longest_s * SECOND


def test_twenty_checks_in_any_minute() -> None:
    count, at = fresh(NOW), []
    for tick in range(3_000):
        now = NOW + tick * SECOND / 10
        if not wait_for(count, CHECKS, now):
            count, at = spend(count, CHECKS, now), [*at, now]
    assert max(sum(one <= other <= one + 60 * SECOND for other in at) for one in at) == 20


def test_a_right_try_costs_nothing() -> None:
    before = spend(tried(fresh(NOW), NOW), CHECKS, NOW)
    after = give_back(spend(tried(before, NOW), CHECKS, NOW), CHECKS)
    assert after == before
    assert give_back(fresh(NOW), CHECKS).tries == 0


@pytest.mark.parametrize(
    ("count", "kept"),
    [
        (Count(5, NOW - 899 * SECOND, NOW), True),
        (Count(5, NOW - 900 * SECOND, NOW), False),
        (Count(5, NOW + 86_400 * SECOND, NOW + 86_400 * SECOND), False),  # the clock was set back
    ],
)
def test_what_is_remembered(count: Count, kept: bool) -> None:
    assert remembered(count, NOW) == (count if kept else fresh(NOW))
