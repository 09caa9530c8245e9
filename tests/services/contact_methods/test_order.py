"""The order in which a person's methods are tried, over HTTP, and the page that follows it."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.builders.calls import made, refused
from tests.builders.reach.methods import Door, add_method
from tests.builders.scene import START, Scene
from tests.builders.stored import entries
from tests.builders.world import Person
from tests.fixtures.mail import MailServer

MINE = "/order"


@pytest.fixture
def nurse(scene: Scene) -> Person:
    return scene.clinic.staff("on_call")


@pytest.fixture
def three(nurse: Person) -> list[str]:
    """Methods of the nurse, as they were added."""
    return [str(add_method(nurse, "email", f"{name}@home.test")) for name in ("a", "b", "c")]


def of(person: Person) -> str:
    return f"/v1/users/{person.user_id}/contact-methods/order"


def put(door: Door, person: Person, path: str, method_ids: list[str]) -> Any:
    return door.ask(person, "PUT", path, {"method_ids": method_ids})


def order(door: Door, person: Person) -> list[str]:
    return [one["id"] for one in door.listed(person)]


def page_only(door: Door, scene: Scene, person: Person) -> None:
    """A critical alert pages this person first."""
    steps = [{"delay_s": 300, "targets": [{"user_id": str(person.user_id)}]}]
    body = {"steps": steps, "repeat": True}
    made(door.ask(scene.clinic.admin, "PUT", "/v1/on-call/policies/critical", body), 200)


def test_the_next_page_goes_by_the_first_of_the_new_order(
    scene: Scene, door: Door, nurse: Person, three: list[str], smtp_server: MailServer
) -> None:
    page_only(door, scene, nurse)
    a, b, c = three
    answer = made(put(door, nurse, MINE, [c, a, b]), 200)
    assert [one["id"] for one in answer["items"]] == order(door, nurse) == [c, a, b]
    scene.answer()
    scene.work()
    assert str(smtp_server.inbox[-1]["To"]) == "c@home.test"
    made(put(door, nurse, MINE, [b, c, a]), 200)
    scene.answer()
    scene.work()
    assert str(smtp_server.inbox[-1]["To"]) == "b@home.test"


def test_what_is_added_later_comes_last_and_what_fails_after_all(
    scene: Scene, door: Door, nurse: Person, three: list[str], smtp_server: MailServer
) -> None:
    page_only(door, scene, nurse)
    broken = {"failing_since": START, "failing_reason": "smtp_550"}
    fourth = str(add_method(nurse, "email", "d@home.test", **broken))
    made(put(door, nurse, MINE, [fourth, *reversed(three)]), 200)
    fifth = str(add_method(nurse, "email", "e@home.test"))
    assert order(door, nurse) == [fourth, *reversed(three), fifth]
    scene.answer()
    scene.work()
    # First in the list, and not paged while another way works.
    assert str(smtp_server.inbox[-1]["To"]) == "c@home.test"


def test_an_administrator_orders_those_of_a_colleague(
    scene: Scene, door: Door, nurse: Person, three: list[str]
) -> None:
    admin, backwards = scene.clinic.admin, three[::-1]
    made(put(door, admin, of(nurse), backwards), 200)
    assert order(door, nurse) == backwards
    (entry,) = entries(nurse, "contact_methods_ordered")
    assert (entry["actor_id"], entry["object_id"]) == (admin.user_id, nurse.user_id)
    colleague = scene.clinic.staff("on_call")
    assert refused(put(door, colleague, of(nurse), three), 403) == {"code": "forbidden"}
    assert (
        put(door, admin, of(admin).replace(str(admin.user_id), str(uuid4())), []).status_code == 404
    )
    assert order(door, nurse) == backwards


def test_a_list_that_is_not_all_of_them_changes_nothing_and_shows_what_there_is(
    scene: Scene, door: Door, nurse: Person, three: list[str]
) -> None:
    """Somebody added or removed one after the list was read."""
    assert door.ask(nurse, "DELETE", f"/{three[2]}").status_code == 204
    fourth = str(add_method(nurse, "email", "d@home.test"))
    other = str(add_method(scene.clinic.admin, "email", "x@home.test"))
    now = [three[0], three[1], fourth]
    for stale in (three, three[:2], [*now, other], [*now, str(uuid4())], []):
        answer = put(door, nurse, MINE, stale)
        assert (answer.status_code, answer.json["code"]) == (409, "content_conflict")
        assert [one["id"] for one in answer.json["stored"]["items"]] == now
        assert "home.test" not in answer.text
    assert order(door, nurse) == now
    made(put(door, nurse, MINE, now[::-1]), 200)


@pytest.mark.parametrize("method_ids", [["x"], None, [str(UUID(int=1))] * 2, [None]])
def test_what_is_no_order(door: Door, nurse: Person, method_ids: Any) -> None:
    assert door.ask(nurse, "PUT", MINE, {"method_ids": method_ids}).status_code == 422
