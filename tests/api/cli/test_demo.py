"""`flask demo`: made once, believable, and everybody it names can log in."""

from __future__ import annotations

import re
import shlex

from flask import Flask
from flask.testing import FlaskClient

from tests.builders.stored import rows
from tests.builders.world import World


def demo(app: Flask) -> str:
    result = app.test_cli_runner().invoke(args=["demo"])
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
