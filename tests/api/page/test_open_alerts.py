"""`/a`: where a page that came without a link is found by its number."""

from __future__ import annotations

from uuid import UUID

from flask import Flask
from flask.testing import FlaskClient

from services.channels.base import short_id
from tests.builders.alerts import do, open_alert
from tests.builders.browser import Browser
from tests.builders.world import ClinicWorld, World


def entrance(app: Flask) -> Browser:
    browser = Browser(app, "x")
    browser.path = "/a"
    return browser


def test_after_the_log_in_it_lists_what_is_open_for_the_reader(
    app: Flask, client: FlaskClient, world: World
) -> None:
    clinic, other = world.clinic(), world.clinic()
    staff = clinic.staff()
    mine, ended = (open_alert(client, clinic.patient("Ada Quagga")) for _ in range(2))
    foreign = open_alert(client, other.patient())
    done = do(client, staff, ended, "resolve", disposition="safe_plan_made")
    assert done.status_code == 200
    browser = entrance(app)
    assert browser.log_in(staff).status_code == 200
    assert browser.shown is not None
    assert f"Alert {short_id(UUID(mine))}" in browser.text
    assert "Nobody has it" in browser.text
    assert "Quagga" not in browser.text
    assert short_id(UUID(ended)) not in browser.text
    assert short_id(UUID(foreign)) not in browser.text
    assert f'href="/a/{mine}"' in browser.shown.text
    assert "I take this alert" in browser.open(f"/a/{mine}").text


def test_it_shows_the_log_in_and_takes_nobody_without_business(
    app: Flask, clinic: ClinicWorld
) -> None:
    browser = entrance(app)
    assert browser.open().status_code == 200
    assert set(browser.forms()) == {"log-in"}
    for form in ("log-in", "log-out"):
        back = browser.client.get(f"/a/{form}")
        assert (back.status_code, back.headers["Location"]) == (303, "/a")
    assert browser.log_in(clinic.patient()).status_code == 404
    staff = entrance(app)
    assert staff.log_in(clinic.staff()).status_code == 200
    assert "No alert is open that you may see." in staff.text
    assert staff.send("log-out").status_code == 200
    assert "Log in" in staff.text
