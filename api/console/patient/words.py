"""Codes as a clinician says them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from services.reports.drawing.words import MONTHS, number_words, plain
from services.rules.catalogue import FAMILIES

SHORT: Final = {
    "phq9": "PHQ-9",
    "phq9-daily": "Daily PHQ-9",
    "gad7": "GAD-7",
    "pcl5": "PCL-5",
    "asrm": "ASRM",
    "mood": "Mood now",
    "urinary": "Bladder",
    "cssrs-screener": "C-SSRS",
    "cssrs-since-last-contact": "C-SSRS since last contact",
    "side_effects": "Side effects",
    "help_request": "Help request",
}
CAPITALS: Final = {"iv": "IV", "im": "IM", "sc": "SC", "tms": "TMS", "ect": "ECT"}
REASON: Final = {
    "daily": "every day",
    "day_1": "the day after the session",
    "day_3": "3 days after the session",
    "day_7": "7 days after the session",
    "day_14": "14 days after the session",
    "before_session": "before the session",
    "after_session_24h": "24 h after the session",
    "periodic": "every two weeks",
    "monthly": "every month",
    "by_indication": "for the indication",
    "at_start": "at the start",
    "after_item9": "after a positive item 9",
}
FLAG: Final = {
    "screening_missing": "no screening on file",
    "screening_expired": "the screening had expired",
    "contraindication": "a contraindication on file",
    "unsupervised": "unsupervised",
    "product_differs": "another product than the course's",
    "not_cleared": "not cleared for dosing",
    "entered_late": "entered late",
}
DECIDED: Final = {
    "cleared": "cleared",
    "not_cleared": "not cleared",
    "discharged": "went home",
    "kept": "kept",
    "acknowledged": "acknowledged",
}


def short(code: str) -> str:
    """An instrument, report or request in a word or two."""
    return SHORT.get(code, plain(code))


def product(code: str | None) -> str:
    """A product, route or phase: abbreviations in capitals."""
    return "" if code is None else CAPITALS.get(code, plain(code))


def day(on: date | None) -> str:
    """`Tue 3 Mar 2026`; empty for none."""
    return "" if on is None else f"{on:%a} {on.day} {MONTHS[on.month - 1]} {on.year}"


def age(born_on: date, today: date) -> str:
    """`41 years`."""
    before = (today.month, today.day) < (born_on.month, born_on.day)
    return f"{today.year - born_on.year - before} years"


def given(session: Mapping[str, Any]) -> str:
    """What a session gives: `ketamine IV 35 mg`."""
    dose = session["dose"]
    amount = "" if dose is None else f"{number_words(float(dose['value']), 3)} {dose['unit']}"
    parts = (product(session["product"]), product(session["route"]), amount)
    return " ".join(part for part in parts if part)


def about(family: str) -> str:
    """What an alert is about; a family that the catalogue does not have, by its name."""
    known = FAMILIES.get(family)
    return known.title if known else plain(family)
