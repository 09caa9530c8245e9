"""Reports come from the replica and say their cut; who may see them, and that they did, is the
primary's business.
"""

from __future__ import annotations

import csv
import io
import re
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4
from zipfile import ZipFile

import orjson
import psycopg
import pypdfium2
import pytest
from flask import Flask
from sqlalchemy.exc import IntegrityError, InternalError

from api.embedded.urls import DatabaseUrls
from migrations.roles import libpq_url
from models import Clinic
from models.database import db
from services.clock import utcnow
from services.replica.standing import replayed
from services.reports.cohort.outcomes import Asked, get_outcomes
from services.reports.cohort.reader import keep
from services.reports.trend.renditions import get_rendition
from services.reports.trend.report import Question
from services.unit_of_work import reading_on, transaction
from tests.builders.calls import made
from tests.builders.stored import rows
from tests.builders.trends.chart import Chart
from tests.builders.world import ClinicWorld, World
from tests.fixtures.databases.standby import Reporting, Standby, needs_a_standby, reporting

pytestmark = [pytest.mark.xdist_group("standby"), needs_a_standby]
COHORT = "/v1/cohort/outcomes"
READS = "SELECT action FROM audit_entries WHERE actor_id = :actor ORDER BY at, id"


@pytest.fixture
def chart(clinic: ClinicWorld) -> Chart:
    """Six sessions, a form before them and one after."""
    chart = Chart(clinic, staff=clinic.staff())
    course, noon = chart.course(), utcnow().replace(hour=12)
    for day in (74, 71, 68, 66, 63, 60):
        chart.session(course, noon - timedelta(days=day))
    for day, total in ((75, 17), (40, 8)):
        chart.answer(total=total, recorded_at=(noon - timedelta(days=day)).isoformat())
    return chart


def asked(reports: Reporting, chart: Chart, path: str, accept: str = "*/*") -> Any:
    """Read as the clinician."""
    return reports.client.get(path, headers=chart.staff.headers | {"Accept": accept})


def table(reports: Reporting, chart: Chart) -> dict[str, str]:
    """The last line of the trend as CSV."""
    found = asked(reports, chart, f"{chart.path}/trend", "text/csv")
    assert found.status_code == 200, found.text
    return list(csv.DictReader(io.StringIO(found.text, newline="")))[-1]


def shown(line: dict[str, str]) -> tuple[int, str]:
    return int(line["cut_revision"]), line["content_hash"]


def test_a_report_shows_the_replicas_cut_under_its_revision_and_hash(
    reports: Reporting, shared_standby: Standby, chart: Chart
) -> None:
    before = chart.trend()
    older = before["data_cut"]["revision"], before["content_hash"]
    with shared_standby.paused():
        chart.answer(total=20)
        newest = chart.trend()
        assert shown(table(reports, chart)) == older
        pdf = asked(reports, chart, f"{chart.path}/trend", "application/pdf").data
        words = "".join(one.get_textpage().get_text_range() for one in pypdfium2.PdfDocument(pdf))
        assert f"{older[1][:8]}" in words
        assert f"revision {older[0]} of {before['data_cut']['at']}" in " ".join(words.split())
        picture = asked(reports, chart, f"{chart.path}/trend", "image/svg+xml").text
        assert f"Data cut: revision {older[0]}, {before['data_cut']['at']}" in picture
        assert chart.trend(f"cut={older[0]}")["content_hash"] == older[1]
    shared_standby.catch_up()
    assert shown(table(reports, chart)) == (
        newest["data_cut"]["revision"],
        newest["content_hash"],
    )
    assert len(reports.asked) > 0


def test_a_cut_that_the_replica_has_not_comes_from_the_primary(
    reports: Reporting, shared_standby: Standby, chart: Chart
) -> None:
    with shared_standby.paused():
        chart.answer(total=20)
        wanted = chart.trend()["data_cut"]["revision"]
        path = f"{chart.path}/trend?cut={wanted}"
        assert f",{wanted}," in asked(reports, chart, path, "text/csv").text
        beyond = asked(reports, chart, f"{chart.path}/trend?cut={wanted + 1}", "text/csv")
        assert beyond.status_code == 422
        newcomer = Chart(chart.clinic, staff=chart.staff)
        newcomer.answer(total=9)
        assert table(reports, newcomer)["value"] == "9"


def test_a_cohort_says_as_of_when(
    reports: Reporting, shared_standby: Standby, chart: Chart
) -> None:
    def outcomes() -> dict[str, Any]:
        return made(asked(reports, chart, COHORT), 200)

    with shared_standby.paused():
        other = Chart(chart.clinic, staff=chart.staff)
        other.session(other.course(), utcnow() - timedelta(days=70))
        older = outcomes()
        assert older["groups"][0]["courses"] == 1
        assert instant(older, "as_of") < instant(older, "generated_at")
    shared_standby.catch_up()
    newest = outcomes()
    assert newest["groups"][0]["courses"] == 2
    assert instant(older, "as_of") < instant(newest, "as_of") <= instant(newest, "generated_at")


def test_a_cohort_says_so_as_a_table_and_as_a_chart_too(
    reports: Reporting, shared_standby: Standby, chart: Chart
) -> None:
    with shared_standby.paused():
        chart.answer(total=20)
        table = asked(reports, chart, COHORT, "text/csv").text
        drawn = asked(reports, chart, COHORT, "image/svg+xml").text
    lines = list(csv.DictReader(io.StringIO(table, newline="")))
    assert len(lines) > 1
    assert all(instant(line, "as_of") < instant(line, "generated_at") for line in lines)
    cut, at = re.findall(r"Data cut: (\S+) .* generated ([^<]+)<", drawn)[0]
    assert datetime.fromisoformat(cut) < datetime.fromisoformat(at)


def test_what_a_cohort_worked_out_is_kept_by_the_primary(
    reports: Reporting, shared_standby: Standby, chart: Chart
) -> None:
    """Of patients who are still there: one may be erased whom the replica has."""
    shared_standby.catch_up()
    settled = utcnow() + timedelta(minutes=2)
    with reports.app.app_context():
        found = get_outcomes(chart.staff.actor, Asked(), settled)
        assert rows(chart.pat, "SELECT patient_id FROM kept_outcomes") == [
            {"patient_id": chart.pat.patient_id}
        ]
        with transaction(chart.clinic.id) as session:
            gone = {"clinic_id": chart.clinic.id, "patient_id": uuid4(), "holds_until": None}
            about = {"numbers": "1", "courses": [], "timezone": "UTC"}
            keep(session, [gone | about | {"figures_at": settled, "looked_at": settled}])
    assert any("check_ins" in text for text in reports.asked)
    assert found.as_of <= settled


def instant(document: dict[str, Any], name: str) -> datetime:
    return datetime.fromisoformat(document[name])


def test_an_export_is_never_older_than_what_asked_for_it(
    reports: Reporting, shared_standby: Standby, chart: Chart
) -> None:
    def cut(export_id: str) -> tuple[int, datetime]:
        found = asked(reports, chart, f"/v1/exports/{export_id}")
        with ZipFile(io.BytesIO(found.data)) as archive:
            head = orjson.loads(archive.read("data.json"))["export"]
            assert f"up to revision {head['revision']} " in archive.read("README.txt").decode()
        return int(head["revision"]), datetime.fromisoformat(found.headers["Interlude-As-Of"])

    before = chart.trend()["data_cut"]["revision"]
    earlier = made(chart.post(f"{chart.path}/export", {}), 202)["id"]
    with shared_standby.paused():
        newest = chart.answer(total=20)
        revision, as_of = cut(earlier)
        assert revision == before
        assert as_of < instant(newest, "received_at")
        again = Chart(chart.clinic, chart.pat, chart.clinic.staff())
        later = made(again.post(f"{again.path}/export", {}), 202)["id"]
        assert asked(reports, again, f"/v1/exports/{later}").status_code == 200
        head = ZipFile(io.BytesIO(asked(reports, again, f"/v1/exports/{later}").data))
        assert orjson.loads(head.read("data.json"))["export"]["revision"] > before


def test_a_replica_that_is_late_is_not_used(
    app: Flask, shared_standby: Standby, chart: Chart
) -> None:
    with reporting(app, shared_standby, replica_lag_s=0.0) as strict:
        shared_standby.catch_up()
        with shared_standby.paused():
            chart.answer(total=20)
            assert table(strict, chart)["value"] == "20"
        assert not any("check_ins" in text for text in strict.asked)


def test_each_read_is_recorded_once_on_the_primary(
    reports: Reporting, shared_standby: Standby, chart: Chart
) -> None:
    with shared_standby.paused():
        table(reports, chart)
        asked(reports, chart, f"{chart.path}/trend", "application/pdf")
        asked(reports, chart, COHORT)
        found = rows(chart.pat, READS, actor=chart.staff.user_id)
    assert [one["action"] for one in found][-3:] == ["trend_read", "trend_read", "cohort_read"]
    assert len([one for one in found if one["action"] == "trend_read"]) == 2


def test_what_cannot_be_recorded_is_not_shown(
    reports: Reporting, shared_standby: Standby, chart: Chart, database_urls: DatabaseUrls
) -> None:
    shared_standby.catch_up()
    with psycopg.connect(libpq_url(database_urls.admin), autocommit=True) as admin:
        admin.execute("ALTER TABLE audit_entries ADD CONSTRAINT nothing CHECK (false) NOT VALID")
        try:
            actor, patient_id = chart.staff.actor, chart.pat.patient_id
            with reports.app.app_context(), pytest.raises(IntegrityError):
                get_rendition(actor, patient_id, Question(), "text/csv", utcnow())
        finally:
            admin.execute("ALTER TABLE audit_entries DROP CONSTRAINT nothing")


def test_who_may_see_it_is_what_the_primary_says(
    reports: Reporting, shared_standby: Standby, chart: Chart, world: World
) -> None:
    stranger = world.clinic("South Clinic").staff()
    with shared_standby.paused():
        team = [str(chart.clinic.staff().user_id)]
        made(
            chart.send("PUT", f"{chart.path}/care-team", chart.clinic.admin, {"user_ids": team}),
            200,
        )
        assert asked(reports, chart, f"{chart.path}/trend", "text/csv").status_code == 404
        gone = f"/v1/users/{chart.staff.user_id}"
        made(chart.send("PATCH", gone, chart.clinic.admin, {"active": False}), 200)
        assert asked(reports, chart, COHORT).status_code == 401
        path, accept = f"{chart.path}/trend", {"Accept": "text/csv"}
        assert reports.client.get(path, headers=stranger.headers | accept).status_code == 404


def test_row_level_security_holds_there_and_nothing_can_be_written(
    reports: Reporting, shared_standby: Standby, chart: Chart, world: World
) -> None:
    other = world.clinic("South Clinic")
    shared_standby.catch_up()
    with psycopg.connect(libpq_url(shared_standby.url), autocommit=True) as sql:
        sql.execute("SELECT set_config('interlude.clinic_id', %s, false)", (str(other.id),))
        assert sql.execute("SELECT count(*) FROM clinics").fetchone() == (0,)
    with reports.app.app_context():
        engine = db.engines["replica"]
        with reading_on(engine, other.id, replayed()) as session:
            assert [one.id for one in session.query(Clinic)] == [other.id]
            with pytest.raises(InternalError, match="read-only transaction"):
                session.query(Clinic).update({"name": "written"})
