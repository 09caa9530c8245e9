"""The board: what each reader sees, when it counts as changed, and who of two has an alert."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from services.alerts.handling.board import Board, read_board
from services.alerts.handling.ownership import SeenOwner, acknowledge
from services.clock import utcnow
from services.exceptions import Forbidden, TakenMeanwhile
from tests.builders.alerts import do, open_alert, set_alert
from tests.builders.stored import entries
from tests.builders.world import ClinicWorld, Person, World


def board(person: Person, known: str | None = None, **later: float) -> Board:
    with person.app.app_context():
        return read_board(person.actor, utcnow() + timedelta(**later), known)


def content(shown: Board) -> str:
    return shown.version.partition("-")[0]


def shown(person: Person) -> list[tuple[str, str | None, bool]]:
    return [(str(row["id"]), row["patient"], row["may_act"]) for row in board(person).items or ()]


def test_by_tier_then_age_then_what_ended_today(client: FlaskClient, clinic: ClinicWorld):
    staff = clinic.staff()
    high = open_alert(client, clinic.patient("Ada Quagga"), 1)
    old, new = (open_alert(client, clinic.patient("Bo Quagga"), 2) for _ in range(2))
    ended = [open_alert(client, clinic.patient("Cy Quagga"), 1) for _ in range(2)]
    for alert_id in ended:
        do(client, staff, alert_id, "resolve", disposition="safe_plan_made")
    items = board(staff).items
    assert items is not None
    assert [str(row["id"]) for row in items] == [old, new, high, *reversed(ended)]
    assert [row["patient"] for row in items[:3]] == ["Bo Quagga", "Bo Quagga", "Ada Quagga"]
    assert (items[-1]["resolved_by_name"], items[-1]["disposition"]) == (
        "Sam Quagga",
        "safe_plan_made",
    )
    set_alert(clinic, ended[0], resolved_at=utcnow() - timedelta(hours=25))
    assert [str(row["id"]) for row in (board(staff).items or ())[3:]] == [ended[1]]


def test_each_role_sees_what_is_theirs_and_names_where_it_may_act(
    client: FlaskClient, world: World
):
    clinic, other = world.clinic(), world.clinic()
    member, outsider, on_call = clinic.staff(), clinic.staff(), clinic.staff("on_call")
    patient = clinic.patient("Ada Quagga", care_team=[member.user_id])
    teamed = open_alert(client, patient)
    assert shown(member) == shown(on_call) == [(teamed, "Ada Quagga", True)]
    assert shown(outsider) == shown(other.staff()) == []
    assert shown(clinic.admin) == [(teamed, None, False)]
    with pytest.raises(Forbidden):
        board(patient)


def test_its_version_stays_until_something_of_it_changes_and_is_the_readers_own(
    client: FlaskClient, clinic: ClinicWorld
):
    staff, colleague = clinic.staff(), clinic.staff("on_call")
    alert_id = open_alert(client, clinic.patient())
    seen = [content(board(staff))]
    later = board(staff, hours=1)
    assert content(later) == seen[0] != content(board(colleague))
    assert later.version != board(staff).version  # ages have changed
    do(client, colleague, alert_id, "acknowledge")
    seen.append(content(board(staff)))
    do(client, colleague, alert_id, "notes", kind="contact_attempt", outcome="no_answer")
    seen.append(content(board(staff)))
    set_alert(clinic, alert_id, severity="high")
    seen.append(content(board(staff)))
    do(client, staff, alert_id, "resolve", disposition="safe_plan_made")
    seen.append(content(board(staff)))
    assert len(set(seen)) == 5


def test_what_is_on_the_screen_already_is_no_new_read(client: FlaskClient, clinic: ClinicWorld):
    staff, patient, now = clinic.staff(), clinic.patient(), utcnow()
    open_alert(client, patient)
    with staff.app.app_context():
        first = read_board(staff.actor, now)
        again = read_board(staff.actor, now, first.version)
        assert (again.version, again.items) == (first.version, None)
        assert len(entries(staff, "alerts_listed")) == 1
        # On a screen on which only the time goes on it is recorded once in a quarter of an hour.
        for minutes in range(1, 60):
            version = f"{content(first)}-{minutes}"
            assert read_board(staff.actor, now + timedelta(minutes=minutes), version).items
        assert 5 <= len(entries(staff, "alerts_listed")) <= 6
        read_board(staff.actor, now, "another")
    listed = entries(staff, "alerts_listed")
    assert 6 <= len(listed) <= 7
    assert all(entry["about_ids"] == [patient.patient_id] for entry in listed)


def taken(person: Person, alert_id: Any, seen: SeenOwner | None) -> str:
    with person.app.app_context():
        try:
            return str(acknowledge(person.actor, alert_id, utcnow(), seen)["acknowledged_by_name"])
        except TakenMeanwhile:
            return "taken"


def test_of_two_who_take_it_at_once_one_has_it(
    app: Flask, client: FlaskClient, clinic: ClinicWorld
):
    ann, ben = clinic.staff(name="Ann Quagga"), clinic.staff(name="Ben Quagga")
    for _ in range(5):
        alert_id, both = open_alert(client, clinic.patient()), Barrier(2)

        def take(person: Person, alert_id: str = alert_id, both: Barrier = both) -> str:
            both.wait()
            return taken(person, alert_id, SeenOwner(None))

        with ThreadPoolExecutor(2) as pool:
            found = list(pool.map(take, (ann, ben)))
        assert sorted(found) in (["Ann Quagga", "taken"], ["Ben Quagga", "taken"])


def test_whoever_knows_who_has_it_takes_it_over_and_the_owner_keeps_it(
    client: FlaskClient, clinic: ClinicWorld
):
    ann, ben, cy = (clinic.staff(name=f"{name} Quagga") for name in ("Ann", "Ben", "Cy"))
    alert_id = open_alert(client, clinic.patient())
    assert taken(ann, alert_id, SeenOwner(None)) == "Ann Quagga"
    assert taken(ann, alert_id, SeenOwner(None)) == "Ann Quagga"
    assert taken(ben, alert_id, SeenOwner(ann.user_id)) == "Ben Quagga"
    assert taken(cy, alert_id, SeenOwner(ann.user_id)) == "taken"
    assert taken(cy, alert_id, None) == "Cy Quagga"
