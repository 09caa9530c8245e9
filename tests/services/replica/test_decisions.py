"""What decides, or says what is so now, never asks the replica: by who imports it, and by use."""

from __future__ import annotations

from uuid import uuid4

import pytest
from flask import Flask

from tests.builders.entries import phq9
from tests.builders.trends.chart import Chart
from tests.builders.world import ClinicWorld
from tests.fixtures.databases.standby import Reporting, Standby, needs_a_standby
from tests.house.tree import PRODUCT, imported, modules, name

pytestmark = pytest.mark.xdist_group("standby")
# Who makes reports that may be older; nobody else reads there.
REPORTS = {
    "services/export/requests.py",
    "services/reports/cohort/outcomes.py",
    "services/reports/trend/renditions.py",
}
# Who says how it stands, and who opens it.
OPERATIONS = {"api/__init__.py", "api/cli/check.py", "api/observability/metrics.py"}
OPERATIONS |= {"api/routes/operations.py"}


def importers(*of: str) -> set[str]:
    """The modules of the product, outside `services/replica`, that import one of these."""
    return {
        name(path)
        for path in modules(*PRODUCT)
        if any(module.startswith(of) for module in imported(path))
        and not name(path).startswith("services/replica/")
    }


def test_three_reports_read_there_and_nobody_else() -> None:
    assert importers("services.replica.reading") == REPORTS
    assert importers("services.replica", "models.replica") == REPORTS | OPERATIONS
    assert {"services/replica/reading.py"} == {
        name(path) for path in modules(*PRODUCT) if "reading_on" in path.read_text("utf-8")
    } - {"services/unit_of_work.py"}


@needs_a_standby
def test_what_is_decided_or_shown_as_it_is_now_asks_the_primary(
    app: Flask, reports: Reporting, shared_standby: Standby, clinic: ClinicWorld
) -> None:
    chart = Chart(clinic, staff=clinic.staff())
    shared_standby.catch_up()
    chart.client = reports.client
    reports.asked.clear()
    session = chart.session(chart.course(), chart.now)["id"]
    chart.answer(total=12)
    assert chart.post("/v1/check-ins", phq9(3), chart.pat).status_code == 201
    assert chart.post("/v1/help-requests", help_request(chart), chart.pat).status_code == 201
    assert chart.report("dizziness").status_code == 201
    # Refused: nobody has measured anything since. The primary says so.
    assert chart.decide(session, "clearance", "cleared").status_code == 422
    seen = [f"{chart.path}/{each}" for each in ("trend", "courses", "sessions", "care-team")]
    seen += ["/v1/patients", "/v1/alerts", chart.path]
    for path in seen:
        chart.get(path)
    for path in ("/v1/me/due", "/v1/bootstrap", "/v1/changes", "/v1/me/trend"):
        chart.get(path, chart.pat)
    assert reports.asked == []
    assert reports.engine.pool.checkedout() == 0


def help_request(chart: Chart) -> dict[str, str]:
    return {"id": str(uuid4()), "recorded_at": chart.now.isoformat()}
