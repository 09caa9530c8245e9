"""An authenticator in software (WebAuthn): ES256 keys, a counter, and what a browser puts around.

It signs whatever it is told to, so that a test can send what no browser would.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from secrets import token_bytes
from typing import Any
from uuid import UUID

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask

from models import Passkey
from models.base import new_id
from services.clock import utcnow
from services.unit_of_work import transaction
from tests.builders.world import Person

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40
Options = Mapping[str, Any]
ADDRESS = "http://localhost:8000"


@contextmanager
def known_by_name(app: Flask, address: str = ADDRESS) -> Iterator[None]:
    """The server has this public address for a while: passkeys are offered where it has a name."""
    before = app.config["INTERLUDE"]
    app.config["INTERLUDE"] = replace(before, public_url=address)
    try:
        yield
    finally:
        app.config["INTERLUDE"] = before


def kept_key(person: Person) -> UUID:
    """A passkey of theirs, as if it had been added, which is called as they are."""
    key, now = SoftwareKey(), utcnow()
    row = Passkey(
        clinic_id=person.actor.clinic_id,
        id=new_id(),
        user_id=person.user_id,
        credential_id=key.credential_id,
        public_key=key.public_key,
        sign_count=0,
        transports=[],
        rp_id="localhost",
        name=person.name,
        added_at=now,
    )
    with person.app.app_context(), transaction(person.actor.clinic_id) as session:
        session.add(row)
        return row.id


def text_of(value: bytes) -> str:
    """base64url without padding, as browsers write it."""
    return urlsafe_b64encode(value).rstrip(b"=").decode()


def bytes_of(text: str) -> bytes:
    """And back."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class SoftwareKey:
    """One authenticator with one key; `origin`: of the page that it is asked on."""

    origin: str = ADDRESS
    counts: bool = True
    count: int = 0
    flags: int = PRESENT
    credential_id: bytes = field(default_factory=lambda: token_bytes(32))
    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def make(self, options: Options, **odd: Any) -> dict[str, Any]:
        """The answer to `navigator.credentials.create`; `odd`: members of the client's data."""
        rp_id = options["rp"]["id"]
        attested = bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id
        data = self._data(rp_id, ATTESTED) + attested + self.public_key
        attestation = {"fmt": "none", "attStmt": {}, "authData": data}
        client = self._client("webauthn.create", options, odd)
        made = {
            "clientDataJSON": text_of(client),
            "attestationObject": text_of(cbor2.dumps(attestation)),
        }
        return self._answer({**made, "transports": ["internal", "usb", "by pigeon"]})

    def sign(self, options: Options, **odd: Any) -> dict[str, Any]:
        """The answer to `navigator.credentials.get`; `rp_id` in `odd`: another one than asked."""
        rp_id = odd.pop("rp_id", options["rpId"])
        self.count += self.counts
        data, client = self._data(rp_id, 0), self._client("webauthn.get", options, odd)
        signature = self.private.sign(data + sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer(
            {
                "clientDataJSON": text_of(client),
                "authenticatorData": text_of(data),
                "signature": text_of(signature),
                "userHandle": None,
            }
        )

    @property
    def public_key(self) -> bytes:
        """As COSE writes it (RFC 9053): EC2, ES256, P-256."""
        point = self.private.public_key().public_numbers()
        x, y = (number.to_bytes(32, "big") for number in (point.x, point.y))
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})

    def _data(self, rp_id: str, more: int) -> bytes:
        flags = bytes([self.flags | more])
        return sha256(rp_id.encode()).digest() + flags + self.count.to_bytes(4, "big")

    def _client(self, kind: str, options: Options, odd: Mapping[str, Any]) -> bytes:
        asked = {"type": kind, "challenge": options["challenge"], "origin": self.origin}
        return json.dumps({**asked, "crossOrigin": False, **odd}).encode()

    def _answer(self, response: dict[str, Any]) -> dict[str, Any]:
        shown = text_of(self.credential_id)
        return {
            "id": shown,
            "rawId": shown,
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": response,
        }
