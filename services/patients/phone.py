"""Which number a phone can dial, in what somebody wrote into the field for it."""

from __future__ import annotations

from collections.abc import Iterator

from phonenumbers import (
    Leniency,
    PhoneNumber,
    PhoneNumberFormat,
    PhoneNumberMatcher,
    ValidationResult,
    format_number,
    is_possible_number_with_reason,
)


def dial_address(written: str | None, country: str) -> str | None:
    """The `tel:` address (RFC 3966, with its extension) of the first number of a numbering plan,
    else of the first that may be one, read as in the clinic's country where it names none; None
    when nothing there can be dialled from everywhere.
    """
    first = next(_numbers(written or "", country.upper()), None)
    return None if first is None else format_number(first, PhoneNumberFormat.RFC3966)


def _numbers(written: str, country: str) -> Iterator[PhoneNumber]:
    """Those of a numbering plan first: a year, a day or a room beside one is none."""
    for leniency in (Leniency.VALID, Leniency.POSSIBLE):
        for found in PhoneNumberMatcher(written, country, leniency=leniency):
            possible = is_possible_number_with_reason(found.number)
            if possible == ValidationResult.IS_POSSIBLE:
                yield found.number
