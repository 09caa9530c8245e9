"""A lost second factor: somebody else takes it from the account, so that its password is enough to
log in and enrol another. Pages go out to the person meanwhile as before.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import User
from services import audit
from services.access import Action, Actor, scopes
from services.accounts.candidates import FoundAccount, candidates
from services.accounts.letters import FACTOR_RESET, tell_of
from services.accounts.second_factor.factors import drop_factors
from services.accounts.tokens.families import end_families
from services.accounts.tokens.token_check import acting
from services.exceptions import Invalid, NotFound
from services.unit_of_work import transaction

OWN: Final = "Your own is removed with your password or a code of it."


def reset_factor(actor: Actor, user_id: UUID, now: datetime) -> None:
    """An administrator takes a colleague's; every log-in of the account ends, and its owner is
    written to.

    Raises `Forbidden`, `Invalid` for one's own, and `NotFound` for an account without one.
    """
    scopes(actor, Action.CHANGE_CLINIC)
    if user_id == actor.user_id:
        raise Invalid({"user_id": [OWN]})
    with acting(actor, now) as session:
        _reset(session, FoundAccount(actor.clinic_id, user_id), actor.user_id, now)


def reset_factor_of(email: str, clinic_id: UUID | None, now: datetime) -> FoundAccount:
    """The operator does it, for the last administrator; the audit names no actor.

    `clinic_id` where the address has accounts in several. Raises `Invalid`, and `NotFound` for an
    account without a second factor.
    """
    found = candidates(email, clinic_id)
    if len(found) != 1:
        several = "Accounts in several clinics have this address: name one of them."
        raise Invalid({"email": [several if found else "No active account has this address."]})
    (account,) = found
    with transaction(account.clinic_id) as session:
        _reset(session, account, None, now)
    return account


def _reset(session: Session, account: FoundAccount, by: UUID | None, now: datetime) -> None:
    user_id = account.user_id
    # Families before accounts, as a refresh locks them; a log-in waits until this is done.
    end_families(session, user_id, "factor_reset", now)
    locked = select(User.id).where(User.id == user_id).with_for_update(key_share=True)
    if session.scalar(locked) is None or not drop_factors(session, user_id):
        raise NotFound
    end_families(session, user_id, "factor_reset", now)
    tell_of(session, account.clinic_id, user_id, FACTOR_RESET, now)
    audit.record(session, by, "second_factor_reset", now, None, user_id, [user_id])
