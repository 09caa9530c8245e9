"""The cohort as JSON and as rows: every number once, and words that say how it was made."""

from __future__ import annotations

import json

import pytest

from services.rules.cohort.course import course_outcomes
from services.rules.cohort.document import SHARES, cohort_document, table_rows
from services.rules.cohort.numbers import COHORT_THRESHOLDS
from services.rules.cohort.tally import Cohort
from tests.builders.rules.cohort import form, patient


def cohort() -> Cohort:
    found = Cohort()
    for entries in (
        [form(-1, 20, 1), form(20, 8), form(30, 9, 0), form(47, 10)],
        [form(-1, 20, 1), form(30, 21, 1)],
        [form(-1, 20, 1)],
    ):
        found.add(course_outcomes(patient(entries)))
    return found


def test_a_group_is_written_with_its_counts_shares_and_curve():
    groups = cohort_document(cohort())["groups"]

    assert groups[0] == {
        "by": "overall",
        "phase": None,
        "product": None,
        "route": None,
        "patients": 3,
        "courses": 3,
        "strict": 3,
        "n": 2,
        "pending": 0,
        "baseline_missing": 0,
        "retreated": 0,
        "missing": 1,
        "small": True,
        "below_limit": 0,
        "baseline_mean": 20,
        "outcome_mean": 15,
        "response": share(1, 2, 50),
        "remission": share(0, 2, 0),
        "worsened": share(1, 2, 50),
        "worsened_reliably": share(0, 2, 0),
        "item9_lower": share(1, 2, 50),
        "item9_zero": share(1, 2, 50),
        "item9_higher": share(0, 2, 0),
        "sustained": {
            "n": 1,
            "lost": 0,
            "censored": 1,
            "marks": [
                {"days": 28, "percent": None, "at_risk": 0},
                {"days": 56, "percent": None, "at_risk": 0},
            ],
            "steps": [{"days": 27, "at_risk": 1, "events": 0, "censored": 1, "survival": 1}],
        },
    }


def share(count: int, n: int, percent: float) -> dict:
    """Wilson's bounds for 0 and 1 of 2, from scipy."""
    low, high = {0: (0.0, 65.76198), 1: (9.453121, 90.546879)}[count]
    return {
        "count": count,
        "n": n,
        "percent": percent,
        "low": pytest.approx(low, abs=1e-5),
        "high": pytest.approx(high, abs=1e-5),
    }


def test_every_figure_of_a_group_is_defined_and_the_caution_goes_with_it():
    document = cohort_document(cohort())

    assert {*SHARES, "retreated", "missing", "pending", "n"} <= document["definitions"].keys()
    assert document["caution"] == "Self-selected completers; not a patient's expected chance."
    assert document["rules_version"] == COHORT_THRESHOLDS.version
    assert json.loads(json.dumps(document)) == document


def test_the_published_table_is_laid_beside_it():
    assert cohort_document(Cohort())["published"] == {
        "of": "McInnes 2022 (PMID 35027209): IV ketamine in routine care; lay beside it an"
        " induction of ketamine by iv on the same schedule (group 'strict').",
        "n": 537,
        "people_treated": 9016,
        "response": 53.6,
        "remission": 28.9,
        "item9_lower": 73.0,
        "worsened": 8.4,
        "item9_higher": 6.0,
        "sustained": [{"days": 28, "percent": 80}, {"days": 56, "percent": 60}],
    }


def test_every_row_of_the_table_has_the_same_columns_and_only_plain_cells():
    rows = list(table_rows(cohort()))

    assert [row["by"] for row in rows] == [
        "overall",
        "phase",
        "strict",
        "product",
        "route",
        "product_route",
    ]
    assert {tuple(row) for row in rows} == {tuple(rows[0])}
    first = rows[0]
    assert (first["n"], first["response_count"], first["response_percent"]) == (2, 1, 50)
    assert (first["sustained_28_days_percent"], first["sustained_28_days_at_risk"]) == (None, 0)
    assert first["caution"].startswith("Self-selected")
