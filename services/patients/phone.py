"""Which number a phone can dial, in what somebody wrote into the field for it."""

from __future__ import annotations

from phonenumbers import Leniency, PhoneNumberFormat, PhoneNumberMatcher, format_number


def dial_address(written: str | None, country: str) -> str | None:
    """The `tel:` address (RFC 3966, with its extension) of the first number that may exist, read as
    in the clinic's country where it names none; None when nothing there can be dialled.
    """
    found = PhoneNumberMatcher(written or "", country.upper(), leniency=Leniency.POSSIBLE)
    first = next(iter(found), None)
    return None if first is None else format_number(first.number, PhoneNumberFormat.RFC3966)
