"""What a run looks at: all that may be new, never more than that for long, and told in figures."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import psycopg
import pytest

from migrations.roles import libpq_url
from services.rules.escalation import lifecycle
from services.watch.past import LOOKS_BACK
from services.watch.reading import EVER
from services.watch.run import BEFORE_WRITING, Run, watch
from tests.builders.paging.watched import Watched
from tests.builders.scene import START, Scene


def runs_until(scene: Scene, watched: Watched, holds: Callable[[Run], bool]) -> Run:
    """A run a minute until it holds: whoever else writes on this server may hold it up."""
    for _ in range(200):
        scene.later(minutes=1)
        run = watched.keep(scene)
        if holds(run):
            return run
    raise AssertionError("200 runs settled nothing")


def test_a_run_looks_back_a_day_once_older_ones_have_settled_what_came_before(
    scene: Scene, watched: Watched
) -> None:
    assert watched.keep(scene).since == EVER
    run = runs_until(scene, watched, lambda run: run.since != EVER)
    assert START - LOOKS_BACK <= run.since < run.at - BEFORE_WRITING
    scene.later(days=2)
    runs_until(scene, watched, lambda run: run.row["settled_at"] > START + LOOKS_BACK)
    scene.later(minutes=1)
    assert watched.keep(scene).since == scene.now - LOOKS_BACK


def test_a_transaction_that_stays_open_holds_back_what_is_settled(
    scene: Scene, watched: Watched
) -> None:
    """Its answer may appear later with a time of before it."""
    watched.keep(scene)
    with psycopg.connect(libpq_url(watched.urls.app)) as slow:
        slow.execute("SELECT pg_current_xact_id()")
        for _ in range(4):
            scene.later(days=1)
            run = watched.keep(scene)
            assert run.row["settled_at"] <= START - BEFORE_WRITING
    runs_until(scene, watched, lambda run: run.row["settled_at"] > START + timedelta(days=1))


def test_all_is_well_is_shown_only_when_it_is_and_twice_a_day_all_is_looked_at(
    scene: Scene, watched: Watched
) -> None:
    touched: list[bool] = []
    with watched.auditor.app_context():
        assert watch(scene.now, lambda: touched.append(True)).whole
        assert not watch(scene.now, lambda: touched.append(True)).whole
        assert touched == [True, True]
        scene.later(days=1)
        watched.spoil("DELETE FROM worker_heartbeats")
        assert watch(scene.now, lambda: touched.append(True)).findings  # no worker
    assert touched == [True, True]


def test_old_runs_are_dropped(scene: Scene, watched: Watched) -> None:
    watched.keep(scene)
    scene.later(days=8)
    watched.keep(scene)
    with watched.superuser() as admin:
        assert admin.execute("SELECT count(*) FROM watch_runs").fetchone() == (1,)


def test_runs_of_before_the_clock_was_set_back_hide_nothing(scene: Scene, watched: Watched) -> None:
    scene.later(days=365)
    watched.keep(scene)
    scene.later(days=-364)
    assert watched.keep(scene).row["settled_at"] <= scene.now
    with watched.superuser() as admin:
        assert admin.execute("SELECT at FROM watch_runs").fetchall() == [(scene.now,)]
    scene.later(minutes=1)
    assert watched.keep(scene).row["settled_at"] <= scene.now


def test_each_alert_is_counted_once_when_it_is_settled(scene: Scene, watched: Watched) -> None:
    alert_id = scene.answer()
    scene.later(seconds=2)
    scene.work()
    scene.later(minutes=3)
    scene.change(alert_id, lifecycle.acknowledged, scene.clinic.admin.user_id)
    scene.later(minutes=11)
    runs_until(scene, watched, lambda run: bool(run.row["figures"]["acknowledge"]))
    scene.later(hours=1)
    figures = runs_until(
        scene, watched, lambda run: run.row["settled_at"] > START + timedelta(hours=1)
    ).row["figures"]
    assert figures["page"]["critical"] == {"counts": [0, 1, *[0] * 11], "sum": 2.0}
    assert figures["acknowledge"]["critical"] == {"counts": [*[0] * 4, 1, *[0] * 8], "sum": 182.0}
    assert figures["resolve"] == {}


def test_the_auditor_writes_its_own_log_and_nothing_else(scene: Scene, watched: Watched) -> None:
    run = watched.keep(scene)
    assert run.row["finding_count"] == 0
    for statement in (
        "DELETE FROM alerts",
        "UPDATE watch_runs SET finding_count = 0",
        "INSERT INTO worker_heartbeats (id, started_at, beat_at) SELECT id, at, at FROM watch_runs",
    ):
        denied = pytest.raises(psycopg.errors.InsufficientPrivilege)
        with denied, psycopg.connect(libpq_url(watched.urls.auditor)) as auditor:
            auditor.execute(statement.encode())
    with psycopg.connect(libpq_url(watched.urls.app)) as api:
        api.execute("SELECT kinds FROM watch_runs")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            api.execute("SELECT findings FROM watch_runs")
