"""Screening: valid, expired or missing, and what speaks against which treatment."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from services.rules.session_day.screening import (
    CONTRAINDICATIONS,
    SCREENING_LIST,
    Screening,
    default_expiry,
    newest,
    screening_flags,
)

DAY = date(2026, 3, 10)


def on(days: int) -> date:
    return DAY + timedelta(days=days)


def screened(first: int, last: int, *codes: str) -> Screening:
    return Screening(on(first), on(last), codes)


@pytest.mark.parametrize(
    ("name", "screening", "flags"),
    [
        ("none", None, {"screening_missing"}),
        ("valid", screened(-9, 9), set()),
        ("made on the day", screened(0, 9), set()),
        ("made the day after", screened(1, 9), {"screening_missing"}),
        ("the last day", screened(-9, 0), set()),
        ("the day after the last", screened(-9, -1), {"screening_expired"}),
        ("with something against it", screened(-9, 9, "psychosis"), {"contraindication"}),
        (
            "expired, with something against it",
            screened(-9, -1, "hypersensitivity"),
            {"screening_expired", "contraindication"},
        ),
        ("a code of another version", screened(-9, 9, "unheard_of"), {"contraindication"}),
    ],
)
def test_flags_row_by_row(name, screening, flags):
    assert screening_flags(screening, DAY) == flags, name


@pytest.mark.parametrize(
    ("code", "product", "counts"),
    [
        ("hypersensitivity", "ketamine", True),
        ("hypersensitivity", "other", True),
        ("hypersensitivity", "tms", False),
        ("metal_in_the_head", "tms", True),
        ("metal_in_the_head", "esketamine", False),
        ("uncontrolled_hypertension", "ect", True),
        ("intracranial_lesion", "tms", True),
        ("unheard_of", "tms", True),
    ],
)
def test_a_contraindication_counts_for_its_products(code, product, counts):
    flags = screening_flags(screened(-1, 1, code), DAY, product)

    assert ("contraindication" in flags) is counts


@pytest.mark.parametrize(
    ("code", "weight"),
    [
        ("aneurysmal_vascular_disease", "absolute"),
        ("arteriovenous_malformation", "absolute"),
        ("intracerebral_haemorrhage_history", "absolute"),
        ("hypersensitivity", "absolute"),
        ("uncontrolled_hypertension", "needs_decision"),
        ("intracranial_lesion", "needs_decision"),
    ],
)
def test_the_contraindications_of_the_label_are_absolute(code, weight):
    assert code in CONTRAINDICATIONS
    assert SCREENING_LIST.contraindications[code].weight == weight


def test_a_screening_is_valid_half_a_year_unless_stated_otherwise():
    assert default_expiry(DAY) == DAY + timedelta(days=180)


def test_the_newest_screening_made_by_then_counts():
    first, second, again = screened(-9, 9), screened(-2, 5), screened(-2, 30)

    assert newest([second, first, again, screened(1, 9)], DAY) == again
    assert newest([screened(0, 9)], DAY) == screened(0, 9)
    assert newest([screened(1, 9)], DAY) is None
