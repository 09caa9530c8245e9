"""Whom an alert goes to next, in words that name no person and no address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Contact
from services.rules.escalation_types import PAGING, AlertState

MORNING_MAIL: Final = "morning mail"
CARE_TEAM: Final = "care team (email)"


def contact_names(session: Session) -> dict[UUID, str]:
    """Every contact the clinic ever had, by a neutral name: ``contact 2 (webhook)``."""
    rows = session.execute(
        select(Contact.id, Contact.position, Contact.channel, Contact.last_resort)
    )
    return {
        row.id: f"{'last resort' if row.last_resort else f'contact {row.position}'} ({row.channel})"
        for row in rows
    }


def next_target(state: AlertState, links: Sequence[UUID], names: Mapping[UUID, str]) -> str | None:
    """Who hears of it at ``next_at``, if nothing happens before; None when time does nothing.

    ``links``: the contacts of the chain as it is now, in order.
    """
    if state.next_at is None:
        return None
    overdue = state.status == "acknowledged" and state.contact_due_at == state.next_at
    severity = state.page_severity or state.ladder_severity if overdue else state.ladder_severity
    if severity not in PAGING:
        return MORNING_MAIL
    starts_over = state.status == "acknowledged" and not overdue
    step = 0 if starts_over or state.page_step >= len(links) else state.page_step
    return names[links[step]] if links else None
