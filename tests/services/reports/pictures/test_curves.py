"""Kaplan-Meier curves and the outcomes of a clinic, as they are drawn."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from services.reports.drawing.paint import LINE
from services.reports.pictures.cohort import cohort_svg
from services.reports.pictures.survival import Curve, Reference, effect_curves, survival_svg
from services.rules.cohort.figures import GroupFigures, Share, sustained
from services.rules.cohort.tally import OVERALL, OutcomeTally
from services.rules.statistics import FollowUpSpan, kaplan_meier
from tests.services.reports.pictures.drawn import bare, commands, parsed, paths, report, texts

SPANS = [
    FollowUpSpan(5, True),
    FollowUpSpan(7, False),
    FollowUpSpan(7, True),
    FollowUpSpan(12, True),
    FollowUpSpan(20, False),
]
FIVE = Curve("five", 5, kaplan_meier(SPANS))


def drawn(*curves: Curve, **how: Any) -> str:
    return survival_svg(curves, title="Holding", across="days", up="share", **how)


def test_a_curve_knows_its_share_and_who_was_at_risk():
    assert (FIVE.n, FIVE.censored) == (5, (7.0, 20.0))
    assert [FIVE.at_risk(day) for day in (0, 5, 6, 7, 12, 13, 21)] == [5, 5, 4, 4, 2, 1, 0]
    # By hand: 4/5, then 4/5 * 3/4, then that * 1/2.
    assert [FIVE.share_at(day) for day in (0, 5, 7, 12, 30)] == pytest.approx(
        [1, 0.8, 0.6, 0.3, 0.3]
    )


def test_the_line_falls_in_steps_and_ticks_mark_who_was_not_followed():
    made = drawn(FIVE)
    line = commands(paths(made, stroke=LINE, stroke_width="2.2", fill="none")[0])
    assert [letter for letter, _ in line] == ["M", *"HVHVHVHV"]
    assert paths(made, stroke=LINE, stroke_width="1.4")[0].count("v10") == 2
    assert "five: n = 5" in texts(made)
    assert "five: n = 5, 30 % after 20 days." in (parsed(made).findtext("{*}desc") or "")


def test_references_are_laid_beside_the_curves():
    made = drawn(FIVE, references=[Reference(56, 0.6, "published: 60 %")])
    assert "published: 60 %" in texts(made)
    assert "56" in texts(made), "the axis reaches as far as the reference"


def test_nothing_to_follow_is_stated():
    assert "Nothing to follow yet" in texts(drawn())
    assert "Nothing to follow yet" in texts(drawn(Curve("none", 0, ())))
    assert [curve.steps for curve in effect_curves(bare([]))] == [()]


def test_the_report_has_its_own_curve():
    found = report("phq9-daily", 200)
    curve, *_ = effect_curves(found)
    written = found.document["effect_duration"]
    assert curve.n == written["n"]
    assert len(curve.steps) == len(written["curve"])


NOT_KNOWN = Share(0, 0, None, None, None)
GROUP = (
    "ketamine <iv>",
    GroupFigures(
        group=OVERALL,
        tally=OutcomeTally(fates=Counter(counted=40, missing=4, retreated=2)),
        small=False,
        baseline_mean=None,
        outcome_mean=None,
        shares={
            "response": Share(21, 40, 52.5, 37.5, 67.1),
            "remission": Share(12, 40, 30, 18.1, 45.4),
            "worsened": NOT_KNOWN,
            "item9_higher": NOT_KNOWN,
        },
        sustained=sustained(Counter(SPANS)),
    ),
)


def test_a_cohort_states_shares_intervals_n_and_what_is_missing():
    made = cohort_svg([GROUP], under="clinic", notes=["a note"])
    shown = texts(made)
    for words in (
        "52.5 % (37.5–67.1)",
        "30 % (18.1–45.4)",
        "n = 40, missing 6",
        "ketamine <iv>",
        "a note",
    ):
        assert words in shown
    assert shown.count("not known") == 2, "worsened and more item 9 are of nobody"
    assert "response 52.5 % (37.5–67.1)" in (parsed(made).findtext("{*}desc") or "")


def test_a_longer_list_of_groups_makes_a_higher_picture():
    heights = [float(parsed(cohort_svg([GROUP] * n)).get("height") or 0) for n in (1, 2, 9)]
    assert heights == sorted(set(heights))


def test_a_clinic_without_courses_says_so():
    assert "No course with an outcome yet" in texts(cohort_svg([]))
