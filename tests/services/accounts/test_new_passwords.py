"""Passwords that are set: none that is easy to guess, at any door, and no rule beside it."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from services.accounts.new_passwords import is_easy
from services.clock import utcnow
from tests.builders.world import ClinicWorld, made_up_email

GOOD = "correct horse battery quagga"
ABOUT = ("anna.quagga@north-clinic.example", "Anna Quagga", "North Clinic")


@pytest.mark.parametrize(
    "password",
    [
        "password",
        "password123",
        "P@ssw0rd2026",
        "passwordpassword",
        "1234567890",
        "qwertyuiop",
        "aaaaaaaaaaaa",
        "abcabcabcabc",
        "motdepasse",
        "interlude2026",
        "Ketamine-2026",
        "anna.quagga",
        "quagga anna",
        "AnnaQuagga84",
        "northclinic1",
        "14.07.1984",
        "ｐａｓｓｗｏｒｄ１２３",
    ],
)
def test_what_a_guesser_tries_first_is_refused(password: str):
    assert is_easy(password, ABOUT)


@pytest.mark.parametrize(
    "password",
    [
        GOOD,
        "8461093725",
        "tqzkwmrvhx",
        "zwei blaue regenschirme",
        "长密码测试一二三四五六",
        "🐘🌵🪁🧊🧭🪀🐌🎈🧵🪐",
        "interlude " + GOOD,
        GOOD * 36,
    ],
)
def test_letters_of_any_kind_and_length_are_taken(password: str):
    assert not is_easy(password, ABOUT)


@pytest.mark.parametrize("role", ["admin", "patient"])
def test_no_invitation_takes_an_easy_one(clinic: ClinicWorld, client: FlaskClient, role: str):
    form = {"email": made_up_email(), "name": "Anna Quagga", "roles": [role]}
    invited = client.post("/v1/invitations", json=form, headers=clinic.admin.headers)
    code = invited.json["code"]
    for easy in ("password1234", "annaquagga", "x" * 20, "Nine-9tx"):
        refused = client.post("/v1/invitations/accept", json={"code": code, "password": easy})
        assert (refused.status_code, list(refused.json["errors"])) == (422, ["password"])
        assert easy not in refused.text
    taken = client.post("/v1/invitations/accept", json={"code": code, "password": GOOD})
    assert taken.status_code == 201


def test_no_change_takes_an_easy_one(clinic: ClinicWorld, client: FlaskClient):
    patient = clinic.patient()

    def change(new: str) -> int:
        body = {"new_password": new, "refresh_token": patient.tokens(utcnow())["refresh_token"]}
        answer = client.post("/v1/me/password", json=body, headers=patient.headers)
        return answer.status_code

    assert [change("patquagga1"), change(GOOD)] == [422, 204]
