"""What an address of each kind looks like, as it is stored, and what a list may show of it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import phonenumbers

from services.channels.addresses import ascii_mail_address, ascii_url
from services.channels.apprise_urls import SERVICES, read_apprise_url
from services.channels.destinations import is_refused_literal
from services.channels.webpush import read_subscription
from services.checks import check_email
from services.exceptions import Invalid

MAX_ADDRESS: Final = 2000


@dataclass(frozen=True, slots=True)
class TypedAddress:
    """`address`: as it is stored, a secret. `shown`: what lists show."""

    address: str
    shown: str


def read_address(kind: str, typed: str, push_services: Collection[str] = ()) -> TypedAddress:
    """An address as somebody typed it. Raises `Invalid`, which never echoes it: a secret.

    `push_services`: origins that the operator allows beside the known ones.
    """
    try:
        if kind == "webpush":
            return _browser(typed, push_services)
        return KINDS[kind](typed.strip())
    except ValueError as error:
        raise Invalid({"address": [WRONG[kind]]}) from error


def read_pager(typed: str, *, private: bool) -> TypedAddress:
    """An Apprise URL as an administrator typed it. Raises `Invalid`, as `read_address` does.

    `private`: may it name an address of this machine and its own networks? Names are looked up when
    something is sent.
    """
    try:
        url = read_apprise_url(typed.strip())
        if len(url.text) > MAX_ADDRESS or is_refused_literal(url.host or "", private=private):
            raise ValueError("too long, or an address that is not reached from here")
    except ValueError as error:
        raise Invalid({"address": [WRONG["apprise"]]}) from error
    return TypedAddress(url.text, url.shown)


def _mail(typed: str) -> TypedAddress:
    address = ascii_mail_address(check_email(typed, "address"))
    local, _, domain = address.rpartition("@")
    return TypedAddress(address, f"{local[0]}…@{domain}")


def _webhook(typed: str) -> TypedAddress:
    address = ascii_url(typed)
    if not typed.isprintable() or " " in typed or len(address) > MAX_ADDRESS:
        raise ValueError("blanks, control characters or too long")
    parts = urlsplit(address)
    return TypedAddress(address, f"{parts.scheme}://{parts.hostname}/…")


def _sms(typed: str) -> TypedAddress:
    """A number with its country code, kept as E.164 has it."""
    try:
        number = phonenumbers.parse(typed)
    except phonenumbers.NumberParseException as error:
        raise ValueError("not a number") from error
    if not phonenumbers.is_valid_number(number):
        raise ValueError("no such number")
    address = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return TypedAddress(address, f"+{number.country_code}…{address[-2:]}")


def _browser(typed: str, push_services: Collection[str]) -> TypedAddress:
    browser = read_subscription(typed, push_services)
    return TypedAddress(browser.text(), f"browser at {browser.host}")


KINDS: Final[dict[str, Callable[[str], TypedAddress]]] = {
    "email": _mail,
    "sms": _sms,
    "webhook": _webhook,
}
WRONG: Final = {
    "apprise": (
        "Not an Apprise URL that can be used here: one receiver of one of"
        f" {', '.join(SERVICES)}, with no option that changes what is sent."
    ),
    "email": "Not an e-mail address.",
    "sms": "Not a phone number with its country code, such as +33 6 12 34 56 78.",
    "webpush": "Not a browser's subscription to a push service that is known.",
    "webhook": (
        "Not an http(s) address that can be used: it needs a host, and no blanks, user or password."
    ),
}
