"""The call with which an app starts: what is in it, and when a phone is told that it has it all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from api import create_app
from api.http.app_versions import read_version
from models.database import db
from schemas.phone.bootstrap import BootstrapOut
from tests.builders.calls import made
from tests.builders.entries import phq9
from tests.builders.stored import rows
from tests.builders.trends.chart import Chart, a_course, a_session
from tests.builders.world import ClinicWorld, Person, World

READS = "SELECT count(*) AS n FROM audit_entries WHERE action = 'bootstrap_read'"


@pytest.fixture
def clinic(app: Flask, clean_database: None) -> ClinicWorld:
    """A clinic whose patients accepted 5 days ago."""
    return World(app, now=datetime.now(UTC) - timedelta(days=5)).clinic(timezone="Asia/Kolkata")


@pytest.fixture
def chart(clinic: ClinicWorld) -> Chart:
    return Chart(clinic, clinic.patient(), staff=clinic.staff(), timezone="Asia/Kolkata")


def start(client: FlaskClient, person: Person, tag: str = "", **query: str) -> TestResponse:
    headers = {**person.headers, **({"If-None-Match": tag} if tag else {})}
    return client.get("/v1/bootstrap", headers=headers, query_string=query)


def content(client: FlaskClient, person: Person, **query: str) -> dict[str, Any]:
    answer = start(client, person, **query)
    assert answer.status_code == 200, answer.json
    assert BootstrapOut().validate(answer.json) == {}
    return answer.json


def tag_of(client: FlaskClient, person: Person) -> str:
    tag: str = start(client, person).headers["ETag"]
    assert start(client, person, tag).status_code == 304
    return tag


def test_a_phone_gets_all_that_it_needs_offline(client: FlaskClient, chart: Chart) -> None:
    pat, admin = chart.pat, chart.clinic.admin
    made(client.patch("/v1/clinic", json={"phone": "+911"}, headers=admin.headers), 200)
    found = content(client, pat)

    me = client.get("/v1/me", headers=pat.headers).json
    assert found["profile"] == me
    assert found["clinic"]["phone"] == "+911"
    todays = [one for one in found["due"] if one["status"] == "due"]
    assert "phq9-daily" in {one["instrument"] for one in todays}
    listed = client.get("/v1/instruments", headers=pat.headers).json["items"]
    assert [one["content"] for one in found["instruments"]] == listed
    assert found["minimum_app_version"] is None
    card = found["crisis_card"]["card"]
    assert card["level"] == "crisis"
    assert {"name": "Your clinic", "phone": "+911"} in card["resources"]
    assert "did not reach your clinic" in card["monitoring"]
    german = client.get("/v1/bootstrap", headers={**pat.headers, "Accept-Language": "de-AT"})
    assert german.json["crisis_card"]["card"]["languages"] == ["de", "en"]
    assert german.json["crisis_card"]["version"] != found["crisis_card"]["version"]
    assert german.headers["Content-Language"] == "de, en"


def test_what_is_due_is_what_the_list_says(client: FlaskClient, chart: Chart) -> None:
    """But it looks ahead from the beginning of the day, so that it is the same all day."""
    chart.answer("phq9-daily")
    chart.session(chart.course(), chart.now)
    found = content(client, chart.pat)
    listed = client.get("/v1/me/due", headers=chart.pat.headers).json
    assert found["driving_restriction_until"] == listed["driving_restriction_until"] is not None
    near = (datetime.now(UTC) + timedelta(days=12)).isoformat()

    def shown(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [one for one in items if one["opens_at"] < near and one["status"] != "expired"]

    assert shown(found["due"]) == shown(listed["items"]) != []


def test_unchanged_is_304_without_a_trace(client: FlaskClient, clinic: ClinicWorld) -> None:
    pat = clinic.patient()
    first = start(client, pat)
    tag = first.headers["ETag"]
    assert tag.startswith('"')
    for asked in (tag, f"W/{tag}", f'"other", {tag}'):
        again = start(client, pat, asked)
        assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
        server_time = datetime.fromisoformat(again.headers["Interlude-Time"])
        assert abs(server_time - datetime.now(UTC)) < timedelta(minutes=1)
    assert rows(pat, READS)[0]["n"] == 1
    for forged in ('"x"', '"x.99999999999"', f'"{tag.strip(chr(34))[:-3]}999"', '"a.²"', '"."'):
        assert start(client, pat, forged).status_code == 200
    assert start(client, clinic.patient(), tag).status_code == 200


CHANGES: dict[str, Callable[[FlaskClient, Chart], Any]] = {
    "an answer": lambda _, chart: chart.answer("phq9-daily"),
    "a side effect": lambda _, chart: made(chart.report("nausea")),
    "a course": lambda _, chart: made(chart.post(f"{chart.path}/courses", a_course())),
    "a pause": lambda _, chart: made(
        chart.patch(
            chart.path,
            {
                "status": "paused",
                "reason": "away",
                "until_on": (chart.now + timedelta(days=9)).date().isoformat(),
            },
        ),
        200,
    ),
    "another zone": lambda _, chart: made(chart.patch(chart.path, {"timezone": "Asia/Tokyo"}), 200),
    "an indication": lambda _, chart: made(chart.patch(chart.path, {"indications": ["ptsd"]}), 200),
    "the clinic's phone": lambda client, chart: made(
        client.patch("/v1/clinic", json={"phone": "+4930"}, headers=chart.clinic.admin.headers), 200
    ),
    "the clinic's wording": lambda client, chart: made(
        client.patch(
            "/v1/clinic",
            json={"cssrs_texts": {"q1": "Own words?"}},
            headers=chart.clinic.admin.headers,
        ),
        200,
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changes_the_content_changes_the_tag(
    client: FlaskClient, chart: Chart, change: str
) -> None:
    tag = tag_of(client, chart.pat)
    CHANGES[change](client, chart)
    assert start(client, chart.pat, tag).status_code == 200


def test_a_session_that_moves_changes_it(client: FlaskClient, chart: Chart) -> None:
    course = made(chart.post(f"{chart.path}/courses", a_course()))["id"]
    session = made(chart.post(f"{chart.path}/sessions", a_session(course, chart.now)))["id"]
    tag = tag_of(client, chart.pat)
    chart.change(session, cancelled=True)
    assert start(client, chart.pat, tag).status_code == 200


def test_the_clock_alone_changes_it(world: World) -> None:
    """Over two nights, the one on which Paris' clocks change among them: a tag holds exactly while
    the content is the same.
    """
    began = datetime(2026, 10, 24, 9, tzinfo=UTC)
    clinic = World(world.app, now=began - timedelta(days=5)).clinic(timezone="Europe/Paris")
    chart = Chart(clinic, staff=clinic.staff(), now=began)
    chart.session(chart.course(), chart.now + timedelta(hours=6))
    chart.later(minutes=3)
    chart.post("/v1/check-ins", chart.form(answers=phq9(item9=1)["answers"]), chart.pat)
    tags, seen = ['"-"'], [b""]
    while chart.now < began + timedelta(hours=48):
        status, body, tag = asked(chart, tags[-1])
        assert (status == 304) == (asked(chart, '"-"')[1] == seen[-1]), chart.now
        if status == 200:
            seen, tags = [*seen, body], [*tags, tag]
        chart.later(minutes=47)
    # Each day, the session and its windows, the C-SSRS and the end of the restriction.
    assert 5 < len(seen) < 16
    assert len(set(tags)) == len(set(seen)) == len(seen)


def asked(chart: Chart, tag: str) -> tuple[int, bytes, str]:
    with chart._clock():
        headers = {**chart.pat.headers_at(chart.now), "If-None-Match": tag}
        answer = chart.client.get("/v1/bootstrap", headers=headers)
    return answer.status_code, answer.data, answer.headers["ETag"]


def test_only_what_changed_of_the_questionnaires_is_sent(client: FlaskClient, chart: Chart) -> None:
    first = content(client, chart.pat)["instruments"]
    have = ",".join(f"{one['code']}:{one['hash']}" for one in first)
    assert {one["content"] for one in content(client, chart.pat, have=have)["instruments"]} == {
        None
    }
    CHANGES["the clinic's wording"](client, chart)
    second = content(client, chart.pat, have=have)["instruments"]
    sent = {one["code"]: one["content"] for one in second if one["content"]}
    assert set(sent) == {"cssrs-screener"}
    assert sent["cssrs-screener"]["items"][0]["text"] == "Own words?"
    assert start(client, chart.pat, have="no such thing").status_code == 422


@pytest.fixture
def strict(app: Flask) -> Iterator[FlaskClient]:
    """A server that takes no app before 2.4."""
    other = create_app(replace(app.config["INTERLUDE"], min_app_version="2.4"))
    yield other.test_client()
    with other.app_context():
        db.engine.dispose()


@pytest.mark.parametrize(
    ("version", "status"),
    [("2.3.9", 426), ("1", 426), ("2.4", 200), ("2.4.0-beta", 200), ("v10", 200), ("", 200)],
)
def test_an_app_that_is_too_old_is_refused(
    strict: FlaskClient, clinic: ClinicWorld, version: str, status: int
) -> None:
    pat = clinic.patient()
    headers = {**pat.headers, "Interlude-App-Version": version}
    for path in ("/v1/bootstrap", "/v1/me", "/v1/check-ins"):
        answer = strict.get(path, headers=headers)
        assert answer.status_code == status
        assert status == 200 or answer.json["code"] == "app_too_old"
    assert strict.get("/healthz", headers=headers).status_code == 200


def test_no_version_is_too_old_for_an_urgent_answer(
    strict: FlaskClient, clinic: ClinicWorld
) -> None:
    pat = clinic.patient()
    headers = {**pat.headers, "Interlude-App-Version": "0.1"}
    sent = strict.post("/v1/check-ins", json=phq9(item9=2), headers=headers)
    assert made(sent)["safety"]["level"] == "crisis"
    items = {"items": [{"type": "check_in", **phq9(item9=1)}]}
    assert made(strict.post("/v1/sync", json=items, headers=headers), 200)
    refused = strict.post("/v1/check-ins", json={"q9": 3}, headers=headers)
    assert refused.status_code == 422
    assert refused.json["safety"]


def test_versions_are_numbers() -> None:
    assert read_version("1.10") > read_version("1.9.9.9")
    assert [read_version(text) for text in ("", "x", "1.2.3.4.5", "1..2", "-1")] == [None] * 5
