"""Every figure of the trend JSON, recomputed from the posted answers by lines of our own.

What stands between the two rulers imports nothing of the product.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import combinations
from statistics import mean, median
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.builders.calls import post
from tests.builders.entries import phq9
from tests.builders.world import ClinicWorld, Person, World, log_in

ZONE = "America/New_York"
Form = dict[str, Any]


# --- ruler ---------------------------------------------------------------------------------------
def mood_day(form: Form) -> date:
    local = datetime.fromisoformat(form["recorded_at"]).astimezone(ZoneInfo(ZONE))
    return (local.replace(tzinfo=None) - timedelta(hours=4)).date()


def total(form: Form) -> int | None:
    scored = [form["answers"].get(f"q{item}") for item in range(1, 10)]
    return sum(scored) if all(type(value) is int for value in scored) else None


def by_day(forms: list[Form]) -> dict[date, list[Form]]:
    days: dict[date, list[Form]] = {}
    for form in sorted(forms, key=lambda f: datetime.fromisoformat(f["recorded_at"])):
        days.setdefault(mood_day(form), []).append(form)
    return dict(sorted(days.items()))


def value_of(forms: list[Form]) -> int | None:
    return next((total(form) for form in reversed(forms) if total(form) is not None), None)


def observed(forms: list[Form]) -> dict[date, int]:
    return {day: v for day, each in by_day(forms).items() if (v := value_of(each)) is not None}


def baseline(instrument: str, forms: list[Form]) -> tuple[float | None, date | None]:
    values = observed(forms)
    if instrument == "phq9":
        first = min(values, default=None)
        complete = [f for f in by_day(forms)[first] if total(f) is not None] if first else []
        return (total(complete[0]), first) if complete else (None, None)
    start = min(by_day(forms), default=None)
    early = {d: v for d, v in values.items() if start and (d - start).days < 7}
    return (mean(early.values()), max(early)) if len(early) >= 3 else (None, None)


def status(base: float | None, now: int | None) -> str | None:
    if base is None or now is None:
        return "baseline_missing"
    return "worse" if now - base >= 6 else "baseline_only"  # nobody is treated here


def slope(values: dict[date, int]) -> float | None:
    last = max(values)
    window = [(d, v) for d, v in sorted(values.items()) if (last - d).days < 14]
    rises = [Fraction(b - a, (e - d).days) for (d, a), (e, b) in combinations(window, 2)]
    return float(7 * median(rises)) if len(window) >= 5 else None


def due(instrument: str, accepted: date, today: date, away: set[date]) -> Iterator[set[date]]:
    days = [accepted + timedelta(days=n) for n in range(1, (today - accepted).days + 1)]
    days = [day for day in days if day not in away]
    length = {"phq9": 14, "phq9-daily": 1}.get(instrument, 0)
    for start in range(0, len(days), length) if length else ():
        yield set(days[start : start + length])


def fingerprint(document: dict[str, Any]) -> str:
    content = {k: v for k, v in document.items() if k not in ("generated_at", "content_hash")}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


# --- ruler ---------------------------------------------------------------------------------------


def a_history(seed: int, now: datetime) -> list[Form]:
    """Forty days of daily forms with gaps, doubles, partial forms and nights; some PHQ-9s."""
    draw = random.Random(seed)
    forms = []
    for days_ago in range(40, -1, -1):
        for _ in range(draw.choices((0, 1, 2), (2, 6, 2))[0]):
            at = now - timedelta(days=days_ago, hours=draw.uniform(0, 23.5))
            forms.append(a_form(draw, "phq9-daily", at))
        if days_ago % 13 == 0:
            forms.append(a_form(draw, "phq9", now - timedelta(days=days_ago, minutes=5)))
    draw.shuffle(forms)
    return forms


def a_form(draw: random.Random, instrument: str, at: datetime) -> Form:
    high = draw.choice((1, 2, 3))
    answers: dict[str, Any] = {f"q{item}": draw.randint(0, high) for item in range(1, 9)}
    answers["q9"] = draw.choice((0, 0, 0, 1, None, "declined"))
    return phq9(instrument=instrument, answers=answers, recorded_at=at.isoformat(), timezone=ZONE)


@pytest.fixture
def old_clinic(app: Flask, clean_database: None) -> ClinicWorld:
    """A clinic whose patients accepted 25 days ago."""
    return World(app, now=datetime.now(UTC) - timedelta(days=25)).clinic(timezone=ZONE)


def trend(client: FlaskClient, person: Person, path: str) -> dict[str, Any]:
    answer = client.get(path, headers=person.headers)
    assert answer.status_code == 200, answer.json
    assert answer.json is not None
    return answer.json


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_figure_follows_from_the_answers(
    client: FlaskClient, old_clinic: ClinicWorld, seed: int
) -> None:
    pat = old_clinic.patient()
    forms = a_history(seed, datetime.now(UTC))
    for form in forms:
        assert post(client, pat, form).status_code == 201
    for instrument in ("phq9", "phq9-daily"):
        shown = trend(client, pat, f"/v1/me/trend?instrument={instrument}")
        check(shown, instrument, [form for form in forms if form["instrument"] == instrument])


def check(shown: dict[str, Any], instrument: str, forms: list[Form]) -> None:
    cut_day = mood_day({"recorded_at": shown["data_cut"]["at"]})
    accepted = mood_day({"recorded_at": (datetime.now(UTC) - timedelta(days=25)).isoformat()})
    forms = [form for form in forms if mood_day(form) <= cut_day]
    values = observed(forms)
    base, base_on = baseline(instrument, forms)
    last = max(values)
    word = "provisional" if base is not None else "missing"
    assert shown["baseline"] == {
        "value": pytest.approx(base),
        "on": base_on and base_on.isoformat(),
        "status": word,
    }
    assert shown["current"] == {"value": values[last], "on": last.isoformat()}
    check_improvement(shown["improvement"], base, values[last])
    assert shown["status"] == (status(base, values[last]) if instrument == "phq9" else None)
    assert shown["slope_per_week"] == pytest.approx(slope(values))
    week = [v for d, v in values.items() if (last - d).days < 7]
    assert shown["m7"] == (
        {"value": pytest.approx(mean(week)), "n": len(week)} if len(week) >= 4 else None
    )
    assert shown["series"] == [series_row(day, each) for day, each in by_day(forms).items()]
    periods = list(due(instrument, accepted, cut_day, set()))
    done = sum(not period.isdisjoint(by_day(forms)) for period in periods)
    assert shown["adherence"] == {"due": len(periods), "answered": done}
    assert shown["content_hash"] == fingerprint(shown)
    assert (shown["sessions"], shown["side_effects"]) == ([], [])


def check_improvement(shown: dict[str, Any], base: float | None, now: int) -> None:
    points = None if base is None else base - now
    percent = 100 * points / base if base and points is not None and base >= 10 else None
    assert shown == {"points": pytest.approx(points), "percent": pytest.approx(percent)}


def series_row(day: date, forms: list[Form]) -> dict[str, Any]:
    item9 = [f["answers"]["q9"] for f in forms if type(f["answers"]["q9"]) is int]
    return {
        "mood_day": day.isoformat(),
        "value": value_of(forms),
        "q9_max": max(item9, default=None),
        "entries": len(forms),
    }


def test_paused_days_are_not_due(client: FlaskClient, old_clinic: ClinicWorld) -> None:
    pat = old_clinic.patient()
    with old_clinic.app.app_context():
        admin = old_clinic.admin
        staff = log_in(old_clinic.app, old_clinic.id, admin.user_id, datetime.now(UTC))
    today = mood_day({"recorded_at": datetime.now(UTC).isoformat()})
    pause = {"status": "paused", "reason": "travels", "until_on": str(today + timedelta(days=3))}
    path = f"/v1/patients/{pat.patient_id}"
    before = due_days(client, pat)
    assert client.patch(path, json=pause, headers=staff.headers).status_code == 200
    assert due_days(client, pat) == before - 1  # today is the first paused day
    assert client.patch(path, json={"status": "active"}, headers=staff.headers).status_code == 200
    assert due_days(client, pat) == before


def due_days(client: FlaskClient, pat: Person) -> int:
    """Each check-in moves the cut to now."""
    assert post(client, pat, phq9(instrument="gad7", answers={"q1": 0})).status_code == 201
    due_now: int = trend(client, pat, "/v1/me/trend?instrument=phq9-daily")["adherence"]["due"]
    return due_now


def test_from_and_to_bound_what_is_reported(client: FlaskClient, old_clinic: ClinicWorld) -> None:
    pat = old_clinic.patient()
    now = datetime.now(UTC)
    for days_ago, others in ((20, 2), (10, 1), (1, 0)):
        at = (now - timedelta(days=days_ago)).isoformat()
        post(client, pat, phq9(others=others, recorded_at=at, timezone=ZONE))
    whole = trend(client, pat, "/v1/me/trend")
    days = [row["mood_day"] for row in whole["series"]]
    assert [row["value"] for row in whole["series"]] == [16, 8, 0]
    part = trend(client, pat, f"/v1/me/trend?from={days[1]}&to={days[1]}")
    assert [row["mood_day"] for row in part["series"]] == [days[1]]
    assert part["current"] == {"value": 8, "on": days[1]}
    assert (
        part["baseline"]
        == whole["baseline"]
        == {"value": 16, "on": days[0], "status": "provisional"}
    )
    assert (part["status"], whole["status"]) == ("baseline_only", "baseline_only")


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("instrument=phq8", "instrument"),
        ("cut=99", "cut"),
        ("cut=-1", "cut"),
        ("cut=99999999999", "cut"),
        ("from=2026-02-30", "from"),
        ("from=2026-03-02&to=2026-03-01", "from"),
        ("colour=red", "colour"),
    ],
)
def test_a_question_that_cannot_be_answered_is_422(
    client: FlaskClient, clinic: ClinicWorld, query: str, path: str
) -> None:
    answer = client.get(f"/v1/me/trend?{query}", headers=clinic.patient().headers)
    assert answer.status_code == 422
    assert answer.json is not None
    assert list(answer.json["errors"]) == [path]


def test_who_answers_a_zone_ahead_of_her_profile_is_in_the_report_at_once(
    client: FlaskClient, world: World
) -> None:
    # Between the two it is always a later date in Kiritimati (UTC+14) than in Pago Pago (UTC-11).
    pat = world.clinic(timezone="Pacific/Pago_Pago").patient()
    form = phq9(item9=3, recorded_at=datetime.now(UTC).isoformat(), timezone="Pacific/Kiritimati")
    stored = post(client, pat, form).json
    assert stored is not None

    shown = client.get("/v1/me/trend", headers=pat.headers).json

    assert shown is not None
    assert shown["current"] == {"value": 11, "on": stored["mood_day"]}
    assert [(row["mood_day"], row["q9_max"]) for row in shown["series"]] == [
        (stored["mood_day"], 3)
    ]
    assert shown["item9"]["days_since_positive"] == 0
