"""The trend report in the forms that it is read in: JSON, CSV, picture, printed page.

All are made from one document, after its transaction has ended: drawing holds no lock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.access import Action, Actor
from services.accounts.token_check import acting
from services.exceptions import Forbidden
from services.patients.view import visible_patient
from services.reports.drawing.raster import png
from services.reports.pictures.sheet import trend_csv
from services.reports.pictures.trend_picture import trend_svg
from services.reports.pictures.visit import visit_pdf
from services.reports.trend.report import Question, get_trend

JSON: Final = "application/json"
CSV: Final = "text/csv"
SVG: Final = "image/svg+xml"
PNG: Final = "image/png"
PDF: Final = "application/pdf"
# In the order in which they are offered to a client that takes several equally.
MEDIA_TYPES: Final = (JSON, CSV, SVG, PNG, PDF)


@dataclass(frozen=True, slots=True)
class Rendition:
    """The bytes of one form; `file_name` tells nothing about the person."""

    body: bytes
    media_type: str
    file_name: str


@dataclass(frozen=True, slots=True)
class Printed:
    """Who stands on a printed page."""

    name: str = ""
    mrn: str = ""


def get_rendition(
    actor: Actor, patient_id: UUID, asked: Question, media_type: str, now: datetime
) -> Rendition:
    """The report of a patient in view as CSV, SVG, PNG or PDF; only the PDF names her.

    Raises what `get_trend` raises, and KeyError for another media type.
    """
    suffix, make = _FORMS[media_type]
    document = get_trend(actor, patient_id, asked, now)
    who = _printed(actor, patient_id, now) if media_type == PDF else Printed()
    name = f"trend-{document['data_cut']['revision']}.{suffix}"
    return Rendition(make(document, asked, who), media_type, name)


def get_own_rendition(actor: Actor, asked: Question, media_type: str, now: datetime) -> Rendition:
    """The patient's own report; raises `Forbidden` for staff, else as `get_rendition`."""
    if actor.patient_id is None:
        raise Forbidden
    return get_rendition(actor, actor.patient_id, asked, media_type, now)


def _printed(actor: Actor, patient_id: UUID, now: datetime) -> Printed:
    with acting(actor, now) as session:
        patient = visible_patient(session, actor, Action.READ_ENTRIES, patient_id, now)
        return Printed(patient.name, patient.mrn or "")


Document = Mapping[str, Any]


def _csv(document: Document, _asked: Question, _who: Printed) -> bytes:
    return trend_csv(document).encode()


def _svg(document: Document, asked: Question, _who: Printed) -> bytes:
    return trend_svg(document, first=asked.from_day, last=asked.to_day).encode()


def _png(document: Document, asked: Question, _who: Printed) -> bytes:
    return png(trend_svg(document, first=asked.from_day, last=asked.to_day))


def _pdf(document: Document, asked: Question, who: Printed) -> bytes:
    return visit_pdf(document, name=who.name, mrn=who.mrn, first=asked.from_day, last=asked.to_day)


_FORMS: Final[dict[str, tuple[str, Callable[[Document, Question, Printed], bytes]]]] = {
    CSV: ("csv", _csv),
    SVG: ("svg", _svg),
    PNG: ("png", _png),
    PDF: ("pdf", _pdf),
}
