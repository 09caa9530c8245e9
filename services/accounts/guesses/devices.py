"""Known devices: one that the account was used on in the last 90 days tries at its own expense."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import or_, select

from models import TokenFamily
from services.unit_of_work import transaction

KNOWN_FOR: Final = timedelta(days=90)
# Whoever was logged out by one of these may be the owner on their own phone.
HARMLESS_ENDS: Final = ("logged_out", "password_changed", "password_reset", "factor_changed")


@dataclass(frozen=True, slots=True)
class ClaimedDevice:
    """What a cookie or a token with our signature says; `known_at` is null for a token's family,
    which the database knows.
    """

    user_id: UUID
    id: UUID
    known_at: datetime | None = None


def known_device(
    clinic_id: UUID, user_id: UUID, claimed: Sequence[ClaimedDevice], now: datetime
) -> UUID | None:
    """The first of these devices that the account knows."""
    for device in claimed:
        if device.user_id != user_id:
            continue
        if device.known_at is None:
            if _is_known_family(clinic_id, device, now):
                return device.id
        elif device.known_at >= now - KNOWN_FOR:
            return device.id
    return None


def _is_known_family(clinic_id: UUID, device: ClaimedDevice, now: datetime) -> bool:
    ended = TokenFamily.revoked_reason
    with transaction(clinic_id) as session:
        found = session.scalar(
            select(TokenFamily.id).where(
                TokenFamily.id == device.id,
                TokenFamily.user_id == device.user_id,
                TokenFamily.last_used_at >= now - KNOWN_FOR,
                or_(TokenFamily.revoked_at.is_(None), ended.in_(HARMLESS_ENDS)),
            )
        )
    return found is not None
