"""Text messages by Twilio's Messages API (2010-04-01), or whatever speaks it.

What it answers to a message is that it will try. Whether that arrived comes later: by a signed
callback, or when it is asked.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hmac import compare_digest
from typing import Final
from urllib.parse import urlencode, urlsplit

from services.channels.base import (
    TIMEOUT_S,
    Accepted,
    ChannelError,
    Letter,
    Message,
    Receipt,
    Report,
)
from services.channels.exchange import Caller, ProviderAnswer
from services.channels.wording import short

# Error codes that speak of this number, for good: none, no mobile, opted out, unknown, a landline.
ABOUT_THE_NUMBER: Final = frozenset({21211, 21217, 21610, 21614, 30005, 30006})
LOCAL: Final = (None, "127.0.0.1", "::1", "localhost")
ARRIVED: Final = frozenset({"delivered", "read"})
FAILED: Final = frozenset({"failed", "undelivered", "canceled"})


@dataclass(frozen=True, slots=True)
class SmsProvider:
    """The account at the provider; `url` without a path, `sender` a number or a service (`MG…`)."""

    url: str
    account: str
    token: str = field(repr=False)
    sender: str

    def sign(self, url: str, fields: Mapping[str, str]) -> str:
        """What the provider puts into `X-Twilio-Signature` of a callback to this URL."""
        signed = url + "".join(f"{name}{fields[name]}" for name in sorted(fields))
        digest = hmac.new(self.token.encode(), signed.encode(), hashlib.sha1)
        return base64.b64encode(digest.digest()).decode()

    def is_signed(self, url: str, fields: Mapping[str, str], signature: str) -> bool:
        """Did the provider call?"""
        return compare_digest(self.sign(url, fields).encode(), signature.encode())


@dataclass(frozen=True, slots=True)
class SmsChannel:
    """Sends one text message a page, and asks what became of it."""

    provider: SmsProvider
    public_url: str
    timeout_s: float = TIMEOUT_S

    def send(self, message: Message, now: datetime) -> Accepted:  # noqa: ARG002 - as all channels
        """Hand it over: the provider will try when this returns. Raises `ChannelError`."""
        if isinstance(message, Letter) and not message.short:
            raise ChannelError("sms_takes_no_letter", permanent=True)
        text = message.short if isinstance(message, Letter) else short(message, self.public_url)
        service = self.provider.sender.startswith("MG")
        fields = {
            "To": message.address,
            "MessagingServiceSid" if service else "From": self.provider.sender,
            "Body": text,
        }
        if urlsplit(self.public_url).hostname not in LOCAL:
            # An address that the provider cannot call would have the message refused.
            fields["StatusCallback"] = callback_url(self.public_url, message.receipt_key)
        answer = self._call("POST", "Messages.json", urlencode(fields).encode())
        document = answer.document()
        if not 200 <= answer.status < 300:
            code = document.get("code")
            reason = f"sms_{code if type(code) is int else answer.status}"
            raise ChannelError(reason, permanent=code in ABOUT_THE_NUMBER)
        provider_id = document.get("sid")
        return Accepted(Receipt.SENT, provider_id if type(provider_id) is str else None)

    def ask(self, provider_id: str) -> Report | None:
        """What has become of a message; None while that is open. Raises `ChannelError`."""
        answer = self._call("GET", f"Messages/{provider_id}.json")
        if answer.status != 200:
            raise ChannelError(f"sms_{answer.status}")
        document = answer.document()
        return read_report(document.get("status"), document.get("error_code"))

    def _call(self, method: str, path: str, content: bytes | None = None) -> ProviderAnswer:
        provider = self.provider
        account = base64.b64encode(f"{provider.account}:{provider.token}".encode()).decode()
        headers = {"Authorization": f"Basic {account}", "User-Agent": "interlude"}
        if content is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        url = f"{provider.url}/2010-04-01/Accounts/{provider.account}/{path}"
        return Caller("sms", self.timeout_s).exchange(method, url, headers, content)


def callback_url(public_url: str, receipt_key: str) -> str:
    """Where the provider tells what became of it; the signature covers the address too."""
    return f"{public_url}/v1/callbacks/sms/{receipt_key}"


def read_report(status: object, error_code: object) -> Report | None:
    """What a status of the provider means; None for one on the way."""
    if status in ARRIVED:
        return Report(delivered=True)
    if status not in FAILED:
        return None
    code = int(error_code) if str(error_code).isdecimal() else None  # type: ignore[call-overload] # it is
    permanent = code in ABOUT_THE_NUMBER
    return Report(delivered=False, reason=f"sms_{code or status}", permanent=permanent)
