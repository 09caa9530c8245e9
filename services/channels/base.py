"""What every channel takes and answers. A page says how urgent it is, never about whom; a letter
goes to one person about their own account.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from typing import Final, Literal, Protocol, runtime_checkable
from uuid import UUID

# Seconds without an answer after which a receiver counts as gone.
TIMEOUT_S: Final = 10.0


class Receipt(StrEnum):
    """How sure we are: a mail server took it, or the receiver itself answered that it has it."""

    SENT = "sent"
    DELIVERED = "delivered"


@dataclass(frozen=True, slots=True)
class Accepted:
    """Somebody on the way took it, and has a name for it by which it can be asked for."""

    receipt: Receipt
    provider_id: str | None


@dataclass(frozen=True, slots=True)
class Report:
    """What a provider says later about what it took. `permanent`: as in `ChannelError`."""

    delivered: bool
    reason: str = ""
    permanent: bool = False


class ChannelError(Exception):
    """It did not get through.

    `reason` is one stable word for the record and never an address. `permanent`: the same page
    to the same address will not get through later either.
    """

    def __init__(self, reason: str, *, permanent: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.permanent = permanent


@dataclass(frozen=True, slots=True)
class AlertNotice:
    """One alert as a page shows it."""

    alert_id: UUID
    severity: str
    status: str
    triggered_at: datetime


@dataclass(frozen=True, slots=True)
class NextPage:
    """Who is paged when, if nobody acts: a neutral name."""

    target: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """One page or stand-down (one alert) or one morning mail (one or more) to one address.

    A stand-down tells whoever was paged that somebody has taken or ended the alert.
    `notification_id` is the receiver's idempotency key: the same page sent again carries it.
    `first_id`: of the alert's first page, when this is another one. `why`: sentences for the last
    resort, about those who were paged before. `receipt_key`: by which a provider that calls back
    names it to us. `personal`: somebody added the address for themselves, and not the operator.
    `drill`: it is about nobody, and says so.
    """

    notification_id: UUID
    address: str = field(repr=False)
    severity: str
    alerts: tuple[AlertNotice, ...]
    signing_secret: str | None = field(default=None, repr=False)
    kind: Literal["page", "digest", "stand_down"] = "page"
    clinic: str = ""
    zone: tzinfo = UTC
    first_id: UUID | None = None
    next_page: NextPage | None = None
    why: tuple[str, ...] = ()
    receipt_key: str = ""
    personal: bool = False
    drill: bool = False


@dataclass(frozen=True, slots=True)
class Letter:
    """What is sent to one person, or to a contact of the chain, and is no page. `text` may contain
    a secret.

    `short`: the same where there is little room (a text message); only of what may leave by another
    way than mail, as a `signing_secret` is only of a webhook's. `personal`: as in `Page`.
    """

    notification_id: UUID
    address: str = field(repr=False)
    subject: str
    text: str = field(repr=False)
    short: str = field(default="", repr=False)
    signing_secret: str | None = field(default=None, repr=False)
    receipt_key: str = ""
    personal: bool = True


Message = Page | Letter


class Channel(Protocol):
    """One way to reach somebody."""

    def send(self, message: Message, now: datetime) -> Receipt | Accepted:
        """Hand the message over. Raises `ChannelError`; returns within a bounded time."""
        ...


@runtime_checkable
class CanBeAsked(Protocol):
    """A channel whose provider can be asked what became of a message."""

    def ask(self, provider_id: str) -> Report | None:
        """None while that is open. Raises `ChannelError`; returns within a bounded time."""
        ...


@dataclass(frozen=True, slots=True)
class MissingChannel:
    """Stands in for a way that is not set up here: what goes by it goes on by the next at once."""

    name: str

    def send(self, message: Message, now: datetime) -> Receipt:  # noqa: ARG002 - as all
        """Always raises `ChannelError`."""
        raise ChannelError(f"{self.name}_not_set_up")


def short_id(alert_id: UUID) -> str:
    """Eight letters and digits that tell an alert from others: the last ones, since the first ones
    of alerts of the same minute are equal.
    """
    return alert_id.hex[-8:].upper()


def alert_url(public_url: str, alert_id: UUID) -> str | None:
    """The page that opens the facts after log-in; None where nobody knows our public URL, since a
    link that leads nowhere is worse than none.
    """
    return f"{public_url}/a/{alert_id}" if public_url else None
