"""A signed webhook: the receiver's own 2xx is the receipt."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Final
from urllib.parse import urlsplit

import orjson

from services.channels.addresses import ascii_url
from services.channels.base import TIMEOUT_S, ChannelError, Letter, Message, Receipt, alert_url
from services.channels.deadline import cut_after
from services.channels.destinations import DestinationRefused, guard

# Request Timeout, Too Early, Too Many Requests: the receiver asks to be tried again.
TRY_AGAIN: Final = frozenset({408, 425, 429})


class FinalResponse(http.client.HTTPResponse):
    """The answer, however many interim ones (RFC 9110, 15.2) come before it. Switching protocols is
    one that we never asked for, and final.
    """

    def begin(self) -> None:
        """Read status and headers."""
        super().begin()
        while 100 < self.status < 200 and self.status != http.HTTPStatus.SWITCHING_PROTOCOLS:
            self.headers = None  # type: ignore[assignment] # so that it reads the next one
            super().begin()


@dataclass(frozen=True, slots=True)
class WebhookChannel:
    """POSTs one page as signed JSON. Follows no redirect: it would carry the page elsewhere.

    `private`: receivers on this machine and in its own networks are reached; `private_methods`:
    also those that members of staff added for themselves.
    """

    public_url: str
    timeout_s: float = TIMEOUT_S
    private: bool = True
    private_methods: bool = False

    def send(self, message: Message, now: datetime) -> Receipt:
        """POST it; the receiver has answered 2xx within 10 s in all when this returns.

        Raises `ChannelError`, at once for a letter that is not about a webhook: it goes by mail.
        """
        if isinstance(message, Letter) and message.signing_secret is None:
            raise ChannelError("webhook_takes_no_letter", permanent=True)
        content = self.content(message)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "interlude",
            "Idempotency-Key": str(message.notification_id),
            "Interlude-Signature": signature(message.signing_secret or "", content, now),
        }
        started = monotonic()
        try:
            status = self._post(message, content, headers, started)
        except DestinationRefused as error:
            raise ChannelError("webhook_refused_address") from error
        except (OSError, http.client.HTTPException) as error:
            slow = monotonic() - started >= self.timeout_s
            raise ChannelError("webhook_timeout" if slow else "webhook_unreachable") from error
        except ValueError as error:
            raise ChannelError("webhook_bad_address", permanent=True) from error
        if not 200 <= status < 300:
            permanent = 300 <= status < 500 and status not in TRY_AGAIN
            raise ChannelError(f"webhook_{status}", permanent=permanent)
        return Receipt.DELIVERED

    def content(self, page: Message) -> bytes:
        """The bytes that are signed and sent; a page has exactly one alert, a letter none."""
        if isinstance(page, Letter):
            return orjson.dumps({"notification_id": page.notification_id, "text": page.short})
        (notice,) = page.alerts
        return orjson.dumps(
            {
                "notification_id": page.notification_id,
                "alert_id": notice.alert_id,
                "severity": page.severity,
                "status": notice.status,
                "triggered_at": notice.triggered_at.astimezone(UTC),
                "url": alert_url(self.public_url, notice.alert_id),
                **({"drill": True} if page.drill else {}),
            },
            option=orjson.OPT_UTC_Z,
        )

    def _post(
        self, message: Message, content: bytes, headers: dict[str, str], started: float
    ) -> int:
        connection, target = connection_to(message.address, self.timeout_s)
        guard(connection, private=self.private_methods if message.personal else self.private)
        try:
            connection.connect()
            left = max(0.0, self.timeout_s - (monotonic() - started))
            with cut_after(left, lambda: connection.sock):
                connection.request("POST", target, content, headers)
                return connection.getresponse().status
        finally:
            connection.close()


def connection_to(url: str, timeout_s: float) -> tuple[http.client.HTTPConnection, str]:
    """A connection that is not open yet and what to ask for; `ValueError` when it is no URL."""
    parts = urlsplit(ascii_url(url))
    if parts.hostname is None:
        raise AssertionError("an http(s) address has a host")
    target = parts._replace(scheme="", netloc="", path=parts.path or "/", fragment="").geturl()
    connection: http.client.HTTPConnection
    if parts.scheme == "http":
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout_s)
    else:
        context = ssl.create_default_context()
        connection = http.client.HTTPSConnection(
            parts.hostname, parts.port, timeout=timeout_s, context=context
        )
    connection.response_class = FinalResponse
    return connection, target


def signature(secret: str, content: bytes, now: datetime) -> str:
    """`t=<unix seconds>,v1=<hex HMAC-SHA256 of "<t>.<body>">`, keyed with the signing secret."""
    stamp = str(int(now.timestamp()))
    signed = hmac.new(secret.encode(), f"{stamp}.".encode() + content, hashlib.sha256)
    return f"t={stamp},v1={signed.hexdigest()}"
