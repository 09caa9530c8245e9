"""The on-call page: now and next, gaps, the calendar, covers and absences, calendar links."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from tests.builders.browser import give_password
from tests.builders.pages.console import Console
from tests.builders.paging.rota import Rota
from tests.builders.world import Person

MORNING = datetime(2026, 6, 1, 8, tzinfo=UTC)
DAY = timedelta(days=1)
PATH = "/on-call"
NEW = f"{PATH}/overrides"


@pytest.fixture
def rota(app: Flask, clean_database: None, monkeypatch: pytest.MonkeyPatch) -> Rota:
    return Rota(app, monkeypatch, MORNING, "UTC")


def console(rota: Rota, person: Person, path: str = PATH) -> Console:
    made = Console(rota.clinic.app)
    give_password(person)
    made.log_in(person, to=path)
    made.open(path)
    assert made.shown is not None
    assert made.shown.status_code == 200
    return made


def local(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M}"


def cover(schedule: str, of: Person, start: datetime, end: datetime, **more: str) -> dict[str, str]:
    span = {"from_at": local(start), "to_at": local(end)}
    return {"schedule_id": schedule, "user_id": str(of.user_id), **span, **more}


def test_without_a_schedule_the_page_says_what_alerts_do(rota: Rota) -> None:
    shown = console(rota, rota.ann)
    assert "There is no schedule yet. Alerts go along the clinic's contact chain." in shown.text


def test_who_is_on_now_and_next_and_my_own_turns(rota: Rota) -> None:
    rota.clinic.contact("mailto:night@clinic.example")
    rota.schedule(rota.ann, rota.ben)
    shown = console(rota, rota.ann)
    assert "Now Ann Quagga you until Tue 02 Jun, 08:00 (24 h left)" in shown.text
    assert "Next Ben Quagga from Tue 02 Jun, 08:00 to Wed 03 Jun, 08:00" in shown.text
    assert "My next turns 08:00 to Tue 02 Jun, 08:00 Wed 03 Jun, 08:00 to Thu" in shown.text
    assert "No gap in the next 28 days" in shown.text
    assert "June 2026" in shown.text
    assert "My next turns" not in console(rota, rota.cem).text


def test_gaps_stand_first_in_words(rota: Rota) -> None:
    schedule = rota.schedule(rota.ann)
    rota.override(schedule, rota.ann, MORNING + 2 * DAY, MORNING + 3 * DAY, kind="away")
    shown = console(rota, rota.ben)
    words = "Nights: nobody is on call from Wed 03 Jun, 08:00 to Thu 04 Jun, 08:00 (24 h)"
    assert words in shown.text
    assert "Nobody" in shown.text.partition("June 2026")[2]


@pytest.mark.parametrize(
    ("query", "title", "days"),
    [
        ("?view=week&on=2026-06-03", "Week of 1 June 2026", 7),
        ("?view=month&on=2026-02-10", "February 2026", 35),
        ("?view=month&on=2026-08-01", "August 2026", 42),
        ("?view=year&on=never", "June 2026", 35),
        ("?on=0001-01-01", "June 2026", 35),
        ("?on=9999-12-31", "June 2026", 35),
    ],
)
def test_the_calendar_shows_whole_weeks(rota: Rota, query: str, title: str, days: int) -> None:
    rota.schedule(rota.ann, rota.ben)
    shown = console(rota, rota.ann, PATH + query)
    assert title in shown.text
    assert len(re.findall(r'<time datetime="\d{4}-\d\d-\d\d"', shown.page)) == days


def test_staff_cover_for_themselves_and_take_it_back(rota: Rota) -> None:
    schedule = rota.schedule(rota.ann, rota.ben)
    shown = console(rota, rota.cem)
    span = MORNING + DAY / 2, MORNING + DAY
    shown.send(NEW, **cover(schedule, rota.cem, *span, kind="cover", reason="swapped"))
    assert "Entered. Nobody is missing in this span." in shown.text
    assert "Cem Quagga covers, 20:00 to Tue 02 Jun, 08:00 swapped" in shown.text
    (end,) = [action for action in shown.forms() if action.endswith("/end")]
    assert not [a for a in console(rota, rota.ben).forms() if a.endswith("/end")]
    assert shown.send(end).status_code == 200
    assert "Taken back from now on." in shown.text
    assert "Cem Quagga covers" not in shown.text


def test_an_absence_that_leaves_a_gap_says_so(rota: Rota) -> None:
    schedule = rota.schedule(rota.ann)
    shown = console(rota, rota.ann)
    span = MORNING + DAY, MORNING + 2 * DAY
    shown.send(NEW, **cover(schedule, rota.ann, *span, kind="away"))
    assert "Now nobody is on call in a part of this span" in shown.text
    assert "Ann Quagga is away, Tue 02 Jun, 08:00 to Wed 03 Jun, 08:00" in shown.text


def test_what_cannot_be_stands_at_its_field_with_what_was_typed(rota: Rota) -> None:
    schedule = rota.schedule(rota.ann)
    shown = console(rota, rota.ann)
    wrong = cover(schedule, rota.ann, MORNING + DAY, MORNING, reason="late, quagga")
    assert shown.send(NEW, **wrong).status_code == 422
    at_field = shown.page.partition('id="to_at"')[2].partition("</div>")[0]
    assert "Must be after" in at_field
    assert 'value="late, quagga"' in shown.page
    assert f'value="{local(MORNING)}"' in shown.page
    assert shown.send(NEW, **wrong | {"from_at": "soon"}).status_code == 422
    assert "This was not saved." in shown.text


def test_nobody_enters_for_others_but_an_administrator(rota: Rota) -> None:
    schedule = rota.schedule(rota.ann, rota.ben)
    span = MORNING + DAY, MORNING + 2 * DAY
    theirs = cover(schedule, rota.ben, *span)
    mine = console(rota, rota.cem)
    assert 'name="user_id" value=' in mine.page
    assert mine.send(NEW, **theirs).status_code == 403
    admins = console(rota, rota.admin)
    assert "<option" in admins.page.partition('id="user_id"')[2].partition("</select>")[0]
    assert admins.send(NEW, **theirs).status_code == 200
    assert "Ben Quagga covers" in admins.text


def test_a_calendar_link_is_shown_once_and_revoked(rota: Rota) -> None:
    rota.schedule(rota.ann)
    shown = console(rota, rota.ann)
    schedule = re.findall(r'name="schedule_id" value="([^"]+)"', shown.page)[0]
    assert shown.send(f"{PATH}/links", schedule_id=schedule).status_code == 201
    (url,) = re.findall(r'readonly value="([^"]+)"', shown.page)
    path = "/" + url.split("/", 3)[3]
    text = rota.client.get(path)
    assert (text.status_code, text.mimetype) == (200, "text/calendar")
    shown.open(PATH)
    assert url not in shown.page
    (revoke,) = [action for action in shown.forms() if action.endswith("/revoke")]
    shown.send(revoke)
    assert "Revoked: this address answers no more." in shown.text
    assert rota.client.get(path).status_code == 404


def test_a_link_that_is_asked_for_twice_is_one_and_shown_both_times(rota: Rota) -> None:
    schedule = rota.schedule(rota.ann)
    shown = console(rota, rota.ann)
    body = shown.hidden(f"{PATH}/links") | {"schedule_id": schedule}
    found = []
    for _ in range(2):
        assert shown.post(f"{PATH}/links", body).status_code == 201
        found += re.findall(r'readonly value="([^"]+)"', shown.page)
    assert found[0] == found[1]
    assert rota.client.get("/" + found[0].split("/", 3)[3]).status_code == 200
    (revoke,) = [action for action in shown.forms() if action.endswith("/revoke")]
    shown.send(revoke)
    assert shown.post(f"{PATH}/links", body).status_code == 422
    assert "This address was revoked: load the page again." in shown.text
