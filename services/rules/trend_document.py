"""The trend report as JSON, and its fingerprint.

Every number is rounded once, here: to the nearest double, or an integer when it is whole. So the
same answers give the same bytes, in any language that writes the shortest form of a double.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from fractions import Fraction

from services.rules.day_series import DayRow
from services.rules.statistics import as_number
from services.rules.trend import Trend

Json = dict[str, object]

NOT_CONTENT = frozenset({"generated_at", "content_hash"})


def figures(found: Trend) -> Json:
    """Return the fields of the trend JSON that come from check-ins."""
    current, week = found.current, found.m7
    return {
        "baseline": {
            "value": _number(found.baseline.value),
            "on": _day(found.baseline.on),
            "status": found.baseline.status,
        },
        "current": {
            "value": _number(current.value if current else None),
            "on": _day(current.day if current else None),
        },
        "improvement": {
            "points": _number(found.improvement.points),
            "percent": _number(found.improvement.percent),
        },
        "status": found.status,
        "slope_per_week": _number(found.slope_per_week),
        "m7": {"value": as_number(week.value), "n": week.n} if week else None,
        "series": [_row(row) for row in found.series],
        "adherence": {"due": found.adherence.due, "answered": found.adherence.answered},
    }


def content_hash(document: Mapping[str, object]) -> str:
    """Return the SHA-256 (hex) of the document's canonical JSON, without the two fields above.

    Canonical: keys sorted, no white space, UTF-8 unescaped. Raises TypeError for values that are
    not JSON and ValueError for NaN or infinity.
    """
    content = {key: value for key, value in document.items() if key not in NOT_CONTENT}
    canonical = json.dumps(
        content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return hashlib.sha256(canonical.encode()).hexdigest()


def _number(value: int | Fraction | None) -> int | float | None:
    return None if value is None else as_number(value)


def _day(day: dt.date | None) -> str | None:
    return None if day is None else day.isoformat()


def _row(row: DayRow) -> Json:
    return {
        "mood_day": row.mood_day.isoformat(),
        "value": _number(row.value),
        "q9_max": row.q9_max,
        "entries": row.entries,
    }
