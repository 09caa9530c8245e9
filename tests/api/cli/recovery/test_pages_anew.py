"""After a restore every open alert that nobody has pages again, each page by the key it had."""

from __future__ import annotations

import pytest

from tests.builders.alerts import do, open_alert
from tests.builders.calls import made, post
from tests.builders.workers import channels_to
from tests.builders.world import ClinicWorld
from tests.fixtures.databases.restored import Backup, Service
from tests.fixtures.mail import MailServer
from tests.fixtures.webhook import WebhookReceiver


@pytest.fixture
def channels(smtp_server: MailServer):
    return channels_to(smtp_server.receiver.port)


def keys(receiver: WebhookReceiver) -> list[str]:
    """The key of each page that came in, in that order."""
    return [request.headers["Idempotency-Key"] for request in receiver.requests]


def test_a_page_that_was_sent_goes_out_again_under_its_key(
    backup: Backup, service: Service, hospital: ClinicWorld, webhook_receiver, channels
):
    alert_id = open_alert(service.client, hospital.patient())
    service.page(channels)
    backup.take()
    taken = do(service.client, hospital.staff("on_call"), alert_id, "acknowledge")
    assert taken.status_code == 200
    with backup.restored() as restored:
        code, shown = restored.run("restore", "verify")
        assert code == 1
        assert "NO   finish     not run on this timeline" in shown
        assert "NO   pages      of open alerts are not queued anew" in shown
        assert restored.run("restore", "finish")[0] == 0
        code, shown = restored.run("restore", "verify")
        assert (code, "NO" in shown) == (0, False), shown
        restored.page(channels)
        kinds = [kind for (kind,) in restored.rows("SELECT kind FROM alert_events ORDER BY at")]
    first, again = keys(webhook_receiver)
    assert first == again
    assert kinds[-2:] == ["page_queued_anew", "page_delivered"]


def test_a_page_that_was_on_its_way_goes_out_once_more(
    backup: Backup, service: Service, hospital: ClinicWorld, webhook_receiver, channels
):
    open_alert(service.client, hospital.patient())
    backup.take()
    service.page(channels)
    with backup.restored() as restored:
        code, shown = restored.run("restore", "finish")
        assert (code, "1 pages of 1 open alerts are queued anew" in shown) == (0, True), shown
        restored.page(channels)
        restored.page(channels)
    first, again = keys(webhook_receiver)
    assert first == again


def test_an_alert_that_somebody_has_or_ended_pages_nobody(
    backup: Backup, service: Service, hospital: ClinicWorld, webhook_receiver, channels
):
    staff = hospital.staff("on_call", "clinician")
    taken = open_alert(service.client, hospital.patient())
    ended = open_alert(service.client, hospital.patient())
    service.page(channels)
    for alert_id in (taken, ended):
        assert do(service.client, staff, alert_id, "acknowledge").status_code == 200
    do(service.client, staff, ended, "resolve", disposition="false_alarm", note="a slip")
    service.page(channels)
    sent = len(webhook_receiver.requests)
    backup.take()
    with backup.restored() as restored:
        shown = restored.run("restore", "finish")[1]
        assert "0 pages of 0 open alerts are queued anew" in shown
        assert restored.run("restore", "verify")[0] == 0
        restored.page(channels)
    assert len(webhook_receiver.requests) == sent


def test_an_alert_that_was_passed_over_is_named(
    backup: Backup, service: Service, hospital: ClinicWorld, channels
):
    alert_id = open_alert(service.client, hospital.patient())
    service.page(channels)
    backup.take()
    with backup.restored() as restored:
        assert restored.run("restore", "finish")[0] == 0
        restored.spoil("UPDATE notifications SET created_at = created_at - interval '1 hour'")
        code, shown = restored.run("restore", "verify")
    assert code == 1
    assert f"NO   pages      1 open alerts without a page since: {alert_id}" in shown


# The clinic has no page left, nor whoever wrote of one.
WITHOUT_PAGES = "DELETE FROM notification_attempts; DELETE FROM notifications"


def test_an_alert_without_any_page_is_named(
    backup: Backup, service: Service, hospital: ClinicWorld
):
    alert_id = open_alert(service.client, hospital.patient())
    service.spoil(WITHOUT_PAGES)
    backup.take()
    with backup.restored() as restored:
        shown = restored.run("restore", "finish")[1]
        assert "0 pages of 0 open alerts are queued anew" in shown
        code, shown = restored.run("restore", "verify")
    assert code == 1
    assert f"NO   pages      1 open alerts without a page since: {alert_id}" in shown


def test_an_alert_that_has_rightly_no_page_is_not(
    backup: Backup, service: Service, hospital: ClinicWorld
):
    """Of a tier that waits for the morning's mail; of a drill; or somebody has it."""
    open_alert(service.client, hospital.patient(), "declined")
    taken = open_alert(service.client, hospital.patient())
    on_call = hospital.staff("on_call")
    assert do(service.client, on_call, taken, "acknowledge").status_code == 200
    made(post(service.client, hospital.admin, {"severity": "high"}, "/v1/clinic/drills"))
    service.spoil(WITHOUT_PAGES)
    backup.take()
    with backup.restored() as restored:
        assert restored.run("restore", "finish")[0] == 0
        shown = restored.run("restore", "verify")[1]
    assert "ok   pages      of open alerts queued anew" in shown
