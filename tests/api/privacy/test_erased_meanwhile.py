"""A patient is erased while a message about them is on its way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import pytest
from flask import Flask
from flask.testing import FlaskClient

from services.alerts.delivery.claiming import LETTERS, claim_due
from services.alerts.delivery.messages import Withdrawn, load_message
from services.channels.base import Message, Receipt
from services.clock import utcnow
from tests.builders.alerts import do, open_alert
from tests.builders.calls import made, post
from tests.builders.stored import rows
from tests.builders.workers import worker_on
from tests.builders.world import ClinicWorld, Person

ATTEMPTS = "SELECT outcome FROM notification_attempts"


class Double:
    """A channel that takes everything; something happens meanwhile."""

    def __init__(self, meanwhile: Callable[[], object] = lambda: None) -> None:
        self.meanwhile, self.sent = meanwhile, 0

    def send(self, message: Message, now: datetime) -> Receipt:
        del message, now
        self.sent += 1
        self.meanwhile()
        return Receipt.SENT


def resolve_and_erase(
    client: FlaskClient, clinic: ClinicWorld, staff: Person, second: Person, alert: str, pat: Person
) -> None:
    made(do(client, staff, alert, "resolve", disposition="safe_plan_made"), 200)
    path = f"/v1/patients/{pat.patient_id}/erasure"
    asked = made(post(client, clinic.admin, {"reason": "they asked"}, path))["id"]
    made(client.post(f"/v1/erasures/{asked}/confirm", headers=second.headers), 200)


def test_a_page_that_got_out_meanwhile_is_written_down_nowhere(
    client: FlaskClient, clinic: ClinicWorld, worker_app: Flask
) -> None:
    pat, staff, second = clinic.patient(), clinic.staff(), clinic.staff("admin")
    alert = open_alert(client, pat)
    erase = partial(resolve_and_erase, client, clinic, staff, second, alert, pat)
    channel = Double(erase)
    worker_on(worker_app, {"email": channel}, utcnow).settle()
    assert channel.sent == 1
    assert rows(clinic.admin, ATTEMPTS) == []
    assert rows(clinic.admin, "SELECT id FROM notifications WHERE kind <> 'letter'") == []


def test_a_stand_down_of_somebody_who_is_gone_is_not_sent(
    client: FlaskClient, clinic: ClinicWorld, worker_app: Flask
) -> None:
    pat, staff, second = clinic.patient(), clinic.staff(), clinic.staff("admin")
    alert = open_alert(client, pat)
    worker_on(worker_app, {"email": Double()}, utcnow).settle()
    made(do(client, staff, alert, "acknowledge"), 200)
    with worker_app.app_context():
        claimed = claim_due("email", utcnow(), timedelta(seconds=30), LETTERS)
    assert claimed is not None
    assert claimed.kind == "stand_down"
    resolve_and_erase(client, clinic, staff, second, alert, pat)
    with worker_app.app_context(), pytest.raises(Withdrawn):
        load_message(claimed, utcnow())
