"""The own passkeys: listed, added in two steps as an app is, and removed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models import Passkey, User
from models.base import new_id
from models.sealing import sealed
from services import audit
from services.access import Action, Actor, scopes
from services.accounts.guesses.delays import one_tries
from services.accounts.guesses.tries import FACTOR
from services.accounts.invitation_codes import end_open_codes
from services.accounts.letters import PASSKEY_ADDED, PASSKEY_REMOVED, tell_of
from services.accounts.second_factor.authenticators import (
    Made,
    Owner,
    creation_options,
    made_by,
)
from services.accounts.second_factor.challenges import Answer, Challenge, Site, ask, take
from services.accounts.second_factor.factors import check_removable, drop_factor, own_factors
from services.accounts.second_factor.passkeys import ask_passkey, known_passkeys
from services.accounts.second_factor.proof import (
    Proof,
    addressee,
    check_both,
    check_may_enrol,
)
from services.accounts.second_factor.recovery_codes import replace_codes
from services.accounts.tokens.families import end_other_families
from services.accounts.tokens.token_check import acting
from services.exceptions import Forbidden, Invalid, NotFound

MOST: Final = 10
NOT_OFFERED: Final = (
    "Passkeys are not offered here: whoever runs the server has to give it a public address with"
    " https and a name (INTERLUDE_PUBLIC_URL)."
)
FULL: Final = "You have ten passkeys: remove one first."
NOT_MADE: Final = (
    "Not a passkey for this account and this site, or it took too long: begin once more."
)
KNOWN: Final = "This passkey is known already."


@dataclass(frozen=True, slots=True)
class OwnPasskey:
    """One that the account is asked for."""

    id: UUID
    name: str
    added_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Added:
    """The new one; recovery codes, shown this once, where it is the account's first factor."""

    passkey: OwnPasskey
    recovery_codes: list[str]


def list_passkeys(actor: Actor, now: datetime) -> list[OwnPasskey]:
    """The own passkeys, newest first; raises `Forbidden` for a patient."""
    scopes(actor, Action.OWN_FACTOR)
    with acting(actor, now) as session:
        audit.record_read(session, actor, "passkeys_read", now)
        mine = select(Passkey).where(Passkey.user_id == actor.user_id).order_by(Passkey.id.desc())
        return [
            OwnPasskey(one.id, one.name, one.added_at, one.last_used_at)
            for one in session.scalars(mine)
        ]


def begin_passkey(actor: Actor, proof: Proof, site: Site | None, now: datetime) -> dict[str, Any]:
    """What a browser asks a new authenticator; nothing is asked for until `confirm_passkey`. Proved
    as a new app is.

    Raises `Forbidden` for a patient, where the clinic has none, and without a `site`; `Invalid`,
    `RateLimited`.
    """
    scopes(actor, Action.OWN_FACTOR)
    check_may_enrol(actor, proof, now)
    if site is None:
        raise Forbidden(NOT_OFFERED)
    with acting(actor, now) as session:
        _check_room(session, actor)
        challenge = ask(session, addressee(actor, "enrol"), site, now)
        known = known_passkeys(session, actor.user_id, site)
        audit.record(session, actor.user_id, "passkey_begun", now, None, actor.user_id)
        return creation_options(site, challenge, _owner(session, actor.user_id), known)


def confirm_passkey(actor: Actor, name: str, answer: Answer, now: datetime) -> Added:
    """It is asked for from now on, and every other log-in ends.

    Raises `Forbidden` for a patient, `Invalid` for an answer that does not hold, `RateLimited`
    after several of them.
    """
    scopes(actor, Action.OWN_FACTOR)
    with one_tries("own_factor", actor.user_id, now, FACTOR):
        # Apart: it is used up, whatever comes of the answer.
        with acting(actor, now) as session:
            challenge = take(session, addressee(actor, "enrol"), answer, now)
        made = None if challenge is None else made_by(answer, challenge)
        if challenge is None or made is None:
            raise Invalid({"passkey": [NOT_MADE]})
        with acting(actor, now) as session:
            return _add(session, actor, name, made, challenge, now)


def ask_own_passkey(actor: Actor, site: Site | None, now: datetime) -> dict[str, Any]:
    """What a browser asks one of the own passkeys, whose answer is a `Proof`.

    Raises `Forbidden` for a patient, `NotFound` without a `site` and when there is none for it.
    """
    scopes(actor, Action.OWN_FACTOR)
    if site is None:
        raise NotFound(NOT_OFFERED)
    with acting(actor, now) as session:
        options = ask_passkey(session, addressee(actor, "prove"), site, now)
    if options is None:
        raise NotFound
    return options


def remove_passkey(actor: Actor, passkey_id: UUID, proof: Proof, now: datetime) -> None:
    """It opens nothing any more, and every other log-in ends. Proved as the app's removal is.

    Raises `Forbidden` for a patient, and for the last factor where the clinic asks for one;
    `NotFound`, `Invalid`, `RateLimited`.
    """
    scopes(actor, Action.OWN_FACTOR)
    with acting(actor, now) as session:
        check_removable(session, actor.user_id, passkey_id)
    check_both(actor, proof, now)
    with acting(actor, now) as session:
        end_other_families(session, actor, "factor_changed", now)
        drop_factor(session, actor.user_id, passkey_id)
        tell_of(session, actor.clinic_id, actor.user_id, PASSKEY_REMOVED, now)
        audit.record(session, actor.user_id, "passkey_removed", now, None, passkey_id)


def _add(
    session: Session, actor: Actor, name: str, made: Made, challenge: Challenge, now: datetime
) -> Added:
    # Of two codes that were out for somebody who waited for one, the other asks for no factor.
    end_open_codes(session, actor.user_id, now)
    end_other_families(session, actor, "factor_changed", now)
    _check_room(session, actor)  # several may have been begun
    is_first = not own_factors(session, actor.user_id)
    row = {
        "clinic_id": actor.clinic_id,
        "id": new_id(),
        "user_id": actor.user_id,
        "credential_id": made.credential_id,
        "public_key": made.public_key,
        "sign_count": made.sign_count,
        "transports": made.transports,
        "rp_id": challenge.site.rp_id,
        "name": name,
        "added_at": now,
    }
    place = ["clinic_id", "credential_id"]
    added = session.scalar(
        insert(Passkey)
        .values(sealed(Passkey, row))
        .on_conflict_do_nothing(index_elements=place)
        .returning(Passkey.id)
    )
    if added is None:
        raise Invalid({"passkey": [KNOWN]})
    codes = replace_codes(session, actor.clinic_id, actor.user_id) if is_first else []
    tell_of(session, actor.clinic_id, actor.user_id, PASSKEY_ADDED, now)
    audit.record(session, actor.user_id, "passkey_added", now, None, added)
    return Added(OwnPasskey(added, name, now, None), codes)


def _check_room(session: Session, actor: Actor) -> None:
    owned = select(func.count()).select_from(Passkey).where(Passkey.user_id == actor.user_id)
    if session.scalars(owned).one() >= MOST:
        raise Invalid({"passkey": [FULL]})


def _owner(session: Session, user_id: UUID) -> Owner:
    user = session.execute(select(User.email, User.name).where(User.id == user_id)).one()
    return Owner(user_id.bytes, user.email, user.name)
