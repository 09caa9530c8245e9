"""What a phone reads to keep its copy: no gap, no repeat, whatever clocks and neighbours do."""

from __future__ import annotations

import base64
import random
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from services.intake.replay import replay, undecided
from tests.builders.alerts import open_alert
from tests.builders.broken import broken_rules
from tests.builders.calls import at_once, made, post, refused
from tests.builders.entries import ago, phq9
from tests.builders.phone.copy import Phone, listed, same
from tests.builders.phone.sync import (
    amendment,
    asks_for_help,
    check_in,
    report,
    report_amendment,
    sync,
)
from tests.builders.stored import revision, rows
from tests.builders.trends.chart import Chart
from tests.builders.world import ClinicWorld


def test_a_phone_that_begins_or_goes_on_has_what_the_database_shows(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat, form, effects = clinic.patient(), check_in(2), report()
    phone = Phone(client, pat)
    assert phone.page() == []
    assert phone.cursor
    sync(client, clinic.patient(), check_in())
    sync(client, pat, form, effects, asks_for_help())
    assert [op for op, _ in phone.catch_up()] == ["upsert"] * 3
    assert same(phone.copy, listed(client, pat))
    assert phone.catch_up() == []
    change, correction = amendment(form, 3), report_amendment(effects)
    sync(client, pat, change, correction)
    assert phone.catch_up() == [
        ("delete", form["id"]),
        ("upsert", change["id"]),
        ("delete", effects["id"]),
        ("upsert", correction["id"]),
    ]
    again = Phone(client, pat)
    assert {op for op, _ in again.catch_up()} == {"upsert"}
    assert same(again.copy, phone.copy)
    assert same(phone.copy, listed(client, pat))


def test_an_entry_that_comes_and_is_amended_between_two_calls_comes_once(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat, form = clinic.patient(), check_in()
    phone = Phone(client, pat)
    phone.catch_up()
    second = amendment(form)
    third = amendment(second, 1)
    sync(client, pat, form, second, third)
    assert phone.catch_up() == [("upsert", third["id"])]


def test_an_entry_amended_again_while_a_phone_reads_page_by_page_stands_once(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat, form = clinic.patient(), check_in(recorded_at=ago(hours=9))
    phone = Phone(client, pat, limit=2)
    sync(client, pat, form)
    phone.catch_up()
    second = amendment(form)
    sync(client, pat, second, *(check_in(recorded_at=ago(hours=n)) for n in range(4)))
    third = amendment(second, 1)
    sync(client, pat, third)
    came = phone.catch_up()
    assert came[-3:] == [("delete", form["id"]), ("delete", second["id"]), ("upsert", third["id"])]
    assert same(phone.copy, listed(client, pat))
    fourth = amendment(third, 1)
    sync(client, pat, fourth)
    assert phone.catch_up() == [("delete", third["id"]), ("upsert", fourth["id"])]


def test_pages_of_any_size_say_the_same(client: FlaskClient, clinic: ClinicWorld) -> None:
    pat, forms = clinic.patient(), [check_in(recorded_at=ago(hours=n)) for n in range(7)]
    sync(client, pat, *forms)
    slow = Phone(client, pat, limit=2)
    assert len(slow.page()) == 2
    sync(client, pat, amendment(forms[0]), amendment(forms[6]))
    slow.catch_up()
    assert same(slow.copy, listed(client, pat))
    assert len(slow.received) == len(set(slow.received))
    whole = Phone(client, pat, limit=500)
    assert len(whole.page()) == 7
    assert same(whole.copy, slow.copy)


def test_who_has_seen_it_reaches_the_phone(client: FlaskClient, clinic: ClinicWorld) -> None:
    pat, staff = clinic.patient(), clinic.staff()
    phone = Phone(client, pat)
    alert = f"/v1/alerts/{open_alert(client, pat)}"
    sync(client, pat, check_in())
    phone.catch_up()
    made(post(client, staff, {}, f"{alert}/acknowledge"), 200)
    ((op, seen),) = phone.catch_up()
    assert op == "upsert"
    assert phone.copy["check_in", seen]["seen_at"]
    made(post(client, staff, {}, f"{alert}/acknowledge"), 200)
    made(post(client, staff, {"text": "called"}, f"{alert}/notes"))
    made(post(client, staff, {"disposition": "safe_plan_made"}, f"{alert}/resolve"), 200)
    assert phone.catch_up() == []
    assert same(phone.copy, listed(client, pat))


def test_what_staff_change_reaches_the_phone(clinic: ClinicWorld) -> None:
    """Of an entry by staff, a session that it belongs to, a time that was in doubt."""
    chart = Chart(clinic, staff=clinic.staff())
    client, pat = chart.client, chart.pat
    phone = Phone(client, pat)
    early = chart.answer(recorded_at=ago(hours=30))["id"]
    late = chart.answer(recorded_at=ago(hours=2))["id"]
    odd = chart.answer(recorded_at=ago(days=1000))["id"]
    made(chart.post("/v1/check-ins", chart.form() | {"patient_id": str(pat.patient_id)}))
    phone.catch_up()
    assert same(phone.copy, listed(client, pat))
    course = chart.course()
    session = chart.session(course, datetime.now(UTC) - timedelta(hours=20))["id"]
    received = {one for _, one in phone.catch_up()}
    assert late in received
    assert early not in received
    assert phone.copy["check_in", late]["session"]["id"] == session
    moved = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    chart.change(session, started_at=moved)
    assert late in {one for _, one in phone.catch_up()}
    assert phone.copy["check_in", late]["session"] is None
    time = {"recorded_at": ago(days=3), "reason": "on the phone"}
    made(chart.post(f"/v1/check-ins/{odd}/time", time), 200)
    assert phone.catch_up() == [("upsert", odd)]
    assert same(phone.copy, listed(client, pat))


def test_what_the_rules_decide_later_reaches_the_phone(
    app: Flask, client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat, form = clinic.patient(), phq9()
    phone = Phone(client, pat)
    with broken_rules():
        made(post(client, pat, form))
    phone.catch_up()
    assert phone.copy["check_in", form["id"]]["score"]["total"] is None
    now = datetime.now(UTC)
    with app.app_context():
        for entry in undecided(clinic.id, now - timedelta(hours=1)):
            replay(entry, now)
    assert phone.catch_up() == [("upsert", form["id"])]
    assert phone.copy["check_in", form["id"]]["score"]["total"] == 8
    assert same(phone.copy, listed(client, pat))


def test_clocks_poison_nothing(client: FlaskClient, clinic: ClinicWorld) -> None:
    pat = clinic.patient()
    phone = Phone(client, pat)
    for at in ("2099-01-01T00:00:00Z", "1970-01-01T00:00:00Z", ago(), "9999-12-31T23:59:59Z"):
        sent = check_in(recorded_at=at)
        sync(client, pat, sent)
        assert phone.catch_up() == [("upsert", sent["id"])]


def test_a_cursor_is_ours_and_this_patients(client: FlaskClient, clinic: ClinicWorld) -> None:
    pat, other = clinic.patient(), clinic.patient()
    phone, neighbour = Phone(client, pat), Phone(client, other)
    for person in (pat, other):
        sync(client, person, check_in(), check_in())
    phone.catch_up()
    neighbour.catch_up()
    assert phone.cursor
    assert neighbour.cursor
    packed = bytearray(base64.urlsafe_b64decode(phone.cursor))
    packed[7] -= 1
    earlier = base64.urlsafe_b64encode(packed).decode()
    for cursor in (neighbour.cursor, earlier, "x", "2", "", "%00", phone.cursor[:-4], "é" * 32):
        answer = client.get(f"/v1/changes?cursor={cursor}", headers=pat.headers)
        assert refused(answer).keys() == {"cursor"}, cursor
    rows(pat, "UPDATE patient_status SET revision = 1 RETURNING revision")
    lost = client.get(f"/v1/changes?cursor={phone.cursor}", headers=pat.headers)
    assert refused(lost).keys() == {"cursor"}, "the database is older than the phone"


def test_staff_have_no_copy(client: FlaskClient, clinic: ClinicWorld) -> None:
    for person in (clinic.staff(), clinic.staff("on_call"), clinic.admin):
        assert client.get("/v1/changes", headers=person.headers).status_code == 403


def test_what_an_expired_token_sent_is_read_after_the_refresh(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat, yesterday = clinic.patient(), datetime.now(UTC) - timedelta(days=1)
    client.post("/v1/check-ins", json=phq9(), headers=pat.headers_at(yesterday))
    assert client.get("/v1/changes", headers=pat.headers_at(yesterday)).status_code == 401
    phone = Phone(client, pat)
    phone.catch_up()
    token = pat.tokens(yesterday)["refresh_token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert client.post("/v1/auth/refresh", headers=headers).status_code == 200
    assert same(phone.copy, listed(client, pat))


@pytest.mark.parametrize("seed", range(2))
def test_concurrent_writers_leave_no_gap_and_no_repeat(
    app: Flask, client: FlaskClient, clinic: ClinicWorld, seed: int
) -> None:
    pat, dice = clinic.patient(), random.Random(seed)
    forms = [check_in(recorded_at=ago(hours=n)) for n in range(6)]
    sync(client, pat, *forms)
    phone = Phone(app.test_client(), pat, limit=3)

    def write(one: int) -> None:
        own = app.test_client()
        for number in range(4):
            if number % 2:
                sync(own, pat, amendment(forms[one], id=str(uuid4())), report())
            else:
                made(post(own, pat, phq9(recorded_at=ago(days=one, minutes=number))))

    def read() -> None:
        for _ in range(25):
            phone.page()

    jobs = [partial(write, one) for one in range(4)]
    dice.shuffle(jobs)
    at_once([read, *jobs])
    phone.catch_up()
    assert same(phone.copy, listed(client, pat))
    records = [id_ for op, id_ in phone.received if op == "upsert"]
    assert len(records) == len(set(records))
    fresh = Phone(client, pat, limit=500)
    fresh.catch_up()
    assert same(fresh.copy, phone.copy)
    assert revision(pat) == 6 + 4 * 2 + 4 * 2 * 2
