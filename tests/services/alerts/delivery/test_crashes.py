"""A worker may die between any two of its steps: the page gets out, under the same key."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy import event

from models.database import db
from services.alerts.delivery.claiming import claim_due
from services.alerts.delivery.escalating import advance, due_alerts
from services.alerts.delivery.sending import record_failed, record_sent
from services.channels.base import Channel, ChannelError, Page, Receipt
from tests.builders.scene import Scene
from tests.builders.workers import Killed
from tests.fixtures.mail import MailFault, MailServer


@dataclass
class DiesIn:
    """A channel under which the process dies, before or after the page is out."""

    inner: Channel
    before: bool

    def send(self, page: Page, now: datetime) -> Receipt:
        if not self.before:
            self.inner.send(page, now)
        raise Killed


@contextmanager
def dies_at_commit(number: int) -> Iterator[None]:
    """The process dies just before its n-th commit from now."""
    left = [number]

    def count(_session: object) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise Killed

    event.listen(db.session, "before_commit", count)
    try:
        yield
    finally:
        event.remove(db.session, "before_commit", count)


def message_ids(server: MailServer) -> list[str]:
    return [str(mail["Message-ID"]) for mail in server.inbox]


def survive(scene: Scene) -> None:
    """Another worker, after the lease has run out."""
    scene.later(seconds=31)
    scene.work()


@pytest.mark.parametrize(("before", "copies"), [(True, 1), (False, 2)])
def test_killed_while_sending_it_is_sent_again_with_the_same_id(
    scene: Scene, smtp_server: MailServer, before: bool, copies: int
):
    scene.answer()
    dying = replace(scene, channels={"email": DiesIn(scene.channels["email"], before)})
    with pytest.raises(Killed):
        dying.work()
    scene.work()
    assert len(smtp_server.inbox) == copies - 1  # it is still under lease
    survive(scene)
    (page,) = scene.notifications()
    assert message_ids(smtp_server) == [f"<{page.id}@hospital.test>"] * copies
    assert scene.outcomes() == ["lease_expired", "sent"]


@pytest.mark.parametrize("commit", range(1, 7))
def test_killed_before_any_of_its_commits_the_page_gets_out(
    scene: Scene, smtp_server: MailServer, commit: int
):
    scene.answer()
    with pytest.raises(Killed), dies_at_commit(commit):
        scene.work()
    survive(scene)
    assert len(set(message_ids(smtp_server))) == 1
    assert scene.pages() == [(1, 1, "sent")]


@pytest.mark.parametrize("commit", range(1, 6))
def test_killed_while_it_records_a_failure_the_next_person_is_paged_all_the_same(
    scene: Scene, smtp_server: MailServer, commit: int
):
    smtp_server.fault, smtp_server.faulty_recipients = (
        MailFault.REFUSE_PERMANENTLY,
        {"first@hospital.test"},
    )
    scene.answer()
    with pytest.raises(Killed), dies_at_commit(commit):
        scene.work()
    survive(scene)
    assert scene.pages() == [(1, 1, "failed_permanently"), (1, 2, "sent")]
    assert [str(mail["X-Received-For"]) for mail in smtp_server.inbox] == ["second@hospital.test"]


@pytest.mark.parametrize("commit", [1, 2])
def test_killed_while_it_takes_a_step_the_step_is_taken_once(scene: Scene, commit: int):
    scene.answer()
    scene.later(minutes=10)
    with scene.worker_app.app_context(), pytest.raises(Killed), dies_at_commit(commit):
        scene.worker.move_time()
    scene.work()
    assert scene.pages() == [(1, 1, "sent"), (1, 2, "sent")]


def test_whoever_lost_the_lease_may_only_say_that_the_page_is_out(scene: Scene):
    scene.answer()
    lease = timedelta(seconds=30)
    with scene.worker_app.app_context():
        slow = claim_due("email", scene.now, lease)
        assert slow is not None
        assert claim_due("email", scene.now, lease) is None
        scene.later(seconds=31)
        quick = claim_due("email", scene.now, lease)
        assert quick is not None
        assert quick.notification_id == slow.notification_id
        assert not record_failed(slow, ChannelError("smtp_timeout"), scene.pace, scene.now)
        assert scene.pages() == [(1, 1, "sending")]
        assert record_sent(slow, Receipt.SENT, scene.now)
        assert not record_failed(quick, ChannelError("smtp_timeout"), scene.pace, scene.now)
        assert not record_sent(quick, Receipt.SENT, scene.now)
    assert scene.pages() == [(1, 1, "sent")]
    assert scene.outcomes() == ["lease_expired", "sent", "sent"]


def test_two_workers_send_each_page_once(scene: Scene, smtp_server: MailServer):
    for _ in range(20):
        scene.answer()
    start = Barrier(2)

    def work(worker: object) -> None:
        start.wait(10)
        scene.work()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, range(2)))
    assert len(smtp_server.inbox) == len(set(message_ids(smtp_server))) == 20
    assert scene.outcomes() == ["sent"] * 20


def test_two_workers_take_each_step_once(scene: Scene):
    for _ in range(10):
        scene.answer()
    scene.later(minutes=10)
    with scene.worker_app.app_context():
        due = due_alerts(scene.now)
    start = Barrier(2)

    def move(worker: object) -> int:
        with scene.worker_app.app_context():
            start.wait(10)
            return sum(advance(alert, scene.now) for alert in due)

    with ThreadPoolExecutor(2) as pool:
        moved = list(pool.map(move, range(2)))
    assert sum(moved) == 10
    assert sorted(scene.pages()) == [(1, 1, "pending")] * 10 + [(1, 2, "pending")] * 10
