"""Another address for the own account: asked for with the password, confirmed from its mailbox."""

from __future__ import annotations

from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import EmailChange, User
from models.base import new_id
from services import audit
from services.access import Actor
from services.accounts.account import (
    TAKEN,
    Profile,
    email_digest,
    free_address,
    load_profile,
)
from services.accounts.address_changes import (
    UNDONE_WITHIN,
    is_kept_for_another,
    lock_open_changes,
)
from services.accounts.endings import end_reset_code
from services.accounts.guesses.delays import Key, count_attempt, guesses_codes
from services.accounts.guesses.tries import Allowance
from services.accounts.invitation_codes import code_digest, new_code
from services.accounts.letters import addressed, queue_letter
from services.accounts.second_factor.proof import NOT_YOURS, UNSET, Proof, check_proof
from services.accounts.tokens.token_check import acting
from services.checks import check_email
from services.clinic.contacts import follow_address
from services.exceptions import AddressCodeInvalid, Invalid
from services.membership.undo_address import undo_link
from services.password_reset.codes import credentials_digest

VALID_FOR: Final = timedelta(hours=24)
# Each is a letter to an address that nobody has confirmed.
ASKS: Final = Allowance(3, timedelta(minutes=5))


def ask_for_address(actor: Actor, email: str, proof: Proof, undo_page: str, now: datetime) -> None:
    """A code to the new address, and word of it to the old one; the same whoever has the new one.

    `undo_page` is the address that the code of the old mailbox's link is put behind. An earlier
    code ends. Raises `Invalid`, and `RateLimited` after several wrong proofs or many letters.
    """
    check_email(email)
    kept = check_proof(actor, proof, now)
    if kept is None:
        raise Invalid({"password": [UNSET]})
    count_attempt(Key("new_address", str(actor.user_id)), ASKS, now)
    code = new_code()
    with acting(actor, now) as session:
        for earlier in lock_open_changes(session, actor.user_id):
            earlier.expires_at = min(earlier.expires_at, now)
        user = _account(session, actor, lock=True)
        if user.password_hash != kept:
            raise Invalid({"password": [NOT_YOURS]})
        change = _keep(session, user, email, code, now)
        until = now + VALID_FOR, now + UNDONE_WITHIN
        _write(session, user, addressed("new_address", email, code), until[0], now)
        link = undo_page + undo_link(user.clinic_id, change.id)
        _write(session, user, addressed("asked", user.email, link), until[1], now)
        audit.record(session, user.id, "address_change_asked", now, actor.patient_id, change.id)


def confirm_address(
    actor: Actor, code: str, undo_page: str, address: str | None, now: datetime
) -> Profile:
    """The account, and its links of the alert chain, have the new address; the old one is told.

    The same code again answers the same. Raises `AddressCodeInvalid` alike for codes that are
    unknown, over, replaced, undone, or of a password that has changed since; `Invalid` when another
    account of the clinic has the address; `RateLimited` after too many wrong ones.
    """
    digest = code_digest(code, "email_changes.code")
    with guesses_codes(address, now), acting(actor, now) as session:
        changes = lock_open_changes(session, actor.user_id)
        change = next((one for one in changes if compare_digest(one.code_digest, digest)), None)
        if change is None:
            raise AddressCodeInvalid
        if change.confirmed_at is None:
            end_reset_code(session, actor.user_id, now)  # it went to the old mailbox
        user = _account(session, actor, lock=True)
        if change.confirmed_at is None:
            _confirm(session, actor, user, change, now)
            link = undo_page + undo_link(user.clinic_id, change.id)
            content = addressed("changed", change.old_email, link)
            _write(session, user, content, now + UNDONE_WITHIN, now)
            moved = [str(each) for each in change.contact_ids]
            detail: dict[str, Any] = {"contacts": moved} if moved else {}
            whose = (actor.patient_id, change.id)
            audit.record(session, user.id, "address_changed", now, *whose, **detail)
        elif user.email_digest != change.new_digest:
            raise AddressCodeInvalid
        return load_profile(session, user.id)


def _confirm(
    session: Session, actor: Actor, user: User, change: EmailChange, now: datetime
) -> None:
    stands = change.expires_at > now and user.password_hash is not None
    if not stands or not compare_digest(change.credentials_digest, _credentials(user)):
        raise AddressCodeInvalid
    if is_kept_for_another(session, change.new_digest, now, but=user.id):
        raise Invalid({"email": [TAKEN]})
    # What it leaves is what undoing gives back, also where an earlier change came in between.
    change.old_email, change.old_digest = user.email, user.email_digest
    with free_address("email"):
        user.email, user.email_digest = change.new_email, change.new_digest
        session.flush()
    if actor.patient_id is None:
        change.contact_ids = follow_address(session, user.id, change.old_email, change.new_email)
    change.confirmed_at = now
    session.flush()  # the head of the audit chain is locked last


def _keep(session: Session, user: User, email: str, code: str, now: datetime) -> EmailChange:
    change = EmailChange(
        clinic_id=user.clinic_id,
        id=new_id(),
        user_id=user.id,
        old_email=user.email,
        old_digest=user.email_digest,
        new_email=email.strip(),
        new_digest=email_digest(email),
        code_digest=code_digest(code, "email_changes.code"),
        credentials_digest=_credentials(user),
        asked_at=now,
        expires_at=now + VALID_FOR,
    )
    session.add(change)
    session.flush()
    return change


def _credentials(user: User) -> bytes:
    return credentials_digest(user.password_hash or "", user.epoch)


def _account(session: Session, actor: Actor, *, lock: bool = False) -> User:
    query = select(User).where(User.id == actor.user_id)
    query = query.execution_options(populate_existing=True)
    return session.scalars(query.with_for_update(key_share=True) if lock else query).one()


def _write(session: Session, user: User, content: str, until: datetime, now: datetime) -> None:
    queue_letter(session, user.clinic_id, user.id, code=content, expires_at=until, now=now)
