"""May a session begin, may somebody go home: every obstacle alone, and what a reason lifts."""

from __future__ import annotations

from datetime import UTC, timedelta

import pytest

from services.rules.session_day.clearance import clearance_refusals, discharge_refusals
from services.rules.session_day.screening import Screening
from tests.builders.rules.session_day import START, after, session, vitals

DAY = START.date()
GOOD = Screening(DAY, DAY)
PRE, DISCHARGE = vitals("pre", -10), vitals("discharge", 120)


def screened(*codes: str, ago: int = 0, valid: int = 0) -> Screening:
    return Screening(DAY - timedelta(days=ago), DAY - timedelta(days=ago - valid), tuple(codes))


def clear(screening=GOOD, series=(PRE,), reason=None, product="ketamine"):
    return clearance_refusals(session(product=product), DAY, screening, series, reason)


@pytest.mark.parametrize(
    ("name", "given", "field", "words"),
    [
        ("no screening", {"screening": None}, "cleared", "no screening on file"),
        (
            "expired yesterday",
            {"screening": screened(ago=9, valid=8)},
            "cleared",
            "the screening expired after 2026-03-09",
        ),
        (
            "absolutely contraindicated",
            {"screening": screened("arteriovenous_malformation")},
            "cleared",
            "contraindicated: Arteriovenous malformation",
        ),
        ("no vital signs", {"series": ()}, "cleared", "no vital signs before dosing"),
        (
            "vital signs of a later phase only",
            {"series": (vitals("during", 5),)},
            "cleared",
            "no vital signs before dosing",
        ),
    ],
)
@pytest.mark.parametrize("reason", [None, "the patient insists"])
def test_what_is_missing_or_forbidden_is_refused_whatever_the_reason(
    name, given, field, words, reason
):
    assert clear(**given, reason=reason) == {field: [words]}, name


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        (
            "a pressure above the guide",
            {"series": (vitals("pre", -10, 141, 80),)},
            "pressure before dosing was 141/80 mmHg (above 140/90)",
        ),
        (
            "one that came down again",
            {"series": (vitals("pre", -30, 120, 91), PRE)},
            "pressure before dosing was 120/91 mmHg (above 140/90)",
        ),
        (
            "something to be weighed",
            {"screening": screened("uncontrolled_hypertension")},
            "to be weighed: Uncontrolled hypertension",
        ),
    ],
)
def test_what_a_clinician_may_decide_needs_a_written_reason(name, given, words):
    assert clear(**given) == {"reason": [words]}, name
    assert clear(**given, reason="  ") == {"reason": [words]}
    assert clear(**given, reason="seen, repeated, fit to be treated") == {}


def test_exactly_140_over_90_needs_no_reason():
    assert clear(series=(vitals("pre", -10, 140, 90),)) == {}


@pytest.mark.parametrize(
    ("product", "asked"), [("ketamine", 1), ("esketamine", 1), ("other", 1), ("tms", 0), ("ect", 0)]
)
def test_which_products_need_vital_signs(product, asked):
    assert bool(clear(series=(), product=product)) == bool(asked)
    assert clear(screening=None, product=product)["cleared"][0] == "no screening on file"


def test_all_obstacles_are_named_at_once():
    found = clear(screened("hypersensitivity", "psychosis", ago=9), (vitals("pre", -5, 150),))

    assert [len(found[field]) for field in ("cleared", "reason")] == [2, 2]


def discharge(hours=2.0, series=(PRE, DISCHARGE), acknowledged=True, reason=None, **more):
    return discharge_refusals(session(**more), after(hours), series, acknowledged, reason, UTC)


@pytest.mark.parametrize("reason", [None, "wanted to go"])
def test_nobody_goes_home_without_vital_signs_at_discharge(reason):
    found = discharge(series=(PRE, vitals("post", 110)), reason=reason)

    assert found == {"discharged": ["no vital signs at discharge"]}


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("too early", {"hours": 1.99}, ["less than 120 minutes since the start"]),
        (
            "not acknowledged",
            {"acknowledged": False},
            ["the driving restriction is not acknowledged"],
        ),
        (
            "a rise",
            {"series": (PRE, vitals("post", 40, 165), DISCHARGE)},
            ["the systolic pressure rose too far after dosing"],
        ),
        (
            "several findings of one kind",
            {"series": (PRE, vitals("post", 40, 165), vitals("post", 60, 170), DISCHARGE)},
            ["the systolic pressure rose too far after dosing"],
        ),
        (
            "sedated",
            {"series": (PRE, vitals("discharge", 120, sedation=3, spo2=91))},
            ["still sedated at discharge", "the oxygen saturation was low"],
        ),
    ],
)
def test_the_rest_needs_a_written_reason(name, given, words):
    assert discharge(**given) == {"reason": words}, name
    assert discharge(**given, reason="\n") == {"reason": words}
    assert discharge(**given, reason="escorted home by her sister") == {}


def test_two_hours_to_the_minute_are_enough():
    assert discharge() == {}


@pytest.mark.parametrize("product", ["tms", "ect"])
def test_tms_and_ect_need_neither_vital_signs_nor_two_hours(product):
    assert discharge(hours=0.5, series=(), product=product, route=None) == {}


def test_only_tms_has_no_restriction_to_acknowledge():
    assert discharge(0.5, (), acknowledged=False, product="tms", route=None) == {}
    assert "reason" in discharge(0.5, (), acknowledged=False, product="ect", route=None)
