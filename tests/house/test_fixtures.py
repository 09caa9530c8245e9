"""The real parts behave as tests rely on: else a green test would mean nothing."""

from __future__ import annotations

import smtplib
import socket
import urllib.error
import urllib.request
from email.message import EmailMessage
from urllib.parse import urlsplit

import psycopg
import pytest

from api.embedded.urls import DatabaseUrls
from migrations.roles import libpq_url, make_database, make_roles
from tests.fixtures.mail import MailFault, MailServer
from tests.fixtures.postgres import TestServer
from tests.fixtures.webhook import Answer, WebhookReceiver


def one(url: str, query: str) -> tuple[object, ...]:
    with psycopg.connect(libpq_url(url)) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return tuple(row)


@pytest.mark.parametrize("role", ["app", "owner", "worker", "auditor"])
def test_no_role_of_ours_is_a_superuser_or_bypasses_row_level_security(
    database_urls: DatabaseUrls, role: str
):
    query = (
        "SELECT current_user, rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb"
        " FROM pg_roles WHERE rolname = current_user"
    )
    assert one(getattr(database_urls, role), query) == (f"interlude_{role}", False)


@pytest.mark.parametrize("role", ["interlude_door", "interlude_eraser"])
def test_owners_of_functions_cannot_log_in_and_nobody_inherits_them(
    database_urls: DatabaseUrls, role: str
):
    admin = database_urls.admin
    login = f"SELECT rolcanlogin FROM pg_roles WHERE rolname = '{role}'"  # noqa: S608 - ours
    assert one(admin, login) == (False,)
    rights = (
        f"SELECT pg_has_role('interlude_owner', '{role}', 'SET'),"
        f" pg_has_role('interlude_owner', '{role}', 'USAGE')"
    )
    members = (
        "SELECT count(*) FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member"  # noqa: S608 - ours
        f" WHERE m.roleid = '{role}'::regrole AND r.rolname <> 'interlude_owner'"
    )
    assert one(admin, members) == (0,)
    assert one(admin, rights) == (True, False)


def test_making_roles_again_takes_away_rights_that_somebody_gave(test_server: TestServer):
    admin = test_server.admin_url
    make_roles(admin)
    with psycopg.connect(libpq_url(admin), autocommit=True) as connection:
        connection.execute("ALTER ROLE interlude_auditor SUPERUSER CREATEDB")
    make_roles(admin)
    query = (
        "SELECT count(*) FROM pg_roles"
        " WHERE rolname LIKE 'interlude_%' AND (rolsuper OR rolcreatedb)"
    )
    assert one(admin, query) == (0,)


def test_a_database_is_made_once_and_closed_to_strangers(test_server: TestServer, worker_id: str):
    make_roles(test_server.admin_url)
    name = f"interlude_once_{worker_id}"
    assert make_database(test_server.admin_url, name)
    assert not make_database(test_server.admin_url, name)
    query = "SELECT datacl::text FROM pg_database WHERE datname = '%s'"
    (rights,) = one(test_server.admin_url, query % name)
    test_server.drop(name)
    assert "{=" not in str(rights)
    assert ",=" not in str(rights)


def mail(recipient: str = "oncall@clinic.test") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "interlude@here", recipient, "a page"
    message.set_content("open the link")
    return message


def send(server: MailServer, message: EmailMessage) -> None:
    with smtplib.SMTP("127.0.0.1", server.receiver.port, timeout=3) as client:
        client.send_message(message)


def test_the_mail_server_keeps_what_it_receives(smtp_server: MailServer):
    send(smtp_server, mail())
    (received,) = smtp_server.wait_for(1)
    assert received["Subject"] == "a page"
    assert received["X-Received-For"] == "oncall@clinic.test"


@pytest.mark.parametrize(
    ("fault", "error", "kept"),
    [
        (MailFault.REFUSE_PERMANENTLY, smtplib.SMTPRecipientsRefused, 0),
        (MailFault.REFUSE_TEMPORARILY, smtplib.SMTPRecipientsRefused, 0),
        (MailFault.HANG, smtplib.SMTPServerDisconnected, 0),
        (MailFault.DROP_BEFORE_DATA, smtplib.SMTPServerDisconnected, 0),
        (MailFault.DROP_AFTER_DATA, smtplib.SMTPServerDisconnected, 1),
    ],
)
def test_the_mail_server_fails_as_instructed(
    smtp_server: MailServer, fault: MailFault, error: type[Exception], kept: int
):
    smtp_server.fault = fault
    with pytest.raises(error):
        send(smtp_server, mail())
    assert len(smtp_server.inbox) == kept


def test_the_mail_server_fails_for_the_named_recipients_only(smtp_server: MailServer):
    smtp_server.fault = MailFault.REFUSE_PERMANENTLY
    smtp_server.faulty_recipients = {"asleep@clinic.test"}
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        send(smtp_server, mail("asleep@clinic.test"))
    send(smtp_server, mail("awake@clinic.test"))
    assert [message["To"] for message in smtp_server.inbox] == ["awake@clinic.test"]


def test_the_mail_server_dies_and_comes_back_on_the_same_port(smtp_server: MailServer):
    smtp_server.refuse_connections()
    with pytest.raises(ConnectionRefusedError):
        send(smtp_server, mail())
    smtp_server.accept_connections()
    send(smtp_server, mail())
    assert len(smtp_server.wait_for(1)) == 1


def post(receiver: WebhookReceiver, body: bytes) -> int:
    request = urllib.request.Request(receiver.url, body, {"Idempotency-Key": "n1"})  # noqa: S310 -- loopback
    with urllib.request.urlopen(request, timeout=3) as answer:  # noqa: S310 -- loopback
        return int(answer.status)


def test_a_request_that_was_cut_off_is_none(webhook_receiver: WebhookReceiver):
    with socket.create_connection(("127.0.0.1", urlsplit(webhook_receiver.url).port or 0)) as half:
        half.sendall(b"POST /page HTTP/1.1\r\nHost: h\r\nContent-Length: 8\r\n\r\n{")
    assert post(webhook_receiver, b'{"n": 1}') == 200
    assert [request.json() for request in webhook_receiver.requests] == [{"n": 1}]


def test_the_webhook_receiver_keeps_requests_and_answers_as_instructed(
    webhook_receiver: WebhookReceiver,
):
    webhook_receiver.answers.extend([Answer(status=503), Answer(drop=True), Answer(hang=True)])
    with pytest.raises(urllib.error.HTTPError) as refused:
        post(webhook_receiver, b'{"n": 1}')
    assert refused.value.code == 503
    refused.value.close()
    with pytest.raises((OSError, urllib.error.URLError)):
        post(webhook_receiver, b'{"n": 2}')
    with pytest.raises(TimeoutError):
        post(webhook_receiver, b'{"n": 3}')
    assert post(webhook_receiver, b'{"n": 4}') == 200
    received = webhook_receiver.wait_for(4)
    assert [request.json() for request in received] == [{"n": n} for n in (1, 2, 3, 4)]
    assert received[0].headers["Idempotency-Key"] == "n1"
