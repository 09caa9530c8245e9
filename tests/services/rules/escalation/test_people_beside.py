"""People besides the chain: the staff of a session are paged before it, or with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.rules.escalation import lifecycle
from services.rules.escalation.numbers import ESCALATION_NUMBERS
from services.rules.escalation.states import (
    AlertState,
    Beside,
    Circumstances,
    PageStep,
    Transition,
)

START = datetime(2026, 11, 20, 9, tzinfo=UTC)
ANNE = UUID(int=1)


def after(seconds: float, beside: Beside = "nobody", chain_length: int = 3) -> Circumstances:
    now = START + timedelta(seconds=seconds)
    return Circumstances(now, chain_length, lambda: START, beside=beside)


def steps(change: Transition) -> list[int]:
    return [page.step for page in change.pages]


def due_in_s(state: AlertState, since: datetime = START) -> float:
    assert state.next_at is not None
    return (state.next_at - since).total_seconds()


@pytest.mark.parametrize(
    ("severity", "beside", "chain_length", "paged", "next_in_s"),
    [
        ("high", "nobody", 3, [1], 4 * 3600),
        ("high", "first", 3, [0], 300),
        ("high", "first", 1, [0], 300),
        ("high", "first", 0, [0], 4 * 3600),
        ("high", "too", 3, [0, 1], 4 * 3600),
        ("critical", "first", 3, [0, 1], 600),
        ("critical", "too", 3, [0, 1], 600),
        ("medium", "first", 3, [], 0),
    ],
)
def test_who_is_paged_when_an_alert_opens(
    severity: str, beside: Beside, chain_length: int, paged: list[int], next_in_s: float
):
    change = lifecycle.opened(severity, after(0, beside, chain_length))
    assert steps(change) == paged
    assert due_in_s(change.state) == next_in_s


@pytest.mark.parametrize(
    ("waited_s", "severity", "beside", "paged", "next_in_s"),
    [
        (299, "high", "first", [0], 300),
        (60, "high", "nobody", [1], 60 + 4 * 3600),
        (60, "high", "too", [0, 1], 60 + 4 * 3600),
        (60, "critical", "first", [0, 1], 60 + 600),
    ],
)
def test_an_occurrence_while_the_chain_waits(
    waited_s: float, severity: str, beside: Beside, paged: list[int], next_in_s: float
):
    state = lifecycle.opened("high", after(0, "first")).state
    added = lifecycle.occurrence_added(
        state, severity, interrupts=False, here=after(waited_s, beside)
    )
    assert (steps(added), due_in_s(added.state)) == (paged, next_in_s)
    assert added.adds == (severity == "high")


def test_nothing_slows_an_alert_that_runs_on_the_chain():
    state = lifecycle.time_passed(
        lifecycle.opened("high", after(0, "first")).state, after(300)
    ).state
    assert (state.page_step, due_in_s(state)) == (1, 300 + 4 * 3600)
    added = lifecycle.occurrence_added(state, "high", interrupts=False, here=after(600, "first"))
    assert steps(added) == [0, 1]
    assert due_in_s(added.state) == 300 + 4 * 3600


@pytest.mark.parametrize(("beside", "paged"), [("nobody", []), ("first", [0]), ("too", [0])])
def test_while_somebody_has_it_only_people_who_are_new_are_paged(beside: Beside, paged: list[int]):
    opened = lifecycle.opened("high", after(0, "first")).state
    taken = lifecycle.acknowledged(opened, ANNE, after(60)).state
    added = lifecycle.occurrence_added(taken, "high", interrupts=False, here=after(3600, beside))
    assert steps(added) == paged
    assert added.state == taken


def test_an_acknowledgement_that_ends_pages_the_chain_at_once():
    opened = lifecycle.opened("high", after(0, "first")).state
    taken = lifecycle.acknowledged(opened, ANNE, after(60)).state
    ended = lifecycle.time_passed(taken, after(60 + 12 * 3600))
    assert steps(ended) == [1]
    left = lifecycle.owner_deactivated(taken, after(120))
    assert steps(left) == [1]
    tried = lifecycle.contact_attempted(taken, "no_answer", after(120)).state
    overdue = lifecycle.time_passed(tried, after(120 + 4 * 3600))
    assert steps(overdue) == [1]


@pytest.mark.parametrize(("reached", "next_in_s"), [(True, 300), (False, 20)])
def test_a_page_that_fails_before_the_chain(reached: bool, next_in_s: float):
    """The chain is paged at once when nobody else of them was, or is about to be."""
    state = lifecycle.opened("high", after(0, "first")).state
    failed = lifecycle.delivery_failed(state, PageStep(1, 0), after(20), reached=reached)
    assert due_in_s(failed.state) == next_in_s
    assert lifecycle.time_passed(failed.state, after(300)).pages == (PageStep(1, 1),)


def test_a_page_that_fails_beside_the_chain_moves_nothing():
    state = lifecycle.opened("high", after(0, "too")).state
    failed = lifecycle.delivery_failed(state, PageStep(1, 0), after(20), reached=False)
    assert failed == Transition(state)


def test_five_minutes_stand_in_the_numbers():
    assert ESCALATION_NUMBERS.general.staff_first_s == 300
