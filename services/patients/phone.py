"""Which number a phone can dial, in what somebody wrote into the field for it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from phonenumbers import (
    Leniency,
    PhoneNumber,
    PhoneNumberFormat,
    PhoneNumberMatcher,
    ValidationResult,
    format_number,
    is_possible_number_with_reason,
)

# As days are written: three numbers with a sign or a blank between, or eight digits.
_DATE: Final = re.compile(
    r"(\d{1,2})(?P<sign>[./\- ]) ?(\d{1,2})(?P=sign) ?(?:19|20)?\d\d"
    r"|(?:19|20)\d\d(?P<other>[./\- ]?)(\d{1,2})(?P=other)(\d{1,2})"
    r"|(\d\d)(\d\d)(?:19|20)\d\d"
)
_DAYS, _MONTHS = 31, 12


def dial_address(written: str | None, country: str) -> str | None:
    """The `tel:` address (RFC 3966, with its extension) of the first number of a numbering plan,
    else of the first that may be one, read as in the clinic's country where it names none; None
    when nothing there can be dialled from everywhere.
    """
    first = next(_numbers(written or "", country.upper()), None)
    return None if first is None else format_number(first, PhoneNumberFormat.RFC3966)


def _numbers(written: str, country: str) -> Iterator[PhoneNumber]:
    """Those of a numbering plan first: a year, a day or a room beside one is none. A birthday is
    none of either, but where a numbering plan has it and nothing but blanks parts it.
    """
    for leniency in (Leniency.VALID, Leniency.POSSIBLE):
        for found in PhoneNumberMatcher(written, country, leniency=leniency):
            possible = is_possible_number_with_reason(found.number)
            is_sure = leniency == Leniency.VALID and found.raw_string.replace(" ", "").isdigit()
            if possible == ValidationResult.IS_POSSIBLE and (
                is_sure or not _is_date(found.raw_string)
            ):
                yield found.number


def _is_date(written: str) -> bool:
    """Day and month in either order, the year at either end."""
    found = _DATE.fullmatch(written)
    if found is None:
        return False
    low, high = sorted(int(part) for part in found.groups() if part and part.isdigit())
    return 1 <= low <= _MONTHS and high <= _DAYS
