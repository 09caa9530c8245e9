"""What was refused to somebody who is logged in: what they may not do, or may not see."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from services import audit
from services.access import Actor
from services.unit_of_work import transaction

SLOTS: Final = 64


def record_refusal(
    actor: Actor, route: str, status: int, named: Sequence[UUID], now: datetime
) -> None:
    """Record that a route refused what its address named, in a transaction of its own.

    Whoever tries one id after the other leaves at most 64 entries for a route in 15 minutes.
    """
    record_refusals(actor, route, [(status, named)], now)


def record_refusals(
    actor: Actor, route: str, refusals: Iterable[tuple[int, Sequence[UUID]]], now: datetime
) -> None:
    """The same of several at once: what each was answered, and what it named."""
    slots = {(status, hash(tuple(named)) % SLOTS): named for status, named in refusals}
    with transaction(actor.clinic_id) as session:
        for (status, slot), named in slots.items():
            audit.record_once(
                session,
                (route, status, slot),
                actor.user_id,
                "refused",
                now,
                named,
                route=route,
                status=status,
            )
