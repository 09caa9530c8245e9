"""Numbers of a report that differ in every part from those in force."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from services.rules.measures import Measures
from services.rules.side_effects.coded_list import SIDE_EFFECTS
from services.rules.trend.numbers import REPORT_NUMBERS, ReportNumbers


def measured_otherwise(**changed: Any) -> ReportNumbers:
    """The numbers in force with another table of the measures under all of them."""
    measures: Measures = replace(REPORT_NUMBERS.measures, **changed)
    return replace(
        REPORT_NUMBERS,
        figures=replace(REPORT_NUMBERS.figures, measures=measures),
        course_rules=replace(REPORT_NUMBERS.course_rules, measures=measures),
        schedule=replace(REPORT_NUMBERS.schedule, measures=measures),
    )


def with_m3(**changed: int) -> ReportNumbers:
    """Another table of rule M3."""
    rules = REPORT_NUMBERS.course_rules
    return replace(REPORT_NUMBERS, course_rules=replace(rules, m3=replace(rules.m3, **changed)))


def with_form_every(days: int) -> ReportNumbers:
    """The two-week form due at another pace."""
    schedule = REPORT_NUMBERS.schedule
    periodic = replace(schedule.periodic, every_days=days)
    return replace(REPORT_NUMBERS, schedule=replace(schedule, periodic=periodic))


def with_pleasant(code: str) -> ReportNumbers:
    """A side effect that is welcome, and so no burden."""
    effects = {
        **SIDE_EFFECTS.effects,
        code: replace(SIDE_EFFECTS.effects[code], valence="pleasant"),
    }
    return replace(REPORT_NUMBERS, side_effects=replace(SIDE_EFFECTS, effects=effects))


def with_every_part_changed() -> ReportNumbers:
    """All of them at once."""
    change = replace(REPORT_NUMBERS.measures.change, remission_below=1, response_percent=99)
    changed = measured_otherwise(change=change)
    return replace(
        changed,
        course_rules=replace(changed.course_rules, m3=with_m3(pair_apart_days=99).course_rules.m3),
        schedule=replace(changed.schedule, periodic=with_form_every(3).schedule.periodic),
        side_effects=with_pleasant("nausea").side_effects,
    )
