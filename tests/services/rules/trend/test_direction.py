"""Which way is better is a field of the instrument, and every figure follows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reports.drawing.words import slope_words
from services.rules.catalogue import CATALOGUE
from services.rules.figures.numbers import FIGURES
from services.rules.instruments.definition import instrument, load_instruments
from services.rules.trend.document import figures_json
from services.rules.trend.numbers import REPORT_NUMBERS, REPORTS, ReportNumbers
from services.rules.trend.report import Beside, trend
from tests.builders.rules.courses import course
from tests.builders.rules.days import at, entries, on

SCORES = st.dictionaries(st.integers(0, 40), st.integers(0, 10), min_size=1)
# A scale on which lower is better is read the other way round: 0 is 10 and 10 is 0.
MIRRORED = {"pre", "nadir"}
TURNED = {"rising": "falling", "falling": "rising", "flat": "flat"}


def figures(
    code: str, scores: Mapping[int, int], numbers: ReportNumbers = REPORT_NUMBERS
) -> dict[str, Any]:
    """The report of a patient with sessions on days 10 and 20."""
    found = trend(
        code,
        entries(dict(scores)),
        timezone="Etc/UTC",
        data_cut_at=at(60),
        accepted_on=date(2026, 3, 1),
        beside=Beside(course(days=(10, 20))),
        numbers=numbers,
    )
    return figures_json(found)


def test_mood_that_fell_is_no_improvement():
    """8 to 2 was "Improvement +6; positive is better", and "negative is improving"."""
    found = figures("mood", {7: 8, 8: 8, 9: 8, 11: 2, 12: 2, 13: 2, 14: 2})

    assert found["baseline"]["value"] == 8
    assert found["improvement"] == {"points": -6, "percent": None}
    assert found["slope_per_week"] < 0
    assert slope_words("mood") == "positive is improving"
    assert slope_words("phq9-daily") == "negative is improving"


def test_the_best_day_after_a_session_is_the_highest_mood():
    found = figures("mood", {8: 2, 9: 2, 11: 7, 12: 9, 13: 7, 14: 5, 15: 5, 16: 2})["sessions"][0]

    assert (found["pre"], found["nadir"], found["nadir_on"]) == (2, 9, on(12).isoformat())
    assert (found["effect"], found["pre_is_floor"]) == (7, False)
    assert (found["duration_days"], found["duration_status"]) == (4, "observed")


@given(SCORES)
def test_a_mood_and_its_mirror_on_the_daily_form_have_the_same_figures(scores):
    mood = figures("mood", scores)
    daily = figures("phq9-daily", {day: 10 - score for day, score in scores.items()})

    assert mood["improvement"]["points"] == daily["improvement"]["points"]
    assert mood["improvement"]["percent"] is None
    assert mood["effect_duration"] == daily["effect_duration"]
    assert (mood["instability"] or {}).get("n") == (daily["instability"] or {}).get("n")
    for here, there in zip(mood["sessions"], daily["sessions"], strict=True):
        same = here.keys() - MIRRORED - {"pre_is_floor"}
        assert {name: here[name] for name in same} == {name: there[name] for name in same}
        for name in MIRRORED:
            assert (here[name] is None) == (there[name] is None)
            assert here[name] is None or here[name] == pytest.approx(10 - there[name])
    assert (mood["slope_per_week"] is None) == (daily["slope_per_week"] is None)
    if mood["slope_per_week"] is not None:
        assert mood["slope_per_week"] == pytest.approx(-daily["slope_per_week"])
        assert mood["trend_test"]["direction"] == TURNED[daily["trend_test"]["direction"]]


def test_every_instrument_says_which_way_is_better():
    higher = {code for code in load_instruments() if instrument(code).worse < 0}

    assert higher == {"mood"}


def test_no_rule_of_worsening_looks_at_a_scale_on_which_higher_is_better():
    """Their limits are rises: a rule on such a scale would need the direction."""
    looked_at = {code for rule in CATALOGUE.values() for code in rule.looks_at}
    known = looked_at & set(load_instruments())

    assert all(instrument(code).worse > 0 for code in known)


def test_cuts_of_before_knew_no_direction():
    first = replace(REPORTS.known[0], figures=FIGURES.known[0])
    found = figures("mood", {7: 8, 8: 8, 9: 8, 11: 2, 12: 2}, first)

    assert found["improvement"]["points"] == 6
    assert {one["duration_status"] for one in found["sessions"]} == {"unknown"}
