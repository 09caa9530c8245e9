"""The chart of the outcomes: what is in it, and what it says is not."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from xml.etree import ElementTree

from services.evaluation.simulation.outcomes import simulated_patients
from services.reports.cohort.chart import MOST_GROUPS, outcomes_svg, shown_groups
from services.reports.cohort.outcomes import Asked, Outcomes
from services.rules.cohort.course import course_outcomes
from services.rules.cohort.document import all_figures
from services.rules.cohort.tally import Cohort

NOW = datetime(2026, 1, 5, tzinfo=UTC)
CUT = NOW - timedelta(seconds=20)


def outcomes(patients: int, asked: Asked | None = None) -> Outcomes:
    asked, cohort = asked or Asked(), Cohort()
    for person in simulated_patients(patients, 3):
        cohort.add([course for course in course_outcomes(person) if asked.takes(course)])
    return Outcomes(uuid4(), asked, NOW, CUT, cohort)


def words(found: Outcomes) -> str:
    return " ".join(ElementTree.fromstring(outcomes_svg(found)).itertext())  # noqa: S314 -- ours


def test_phases_come_first_and_then_the_largest_products_by_route() -> None:
    groups = shown_groups(all_figures(outcomes(400).cohort))

    assert len(groups) == MOST_GROUPS
    assert [found.group.by for found in groups] == ["phase"] * 2 + ["product_route"] * 4
    sizes = [found.tally.courses for found in groups[2:]]
    assert sizes == sorted(sizes, reverse=True)


def test_groups_that_are_left_out_are_counted() -> None:
    drawn = words(outcomes(400))

    assert "4 smaller groups are in the table" in drawn
    assert "Self-selected completers" in drawn
    assert "(small)" not in drawn


def test_what_was_asked_stands_under_the_title() -> None:
    drawn = words(outcomes(60, Asked(phase="induction", product="esketamine", strict=True)))

    assert "product: esketamine, phase: induction, strict: True" in drawn
    assert "maintenance" not in drawn
    assert "smaller groups" not in drawn


def test_the_chart_says_its_data_cut_and_when_it_was_made() -> None:
    drawn = words(outcomes(60))

    assert "Data cut: 2026-01-04T23:59:40Z" in drawn
    assert "generated 2026-01-05T00:00:00Z" in drawn


def test_a_clinic_without_courses_has_a_chart_too() -> None:
    assert "No course with an outcome yet" in words(outcomes(5, Asked(to_day=date(2000, 1, 1))))
