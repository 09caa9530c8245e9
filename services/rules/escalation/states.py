"""What the life of an alert is told in: its state, the clinic around it, and what a change does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from services.rules.decision import Tier
from services.rules.escalation.numbers import ESCALATION_NUMBERS
from services.rules.escalation.policy import StepPeople

PAGING = frozenset(ESCALATION_NUMBERS.tiers)
# The step before the first of the chain: people of their own, such as the staff of a session.
OWN_PEOPLE: Final = 0
# Steps from here on are hand-overs to a colleague: pages beside any chain.
HANDED_OVER: Final = 1000
# Who is paged besides the chain, and when: nobody, these people before it, or both at once.
Beside = Literal["nobody", "first", "too"]


def at_least(severity: str, other: str) -> str:
    """The more urgent of two severity words. Raises `KeyError` for any other word."""
    return max(severity, other, key=Tier.from_word)


def more_urgent(severity: str, than: str) -> bool:
    """Is the first severity word strictly more urgent? Raises `KeyError` for any other word."""
    return Tier.from_word(severity) > Tier.from_word(than)


@dataclass(frozen=True, slots=True)
class Ladder:
    """A clinic's pace for one paging tier, in seconds: to the next step, to the end of an
    acknowledgement.
    """

    next_after_s: int
    ack_expires_s: int

    @property
    def next_after(self) -> timedelta:
        """Wait between two steps of the chain."""
        return timedelta(seconds=self.next_after_s)

    @property
    def ack_expires(self) -> timedelta:
        """How long an acknowledgement lasts."""
        return timedelta(seconds=self.ack_expires_s)


DEFAULT_LADDERS: Mapping[str, Ladder] = {
    word: Ladder(numbers.next_after_s, numbers.ack_expires_s)
    for word, numbers in ESCALATION_NUMBERS.tiers.items()
}


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a transition needs to know: the instant, the steps of the chain now (the last resort is
    one of them), the next 08:00 of a working day in the clinic's zone (worked out when an alert
    waits for it), the clinic's ladders. `beside`: whether what happens has people of its own who
    can be reached, and whether the chain waits for them. `policies`: by severity, the steps that
    stand for the chain, whom they page now; the last resort follows them.
    """

    now: datetime
    chain_length: int
    next_morning: Callable[[], datetime]
    ladders: Mapping[str, Ladder] = field(default_factory=lambda: DEFAULT_LADDERS)
    beside: Beside = "nobody"
    policies: Mapping[str, tuple[StepPeople, ...]] = field(default_factory=dict)

    def length(self, severity: str) -> int:
        """How many steps a severity has, the last resort included."""
        steps = self.policies.get(severity)
        return self.chain_length if steps is None else len(steps) + 1

    def filled(self, severity: str, step: int) -> int:
        """This step, or the first after it that pages somebody: an empty one is passed over."""
        steps = self.policies.get(severity, ())
        while 0 < step <= len(steps) and not steps[step - 1].people:
            step += 1
        return step

    def wait_after(self, severity: str, step: int) -> timedelta:
        """How long a step waits before the next."""
        steps = self.policies.get(severity, ())
        if 0 < step <= len(steps):
            return steps[step - 1].wait
        return self.ladders[severity].next_after


@dataclass(frozen=True, slots=True)
class AlertState:
    """The columns of an alert that its life moves; severities and states are the wire's words.

    `page_severity`: highest tier paged so far. `ladder_severity`: the ladder it runs on now.
    `page_step`: the last step of round `page_round` that was paged, 1 for the first; 0 before the
    chain: for none, or while a round waits for the session's staff.
    `unreached_rounds`: how many rounds in a row no channel accepted a page of, this one included.
    `acknowledged_at`: when the present acknowledgement was first given. `next_at`: the only instant
    at which time moves the alert; null: time does nothing.
    """

    severity: str
    ladder_severity: str
    status: str = "triggered"
    page_severity: str | None = None
    page_round: int = 0
    page_step: int = 0
    round_started_at: datetime | None = None
    unreached_rounds: int = 0
    next_at: datetime | None = None
    acknowledged_by: UUID | None = None
    acknowledged_at: datetime | None = None
    ack_expires_at: datetime | None = None
    contact_due_at: datetime | None = None
    resolved_at: datetime | None = None

    @classmethod
    def of(cls, row: object) -> AlertState:
        """The state in any object with attributes of these names (a row, a model)."""
        return cls(**{each.name: getattr(row, each.name) for each in fields(cls)})

    def columns(self) -> dict[str, Any]:
        """The values to store, by column name."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class PageStep:
    """One step of one round: the chain's member number `step` (1 is the first) is to be paged; 0
    (`OWN_PEOPLE`) are all people besides the chain.
    """

    round: int
    step: int


@dataclass(frozen=True, slots=True)
class Transition:
    """What one event makes of an alert: the new state, the pages to queue in the same transaction,
    whether it goes into the morning mail now, and what the timeline says. `adds`: the pages are
    about one more of what was paged already: they join an unsent one, or follow it soon.
    """

    state: AlertState
    pages: tuple[PageStep, ...] = ()
    mail: bool = False
    adds: bool = False
    events: tuple[str, ...] = ()
