"""What may wait, beside pages: it never holds one up, and pages are first, always."""

from __future__ import annotations

from dataclasses import replace
from threading import Event

from sqlalchemy import update

from api.embedded.urls import DatabaseUrls
from models import User
from services.accounts.passwords import NOBODYS
from services.alerts.delivery.worker import Worker
from services.password_reset.ask import ask_for_reset
from services.password_reset.mail import errand
from services.unit_of_work import transaction
from tests.builders.scene import Scene
from tests.builders.workers import FIRST, working
from tests.fixtures.mail import MailFault, MailServer

RESET = "[Interlude] Your code for a new password"


def forget_password(scene: Scene) -> str:
    """The administrator asks for a new password; returns the address."""
    with scene.app.app_context():
        with transaction(scene.clinic.id) as session:
            session.execute(update(User).values(password_hash=NOBODYS))
        ask_for_reset(scene.clinic.admin.email, "192.0.2.1", scene.now)
    return scene.clinic.admin.email


def worker_of(scene: Scene) -> Worker:
    """The scene's worker, which also mails codes."""
    account_mail = errand(scene.channels["email"], scene.pace, lambda: scene.now)
    return replace(scene.worker, errand=account_mail)


def received(server: MailServer) -> list[str]:
    return [str(mail["X-Received-For"]) for mail in server.inbox]


def test_one_run_sends_pages_first_and_then_codes(scene: Scene, smtp_server: MailServer) -> None:
    email = forget_password(scene)
    scene.answer(scene.clinic.patient().patient_id, "high")
    worker_of(scene).work_once()
    assert received(smtp_server) == [FIRST, email]
    assert smtp_server.inbox[1]["Subject"] == RESET


def test_errands_wait_while_a_page_is_due(scene: Scene, smtp_server: MailServer) -> None:
    email = forget_password(scene)
    scene.answer(scene.clinic.patient().patient_id, "high")
    worker = worker_of(scene)
    worker.do_errands(Event())
    assert received(smtp_server) == []
    scene.work()
    worker.do_errands(Event())
    assert received(smtp_server) == [FIRST, email]


def test_a_page_that_fails_again_and_again_holds_no_errand_for_ever(
    scene: Scene, smtp_server: MailServer
) -> None:
    smtp_server.fault, smtp_server.faulty_recipients = MailFault.REFUSE_TEMPORARILY, {FIRST}
    scene.answer(scene.clinic.patient().patient_id, "high")
    email = forget_password(scene)
    worker_of(scene).work_once()
    assert email in received(smtp_server)


def test_an_errand_that_hangs_holds_up_no_page(
    scene: Scene, smtp_server: MailServer, database_urls: DatabaseUrls
) -> None:
    begun, released = Event(), Event()

    def stuck() -> bool:
        begun.set()
        released.wait(20)
        return False

    with working(replace(scene.worker, errand=stuck), database_urls.worker, poll_s=0.05):
        assert begun.wait(10)
        scene.answer(scene.clinic.patient().patient_id, "high")
        smtp_server.wait_for(1)
        released.set()
    assert received(smtp_server) == [FIRST]


def test_an_errand_that_breaks_is_tried_again_and_stops_nobody(
    scene: Scene, smtp_server: MailServer, database_urls: DatabaseUrls
) -> None:
    tried, twice = [], Event()

    def broken() -> bool:
        tried.append(1)
        if len(tried) == 2:
            twice.set()
        raise ZeroDivisionError

    scene.answer(scene.clinic.patient().patient_id, "high")
    with working(replace(scene.worker, errand=broken), database_urls.worker, poll_s=0.05):
        assert twice.wait(10)
        smtp_server.wait_for(1)


def test_a_worker_that_is_told_to_stop_begins_no_errand(
    scene: Scene, smtp_server: MailServer
) -> None:
    forget_password(scene)
    told = Event()
    told.set()
    worker_of(scene).do_errands(told)
    assert received(smtp_server) == []
