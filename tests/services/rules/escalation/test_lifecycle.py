"""The life of an alert, told as short stories with a moved clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.rules.escalation import lifecycle
from services.rules.escalation.states import AlertState, Circumstances, Ladder, PageStep, Transition

START = datetime(2026, 11, 20, 21, 0, tzinfo=UTC)
MORNING = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
ANNE, BEN = UUID(int=1), UUID(int=2)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


def after(passed: timedelta, chain_length: int = 3, **changed: object) -> Circumstances:
    return replace(Circumstances(START + passed, chain_length, lambda: MORNING), **changed)


def at(passed: timedelta, state: AlertState, chain_length: int = 3) -> Transition:
    """What time does to the alert then."""
    return lifecycle.time_passed(state, after(passed, chain_length))


def opened(severity: str, chain_length: int = 3) -> AlertState:
    return lifecycle.opened(severity, after(minutes(0), chain_length)).state


def acknowledged(severity: str) -> AlertState:
    return lifecycle.acknowledged(opened(severity), ANNE, after(minutes(0))).state


def another(
    state: AlertState, severity: str, passed: timedelta, interrupts: bool = False
) -> Transition:
    return lifecycle.occurrence_added(state, severity, interrupts=interrupts, here=after(passed))


def nobody_waits() -> datetime:
    raise AssertionError("the next working morning was worked out for nothing")


def test_the_morning_is_worked_out_only_for_what_waits_for_it() -> None:
    now, later = (after(minutes(m), next_morning=nobody_waits) for m in (0, 10))
    paging = lifecycle.opened("critical", now).state
    lifecycle.opened("low", now)
    lifecycle.time_passed(paging, later)
    lifecycle.occurrence_added(paging, "high", interrupts=True, here=later)
    lifecycle.acknowledged(paging, ANNE, later)
    with pytest.raises(AssertionError):
        lifecycle.opened("medium", now)


@pytest.mark.parametrize(
    ("severity", "pages", "next_at", "page_severity"),
    [
        ("critical", (PageStep(1, 1),), START + minutes(10), "critical"),
        ("high", (PageStep(1, 1),), START + hours(4), "high"),
        ("medium", (), MORNING, None),
        ("low", (), None, None),
    ],
)
def test_a_new_alert_pages_waits_for_the_morning_or_stands_in_the_worklist(
    severity: str, pages: tuple[PageStep, ...], next_at: datetime | None, page_severity: str | None
):
    change = lifecycle.opened(severity, after(minutes(0)))
    state = change.state
    assert (change.pages, state.next_at, state.page_severity) == (pages, next_at, page_severity)
    assert (state.status, state.severity, state.ladder_severity) == (
        "triggered",
        severity,
        severity,
    )
    assert change.events == ("triggered",)


def test_before_its_due_time_time_does_nothing():
    state = opened("critical")
    assert at(minutes(9.99), state) == Transition(state)
    low = opened("low")
    assert at(hours(9999), low) == Transition(low)


def test_critical_goes_along_the_chain_every_ten_minutes_and_starts_over():
    state, paged = opened("critical"), []
    for passed in (10, 20, 30, 40):
        change = at(minutes(passed), state)
        state = change.state
        paged += change.pages
    assert paged == [PageStep(1, 2), PageStep(1, 3), PageStep(2, 1), PageStep(2, 2)]


def test_high_takes_its_next_step_after_four_hours():
    state = opened("high")
    assert at(hours(3.99), state).pages == ()
    assert at(hours(4), state).pages == (PageStep(1, 2),)


def test_a_clinic_sets_its_own_pace_but_rounds_stay_ten_minutes_apart():
    quick = {"critical": Ladder(60, 600), "high": Ladder(60, 600)}
    state = lifecycle.opened("critical", after(minutes(0), 2, ladders=quick)).state
    second = lifecycle.time_passed(state, after(minutes(1), 2, ladders=quick))
    assert second.pages == (PageStep(1, 2),)
    assert second.state.next_at == START + minutes(10)
    third = lifecycle.time_passed(second.state, after(minutes(10), 2, ladders=quick))
    assert third.pages == (PageStep(2, 1),)


def test_a_chain_that_became_shorter_starts_over_and_an_empty_one_is_tried_again():
    state = at(minutes(20), at(minutes(10), opened("critical")).state).state
    assert at(minutes(30), state, chain_length=1).pages == (PageStep(2, 1),)
    empty = at(minutes(30), state, chain_length=0)
    assert empty.pages == ()
    assert empty.state.next_at == START + minutes(40)


@pytest.mark.parametrize(("severity", "lasts"), [("critical", hours(1)), ("high", hours(12))])
def test_an_acknowledgement_stops_the_ladder_until_it_expires(severity: str, lasts: timedelta):
    state = acknowledged(severity)
    assert at(lasts - minutes(1), state).pages == ()
    change = at(lasts, state)
    assert change.pages == (PageStep(2, 1),)
    assert change.state.status == "triggered"
    assert change.state.acknowledged_by is change.state.ack_expires_at is None
    assert change.events == ("acknowledgement_expired",)


@pytest.mark.parametrize("severity", ["medium", "low"])
def test_an_acknowledged_medium_or_low_alert_comes_back_after_seven_days_by_mail(severity: str):
    state = acknowledged(severity)
    assert at(timedelta(days=6.99), state) == Transition(state)
    here = after(timedelta(days=7), next_morning=lambda: START + timedelta(days=8))
    change = lifecycle.time_passed(state, here)
    assert (change.pages, change.mail) == ((), False)
    assert (change.state.status, change.state.next_at) == ("triggered", START + timedelta(days=8))
    mailed = lifecycle.time_passed(change.state, after(timedelta(days=8)))
    assert mailed.mail
    assert mailed.state.next_at is None


def test_medium_is_mailed_once():
    mailed = lifecycle.time_passed(opened("medium"), after(MORNING - START))
    assert mailed.mail
    assert mailed.events == ("mailed",)
    again = another(mailed.state, "medium", timedelta(days=3))
    assert again.state.next_at is None


def test_the_owner_may_acknowledge_again_without_effect_and_another_takes_over():
    state = acknowledged("critical")
    assert lifecycle.acknowledged(state, ANNE, after(minutes(30))) == Transition(state)
    taken = lifecycle.acknowledged(state, BEN, after(minutes(30)))
    assert taken.state == replace(state, acknowledged_by=BEN)
    assert taken.events == ("acknowledgement_taken_over",)


def attempt(state: AlertState, outcome: str, passed: timedelta) -> AlertState:
    return lifecycle.contact_attempted(state, outcome, after(passed)).state


@pytest.mark.parametrize(
    ("severity", "every", "longest"), [("critical", 50, hours(4)), ("high", 700, hours(24))]
)
def test_contact_attempts_renew_an_acknowledgement_up_to_its_cap(
    severity: str, every: float, longest: timedelta
):
    state, passed = acknowledged(severity), minutes(0)
    while passed + minutes(every) < longest:
        passed += minutes(every)
        assert at(passed, state).state.status == "acknowledged"
        state = attempt(state, "reached", passed)
    assert state.next_at == START + longest


def test_the_first_attempt_that_does_not_reach_sets_a_due_time_that_later_ones_do_not_move():
    state = attempt(acknowledged("critical"), "no_answer", minutes(5))
    assert state.next_at == state.contact_due_at == START + minutes(35)
    later = attempt(state, "message_left", minutes(20))
    assert later.contact_due_at == START + minutes(35)
    taken = lifecycle.acknowledged(later, BEN, after(minutes(30))).state
    assert taken.next_at == START + minutes(35)


def test_reaching_the_patient_clears_the_due_time():
    state = attempt(acknowledged("high"), "no_answer", hours(1))
    assert state.contact_due_at == START + hours(5)
    reached = attempt(state, "reached", hours(2))
    assert reached.contact_due_at is None
    assert reached.next_at == START + hours(14)


def test_a_failed_contact_goes_on_at_the_next_step_of_the_chain():
    state = attempt(acknowledged("critical"), "no_answer", minutes(5))
    change = at(minutes(35), state)
    assert change.pages == (PageStep(1, 2),)
    assert change.state.status == "triggered"
    assert change.state.contact_due_at is None
    assert change.events == ("contact_overdue",)


def test_a_failed_contact_after_a_lowering_goes_back_to_the_ladder_that_paged():
    lowered = lifecycle.lowered(acknowledged("high"), "medium").state
    change = at(hours(5), attempt(lowered, "no_answer", hours(1)))
    assert change.pages == (PageStep(1, 2),)
    assert change.state.ladder_severity == "high"


def test_after_the_last_step_a_failed_contact_begins_a_new_round():
    state = lifecycle.acknowledged(opened("critical", 1), ANNE, after(minutes(0), 1)).state
    change = at(minutes(31), attempt(state, "no_answer", minutes(1)), chain_length=1)
    assert change.pages == (PageStep(2, 1),)
    assert change.events == ("contact_overdue", "round_started")


def test_a_due_time_outlives_the_acknowledgement_and_ends_the_next_one():
    state = attempt(acknowledged("critical"), "no_answer", minutes(45))
    ended = another(state, "critical", minutes(50), interrupts=True).state
    assert (ended.status, ended.contact_due_at) == ("triggered", START + minutes(75))
    assert ended.next_at == START + minutes(60)
    again = lifecycle.acknowledged(ended, BEN, after(minutes(55))).state
    assert again.next_at == START + minutes(75)
    late = lifecycle.acknowledged(ended, BEN, after(minutes(80))).state
    assert late.contact_due_at is None


def test_an_attempt_without_an_acknowledgement_sets_nothing_and_reached_clears():
    state = opened("critical")
    assert attempt(state, "no_answer", minutes(5)) == state
    waiting = replace(state, contact_due_at=START + minutes(20))
    assert attempt(waiting, "reached", minutes(5)) == state


def test_an_attempt_on_a_medium_alert_neither_renews_nor_sets_a_due_time():
    state = acknowledged("medium")
    assert attempt(state, "no_answer", hours(1)) == state


def test_an_ordinary_answer_under_an_acknowledgement_is_only_noted():
    state = acknowledged("critical")
    change = another(state, "high", minutes(5))
    assert change == Transition(state, events=("occurrence_added",))


@pytest.mark.parametrize(
    ("before", "tier", "interrupts"),
    [("critical", "critical", True), ("high", "critical", False), ("medium", "high", False)],
)
def test_a_rise_or_an_interrupting_entry_ends_an_acknowledgement(
    before: str, tier: str, interrupts: bool
):
    change = another(acknowledged(before), tier, minutes(5), interrupts)
    assert change.state.status == "triggered"
    assert [page.step for page in change.pages] == [1]
    assert change.events[-1] == "acknowledgement_interrupted"
    assert change.state.page_severity == tier


def test_a_rise_from_low_to_medium_waits_for_the_morning():
    change = another(opened("low"), "medium", minutes(5))
    assert (change.pages, change.state.next_at) == ((), MORNING)
    ended = another(acknowledged("low"), "medium", minutes(5))
    assert (ended.state.status, ended.state.next_at) == ("triggered", MORNING)


def test_a_rise_from_medium_pages_at_once_on_the_higher_ladder():
    change = another(opened("medium"), "critical", minutes(5))
    assert change.pages == (PageStep(1, 1),)
    assert change.state.next_at == START + minutes(15)
    assert change.events == ("occurrence_added", "tier_raised")


def test_a_new_occurrence_pages_again_whoever_was_reached_and_postpones_nothing():
    second = at(minutes(10), opened("critical")).state
    change = another(second, "medium", minutes(19))
    assert change.pages == (PageStep(2, 1), PageStep(2, 2))
    assert change.state.next_at == START + minutes(20)
    assert at(minutes(20), change.state).pages == (PageStep(2, 3),)


def test_a_patient_who_writes_every_nine_minutes_does_not_keep_the_last_step_from_being_paged():
    state, reached = opened("critical"), set()
    for minute in range(1, 31):
        if minute % 9 == 0:
            state = another(state, "critical", minutes(minute)).state
        change = at(minutes(minute), state)
        state = change.state
        reached |= {page.step for page in change.pages}
    assert reached == {2, 3}


def test_a_new_occurrence_after_the_last_step_starts_its_round_at_once():
    last = at(minutes(20), at(minutes(10), opened("critical")).state).state
    change = another(last, "high", minutes(21))
    assert change.pages == (PageStep(2, 1),)
    assert change.state.next_at == START + minutes(31)


def test_lowering_cancels_and_postpones_nothing_until_somebody_acknowledges():
    state = opened("critical")
    change = lifecycle.lowered(state, "high")
    assert change == Transition(replace(state, severity="high"), events=("tier_lowered",))
    second = at(minutes(10), change.state)
    assert second.pages == (PageStep(1, 2),)
    assert second.state.page_severity == "critical"
    taken = lifecycle.acknowledged(second.state, ANNE, after(minutes(12))).state
    assert taken.ack_expires_at == START + minutes(72)
    expired = at(minutes(72), taken).state
    assert expired.ladder_severity == "high"
    assert expired.next_at == START + minutes(72) + hours(4)


def test_lowering_to_the_same_or_a_higher_tier_changes_nothing():
    state = opened("high")
    assert lifecycle.lowered(state, "high") == Transition(state)
    assert lifecycle.lowered(state, "critical") == Transition(state)


def test_an_alert_lowered_to_medium_comes_back_by_mail_after_its_acknowledgement():
    state = lifecycle.lowered(acknowledged("high"), "medium").state
    change = at(hours(12), state)
    assert (change.pages, change.state.next_at) == ((), MORNING)
    assert failed(change.state, PageStep(1, 1), hours(13)) == Transition(change.state)


def test_a_deactivated_owner_drops_the_alert_and_nobody_else_does():
    change = lifecycle.owner_deactivated(acknowledged("high"), after(minutes(5)))
    assert change.pages == (PageStep(2, 1),)
    assert change.state.status == "triggered"
    assert lifecycle.owner_deactivated(opened("high"), after(minutes(5))).pages == ()


def failed(
    state: AlertState,
    page: PageStep,
    passed: timedelta,
    chain_length: int = 3,
    reached: bool = False,
) -> Transition:
    return lifecycle.delivery_failed(state, page, after(passed, chain_length), reached=reached)


def test_a_failed_page_brings_the_next_step_forward_at_once():
    change = failed(opened("high"), PageStep(1, 1), minutes(1))
    assert change.state.next_at == START + minutes(1)
    assert change.events == ("next_step_brought_forward",)
    assert at(minutes(1), change.state).pages == (PageStep(1, 2),)


def test_when_the_last_step_fails_the_next_round_comes_ten_minutes_after_this_one_began():
    two = at(minutes(1), replace(opened("high", 2), next_at=START + minutes(1)), 2).state
    change = failed(two, PageStep(1, 2), minutes(2), chain_length=2, reached=True)
    assert (change.state.next_at, change.state.unreached_rounds) == (START + minutes(10), 0)


def test_a_failure_moves_nothing_where_the_ladder_has_moved_on_or_somebody_has_it():
    second = at(minutes(10), opened("critical")).state
    assert failed(second, PageStep(1, 1), minutes(11)) == Transition(second)
    owned = acknowledged("critical")
    assert failed(owned, PageStep(1, 1), minutes(1)) == Transition(owned)
    due = opened("critical")
    assert failed(due, PageStep(1, 1), minutes(10)) == Transition(due)


@pytest.mark.parametrize("state", [opened("critical"), acknowledged("high"), opened("low")])
def test_resolving_ends_it_for_good(state: AlertState):
    change = lifecycle.resolved(replace(state, contact_due_at=START), after(minutes(5)))
    assert change.state.status == "resolved"
    assert change.state.resolved_at == START + minutes(5)
    assert (change.state.next_at, change.state.ack_expires_at, change.state.contact_due_at) == (
        None,
        None,
        None,
    )
    assert change.events == ("resolved",)


def test_a_state_is_read_from_and_written_to_columns():
    state = acknowledged("critical")
    assert AlertState.of(state) == state
    assert AlertState(**state.columns()) == state


@pytest.mark.parametrize(("severity", "tier"), [("high", "high"), ("critical", "critical")])
def test_an_entry_that_is_only_noted_shows_its_tier_and_moves_nothing(severity: str, tier: str):
    for state in (opened("high"), acknowledged("high")):
        change = lifecycle.occurrence_noted(state, severity)
        assert change.state == replace(state, severity=tier)
        assert (change.pages, change.mail) == ((), False)
        assert change.events[0] == "occurrence_added"
