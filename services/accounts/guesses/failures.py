"""Failed log-ins in the audit: of accounts that there are, and a bounded number of entries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select

from models import LoginDelay
from services import audit
from services.accounts.candidates import FoundAccount
from services.accounts.guesses.delays import Key, account_key
from services.accounts.letters import FACTOR_GUESSED, tell_of_once_a_day
from services.unit_of_work import transaction

# People mistype a code, or are a step late with the next one. The third in a row may be a guess.
GUESSES: Final = 3


def record_failures(
    accounts: Sequence[FoundAccount],
    known: Mapping[FoundAccount, UUID],
    email: str,
    now: datetime,
) -> None:
    """Record a wrong password for each of these accounts by how often one has been tried: an entry
    for the first try, and for each time that their number has doubled, at most once in 15 minutes
    each. `known`: from which device of theirs, where it is one.

    The address is recorded nowhere: one that nobody has leaves no entry.
    """
    for account in accounts:
        device = known.get(account)
        key = account_key(email) if device is None else Key("device", str(device))
        with transaction(account.clinic_id) as session:
            counted = select(LoginDelay.failures).where(LoginDelay.key_digest == key.digest)
            tries = session.scalar(counted) or 1
            joined_as = (account.user_id, device is None, tries.bit_length())
            detail = {"tries": tries, "known_device": int(device is not None)}
            about = [account.user_id]
            audit.record_once(session, joined_as, None, "login_failed", now, about, **detail)


def record_wrong_factor(account: FoundAccount, counted_as: Key, now: datetime) -> None:
    """Record that somebody with the right password, or a log-in, tried a wrong code: once in 15
    minutes. From the third on its owner is written to, once a day. `counted_as`: where tries are.
    """
    whose = account.user_id
    with transaction(account.clinic_id) as session:
        audit.record_once(session, (whose,), None, "second_factor_failed", now, [whose])
        counted = select(LoginDelay.failures).where(LoginDelay.key_digest == counted_as.digest)
        if (session.scalar(counted) or 0) >= GUESSES:
            tell_of_once_a_day(session, account.clinic_id, whose, FACTOR_GUESSED, now)


def record_copied_passkey(account: FoundAccount, now: datetime) -> None:
    """Record that somebody used a passkey that may be a copy: once in 15 minutes."""
    with transaction(account.clinic_id) as session:
        whose = account.user_id
        audit.record_once(session, (whose,), None, "passkey_copied", now, [whose])
