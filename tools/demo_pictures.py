"""Draw what the demo clinic shows: `python -m tools.demo_pictures` remakes `docs/pictures/demo-*`.

The demo is made in a database of its own by the same use cases as anybody's, and its reports are
asked for by its own clinician.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from sqlalchemy import select

from models import Patient, User
from services.access import Actor
from services.accounts.account import email_digest
from services.accounts.tokens.families import start_family
from services.demo.clinic import make_demo
from services.demo.staff import STAFF
from services.reports.drawing.raster import png
from services.reports.pictures.overlay import overlay_svg
from services.reports.pictures.trend_picture import trend_svg
from services.reports.trend.report import Question, get_trend
from services.unit_of_work import transaction
from tools.own_service import own_service

FOLDER: Final = Path(__file__).parent.parent / "docs" / "pictures"
# A Sunday evening in New York.
NOW: Final = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)


def main() -> None:
    """Write every picture; prints what was written."""
    with own_service() as app, app.app_context():
        clinic_id = make_demo("a password that nobody uses", NOW)
        for name, svg in _drawings(clinic_id):
            body = png(svg)
            (FOLDER / name).write_bytes(body)
            print(f"{len(body):>7}  {name}")  # noqa: T201 -- a command's own output


def _drawings(clinic_id: UUID) -> Iterator[tuple[str, str]]:
    """(file name, drawing) of every patient of the demo, and the overlay of the one who wears
    off.
    """
    clinician, patients = _people(clinic_id)
    for patient_id, name in patients:
        first = name.split(maxsplit=1)[0].lower()
        for instrument, word in (("phq9-daily", "daily"), ("phq9", "phq9")):
            report = get_trend(clinician, patient_id, Question(instrument), NOW)
            yield f"demo-{first}-{word}.png", trend_svg(report, title=f"{name} (simulated)")
            if (first, word) == ("rosa", "daily"):
                yield "demo-rosa-overlay.png", overlay_svg(report, title=f"{name} (simulated)")


def _people(clinic_id: UUID) -> tuple[Actor, list[tuple[UUID, str]]]:
    email = next(email for email, (_, role) in STAFF.items() if role == "clinician")
    with transaction(clinic_id) as session:
        clinician = session.execute(
            select(User.id).where(User.email_digest == email_digest(email))
        ).scalar_one()
        rows = session.execute(select(Patient.id, Patient.name).order_by(Patient.name)).all()
        return start_family(session, clinician, NOW).actor, [(row.id, row.name) for row in rows]


if __name__ == "__main__":
    main()
