"""`flask demo`: made once, believable, and everybody it names can log in."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from api.cli import demo as command
from api.play.phones import Reply
from services.demo.staff import find_demo
from services.unit_of_work import transaction
from tests.builders.stored import rows
from tests.builders.world import World


def demo(app: Flask, *words: str) -> str:
    result = app.test_cli_runner().invoke(args=["demo", *words])
    assert result.exit_code == 0, result.output
    return result.output


def test_the_demo_clinic_is_made_once_and_works(
    app: Flask, client: FlaskClient, clean_database: None
) -> None:
    words = demo(app)
    password = re.search(r"demo-[0-9a-f]{10}", words)
    assert password is not None
    log_in = {"email": "clinician@demo.example", "password": password[0]}
    token = client.post("/v1/auth/login", json=log_in).json
    assert token is not None
    headers = {"Authorization": f"Bearer {token['access_token']}"}

    def caseload() -> dict[str, tuple[str | None, str | None]]:
        page = client.get("/v1/patients?sort=risk", headers=headers).json
        assert page is not None
        return {
            row["name"]: (row["trend_status"], row["highest_severity"]) for row in page["items"]
        }

    before = caseload()
    assert before["Remi Remission"] == ("remission", None)
    assert before["Nora Nonresponder"] == ("no_response", "medium")
    assert before["Dana Deteriorating"][1] == "critical"
    assert set(before) >= {"Rosa Responder", "Sil Silent"}

    duty = client.get("/v1/on-call/now", headers=headers).json
    assert duty is not None
    (schedule,) = duty["items"]
    assert {schedule["now"]["name"], schedule["next"]["name"]} == {
        "Clara Clinician",
        "Owen Oncall",
    }

    assert password[0] in demo(app), "the same log-ins at every start"
    assert caseload() == before, "and nothing made twice"

    request = shlex.split(words.strip().splitlines()[-1])
    sent = dict(line.split(": ", 1) for line in request if line.startswith(("Auth", "Content")))
    first = client.post("/v1/check-ins", data=request[-1], headers=sent)
    assert first.status_code == 201
    assert caseload()["Rosa Responder"][1] == "high"


def test_no_made_up_patient_stands_beside_a_real_one(app: Flask, world: World) -> None:
    clinic = world.clinic()
    assert "no made-up patients beside them" in demo(app)
    assert len(rows(clinic.admin, "SELECT 1 FROM users")) == 1


ENTRIES = "SELECT id FROM check_ins UNION ALL SELECT id FROM side_effect_reports"
SEVERITIES = "SELECT severity FROM alerts"


def found_in_demo(app: Flask, query: str) -> Counter[object]:
    with app.app_context(), transaction(find_demo()) as session:
        return Counter(session.scalars(text(query)))


@pytest.mark.parametrize(("words", "alerts"), [([], []), (["--bad-night"], ["critical"])])
def test_phones_of_the_demo_answer_for_a_while(
    app: Flask,
    client: FlaskClient,
    clean_database: None,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    words: list[str],
    alerts: list[str],
) -> None:
    """Over a line that loses some; nobody is paged unless it is asked for."""

    class InProcess:
        def __init__(self, _url: str, tries: int) -> None:
            assert tries == 1

        def send(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
            # In a thread: the command's own context is in the way of a request's.
            with ThreadPoolExecutor(1) as apart:
                how = {"method": method, "headers": headers, "data": body}
                found = apart.submit(client.open, path, **how).result()
            return Reply(found.status_code, {k.lower(): v for k, v in found.headers}, found.data)

    waited: list[float] = []
    settings = replace(app.config["INTERLUDE"], data_dir=tmp_path)
    monkeypatch.setitem(app.config, "INTERLUDE", settings)
    monkeypatch.setattr(command, "Wire", InProcess)
    monkeypatch.setattr(command, "Random", lambda: Random(9))
    monkeypatch.setattr(command.time, "sleep", waited.append)
    demo(app)
    entries, severities = (found_in_demo(app, query) for query in (ENTRIES, SEVERITIES))
    printed = demo(app, "--live", "1", "--every", "5", *words).strip().splitlines()
    assert waited == [5] * 12
    assert len(printed) == 12
    unsent = int((re.findall(r"\((\d+) not sent\)$", printed[-1]) or ["0"])[0])
    # What is not sent as far as a phone knows may have arrived: its answer was lost.
    assert 12 - unsent <= (found_in_demo(app, ENTRIES) - entries).total() <= 12
    assert list((found_in_demo(app, SEVERITIES) - severities).elements()) == alerts
    again = demo(app, "--live", "1", "--every", "60").strip().splitlines()
    assert len(again) == 1  # on the same disks, under the same tokens
    assert len(list((tmp_path / "phones").rglob("*.db"))) == 3
