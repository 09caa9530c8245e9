"""Whom the steps of a policy page at one instant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from services.rules.escalation import lifecycle
from services.rules.escalation.policy import PageTarget, PolicyStep, StepPeople, steps_of
from services.rules.escalation.states import Circumstances

ANN, BEN, CEM, NIGHTS, DAYS = (UUID(int=number) for number in range(1, 6))
WAIT = timedelta(minutes=10)


def people(*targets: PageTarget, reachable: tuple[UUID, ...] = (ANN, BEN, CEM)) -> tuple[UUID, ...]:
    on_call = {NIGHTS: ANN, DAYS: None}
    (step,) = steps_of([PolicyStep(WAIT, targets)], on_call, [CEM, ANN, BEN], reachable)
    assert step.wait == WAIT
    return step.people


def test_a_schedule_is_whoever_is_on_call():
    assert people(PageTarget(schedule_id=NIGHTS)) == (ANN,)
    assert people(PageTarget(schedule_id=DAYS)) == ()
    assert people(PageTarget(schedule_id=BEN)) == ()  # ended meanwhile


def test_everybody_once_and_only_who_can_be_reached():
    both = PageTarget(schedule_id=NIGHTS), PageTarget(user_id=ANN), PageTarget()
    assert people(*both) == (ANN, CEM, BEN)
    assert people(*both, reachable=(BEN,)) == (BEN,)
    assert people(PageTarget(user_id=CEM), reachable=(BEN,)) == ()


def test_a_step_without_anybody_keeps_its_number():
    steps = [PolicyStep(WAIT, ()), PolicyStep(2 * WAIT, (PageTarget(user_id=BEN),))]
    assert steps_of(steps, {}, [], [BEN]) == (StepPeople(WAIT, ()), StepPeople(2 * WAIT, (BEN,)))


NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def here(at: datetime, steps: tuple[StepPeople, ...], severity: str = "critical") -> Circumstances:
    return Circumstances(at, 3, lambda: at, policies={severity: steps})


@given(st.lists(st.tuples(st.integers(0, 900), st.booleans()), min_size=1, max_size=6))
@settings(max_examples=60, derandomize=True, deadline=None)
def test_every_step_with_somebody_is_paged_in_order_and_the_last_resort_ends_each_round(
    steps: list[tuple[int, bool]],
):
    """Two rounds: empty steps take no time, the others wait as long as they say."""
    policy = tuple(StepPeople(timedelta(seconds=s), (ANN,) if some else ()) for s, some in steps)
    expected = [number for number, (_, some) in enumerate(steps, 1) if some] + [len(steps) + 1]
    change = lifecycle.opened("critical", here(NOON, policy))
    at, paged = NOON, [(NOON, each) for each in change.pages]
    while len(paged) < 2 * len(expected):
        assert change.state.next_at is not None
        at = change.state.next_at
        change = lifecycle.time_passed(change.state, here(at, policy))
        paged += [(at, each) for each in change.pages]
    assert [each.step for _, each in paged] == expected * 2
    assert [each.round for _, each in paged] == [1] * len(expected) + [2] * len(expected)
    waits = [later - earlier for (earlier, _), (later, _) in pairwise(paged[: len(expected)])]
    assert waits == [policy[step - 1].wait for step in expected[:-1]]
    assert paged[len(expected)][0] - NOON >= timedelta(minutes=10)


def test_a_rise_of_the_tier_begins_the_other_policy_at_its_first_step():
    policy = (StepPeople(WAIT, (ANN,)), StepPeople(WAIT, (BEN,)))
    high = lifecycle.opened("high", here(NOON, policy, "high")).state
    change = lifecycle.occurrence_added(
        high, "critical", interrupts=False, here=here(NOON, policy, "critical")
    )
    assert [each.step for each in change.pages] == [1]
    assert change.state.next_at == NOON + WAIT


def test_a_policy_that_was_shortened_ends_with_the_last_resort_or_a_new_round():
    long = tuple(StepPeople(WAIT, (ANN,)) for _ in range(4))
    state = lifecycle.opened("critical", here(NOON, long)).state
    for number in range(1, 4):
        state = lifecycle.time_passed(state, here(NOON + number * WAIT, long)).state
    change = lifecycle.time_passed(state, here(NOON + 4 * WAIT, long[:1]))
    assert [(each.round, each.step) for each in change.pages] == [(2, 1)]
