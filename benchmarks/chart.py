"""The pictures of a year of daily answers, and matplotlib drawing a like chart in this process."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial
from typing import Any, Final

import orjson

from benchmarks.bench import Bench, Later, Line, ms, under
from benchmarks.people import Past, give_past
from benchmarks.trend import trend_call
from benchmarks.world import Figures, a_clinic
from services.reports.pictures.trend_picture import trend_svg
from services.reports.trend.report import Question, get_trend
from tests.builders.pages.console import ORIGIN, console_of
from tests.builders.world import Person

AIM_MS: Final = 50.0
PAGE_AIM_MS: Final = 40.0
DAILY: Final = "phq9-daily"
MATPLOTLIB_DAY_0: Final = date(1970, 1, 1)
FORMS: Final = {"PNG": "image/png", "PDF": "application/pdf", "CSV": "text/csv"}


def run(bench: Bench) -> list[Line | Later]:
    """SVG, PNG, PDF and CSV of the year over HTTP; drawing alone beside matplotlib."""
    clinic = a_clinic(bench.app)
    staff, patient = clinic.staff(), clinic.patient()
    give_past(clinic, patient, staff, Past(), bench.admin_url)
    bench.settle()
    document = orjson.loads(trend_call(staff, patient, DAILY)()["body"])
    svg = bench.best("SVG", _call(staff, patient, "image/svg+xml"))
    lines: list[Line | Later] = [under("chart, SVG of a year", svg, AIM_MS)]
    for form, media_type in FORMS.items():
        lines.append(
            Line(f"the same as {form}", ms(bench.best(form, _call(staff, patient, media_type))))
        )
    for span in ("90", "365"):
        page = bench.best(f"patient page, {span} days", page_call(staff, patient, span))
        lines.append(under(f"console: a patient's page, {span} days of a year", page, PAGE_AIM_MS))
    with bench.app.app_context():
        asked = Question(DAILY)
        report = get_trend(staff.actor, patient.patient_id, asked, datetime.now(UTC))
    ours = bench.best("drawing SVG", lambda: trend_svg(report))
    lines.append(Line("  drawing alone, from the report", ms(ours)))
    lines.append(partial(_peer, bench, document, ours))
    return lines


def _peer(bench: Bench, document: dict[str, Any], ours: Figures) -> list[Line]:
    theirs = bench.best("matplotlib", lambda: with_matplotlib(document))
    beside = f"ours is {ours.p50 / theirs.p50:.2f} x this"
    return [Line("  matplotlib, a like chart", ms(theirs), beside=beside)]


def _call(staff: Person, patient: Person, media_type: str) -> Callable[[], object]:
    client, headers = staff.app.test_client(), {**staff.headers, "Accept": media_type}
    path = f"/v1/patients/{patient.patient_id}/trend?instrument={DAILY}"

    def call() -> None:
        answer = client.get(path, headers=headers)
        assert (answer.status_code, answer.mimetype) == (200, media_type)

    return call


def page_call(staff: Person, patient: Person, span: str) -> Callable[[], object]:
    """The page of the console, all of it, without a network."""
    console = console_of(staff.app, staff)
    path = f"/console/patients/{patient.patient_id}?instrument={DAILY}&range={span}"

    def call() -> None:
        assert console.client.get(path, base_url=ORIGIN).status_code == 200

    return call


def with_matplotlib(document: dict[str, Any]) -> bytes:
    """The line, the sessions, item 9, axes, title and legend; no bands, no gaps, no doses."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    def place(day: str) -> float:
        return (date.fromisoformat(day) - MATPLOTLIB_DAY_0).days

    with mpl.rc_context({"svg.fonttype": "none"}):
        figure = Figure(figsize=(9.6, 5.0))
        axes = figure.add_subplot()
        series = [(place(row["mood_day"]), row) for row in document["series"]]
        axes.plot(
            [day for day, _ in series],
            [row["value"] for _, row in series],
            marker="o",
            markersize=2,
            label="day value",
        )
        marked = [day for day, row in series if row["q9_max"]]
        axes.plot(marked, [27] * len(marked), "v", label="item 9")
        for number, session in enumerate(document["sessions"]):
            day = place(session["started_at"][:10])
            axes.axvline(day, linestyle="--", label=None if number else "session")
            axes.annotate(session["product"][0], (day, 26))
        axes.xaxis_date()
        axes.set(ylim=(0, 27), title="PHQ-9, daily", ylabel="points")
        axes.legend()
        drawn = io.BytesIO()
        figure.savefig(drawn, format="svg")
        return drawn.getvalue()
