"""An account's passkeys: which there are, what they are asked, and is an answer of one of them?

Parts of use cases; nothing here opens a transaction or counts tries.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models import Passkey
from services.accounts.second_factor.authenticators import (
    KnownPasskey,
    count_signed,
    request_options,
)
from services.accounts.second_factor.challenges import (
    Addressee,
    Answer,
    Challenge,
    Site,
    ask,
    unpadded,
)
from services.exceptions import CopiedPasskey, WrongFactor, WrongPasskey


def known_passkeys(session: Session, user_id: UUID, site: Site) -> Sequence[KnownPasskey]:
    """Those that answer at this site."""
    rows = session.execute(
        select(Passkey.credential_id, Passkey.transports)
        .where(Passkey.user_id == user_id, Passkey.rp_id == site.rp_id)
        .order_by(Passkey.id)
    )
    return [KnownPasskey(*row) for row in rows]


def ask_passkey(
    session: Session, whom: Addressee, site: Site, now: datetime
) -> dict[str, Any] | None:
    """What a browser asks one of the account's passkeys; None where none would answer."""
    known = known_passkeys(session, whom.user_id, site)
    if not known:
        return None
    return request_options(site, ask(session, whom, site, now), known)


def use_passkey(
    session: Session, user_id: UUID, answer: Answer, challenge: Challenge | None, now: datetime
) -> type[WrongFactor] | None:
    """Why the answer is refused; None: it is right. Of an authenticator whose counter did not go on
    there may be a copy (WebAuthn, 6.1.1).
    """
    try:
        credential_id = unpadded(answer.get("id"))
    except ValueError:
        return WrongPasskey
    if challenge is None:
        return WrongPasskey
    key = session.execute(
        select(Passkey.id, Passkey.public_key, Passkey.sign_count)
        .where(
            Passkey.user_id == user_id,
            Passkey.credential_id == credential_id,
            Passkey.rp_id == challenge.site.rp_id,
        )
        .with_for_update()
    ).one_or_none()
    count = None if key is None else count_signed(answer, challenge, key.public_key)
    if key is None or count is None:
        return WrongPasskey
    if max(count, key.sign_count) and count <= key.sign_count:
        return CopiedPasskey
    used = {"sign_count": count, "last_used_at": now}
    session.execute(update(Passkey).where(Passkey.id == key.id).values(used))
    return None
