"""One claim takes one row, whatever plan PostgreSQL makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, delete, event, func, select

import services
from models import PasswordResetRequest
from models.database import db
from services.alerts.delivery.claiming import LETTERS, PAGES, claim_due
from services.password_reset.issue import take_oldest
from services.password_reset.reset import ask_for_reset
from services.unit_of_work import transaction
from tests.builders.paging.letters import queue_letters
from tests.builders.scene import Scene
from tests.builders.world import made_up_email

LEASE = timedelta(seconds=30)
# What a planner with bad statistics may leave out; the first set makes nested loops that run a
# sub-query again for each row.
PLANS = (
    ("hashagg", "hashjoin", "material", "mergejoin", "sort"),
    ("hashjoin", "indexscan", "bitmapscan", "mergejoin", "material", "memoize"),
    ("nestloop",),
)


@pytest.fixture(params=PLANS, ids="-".join)
def forced_plan(scene: Scene, request: pytest.FixtureRequest) -> Iterator[None]:
    """Every transaction of the worker plans without these."""
    with scene.worker_app.app_context():
        engine: Engine = db.engine

    def force(connection: Connection) -> None:
        for method in request.param:
            connection.exec_driver_sql(f"SET LOCAL enable_{method} = off")

    event.listen(engine, "begin", force)
    yield
    event.remove(engine, "begin", force)


def ask_six_times(scene: Scene) -> None:
    with scene.app.app_context():
        for _ in range(6):
            ask_for_reset(made_up_email(), None, scene.now)


def test_one_request_is_taken(scene: Scene, forced_plan: None) -> None:
    ask_six_times(scene)
    with scene.worker_app.app_context():
        with transaction() as session:
            assert take_oldest(session) is not None
        with transaction() as session:
            assert session.scalar(select(func.count(PasswordResetRequest.id))) == 5


@pytest.mark.parametrize("kinds", [PAGES, LETTERS])
def test_one_notification_is_leased(
    scene: Scene, forced_plan: None, kinds: tuple[str, ...]
) -> None:
    if kinds == LETTERS:
        queue_letters(scene, 6)
    else:
        for _ in range(6):
            scene.answer()
    with scene.worker_app.app_context():
        assert claim_due("email", scene.now, LEASE, kinds) is not None
    states = sorted(each.state for each in scene.notifications())
    assert states == ["pending"] * 5 + ["sending"]


def test_the_plan_that_is_forced_empties_the_queue_of_a_sub_query(scene: Scene) -> None:
    """Otherwise the tests above would prove nothing."""
    ask_six_times(scene)
    oldest = (
        select(PasswordResetRequest.id)
        .order_by(PasswordResetRequest.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    taking = delete(PasswordResetRequest).where(PasswordResetRequest.id.in_(oldest))
    with scene.worker_app.app_context(), transaction() as session:
        for method in PLANS[0]:
            session.connection().exec_driver_sql(f"SET LOCAL enable_{method} = off")
        assert len(session.execute(taking.returning(PasswordResetRequest.id)).all()) == 6


def test_nothing_else_skips_locked_rows_with_a_limit() -> None:
    """Three lock rows by their keys, all of them."""
    folder = Path(services.__file__).parent
    skipping = {
        str(path.relative_to(folder))
        for path in folder.rglob("*.py")
        if "with_for_update(skip_locked" in path.read_text()
    }
    assert skipping == {
        "claims.py",
        "alerts/locking.py",
        "alerts/monitors/silence.py",
        "reminders/planning.py",
    }
