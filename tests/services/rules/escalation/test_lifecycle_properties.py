"""Whatever happens to an alert, in whatever order: these stay true until a person resolves it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.rules.decision import Tier
from services.rules.escalation import lifecycle
from services.rules.escalation.states import (
    PAGING,
    Beside,
    Circumstances,
    PageStep,
    Transition,
    more_urgent,
)

START = datetime(2026, 11, 20, tzinfo=UTC)
BESIDE = st.sampled_from(["nobody", "first", "too"])
TIERS = st.sampled_from(["critical", "high", "medium", "low"])
PEOPLE = st.sampled_from([UUID(int=1), UUID(int=2)])
LONGEST_ACK = {"critical": timedelta(hours=4), "high": timedelta(hours=24), None: timedelta(days=7)}
ROUND_GAP = timedelta(minutes=10)
FIRST_GAP = timedelta(seconds=30)
STAFF_FIRST = timedelta(minutes=5)
# After these a round may start at once.
MAY_START = {
    "occurrence_added",
    "tier_raised",
    "acknowledgement_expired",
    "acknowledgement_interrupted",
    "acknowledgement_owner_deactivated",
    "contact_overdue",
    "triggered",
}


class AlertLife(RuleBasedStateMachine):
    """One alert, a clinic whose chain grows and shrinks, and a clock that only goes forward."""

    @initialize(severity=TIERS, chain_length=st.integers(1, 4), beside=BESIDE)
    def open(self, severity: str, chain_length: int, beside: Beside) -> None:
        self.now = START
        self.chain_length = chain_length
        self.ended = self.mailed = self.shortened = False
        here = replace(self.here, beside=beside)
        self.take(lifecycle.opened(severity, here), here)
        self.chain_by = START + STAFF_FIRST

    @property
    def here(self) -> Circumstances:
        day = timedelta(days=(self.now - START).days + 1)
        return Circumstances(self.now, self.chain_length, lambda: START + day)

    def take(self, change: Transition, here: Circumstances | None = None) -> None:
        """Check what one change does, and make it."""
        starts = [page for page in change.pages if page.step == 1]
        before = getattr(self, "state", None)
        if starts and before is not None and not MAY_START & set(change.events):
            assert before.round_started_at is not None
            gap = FIRST_GAP if before.unreached_rounds or self.shortened else ROUND_GAP
            assert self.now - before.round_started_at >= gap
        self.shortened = self.shortened and not starts
        assert len({page.round for page in change.pages}) <= 1
        first = 0 if here is not None and here.beside != "nobody" else 1
        assert all(first <= page.step <= self.chain_length for page in change.pages)
        if self.ended:
            assert change == Transition(self.state)
        self.mailed = change.mail or (self.mailed and change.state.next_at is None)
        self.state = change.state

    @rule(seconds=st.integers(1, 3 * 3600))
    def wait(self, seconds: int) -> None:
        """The worker looks often, so at each due time within the wait it makes the step."""
        until = self.now + timedelta(seconds=seconds)
        while self.state.next_at is not None and self.state.next_at <= until:
            self.now = max(self.now, self.state.next_at)
            before = self.state
            self.take(lifecycle.time_passed(self.state, self.here))
            assert self.state != before
        self.now = until

    @rule(days=st.integers(1, 8))
    def wait_for_days(self, days: int) -> None:
        """The worker was down: one late look."""
        self.now += timedelta(days=days)
        self.take(lifecycle.time_passed(self.state, self.here))

    @precondition(lambda self: not self.ended)
    @rule(severity=TIERS, interrupts=st.booleans(), beside=BESIDE)
    def patient_answers(self, severity: str, interrupts: bool, beside: Beside) -> None:
        tier = "critical" if interrupts else severity
        before, here = self.state, replace(self.here, beside=beside)
        self.take(
            lifecycle.occurrence_added(self.state, tier, interrupts=interrupts, here=here), here
        )
        if tier == "critical" and before.status == "triggered":
            assert self.state.page_step >= 1
        assert not more_urgent(before.severity, self.state.severity)
        if interrupts or (before.status == "triggered" and before.ladder_severity in PAGING):
            assert self.state.status == "triggered"
            assert self.state.round_started_at == self.now

    @precondition(lambda self: not self.ended)
    @rule(severity=TIERS)
    def cssrs_lowers(self, severity: str) -> None:
        before = self.state
        self.take(lifecycle.lowered(self.state, severity))
        assert (self.state.status, self.state.next_at) == (before.status, before.next_at)

    @precondition(lambda self: not self.ended)
    @rule(by=PEOPLE)
    def staff_acknowledge(self, by: UUID) -> None:
        self.take(lifecycle.acknowledged(self.state, by, self.here))
        assert self.state.acknowledged_by == by

    @precondition(lambda self: not self.ended)
    @rule(outcome=st.sampled_from(["reached", "no_answer", "message_left"]))
    def staff_call(self, outcome: str) -> None:
        self.take(lifecycle.contact_attempted(self.state, outcome, self.here))

    @precondition(lambda self: not self.ended)
    @rule()
    def a_page_gets_out(self) -> None:
        before = self.state
        self.take(lifecycle.delivery_accepted(self.state, self.here))
        assert self.state.unreached_rounds == 0
        if self.state.next_at != before.next_at:
            assert before.unreached_rounds
            assert before.round_started_at is not None
            assert self.state.next_at == before.round_started_at + ROUND_GAP

    @precondition(lambda self: not self.ended)
    @rule(back=st.integers(0, 2), reached=st.booleans())
    def a_page_fails(self, back: int, reached: bool) -> None:
        before = self.state.next_at
        page = PageStep(self.state.page_round, max(0, self.state.page_step - back))
        self.take(lifecycle.delivery_failed(self.state, page, self.here, reached=reached))
        assert before is None or (self.state.next_at is not None and self.state.next_at <= before)

    @rule()
    def owner_leaves(self) -> None:
        self.take(lifecycle.owner_deactivated(self.state, self.here))
        assert self.state.status != "acknowledged"

    @rule(length=st.integers(1, 4))
    def chain_changes(self, length: int) -> None:
        self.shortened = self.shortened or length < self.chain_length
        self.chain_length = length

    @precondition(lambda self: not self.ended)
    @rule()
    def somebody_resolves(self) -> None:
        self.take(lifecycle.resolved(self.state, self.here))
        self.ended = True

    @invariant()
    def only_a_person_ends_it(self) -> None:
        if hasattr(self, "state"):
            assert (self.state.status == "resolved") == self.ended

    @invariant()
    def time_always_moves_what_must_be_answered(self) -> None:
        """Without a due time are only: the resolved, the low, and the medium once mailed."""
        if not hasattr(self, "state") or self.state.next_at is not None:
            return
        quiet = self.state.ladder_severity == "low" or self.mailed
        assert self.ended or (self.state.status == "triggered" and quiet)

    @invariant()
    def every_acknowledgement_ends(self) -> None:
        if not hasattr(self, "state") or self.state.status != "acknowledged":
            return
        given, ends = self.state.acknowledged_at, self.state.ack_expires_at
        assert given is not None
        assert ends is not None
        assert given < ends <= given + LONGEST_ACK[self.state.page_severity]
        assert self.state.next_at is not None
        assert self.state.next_at <= ends

    @invariant()
    def the_chain_waits_for_nobody_longer_than_five_minutes(self) -> None:
        """From the opening on, however often the people before it are paged again."""
        if not hasattr(self, "state") or self.state.status != "triggered":
            return
        if self.state.page_round and self.state.page_step == 0:
            assert self.state.ladder_severity == "high"
            assert self.state.next_at is not None
            assert self.state.next_at <= self.chain_by

    @invariant()
    def it_was_paged_at_least_as_high_as_it_stands(self) -> None:
        if hasattr(self, "state") and self.state.severity in PAGING:
            assert self.state.page_severity is not None
            assert Tier.from_word(self.state.page_severity) >= Tier.from_word(self.state.severity)


AlertLife.TestCase.settings = settings(max_examples=120, stateful_step_count=25)
TestAlertLife = AlertLife.TestCase
