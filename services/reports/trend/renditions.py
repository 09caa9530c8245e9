"""The trend report in the forms that it is read in beside JSON: CSV, picture, printed page.

They are drawn once it was read: drawing holds no transaction open. What they show may come from
the replica, and says its cut.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Clinic, Patient
from services import audit
from services.access import Action, Actor
from services.patients.view import visible_patient
from services.replica.reading import Snapshot, read_apart
from services.reports.drawing.raster import png
from services.reports.pictures.sheet import trend_csv
from services.reports.pictures.trend_picture import trend_svg
from services.reports.pictures.visit import visit_pdf
from services.reports.pictures.visit_sheet import OtherTreatment, Visit
from services.reports.trend.cut import load_cut, screened_at, treatments_at, vitals_at
from services.reports.trend.report import Question, build, check_question
from services.rules.instruments.definition import load_instruments
from services.rules.mood_days import mood_day_at
from services.rules.trend.document import TrendReport

CSV: Final = "text/csv"
SVG: Final = "image/svg+xml"
PNG: Final = "image/png"
PDF: Final = "application/pdf"
# They fill a core for about 0.1 s.
COSTLY: Final = frozenset({PNG, PDF})
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
    """The report of a patient in view as CSV, SVG, PNG or PDF, and a file name of MRN (or id),
    instrument and day; only the PDF names the person.

    Raises what `get_trend` raises, and KeyError for another media type.
    """
    suffix = _SUFFIXES[media_type]
    check_question(asked)
    is_paper = media_type == PDF

    def admit(session: Session) -> Patient:
        return visible_patient(session, actor, Action.READ_ENTRIES, patient_id, now)

    def read(snapshot: Snapshot) -> tuple[TrendReport, _Printed]:
        patient, session = admit(snapshot.session), snapshot.session
        report = build(session, load_cut(session, patient_id, asked.cut), asked, now)
        of_staff = is_paper and actor.patient_id is None
        beside = _of_staff(session, patient_id, asked, report, now) if of_staff else {}
        return report, _printed(session, patient, beside)

    def record(session: Session, _made: object) -> None:
        audit.record_read(session, actor, "trend_read", now, patient_id)

    report, printed = read_apart(actor, now, admit, read, record)
    body = printed.pdf(report) if is_paper else _NAMELESS[media_type](report)
    day = mood_day_at(now, report.zone)
    return body, f"{printed.file_name}-{report.instrument}-{day}.{suffix}"


@dataclass(frozen=True, slots=True)
class _Printed:
    """Whose report it is, and for staff what their visit begins with."""

    patient_id: UUID
    name: str
    mrn: str
    visit: Visit

    def pdf(self, report: TrendReport) -> bytes:
        return visit_pdf(report, name=self.name, mrn=self.mrn, visit=self.visit)

    @property
    def file_name(self) -> str:
        """The MRN as far as every system can write it, else the id: never the name."""
        plain = re.sub(r"[^A-Za-z0-9._-]+", "-", self.mrn).strip("-.")
        return plain or str(self.patient_id)


def _printed(session: Session, patient: Patient, beside: Mapping[str, Any]) -> _Printed:
    clinic = session.scalars(select(Clinic.name).where(Clinic.id == patient.clinic_id)).one()
    visit = Visit(clinic=clinic, born_on=patient.born_on, **beside)
    return _Printed(patient.id, patient.name, patient.mrn or "", visit)


def _of_staff(
    session: Session, patient_id: UUID, asked: Question, report: TrendReport, now: datetime
) -> dict[str, Any]:
    """What stands beside the scores, as known at the cut: the same cut makes the same paper."""
    cut = load_cut(session, patient_id, report.revision)
    forms = [
        report
        if code == report.instrument
        else build(session, cut, replace(asked, instrument=code), now)
        for code, one in load_instruments().items()
        if not one.triage
    ]
    return {
        "forms": [one for one in forms if one.values],
        "vitals": vitals_at(session, cut),
        "treatments": [OtherTreatment(*one) for one in treatments_at(session, cut)],
        "last_visit": _last_visit(report, screened_at(session, cut)),
    }


def _last_visit(report: TrendReport, screened: list[date]) -> date | None:
    """The last day before the cut's own on which they were in the clinic; None when that was the
    last session, of which the sheet tells anyhow.
    """
    sessions = {one.day for one in report.figures.treatment.sessions}
    today = mood_day_at(report.cut_at, report.zone)
    visits = [day for day in (*sessions, *screened) if day < today]
    last = max(visits, default=None)
    return None if last in sessions else last
