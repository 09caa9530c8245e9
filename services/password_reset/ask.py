"""Asking for a new password: the same steps for every address, whoever has it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert

from models import PasswordResetRequest
from models.base import new_id
from services.accounts.delays import count_attempt, reset_address_key, reset_key
from services.accounts.new_account import email_digest
from services.unit_of_work import transaction


def ask_for_reset(email: str, address: str | None, now: datetime) -> None:
    """Write down that somebody asked; the worker mails a code if this is an account's address.

    `email` may be anything. Raises `RateLimited` while the e-mail address or the network
    address waits: every request counts, so that nobody's mailbox is flooded.
    """
    count_attempt((reset_key(email), reset_address_key(address)), now)
    with transaction() as session:
        # No wake-up for the worker: a NOTIFY would hold up the commits that carry a page.
        session.execute(
            insert(PasswordResetRequest).values(
                id=new_id(), email_digest=email_digest(email), asked_at=now
            )
        )
