"""The trend report as JSON, and its fingerprint.

Every number is rounded once, here: to the nearest double, or an integer when it is whole. So the
same answers give the same bytes, in any language that writes the shortest form of a double.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from services.rules.day_series import DayRow
from services.rules.figures.item9 import Item9
from services.rules.figures.windows import Instability
from services.rules.statistics import TrendTest, as_number
from services.rules.trend.report import Trend
from services.rules.trend.treatment_document import burden_fields, treatment_fields
from services.rules.trend.wire import Json, day, number

NOT_CONTENT = frozenset({"generated_at", "content_hash"})


def figures(found: Trend) -> Json:
    """Return the fields of the trend JSON that come from check-ins and treatment."""
    current, week = found.current, found.m7
    return {
        "baseline": {
            "value": number(found.baseline.value),
            "on": day(found.baseline.on),
            "status": found.baseline.status,
        },
        "current": {
            "value": number(current.value if current else None),
            "on": day(current.day if current else None),
        },
        "improvement": {
            "points": number(found.improvement.points),
            "percent": number(found.improvement.percent),
        },
        "status": found.status,
        "reliable_change": found.reliable_change,
        "slope_per_week": number(found.slope_per_week),
        "m7": {"value": as_number(week.value), "n": week.n} if week else None,
        "trend_test": _test(found.trend_test),
        "instability": _instability(found.instability),
        "item9": _item9(found.item9),
        "series": [_row(row, found) for row in found.series],
        "adherence": {"due": found.adherence.due, "answered": found.adherence.answered},
        **treatment_fields(found.treatment),
        "side_effects": [burden_fields(burden) for burden in found.burdens],
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


def _row(row: DayRow, found: Trend) -> Json:
    made: Json = {
        "mood_day": row.mood_day.isoformat(),
        "value": number(row.value),
        "q9_max": row.q9_max,
        "entries": row.entries,
    }
    if row.mood_day in found.session_days:
        made["session_id"] = found.session_days[row.mood_day]
    if row.mood_day in found.ranges:
        low, high = found.ranges[row.mood_day]
        made["range"] = {"low": low, "high": high}
    return made


def _test(test: TrendTest | None) -> Json | None:
    if test is None:
        return None
    return {"s": test.s, "p": as_number(test.p), "direction": test.direction}


def _instability(found: Instability | None) -> Json | None:
    if found is None:
        return None
    return {"sd": as_number(found.sd), "mssd": number(found.mssd), "n": found.n}


def _item9(found: Item9) -> Json:
    return {
        "last_positive_on": day(found.last_positive_on),
        "days_since_positive": found.days_since_positive,
        "highest": found.highest,
        "cssrs": [{"on": day(level.on), "level": level.level} for level in found.levels],
    }
