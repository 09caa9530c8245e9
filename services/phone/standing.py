"""All that a phone starts from and that does not stand under the patient's revision, in one read,
and the tag of what was built from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from models import Clinic, Patient, PatientStatus, User
from models.encryption import keyring
from services.exceptions import Forbidden

# Raised when the same facts would be answered in another shape.
SHAPE: Final = 2
_DIGITS: Final = 32
# The parts of a tag are joined by it: a digest, and until when it holds (unix seconds).
_BETWEEN: Final = "."


def _select() -> Select[*tuple[Any, ...]]:
    """Whatever else is in the answer follows from `revision` and the clock."""
    return (
        select(
            PatientStatus.revision,
            PatientStatus.item9_positive_at,
            Patient.id.label("patient_id"),
            Patient.name.label("patient_name"),
            Patient.timezone,
            Patient.status,
            Patient.accepted_at,
            Patient.indications,
            User.id,
            User.email,
            User.name,
            User.roles,
            User.language,
            User.quiet_hours,
            Clinic.id.label("clinic_id"),
            Clinic.name.label("clinic_name"),
            Clinic.timezone.label("clinic_timezone"),
            Clinic.country,
            Clinic.phone,
            Clinic.cssrs_texts,
            Clinic.language.label("clinic_language"),
            Clinic.reviewed_texts,
        )
        .join(Patient, Patient.id == PatientStatus.patient_id)
        .join(User, User.id == Patient.user_id)
        .join(Clinic, Clinic.id == Patient.clinic_id)
        .where(PatientStatus.patient_id == bindparam("patient_id", type_=Patient.id.type))
    )


# Built once: every start of an app asks it.
_STANDING: Final = _select()


def read_standing(session: Session, patient_id: Any) -> Any:
    """One row. Raises `Forbidden` for a record without an account."""
    row = session.execute(_STANDING, {"patient_id": patient_id}).one_or_none()
    if row is None:
        raise Forbidden
    return row


@dataclass(frozen=True, slots=True)
class Tags:
    """What an answer was built from; `more` is what the caller knows besides the row."""

    row: Any
    more: Sequence[object]

    def holds(self, tag: str, now: datetime) -> bool:
        """Is this the tag of what would be built now? Until when it holds is in it, and signed."""
        until = tag.rpartition(_BETWEEN)[2]
        if not (until.isascii() and until.isdigit() and len(until) < 12):
            return False
        return now.timestamp() < int(until) and tag == self._tag(int(until))

    def until(self, changes_at: datetime) -> str:
        """The tag of what is built now and changes with the clock at an instant."""
        return self._tag(int(changes_at.timestamp()))

    def _tag(self, until: int) -> str:
        facts = orjson.dumps([SHAPE, *self.row, *self.more, until], default=str)
        digest = keyring.digest(facts, "bootstrap tag").hex()[:_DIGITS]
        return f"{digest}{_BETWEEN}{until}"


def earliest(instants: Sequence[datetime], after: datetime) -> datetime:
    """The first one after an instant; there is one. Cut to whole seconds, as a tag is."""
    first = min(each for each in instants if each > after)
    return first.astimezone(UTC).replace(microsecond=0)
