"""The baseline of a growing series, worked out again only when it can have changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta, tzinfo

from services.rules.courses import Treatment
from services.rules.day_series import Entry, day_rows
from services.rules.figures.baseline import MISSING, Baseline, baseline_anchor, find_baseline
from services.rules.figures.numbers import TREND_THRESHOLDS


@dataclass(slots=True)
class RunningBaseline:
    """It rests on the first days of a series, or on those before the session that it stands before:
    a later answer leaves it as it is, until another session begins.
    """

    found: Baseline = MISSING
    begun: int = 0
    settled_after: date = date.max

    def after(
        self,
        instrument: str,
        series: Sequence[Entry],
        treatment: Treatment,
        zone: tzinfo,
    ) -> float | None:
        """Return the baseline in points once the last of `series` has been received, in the
        treatment that had begun; None without one.
        """
        begun = len(treatment.sessions)
        if begun != self.begun or series[-1].mood_day <= self.settled_after:
            self.begun = begun
            rows = day_rows(series)
            self.found = find_baseline(instrument, series, rows, treatment=treatment, zone=zone)
            self.settled_after = self._settled_after(treatment, zone)
        return None if self.found.value is None else float(self.found.value)

    def _settled_after(self, treatment: Treatment, zone: tzinfo) -> date:
        if self.found.on is None:
            return date.max
        anchor = baseline_anchor(treatment, zone)
        stands_before = self.found.on if anchor is None else anchor.session.day(zone)
        days = TREND_THRESHOLDS.windows.baseline_days
        return max(self.found.on, stands_before) + timedelta(days=days)
