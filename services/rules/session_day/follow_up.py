"""N2: which contact is expected after a session, by when, and whether there was none.

Two windows: the follow-up from 24 to 72 h after the session's end, and, while driving is forbidden,
any contact before the lock ends. Paused days do not matter: the treatment took place.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Literal

from services.rules.courses import Session
from services.rules.decision import Decision, Tier
from services.rules.mood_days import shift
from services.rules.session_day.driving import driving_restriction_until
from services.rules.session_day.numbers import SESSION_NUMBERS, SessionNumbers

WindowKind = Literal["follow_up", "driving_lock"]


@dataclass(frozen=True, slots=True)
class FollowUpWindow:
    """One window of a session, both ends included (aware)."""

    session_id: str
    kind: WindowKind
    opens_at: datetime
    due_at: datetime


def windows(
    session: Session, zone: tzinfo, numbers: SessionNumbers = SESSION_NUMBERS
) -> tuple[FollowUpWindow, ...]:
    """Return the follow-up window of a session and, where there is one, its driving lock."""
    over = session.over_at
    follow_up = FollowUpWindow(
        session.id,
        "follow_up",
        shift(over, timedelta(hours=numbers.follow_up.opens_h)),
        shift(over, timedelta(hours=numbers.measures.session.follow_up_hours)),
    )
    until = driving_restriction_until(session, zone, numbers)
    if until is None:
        return (follow_up,)
    return (follow_up, FollowUpWindow(session.id, "driving_lock", over, until))


def met_at(
    window: FollowUpWindow, contacts: Iterable[datetime], next_session_at: datetime | None = None
) -> datetime | None:
    """Return when a window was met, None while it was not.

    By the first check-in, report of side effects or recorded contact in it (`contacts`, when they
    were answered), or by the next session if that starts before it is due: they are seen there.
    """
    in_time = [at for at in contacts if window.opens_at <= at <= window.due_at]
    if next_session_at is not None and next_session_at <= window.due_at:
        in_time.append(next_session_at)
    return min(in_time, default=None)


def lapsed(
    window: FollowUpWindow,
    contacts: Iterable[datetime],
    now: datetime,
    next_session_at: datetime | None = None,
    already_reported: bool = False,
    numbers: SessionNumbers = SESSION_NUMBERS,
) -> Decision:
    """Decide N2 for a window at `now`: low once it is past and there was no contact in it.

    `already_reported`: N2 already fired for this session (either window): it fires once about each.
    Windows that were due more than 14 days ago are history that was typed in: the rule is met,
    nothing fires.
    """
    met = met_at(window, contacts, next_session_at)
    is_met = met is None and now > window.due_at
    is_history = now - window.due_at > timedelta(days=numbers.follow_up.history_days)
    fired = is_met and not already_reported and not is_history
    return Decision(
        rule="N2",
        rule_version=numbers.version,
        is_met=is_met,
        fired=fired,
        tier=Tier.LOW if fired else None,
        inputs={
            "window": window.kind,
            "due_at": window.due_at.isoformat(),
            "met_at": met.isoformat() if met else None,
            "already_reported": already_reported,
        },
        about=window.session_id,
    )
