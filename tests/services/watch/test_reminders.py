"""That reminders stand still is seen; a patient would not miss them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.reminders.sending import Reminding
from services.watch.reminders import UNPLANNED
from tests.builders.paging.watched import Watched
from tests.builders.scene import Scene
from tests.builders.trends.chart import Chart

PHONE = "/v1/me/devices/phone"


@pytest.fixture
def chart(scene: Scene) -> Chart:
    """Of a patient without a device, in treatment."""
    return scene.chart(scene.clinic.patient())


def put(chart: Chart) -> None:
    """They want to be reminded on their phone."""
    body = {"kind": "fcm", "subscription": "t" * 40}
    assert chart.send("PUT", PHONE, chart.pat, body).status_code == 204


def late_s(scene: Scene, watched: Watched) -> float:
    """As a run tells it."""
    late: float = watched.look(scene).row["figures"][UNPLANNED]
    return late


def plan(scene: Scene) -> None:
    """A round of the process that reminds."""
    with scene.app.app_context():
        Reminding({}, lambda: scene.now).work_once()


def test_where_nobody_has_a_device_nothing_is_late(
    scene: Scene, watched: Watched, chart: Chart
) -> None:
    scene.later(days=2)
    assert late_s(scene, watched) == 0


def test_a_process_that_never_ran_is_seen(scene: Scene, watched: Watched, chart: Chart) -> None:
    put(chart)
    assert late_s(scene, watched) == 0
    scene.later(minutes=20)
    assert late_s(scene, watched) == 1200
    plan(scene)
    assert late_s(scene, watched) == 0


def test_one_that_stands_still_is_seen_and_nobody_without_a_device_counts(
    scene: Scene, watched: Watched, chart: Chart
) -> None:
    put(chart)
    plan(scene)
    scene.later(days=2)
    assert late_s(scene, watched) >= timedelta(days=1).total_seconds()
    later = scene.chart(chart.pat)
    assert later.send("DELETE", PHONE, later.pat).status_code == 204
    assert late_s(scene, watched) == 0
    put(later)
    assert late_s(scene, watched) == 0, "there was nobody to be reminded"
    scene.later(hours=1)
    assert late_s(scene, watched) == 3600
