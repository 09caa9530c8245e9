"""A clinic's first hour: an account from its code, and the demo in one click, only where it is."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from services.clock import utcnow
from services.demo import clinic as demo
from tests.builders.pages.console import Console, console_of
from tests.builders.world import ClinicWorld, made_up_email

CODE = re.compile(r'class="code"[^>]*><span[^>]*>[^<]*</span>([^<]+)</p>')
PASSWORD = "correct horse battery quagga"


def test_an_administrator_is_led_from_their_code_to_a_colleagues(
    app: Flask, clinic: ClinicWorld
) -> None:
    admin = console_of(app, clinic.admin, "/clinic/staff")
    admin.send(
        "/clinic/staff/invitations",
        name="Ines Quagga",
        email=made_up_email("ines"),
        roles=["clinician"],
    )
    code = CODE.findall(admin.page)[0]
    joining = Console(app)
    joining.open("/join")
    for wrong, status in (
        ({"code": code, "password": ""}, 422),
        ({"code": code, "password": "short"}, 422),
        ({"code": "0000-0000-0000", "password": PASSWORD}, 409),
        ({"code": "", "password": PASSWORD}, 422),
    ):
        assert joining.send("/join", **wrong).status_code == status
        assert wrong["password"] not in joining.page or not wrong["password"]
    joining.send("/join", code=code, password=PASSWORD)
    assert joining.open("/today").status_code == 200
    assert "Ines Quagga" in joining.text
    again = Console(app)
    again.open("/join")
    assert again.send("/join", code=code, password=PASSWORD).status_code == 409


@pytest.fixture
def demo_clinic(app: Flask, clean_database: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "STORIES", demo.STORIES[:1])
    with app.app_context():
        demo.make_demo(PASSWORD, utcnow())


@pytest.mark.parametrize(
    ("role", "first"), [("clinician", "/today"), ("on_call", "/"), ("admin", "/clinic")]
)
def test_the_demo_is_one_click_for_each_role(
    app: Flask, demo_clinic: None, role: str, first: str
) -> None:
    console = Console(app)
    console.open("")
    assert "Made-up patients" in console.text
    shown = console.send("/demo", role=role, wanted="")
    assert shown.status_code == 200
    assert shown.request.path.startswith(f"/console{first}")
    assert "Demo Clinic" in console.text
    console.open("/account")
    assert "Console this one" in console.text


@pytest.mark.parametrize("change", [{"demo": False}, {"trusted_proxies": ("10.0.0.0/8",)}])
def test_there_is_no_such_log_in_without_the_setting_or_behind_a_proxy(
    app: Flask, demo_clinic: None, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]
) -> None:
    console = Console(app)
    console.open("")
    token = console.forms()["/demo"]
    monkeypatch.setitem(app.config, "INTERLUDE", replace(app.config["INTERLUDE"], **change))
    assert "Made-up" not in console.open("").text
    assert console.post("/demo", {"csrf": token, "role": "admin"}).status_code == 404


def test_there_is_none_from_another_machine_nor_for_another_role(
    app: Flask, demo_clinic: None
) -> None:
    console = Console(app)
    console.open("")
    token = console.forms()["/demo"]
    for role in ("patient", "", "god"):
        assert console.post("/demo", {"csrf": token, "role": role}).status_code == 404
    console.client.environ_base["REMOTE_ADDR"] = "192.0.2.7"
    assert console.post("/demo", {"csrf": token, "role": "admin"}).status_code == 404
    assert "Made-up" not in console.open("").text


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "demo.evil.example"},
        {"Host": "127.0.0.1.evil.example:8080"},
        {"Forwarded": "for=192.0.2.7"},
        {"X-Real-IP": "192.0.2.7"},
        {"X-Forwarded-For": "127.0.0.1"},
    ],
)
def test_there_is_none_by_a_foreign_name_or_through_a_proxy(
    app: Flask, demo_clinic: None, headers: dict[str, str]
) -> None:
    client = app.test_client()
    assert "Made-up" in client.get("/console", headers={"Host": "127.0.0.1:8080"}).text
    assert "Made-up" in client.get("/console", headers={"Host": "[::1]:8080"}).text
    assert "Made-up" not in client.get("/console", headers=headers).text


def test_a_database_with_clinics_of_its_own_offers_none(app: Flask, clinic: ClinicWorld) -> None:
    console = Console(app)
    assert "Made-up" not in console.open("").text
    token = console.forms()["/log-in"]
    assert console.post("/demo", {"csrf": token, "role": "admin"}).status_code == 404
