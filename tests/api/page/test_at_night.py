"""What the page shows whoever is woken: what to say, the last days, borders that can be seen."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api.page.sparkline import in_words, sparkline
from api.page.style import ALERT_STYLE
from tests.builders.alerts import do, open_alert, set_alert
from tests.builders.browser import CONTACTS, page_of
from tests.builders.calls import post
from tests.builders.entries import ago, phq9
from tests.builders.world import ClinicWorld


@pytest.fixture
def staff(clinic: ClinicWorld):
    return clinic.staff(name="Olu Quagga")


def test_what_to_say_to_the_emergency_service(
    app: Flask, client: FlaskClient, clinic: ClinicWorld, staff
):
    ada = clinic.patient("Ada Quagga", **CONTACTS)
    browser = page_of(app, open_alert(client, ada, 2, recorded_at=ago(minutes=14)), staff)
    assert browser.shown is not None
    assert '<a class="button" href="tel:112">Call 112</a>' in browser.shown.text
    for words in (
        "about a patient of ours: Ada Quagga.",
        "Their address: 1 rue Quagga. We do not know whether they are there now.",
        "Their phone: +33 65 5550199.",
        "Their emergency contact: Eve Quagga, sister, +33 75 5550199.",
        "It is about: Suicide risk. Answered",
        "More than half the days (2 of 3).",
        "No treatment session on file.",
        "We do not know more about how they are at this moment.",
    ):
        assert words in browser.text.replace("\N{NO-BREAK SPACE}", " "), words
    assert "abroad" not in browser.text


def test_what_is_missing_is_stated(app: Flask, client: FlaskClient, clinic: ClinicWorld, staff):
    ada = clinic.patient("Ada", timezone="Asia/Kolkata")
    post(client, ada, phq9(1, recorded_at=ago(minutes=9)))
    browser = page_of(app, open_alert(client, ada, 2), staff)
    for words in (
        "We have no address of theirs on file.",
        "We have no phone number of theirs on file.",
        "Their clock is set to Asia/Kolkata: they may be abroad.",
        "No address on file.",
        "That was",
    ):
        assert words in browser.text, words


def test_a_country_whose_number_we_do_not_know(
    app: Flask, client: FlaskClient, world, monkeypatch: pytest.MonkeyPatch
):
    clinic = world.clinic(country="AQ")
    browser = page_of(app, open_alert(client, clinic.patient()), clinic.staff())
    assert "We do not know the emergency number of your country." in browser.text


def test_an_alert_that_no_answer_opened_says_why(
    app: Flask, client: FlaskClient, clinic: ClinicWorld, staff
):
    alert_id = open_alert(client, clinic.patient(), None)
    set_alert(clinic, alert_id, rule="N1", family="silence")
    assert "It is about: A patient is silent." in page_of(app, alert_id, staff).text


def test_the_last_14_days_are_a_picture_and_words(
    app: Flask, client: FlaskClient, clinic: ClinicWorld, staff
):
    ada = clinic.patient()
    alert_id = open_alert(client, ada, 2, instrument="phq9-daily")
    browser = page_of(app, alert_id, staff)
    assert browser.shown is not None
    assert '<svg xmlns="http://www.w3.org/2000/svg"' in browser.shown.text
    assert "Item 9 (the numbers below): 2 on" in browser.text
    assert "style=" not in browser.shown.text


def test_days_without_an_answer_are_gaps():
    last = date(2026, 11, 27)
    days = [
        {"mood_day": last - timedelta(days=back), "value": value, "q9_max": q9_max}
        for back, value, q9_max in ((5, 3, 0), (4, 6, 1), (3, None, 3), (1, 12, None), (0, 9, 2))
    ]
    first = last - timedelta(days=13)
    recent = {"instrument": "phq9-daily", "from": first, "to": last, "days": days}
    svg, words = sparkline(recent)
    assert svg.count('stroke-width="2"') == 2
    assert words == (
        "Daily form, 14 Nov to 27 Nov, 0 to 27, higher is worse: 3 on 22 Nov, 6 on 23 Nov, 12 on"
        " 26 Nov, 9 on 27 Nov. Item 9 (the numbers below): 1 on 23 Nov, 3 on 24 Nov, 2 on 27 Nov."
    )
    assert in_words({**recent, "days": []}) == (
        "Daily form, 14 Nov to 27 Nov, 0 to 27, higher is worse: no complete answer."
    )


def test_the_list_is_by_tier_then_oldest_and_says_who_has_each(
    app: Flask, client: FlaskClient, clinic: ClinicWorld, staff
):
    high, first, second = (open_alert(client, clinic.patient(), each) for each in (1, 2, 2))
    do(client, clinic.staff(name="Sam Quagga"), second, "acknowledge")
    browser = page_of(app, first, staff)
    browser.open("/a")
    assert browser.shown is not None
    links = re.findall(r'href="/a/([0-9a-f-]{36})"', browser.shown.text)
    assert links == [first, second, high]
    for words in ("Nobody has it.", "Sam Quagga has it.", "Waits for 0", "Goes on at"):
        assert words in browser.text, words


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


PALETTES = [
    dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
    for block in re.findall(r":root \{(.*?)\}", ALERT_STYLE, re.DOTALL)
]
SELECTORS = ("button, a.button", "button.quiet", "select, textarea", "label.choice {")


@pytest.mark.parametrize("palette", PALETTES, ids=["light", "dark"])
def test_borders_of_controls_stand_out_from_what_is_around_them(palette: dict[str, str]):
    """WCAG 1.4.11: 3:1; axe does not look at it."""
    for border in ("control", "act"):
        for ground in ("card", "ground"):
            assert contrast(palette[border], palette[ground]) >= 3, (border, ground)
    for tier in ("critical", "high", "medium", "low", "tone"):
        assert contrast("#ffffff", palette[tier]) >= 4.5, tier
    for ink in ("ink", "faint"):
        for ground in ("card", "ground"):
            assert contrast(palette[ink], palette[ground]) >= 4.5, (ink, ground)


@pytest.mark.parametrize("selector", SELECTORS)
def test_every_control_has_such_a_border(selector: str):
    rule = ALERT_STYLE[ALERT_STYLE.index(selector) :].partition("}")[0]
    assert re.search(r"border(-color)?:.*var\(--(control|act)\)", rule), selector
