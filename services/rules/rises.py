"""How far scores stand above what is usual for the patient (rules M1 and A1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from services.rules.day_series import DayValue
from services.rules.statistics import as_number, median


@dataclass(frozen=True, slots=True)
class Rise:
    """How far the lowest of some readings stands above what came before them, in points."""

    reference: float | None
    points: float | None

    def reaches(self, limit: float) -> bool:
        return self.points is not None and self.points >= limit


def newest_within(readings: Sequence[DayValue], days: int) -> list[DayValue]:
    """The readings that are at most so many days older than the newest, ascending."""
    ordered = sorted(readings, key=lambda reading: reading.day)
    return [reading for reading in ordered if (ordered[-1].day - reading.day).days <= days]


def rise(
    recent: Sequence[DayValue], judged: int, baseline: float | None, reference_readings: int
) -> Rise:
    """The rise of the lowest of the last `judged` readings (ascending) above the reference.

    The reference is the lower of the baseline and the median of up to `reference_readings` before
    those being judged: a reading cannot be its own reference.
    """
    before = [reading.value for reading in recent[:-judged]][-reference_readings:]
    candidates = [] if baseline is None else [baseline]
    if before:
        candidates.append(as_number(median(before)))
    reference = min(candidates, default=None)
    if reference is None or len(recent) < judged:
        return Rise(reference, None)
    lowest = min(reading.value for reading in recent[-judged:])
    return Rise(reference, as_number(lowest - Fraction(reference)))
