"""The mail with the code: to whom, what it contains, and at least once whatever fails."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
import structlog
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from models.encryption import keyring
from services.accounts.letters import DEVICE, tell_of
from services.alerts.delivery import messages
from services.alerts.delivery.claiming import LETTERS, Claimed, claim_due
from services.alerts.delivery.sending import deliver_one
from services.channels.base import Letter, Message, Receipt
from services.channels.console import ConsoleChannel
from services.membership.invitations import InvitationForm, invite
from services.password_reset.issue import issue_one
from services.unit_of_work import transaction
from tests.builders.world import made_up_email
from tests.fixtures.app import SECRET
from tests.fixtures.mail import MailFault
from tests.services.password_reset.scene import START, ResetScene

LEASE = timedelta(seconds=30)


def test_the_mail_carries_the_code_and_nothing_about_anybody(scene: ResetScene) -> None:
    person = scene.person("patient")
    code = scene.code_for(person)
    (mail,) = scene.server.inbox
    assert mail["X-Received-For"] == person.email
    assert mail["Message-ID"] == f"<{scene.letters()[0].id}@hospital.test>"
    assert mail["X-Interlude-Alert"] is None
    assert mail["Date"].datetime == START
    shown = f"{mail['Subject']}\n{mail.get_content()}".casefold()
    assert code.casefold() in shown
    assert "2026-03-01 08:30 utc" in shown
    for word in ("quagga", "patient", "north", "treatment", str(person.user_id)):
        assert word not in shown, word


def unknown(_scene: ResetScene) -> str:
    return made_up_email()


def deactivated(scene: ResetScene) -> str:
    person = scene.person()
    scene.set_account(person, active=False)
    return person.email


def patient_without_password(scene: ResetScene) -> str:
    return scene.clinic.patient().email


def invited_only(scene: ResetScene) -> str:
    form = InvitationForm(made_up_email(), "Sam Quagga", ("clinician",))
    with scene.app.app_context():
        invite(scene.clinic.admin.actor, form, scene.now)
    return form.email


def no_address_at_all(_scene: ResetScene) -> str:
    return "no address \N{PILE OF POO}"


@pytest.mark.parametrize(
    "address_of", [unknown, deactivated, patient_without_password, invited_only, no_address_at_all]
)
def test_nobody_else_gets_a_code(
    scene: ResetScene, address_of: Callable[[ResetScene], str]
) -> None:
    email = address_of(scene)
    assert scene.ask(email) == "asked"
    assert scene.waiting() == 1
    scene.work()
    assert scene.waiting() == 0
    assert (scene.server.inbox, scene.resets(), scene.letters()) == ([], [], [])


def test_nothing_is_mailed_before_the_worker_does(scene: ResetScene) -> None:
    scene.ask(scene.person().email)
    assert (scene.server.inbox, scene.waiting()) == ([], 1)


def test_a_request_that_waited_for_half_an_hour_is_over(scene: ResetScene) -> None:
    person = scene.person()
    scene.ask(person.email)
    scene.later(minutes=30)
    scene.work()
    assert (scene.server.inbox, scene.resets(), scene.waiting()) == ([], [], 0)
    scene.ask(person.email)
    scene.later(minutes=29, seconds=59)
    scene.work()
    assert len(scene.codes()) == 1
    scene.later(seconds=1)
    assert scene.confirm(scene.codes()[0]) == "refused"  # it counts from the request


def test_the_database_holds_the_code_sealed_and_only_until_it_is_sent(scene: ResetScene) -> None:
    scene.server.fault = MailFault.REFUSE_TEMPORARILY
    scene.ask(scene.person().email)
    scene.work()
    (waiting,) = scene.letters()
    assert waiting.sealed_code is not None
    with scene.worker_app.app_context(), transaction() as session:
        dump = str(session.execute(text("SELECT t::text FROM notifications t")).one())
    assert waiting.sealed_code not in dump
    assert waiting.sealed_code.encode().hex() not in dump
    scene.server.fault = MailFault.NONE
    scene.later(minutes=1)
    scene.work()
    (sent,) = scene.letters()
    assert scene.codes() == [waiting.sealed_code]
    assert (sent.state, sent.sealed_code) == ("sent", None)


def test_two_workers_send_once(scene: ResetScene) -> None:
    people = [scene.person() for _ in range(6)]
    for person in people:
        scene.ask(person.email)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: scene.work(), range(2)))
    received = sorted(str(mail["X-Received-For"]) for mail in scene.server.inbox)
    assert received == sorted(person.email for person in people)
    assert scene.states() == [("sent", "sent", 1)] * 6


def test_a_temporary_refusal_is_tried_again_with_growing_waits(scene: ResetScene) -> None:
    scene.server.fault = MailFault.REFUSE_TEMPORARILY
    person = scene.person()
    scene.ask(person.email)
    waits = []
    for _ in range(6):
        scene.work()
        waits.append((scene.letters()[0].due_at - scene.now).total_seconds())
        scene.later(seconds=waits[-1])
    assert waits == [5, 10, 20, 40, 60, 60]
    assert scene.states() == [("failed_temporarily", "smtp_451", 6)]
    scene.server.fault = MailFault.NONE
    scene.work()
    assert scene.states() == [("sent", "sent", 7)]
    assert scene.confirm(*scene.codes()) == "set"


def test_a_lost_answer_sends_the_same_mail_again(scene: ResetScene) -> None:
    scene.server.fault = MailFault.DROP_AFTER_DATA
    scene.ask(scene.person().email)
    scene.work()
    scene.server.fault = MailFault.NONE
    scene.later(seconds=5)
    scene.work()
    assert len(scene.server.inbox) == 2
    assert len({mail["Message-ID"] for mail in scene.server.inbox}) == 1
    assert len(set(scene.codes())) == 1


def test_a_code_that_arrived_all_the_same_works_and_is_not_sent_again(scene: ResetScene) -> None:
    scene.server.fault = MailFault.DROP_AFTER_DATA
    scene.ask(scene.person().email)
    scene.work()
    assert scene.confirm(*scene.codes()) == "set"
    scene.server.fault = MailFault.NONE
    scene.later(minutes=5)
    scene.work()
    assert len(scene.server.inbox) == 1


def test_a_refused_address_is_given_up(scene: ResetScene) -> None:
    scene.server.fault = MailFault.REFUSE_PERMANENTLY
    scene.ask(scene.person().email)
    scene.work()
    assert scene.states() == [("failed_permanently", "smtp_550", 1)]
    assert scene.letters()[0].sealed_code is None


def test_another_letter_that_is_given_up_voids_no_code(scene: ResetScene) -> None:
    """Of a further device, or to a mistyped new address: a stranger could then end the code."""
    person = scene.person()
    code = scene.code_for(person)
    scene.server.fault = MailFault.REFUSE_PERMANENTLY
    with scene.app.app_context(), transaction(scene.clinic.id) as session:
        tell_of(session, scene.clinic.id, person.user_id, DEVICE, scene.now)
    scene.work()
    scene.server.fault = MailFault.NONE
    scene.ask(person.email)
    scene.work()
    assert [state for state, *_ in scene.states()] == ["sent", "failed_permanently"]
    assert scene.confirm(code) == "set"


def test_a_server_that_stays_away_is_given_up_when_the_code_expires(scene: ResetScene) -> None:
    scene.server.refuse_connections()
    scene.ask(scene.person().email)
    while scene.now < START + timedelta(minutes=40):
        scene.work()
        scene.later(seconds=60)
    assert scene.states()[0][:2] == ("failed_permanently", "smtp_unreachable")
    assert scene.letters()[0].sealed_code is None
    scene.server.accept_connections()
    scene.work()
    assert scene.server.inbox == []


def claim(scene: ResetScene) -> Claimed:
    """Ask, issue, and lease the letter as a worker that then dies."""
    scene.ask(scene.person().email)
    with scene.worker_app.app_context():
        assert issue_one(scene.now)
        claimed = claim_due("email", scene.now, LEASE, LETTERS)
    assert claimed is not None
    return claimed


def test_a_holder_that_died_loses_its_lease(scene: ResetScene) -> None:
    claim(scene)
    scene.later(seconds=29)
    scene.work()
    assert scene.server.inbox == []
    scene.later(seconds=1)
    scene.work()
    assert scene.states() == [("sent", "sent", 2)]
    assert len(scene.server.inbox) == 1


def test_a_lease_of_a_code_that_expired_meanwhile_sends_nothing(scene: ResetScene) -> None:
    claim(scene)
    scene.later(minutes=31)
    scene.work()
    assert scene.states() == [("failed_permanently", "code_expired", 2)]
    assert scene.server.inbox == []


class Meanwhile:
    """A channel that takes its time: something happens, then the letter is out."""

    def __init__(self, scene: ResetScene, happens: Callable[[], object]) -> None:
        self.scene, self.happens = scene, happens

    def send(self, message: Message, now: datetime) -> Receipt:
        happens, self.happens = self.happens, lambda: None
        happens()
        return self.scene.mail.send(message, self.scene.now)


def test_asking_again_while_the_code_is_on_its_way_sends_no_other(scene: ResetScene) -> None:
    person = scene.person()

    def ask_again() -> None:
        scene.later(seconds=1)
        scene.ask(person.email)
        scene.work()

    scene.ask(person.email)
    slow = Meanwhile(scene, lambda: ThreadPoolExecutor(1).submit(ask_again).result())
    scene.work(slow)
    (code,) = scene.codes()
    assert scene.confirm(code) == "set"
    assert scene.states() == [("sent", "sent", 1)]


def test_whoever_is_deactivated_before_the_mail_goes_out_gets_none(scene: ResetScene) -> None:
    person = scene.person()
    scene.ask(person.email)
    with scene.worker_app.app_context():
        assert issue_one(scene.now)
    scene.set_account(person, active=False)
    scene.work()
    assert scene.states() == [("failed_permanently", "recipient_left", 1)]
    assert scene.server.inbox == []


def test_a_code_that_no_key_opens_stops_nobody_else(scene: ResetScene) -> None:
    scene.ask(scene.person().email)
    with scene.worker_app.app_context():
        assert issue_one(scene.now)
    keyring.use("another-secret-that-never-wrote-anything-here")
    try:
        scene.work()
    finally:
        keyring.use(SECRET)
    assert scene.states() == [("failed_temporarily", "code_unreadable", 1)]
    scene.later(minutes=1)
    scene.work()
    assert len(scene.codes()) == 1


class Broken:
    """A channel with a fault of its own, whose words give the letter away."""

    def send(self, message: Message, now: datetime) -> Receipt:
        raise ZeroDivisionError(message)


def test_a_fault_of_the_channel_is_recorded_like_any_failure(scene: ResetScene) -> None:
    scene.ask(scene.person().email)
    with scene.worker_app.app_context():
        assert issue_one(scene.now)
        with pytest.raises(ZeroDivisionError):
            deliver_one("email", {"email": Broken()}, scene.pace, lambda: scene.now, LETTERS)
    assert scene.states() == [("failed_temporarily", "sender_fault", 1)]


def test_a_database_that_goes_away_while_sending_leaves_the_lease(
    scene: ResetScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.ask(scene.person().email)
    with scene.worker_app.app_context(), monkeypatch.context() as patched:
        assert issue_one(scene.now)
        patched.setattr(messages, "letter_of", lambda *_: _raise_outage())
        with pytest.raises(OperationalError):
            deliver_one("email", {"email": scene.mail}, scene.pace, lambda: scene.now, LETTERS)
    assert scene.states() == [("sending", None, 1)]
    scene.later(seconds=30)
    scene.work()
    assert len(scene.codes()) == 1


def _raise_outage() -> None:
    raise OperationalError("", {}, Exception())


def test_without_a_mail_server_nobody_reads_the_code_from_a_log(
    scene: ResetScene, capfd: pytest.CaptureFixture[str]
) -> None:
    scene.ask(scene.person().email)
    scene.work(ConsoleChannel(sys.stderr, "i@hospital.test", "https://i.test"))
    (waiting,) = scene.letters()
    written = "".join(capfd.readouterr())
    assert "reached nobody: [Interlude] Your code for a new password" in written
    assert scene.states() == [("failed_temporarily", "no_mail_server", 1)]
    assert waiting.sealed_code not in written
    assert waiting.sealed_code.partition("-")[0] not in written


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the application logs."""
    known, written = structlog.get_config(), io.StringIO()
    structlog.configure(logger_factory=structlog.WriteLoggerFactory(file=written))
    yield written
    structlog.configure(**known)


def test_no_log_line_holds_a_code_whatever_becomes_of_it(
    scene: ResetScene, log: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    person = scene.person()
    code = scene.code_for(person)
    scene.confirm(code)
    scene.confirm(code)
    scene.server.fault = MailFault.REFUSE_PERMANENTLY
    scene.later(seconds=1)
    scene.ask(person.email)
    scene.work()
    scene.later(seconds=1)
    scene.ask(person.email)
    scene.work(Broken())
    waiting = scene.letters()[-1].sealed_code
    written = log.getvalue() + "".join(capfd.readouterr())
    assert "worker_fault" in written  # otherwise nothing was watched
    assert code not in written
    assert waiting not in written
    assert code not in repr(Letter(scene.letters()[0].id, person.email, "a subject", code))
