"""Does the database hold what the file says? Figures of the file against figures found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from api.play.forms import Form
from services.evaluation.played_forms import PlayedOutcome, player_id
from services.rules.catalogue import SUICIDE_RISK

# PHQ-9 cut of moderate depression (Kroenke 2001), and the tiers of item 9 (clinical.md 5.1).
MODERATE: Final = 10
SEVERITY: Final[Mapping[int | None, str | None]] = {
    None: "medium",
    0: None,
    1: "high",
    2: "critical",
    3: "critical",
}


@dataclass(frozen=True, slots=True)
class Check:
    """How many people the file wants, how many there are, and are they the same people?"""

    what: str
    wanted: int
    seen: int
    same: bool


# what, who by the file, who by the database
Line = tuple[str, Callable[[Form], bool], Callable[[PlayedOutcome], bool]]


def check(forms: Sequence[Form], found: Mapping[UUID, PlayedOutcome]) -> list[Check]:
    """Every form against what was found of its person (nothing found is a finding too)."""
    people = {
        form.name: found.get(player_id(form.name, "patient"), PlayedOutcome()) for form in forms
    }
    checks = [_compare(line, forms, people) for line in _lines()]
    same = sum(_same_numbers(form, people[form.name]) for form in forms)
    known = {player_id(form.name, "patient") for form in forms}
    strangers = sum(len(one.alerts) for patient, one in found.items() if patient not in known)
    return [
        *checks,
        Check("total and item 9 as in the file", len(forms), same, same == len(forms)),
        Check("alerts of anybody else", 0, strangers, strangers == 0),
    ]


def _lines() -> list[Line]:
    return [
        ("forms stored", lambda _form: True, lambda one: len(one.forms) == 1),
        ("complete totals", lambda form: form.total is not None, _is_complete),
        (
            f"total >= {MODERATE}",
            lambda form: _is_moderate(form.total),
            lambda one: any(_is_moderate(total) for total, _ in one.forms),
        ),
        *(_item9(value) for value in (1, 2, 3)),
        (
            "item 9 >= 1 on an incomplete form",
            lambda form: bool(form.item9) and form.total is None,
            lambda one: any(item9 and total is None for total, item9 in one.forms),
        ),
        *(_alert(severity) for severity in ("critical", "high", "medium")),
        ("no alert", lambda form: SEVERITY[form.item9] is None, lambda one: not one.alerts),
        ("paged", lambda form: bool(form.item9), lambda one: one.pages_out > 0),
    ]


def _item9(value: int) -> Line:
    return (
        f"item 9 = {value}",
        lambda form: form.item9 == value,
        lambda one: any(item9 == value for _, item9 in one.forms),
    )


def _alert(severity: str) -> Line:
    return (
        f"one {severity} alert ({SUICIDE_RISK})",
        lambda form: SEVERITY[form.item9] == severity,
        lambda one: one.alerts == [(SUICIDE_RISK, severity)],
    )


def _is_moderate(total: int | None) -> bool:
    return total is not None and total >= MODERATE


def _is_complete(one: PlayedOutcome) -> bool:
    return any(total is not None for total, _ in one.forms)


def _same_numbers(form: Form, one: PlayedOutcome) -> bool:
    return one.forms == [(form.total, form.item9)]


def _compare(line: Line, forms: Sequence[Form], people: Mapping[str, PlayedOutcome]) -> Check:
    what, wanted, seen = line
    wants = {form.name for form in forms if wanted(form)}
    has = {name for name, one in people.items() if seen(one)}
    return Check(what, len(wants), len(has), wants == has)
