"""The mail with the code: to whom, what it says, and at least once whatever fails."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import structlog
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from models.encryption import keyring
from services.channels.base import Receipt
from services.channels.console import ConsoleChannel
from services.channels.letters import Letter
from services.membership.invitations import InvitationForm, invite
from services.password_reset import mail
from services.password_reset.issue import issue_one
from services.unit_of_work import transaction
from tests.builders.world import made_up_email
from tests.fixtures.app import SECRET
from tests.fixtures.mail import MailFault
from tests.services.password_reset.desk import START, Desk

LEASE = timedelta(seconds=30)


def states(desk: Desk) -> list[tuple[str, str | None, int]]:
    """State, what came of the last try, and how many there were."""
    return [(reset.state, reset.outcome, reset.attempts) for reset in desk.resets()]


def test_the_mail_carries_the_code_and_nothing_about_anybody(desk: Desk) -> None:
    person = desk.person("patient")
    code = desk.code_for(person)
    (mail,) = desk.server.inbox
    assert mail["X-Received-For"] == person.email
    assert mail["Message-ID"] == f"<{desk.resets()[0].mail_id}@hospital.test>"
    assert mail["X-Interlude-Alert"] is None
    assert mail["Date"].datetime == START
    said = f"{mail['Subject']}\n{mail.get_content()}".casefold()
    assert code.casefold() in said
    assert "2026-03-01 08:30 utc" in said
    for word in ("quagga", "patient", "north", "treatment", str(person.user_id)):
        assert word not in said, word


def unknown(_desk: Desk) -> str:
    return made_up_email()


def deactivated(desk: Desk) -> str:
    person = desk.person()
    desk.set_account(person, active=False)
    return person.email


def patient_without_password(desk: Desk) -> str:
    return desk.clinic.patient().email


def invited_only(desk: Desk) -> str:
    form = InvitationForm(made_up_email(), "Sam Quagga", ("clinician",))
    with desk.app.app_context():
        invite(desk.clinic.admin.actor, form, desk.now)
    return form.email


def no_address_at_all(_desk: Desk) -> str:
    return "no address \N{PILE OF POO}"


@pytest.mark.parametrize(
    "address_of", [unknown, deactivated, patient_without_password, invited_only, no_address_at_all]
)
def test_nobody_else_gets_a_code(desk: Desk, address_of: Callable[[Desk], str]) -> None:
    email = address_of(desk)
    assert desk.ask(email) == "asked"
    assert desk.waiting() == 1
    desk.work()
    assert desk.waiting() == 0
    assert (desk.server.inbox, desk.resets()) == ([], [])


def test_nothing_is_mailed_before_the_worker_does(desk: Desk) -> None:
    desk.ask(desk.person().email)
    assert (desk.server.inbox, desk.waiting()) == ([], 1)


def test_a_request_that_waited_for_half_an_hour_is_over(desk: Desk) -> None:
    person = desk.person()
    desk.ask(person.email)
    desk.later(minutes=30)
    desk.work()
    assert (desk.server.inbox, desk.resets(), desk.waiting()) == ([], [], 0)
    desk.ask(person.email)
    desk.later(minutes=29, seconds=59)
    desk.work()
    assert len(desk.codes()) == 1
    desk.later(seconds=1)
    assert desk.confirm(desk.codes()[0]) == "refused"  # it counts from the request


def test_the_database_holds_the_code_sealed_and_only_until_it_is_sent(desk: Desk) -> None:
    desk.server.fault = MailFault.REFUSE_TEMPORARILY
    desk.ask(desk.person().email)
    desk.work()
    (waiting,) = desk.resets()
    assert waiting.sealed_code is not None
    with desk.worker_app.app_context(), transaction() as session:
        dump = str(session.execute(text("SELECT t::text FROM password_resets t")).one())
    assert waiting.sealed_code not in dump
    assert waiting.sealed_code.encode().hex() not in dump
    desk.server.fault = MailFault.NONE
    desk.later(minutes=1)
    desk.work()
    (sent,) = desk.resets()
    assert desk.codes() == [waiting.sealed_code]
    assert (sent.state, sent.sealed_code) == ("sent", None)


def test_two_workers_send_once(desk: Desk) -> None:
    people = [desk.person() for _ in range(6)]
    for person in people:
        desk.ask(person.email)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: desk.work(), range(2)))
    received = sorted(str(mail["X-Received-For"]) for mail in desk.server.inbox)
    assert received == sorted(person.email for person in people)
    assert states(desk) == [("sent", "sent", 1)] * 6


def test_a_temporary_refusal_is_tried_again_with_growing_waits(desk: Desk) -> None:
    desk.server.fault = MailFault.REFUSE_TEMPORARILY
    person = desk.person()
    desk.ask(person.email)
    waits = []
    for _ in range(6):
        desk.work()
        waits.append((desk.resets()[0].due_at - desk.now).total_seconds())
        desk.later(seconds=waits[-1])
    assert waits == [5, 10, 20, 40, 60, 60]
    assert states(desk) == [("failed_temporarily", "smtp_451", 6)]
    desk.server.fault = MailFault.NONE
    desk.work()
    assert states(desk) == [("sent", "sent", 7)]
    assert desk.confirm(*desk.codes()) == "set"


def test_a_lost_answer_sends_the_same_mail_again(desk: Desk) -> None:
    desk.server.fault = MailFault.DROP_AFTER_DATA
    desk.ask(desk.person().email)
    desk.work()
    desk.server.fault = MailFault.NONE
    desk.later(seconds=5)
    desk.work()
    assert len(desk.server.inbox) == 2
    assert len({mail["Message-ID"] for mail in desk.server.inbox}) == 1
    assert len(set(desk.codes())) == 1


def test_a_code_that_arrived_all_the_same_works_and_is_not_sent_again(desk: Desk) -> None:
    desk.server.fault = MailFault.DROP_AFTER_DATA
    desk.ask(desk.person().email)
    desk.work()
    assert desk.confirm(*desk.codes()) == "set"
    desk.server.fault = MailFault.NONE
    desk.later(minutes=5)
    desk.work()
    assert len(desk.server.inbox) == 1


def test_a_refused_address_is_given_up(desk: Desk) -> None:
    desk.server.fault = MailFault.REFUSE_PERMANENTLY
    desk.ask(desk.person().email)
    desk.work()
    assert states(desk) == [("failed_permanently", "smtp_550", 1)]
    assert desk.resets()[0].sealed_code is None


def test_a_server_that_stays_away_is_given_up_when_the_code_expires(desk: Desk) -> None:
    desk.server.refuse_connections()
    desk.ask(desk.person().email)
    while desk.now < START + timedelta(minutes=40):
        desk.work()
        desk.later(seconds=60)
    assert states(desk)[0][:2] == ("failed_permanently", "smtp_unreachable")
    assert desk.resets()[0].sealed_code is None
    desk.server.accept_connections()
    desk.work()
    assert desk.server.inbox == []


def claim(desk: Desk) -> mail.Claimed:
    """Ask, issue, and lease the mail as a worker that then dies."""
    desk.ask(desk.person().email)
    with desk.worker_app.app_context():
        assert issue_one(desk.now)
        claimed = mail.claim_due(desk.now, LEASE)
    assert claimed is not None
    return claimed


def test_a_holder_that_died_loses_its_lease(desk: Desk) -> None:
    claim(desk)
    desk.later(seconds=29)
    desk.work()
    assert desk.server.inbox == []
    desk.later(seconds=1)
    desk.work()
    assert states(desk) == [("sent", "sent", 2)]
    assert len(desk.server.inbox) == 1


def test_a_lease_of_a_code_that_expired_meanwhile_sends_nothing(desk: Desk) -> None:
    claim(desk)
    desk.later(minutes=31)
    desk.work()
    assert states(desk) == [("failed_permanently", "code_expired", 2)]
    assert desk.server.inbox == []


class Meanwhile:
    """A post that takes its time: something happens, then the letter is out."""

    def __init__(self, desk: Desk, happens: Callable[[], object]) -> None:
        self.desk, self.happens = desk, happens

    def post(self, letter: Letter, _now: object) -> Receipt:
        happens, self.happens = self.happens, lambda: None
        happens()
        return self.desk.post.post(letter, self.desk.now)


def test_a_newer_code_while_the_older_is_on_its_way_is_sent_too(desk: Desk) -> None:
    person = desk.person()

    def ask_again() -> None:
        desk.later(seconds=1)
        desk.ask(person.email)
        desk.work()

    desk.ask(person.email)
    slow = Meanwhile(desk, lambda: ThreadPoolExecutor(1).submit(ask_again).result())
    desk.work(slow)
    newer, older = desk.codes()
    assert [desk.confirm(code) for code in (older, newer)] == ["refused", "set"]
    assert states(desk) == [("sent", "sent", 1)]


def test_whoever_is_deactivated_before_the_mail_goes_out_gets_none(desk: Desk) -> None:
    person = desk.person()
    desk.ask(person.email)
    with desk.worker_app.app_context():
        assert issue_one(desk.now)
    desk.set_account(person, active=False)
    desk.work()
    assert states(desk) == [("failed_permanently", "recipient_left", 1)]
    assert desk.server.inbox == []


def test_a_code_that_no_key_opens_stops_nobody_else(desk: Desk) -> None:
    desk.ask(desk.person().email)
    with desk.worker_app.app_context():
        assert issue_one(desk.now)
    keyring.use("another-secret-that-never-wrote-anything-here")
    try:
        desk.work()
    finally:
        keyring.use(SECRET)
    assert states(desk) == [("failed_temporarily", "code_unreadable", 1)]
    desk.later(minutes=1)
    desk.work()
    assert len(desk.codes()) == 1


class Broken:
    """A post with a fault of its own."""

    def post(self, letter: Letter, now: object) -> Receipt:
        raise ZeroDivisionError


def test_a_fault_of_the_post_is_recorded_like_any_failure(desk: Desk) -> None:
    desk.ask(desk.person().email)
    with pytest.raises(ZeroDivisionError):
        desk.work(Broken())
    assert states(desk) == [("failed_temporarily", "sender_fault", 1)]


def test_a_database_that_goes_away_while_sending_leaves_the_lease(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.ask(desk.person().email)
    with desk.worker_app.app_context(), monkeypatch.context() as patched:
        assert issue_one(desk.now)
        patched.setattr(mail, "letter_of", lambda *_: _raise_outage())
        with pytest.raises(OperationalError):
            mail.send_one(desk.post, desk.pace, lambda: desk.now)
    assert states(desk) == [("sending", None, 1)]
    desk.later(seconds=30)
    desk.work()
    assert len(desk.codes()) == 1


def _raise_outage() -> None:
    raise OperationalError("", {}, Exception())


def test_without_a_mail_server_nobody_reads_the_code_from_a_log(
    desk: Desk, capfd: pytest.CaptureFixture[str]
) -> None:
    desk.ask(desk.person().email)
    desk.work(ConsoleChannel(sys.stderr, "i@hospital.test", "https://i.test"))
    (waiting,) = desk.resets()
    written = "".join(capfd.readouterr())
    assert "reached nobody: [Interlude] Your code for a new password" in written
    assert waiting.outcome == "no_mail_server"
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
    desk: Desk, log: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    person = desk.person()
    code = desk.code_for(person)
    desk.confirm(code)
    desk.confirm(code)
    desk.server.fault = MailFault.REFUSE_PERMANENTLY
    desk.later(seconds=1)
    desk.ask(person.email)
    desk.work()
    written = log.getvalue() + "".join(capfd.readouterr())
    assert "password_mail_given_up" in written  # otherwise nothing was watched
    assert code not in written
    assert code not in repr(Letter(desk.resets()[0].mail_id, person.email, "a subject", code))
