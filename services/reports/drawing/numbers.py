"""The numbers of the pictures, read once from `data/pictures.toml`, and the rule of gaps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from services.rules.figures.baseline import DAILY
from services.rules.numbers import DATA, read
from services.rules.trend.numbers import REPORT_NUMBERS, ReportNumbers


@dataclass(frozen=True, slots=True)
class PictureNumbers:
    """How much is drawn: days of an overlay, rows of a printed table."""

    version: str
    overlay_days: int
    latest_sessions: int
    latest_alerts: int


DRAWING: Final = read(DATA / "pictures.toml", PictureNumbers)


def longest_step(instrument: str, numbers: ReportNumbers = REPORT_NUMBERS) -> int:
    """Mood days between two values that a line may still join.

    A value is expected every day of a form about a day or a moment, else as often as the two-week
    PHQ-9; with as many missed after that as break a sequence, the line is broken.
    """
    usual = 1 if instrument in DAILY else numbers.schedule.periodic.every_days
    return usual + numbers.measures.missing_days.gap_days - 1
