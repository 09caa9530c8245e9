"""Rounds that no channel accepted a page of: a chain of one, and the clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.rules.escalation import lifecycle
from services.rules.escalation.numbers import GeneralNumbers
from services.rules.escalation.states import AlertState, Circumstances, PageStep, Transition
from services.rules.numbers import NumbersError

START = datetime(2026, 11, 20, 21, 0, tzinfo=UTC)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def after(passed: timedelta, chain_length: int = 1) -> Circumstances:
    return Circumstances(START + passed, chain_length, lambda: START)


def opened(severity: str) -> AlertState:
    return lifecycle.opened(severity, after(minutes(0))).state


def failed(state: AlertState, page: PageStep, passed: timedelta) -> Transition:
    return lifecycle.delivery_failed(state, page, after(passed), reached=False)


@pytest.mark.parametrize("severity", ["critical", "high"])
def test_rounds_that_reach_nobody_start_again_after_growing_waits(severity: str):
    state, waits = opened(severity), []
    for _ in range(8):
        began = state.round_started_at
        assert began is not None
        page = PageStep(state.page_round, 1)
        change = failed(state, page, began - START)
        assert change.events == (("nobody_reached",) if change.state != state else ())
        state = change.state
        # It is tried again and fails again: that moves nothing.
        assert failed(state, page, began - START + minutes(0.1)).state == state
        assert state.next_at is not None
        waits.append((state.next_at - began).total_seconds())
        state = lifecycle.time_passed(state, after(state.next_at - START)).state
    assert waits == [30, 60, 120, 240, 480, 600, 600, 600]


def test_a_page_that_is_late_to_fail_brings_the_next_round_at_once():
    change = failed(opened("critical"), PageStep(1, 1), minutes(2))
    assert change.state.next_at == START + minutes(2)


def test_once_a_page_is_accepted_rounds_are_ten_minutes_apart_again():
    state = failed(opened("critical"), PageStep(1, 1), minutes(0)).state
    out = lifecycle.delivery_accepted(state, after(minutes(0.2)))
    assert (out.state.unreached_rounds, out.state.next_at) == (0, START + minutes(10))
    assert out.events == ()
    # A longer chain, or a person who has it meanwhile, keeps its due time.
    longer = lifecycle.delivery_accepted(state, after(minutes(0.2), 2)).state
    assert longer == replace(state, unreached_rounds=0)
    taken = lifecycle.acknowledged(state, UUID(int=1), after(minutes(0.1))).state
    assert taken.unreached_rounds == 0
    assert lifecycle.delivery_accepted(taken, after(minutes(0.2))) == Transition(taken)


@pytest.mark.parametrize(("severity", "interrupts"), [("critical", True), ("critical", False)])
def test_a_new_occurrence_begins_the_waits_anew(severity: str, interrupts: bool):
    state = replace(opened("critical"), unreached_rounds=4)
    assert (
        lifecycle.occurrence_added(
            state, severity, interrupts=interrupts, here=after(minutes(1))
        ).state.unreached_rounds
        == 0
    )


@pytest.mark.parametrize("gaps", [(60, 30), (30, 601)])
def test_waits_after_rounds_that_reach_nobody_never_shrink_nor_pass_the_usual_one(gaps):
    with pytest.raises(NumbersError):
        GeneralNumbers(
            round_gap_s=600, unreached_gaps_s=gaps, page_gap_s=60, quiet_ack_s=1, staff_first_s=1
        )


def test_a_chain_shortened_after_its_step_failed_starts_no_round_at_once() -> None:
    opened = lifecycle.opened("critical", Circumstances(START, 2, lambda: START)).state
    step = PageStep(opened.page_round, opened.page_step)
    both = Circumstances(START, 2, lambda: START)
    failed = lifecycle.delivery_failed(opened, step, both, reached=False).state
    assert failed.next_at == START
    waits = lifecycle.time_passed(failed, Circumstances(START, 1, lambda: START))
    assert (waits.pages, waits.state.next_at) == ((), START + timedelta(seconds=30))
    later = Circumstances(START + timedelta(seconds=30), 1, lambda: START)
    assert [page.step for page in lifecycle.time_passed(waits.state, later).pages] == [1]
