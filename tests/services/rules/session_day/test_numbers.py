"""The numbers of sessions and vital signs: read whole, refused by name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.rules.numbers import DATA, NumbersError, build, load
from services.rules.session_day.numbers import SESSION_NUMBERS, SessionNumbers
from tests.builders.rules.session_day import session


@pytest.mark.parametrize(
    ("product", "route", "minutes"),
    [
        ("esketamine", "intranasal", 120),
        ("ketamine", "iv", 120),
        ("ketamine", "oral", 120),
        ("other", None, 120),
        ("tms", None, 0),
        ("ect", None, 0),
    ],
)
def test_how_long_somebody_is_watched(product, route, minutes):
    assert SESSION_NUMBERS.observation_min(session(product=product, route=route)) == minutes


def test_a_route_may_have_a_time_of_its_own():
    shorter = replace(SESSION_NUMBERS.observation, ketamine_iv=90)
    numbers = replace(SESSION_NUMBERS, observation=shorter)

    assert numbers.observation_min(session(route="iv")) == 90
    assert numbers.observation_min(session(route="im")) == 120


@pytest.mark.parametrize(
    ("place", "value", "problem"),
    [
        (("driving", "next_morning_hour", "value"), 24, "must be 0 to 23"),
        (("products", "driving"), ["ketamine", "ekt"], "must be one of ketamine"),
        (("products", "vitals"), [], "must be a list that is not empty"),
    ],
)
def test_a_faulty_file_is_refused_by_place(place, value, problem):
    content = load(DATA / "sessions.toml")
    table = content
    for name in place[:-1]:
        table = table[name]
    table[place[-1]] = value
    with pytest.raises(NumbersError, match=f"^sessions.toml: {place[0]}.{place[1]}.*{problem}"):
        build(content, SessionNumbers, "sessions.toml")
