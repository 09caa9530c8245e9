"""When nobody could answer: known from the API's signs of life, and left out of a silence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from flask import Flask

from services.alerts.monitors.silence import report_silence, silent_patients
from services.caseload.worklist.listing import list_caseload
from services.caseload.worklist.statement import CaseloadFilter
from services.intake.check_in import record_check_in
from services.intake.forms import CheckInForm
from services.operations.life import FORGOTTEN_AFTER, SignsOfLife
from services.patients.status.silence import load_outages
from services.unit_of_work import transaction
from tests.builders.stored import alerts
from tests.builders.world import Person, World, log_in

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


class Api:
    """One API process that leaves its signs; both of its clocks are moved here."""

    def __init__(self, app: Flask) -> None:
        self.app, self.signs = app, SignsOfLife()

    def at_work(self, from_h: float, until_h: float, every_s: int = 110) -> None:
        """From so many hours after noon to so many."""
        at_s, last_s = from_h * 3600, until_h * 3600
        with self.app.app_context():
            while at_s < last_s:
                self.signs.leave(NOON + timedelta(seconds=at_s), at_s)
                at_s += every_s
            self.signs.leave(NOON + timedelta(seconds=last_s), last_s)


def at_work(app: Flask, *spans: tuple[float, float]) -> None:
    """A process for each span of hours, with two signs: what is between them is not the point."""
    for from_h, until_h in spans:
        signs = SignsOfLife()
        with app.app_context():
            for hour in (from_h, until_h):
                signs.leave(NOON + timedelta(hours=hour), 0.0)


def found(app: Flask, hours: float) -> list[tuple[float, float]]:
    """The outages that are known so many hours after noon, in hours."""
    with app.app_context(), transaction() as session:
        outages = load_outages(session, NOON + timedelta(hours=hours))
    return [(_hours(each.from_at), _hours(each.until_at)) for each in outages]


def _hours(at: datetime) -> float:
    return (at - NOON) / timedelta(hours=1)


def test_gaps_between_signs_of_life_are_outages(
    app: Flask, worker_app: Flask, clean_database: None
):
    assert found(app, 0) == [], "nobody ever left one: nothing is known"
    one, other = Api(app), Api(app)
    one.at_work(0, 0.5)
    other.at_work(0.25, 1)
    assert found(app, 1) == found(worker_app, 1) == []
    assert found(worker_app, 3) == [(1, 3)], "it goes on"
    one.at_work(4, 4.5)
    other.at_work(4.25, 5)
    assert found(app, 5) == found(worker_app, 5) == [(1, 4)]
    Api(app).at_work(8, 8)
    assert found(worker_app, 8) == [(1, 4), (5, 8)]


def test_lives_of_long_ago_are_forgotten(app: Flask, clean_database: None):
    at_work(app, (0, 1), (5, 6))
    later = FORGOTTEN_AFTER / timedelta(hours=1) + 4.5
    at_work(app, (later, later + 1))
    # What was before the first life that is known, counts as a time in which they could answer.
    assert found(app, later + 1) == [(6, 78)]


def test_a_process_whose_clock_jumps_has_been_at_work(app: Flask, clean_database: None):
    signs = SignsOfLife()
    with app.app_context():
        for number, hour in enumerate((0, 48, 49, 1, 2)):
            signs.leave(NOON + timedelta(hours=hour), number * 30.0)
    assert found(app, 49) == []


def listen(worker_app: Flask, hours: float) -> int:
    now = NOON + timedelta(hours=hours)
    with worker_app.app_context():
        return sum(report_silence(patient, now) for patient in silent_patients(now))


def answer(pat: Person, hours: float, item9: int = 0) -> None:
    at = NOON + timedelta(hours=hours)
    form = CheckInForm(uuid4(), "phq9-daily", {"q9": item9, "q1": 1}, at, "Europe/Paris")
    with pat.app.app_context():
        record_check_in(pat.actor, form, None, at)


def reason(staff: Person, hours: float) -> str:
    now = NOON + timedelta(hours=hours)
    with staff.app.app_context():
        reader = log_in(staff.app, staff.actor.clinic_id, staff.user_id, now).actor
        (row,) = list_caseload(reader, CaseloadFilter(), now)["items"]
    return str(row["reason"])


@pytest.mark.parametrize("has_ended", [True, False])
def test_an_outage_is_no_silence(
    app: Flask, worker_app: Flask, clean_database: None, *, has_ended: bool
):
    """Down for 36 h: the last three hours of a mood day, the whole next one, and the morning of the
    third. The days that count are the one before and two after.
    """
    clinic = World(app, NOON).clinic()
    pat, staff = clinic.patient(), clinic.staff()
    answer(pat, 0, item9=1)
    at_work(app, (0, 60))
    if has_ended:
        at_work(app, (96, 97))
    # Mood days end in Paris 15, 39, 63, 87 h … after noon in UTC: three would be missed at 87 h.
    assert listen(worker_app, 87.1) == listen(worker_app, 97) == 0
    assert "silent" not in reason(staff, 97)
    if not has_ended:
        at_work(app, (96, 97))
    at_work(app, (97, 160))
    assert listen(worker_app, 134.9) == 0
    assert listen(worker_app, 159.1) == 1
    assert [alert["family"] for alert in alerts(pat)] == ["suicide_risk", "silence"]
    assert "answered for 3 days (3 days of outages left out)" in reason(staff, 159.1)


def test_nobody_is_silent_for_long_because_the_service_is_away_again_and_again(
    app: Flask, worker_app: Flask, clean_database: None
):
    """Three hours of every night: by the letter no day would ever count."""
    pat = World(app, NOON).clinic().patient()
    answer(pat, 0, item9=1)
    at_work(app, *[(24 * day + 18, 24 * day + 39) for day in range(-1, 9)])
    assert listen(worker_app, 158.9) == 0
    assert listen(worker_app, 159.1) == 1


@pytest.mark.parametrize("signs", [(), ((0, 1),)])
def test_a_measurement_that_never_was_or_has_ended_hides_no_silence(
    app: Flask, worker_app: Flask, clean_database: None, signs: tuple[tuple[float, float], ...]
):
    """An API that is served otherwise, or by the version before."""
    at_work(app, *[(from_h - 200, until_h - 200) for from_h, until_h in signs])
    pat = World(app, NOON).clinic().patient()
    answer(pat, 0, item9=1)
    assert listen(worker_app, 86.9) == 0
    assert listen(worker_app, 87.1) == 1


def test_whoever_is_invited_has_72_hours_of_the_service(
    app: Flask, worker_app: Flask, clean_database: None
):
    at_work(app, (-30, -10), (10, 20), (26, 500))
    World(app, NOON).clinic().patient()
    assert listen(worker_app, 87.9) == 0, "ten hours and six hours were lost since"
    assert listen(worker_app, 88) == 1
