"""Phones of every kind at once, over HTTP: odd instants, zones, clocks, letters and shapes. No
fault, no danger missed, no series spoiled.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from tests.builders.entries import phq9
from tests.builders.rules.odd_bodies import dangerous_form, harmless_form, odd_body
from tests.builders.seen import saw
from tests.builders.world import ClinicWorld, Person
from tests.fixtures.running import RunningService

pytestmark = pytest.mark.xdist_group("running")
# More than two years before anybody here was accepted, or years after.
PAST = (
    "0001-01-01T00:00:00Z",
    "0000-01-01t00:00:00z",
    "0001-01-01T00:00:00+23:59",
    "1582-10-10T12:00:00-05:00",
    "1970-01-01T00:00:00Z",
    "2016-12-31T23:59:60Z",
    "2019-02-28t23:59:59.999999-23:59",
)
FUTURE = ("2099-01-01T00:00:00Z", "2569-11-21T09:00:00+07:00", "9999-12-31T23:59:60Z")
ZONES = (
    "Europe/Paris", "GMT+03:00", "Asia/Beijing", "US/Pacific-New", "-03", "PDT", "Mars/Olympus", "",
    "Pacific/Apia", "Pacific/Niue", "localtime", None,
)  # fmt: skip
NOTES = ("cut here \ud83d", "whole \U0001f600", "nul \x00 inside", "e\u0301", "\u202eturned", "")
FORMS_A_PHONE = 20
OCCURRENCES = "SELECT coalesce(sum(occurrence_count), 0) AS n FROM alerts WHERE patient_id = %s"


@dataclass(frozen=True, slots=True)
class Odd:
    """A request, and what is known of it beforehand."""

    body: bytes
    statuses: Sequence[int]
    is_dangerous: bool
    headers: dict[str, str]


def shape(rng: random.Random) -> Odd:
    """A form in a shape that is refused."""
    is_dangerous = rng.random() < 0.5
    form: dict[str, Any] = dangerous_form(rng)[0] if is_dangerous else harmless_form(rng)
    body = odd_body(form, rng)
    return Odd(body, (400, 415, 422), is_dangerous, {})


def old_stamp(rng: random.Random) -> Odd:
    """A valid form that the phone files under a day nobody could have meant."""
    at, item9 = rng.choice(PAST), rng.choice([0, 0, 1, 2, 3])
    sent = rng.choice([None, datetime.now(UTC).isoformat(), "2569-11-21T09:00:00+07:00", "soon"])
    body = phq9(item9, 3, recorded_at=at, timezone=rng.choice(ZONES))
    return Odd(orjson.dumps(body), (201,), item9 > 0, {"Interlude_Sent_At": sent} if sent else {})


def strange_clock(rng: random.Random) -> Odd:
    """A valid form of another instrument, from a clock that is far off and may say so."""
    at = rng.choice([*PAST, *FUTURE])
    link = rng.choice([None, None, "q3", "q4"])
    answers = {name: int(name == link) for name in ("q1", "q2", "q3", "q4", "q5", "q6", "q6b")}
    body = phq9(
        instrument="cssrs-screener", answers=answers, recorded_at=at, timezone=rng.choice(ZONES)
    )
    sent = rng.choice([{}, {"Interlude_Sent_At": at}])
    return Odd(orjson.dumps(body), (201,), link is not None, sent)


def strange_letters(rng: random.Random) -> Odd:
    """A note with what keyboards and cut strings leave in it."""
    answers = {f"q{item}": rng.randint(0, 3) for item in range(1, 8)}
    note = rng.choice(NOTES)
    ago = timedelta(minutes=rng.randint(0, 600))
    form = phq9(
        instrument="gad7",
        answers=answers,
        recorded_at=(datetime.now(UTC) - ago).isoformat(),
        timezone=rng.choice(ZONES),
        note=note,
    )
    # orjson would refuse half a character.
    return Odd(json.dumps(form).encode(), (201,), False, {})


KINDS: tuple[Callable[[random.Random], Odd], ...] = (
    shape,
    shape,
    old_stamp,
    strange_clock,
    strange_letters,
)


def test_strange_phones_are_answered_paged_and_spoil_no_series(
    running: RunningService, requests: int = 120, seed: int = 1
) -> None:
    clinic = running.clinic()
    seeds = range(seed, seed + requests // FORMS_A_PHONE)
    with ThreadPoolExecutor(4) as pool:
        dangers = list(pool.map(lambda one: one_phone(running, clinic, one), seeds))
    saw(
        f"{len(seeds)} phones, {sum(dangers)} dangerous requests: no 5xx, each with the card and on"
        " an alert; every series is the one true entry"
    )


def one_phone(running: RunningService, clinic: ClinicWorld, seed: int) -> int:
    """Twenty requests after one true form; how many of them were dangerous."""
    rng = random.Random(seed)
    pat = clinic.patient()
    assert running.post(pat, phq9(others=1)).status == 201
    odds = [rng.choice(KINDS)(rng) for _ in range(FORMS_A_PHONE)]
    for odd in odds:
        answer = running.post(pat, odd.body, **odd.headers)
        assert answer.status in odd.statuses, (seed, answer.status)
        shown: Any = answer.json()
        if odd.is_dangerous:
            assert shown["safety"]["level"] in ("crisis", "support"), seed
    dangers = len({odd.body for odd in odds if odd.is_dangerous})
    found = running.rows(OCCURRENCES, pat.patient_id)[0].n
    assert found >= dangers, (seed, found, dangers)
    assert series(running, clinic, pat) == [8], seed
    return dangers


def series(running: RunningService, clinic: ClinicWorld, pat: Person) -> list[int]:
    """The totals of the patient's PHQ-9 as a clinician reads them."""
    staff = clinic.staff()
    got = running.send("GET", f"/v1/patients/{pat.patient_id}/trend", staff.headers)
    assert got.status == 200
    shown: Any = got.json()
    return [row["value"] for row in shown["series"]]
