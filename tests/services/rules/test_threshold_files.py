"""A threshold file is used whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from services.rules.figures.numbers import TREND_THRESHOLDS, read_trend_thresholds
from services.rules.threshold_files import DATA, ThresholdError, read_thresholds
from services.rules.worsening.numbers import read_worsening_thresholds


@dataclass(frozen=True, slots=True)
class Limits:
    rise: int
    spread: float


RISE = 'rise = { value = 6, unit = "points", source = "a trial" }\n'
SPREAD = 'spread = { value = 1.5, unit = "SD", source = "a trial" }\n'
GOOD = f'version = "7"\n[limits]\n{RISE}{SPREAD}'


def read(tmp_path, text: str | bytes) -> Limits:
    path = tmp_path / "rule.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_thresholds(path).table("limits", Limits)


def test_a_good_file_gives_its_values_and_version(tmp_path):
    assert read(tmp_path, GOOD) == Limits(rise=6, spread=1.5)
    assert read_thresholds(tmp_path / "rule.toml").version == "7"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("version = ", "not TOML"),
        (b"version = '\xff'", "not TOML"),
        (GOOD.replace('version = "7"', ""), "version is missing"),
        (GOOD.replace('"7"', '" "'), "version is missing"),
        (GOOD.replace('"7"', "7"), "version is missing"),
        (GOOD.replace("[limits]", "[limit]"), "table limits is missing"),
        ('version = "7"\nlimits = 3', "table limits is missing"),
        (GOOD.replace(RISE, ""), "missing or unknown: rise"),
        (GOOD.replace("rise =", "raise ="), "missing or unknown: raise, rise"),
        (GOOD.replace('"a trial"', '" "'), "limits.rise has no source"),
        (GOOD.replace(RISE, "rise = 6\n"), "limits.rise needs a value, a unit and a source"),
        (GOOD.replace(', source = "a trial"', ""), "limits.rise needs a value"),
        (GOOD.replace("value = 6", "value = 6.5"), "limits.rise must be a number, whole"),
        (GOOD.replace("value = 6", "value = true"), "limits.rise must be a number"),
        (GOOD.replace("value = 6", 'value = "6"'), "limits.rise must be a number"),
        (GOOD.replace("value = 1.5", 'value = "x"'), "limits.spread must be a number"),
        (GOOD.replace("value = 6", "value = 0"), "limits.rise must be positive"),
        (GOOD.replace("value = 1.5", "value = nan"), "limits.spread must be positive"),
    ],
)
def test_a_faulty_file_is_refused_by_name(tmp_path, text, problem):
    with pytest.raises(ThresholdError, match=problem) as refused:
        read(tmp_path, text)

    assert str(refused.value).startswith("rule.toml: ")


def test_the_files_of_the_rules_are_good():
    assert read_worsening_thresholds().version
    assert TREND_THRESHOLDS.version


@pytest.mark.parametrize("name", ["worsening.toml", "trend/2.toml"])
def test_a_value_taken_away_stops_the_rules_from_loading(tmp_path, name):
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    valued = [index for index, line in enumerate(lines) if "{ value" in line]
    reader = read_worsening_thresholds if name == "worsening.toml" else read_trend_thresholds
    for index in valued:
        path = tmp_path / Path(name).name
        path.write_text("\n".join(lines[:index] + lines[index + 1 :]), encoding="utf-8")
        with pytest.raises(ThresholdError, match=lines[index].split(" = ")[0]):
            reader(path)
