"""A report is computed with the numbers it is given, every part of them, and with no others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from services.rules.figures.numbers import FIGURES
from services.rules.measures import MEASURES
from services.rules.numbers import NumbersError
from services.rules.schedule.numbers import SCHEDULES
from services.rules.side_effects.coded_list import SIDE_EFFECT_LISTS
from services.rules.side_effects.report import EffectsReport, ReportedEffect
from services.rules.trend.document import figures_json
from services.rules.trend.numbers import REPORT_NUMBERS, REPORTS, ReportNumbers
from services.rules.trend.report import Beside, trend
from services.rules.worsening.numbers import COURSE_RULES
from tests.builders.rules.changed_numbers import (
    measured_otherwise,
    with_every_part_changed,
    with_form_every,
    with_m3,
    with_pleasant,
)
from tests.builders.rules.courses import course
from tests.builders.rules.days import at, entry

ANSWERS = [entry(day, total) for day, total in {9: 20, 12: 9, 20: 16, 26: 16, 40: 17}.items()]
NAUSEA = (ReportedEffect("nausea", 1), ReportedEffect("headache", 1))
BESIDE = Beside(
    course(days=(10,)),
    effects=[EffectsReport("r", at(11), at(11), date(2026, 3, 11), NAUSEA, None)],
)


def document(numbers: ReportNumbers) -> dict[str, Any]:
    found = trend(
        "phq9",
        ANSWERS,
        timezone="Etc/UTC",
        data_cut_at=at(60),
        accepted_on=date(2026, 3, 1),
        beside=BESIDE,
        numbers=numbers,
    )
    return figures_json(found)


def change(**changed: int) -> ReportNumbers:
    return measured_otherwise(change=replace(REPORT_NUMBERS.measures.change, **changed))


def nadir_in(days: int) -> ReportNumbers:
    limits = replace(REPORT_NUMBERS.figures.session, nadir_days=days)
    return replace(REPORT_NUMBERS, figures=replace(REPORT_NUMBERS.figures, session=limits))


CHANGES: dict[str, tuple[Callable[[], ReportNumbers], set[str]]] = {
    "response": (lambda: change(response_percent=60), {"onset", "relapse", "relapses", "course"}),
    "partial response": (lambda: change(partial_percent=10), {"status"}),
    "minimal difference": (lambda: change(mcid_points=1, reliable_points=2), {"reliable_change"}),
    "return of symptoms": (
        lambda: with_m3(pair_apart_days=30, return_total=27),
        {"relapse", "relapses", "course"},
    ),
    "schedule": (lambda: with_form_every(30), {"adherence"}),
    "list of side effects": (lambda: with_pleasant("nausea"), {"side_effects"}),
    "figures of a session": (lambda: nadir_in(1), {"sessions"}),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_number_changes_the_figures_that_rest_on_it(name: str) -> None:
    changed, fields = CHANGES[name]
    now, then = document(REPORT_NUMBERS), document(changed())

    assert {field for field in now if now[field] != then[field]} == fields


def test_nothing_else_moves_a_report_that_is_given_its_numbers() -> None:
    """Whoever asks again with the numbers of a cut gets the same, whatever holds by now."""
    first = document(REPORT_NUMBERS)
    assert document(with_every_part_changed()) != first
    assert document(replace(REPORT_NUMBERS, version="another")) == first


def test_what_holds_now_is_the_newest_version_of_every_part() -> None:
    newest = REPORTS.newest
    assert newest.version == "4"
    assert newest.measures is MEASURES.newest
    assert newest.figures is FIGURES.newest
    assert newest.course_rules is COURSE_RULES.newest
    assert newest.schedule is SCHEDULES.newest
    assert newest.side_effects is SIDE_EFFECT_LISTS.newest


@pytest.mark.parametrize("part", ["course_rules", "schedule"])
def test_the_parts_of_a_version_measure_change_alike(part: str) -> None:
    other = change(mcid_points=4)
    with pytest.raises(NumbersError, match=f"{part}: rests on other measures"):
        replace(REPORT_NUMBERS, **{part: getattr(other, part)})
