"""Many phones, or one impatient one, at the same moment: real threads, one database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from services.rules.danger import triage
from tests.builders.broken import broken
from tests.builders.calls import at_once, post
from tests.builders.entries import NOTE, phq9
from tests.builders.stored import alerts, rows
from tests.builders.world import ClinicWorld, Person, World

Job = Callable[[], TestResponse]


def sending(app: Flask, person: Person, body: Any, path: str = "/v1/check-ins") -> Job:
    return lambda: post(app.test_client(), person, body, path)


def statuses(answers: Sequence[TestResponse]) -> dict[int, int]:
    return dict(Counter(answer.status_code for answer in answers))


def test_one_id_64_times_is_one_record_and_one_201(app: Flask, clinic: ClinicWorld) -> None:
    pat = clinic.patient()
    answers = at_once([sending(app, pat, phq9(item9=1))] * 64)
    assert statuses(answers) == {201: 1, 200: 63}
    assert len({answer.data for answer in answers}) == 1
    assert [alert["occurrence_count"] for alert in alerts(pat)] == [1]
    assert len(rows(pat, "SELECT 1 FROM check_ins")) == 1


def test_one_id_for_three_kinds_is_stored_as_one(app: Flask, clinic: ClinicWorld) -> None:
    pat, form = clinic.patient(), phq9()
    post(app.test_client(), pat, form)
    used = str(uuid4())
    asked = {"id": used, "recorded_at": form["recorded_at"]}
    change = {"id": used, "answers": {"q9": 3}, "reason": "worse"}
    jobs = [
        sending(app, pat, phq9(item9=2, id=used, recorded_at=form["recorded_at"])),
        sending(app, pat, asked, "/v1/help-requests"),
        sending(app, pat, change, f"/v1/check-ins/{form['id']}/amend"),
    ]
    answers = at_once(jobs * 6)
    assert statuses(answers) == {201: 1, 200: 5, 409: 12}
    assert all(answer.json["safety"]["level"] == "crisis" for answer in answers if answer.json)
    found = {alert["family"]: alert["occurrence_count"] for alert in alerts(pat)}
    assert found == {"suicide_risk": 1, "unreadable_risk": 2}


def test_one_id_of_three_people_belongs_to_one_and_shows_nothing(app: Flask, world: World) -> None:
    here, there = world.clinic(), world.clinic()
    people = [here.patient(), here.patient(), there.patient()]
    form = phq9(item9=3, note=NOTE)
    answers = at_once([sending(app, person, form) for person in people * 8])
    assert statuses(answers) == {201: 1, 200: 7, 409: 16}
    refused = [answer for answer in answers if answer.status_code == 409]
    assert all(answer.json["code"] == "id_taken" for answer in refused if answer.json)
    assert not any(NOTE in answer.text for answer in refused)
    families = sorted(alert["family"] for person in people for alert in alerts(person))
    assert families == ["suicide_risk", "unreadable_risk", "unreadable_risk"]


def test_ids_that_cross_never_lock_each_other_out(app: Flask, clinic: ClinicWorld) -> None:
    one, other = clinic.patient(), clinic.patient()
    forms = [phq9(item9=1) for _ in range(16)]
    answers = at_once([sending(app, person, form) for form in forms for person in (one, other)])
    assert statuses(answers) == {201: 16, 409: 16}


def test_the_same_refused_bytes_page_once(app: Flask, clinic: ClinicWorld) -> None:
    pat = clinic.patient()
    answers = at_once([sending(app, pat, b'{"q9": 3')] * 24)
    assert statuses(answers) == {400: 24}
    assert len({answer.data for answer in answers}) == 1
    assert [alert["occurrence_count"] for alert in alerts(pat)] == [1]
    assert len(rows(pat, "SELECT 1 FROM notifications WHERE kind = 'page'")) == 1


def test_late_entries_and_refreshes_of_one_phone_do_not_collide(
    app: Flask, clinic: ClinicWorld
) -> None:
    pat = clinic.patient()
    expired = pat.headers_at(datetime.now(UTC) - timedelta(days=1))
    bearer = {"Authorization": f"Bearer {pat.tokens(datetime.now(UTC))['refresh_token']}"}

    def entry() -> TestResponse:
        return app.test_client().post("/v1/check-ins", json=phq9(item9=1), headers=expired)

    def refresh() -> TestResponse:
        return app.test_client().post("/v1/auth/refresh", headers=bearer)

    assert statuses(at_once([entry, entry, refresh] * 6)) == {201: 12, 200: 6}


def test_entries_of_many_patients_are_all_counted_when_the_rules_fail(
    app: Flask, clinic: ClinicWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    patients = [clinic.patient() for _ in range(5)]
    monkeypatch.setattr(triage, "triage", broken)
    answers = at_once([sending(app, pat, phq9()) for _ in range(5) for pat in patients])
    assert statuses(answers) == {201: 25}
    (alert,) = rows(patients[0], "SELECT family, severity, occurrence_count FROM alerts")
    assert tuple(alert.values()) == ("rules_failed", "medium", 25)
    assert len(rows(patients[0], "SELECT 1 FROM rules_failures")) == 25
    assert len(rows(patients[0], "SELECT 1 FROM notifications")) == 1, "one page to the admin"
