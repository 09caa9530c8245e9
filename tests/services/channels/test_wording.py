"""What a mail says, and what it does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from services.channels.base import AlertNotice, NextPage, Page, short_id
from services.channels.wording import body, clock, subject

NOW = datetime(2026, 11, 20, 22, 55, tzinfo=UTC)
PARIS = ZoneInfo("Europe/Paris")
ALERT = UUID("01a21a75-e637-7095-b4c6-f8791a2b3c4d")
URL = f"https://i.test/a/{ALERT}"


def page(status: str = "triggered", count: int = 1, **changes: Any) -> Page:
    notice = AlertNotice(ALERT, changes.get("severity", "critical"), status, NOW)
    base: dict[str, Any] = {
        "severity": "critical",
        "clinic": "Hill Clinic",
        "zone": PARIS,
        "next_page": NextPage("contact 2 (email)", NOW + timedelta(minutes=10)),
    }
    return Page(UUID(int=1), "nurse@hospital.test", alerts=(notice,) * count, **base | changes)


@pytest.mark.parametrize(
    ("of", "text"),
    [
        (page(), "CRITICAL alert 1A2B3C4D, Hill Clinic: open and acknowledge"),
        (page(severity="high"), "HIGH alert 1A2B3C4D, Hill Clinic: open and acknowledge"),
        (page("acknowledged"), "CRITICAL alert 1A2B3C4D, Hill Clinic: somebody has taken it"),
        (page(clinic="Two\r\nLines"), "CRITICAL alert 1A2B3C4D, Two Lines: open and acknowledge"),
        (page(severity="medium"), "1 medium alert to look at, Hill Clinic"),
        (
            page(severity="medium", kind="digest", count=3),
            "3 medium alerts to look at, Hill Clinic",
        ),
        (
            page(severity="high", kind="digest"),
            "1 high alert to look at, Hill Clinic",
        ),
        (
            page("acknowledged", kind="stand_down"),
            "Stand down: CRITICAL alert 1A2B3C4D, Hill Clinic is taken",
        ),
        (
            page("resolved", kind="stand_down"),
            "Stand down: CRITICAL alert 1A2B3C4D, Hill Clinic is resolved",
        ),
    ],
)
def test_the_subject(of: Page, text: str):
    assert subject(of) == f"[Interlude] {text}"


def test_a_page_says_who_is_paged_next_on_the_clinics_clock():
    assert body(page(why=("Nobody else is on the contact chain.",)), "https://i.test", NOW) == (
        "CRITICAL alert 1A2B3C4D, Hill Clinic\n"
        "Opened 23:55. Nobody has taken it.\n"
        f"{URL}\n"
        "\n"
        "If you do nothing, contact 2 (email) is paged at Sat 21 Nov, 00:05.\n"
        "You are the last resort:\n"
        "Nobody else is on the contact chain.\n"
        "\n"
        "Times are in Europe/Paris.\n"
        "The link asks you to log in. Opening it changes nothing."
    )


def test_a_page_that_somebody_has_taken_meanwhile_says_so():
    words = body(page("acknowledged"), "https://i.test", NOW)
    assert "Opened 23:55. Somebody has taken it." in words
    assert "If nobody follows up, contact 2 (email) is paged at Sat 21 Nov, 00:05." in words
    assert "If " not in body(page(next_page=None), "https://i.test", NOW)


def test_a_morning_mail_names_each_alert():
    words = body(page(severity="medium", kind="digest", count=2), "https://i.test", NOW)
    assert words.count("medium alert 1A2B3C4D, triggered, since 23:55\n" + URL) == 2


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        ("acknowledged", "Somebody else has taken it. There is nothing for you to do now."),
        ("resolved", "Somebody has resolved it. There is nothing for you to do."),
    ],
)
def test_a_stand_down_says_that_there_is_nothing_to_do(status: str, sentence: str):
    next_page = page().next_page if status == "acknowledged" else None
    words = body(page(status, kind="stand_down", next_page=next_page), "https://i.test", NOW)
    assert sentence in words
    assert ("it pages again at Sat 21 Nov, 00:05" in words) is (status == "acknowledged")
    assert "acknowledge" not in words


def test_an_alert_has_a_short_name_that_differs_from_the_one_beside_it():
    assert short_id(ALERT) == "1A2B3C4D"
    beside = UUID("01a21a75-e637-7096-b4c6-f8791a2b3c4e")
    assert short_id(beside) != short_id(ALERT)


def test_an_instant_has_its_day_only_when_it_is_another_one():
    assert clock(NOW, NOW, PARIS) == "23:55"
    assert clock(NOW, NOW + timedelta(minutes=5), PARIS) == "Fri 20 Nov, 23:55"
    assert clock(NOW, NOW, UTC) == "22:55"


def test_without_a_public_url_a_page_has_its_number_and_no_link():
    for of in (page(), page(severity="medium", kind="digest", count=2)):
        words = body(of, "", NOW)
        assert "alert 1A2B3C4D" in words
        assert words.endswith(
            "This server does not know its own address, so there is no link: log in where you"
            " always do, and look for the alert by its number."
        )
        assert not {"http", "/a/", str(ALERT)} & set(words.replace("\n", " ").split(" "))
        assert "://" not in words
    ended = body(page("resolved", kind="stand_down"), "", NOW)
    assert "://" not in ended
    assert "link" not in ended
