"""The watcher beside drills, hand-overs and the waits that a clinic has set."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.alerts.drills import start_drill
from services.alerts.handling.hand_over import hand_over
from services.alerts.handling.ownership import acknowledge
from services.on_call.policies import put_policy
from tests.builders.paging.watched import Watched
from tests.builders.scene import Scene
from tests.builders.world import Person
from tests.fixtures.mail import MailFault, MailServer

HOLDS = "UPDATE alerts SET next_at = next_at + interval '2 days'"
# Tried once: one that nobody has tried waits for no clock that is ahead.
PUT_OFF = "due_at = due_at + interval '1 day', attempts = 1"
DELAYED = f"UPDATE notifications SET state = 'pending', sent_at = NULL, {PUT_OFF}"  # noqa: S608 - ours


def does(scene: Scene, use_case: Any, person: Person, *args: Any) -> Any:
    """Somebody does it at the scene's instant."""
    with scene.app.app_context():
        return use_case(person.actor, *args, scene.now)


def policy(scene: Scene, delays: Sequence[int], severity: str = "critical") -> None:
    """Everybody on every step."""
    steps = [{"delay_s": delay, "targets": [{"everyone": True}]} for delay in delays]
    does(scene, put_policy, scene.clinic.admin, severity, steps)


def works(scene: Scene, watched: Watched, minutes: float, every_s: float = 30) -> set[str]:
    """The worker works so often for so long; what is found meanwhile."""
    found: set[str] = set()
    until = scene.now + timedelta(minutes=minutes)
    while scene.now < until:
        scene.later(seconds=every_s)
        scene.work()
        found.update(watched.kinds(scene))
    return found


def paged_by_policy(scene: Scene) -> UUID:
    """An alert whose second step is due in two minutes."""
    scene.clinic.staff("on_call")
    policy(scene, [120, 240])
    scene.later(seconds=1)
    alert_id = scene.answer()
    scene.work()
    return alert_id


def test_a_policy_that_goes_on_as_it_says_is_no_finding(scene: Scene, watched: Watched) -> None:
    paged_by_policy(scene)
    assert works(scene, watched, 25) == set()


def test_a_step_that_its_policy_wants_sooner_is_named(scene: Scene, watched: Watched) -> None:
    paged_by_policy(scene)
    watched.spoil(HOLDS)
    assert works(scene, watched, 3) == set()
    assert works(scene, watched, 0.5) == {"step_overdue"}


@pytest.mark.parametrize(("ladder_s", "minutes"), [(None, 11), (1200, 21)])
def test_a_step_that_the_ladder_wants_sooner_is_named(
    scene: Scene, watched: Watched, ladder_s: int | None, minutes: int
) -> None:
    if ladder_s is not None:
        scene.set_clinic(ladder={"critical": {"next_after_s": ladder_s}})
    scene.answer()
    scene.work()
    watched.spoil(HOLDS)
    assert works(scene, watched, minutes) == set()
    assert works(scene, watched, 0.5) == {"step_overdue"}


def test_the_session_s_staff_are_waited_for_no_longer_than_they_may_be(
    scene: Scene, watched: Watched
) -> None:
    scene.answer(tier="high")
    scene.work()
    watched.spoil("UPDATE alerts SET page_step = 0")
    watched.spoil(
        "UPDATE alert_events SET detail = detail || '{\"step\": 0}' WHERE detail ? 'step'"
    )
    watched.spoil(HOLDS)
    assert works(scene, watched, 6) == set()
    assert works(scene, watched, 0.5) == {"step_overdue"}


def test_an_alert_that_waits_when_a_policy_is_changed_goes_on_by_the_one_before(
    scene: Scene, watched: Watched
) -> None:
    scene.answer()
    scene.work()
    scene.later(seconds=30)
    policy(scene, [0, 0, 0])
    assert works(scene, watched, 9) == set()
    watched.spoil(HOLDS)
    assert works(scene, watched, 51, 60) == set()
    assert works(scene, watched, 1, 60) == {"step_overdue"}


def test_a_drill_ends_by_itself_and_no_other_alert_does(scene: Scene, watched: Watched) -> None:
    drill = does(scene, start_drill, scene.clinic.admin, "critical")
    scene.work()
    assert works(scene, watched, 31) == set()
    assert scene.alert(drill["alert_id"]).status == "resolved"


def test_a_drill_is_paged_as_any_alert_and_ends(scene: Scene, watched: Watched) -> None:
    does(scene, start_drill, scene.clinic.admin, "high")
    watched.spoil(f"UPDATE notifications SET {PUT_OFF}")  # noqa: S608 - ours
    scene.later(seconds=301)
    scene.work()
    assert watched.kinds(scene) == ["not_reached"]
    watched.spoil("DELETE FROM drills")
    scene.later(minutes=27)
    scene.work()
    assert watched.kinds(scene) == ["drill_endless", "not_reached"]


def handed_over(scene: Scene, *, owned: bool) -> UUID:
    """An alert that a colleague is asked to take."""
    ann, ben = (scene.clinic.staff("on_call") for _ in range(2))
    alert_id = scene.answer()
    scene.work()
    scene.later(minutes=2)
    if owned:
        does(scene, acknowledge, ann, alert_id)
    does(scene, hand_over, ann, alert_id, ben.user_id)
    return alert_id


@pytest.mark.parametrize("owned", [True, False])
def test_a_hand_over_that_arrives_is_no_finding(
    scene: Scene, watched: Watched, owned: bool
) -> None:
    handed_over(scene, owned=owned)
    scene.later(seconds=1)
    scene.work()
    assert works(scene, watched, 70, 120) == set()


@pytest.mark.parametrize("owned", [True, False])
def test_a_colleague_who_is_not_reached_is_named_until_somebody_takes_it(
    scene: Scene, watched: Watched, owned: bool
) -> None:
    alert_id = handed_over(scene, owned=owned)
    watched.spoil(DELAYED + " WHERE page_step >= 1000")
    scene.later(seconds=61)
    scene.work()
    assert watched.kinds(scene) == ["hand_over_not_reached"]
    does(scene, acknowledge, scene.clinic.staff("on_call"), alert_id)
    assert watched.kinds(scene) == ["reached_late"]


def test_a_hand_over_stands_for_no_page_of_the_chain(scene: Scene, watched: Watched) -> None:
    alert_id = handed_over(scene, owned=False)
    scene.later(seconds=1)
    scene.work()
    watched.spoil("DELETE FROM alert_events WHERE actor_id IS NOT NULL")
    watched.spoil(DELAYED + " WHERE page_step < 1000")
    assert watched.kinds(scene) == ["not_reached"]
    watched.spoil("DELETE FROM notification_attempts")
    watched.spoil("DELETE FROM notifications WHERE page_step < 1000 AND alert_id = %s", alert_id)
    assert watched.kinds(scene) == ["outbox_cleared"]


def test_a_colleague_whose_address_refuses_is_named(
    scene: Scene, watched: Watched, smtp_server: MailServer
) -> None:
    handed_over(scene, owned=True)
    smtp_server.fault = MailFault.REFUSE_PERMANENTLY
    scene.later(seconds=61)
    scene.work()
    assert watched.kinds(scene) == ["hand_over_not_reached"]
