"""What browsers ask an authenticator, and whether its answer holds (WebAuthn).

The library that reads answers, with what it stands on, is 16 MB: it is loaded by the first answer,
and by no process that is sent none.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.accounts.second_factor.challenges import LIVES, Answer, Challenge, Site

ISSUER: Final = "Interlude"
# Ed25519, ECDSA with P-256, RSA with SHA-256 (IANA, COSE algorithms): what authenticators have.
ALGORITHMS: Final = (-8, -7, -257)
TRANSPORTS: Final = frozenset({"ble", "hybrid", "internal", "nfc", "smart-card", "usb"})
# WebAuthn, 4, "credential id"; what is longer fits into no index.
LONGEST_ID: Final = 1023
TIMEOUT_MS: Final = int(LIVES.total_seconds() * 1000)


@dataclass(frozen=True, slots=True)
class KnownPasskey:
    """A credential, and how it can be reached."""

    credential_id: bytes
    transports: Sequence[str]


@dataclass(frozen=True, slots=True)
class Made:
    """A new credential."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    transports: list[str]


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose passkey it will be; the name and address are shown by the authenticator."""

    id: bytes
    email: str
    name: str


def creation_options(
    site: Site, challenge: bytes, owner: Owner, known: Sequence[KnownPasskey]
) -> dict[str, Any]:
    """What `navigator.credentials.create` takes, in the standard's JSON; of no authenticator that
    is `known` already, and asking for no word of its maker's.
    """
    return {
        "rp": {"id": site.rp_id, "name": ISSUER},
        "user": {"id": _text(owner.id), "name": owner.email, "displayName": owner.name},
        "challenge": _text(challenge),
        "pubKeyCredParams": [{"type": "public-key", "alg": each} for each in ALGORITHMS],
        "timeout": TIMEOUT_MS,
        "excludeCredentials": _named(known),
        "authenticatorSelection": {"residentKey": "preferred", "userVerification": "preferred"},
        "attestation": "none",
    }


def request_options(site: Site, challenge: bytes, known: Sequence[KnownPasskey]) -> dict[str, Any]:
    """What `navigator.credentials.get` takes, for one of the `known`."""
    return {
        "rpId": site.rp_id,
        "challenge": _text(challenge),
        "timeout": TIMEOUT_MS,
        "allowCredentials": _named(known),
        "userVerification": "preferred",
    }


def made_by(answer: Answer, challenge: Challenge) -> Made | None:
    """The credential that was made for this challenge, at this site, by somebody who was there;
    None for an answer that does not hold.
    """
    from webauthn import verify_registration_response

    try:
        found = verify_registration_response(
            credential=dict(answer),
            expected_challenge=challenge.value,
            expected_rp_id=challenge.site.rp_id,
            expected_origin=challenge.site.origin,
        )
    except Exception:  # noqa: BLE001 - whatever the bytes of a stranger break in it, they hold not
        return None
    if len(found.credential_id) > LONGEST_ID:
        return None
    named = answer["response"].get("transports")
    transports = TRANSPORTS.intersection(map(str, named)) if isinstance(named, list) else ()
    return Made(
        found.credential_id, found.credential_public_key, found.sign_count, sorted(transports)
    )


def count_signed(answer: Answer, challenge: Challenge, public_key: bytes) -> int | None:
    """The counter of an answer that this key has signed, likewise; None for one that does not hold.

    Whether it went on is the caller's to compare.
    """
    from webauthn import verify_authentication_response

    try:
        found = verify_authentication_response(
            credential=dict(answer),
            expected_challenge=challenge.value,
            expected_rp_id=challenge.site.rp_id,
            expected_origin=challenge.site.origin,
            credential_public_key=public_key,
            credential_current_sign_count=0,
        )
    except Exception:  # noqa: BLE001 - as above
        return None
    return found.new_sign_count


def _named(known: Sequence[KnownPasskey]) -> list[dict[str, Any]]:
    return [
        {"type": "public-key", "id": _text(each.credential_id), "transports": [*each.transports]}
        for each in known
    ]


def _text(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode()
