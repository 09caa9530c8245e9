"""A cut of before keeps its formulas and its fields: what was printed can be printed again."""

from __future__ import annotations

from dataclasses import replace

from services.rules.figures.numbers import FIGURES
from services.rules.trend.document import TrendReport
from services.rules.trend.numbers import REPORTS, ReportNumbers
from services.rules.trend.report import Beside, trend
from tests.builders.rules.courses import course
from tests.builders.rules.days import at, entries

SCORES = {-100: 24, 3: 16, 14: 8, 28: 15, 35: 15, 60: 6, 90: 16, 100: 16}
FIRST = replace(REPORTS.known[0], figures=FIGURES.known[0])
ONLY_NOW = {"validated", "direction", "relapses"}


def document(numbers: ReportNumbers) -> dict[str, object]:
    """The report of somebody without a form from before the treatment, who relapsed twice."""
    found = trend(
        "phq9",
        entries(SCORES),
        timezone="Etc/UTC",
        data_cut_at=at(120),
        beside=Beside(course(days=(0, 2))),
        numbers=numbers,
    )
    report = TrendReport(
        patient_id="p",
        instrument="phq9",
        generated_at=at(120),
        revision=1,
        cut_at=at(120),
        timezone="Etc/UTC",
        numbers=numbers,
        figures=found,
    )
    return report.document


def test_a_cut_of_before_has_the_formulas_and_the_fields_of_then():
    then, now = document(FIRST), document(REPORTS.newest)

    assert now.keys() - then.keys() == ONLY_NOW
    assert then["baseline"] == {"value": 24, "on": "2025-11-21", "status": "provisional"}
    assert then["improvement"] == {"points": 8, "percent": 100 / 3}
    assert then["status"] == "partial_response"
    assert then["relapse"]["on"] == "2026-05-30"
    assert then["effect_duration"].keys() == {
        "n", "events", "censored", "no_effect", "unmeasured", "median_days", "curve"
    }  # fmt: skip


def test_a_cut_of_now_judges_nothing_by_what_is_old():
    now = document(REPORTS.newest)

    assert now["baseline"] == {"value": 16, "on": "2026-03-04", "status": "provisional"}
    assert now["improvement"] == {"points": 0, "percent": None}
    assert (now["onset"], now["course"]["response_status"]) == (None, "unknown")


def test_the_newest_edition_is_the_one_in_force():
    assert [one.edition for one in FIGURES.known] == ["2026-01", "2026-11", "2026-12"]
    assert REPORTS.newest.version == "4"
    assert FIGURES.newest.is_first_edition is False
