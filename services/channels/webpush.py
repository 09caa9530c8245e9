"""Web push to a browser (RFC 8030): encrypted for it alone (RFC 8291), signed by us (RFC 8292).

The vendor's service answers that it keeps the message: never that somebody has seen it.
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import http_ece
import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from services.channels.addresses import ascii_url
from services.channels.base import (
    TIMEOUT_S,
    ChannelError,
    Letter,
    Message,
    Receipt,
    alert_url,
)
from services.channels.exchange import Caller
from services.channels.reminders.nudge import TAG, AddressGone, Nudge, failure
from services.channels.wording import subject

# Whose browsers may be paged: an endpoint is a URL of somebody's choice that this server calls.
PUSH_SERVICES: Final = (
    "fcm.googleapis.com",
    "push.services.mozilla.com",
    "push.apple.com",
    "notify.windows.com",
)
GONE: Final = (404, 410)
KEY_BYTES, AUTH_BYTES = 65, 16
# The order of P-256: a private key lies below it.
ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
# Seconds for which the service keeps it for a browser that is away: then somebody else has it.
KEPT_FOR_S: Final = 3600
SIGNED_FOR: Final = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class PushKey:
    """The key by which push services know us (VAPID)."""

    private: ec.EllipticCurvePrivateKey

    @classmethod
    def of(cls, secret: bytes) -> PushKey:
        """The same secret of 32 bytes gives the same key: browsers are bound to it."""
        number = int.from_bytes(secret) % (ORDER - 1) + 1
        return cls(ec.derive_private_key(number, ec.SECP256R1()))

    @property
    def public(self) -> str:
        """What a browser is given to subscribe with (`applicationServerKey`)."""
        point = self.private.public_key().public_bytes(
            Encoding.X962, PublicFormat.UncompressedPoint
        )
        return encode(point)

    def authorize(self, endpoint: str, contact: str, now: datetime) -> str:
        """The header for one push service; `contact` is a `mailto:` or `https:` address."""
        parts = urlsplit(endpoint)
        claims = {
            "aud": f"{parts.scheme}://{parts.netloc}",
            "exp": int((now + SIGNED_FOR).timestamp()),
            "sub": contact,
        }
        return f"vapid t={jwt.encode(claims, self.private, 'ES256')}, k={self.public}"


@dataclass(frozen=True, slots=True)
class Subscription:
    """A browser's, as `PushSubscription.toJSON()` gives it."""

    endpoint: str
    key: bytes
    auth: bytes

    @property
    def host(self) -> str:
        """Whose service it is."""
        return urlsplit(self.endpoint).hostname or ""

    def text(self) -> str:
        """As it is stored."""
        keys = {"p256dh": encode(self.key), "auth": encode(self.auth)}
        return orjson.dumps({"endpoint": self.endpoint, "keys": keys}).decode()


def read_subscription(text: str, more_services: Collection[str] = ()) -> Subscription:
    """Raises `ValueError` for what is none, or not of a push service that is known.

    `more_services`: origins (`https://push.example`) that the operator allows beside them.
    """
    try:
        document = orjson.loads(text)
        keys = document["keys"]
        endpoint = ascii_url(document["endpoint"])
        found = Subscription(endpoint, decode(keys["p256dh"]), decode(keys["auth"]))
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), found.key)
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError("not a subscription") from error
    if len(found.key) != KEY_BYTES or len(found.auth) != AUTH_BYTES:
        raise ValueError("keys of another length")
    parts = urlsplit(endpoint)
    vendor = any(found.host == each or found.host.endswith(f".{each}") for each in PUSH_SERVICES)
    known = vendor and parts.scheme == "https" and parts.port in (None, 443)
    if not known and f"{parts.scheme}://{parts.netloc}" not in more_services:
        raise ValueError("not a push service that is known")
    return found


@dataclass(frozen=True, slots=True)
class WebPushChannel:
    """Hands a message to the push service of a browser."""

    key: PushKey
    contact: str
    public_url: str
    more_services: Collection[str] = ()
    timeout_s: float = TIMEOUT_S

    def send(self, message: Message, now: datetime) -> Receipt:
        """The service keeps it when this returns. Raises `ChannelError`; one that does not know the
        browser any more is permanent.
        """
        if isinstance(message, Letter) and not message.short:
            raise ChannelError("webpush_takes_no_letter", permanent=True)
        # A second try takes the place of the first one.
        handling = {
            "TTL": str(KEPT_FOR_S),
            "Urgency": "high",
            "Topic": message.notification_id.hex,
        }
        self._push(message.address, self._shown(message), handling, now)
        return Receipt.SENT

    def remind(self, nudge: Nudge, now: datetime) -> None:
        """The same with a patient's reminder, which replaces the one before."""
        shown = {"kind": "reminder", "title": nudge.title, "body": nudge.body, "tag": TAG}
        handling = {"TTL": str(nudge.ttl_s), "Urgency": "normal", "Topic": TAG}
        self._push(nudge.address, shown, handling, now)

    def _push(
        self, address: str, shown: Mapping[str, Any], handling: Mapping[str, str], now: datetime
    ) -> None:
        try:
            browser = read_subscription(address, self.more_services)
        except ValueError as error:
            raise ChannelError("webpush_bad_address", permanent=True) from error
        headers = {
            "Authorization": self.key.authorize(browser.endpoint, self.contact, now),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            **handling,
        }
        content = encrypted(orjson.dumps(shown), browser)
        caller = Caller("webpush", self.timeout_s)
        answer = caller.exchange("POST", browser.endpoint, headers, content)
        if answer.status in GONE:
            raise AddressGone(f"webpush_{answer.status}")
        if not 200 <= answer.status < 300:
            raise failure("webpush", answer.status, answer.retry_after)

    def _shown(self, message: Message) -> dict[str, Any]:
        """What the browser shows: nothing about the patient."""
        tag = str(message.notification_id)
        if isinstance(message, Letter):
            return {"title": message.short, "url": None, "tag": tag}
        url = alert_url(self.public_url, message.alerts[0].alert_id)
        return {"title": subject(message), "url": url, "tag": tag}


def encrypted(content: bytes, browser: Subscription) -> bytes:
    """For this browser alone, with a key that is used once."""
    sealed: bytes = http_ece.encrypt(
        content,
        private_key=ec.generate_private_key(ec.SECP256R1()),
        dh=browser.key,
        auth_secret=browser.auth,
        version="aes128gcm",
    )
    return sealed


def encode(content: bytes) -> str:
    """Base64 as URLs take it, without padding."""
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def decode(text: str) -> bytes:
    """The opposite, with or without padding. Raises `ValueError`."""
    return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), b"-_", True)
