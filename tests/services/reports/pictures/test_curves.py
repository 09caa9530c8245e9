"""Kaplan-Meier curves and the outcomes of a clinic, as they are drawn."""

from __future__ import annotations

from typing import Any

import pytest

from services.reports.drawing.paint import LINE
from services.reports.pictures.cohort import cohort_svg
from services.reports.pictures.survival import (
    Curve,
    Reference,
    effect_curve,
    read_curve,
    survival_svg,
)
from services.rules.statistics import Span, kaplan_meier
from tests.services.reports.pictures.drawn import commands, parsed, paths, report, texts

SPANS = [Span(5, True), Span(7, False), Span(7, True), Span(12, True), Span(20, False)]


def steps() -> list[dict[str, Any]]:
    """The estimate of five follow-ups, as the trend JSON writes it."""
    return [
        {
            "days": step.days,
            "survival": float(step.survival),
            "at_risk": step.at_risk,
            "censored": step.censored,
        }
        for step in kaplan_meier(SPANS)
    ]


def drawn(*curves: Curve, **how: Any) -> str:
    return survival_svg(curves, title="Holding", across="days", up="share", **how)


def test_a_curve_knows_its_share_and_who_was_at_risk():
    curve = read_curve("five", steps())
    assert (curve.n, curve.censored) == (5, (7.0, 20.0))
    assert [curve.at_risk(day) for day in (0, 5, 6, 7, 12, 13, 21)] == [5, 5, 4, 4, 2, 1, 0]
    # By hand: 4/5, then 4/5 * 3/4, then that * 1/2.
    assert [curve.share_at(day) for day in (0, 5, 7, 12, 30)] == pytest.approx(
        [1, 0.8, 0.6, 0.3, 0.3]
    )


def test_triples_make_the_same_curve_without_ticks():
    triples = [(step["days"], step["survival"], step["at_risk"]) for step in steps()]
    curve = read_curve("five", triples)
    assert curve.steps == read_curve("five", steps()).steps
    assert curve.censored == ()


@pytest.mark.parametrize("scrap", [None, "text", (1, 2), {"days": 3}, {"survival": 0.5}, 7])
def test_what_is_no_step_is_left_out(scrap: object):
    assert read_curve("none", [scrap]).steps == ()


def test_the_line_falls_in_steps_and_ticks_mark_who_was_not_followed():
    made = drawn(read_curve("five", steps()))
    line = commands(paths(made, stroke=LINE, stroke_width="2.2", fill="none")[0])
    assert [letter for letter, _ in line] == ["M", *"HVHVHVHV"]
    assert paths(made, stroke=LINE, stroke_width="1.4")[0].count("v10") == 2
    assert "five: n = 5" in texts(made)
    assert "five: n = 5, 30 % after 20 days." in (parsed(made).findtext("{*}desc") or "")


def test_references_are_laid_beside_the_curves():
    made = drawn(read_curve("five", steps()), references=[Reference(56, 0.6, "published: 60 %")])
    assert "published: 60 %" in texts(made)
    assert "56" in texts(made), "the axis reaches as far as the reference"


def test_nothing_to_follow_is_said():
    assert "Nothing to follow yet" in texts(drawn())
    assert "Nothing to follow yet" in texts(drawn(read_curve("none", [], 0)))
    assert effect_curve({}).steps == ()


def test_the_report_has_its_own_curve():
    document = report("phq9-daily", 200)
    curve = effect_curve(document)
    assert curve.n == document["effect_duration"]["n"]
    assert len(curve.steps) == len(document["effect_duration"]["curve"])


GROUP = {
    "label": "ketamine <iv>",
    "n": 40,
    "missing": 6,
    "response": {"percent": 52.5, "low": 37.5, "high": 67.1},
    "remission": 30,
    "worsened": None,
    "curve": steps(),
}


def test_a_cohort_states_shares_intervals_n_and_what_is_missing():
    made = cohort_svg([GROUP], under="clinic", notes=["a note"])
    said = texts(made)
    for words in ("52.5 % (37.5–67.1)", "30 %", "n = 40, missing 6", "ketamine <iv>", "a note"):
        assert words in said
    assert said.count("not known") == 2, "worsened is null, more item 9 absent"
    assert "response 52.5 % (37.5–67.1)" in (parsed(made).findtext("{*}desc") or "")


def test_a_longer_list_of_groups_makes_a_higher_picture():
    heights = [float(parsed(cohort_svg([GROUP] * n)).get("height") or 0) for n in (1, 2, 9)]
    assert heights == sorted(set(heights))


def test_a_clinic_without_courses_says_so():
    assert "No course with an outcome yet" in texts(cohort_svg([]))
