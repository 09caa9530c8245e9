"""Firebase Cloud Messaging, HTTP v1: a reminder to an app, in the name of a service account.

Its answer says that it took the message, never that somebody has seen it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any, Final
from urllib.parse import urlencode

import jwt
import orjson
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from services.channels.base import TIMEOUT_S, ChannelError
from services.channels.exchange import Caller, ProviderAnswer
from services.channels.reminders.nudge import TAG, AddressGone, Nudge, failure

SENDS: Final = "https://fcm.googleapis.com"
SCOPE: Final = "https://www.googleapis.com/auth/firebase.messaging"
GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SIGNED_FOR: Final = timedelta(hours=1)
# A token is taken anew before it ends: a clock of ours may be behind.
SPARE: Final = timedelta(minutes=2)
# The app was removed, its token replaced, or the token is of another project.
GONE: Final = frozenset({"UNREGISTERED", "SENDER_ID_MISMATCH"})
REFUSED: Final = frozenset({400, 403, 404})


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """Who sends; the fields of the key file that Google's console gives. `sends`: where to."""

    project_id: str
    client_email: str
    token_uri: str
    private_key: str = field(repr=False)
    sends: str = SENDS

    @classmethod
    def read(cls, path: Path) -> ServiceAccount:
        """Raises `OSError`, and `ValueError` for what is no key file."""
        try:
            content = orjson.loads(path.read_bytes())
            names = ("project_id", "client_email", "token_uri", "private_key")
            found = cls(**{name: content[name] for name in names})
            load_pem_private_key(found.private_key.encode(), None)
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError("not a key file of a service account") from error
        return found

    def assertion(self, now: datetime) -> str:
        """What the token endpoint trades for an access token (RFC 7523)."""
        at = int(now.timestamp())
        claims = {
            "iss": self.client_email,
            "scope": SCOPE,
            "aud": self.token_uri,
            "iat": at,
            "exp": at + int(SIGNED_FOR.total_seconds()),
        }
        return jwt.encode(claims, self.private_key, "RS256")


@dataclass(slots=True)
class FcmChannel:
    """Reminds apps. One token serves all threads until it ends."""

    account: ServiceAccount
    timeout_s: float = TIMEOUT_S
    _token: tuple[str, datetime] = ("", datetime.min.replace(tzinfo=UTC))
    _lock: Lock = field(default_factory=Lock, repr=False)

    def remind(self, nudge: Nudge, now: datetime) -> None:
        """Google has it when this returns. Raises `ChannelError`; for an app that it does not know
        any more `AddressGone`.
        """
        headers = {
            "Authorization": f"Bearer {self._access(now)}",
            "Content-Type": "application/json",
        }
        url = f"{self.account.sends}/v1/projects/{self.account.project_id}/messages:send"
        answer = self._call(url, headers, orjson.dumps({"message": _message(nudge, now)}))
        if answer.status == 401:
            self._token = ("", now)
        if not 200 <= answer.status < 300:
            raise _failure(answer)

    def _access(self, now: datetime) -> str:
        with self._lock:
            token, ends_at = self._token
            if now + SPARE >= ends_at:
                token, ends_at = self._token = self._fetch(now)
            return token

    def _fetch(self, now: datetime) -> tuple[str, datetime]:
        fields = {"grant_type": GRANT, "assertion": self.account.assertion(now)}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = self._call(self.account.token_uri, headers, urlencode(fields).encode())
        if answer.status != 200:
            raise failure("fcm_token", answer.status, answer.retry_after)
        document = answer.document()
        token, lasts_s = document.get("access_token"), document.get("expires_in")
        if type(token) is not str or type(lasts_s) is not int:
            raise ChannelError("fcm_token_unreadable")
        return token, now + timedelta(seconds=min(lasts_s, int(SIGNED_FOR.total_seconds())))

    def _call(self, url: str, headers: dict[str, str], content: bytes) -> ProviderAnswer:
        return Caller("fcm", self.timeout_s).exchange("POST", url, headers, content)


def _message(nudge: Nudge, now: datetime) -> dict[str, Any]:
    """A notification that replaces the one before, on each platform in its own way."""
    ends_at = int(now.timestamp()) + nudge.ttl_s
    return {
        "token": nudge.address,
        "notification": {"title": nudge.title, "body": nudge.body},
        "data": {"kind": "reminder"},
        "android": {
            "collapse_key": TAG,
            "ttl": f"{nudge.ttl_s}s",
            "priority": "normal",
            "notification": {"tag": TAG},
        },
        "apns": {
            "headers": {"apns-collapse-id": TAG, "apns-expiration": str(ends_at)},
        },
    }


def _failure(answer: ProviderAnswer) -> ChannelError:
    code = _code(answer)
    if code in GONE:
        return AddressGone(f"fcm_{code.lower()}")
    refused = answer.status in REFUSED
    return failure("fcm", answer.status, answer.retry_after, permanent=refused)


def _code(answer: ProviderAnswer) -> str:
    """FCM's own word for what is wrong; empty when it says none."""
    error = answer.document().get("error")
    details = error.get("details") if isinstance(error, dict) else None
    words = (
        [one.get("errorCode") for one in details or () if isinstance(one, dict)]
        if isinstance(details, list)
        else []
    )
    return next((word for word in words if type(word) is str), "")
