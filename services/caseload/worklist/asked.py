"""What every list of patients asks first, in the round trip that opens its transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, select

from models import Clinic, Patient
from models.statements import Query, Statement
from services.access import Actor
from services.patients.status.silence import AfterRisk

_ZONES: Final = Statement(select(Patient.timezone).distinct())
_CLINIC: Final = Statement(
    select(Clinic.name, Clinic.timezone, Clinic.country).where(
        Clinic.id == bindparam("clinic_id", type_=Clinic.id.type)
    )
)


@dataclass(frozen=True, slots=True)
class AskedOfList:
    """Who is silent after risk, in which zones the clinic's patients are, and the clinic itself."""

    silence: AfterRisk
    zones: Query
    of_clinic: Query

    @classmethod
    def at(cls, actor: Actor, now: datetime) -> AskedOfList:
        """For this actor's clinic."""
        clinic = Query(_CLINIC, {"clinic_id": actor.clinic_id})
        return cls(AfterRisk.at(now), Query(_ZONES, {}), clinic)

    @property
    def queries(self) -> tuple[Query, ...]:
        """To be asked together."""
        return self.silence.who, self.silence.lives, self.zones, self.of_clinic

    @property
    def timezones(self) -> list[str]:
        """Of all patients, each once."""
        return [row.timezone for row in self.zones.rows]

    @property
    def clinic(self) -> Any:
        """Its name, timezone and country."""
        return self.of_clinic.rows[0]
