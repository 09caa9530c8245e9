"""Whoever the provider has named is logged in: to their account in that clinic, and as no more than
both the account and the provider let them be.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import User
from services import audit
from services.accounts.account import email_digest
from services.accounts.candidates import FoundAccount
from services.accounts.guesses.devices import ClaimedDevice, known_device
from services.accounts.letters import SIGN_IN_LINKED, tell_of
from services.accounts.login import count_factor
from services.accounts.oidc.answer import Proved, record_refusal
from services.accounts.oidc.identities import IdentityAccount, account_of, link
from services.accounts.oidc.providers import check_unchanged
from services.accounts.oidc.refusals import refused
from services.accounts.second_factor.factors import SentFactor, check_second_factor
from services.accounts.tokens.families import Grant, LoggedInBy, start_family
from services.exceptions import SignInRefused
from services.unit_of_work import transaction


def enter(
    proved: Proved,
    factor: SentFactor,
    by: LoggedInBy,
    address: str | None,
    devices: Sequence[ClaimedDevice],
    now: datetime,
) -> Grant:
    """A new log-in, narrowed to what the provider lets them be; the first time it links identity
    and account, and the account's mailbox hears of it.

    Raises `SignInRefused`, `SecondFactorRequired` and `WrongFactor` as after a password, and
    `RateLimited` for the codes.
    """
    try:
        with transaction(proved.clinic_id) as session:
            account = FoundAccount(proved.clinic_id, _account(session, proved).user_id)
        device = known_device(account.clinic_id, account.user_id, devices, now)
        counted = count_factor(factor, account, device, address, now)
        tries = nullcontext() if proved.has_factor else counted
        with tries, transaction(proved.clinic_id) as session:
            return _enter(session, proved, factor, by, now)
    except SignInRefused as error:
        record_refusal(proved.clinic_id, error, now)
        raise


def _account(session: Session, proved: Proved) -> IdentityAccount:
    digest = None if proved.address is None else email_digest(proved.address)
    found = account_of(session, proved.clinic_id, proved.identity, digest)
    if found is None:
        raise refused("no_account")
    return found


def _enter(
    session: Session, proved: Proved, factor: SentFactor, by: LoggedInBy, now: datetime
) -> Grant:
    user_id = _account(session, proved).user_id
    _lock(session, user_id)
    check_unchanged(session, proved.clinic_id, proved.set_at)
    # Looked at again: what it rests on may have ended while the lock was waited for.
    account = _account(session, proved)
    if account.user_id != user_id:
        raise refused("no_account", about=[user_id])
    if not account.is_linked:
        if not link(session, proved.clinic_id, user_id, proved.identity, now):
            raise refused("no_account", about=[user_id])
        tell_of(session, proved.clinic_id, user_id, SIGN_IN_LINKED, now)
        audit.record(session, user_id, "sign_in_linked", now, object_id=user_id)
    if not proved.has_factor:
        check_second_factor(session, user_id, factor, now)
    grant = _narrowed(start_family(session, user_id, now, by), proved)
    who = grant.actor
    roles = grant.profile.roles
    audit.record(
        session, user_id, "logged_in", now, None, who.family_id, by="provider", roles=roles
    )
    return grant


def _lock(session: Session, user_id: UUID) -> None:
    """As a log-in by password does: what ends an account's log-ins waits, or is waited for."""
    locked = select(User.id).where(User.id == user_id, User.active)
    if session.scalar(locked.with_for_update(key_share=True)) is None:
        raise refused("no_account", about=[user_id])


def _narrowed(grant: Grant, proved: Proved) -> Grant:
    """What the account may do and the provider lets it, for this log-in; who is paged stays as it
    is. Where the clinic requires a second factor, one is enrolled here all the same: a password
    alone would open the account as well.
    """
    roles = grant.actor.roles
    if proved.roles is not None:
        roles = roles.intersection(proved.roles)
    if not roles:
        raise refused("no_role", about=[grant.actor.user_id])
    return replace(
        grant,
        actor=replace(grant.actor, roles=roles),
        profile=replace(grant.profile, roles=sorted(roles)),
    )
