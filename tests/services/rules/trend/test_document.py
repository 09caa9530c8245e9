"""The report as JSON: shape, numbers, and a fingerprint that only content can change."""

from __future__ import annotations

import hashlib
import json
import math
from datetime import date

import pytest

from services.rules.day_series import SeriesEntry
from services.rules.trend.document import content_hash, figures_json
from services.rules.trend.report import trend
from tests.builders.rules.days import at, on


def document(instrument: str, *scores: int) -> dict[str, object]:
    entries = []
    for index, score in enumerate(scores):
        entries.append(SeriesEntry(on(index), at(index), at(index), str(index), score, index % 2))
    found = trend(
        instrument,
        entries,
        timezone="Etc/UTC",
        data_cut_at=at(6),
        accepted_on=date(2026, 2, 28),
    )
    return figures_json(found)


# What the report of somebody without treatment says of it.
NO_TREATMENT = {
    "sessions": [],
    "effect_duration": {
        "n": 0,
        "events": 0,
        "censored": 0,
        "no_effect": 0,
        "unmeasured": 0,
        "median_days": None,
        "median_earliest_days": None,
        "median_interval": {"percent": 95, "low": None, "high": None},
        "curve": [],
        "curve_earliest": [],
    },
    "onset": None,
    "course": None,
    "relapse": None,
    "relapses": [],
    "side_effects": [],
}


def test_the_figures_of_a_week():
    assert document("phq9-daily", 18, 17, 15, 14, 12) == {
        "baseline": {"value": 15.2, "on": "2026-03-05", "status": "provisional"},
        "current": {"value": 12, "on": "2026-03-05"},
        "improvement": {"points": 3.2, "percent": 320 / 15.2},
        "status": None,
        "reliable_change": None,
        "slope_per_week": -10.5,
        "m7": {"value": 15.2, "n": 5},
        "trend_test": {
            "s": -10,
            "p": math.erfc(9 / math.sqrt(2 * 50 / 3)),
            "direction": "falling",
        },
        "instability": None,
        "item9": {
            "last_positive_on": "2026-03-04",
            "days_since_positive": 3,
            "highest": 1,
            "last_positive_form": "phq9-daily",
            "highest_form": "phq9-daily",
            "cssrs": [],
        },
        "series": [
            {"mood_day": f"2026-03-0{day}", "value": value, "q9_max": q9, "entries": 1}
            for day, value, q9 in [(1, 18, 0), (2, 17, 1), (3, 15, 0), (4, 14, 1), (5, 12, 0)]
        ],
        "adherence": {"due": 7, "answered": 5},
        **NO_TREATMENT,
    }


def test_the_figures_of_nobody_are_null_and_not_zero():
    assert document("phq9") == {
        "baseline": {"value": None, "on": None, "status": "missing"},
        "current": {"value": None, "on": None},
        "improvement": {"points": None, "percent": None},
        "status": "baseline_missing",
        "reliable_change": None,
        "slope_per_week": None,
        "m7": None,
        "trend_test": None,
        "instability": None,
        "item9": {
            "last_positive_on": None,
            "days_since_positive": None,
            "highest": None,
            "last_positive_form": None,
            "highest_form": None,
            "cssrs": [],
        },
        "series": [],
        "adherence": {"due": 1, "answered": 0},
        **NO_TREATMENT,
    }


def test_a_number_is_rounded_once_to_the_nearest_double():
    found = document("phq9", 18, 5)

    assert found["improvement"] == {"points": 13, "percent": 1300 / 18}


def test_the_hash_is_of_sorted_dense_utf8_json():
    content = {"b": [1, 2.5, None], "a": {"y": "Zoë", "x": True}}
    text = '{"a":{"x":true,"y":"Zoë"},"b":[1,2.5,null]}'

    assert content_hash(content) == hashlib.sha256(text.encode()).hexdigest()


def test_the_time_of_making_and_the_hash_itself_are_not_content():
    found = document("phq9", 18, 5)
    stamped = {**found, "generated_at": "2026-03-07T12:00:00Z", "content_hash": "f" * 64}

    assert content_hash(stamped) == content_hash(found)
    nested = {**found, "sessions": [{"generated_at": "2026-03-07T12:00:00Z"}]}
    assert content_hash(nested) != content_hash({**found, "sessions": [{}]})


def test_the_hash_survives_a_trip_through_json_and_another_order_of_keys():
    found = document("phq9-daily", 18, 17, 15, 14, 12)
    travelled = dict(reversed(json.loads(json.dumps(found)).items()))

    assert content_hash(travelled) == content_hash(found)


def test_one_point_more_is_another_hash():
    assert content_hash(document("phq9", 18, 5)) != content_hash(document("phq9", 18, 6))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_json_has_no_hash(value):
    with pytest.raises(ValueError, match="JSON"):
        content_hash({"a": value})
