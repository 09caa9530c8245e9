"""B1 row by row, from the ASRM or from elevated mood; of bipolar patients it fires earlier."""

from __future__ import annotations

from datetime import date

import pytest

from services.rules.decision import Tier
from services.rules.worsening.mania import b1, b1_effects, is_bipolar
from tests.builders.rules.days import on, values

BIPOLAR = frozenset({"Bipolar depression"})


@pytest.mark.parametrize(
    ("indications", "found"),
    [
        ([], False),
        (["treatment-resistant depression"], False),
        (["bipolar"], True),
        (["PTSD", "BIPOLAR II disorder"], True),
        (["bipolar_depression"], True),
        (["F31.3"], True),
        (["F31.4", "F41.1"], True),
        (["F313"], True),
        (["6A61"], True),
        (["manic-depressive illness"], True),
        (["trouble bipolaire"], True),
        (["trastorno afectivo bipolar"], True),
        (["BD-II"], True),
        (["BD 1"], True),
        (["bad sleep"], False),
        (["unipolar depression"], False),
        (["F32.2"], False),
    ],
)
def test_the_indication_is_found_however_it_is_written(indications, found):
    assert is_bipolar(indications) is found


@pytest.mark.parametrize(
    ("name", "points", "earlier", "holds"),
    [
        ("6 is the cut", 6, {}, True),
        ("5 is below it", 5, {}, False),
        ("5 is 4 above the lowest before", 5, {20: 1, 30: 4}, True),
        ("4 is 3 above", 4, {20: 1}, False),
        ("90 days back", 4, {10: 0}, True),
        ("91 days back", 4, {9: 0}, False),
        ("the same day is not before", 4, {100: 0}, False),
        ("later is not before", 4, {101: 0}, False),
        ("nothing was answered", None, {0: 0}, False),
        ("nothing to compare with", 4, {}, False),
    ],
)
def test_a_score_of_six_or_a_rise_of_four(name, points, earlier, holds):
    decision = b1(on(100), points, values(earlier), BIPOLAR)

    assert (decision.is_met, decision.fired) == (holds, holds), name
    assert decision.tier == (Tier.HIGH if holds else None)


@pytest.mark.parametrize(("points", "holds"), [(5, False), (6, True), (20, True)])
def test_everybody_is_watched_by_the_score_and_not_by_its_rise(points, holds):
    decision = b1(on(7), points, values({0: 1}), {"TRD"})

    assert (decision.rule, decision.rule_version, decision.is_met) == ("B1", "2", holds)
    assert decision.tier == (Tier.HIGH if holds else None)
    assert decision.inputs == {
        "on": on(7).isoformat(),
        "indicated": False,
        "points": points,
        "points_limit": 6,
        "lowest": 1,
        "rise": points - 1,
        "rise_limit": 4,
    }


def grades(found: dict[int, int]) -> dict[date, int]:
    return {on(day): grade for day, grade in found.items()}


@pytest.mark.parametrize(
    ("name", "found", "day", "days", "holds"),
    [
        ("two days in a row", {4: 2, 5: 2}, 5, 2, True),
        ("a day that is filled in before another", {4: 2, 5: 3}, 4, 2, True),
        ("the middle of three", {4: 2, 5: 2, 6: 4}, 5, 3, True),
        ("one day", {5: 2}, 5, 1, False),
        ("one day of grade 3", {5: 3}, 5, 1, True),
        ("a day between", {3: 2, 5: 2}, 5, 1, False),
        ("grade 1 the day before", {4: 1, 5: 2}, 5, 1, False),
        ("grade 1 today", {3: 2, 4: 2, 5: 1}, 5, 0, False),
        ("two days, but not this one", {3: 2, 4: 2}, 6, 0, False),
        ("nothing reported", {}, 5, 0, False),
    ],
)
def test_elevated_mood_on_two_days_in_a_row(name, found, day, days, holds):
    decision = b1_effects(grades(found), on(day), BIPOLAR)

    assert (decision.is_met, decision.inputs["days"]) == (holds, days), name
    assert decision.tier == (Tier.HIGH if holds else None)


@pytest.mark.parametrize(("grade", "holds"), [(2, False), (3, True), (4, True)])
def test_everybody_is_watched_for_elevated_mood_of_grade_3(grade, holds):
    decision = b1_effects(grades({4: 2, 5: grade}), on(5), ())

    assert (decision.rule, decision.rule_version, decision.fired) == ("B1", "2", holds)
    assert decision.inputs == {
        "on": on(5).isoformat(),
        "indicated": False,
        "grade": grade,
        "grade_limit": 2,
        "grade_alone_limit": 3,
        "days": 2,
        "days_limit": 2,
    }
