"""The numbers of sessions and vital signs: read whole, refused by name."""

from __future__ import annotations

import pytest

from services.rules.session_day.numbers import SESSION_NUMBERS, read_session_numbers
from services.rules.threshold_files import DATA, ThresholdError
from tests.services.rules.session_words import session

READERS = {"sessions.toml": read_session_numbers}


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


def test_a_route_may_have_a_time_of_its_own(tmp_path):
    path = tmp_path / "sessions.toml"
    text = (DATA / "sessions.toml").read_text(encoding="utf-8")
    path.write_text(text.replace("ketamine_iv = { value = 120", "ketamine_iv = { value = 90"))
    numbers = read_session_numbers(path)

    assert numbers.observation_min(session(route="iv")) == 90
    assert numbers.observation_min(session(route="im")) == 120


@pytest.mark.parametrize("name", READERS)
def test_a_value_taken_away_stops_the_rules_from_loading(tmp_path, name):
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    valued = [index for index, line in enumerate(lines) if "{ value" in line]
    assert valued
    for index in valued:
        path = tmp_path / name
        path.write_text("\n".join(lines[:index] + lines[index + 1 :]), encoding="utf-8")
        with pytest.raises(ThresholdError, match=lines[index].split(" = ")[0]):
            READERS[name](path)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("next_morning_hour = { value = 8", "next_morning_hour = { value = 24", "no hour of a day"),
        ('"esketamine", "ect"', '"esketamine", "ekt"', "products.driving must list products"),
        ("driving = [", "riding = [", "products.driving must list products"),
        ('vitals = ["ketamine", "esketamine", "other"]', "vitals = []", "products.vitals must"),
        ('vitals = ["ketamine", "esketamine", "other"]', "vitals = 3", "products.vitals must"),
        ("[products]", "[product]", "products.vitals must"),
        ('version = "', 'products = 3\nversion = "', "is not TOML"),
    ],
)
def test_a_faulty_file_is_refused_by_name(tmp_path, old, new, problem):
    path = tmp_path / "sessions.toml"
    text = (DATA / "sessions.toml").read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")

    with pytest.raises(ThresholdError, match=problem):
        read_session_numbers(path)
