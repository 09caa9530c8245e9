"""What the administrators were last told of whom the next nights would page."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy.orm import Mapped, mapped_column

from models.base import EMPTY_OBJECT, Base, Json, OfClinic, of_known_clinic

# Kinds of findings; `services.rules.foresight.SENTENCES` has their sentences.
FINDINGS: Final = (
    "schedule_gap",
    "step_empty",
    "last_resort_only",
    "methods_fail",
    "person_unreachable",
    "contact_fails",
    "last_resort_fails",
    "no_last_resort",
)


class ChainCheck(OfClinic, Base):
    """One row a clinic: its row is the lock of its check.

    `known`: what is wrong that the administrators know of, by its key, with the instant until which
    it matters. `findings`: how many there were at the last change.
    """

    __tablename__ = "chain_checks"
    __table_args__ = (of_known_clinic(),)

    known: Mapped[Json] = mapped_column(server_default=EMPTY_OBJECT)
    findings: Mapped[int]
    changed_at: Mapped[datetime]
