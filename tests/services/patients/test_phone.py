"""Only a number that can be dialled gets an address, and never a false one."""

from __future__ import annotations

import json

import pytest

from services.patients.phone import dial_address
from services.patients.record import is_contact_missing


@pytest.mark.parametrize(
    ("written", "country", "address"),
    [
        ("+33 6 55 55 01 99", "FR", "tel:+33-6-55-55-01-99"),
        ("06 55 55 01 99", "FR", "tel:+33-6-55-55-01-99"),
        ("+33 (0)6 55-55 01 99", "US", "tel:+33-6-55-55-01-99"),
        ("+49 (0)30 123456", "DE", "tel:+49-30-123456"),
        ("0044 20 7946 0958", "GB", "tel:+44-20-7946-0958"),
        ("(212) 555-0100", "us", "tel:+1-212-555-0100"),
        ("212-555-0100 ext. 42", "US", "tel:+1-212-555-0100;ext=42"),
        ("+1 212 555 0100 x42", "FR", "tel:+1-212-555-0100;ext=42"),
        ("212 555 0100 / 212 555 0111", "US", "tel:+1-212-555-0100"),
        ("212-555-0100, or 212-555-0111", "US", "tel:+1-212-555-0100"),
        ("2125550100 2125550111", "US", "tel:+1-212-555-0100"),
        ("home: 212 555 0100 (after 5)", "US", "tel:+1-212-555-0100"),
        ("born 1980, 030 12345678", "DE", "tel:+49-30-12345678"),
        ("room 12: 030 12345678", "DE", "tel:+49-30-12345678"),
        ("+1 555 0100", "US", None),
        ("555-0100", "US", None),
        ("112", "DE", None),
        ("＋33 ６ 55 55 01 99", "FR", "tel:+33-6-55-55-01-99"),
        ("+33 1", "FR", None),
        ("12345678901234567890", "US", None),
        ("ask her sister", "US", None),
        ("+", "US", None),
        ("", "US", None),
        (None, "US", None),
        ("06 55 55 01 99", "", None),
    ],
)
def test_a_number_that_a_phone_can_dial(written: str | None, country: str, address: str | None):
    assert dial_address(written, country) == address


@pytest.mark.parametrize("country", ["DE", "DK", "US", "FR", "GB", "NL", "NO", "IN"])
@pytest.mark.parametrize(
    "written",
    [
        *("12.03.1980", "1980-03-12", "03/12/1980", "1980/03/12", "12-03-1980", "12. 3. 1980"),
        *("12.03.80", "31.12.1999", "03-31-1980", "1.1.2001", "born 12.03.1980", "1980.12.31"),
        *("19800312", "12031980", "12 03 1980", "1980 03 12"),
    ],
)
def test_a_birthday_is_no_number(written: str, country: str):
    assert dial_address(written, country) is None
    assert is_contact_missing(written, None, country)


@pytest.mark.parametrize(
    ("written", "country", "address"),
    [
        ("12.03.1980, 030 12345678", "DE", "tel:+49-30-12345678"),
        ("31 12 19 99", "DK", "tel:+45-31-12-19-99"),
        ("31121999", "DK", "tel:+45-31-12-19-99"),
        ("45.03.1980", "DK", "tel:+45-45-03-19-80"),
    ],
)
def test_a_number_that_looks_like_a_birthday_can_be_dialled(
    written: str, country: str, address: str
):
    assert dial_address(written, country) == address


@pytest.mark.parametrize(
    ("phone", "contact", "missing"),
    [
        ("+1 212 555 0100", None, False),
        ("ask her sister", None, True),
        ("ask her sister", "the sister", True),
        (None, "212-555-0111", False),
        ("+33 1", "212-555-0111", False),
        (None, None, True),
    ],
)
def test_nobody_can_be_called_when_nothing_can_be_dialled(phone, contact, missing):
    kept = None if contact is None else json.dumps({"name": "Eve", "phone": contact})
    assert is_contact_missing(phone, kept, "US") is missing
