"""The page of one patient, and the trend as a file."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from flask import Response, abort, request

from api.browser.session import reader
from api.console.patient.page import RANGES, USUAL_RANGE, columns, shown, since, table
from api.console.shell import at, clock, page, shows
from api.http.auth import now
from api.http.media_types import CSV, PDF, PNG, file_answer
from api.report_process import rendition
from services.access import Action
from services.exceptions import Invalid
from services.overview.patient import Overview, get_overview
from services.reports.trend.report import Question

USUAL_FORM: Final = "phq9"
FILES: Final = {"pdf": PDF, "png": PNG, "csv": CSV}
DONE: Final = {
    "course": "The course is saved.",
    "side-effects": "The side effects are saved.",
    "amendment": "The correction is saved as a new version.",
    "session": "The session is saved.",
    "screening": "The screening is saved.",
    "treatment": "The other treatment is saved.",
    "check-in": "The check-in is saved. If it raised an alert, that stands first below.",
    "contact": "The contact data is saved.",
    "team": "The care team is saved.",
    "status": "The status is saved.",
    "consent": "The consent is saved.",
}


def patient_path(patient_id: UUID) -> str:
    """The page of a patient, below `/console`."""
    return f"/patients/{patient_id}"


@shows("/patients/<uuid:patient_id>", Action.READ_PATIENTS)
def show_patient(patient_id: UUID) -> Response:
    """One patient: who, the gravest first, the trend, and all that was entered."""
    instrument, span = asked()
    first = since(span, now().date())
    found = get_overview(reader().actor, patient_id, Question(instrument, first), now())
    if "range" not in request.args and is_empty(found):
        span = "all"
        found = get_overview(reader().actor, patient_id, Question(instrument), now())
    return page("patient/page.html", **view(found, patient_id, span))


def view(found: Overview, patient_id: UUID, span: str) -> dict[str, Any]:
    """What the template shows."""
    values = shown(found, span, clock())
    drawn = values.get("chart")
    return {
        "base": at(patient_path(patient_id)),
        "done": DONE.get(request.args.get("done", "")),
        **values,
        "query": f"instrument={values.get('instrument', USUAL_FORM)}&range={span}",
        "rows": table(drawn) if drawn else "",
        "columns": columns(drawn) if drawn else [],
    }


def is_empty(found: Overview) -> bool:
    """Nothing is known of the usual days: then of all."""
    return found.content is not None and not found.content.report.values


def asked() -> tuple[str, str]:
    """Instrument and range of the address; raises `Invalid` for a range that there is not."""
    span = request.args.get("range", USUAL_RANGE)
    if span not in RANGES:
        raise Invalid({"range": [f"One of: {', '.join(RANGES)}."]})
    return request.args.get("instrument", USUAL_FORM), span


@shows("/patients/<uuid:patient_id>/trend.<suffix>", Action.READ_ENTRIES)
def show_trend_file(patient_id: UUID, suffix: str) -> Response:
    """The trend as PDF, PNG or CSV."""
    if suffix not in FILES:
        abort(404)
    instrument, span = asked()
    question = Question(instrument, since(span, now().date()))
    form = FILES[suffix]
    body, name = rendition(reader().actor, patient_id, question, form)
    return file_answer(body, form, name)
