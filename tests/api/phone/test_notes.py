"""Whoever sends words is told that nobody waits for them, and whom to call."""

from __future__ import annotations

from uuid import uuid4

from flask.testing import FlaskClient

from tests.builders.calls import post
from tests.builders.entries import NOTE, phq9
from tests.builders.stored import rows
from tests.builders.world import ClinicWorld
from tests.services.rules.danger.sentences import SENTENCES

UNWATCHED = "Notes are not read around the clock."


def test_every_answer_to_words_says_that_notes_are_not_watched(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat = clinic.patient()
    form = phq9(note=NOTE)
    moment = {"recorded_at": form["recorded_at"], "note": NOTE}
    change = {"id": str(uuid4()), "answers": form["answers"], "reason": NOTE}
    report = {"id": str(uuid4()), "effects": [{"code": "nausea", "grade": 1}]} | moment
    correction = {"id": str(uuid4()), "effects": [{"code": "nausea", "grade": 1}], "reason": NOTE}
    answers = [
        post(client, pat, form),
        post(client, pat, form),
        post(client, pat, change, f"/v1/check-ins/{form['id']}/amend"),
        post(client, pat, report, "/v1/side-effects"),
        post(client, pat, correction, f"/v1/side-effects/{report['id']}/amend"),
        post(client, pat, {"id": str(uuid4())} | moment, "/v1/help-requests"),
    ]
    assert [one.status_code for one in answers] == [201, 200, 201, 201, 201, 201]
    records = [one.json or {} for one in answers]
    for record in records:
        assert record["notice"].startswith(UNWATCHED)
        assert "112" in record["notice"]
        assert "3114" in record["notice"]


def test_an_answer_without_words_has_no_notice(client: FlaskClient, clinic: ClinicWorld) -> None:
    pat = clinic.patient()
    for body in (phq9(), phq9(note=None), phq9(note=" ")):
        answer = post(client, pat, body)
        assert answer.status_code == 201
        assert "notice" not in (answer.json or {})


def test_harmless_words_page_nobody_and_danger_does(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat = clinic.patient()
    calm = [one for one in SENTENCES if not one.is_dangerous and one.tier is None][:3]
    for one in calm:
        post(client, pat, phq9(note=one.text))
    assert rows(pat, "SELECT 1 FROM alerts") == []
    post(client, pat, phq9(note="I swallowed 30 tylenol an hour ago"))
    assert [row["severity"] for row in rows(pat, "SELECT severity FROM alerts")] == ["high"]
