"""Which clinics are there: for the operator, who sees nobody in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import func, select

from models import Clinic, Contact
from services.unit_of_work import clinic_ids, transaction


def all_clinics() -> Iterator[dict[str, Any]]:
    """Each with its zone, its country, and how many contacts its alerts can reach: the last resort
    counts as one. Oldest first.
    """
    for clinic_id in sorted(clinic_ids()):
        with transaction(clinic_id) as session:
            contacts = select(func.count()).where(Contact.active).scalar_subquery()
            row = session.execute(
                select(
                    Clinic.id,
                    Clinic.name,
                    Clinic.timezone,
                    Clinic.country,
                    contacts.label("contacts"),
                    Clinic.created_at,
                ).where(Clinic.id == clinic_id)
            ).one()
        yield row._asdict()
