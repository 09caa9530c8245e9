"""Schedules by a form, and two turns swapped in one step: an administrator's."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from services.exceptions import Forbidden
from services.on_call.swaps import DutyTurn, swap_turns
from tests.builders.browser import give_password
from tests.builders.pages.clerk import fields_of
from tests.builders.pages.console import Console
from tests.builders.paging.rota import Rota
from tests.builders.stored import entries, rows
from tests.builders.world import Person

MORNING = datetime(2026, 6, 1, 8, tzinfo=UTC)
DAY = timedelta(days=1)
HOME = "/on-call/schedules"
SWAPS = "/on-call/swaps"


@pytest.fixture
def rota(app: Flask, clean_database: None, monkeypatch: pytest.MonkeyPatch) -> Rota:
    return Rota(app, monkeypatch, MORNING, "UTC")


def console(rota: Rota, path: str, person: Person | None = None) -> Console:
    made = Console(rota.clinic.app)
    give_password(person or rota.admin)
    made.log_in(person or rota.admin, to=path)
    made.open(path)
    assert made.shown is not None
    assert made.shown.status_code == 200
    return made


def filled(shown: Console, action: str) -> dict[str, Any]:
    body = shown.page.partition(f'action="/console{action}"')[2].partition("</form>")[0]
    return fields_of(body)


def send(shown: Console, action: str, **fields: Any) -> int:
    body = filled(shown, action) | {name.replace("__", "."): each for name, each in fields.items()}
    return shown.post(action, body, follow=True).status_code


def place(person: Person) -> str:
    return f"place__{person.user_id}"


def test_a_schedule_is_made_with_its_members_in_their_order(rota: Rota) -> None:
    shown = console(rota, f"{HOME}/new")
    order = {place(rota.ben): "1", place(rota.ann): "2"}
    made = {"name": "Nights", "rotation__kind": "weekly", "rotation__handover": "mon 08:00"}
    assert send(shown, f"{HOME}/new", **made, **order) == 200
    assert "The schedule is made." in shown.text
    words = "1 week each, handed over on Monday at 08:00 (UTC): Ben Quagga, Ann Quagga."
    assert words in shown.text
    (schedule,) = rota.get("schedules")["items"]
    assert schedule["rotation"]["members"] == [str(each.user_id) for each in (rota.ben, rota.ann)]
    shown.open("/on-call")
    assert "Ben Quagga" in shown.text.partition("Now")[2].partition("Next")[0]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"rotation__handover": "25:00"}, "A time such as 08:00"),
        ({"rotation__length": "91"}, "At most 90."),
        ({"rotation__length": "two"}, "Not a valid integer."),
        ({"timezone": "Mars/Olympus"}, "Not an IANA time zone"),
        ({"name": ""}, "Missing data"),
        ({"from_at": "2028-01-01T08:00"}, "More than a year ahead."),
        ({"place": "x"}, "Each a number of their own"),
    ],
)
def test_what_cannot_be_stands_at_its_field_with_what_was_typed(
    rota: Rota, fields: dict[str, str], words: str
) -> None:
    shown = console(rota, f"{HOME}/new")
    typed = {"name": "Nights", place(rota.ben): "1", place(rota.ann): "2"}
    if "place" in fields:
        typed[place(rota.ann)] = fields["place"]
        fields = {}
    assert send(shown, f"{HOME}/new", **{**typed, **fields}) == 422
    assert words in shown.text
    kept = filled(shown, f"{HOME}/new")
    assert kept[f"place.{rota.ben.user_id}"] == "1"
    for name, value in (typed | fields).items():
        assert kept[name.replace("__", ".")] == value
    assert rota.get("schedules")["items"] == []


def test_turns_change_from_an_instant_on_and_what_is_left_alone_stays(rota: Rota) -> None:
    schedule = rota.schedule(rota.ann, rota.ben)
    path = f"{HOME}/{schedule}"
    shown = console(rota, path)
    assert filled(shown, path)[f"place.{rota.ben.user_id}"] == "2"
    assert send(shown, path, name="Late") == 200
    (row,) = rows(rota.admin, "SELECT count(*) AS n FROM on_call_rotations")
    assert row["n"] == 1
    shown.open(path)
    later = {"from_at": "2026-06-08T08:00", place(rota.cem): "3", "rotation__length": "2"}
    assert send(shown, path, **later) == 200
    assert "From Mon 08 Jun, 08:00: 2 days each" in shown.text
    changed = rota.get(f"schedules/{schedule}")
    assert (changed["name"], changed["rotation"]["length"]) == ("Late", 1)
    members = [str(each.user_id) for each in (rota.ann, rota.ben, rota.cem)]
    assert changed["planned"][0]["rotation"]["members"] == members
    shown.open(path)
    assert "takes the place of what is planned from Mon 08 Jun, 08:00" in shown.text


def test_who_has_left_is_not_taken_out_by_who_changes_something_else(rota: Rota) -> None:
    schedule = rota.schedule(rota.ann, rota.ben)
    off = {"active": False}
    headers = rota.admin.headers_at(rota.now)
    rota.client.patch(f"/v1/users/{rota.ben.user_id}", json=off, headers=headers)
    path = f"{HOME}/{schedule}"
    shown = console(rota, path)
    assert send(shown, path, name="Late") == 200
    members = [str(each.user_id) for each in (rota.ann, rota.ben)]
    assert rota.get(f"schedules/{schedule}")["rotation"]["members"] == members
    assert "somebody who has left" in shown.text


def test_a_schedule_ends_unless_a_policy_pages_it(rota: Rota) -> None:
    schedule = rota.schedule(rota.ann)
    steps = [{"delay_s": 60, "targets": [{"schedule_id": schedule}]}]
    rota.call("PUT", "policies/critical", {"steps": steps})
    path = f"{HOME}/{schedule}"
    shown = console(rota, path)
    assert shown.send(f"{path}/end").status_code == 422
    assert "A policy pages it: change the policy first." in shown.text
    rota.call("PUT", "policies/critical", {"steps": []})
    shown.send(f"{path}/end")
    assert "The schedule has ended" in shown.text
    assert shown.open(path).status_code == 404


def turns(shown: Console) -> list[str]:
    select = shown.page.partition('name="first"')[2].partition("</select>")[0]
    return [html.unescape(each) for each in re.findall(r'<option value="([^"]+)"', select)]


def test_two_turns_are_swapped_in_one_step(rota: Rota) -> None:
    schedule = rota.schedule(rota.ann, rota.ben, rota.cem)
    shown = console(rota, "/on-call")
    first, second, third = turns(shown)[:3]
    assert send(shown, SWAPS, first=first, second=third) == 200
    assert "Swapped: each of the two has the other's turn." in shown.text
    found = [name for name, _ in rota.shifts(schedule, MORNING, MORNING + 3 * DAY)]
    assert found == ["Cem", "Ben", "Ann"]
    assert len(entries(rota.admin, "override_made")) == 2
    assert "Swap two turns" not in console(rota, "/on-call", rota.ann).text
    assert second


def test_what_cannot_be_swapped_is_refused_whole(rota: Rota) -> None:
    schedule = rota.schedule(rota.ann, rota.ben)
    other = rota.schedule(rota.cem, name="Days")
    shown = console(rota, "/on-call")
    listed = turns(shown)
    nights = [each for each in listed if each.startswith(schedule)]
    days = next(each for each in listed if each.startswith(other))
    for first, second, words in (
        (nights[0], nights[2], "Choose a turn of somebody else."),
        (nights[0], days, "Choose a turn of the same schedule."),
        (nights[0], "never", "Choose a turn."),
        (nights[0], nights[1].replace("+00:00", ""), "Choose a turn."),
    ):
        assert send(shown, SWAPS, first=first, second=second) == 422
        assert words in shown.text
    rota.override(schedule, rota.cem, MORNING + DAY, MORNING + 2 * DAY)
    shown.open("/on-call")
    assert send(shown, SWAPS, first=nights[0], second=nights[1]) == 409
    assert "Somebody has changed this since you opened it." in shown.text
    (row,) = rows(rota.admin, "SELECT count(*) AS n FROM on_call_overrides")
    assert row["n"] == 1


def test_what_is_over_or_not_ones_own_to_give_is_not_swapped(rota: Rota) -> None:
    schedule = rota.schedule(rota.ann, rota.ben)
    shown = console(rota, "/on-call")
    first, second = turns(shown)[:2]
    rota.later(days=1)
    again = console(rota, "/on-call")
    assert send(again, SWAPS, first=first, second=second) == 422
    assert "A turn that is over stays as it was." in again.text
    mine = DutyTurn(rota.ann.user_id, rota.now, rota.now + DAY)
    theirs = DutyTurn(rota.ben.user_id, rota.now + DAY, rota.now + 2 * DAY)
    with rota.clinic.app.app_context(), pytest.raises(Forbidden):
        swap_turns(rota.ann.actor, UUID(schedule), (mine, theirs), rota.now)
