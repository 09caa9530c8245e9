"""A page by any of the services of `apprise_urls`: Apprise writes the request, and we send it.

What comes back is that a provider took it, never that anybody has it: Apprise knows no receipt.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.channels.apprise_urls import read_apprise_url
from services.channels.base import TIMEOUT_S, ChannelError, Letter, Message, Receipt
from services.channels.exchange import Caller
from services.channels.wording import short


@dataclass(frozen=True, slots=True)
class AppriseChannel:
    """`private`: receivers on this machine and in its own networks are reached, too."""

    public_url: str
    private: bool = False
    timeout_s: float = TIMEOUT_S

    def send(self, message: Message, now: datetime) -> Receipt:  # noqa: ARG002 - as all channels
        """Hand it over: a provider has taken it when this returns. Raises `ChannelError`."""
        if isinstance(message, Letter) and not message.short:
            raise ChannelError("apprise_takes_no_letter", permanent=True)
        text = message.short if isinstance(message, Letter) else short(message, self.public_url)
        try:
            url = read_apprise_url(message.address)
        except ValueError as error:
            raise ChannelError("apprise_bad_address", permanent=True) from error
        # Here and not above: it takes a third of a second and 8 MB, and of the processes that know
        # this channel only those that page by it need it.
        from services.channels.apprise_plugins import hand_over

        hand_over(url, text, Caller("apprise", self.timeout_s, private=self.private))
        return Receipt.SENT
