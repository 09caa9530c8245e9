"""One random history entered over HTTP, and the report on it against the oracle."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from random import Random
from unittest import mock

from flask import Flask

from tests.builders.oracle.life import BEGIN, Life
from tests.builders.oracle.report import differences, report
from tests.builders.world import World

INSTRUMENTS = ("phq9", "phq9-daily", "mood", "gad7")
# To be settled: which form of a day shows the onset of a daily series, and on which day.
NOT_YET: dict[str, set[str]] = {}
CLINICS = ("Europe/Paris", "America/New_York", "Asia/Kolkata")


@dataclass(frozen=True)
class Compared:
    """One history: what was entered, in words, and what the two say differently."""

    seed: str
    entered: list[str]
    against: list[str]


def compare(app: Flask, seed: str, abroad: float = 0.3) -> Compared:
    """Live one patient's history; look at the report on the way and at the end."""
    # The lives lie ahead, where the newest edition of the formulas holds: their tokens too.
    with mock.patch("api.http.auth.CLOCKS_DIFFER_BY_S", timedelta(days=36_500)):
        return _lived(app, seed, abroad)


def _lived(app: Flask, seed: str, abroad: float) -> Compared:
    draw = Random(seed)
    zone = draw.choice(CLINICS)
    clinic = World(app, BEGIN).clinic(timezone=zone)
    life = Life(clinic, zone, draw, abroad)
    against: list[str] = []
    for moment in life.moments():
        for instrument in INSTRUMENTS:
            found = life.chart.trend(f"instrument={instrument}")
            expected = report(life.written, instrument)
            for part in NOT_YET.get(instrument, set()):
                del expected[part]
            against += [f"{moment} {instrument} {one}" for one in differences(expected, found)]
    return Compared(seed, life.diary, against)
