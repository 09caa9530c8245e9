"""The trend report in the forms that it is read in beside JSON: CSV, picture, printed page.

All are made after its transaction has ended: drawing holds no lock.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final
from uuid import UUID

from services.access import Action, Actor
from services.accounts.tokens.token_check import acting
from services.patients.view import visible_patient
from services.reports.drawing.raster import png
from services.reports.pictures.sheet import trend_csv
from services.reports.pictures.trend_picture import trend_svg
from services.reports.pictures.visit import visit_pdf
from services.reports.trend.report import Question, get_trend
from services.rules.trend.document import TrendReport
from services.turns import DRAWING

CSV: Final = "text/csv"
SVG: Final = "image/svg+xml"
PNG: Final = "image/png"
PDF: Final = "application/pdf"
_SUFFIXES: Final = {CSV: "csv", SVG: "svg", PNG: "png", PDF: "pdf"}
# The forms that name nobody; a printed page does.
_NAMELESS: Final[dict[str, Callable[[TrendReport], bytes]]] = {
    CSV: lambda report: trend_csv(report).encode(),
    SVG: lambda report: trend_svg(report).encode(),
    PNG: lambda report: png(trend_svg(report)),
}


def get_rendition(
    actor: Actor, patient_id: UUID, asked: Question, media_type: str, now: datetime
) -> tuple[bytes, str]:
    """The report of a patient in view as CSV, SVG, PNG or PDF, and a file name that says nothing of
    the person; only the PDF names them.

    Raises what `get_trend` raises, `Unavailable` when too many are being drawn, and KeyError for
    another media type.
    """
    suffix = _SUFFIXES[media_type]
    with DRAWING.turn(actor.user_id):
        report = get_trend(actor, patient_id, asked, now)
        if media_type == PDF:
            name, mrn = _name_and_number(actor, patient_id, now)
            body = visit_pdf(report, name=name, mrn=mrn)
        else:
            body = _NAMELESS[media_type](report)
    return body, f"trend-{report.revision}.{suffix}"


def _name_and_number(actor: Actor, patient_id: UUID, now: datetime) -> tuple[str, str]:
    with acting(actor, now) as session:
        patient = visible_patient(session, actor, Action.READ_ENTRIES, patient_id, now)
        return patient.name, patient.mrn or ""
