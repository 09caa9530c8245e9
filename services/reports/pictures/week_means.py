"""The mean of a week as a line: what the days scatter around."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from services.rules.figures.baseline import DAILY
from services.rules.figures.windows import mean_of_week
from services.rules.trend.document import TrendReport


def week_means(report: TrendReport) -> list[tuple[date, Fraction]]:
    """The mean of the days that end on each value, as the report's figures have it for the last:
    absent where too few of them were answered. Only of a form that is answered every day.
    """
    if report.instrument not in DAILY:
        return []
    days, values = report.numbers.figures.windows.mean_days, report.values
    found = []
    for place, value in enumerate(values):
        week = mean_of_week(values[max(0, place + 1 - days) : place + 1], report.numbers.figures)
        if week is not None:
            found.append((value.day, week.value))
    return found
