"""An erasure beside whoever writes about the patient, reads or checks: none of them is a fault."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from api.embedded.urls import DatabaseUrls
from migrations.roles import libpq_url
from services.caseload.verify import verify_caseload
from services.clock import utcnow
from tests.builders.alerts import open_alert, set_alert
from tests.builders.calls import made, post, refused
from tests.builders.stored import entries, rows, somebody_waits
from tests.builders.world import ClinicWorld, Person

ATTEMPT = """
INSERT INTO notification_attempts (clinic_id, id, notification_id, at, outcome)
SELECT clinic_id, gen_random_uuid(), id, now(), 'sent' FROM notifications
WHERE alert_id = %s LIMIT 1
"""
EVENT = """
INSERT INTO alert_events (clinic_id, id, alert_id, at, kind)
SELECT clinic_id, gen_random_uuid(), id, now(), 'page_sent' FROM alerts WHERE id = %s
"""


def erasure_of(client: FlaskClient, clinic: ClinicWorld, patient: Person) -> str:
    path = f"/v1/patients/{patient.patient_id}/erasure"
    return str(made(post(client, clinic.admin, {"reason": "they asked"}, path))["id"])


def confirm(app: Flask, admin: Person, erasure: str) -> TestResponse:
    return app.test_client().post(f"/v1/erasures/{erasure}/confirm", headers=admin.headers)


@pytest.mark.parametrize("written", [ATTEMPT, EVENT])
def test_what_a_sender_is_writing_goes_too(
    client: FlaskClient, clinic: ClinicWorld, database_urls: DatabaseUrls, written: str
) -> None:
    pat, second = clinic.patient(), clinic.staff("admin")
    alert = open_alert(client, pat)
    set_alert(clinic, alert, family="m1")
    erasure = erasure_of(client, clinic, pat)
    made(client.get("/v1/me", headers=second.headers), 200)
    with ThreadPoolExecutor(1) as pool:
        with psycopg.connect(libpq_url(database_urls.admin)) as sender:
            sender.execute(written, (alert,))
            confirming = pool.submit(confirm, clinic.app, second, erasure)
            somebody_waits(database_urls)
        made(confirming.result(), 200)
    assert rows(clinic.admin, "SELECT id FROM alerts") == []


def test_whoever_breaks_the_glass_meanwhile_finds_nobody(
    client: FlaskClient, clinic: ClinicWorld, database_urls: DatabaseUrls
) -> None:
    pat, staff, second = clinic.patient(), clinic.staff("on_call"), clinic.staff("admin")
    erasure = erasure_of(client, clinic, pat)
    for person in (staff, second):
        made(client.get("/v1/me", headers=person.headers), 200)
    body = {"patient_id": str(pat.patient_id), "reason": "quagga"}

    def breaking() -> TestResponse:
        return post(clinic.app.test_client(), staff, body, "/v1/break-glass")

    with ThreadPoolExecutor(2) as pool:
        with psycopg.connect(libpq_url(database_urls.admin)) as holder:
            # The erasure has locked the patient when it comes to this table.
            holder.execute("LOCK TABLE view_grants IN SHARE MODE")
            confirming = pool.submit(confirm, clinic.app, second, erasure)
            somebody_waits(database_urls)
            late = pool.submit(breaking)
            somebody_waits(database_urls, 2)
        made(confirming.result(), 200)
        assert refused(late.result(), 404) == {"code": "not_found"}
    assert entries(clinic.admin, "glass_broken") == []


def test_the_caseload_s_check_goes_on_when_somebody_is_erased_under_it(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    first, pat = sorted((clinic.patient(), clinic.patient()), key=lambda one: one.patient_id)
    erasure, second = erasure_of(client, clinic, pat), clinic.staff("admin")
    with clinic.app.app_context():
        checking = verify_caseload(utcnow())
        assert next(checking).patient_id == first.patient_id
        made(confirm(clinic.app, second, erasure), 200)
        assert [one.differing for one in checking] == [()]
