"""What is wrong with the coming nights, over the wire and from the command line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from flask import Flask

from tests.builders.calls import made
from tests.builders.paging.rota import Rota

EVENING = datetime(2026, 6, 1, 17, tzinfo=UTC)


@pytest.fixture
def rota(app: Flask, clean_database: None, monkeypatch: pytest.MonkeyPatch) -> Rota:
    monkeypatch.setattr("api.cli.on_call.utcnow", lambda: EVENING)
    rota = Rota(app, monkeypatch, EVENING, "UTC")
    rota.clinic.contact("mailto:on-call@clinic.example")
    return rota


def checked(app: Flask, *arguments: str) -> tuple[int, list[str]]:
    result = app.test_cli_runner().invoke(args=["on-call", "check", *arguments])
    return result.exit_code, result.output.splitlines()


def test_findings_stand_beside_the_gaps_and_in_the_command(rota: Rota, app: Flask) -> None:
    nights = rota.schedule(rota.ann)
    steps = [{"delay_s": 300, "targets": [{"schedule_id": nights}]}]
    made(rota.call("PUT", "policies/critical", {"steps": steps}), 200)
    answer = rota.get("coverage", rota.ann)
    assert (answer["items"], answer["findings"]) == ([], [])
    assert checked(app) == (0, ["0 findings"])
    until = EVENING + timedelta(hours=2)
    rota.override(nights, rota.ann, EVENING, until, kind="away")
    found = rota.get("coverage", rota.ann)["findings"]
    assert [(each["kind"], each["severity"]) for each in found] == [
        ("step_empty", "critical"),
        ("last_resort_only", "critical"),
        ("schedule_gap", None),
    ]
    words = "Nights: nobody is on call from Mon 01 Jun 17:00 to Mon 01 Jun 19:00."
    assert found[-1]["words"] == words
    assert {each["from_at"] for each in found} == {found[-1]["from_at"]}
    code, lines = checked(app, "--clinic", str(rota.clinic.id))
    assert code == 1
    assert lines[-2:] == [f"clinic {rota.clinic.id}: {words}", "3 findings"]
    assert checked(app, "--clinic", str(uuid4()))[0] == 1


def test_patients_do_not_see_them(rota: Rota) -> None:
    assert rota.call("GET", "coverage", None, rota.clinic.patient()).status_code == 403
