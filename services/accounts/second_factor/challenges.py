"""What an authenticator is asked to sign: random bytes, kept in the database until an answer comes.

Each is good once, for minutes, for whom it was made and for nothing else. It names the address that
the answer has to come from: a server that does not know its own asks for no passkey.
"""

from __future__ import annotations

import json
import secrets
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any, Final, Literal
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import delete, insert
from sqlalchemy.orm import Session

from models import PasskeyChallenge

# As long as the browser lets somebody look for their key, and fill the form in once more.
LIVES: Final = timedelta(minutes=5)
CHALLENGE_BYTES: Final = 32
Answer = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Site:
    """Where passkeys are made and asked for: the host, and the origin as browsers write it."""

    rp_id: str
    origin: str


@dataclass(frozen=True, slots=True)
class Challenge:
    """What was asked, and where."""

    value: bytes
    site: Site


@dataclass(frozen=True, slots=True)
class Addressee:
    """Who is asked, and what the answer is good for; `family_id`: the log-in that asks, None while
    somebody logs in.
    """

    clinic_id: UUID
    user_id: UUID
    purpose: Literal["log_in", "enrol", "prove"]
    family_id: UUID | None = None


def site_of(public_url: str) -> Site | None:
    """The site of a public address; None where browsers offer no passkeys: without one, without TLS
    (but on this machine), and for a number in place of a name.
    """
    parts = urlsplit(public_url)
    host = parts.hostname or ""
    local = host == "localhost" or host.endswith(".localhost")
    if not host or _is_number(host) or not (parts.scheme == "https" or local):
        return None
    return Site(host, f"{parts.scheme}://{parts.netloc}")


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def ask(session: Session, whom: Addressee, site: Site, now: datetime) -> bytes:
    """A new challenge; those of this account that are over go."""
    over = ~PasskeyChallenge.asked_at.between(now - LIVES, now + LIVES)
    session.execute(delete(PasskeyChallenge).where(PasskeyChallenge.user_id == whom.user_id, over))
    value = secrets.token_bytes(CHALLENGE_BYTES)
    row = {
        "clinic_id": whom.clinic_id,
        "user_id": whom.user_id,
        "challenge": value,
        "purpose": whom.purpose,
        "family_id": whom.family_id,
        "rp_id": site.rp_id,
        "origin": site.origin,
        "asked_at": now,
    }
    session.execute(insert(PasskeyChallenge).values(row))
    return value


def take(session: Session, whom: Addressee, answer: Answer, now: datetime) -> Challenge | None:
    """The challenge that this answers: it is gone, whatever comes of the answer. None for one that
    is over, was answered, or was made for somebody or something else (that one stays).

    Raises nothing: what cannot be read answers none.
    """
    value = _challenge_in(answer)
    if value is None:
        return None
    kept = PasskeyChallenge
    found = session.execute(
        delete(kept)
        .where(
            kept.user_id == whom.user_id,
            kept.challenge == value,
            kept.purpose == whom.purpose,
            kept.family_id.is_not_distinct_from(whom.family_id),
        )
        .returning(kept.rp_id, kept.origin, kept.asked_at)
    ).one_or_none()
    # One from a time that is still to come was made while the clock was ahead.
    if found is None or abs(now - found.asked_at) > LIVES:
        return None
    return Challenge(value, Site(found.rp_id, found.origin))


def unpadded(text: object) -> bytes:
    """The bytes of base64url as browsers write it. Raises `ValueError` for anything else."""
    if not isinstance(text, str):
        raise ValueError("no text")
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _challenge_in(answer: Answer) -> bytes | None:
    """What the browser says that it was asked."""
    try:
        sent = json.loads(unpadded(answer["response"]["clientDataJSON"]))
        return unpadded(sent["challenge"])
    except (KeyError, TypeError, ValueError, RecursionError):
        return None
