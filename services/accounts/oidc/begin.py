"""A sign-in begins: where a browser is sent, and what it keeps meanwhile.

The browser keeps one secret, which never goes to the provider. State, nonce and the verifier of
PKCE are made from it, so that an answer is of use in that browser alone; and a row that goes with
the first answer makes it of use once.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete, insert
from sqlalchemy.orm import Session

from models import OidcSignIn
from models.encryption import keyring
from services.accounts.guesses.delays import Key, count_attempt, network_of
from services.accounts.guesses.tries import Allowance
from services.accounts.oidc.discovery import Asker
from services.accounts.oidc.providers import find_provider
from services.unit_of_work import transaction

# From the button to the answer.
WITHIN: Final = timedelta(minutes=10)
# Of one address, behind which a whole hospital may be.
SIGN_INS: Final = Allowance(60, timedelta(seconds=1))
SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Begun:
    """Where the browser goes, and the secret that it keeps."""

    address: str
    secret: str


def made_from(secret: str, purpose: str) -> str:
    """State, nonce or verifier of the sign-in with this secret: 256 bits, as 43 letters."""
    digest = hmac.digest(secret.encode(), f"interlude oidc {purpose}".encode(), "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def begin_sign_in(
    clinic_id: UUID, back: str, asker: Asker, address: str | None, now: datetime
) -> Begun:
    """Send a browser to the clinic's provider, which sends it `back` to this address of ours.

    Raises `NotFound` where the clinic has none, `RateLimited`, and `SignInRefused` when the
    provider does not answer.
    """
    from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
    from authlib.oauth2.rfc7636 import create_s256_code_challenge

    provider = find_provider(clinic_id)
    count_attempt(Key("oidc", network_of(address)), SIGN_INS, now)
    metadata = asker.metadata(provider.issuer, now)
    secret = secrets.token_urlsafe(SECRET_BYTES)
    with transaction(clinic_id) as session:
        _forget(session, clinic_id, now)
        row = {"clinic_id": clinic_id, "secret_digest": _digest(secret), "begun_at": now}
        session.execute(insert(OidcSignIn).values(row))
    sent_to = prepare_grant_uri(
        metadata.authorization_endpoint,
        client_id=provider.client_id,
        response_type="code",
        redirect_uri=back,
        scope=provider.scope,
        state=made_from(secret, "state"),
        nonce=made_from(secret, "nonce"),
        code_challenge=create_s256_code_challenge(made_from(secret, "verifier")),
        code_challenge_method="S256",
    )
    return Begun(sent_to, secret)


def spend(clinic_id: UUID, secret: str, now: datetime) -> bool:
    """Was a sign-in of this clinic begun with it, less than ten minutes ago? It is over now: of two
    answers one finds it.
    """
    with transaction(clinic_id) as session:
        begun_at = session.scalar(
            delete(OidcSignIn)
            .where(OidcSignIn.clinic_id == clinic_id, OidcSignIn.secret_digest == _digest(secret))
            .returning(OidcSignIn.begun_at)
        )
    return begun_at is not None and abs(now - begun_at) < WITHIN


def _forget(session: Session, clinic_id: UUID, now: datetime) -> None:
    """Those that nobody came back from."""
    old = OidcSignIn.begun_at < now - WITHIN
    session.execute(delete(OidcSignIn).where(OidcSignIn.clinic_id == clinic_id, old))


def _digest(secret: str) -> bytes:
    return keyring.digest(secret.encode(), "oidc_sign_ins.secret")
