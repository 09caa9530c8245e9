"""A busy clinic in which everything went as it should gives no finding, at any time of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from threading import Event, Thread

import pytest

from models import Alert
from services.rules.escalation import lifecycle
from tests.builders.calls import at_once, made
from tests.builders.entries import cssrs, since_last
from tests.builders.paging.watched import Watched
from tests.builders.scene import Scene
from tests.builders.trends.chart import Chart

ONE_HOUR = timedelta(hours=1)


def answers(chart: Chart, item9: int | str | None) -> dict[str, object]:
    return {**chart.form(total=1)["answers"], "q9": item9}


def screened(chart: Chart, *yes: str, since: bool = False, **changes: object) -> None:
    stamp = {"recorded_at": chart.now.isoformat(), **changes}
    form = (since_last if since else cssrs)(*yes, **stamp)
    made(chart.post("/v1/check-ins", form, chart.pat))


def ended(chart: Chart, **plan: str) -> None:
    """The open alert, resolved by the clinician."""
    (alert,) = chart.get(f"/v1/alerts?patient_id={chart.pat.patient_id}&status=triggered")["items"]
    body = {"disposition": "safe_plan_made"} | ({"standing_plan": plan} if plan else {})
    made(chart.post(f"/v1/alerts/{alert['id']}/resolve", body), 200)


def amended(chart: Chart) -> None:
    """Positive first, then finished; then higher, lower, and voided."""
    form = chart.answer(answers={"q9": 1})["id"]
    for item9 in (1, 2, 0, None):
        chart.later(minutes=5)
        chart.amend(form, answers(chart, item9))
    shown = cssrs(recorded_at=chart.now.isoformat(), answers={"q1": 1, "q2": 1})
    form = made(chart.post("/v1/check-ins", shown, chart.pat))["id"]
    chart.amend(form, {"q1": 1, "q2": 1, "q3": 0, "q4": 0, "q5": 0, "q6": 0})
    chart.amend(form, {"q3": 1})


def late(chart: Chart) -> None:
    """Days and years old, ahead of time, in no zone."""
    for stamp in ("2026-11-15T10:00:00+00:00", "2015-01-01T00:00:00Z", "2031-01-01T00:00:00Z"):
        chart.answer(answers=answers(chart, 2), recorded_at=stamp)
        chart.answer(answers=answers(chart, "declined"), recorded_at=stamp, timezone="Nowhere")


def planned(chart: Chart) -> None:
    """A plan that spares, goes on after a late answer, is missed for days, and ends."""
    chart.answer(answers=answers(chart, 1))
    chart.later(minutes=30)
    screened(chart, "q1")
    chart.later(minutes=5)
    ended(chart, until=(chart.now + timedelta(days=13)).isoformat(), reason="stable")
    for hours in (10, 20, 24):
        chart.later(hours=hours)
        chart.answer(answers=answers(chart, 1))
    stamp = (chart.now - timedelta(days=3)).isoformat()
    chart.answer(answers=answers(chart, 1), recorded_at=stamp)
    chart.later(days=4)
    chart.answer(answers=answers(chart, 1))


def lowered(chart: Chart) -> None:
    """Item 9 of 2 and unknown, then a C-SSRS of low; history that is known; a help request."""
    chart.answer(answers=answers(chart, 2))
    chart.answer(answers=answers(chart, None))
    chart.later(hours=2)
    screened(chart, "q1")
    chart.later(hours=2)
    screened(chart, "q6")
    chart.later(minutes=5)
    screened(chart, "q6")
    screened(chart, "q1", since=True)
    screened(chart, "q6", since=True)
    asked = {"id": chart.form()["id"], "recorded_at": chart.now.isoformat()}
    made(chart.post("/v1/help-requests", asked, chart.pat))


def refused(chart: Chart) -> None:
    """Bodies that nobody can read, twice the same; an expired token; one of another family."""
    for body in ({"q9": 3, "x": 1}, {"q9": 1, "x": 1}):
        for _ in range(2):
            form = chart.form(answers=body, recorded_at="2026-11-20T21:00:00Z")
            assert chart.post("/v1/check-ins", form, chart.pat).status_code == 422
    with chart._clock():
        sent = chart.client.post(
            "/v1/check-ins",
            json=chart.form(answers=answers(chart, 3)),
            headers=chart.pat.headers_at(chart.now - timedelta(days=2)),
        )
    assert "token_expired" in made(sent)["flags"]
    assert chart.report(("chest_pain", 4)).status_code == 201


def discharged(chart: Chart) -> None:
    """What still comes in is paged."""
    made(chart.patch(chart.path, {"status": "discharged"}), 200)
    assert chart.post("/v1/check-ins", chart.form(), chart.pat).status_code == 403
    chart.answer(answers=answers(chart, 1))
    chart.answer(note="I took all my pills tonight")


def left_open(chart: Chart) -> None:
    """Item 9 declined by somebody without danger, and a screener that is low, then unfinished."""
    chart.answer(total=20)
    chart.later(minutes=5)
    chart.answer(answers=answers(chart, "declined"))
    screened(chart, "q2")
    form = cssrs(recorded_at=chart.now.isoformat(), answers={"q1": 0, "q6": "declined"})
    made(chart.post("/v1/check-ins", form, chart.pat))
    chart.later(hours=1)
    screened(chart)


STORIES = (left_open, amended, late, planned, lowered, refused, discharged)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_what_went_as_it_should_is_no_finding(scene: Scene, watched: Watched, story) -> None:
    chart = scene.chart(scene.clinic.patient())
    for _ in steps(scene, chart, story):
        assert watched.look(scene).findings == ()
    assert watched.look(scene, whole=True).findings == ()


def steps(scene: Scene, chart: Chart, story) -> Iterator[None]:
    """The worker works at every move of the story's clock; then a night passes."""
    move = chart.at

    def at(instant):
        scene.work()
        while scene.now < instant:
            scene.now = min(instant, *due(scene), scene.now + 4 * ONE_HOUR)
            scene.work()
        return move(instant)

    chart.at = at
    story(chart)
    scene.work()
    yield
    for _ in range(3):
        at(scene.now + timedelta(minutes=25))
        yield


def due(scene: Scene) -> list:
    """When alerts and pages want to be moved next."""
    alerts = [one.next_at for one in scene._rows(Alert) if one.next_at]
    waiting = ("pending", "failed_temporarily")
    pages = [one.due_at for one in scene.notifications() if one.state in waiting]
    return [instant for instant in (*alerts, *pages) if instant > scene.now]


def test_pages_that_joined_owned_and_expired_alerts_are_no_finding(
    scene: Scene, watched: Watched
) -> None:
    pat = scene.clinic.patient()
    alert_id = scene.answer(pat)
    for _ in range(5):
        scene.ask_for_help(pat)
        assert watched.look(scene).findings == ()
        scene.later(seconds=7)
    scene.work()
    scene.later(seconds=50)
    scene.work()
    assert watched.look(scene).findings == ()
    scene.change(alert_id, lifecycle.acknowledged, scene.clinic.admin.user_id)
    scene.change(alert_id, lifecycle.contact_attempted, "no_answer")
    for _ in range(30):
        scene.later(minutes=10)
        scene.work()
        assert watched.look(scene).findings == ()


def test_what_is_being_written_is_no_finding(
    scene: Scene, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run sees one moment: never an answer before its alert."""
    # The requests of several threads share one clock; the real one comes back afterwards.
    monkeypatch.setattr("api.http.auth.utcnow", lambda: scene.now)
    patients = [scene.clinic.patient() for _ in range(4)]
    over, seen = Event(), []

    def watches() -> None:
        while not over.is_set():
            seen.append(watched.kinds(scene))

    watcher = Thread(target=watches)
    watcher.start()

    def writes(number: int) -> None:
        for _ in range(6):
            scene.ask_for_help(patients[number])
            scene.answer(patients[number])

    at_once([lambda number=number: writes(number) for number in range(4)])
    over.set()
    watcher.join(30)
    assert seen
    assert not any(seen)
