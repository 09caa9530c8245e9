"""Many entries in one request: each as if it came alone, danger first, nothing lost or doubled."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from models.database import db
from services.intake import many, writing
from tests.builders.broken import broken, broken_rules
from tests.builders.calls import made, post, refused
from tests.builders.entries import ago
from tests.builders.phone.sync import (
    Item,
    alone,
    amendment,
    asks_for_help,
    check_in,
    entries,
    report,
    report_amendment,
    statuses,
    sync,
)
from tests.builders.stored import alerts, rows
from tests.builders.world import ClinicWorld, World


def test_each_item_has_the_answer_of_its_single_call(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat = clinic.patient()
    form, effects = check_in(), report()
    sent = [
        report_amendment(effects),
        amendment(form, 1),
        effects,
        form,
        asks_for_help(),
        check_in(answers={"q1": 9}),
        check_in() | {"type": "letter"},
        amendment(check_in()),
        17,
        None,
    ]
    found = sync(client, pat, *sent)
    assert statuses(found) == [201, 201, 201, 201, 201, 422, 422, 404, 422, 422]
    for item, result in zip(sent[:5], found, strict=False):
        assert result["id"] == item["id"] == result["record"]["id"]
        assert json.loads(alone(client, pat, item).data) == result["record"]
    assert [one["id"] for one in found[8:]] == [None, None]
    assert found[5]["problem"]["errors"].keys() == {"answers.q1"}
    assert found[7]["problem"]["code"] == "not_found"
    assert entries(pat) == {one["id"] for one in sent[:5]}


def test_sending_again_whole_in_part_or_in_another_order_answers_the_same(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat, form = clinic.patient(), check_in(2)
    sent = [form, check_in(), report("chest_pain"), amendment(form, 1), asks_for_help()]
    first = {one["id"]: one["record"] for one in sync(client, pat, *sent)}
    before = alerts(pat)
    for again in (sent, sent[::-1], sent[2:], [sent[1], sent[1]]):
        found = sync(client, pat, *again)
        assert statuses(found) == [200] * len(again)
        assert [one["record"] for one in found] == [first[one["id"]] for one in again]
    assert alerts(pat) == before
    changed = form | {"note": "another, quagga"}
    (conflict,) = sync(client, pat, changed)
    assert conflict["problem"]["code"] == "content_conflict"
    assert conflict["problem"]["stored"] == first[form["id"]]


def test_an_id_twice_in_one_request_belongs_to_the_first(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat, form = clinic.patient(), check_in()
    worse = check_in(3, id=form["id"])
    found = sync(client, pat, form, worse, form)
    assert statuses(found) == [201, 409, 200]
    assert found[1]["problem"]["safety"]["level"] == "crisis"
    assert [one["family"] for one in alerts(pat)] == ["unreadable_risk"]


DANGER: dict[str, Callable[[], Item]] = {
    "item 9 and an unknown field": lambda: check_in(2, surprise=1),
    "item 9 of an unknown form": lambda: check_in(3, instrument="phq10"),
    "an amendment of nothing": lambda: amendment(check_in(), 3),
    "a broken emergency": lambda: report("chest_pain", surprise=1),
    "a help request without anything": lambda: {"type": "help_request"},
    "a plan in an amendment": lambda: amendment(check_in(), answers={"q5": 1, "q6b": 1}),
}


@pytest.mark.parametrize("name", DANGER)
def test_danger_in_a_refused_item_pages_once_whatever_its_neighbours_are(
    client: FlaskClient, clinic: ClinicWorld, name: str
) -> None:
    pat, danger = clinic.patient(), DANGER[name]()
    sent = [17, check_in(answers={"q1": 9}), danger, check_in()]
    found = sync(client, pat, *sent)
    assert statuses(found)[3] == 201
    assert found[2]["status"] in (404, 422)
    assert found[2]["problem"]["safety"]["level"] == "crisis"
    assert "safety" not in found[1]["problem"]
    before = alerts(pat)
    assert len(before) == 1
    assert sync(client, pat, *sent)[2] == found[2]
    assert alerts(pat) == before
    assert len(rows(pat, "SELECT 1 FROM notifications WHERE kind = 'page'")) == 1


def test_the_form_that_a_refused_amendment_names_says_what_its_items_mean(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat, other = clinic.patient(), clinic.patient()
    links = ("q1", "q2", "q3", "q4", "q5", "q6", "q6b")
    screener = check_in(instrument="cssrs-screener", answers=dict.fromkeys(links, 0))
    assert statuses(sync(client, pat, screener)) == [201]
    assert statuses(sync(client, pat, amendment(screener, answers={"q4": 1}, x=1))) == [422]
    assert [one["family"] for one in alerts(pat)] == ["unreadable_risk"]
    form = check_in()
    sync(client, other, form)
    assert statuses(sync(client, other, amendment(form, answers={"q4": 1}, x=1))) == [422]
    assert alerts(other) == []


def test_what_is_refused_whole_is_searched_too(client: FlaskClient, clinic: ClinicWorld) -> None:
    risky = check_in(3)
    whole: list[tuple[Any, int]] = [
        ({"items": [check_in()] * 500 + [risky]}, 422),
        ({"items": [check_in(), risky], "more": 1}, 422),
        ([risky], 422),
        (json.dumps({"items": [risky, check_in(note="~" * 1_000_000)]}).encode(), 413),
        (json.dumps({"items": [risky]}).encode()[:-2], 400),
        ({"items": [{"type": "help_request"}], "more": 1}, 422),
    ]
    for body, status in whole:
        pat = clinic.patient()
        problem = json.loads(post(client, pat, body, "/v1/sync").data)
        assert (problem["status"], problem["safety"]["level"]) == (status, "crisis")
        assert [one["family"] for one in alerts(pat)] == ["unreadable_risk"]
        assert entries(pat) == set()
    assert refused(post(client, pat, {}, "/v1/sync")).keys() == {"items"}
    assert sync(client, pat) == []


def test_an_expired_token_is_taken_and_shows_little(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat, form = clinic.patient(), check_in(3)
    sent = [form, report(), asks_for_help()]
    old = partial(client.post, "/v1/sync", json={"items": sent})
    yesterday = pat.headers_at(datetime.now(UTC) - timedelta(days=1))
    found = made(old(headers=yesterday), 200)["results"]
    assert statuses(found) == [201, 201, 201]
    assert all("token_expired" in one["record"]["flags"] for one in found)
    again = made(old(headers=yesterday), 200)["results"]
    assert [one["record"].keys() for one in again] == [{"id", "received_at", "safety"}] * 3
    sent[0] = form | {"note": "quagga"}
    conflict = made(old(headers=yesterday), 200)["results"][0]["problem"]
    assert (conflict["code"], "stored" in conflict) == ("content_conflict", False)
    other = clinic.patient()
    long_ago = other.headers_at(datetime.now(UTC) - timedelta(days=40))
    for headers in (long_ago, other.headers_at(datetime.now(UTC) + timedelta(days=2))):
        sent[0] = check_in(3)
        answer = old(headers=headers)
        assert answer.status_code == 401
        assert answer.json is not None
        assert answer.json["safety"]["resources"]
    assert {one["rule"] for one in alerts(other)} == {"S10c"}
    assert entries(other) == set()


def test_a_revoked_token_stores_nothing(client: FlaskClient, clinic: ClinicWorld) -> None:
    pat = clinic.patient()
    assert client.post("/v1/auth/logout", headers=pat.headers).status_code == 204
    for sent in ([], [check_in()], [check_in(3), check_in(answers={"q9": "x"})]):
        assert post(client, pat, {"items": sent}, "/v1/sync").status_code == 401
    assert entries(pat) == set()
    assert [one["rule"] for one in alerts(pat)] == ["S10c"]


def test_staff_do_not_sync(client: FlaskClient, clinic: ClinicWorld) -> None:
    for person in (clinic.staff(), clinic.staff("on_call"), clinic.admin):
        assert post(client, person, {"items": [check_in(3)]}, "/v1/sync").status_code == 403


def test_who_is_not_followed_any_more_is_still_helped(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat = clinic.patient()
    status = {"status": "discharged"}
    path = f"/v1/patients/{pat.patient_id}"
    made(client.patch(path, json=status, headers=clinic.staff().headers), 200)
    found = sync(client, pat, check_in(), check_in(2), report("nausea"), asks_for_help())
    assert statuses(found) == [403, 201, 403, 201]
    assert found[0]["problem"]["code"] == "not_followed"
    assert "no longer reads" in found[1]["record"]["safety"]["monitoring"]


def test_what_breaks_one_item_costs_no_other(client: FlaskClient, world: World) -> None:
    """The id of somebody in another clinic, which only the write can tell."""
    clinic, other = world.clinic(), world.clinic()
    taken = check_in()
    sync(client, other.patient(), taken)
    pat = clinic.patient()
    sent = [check_in(1), check_in(), check_in(id=taken["id"]), report(), asks_for_help()]
    found = sync(client, pat, *sent)
    assert statuses(found) == [201, 201, 409, 201, 201]
    assert found[2]["problem"]["code"] == "id_taken"
    assert "stored" not in found[2]["problem"]


def test_a_fault_in_one_item_is_answered_with_a_card(
    client: FlaskClient, clinic: ClinicWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    pat, row = clinic.patient(), writing.Entry.place_columns
    sent = [check_in(), check_in(3), check_in(1)]
    faulty = {sent[1]["id"]}
    monkeypatch.setattr(
        writing.Entry,
        "place_columns",
        lambda self, *given: broken() if str(self.id) in faulty else row(self, *given),
    )
    found = sync(client, pat, *sent)
    assert statuses(found) == [201, 500, 201]
    assert found[1]["problem"]["safety"]["level"] == "crisis"
    assert {one["family"] for one in alerts(pat)} == {"suicide_risk", "unreadable_risk"}
    faulty.clear()
    assert statuses(sync(client, pat, *sent)) == [200, 201, 200]


def test_an_item_that_is_nested_too_deeply_costs_no_other(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat, deep = clinic.patient(), json.loads("[" * 400 + "]" * 400)
    found = sync(client, pat, check_in(), check_in(3, surprise=deep))
    assert statuses(found) == [201, 422]
    assert found[1]["problem"]["safety"]["level"] == "crisis"


def test_rules_that_fail_are_no_reason_to_refuse(client: FlaskClient, clinic: ClinicWorld) -> None:
    pat = clinic.patient()
    with broken_rules(), broken_rules("services.intake.sync.find_terms"):
        sent = (check_in(note="quagga"), check_in(2), report())
        assert statuses(sync(client, pat, *sent)) == [201] * 3
    assert {one["rule"] for one in alerts(pat)} == {"fallback"}


def commits_of(app: Flask, send: Callable[[], object]) -> int:
    """How many transactions a request commits."""
    commits: list[object] = []
    with app.app_context():
        engine = db.engine

    def count(connection: object) -> None:
        commits.append(connection)

    event.listen(engine, "commit", count)
    try:
        send()
    finally:
        event.remove(engine, "commit", count)
    return len(commits)


def test_what_nothing_stands_against_is_written_in_one_transaction(
    app: Flask, client: FlaskClient, clinic: ClinicWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    pat = clinic.patient()
    sync(client, pat)
    token = commits_of(app, lambda: sync(client, pat))

    def more(*sent: Any) -> int:
        return commits_of(app, lambda: sync(client, pat, *sent)) - token

    assert more(*(check_in(recorded_at=ago(hours=n)) for n in range(20)), report()) == 1
    assert more(check_in(), check_in(1), asks_for_help()) == 2, "danger first, then the rest"
    monkeypatch.setattr(many, "LOCKED_FOR_S", 0)
    assert more(*(check_in() for _ in range(4))) == 4, "nobody waits long for the patient's lock"


def test_refusals_of_items_are_recorded(client: FlaskClient, clinic: ClinicWorld) -> None:
    pat, missing, form = clinic.patient(), check_in(), check_in()
    sync(client, pat, form, amendment(missing), form | {"note": "quagga"}, amendment(missing))
    found = rows(
        pat,
        "SELECT e.about_ids, d.detail FROM audit_entries e JOIN audit_details d"
        " ON d.entry_id = e.id WHERE e.action = 'refused' AND e.actor_id = :id",
        id=pat.user_id,
    )
    route = "POST /v1/sync"
    assert {(row["detail"]["route"], row["detail"]["status"]) for row in found} == {
        (route, 404),
        (route, 409),
    }
    assert [row["about_ids"] for row in found if row["detail"]["status"] == 404] == [
        [UUID(missing["id"])]
    ]
