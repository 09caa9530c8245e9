"""A double of a push service, and a browser that subscribes there: it decrypts with code of its own
(RFC 8188 and 8291 by their text), and checks who signed (RFC 8292).
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from services.channels.webpush import decode, encode


def point_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The public half, as it travels."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def expand(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    """HKDF-SHA256 of one block (RFC 5869)."""
    extracted = hmac.new(salt, secret, sha256).digest()
    return hmac.new(extracted, info + b"\x01", sha256).digest()[:length]


@dataclass
class Browser:
    """One that asked its vendor's service at `endpoint` for a subscription."""

    endpoint: str
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    auth: bytes = field(default_factory=lambda: os.urandom(16))

    @property
    def subscription(self) -> str:
        """As a page sends it on."""
        keys = {"p256dh": encode(point_of(self.key)), "auth": encode(self.auth)}
        return orjson.dumps(
            {"endpoint": self.endpoint, "expirationTime": None, "keys": keys}
        ).decode()

    def read(self, request: Any) -> Any:
        """What the browser's worker gets of a push."""
        assert request.headers["Content-Encoding"] == "aes128gcm"
        body = request.body
        salt, key_length = body[:16], body[20]
        sender, sealed = body[21 : 21 + key_length], body[21 + key_length :]
        curve = ec.SECP256R1()
        shared = self.key.exchange(
            ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(curve, sender)
        )
        info = b"WebPush: info\x00" + point_of(self.key) + sender
        secret = expand(self.auth, shared, info, 32)
        content_key = expand(salt, secret, b"Content-Encoding: aes128gcm\x00", 16)
        nonce = expand(salt, secret, b"Content-Encoding: nonce\x00", 12)
        padded = AESGCM(content_key).decrypt(nonce, sealed, None).rstrip(b"\x00")
        assert padded.endswith(b"\x02")  # the last record
        return orjson.loads(padded[:-1])


def signer_of(headers: Mapping[str, str], origin: str, now: datetime) -> str:
    """Which key signed for this service, as every push service checks it."""
    scheme, token, key = headers["Authorization"].replace(",", "").split()
    point = decode(key.removeprefix("k="))
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    claims = jwt.decode(
        token.removeprefix("t="),
        public,
        ["ES256"],
        audience=origin,
        options={"verify_exp": False, "require": ["exp", "sub"]},
    )
    left = claims["exp"] - now.timestamp()
    assert scheme == "vapid"
    assert 0 < left <= 24 * 3600
    assert claims["sub"].startswith("mailto:")
    return key.removeprefix("k=")
