"""The numbers of the figures in all their versions, from `data/figures/`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Literal

from services.rules.measures import MEASURES, Measures
from services.rules.numbers import DATA, read_versions

# Which formulas a version means, where not only a number changed: cuts of the past keep theirs.
Edition = Literal["2026-01", "2026-11", "2026-12"]


@dataclass(frozen=True, slots=True)
class Windows:
    """Lengths of the windows in mood days, and how many observed days some of them need.

    `provisional_days`: after the first session, for a baseline of which nothing came before it.
    """

    mean_days: int
    slope_days: int
    baseline_days: int
    baseline_min_days: int
    instability_days: int
    instability_min_days: int
    provisional_days: int | None = None


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """After a session: mood days and observed days, points of the form, percent of the gain.

    `interval_percent`: the width of the interval around the median of durations.
    """

    floor_below: int
    nadir_days: int
    nadir_min_days: int
    lost_percent: int
    interval_gap_days: int
    median_min_sessions: int
    onset_days: int
    onset_hours_days: int
    onset_fall: int
    interval_percent: int | None = None


@dataclass(frozen=True, slots=True)
class FigureNumbers:
    """One version of all of them. `range_from_entries`: so many complete check-ins on a day show
    their range beside its value.
    """

    version: str
    in_force_from: datetime
    measures: Annotated[Measures, MEASURES]
    windows: Windows
    session: SessionLimits
    range_from_entries: int
    edition: Edition = "2026-01"

    @property
    def is_first_edition(self) -> bool:
        """Whether these are the formulas from before 27 November 2026."""
        return self.edition == "2026-01"

    @property
    def is_by_the_stamp(self) -> bool:
        """Whether the hour at which an answer was given counts, however late it was received."""
        return self.edition not in ("2026-01", "2026-11")


FIGURES: Final = read_versions(DATA / "figures", FigureNumbers)
FIGURE_NUMBERS: Final = FIGURES.newest
