"""A replica that is cut off, gone or promoted costs no report: the primary makes it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import event
from sqlalchemy.exc import InternalError

from api.embedded.server import join_or_start
from migrations.roles import libpq_url
from services.clock import utcnow
from services.replica.reading import LEFT_ALONE
from services.replica.standing import replayed
from services.reports.trend.renditions import get_rendition
from services.reports.trend.report import Question
from services.unit_of_work import reading_on
from tests.builders.trends.chart import Chart
from tests.builders.world import ClinicWorld
from tests.fixtures.databases.standby import Reporting, Standby, needs_a_standby, reporting
from tests.fixtures.postgres import FAST_AND_FRAGILE
from tests.fixtures.running import wait_until

pytestmark = [pytest.mark.xdist_group("standby"), needs_a_standby]
ENDS = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'interlude_app'"
)


@pytest.fixture
def chart(clinic: ClinicWorld) -> Chart:
    chart = Chart(clinic, staff=clinic.staff())
    chart.answer(total=9)
    return chart


def report(reports: Reporting, chart: Chart, later: timedelta = timedelta()) -> bool:
    """Makes a report, which has to succeed; was it read from the replica?"""
    reports.asked.clear()
    with reports.app.app_context():
        actor, patient_id = chart.staff.actor, chart.pat.patient_id
        assert patient_id is not None
        body, _ = get_rendition(actor, patient_id, Question(), "text/csv", utcnow() + later)
    assert b",9," in body
    return any("check_ins" in text for text in reports.asked)


def test_a_session_that_is_cut_while_it_reads(
    app: Flask, shared_standby: Standby, chart: Chart
) -> None:
    def cut(_connection: Any, _cursor: Any, text: str, *_: Any) -> None:
        if "FROM check_ins" in text:
            shared_standby.ask(ENDS)

    with reporting(app, shared_standby, replica_lag_s=3600.0) as reports:
        shared_standby.catch_up()
        assert report(reports, chart)
        event.listen(reports.engine, "before_cursor_execute", cut)
        assert report(reports, chart), "it had begun"
        event.remove(reports.engine, "before_cursor_execute", cut)
        assert not report(reports, chart), "it is left alone for a while"
        assert report(reports, chart, later=LEFT_ALONE)


def killed(standby: Standby) -> None:
    standby.server.stop()


def promoted(standby: Standby) -> None:
    assert standby.ask("SELECT pg_promote()")


@pytest.mark.parametrize("lose", [killed, promoted])
def test_a_replica_that_is_gone(
    app: Flask, own_standby: Standby, chart: Chart, lose: Callable[[Standby], None]
) -> None:
    with reporting(app, own_standby, replica_lag_s=3600.0) as reports:
        own_standby.catch_up()
        assert report(reports, chart)
        lose(own_standby)
        assert not report(reports, chart)


def test_it_is_used_again_when_it_is_back(app: Flask, own_standby: Standby, chart: Chart) -> None:
    with reporting(app, own_standby, replica_lag_s=3600.0) as reports:
        own_standby.server.stop()
        assert not report(reports, chart)
        own_standby.server = join_or_start(own_standby.server.data, FAST_AND_FRAGILE)
        back = partial(report, reports, chart, later=LEFT_ALONE)
        wait_until(back, "it has replayed something, and is used")


def test_what_was_promoted_is_never_written_to(
    app: Flask, own_standby: Standby, chart: Chart
) -> None:
    with reporting(app, own_standby) as reports, reports.app.app_context():
        own_standby.catch_up()
        promoted(own_standby)
        write = "UPDATE clinics SET name = 'written'"
        with (
            reading_on(reports.engine, chart.staff.actor.clinic_id, replayed()) as session,
            pytest.raises(InternalError, match="read-only transaction"),
        ):
            session.connection().exec_driver_sql(write)
        with (
            reports.engine.connect() as connection,
            pytest.raises(InternalError, match="read-only transaction"),
        ):
            connection.exec_driver_sql(write)
        with psycopg.connect(libpq_url(own_standby.url)) as anybody:
            assert anybody.execute("SHOW transaction_read_only").fetchone() == ("off",)
