"""The numbers of the pictures, read once from `data/pictures.toml`, and the rule of gaps."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.rules.figures.baseline import DAILY
from services.rules.figures.numbers import TREND_THRESHOLDS
from services.rules.threshold_files import read_thresholds
from services.rules.worsening.numbers import WORSENING_THRESHOLDS


@dataclass(frozen=True, slots=True)
class Drawing:
    """How much is drawn: days of an overlay, sessions of a median, rows of a printed table."""

    overlay_days: int
    median_from: int
    latest_sessions: int
    latest_alerts: int


DRAWING: Final = read_thresholds(Path(__file__).parent / "data" / "pictures.toml").table(
    "drawing", Drawing
)
# The missing-day rule: so many missed days break a sequence, and so a line.
GAP_DAYS: Final = WORSENING_THRESHOLDS.m2.gap_days


def longest_step(instrument: str) -> int:
    """Mood days between two values that a line may still join.

    A value is expected every `due` days (1 for forms about a day or a moment, else as the
    two-week PHQ-9); with GAP_DAYS or more missed after that, the line is broken.
    """
    usual = 1 if instrument in DAILY else TREND_THRESHOLDS.due_days["phq9"]
    return TREND_THRESHOLDS.due_days.get(instrument, usual) + GAP_DAYS - 1
