"""The calendar behind a secret link: RFC 5545, no patient in it, and gone when it is revoked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from flask import Flask
from icalendar import Calendar

from tests.builders.calls import made
from tests.builders.paging.rota import Rota

MORNING = datetime(2026, 10, 31, 12, tzinfo=UTC)


@pytest.fixture
def rota(app: Flask, clean_database: None, monkeypatch: pytest.MonkeyPatch) -> Rota:
    return Rota(app, monkeypatch, MORNING, "America/New_York")


def path_of(link: dict[str, str]) -> str:
    return "/v1/on-call/calendars/" + link["url"].partition("/v1/on-call/calendars/")[2]


def test_the_calendar_names_staff_and_nobody_else(rota: Rota) -> None:
    rota.clinic.patient("Pat Zebra")
    schedule = rota.schedule(rota.ann, rota.ben, handover="01:30", name="Nights, 2; \\ main")
    link = made(rota.call("POST", f"schedules/{schedule}/calendar-links", None, rota.ann))
    answer = rota.client.get(path_of(link))
    assert (answer.status_code, answer.mimetype) == (200, "text/calendar")
    assert answer.data.endswith(b"END:VCALENDAR\r\n")
    assert all(len(line) <= 75 for line in answer.data.split(b"\r\n"))
    events = Calendar.from_ical(answer.data).walk("VEVENT")
    first, second = events[:2]
    assert first["summary"] == "On call (Nights, 2; \\ main): Ann Quagga"
    assert first.decoded("dtstart") == MORNING
    # 01:30 comes twice on 1 November: the first is the hand-over.
    assert first.decoded("dtend") == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    assert second["summary"].endswith("Ben Quagga")
    assert len({event["uid"] for event in events}) == len(events)
    assert b"Zebra" not in answer.data


def test_a_revoked_link_and_one_of_a_former_colleague_answer_nothing(rota: Rota) -> None:
    schedule = rota.schedule(rota.ann)
    links = f"schedules/{schedule}/calendar-links"
    mine = made(rota.call("POST", links, None, rota.ann))
    other = made(rota.call("POST", links, None, rota.ben))
    of_admin = made(rota.call("POST", links))
    assert [each["id"] for each in rota.get(links, rota.ann)["items"]] == [mine["id"]]
    first = rota.get(links, limit="2")
    then = rota.get(links, limit="2", cursor=first["next_cursor"])
    shown = [each["id"] for page in (first, then) for each in page["items"]]
    assert shown == [of_admin["id"], other["id"], mine["id"]]
    assert "url" not in first["items"][0]
    revoked = f"calendar-links/{mine['id']}"
    assert rota.call("DELETE", revoked, None, rota.ben).status_code == 404
    assert rota.call("DELETE", revoked, None, rota.ann).status_code == 204
    assert rota.call("DELETE", revoked, None, rota.ann).status_code == 404
    assert rota.client.get(path_of(mine)).status_code == 404
    assert rota.client.get(path_of(other)).status_code == 200
    user = f"/v1/users/{rota.ben.user_id}"
    headers = rota.admin.headers_at(rota.now)
    made(rota.client.patch(user, json={"active": False}, headers=headers), 200)
    assert rota.client.get(path_of(other)).status_code == 404
    rota.call("DELETE", f"schedules/{schedule}")
    assert rota.client.get(path_of(of_admin)).status_code == 404


def test_no_guess_opens_one(rota: Rota) -> None:
    for token in ("x", "0" * 75, f"{rota.clinic.id.hex}{'x' * 43}", f"{uuid4().hex}{'x' * 43}"):
        assert rota.client.get(f"/v1/on-call/calendars/{token}.ics").status_code == 404
    pat = rota.clinic.patient()
    schedule = rota.schedule(rota.ann)
    assert rota.call("POST", f"schedules/{schedule}/calendar-links", None, pat).status_code == 403


def test_a_shift_that_is_over_keeps_its_event(rota: Rota) -> None:
    """Days later the same events have the same ids; the one cut by the window is left out."""
    schedule = rota.schedule(rota.ann, rota.ben)
    link = made(rota.call("POST", f"schedules/{schedule}/calendar-links"))

    def uids() -> list[str]:
        text = rota.client.get(path_of(link)).data
        return [str(event["uid"]) for event in Calendar.from_ical(text).walk("VEVENT")]

    before = uids()
    rota.now += timedelta(days=40, hours=3)
    after = uids()
    assert len(after) > 200
    assert after[:100] == [each for each in before if each in after][:100]
