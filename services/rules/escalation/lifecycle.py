"""The life of an alert (contract, "Alerts"; clinical.md 5.2): one pure function for each thing that
can happen to it.

    triggered --acknowledged--> acknowledged --(its end)--> triggered ...   until resolved

| happens                     | while triggered                 | while acknowledged             |
|-----------------------------|---------------------------------|--------------------------------|
| occurrence_added            | a new round, joining what is    | noted; ends it if the tier     |
|                             | unsent; at once when it rises   | rises or the entry interrupts  |
| occurrence_noted            | noted                           | noted                          |
| lowered                     | ladder, pages, due times stay   | the next ladder is the lower   |
| acknowledged                | starts an acknowledgement       | changes the owner, not the end |
| contact_attempted           | reached: clears the due time    | renews it; sets the due time   |
| time_passed                 | next step, next round, or mail  | ends it, pages again           |
| delivery_failed             | the next step at once, the next | nothing                        |
|                             | round after growing waits       |                                |
| delivery_accepted           | rounds are 10 min apart again   | nothing                        |
| owner_deactivated           | nothing                         | ends it, pages again           |
| handed_over                 | noted; the chain goes on        | noted; owner and end stay      |
| resolved                    | the end                         | the end                        |

Nothing but `resolved` ends an alert, and no function can take a due time away from one that pages.

People besides the chain (`Circumstances.beside`; clinical.md 5.1), paged as step 0 of a round:
| what happens has            | it opens an alert               | it is added to one             |
|-----------------------------|---------------------------------|--------------------------------|
| nobody who can be reached   | the chain at once               | as above                       |
| people to be paged first    | they; the chain after 5 minutes | they again, and whoever of the |
| (high only)                 | without an acknowledgement      | chain was paged; no new wait   |
| people to be paged too      | they and the chain at once      | they too, as above             |
Whatever else begins a round (an acknowledgement that ends, a rise of the tier) pages the chain at
once. While somebody has the alert, only those are paged who had not been.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from services.rules.escalation.numbers import ESCALATION_NUMBERS
from services.rules.escalation.states import (
    OWN_PEOPLE,
    PAGING,
    AlertState,
    Circumstances,
    PageStep,
    Transition,
    at_least,
    more_urgent,
)

_ROUND_GAP = timedelta(seconds=ESCALATION_NUMBERS.general.round_gap_s)
_UNREACHED_GAPS = [timedelta(seconds=each) for each in ESCALATION_NUMBERS.general.unreached_gaps_s]
_QUIET_ACK = timedelta(seconds=ESCALATION_NUMBERS.general.quiet_ack_s)
_STAFF_FIRST = timedelta(seconds=ESCALATION_NUMBERS.general.staff_first_s)
_ROUND_STARTED = "round_started"


def opened(severity: str, here: Circumstances) -> Transition:
    """A new alert: critical and high page the first step at once (high people of its own, if they
    come first), medium waits for the morning mail, low stands in the worklist.
    """
    state = AlertState(severity=severity, ladder_severity=severity)
    if severity == "low":
        return Transition(state, events=("triggered",))
    if _waits_for_people(severity, here):
        return _new_round(state, here, OWN_PEOPLE, ("triggered",))
    return _from_the_first_step(state, here, "triggered")


def occurrence_added(
    state: AlertState, severity: str, *, interrupts: bool, here: Circumstances
) -> Transition:
    """One more qualifying entry. `severity`: the alert's tier with it (it never lowers one).

    `interrupts`: a help request, an item 9 of 3 or a C-SSRS high: these end an acknowledgement,
    as a rise of the tier does. Unacknowledged, it starts its round at once; unless the tier rises,
    its pages add to those before.
    """
    rises = more_urgent(severity, state.severity)
    severity = at_least(severity, state.severity)
    events = ("occurrence_added", "tier_raised") if rises else ("occurrence_added",)
    now_known = replace(
        state, severity=severity, ladder_severity=at_least(severity, state.ladder_severity)
    )
    if state.status == "acknowledged":
        if not (rises or interrupts):
            quiet = replace(now_known, ladder_severity=severity)
            pages = () if here.beside == "nobody" else (PageStep(state.page_round, OWN_PEOPLE),)
            return Transition(quiet, pages, events=events)
        ended = _without_acknowledgement(now_known)
        return _from_the_first_step(ended, here, *events, "acknowledgement_interrupted")
    if now_known.ladder_severity in PAGING:
        return replace(_page_again(now_known, state, here, events), adds=not rises)
    if rises:
        return _from_the_first_step(now_known, here, *events)
    return Transition(now_known, events=events)


def occurrence_noted(state: AlertState, severity: str) -> Transition:
    """One more entry whose sender is not verified: the tier shows it; it pages nobody, ends no
    acknowledgement and moves no due time.
    """
    rises = more_urgent(severity, state.severity)
    events = ("occurrence_added", "tier_raised") if rises else ("occurrence_added",)
    return Transition(replace(state, severity=at_least(severity, state.severity)), events=events)


def lowered(state: AlertState, severity: str) -> Transition:
    """A complete C-SSRS lowered the tier. Cancels no page and postpones no due time; the ladder
    follows only when somebody has acknowledged.
    """
    if not more_urgent(state.severity, severity):
        return Transition(state)
    ladder = severity if state.status == "acknowledged" else state.ladder_severity
    return Transition(
        replace(state, severity=severity, ladder_severity=ladder), events=("tier_lowered",)
    )


def acknowledged(state: AlertState, by: UUID, here: Circumstances) -> Transition:
    """Somebody takes it. By the owner again: nothing; by another: the owner changes, the end stays.

    It ends by the pace of the highest tier that was paged, 7 days when none was.
    """
    if state.status == "acknowledged":
        if state.acknowledged_by == by:
            return Transition(state)
        return Transition(
            replace(state, acknowledged_by=by), events=("acknowledgement_taken_over",)
        )
    ends_after = (
        here.ladders[state.page_severity].ack_expires if state.page_severity else _QUIET_ACK
    )
    waiting = state.contact_due_at
    return Transition(
        _timed(
            replace(
                state,
                status="acknowledged",
                ladder_severity=state.severity,
                unreached_rounds=0,
                acknowledged_by=by,
                acknowledged_at=here.now,
                ack_expires_at=here.now + ends_after,
                contact_due_at=waiting if waiting and waiting > here.now else None,
            )
        ),
        events=("acknowledged",),
    )


def contact_attempted(state: AlertState, outcome: str, here: Circumstances) -> Transition:
    """A `contact_attempt` note: `reached`, `no_answer` or `message_left`.

    It alone renews an acknowledgement (to at most 4 h critical, 24 h high after it was first
    given). The first other than `reached` sets the due time (30 min, 4 h), `reached` clears it.
    """
    due = None if outcome == "reached" else state.contact_due_at
    state = replace(state, contact_due_at=due)
    if state.status == "acknowledged" and state.page_severity:
        numbers = ESCALATION_NUMBERS.tiers[state.page_severity]
        if outcome != "reached" and due is None:
            due = here.now + timedelta(seconds=numbers.contact_wait_s)
        longest = _known(state.acknowledged_at) + timedelta(seconds=numbers.ack_longest_s)
        renewed = min(here.now + here.ladders[state.page_severity].ack_expires, longest)
        ends = max(renewed, _known(state.ack_expires_at))
        state = replace(state, contact_due_at=due, ack_expires_at=ends)
    return Transition(_timed(state), events=("contact_attempt",))


def time_passed(state: AlertState, here: Circumstances) -> Transition:
    """The due time has come: one step of the ladder, the morning mail, or an acknowledgement's end.

    Before it, nothing. After a long pause one call makes one step: call again while it is due.
    """
    if state.next_at is None or state.next_at > here.now:
        return Transition(state)
    if state.status == "acknowledged":
        if state.contact_due_at and state.contact_due_at <= here.now:
            return _contact_overdue(state, here)
        ended = _without_acknowledgement(state)
        return _from_the_first_step(ended, here, "acknowledgement_expired")
    if state.ladder_severity in PAGING:
        return _next_step(state, here)
    return Transition(replace(state, next_at=None), mail=True, events=("mailed",))


def owner_deactivated(state: AlertState, here: Circumstances) -> Transition:
    """The account of whoever acknowledged was closed: pages again from the first step."""
    if state.status != "acknowledged":
        return Transition(state)
    ended = _without_acknowledgement(state)
    return _from_the_first_step(ended, here, "acknowledgement_owner_deactivated")


def delivery_failed(
    state: AlertState, page: PageStep, here: Circumstances, *, reached: bool
) -> Transition:
    """A page did not get through (X2): if the ladder still stands on that step, the next step is
    due at once. After the last step the next round is, 10 minutes after this one began, or sooner
    when it has not `reached` anybody (no channel accepted a page of it). Of the people before the
    chain one is enough: `reached` then says that another of them was, or is about to be.
    """
    stands_there = page == PageStep(state.page_round, state.page_step)
    pages = state.status == "triggered" and state.ladder_severity in PAGING
    if not (pages and stands_there and state.next_at):
        return Transition(state)
    if reached and state.page_step == OWN_PEOPLE:
        return Transition(state)
    due, unreached, event = here.now, state.unreached_rounds, "next_step_brought_forward"
    if state.page_step >= here.length(state.ladder_severity):
        gap = _ROUND_GAP
        if not reached:
            gap = _UNREACHED_GAPS[min(unreached, len(_UNREACHED_GAPS) - 1)]
            unreached += 1
            event = "nobody_reached"
        due = max(due, _known(state.round_started_at) + gap)
    if due >= state.next_at:
        return Transition(state)
    return Transition(replace(state, next_at=due, unreached_rounds=unreached), events=(event,))


def delivery_accepted(state: AlertState, here: Circumstances) -> Transition:
    """A page got out after rounds that reached nobody: the next round waits its 10 minutes again,
    if this one has paged its last step.
    """
    if not state.unreached_rounds:
        return Transition(state)
    due = state.next_at
    if due is not None and state.status == "triggered" and _stands_at_the_end(state, here):
        due = max(due, _known(state.round_started_at) + _ROUND_GAP)
    return Transition(replace(state, unreached_rounds=0, next_at=due))


def handed_over(state: AlertState) -> Transition:
    """A colleague is asked by name, and paged beside the chain. Nothing moves until they
    acknowledge: whoever has it keeps it, and it ends when it did before.
    """
    return Transition(state, events=("handed_over",))


def resolved(state: AlertState, here: Circumstances) -> Transition:
    """A person ended it. Time moves it no more."""
    return Transition(
        replace(
            state,
            status="resolved",
            resolved_at=here.now,
            next_at=None,
            ack_expires_at=None,
            contact_due_at=None,
        ),
        events=("resolved",),
    )


def _known(instant: datetime | None) -> datetime:
    if instant is None:
        raise AssertionError("an instant that this state always has is missing")
    return instant


def _without_acknowledgement(state: AlertState) -> AlertState:
    return replace(
        state, status="triggered", acknowledged_by=None, acknowledged_at=None, ack_expires_at=None
    )


def _timed(state: AlertState) -> AlertState:
    """An acknowledgement moves at its end, or earlier at the due time of a failed contact."""
    if state.status != "acknowledged":
        return state
    due = [each for each in (state.ack_expires_at, state.contact_due_at) if each is not None]
    return replace(state, next_at=min(due))


def _from_the_first_step(state: AlertState, here: Circumstances, *events: str) -> Transition:
    if state.ladder_severity in PAGING:
        return _new_round(state, here, 1, events)
    return Transition(replace(state, next_at=here.next_morning()), events=events)


def _page_again(
    state: AlertState, before: AlertState, here: Circumstances, events: tuple[str, ...]
) -> Transition:
    """A new occurrence while nobody has acknowledged: whoever this round has reached is paged
    again at once, and the next step keeps its due time.

    Starting over at the first step alone would let a patient who writes often keep the later steps
    from ever being reached.
    """
    waits = before.page_step == OWN_PEOPLE
    if waits and not _waits_for_people(state.ladder_severity, here):
        return _new_round(state, here, 1, events)
    elsewhere = bool(here.policies) and before.ladder_severity != state.ladder_severity
    if before.ladder_severity not in PAGING or elsewhere or _stands_at_the_end(before, here):
        return _new_round(state, here, 1, events)
    change = _new_round(state, here, before.page_step, events)
    due = min(_known(before.next_at), _known(change.state.next_at))
    return replace(change, state=replace(change.state, next_at=due))


def _waits_for_people(severity: str, here: Circumstances) -> bool:
    return severity == "high" and here.beside == "first" and here.length(severity) > 0


def _stands_at_the_end(state: AlertState, here: Circumstances) -> bool:
    return state.page_step >= here.length(state.ladder_severity)


def _next_step(state: AlertState, here: Circumstances) -> Transition:
    if not _stands_at_the_end(state, here):
        return _paged(state, here, range(state.page_step + 1, state.page_step + 2), ())
    earliest = _known(state.round_started_at) + _UNREACHED_GAPS[0]
    if here.now < earliest:
        # The chain was shortened just after this step had failed: no round follows another at once.
        return Transition(replace(state, next_at=earliest))
    return _new_round(state, here, 1, (_ROUND_STARTED,))


def _contact_overdue(state: AlertState, here: Circumstances) -> Transition:
    """The patient was not reached in time: back to the ladder it was paged on, at the next step."""
    ended = replace(
        _without_acknowledgement(state),
        contact_due_at=None,
        ladder_severity=at_least(state.page_severity or state.severity, state.ladder_severity),
    )
    change = _next_step(ended, here)
    return replace(change, events=("contact_overdue", *change.events))


def _new_round(
    state: AlertState, here: Circumstances, reached: int, events: tuple[str, ...]
) -> Transition:
    """Begin a round by paging its first `reached` steps, and the people besides the chain, who may
    be all. Whatever begins it but the end of the one before is new, and waits of its own begin
    with it.
    """
    unreached = state.unreached_rounds if events == (_ROUND_STARTED,) else 0
    state = replace(
        state,
        page_round=state.page_round + 1,
        round_started_at=here.now,
        unreached_rounds=unreached,
    )
    first = 1 if here.beside == "nobody" else OWN_PEOPLE
    return _paged(state, here, range(first, max(first, reached) + 1), events)


def _paged(
    state: AlertState, here: Circumstances, steps: range, events: tuple[str, ...]
) -> Transition:
    """Page these steps of the present round, and the one after them while the last pages nobody.
    The last step waits out the 10 minutes of its round, and an empty chain is tried again then.
    """
    severity = state.ladder_severity
    last, reached = here.length(severity), here.filled(severity, steps[-1])
    wait = here.wait_after(severity, reached)
    due = here.now + (_STAFF_FIRST if reached == OWN_PEOPLE else wait)
    if reached >= last:
        due = max(due, _known(state.round_started_at) + _ROUND_GAP)
    pages = tuple(
        PageStep(state.page_round, step)
        for step in range(steps[0], reached + 1)
        if step <= last and here.filled(severity, step) == step
    )
    if reached > steps[-1]:
        events = (*events, "step_skipped")
    state = replace(
        state,
        page_step=reached,
        page_severity=at_least(state.ladder_severity, state.page_severity or "low"),
        next_at=due,
    )
    return Transition(state, pages, events=events)
