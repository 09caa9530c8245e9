"""Somebody takes an alert."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from services.access import Actor
from services.accounts.token_check import acting
from services.alerts.handling.duty import confirm_on_duty
from services.alerts.handling.holding import hold
from services.exceptions import AlreadyResolved
from services.rules.escalation import lifecycle


def acknowledge(actor: Actor, alert_id: UUID, now: datetime) -> dict[str, Any]:
    """The actor owns the alert from now on, and paging pauses until the acknowledgement ends.

    By the owner again it changes nothing; by another person the owner changes and the end stays.
    Raises `AlreadyResolved`, `Forbidden`, `NotFound`.
    """
    with acting(actor, now) as session:
        confirm_on_duty(session, actor.user_id)
        held = hold(session, actor, alert_id, lambda reach: reach.acts, now)
        if held.is_resolved:
            raise AlreadyResolved
        held.write(lifecycle.acknowledged(held.state, actor.user_id, held.circumstances()))
        return held.shown("alert_acknowledged")
