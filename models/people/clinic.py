"""Clinics and their settings."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy.orm import Mapped, mapped_column

from models.base import EMPTY_LIST, EMPTY_OBJECT, Base, Identified, Json, JsonList, one_of

SECOND_FACTOR: Final = ("off", "optional", "required")


class Clinic(Identified, Base):
    """One clinic: the tenant that every other row belongs to.

    `reviewed_texts`: by language `{"version", "name", "by", "at"}` of the texts that it reviewed.
    """

    __tablename__ = "clinics"
    __table_args__ = (one_of("second_factor", SECOND_FACTOR),)

    name: Mapped[str]
    timezone: Mapped[str]
    country: Mapped[str]
    phone: Mapped[str | None]
    staffed: Mapped[JsonList] = mapped_column(server_default=EMPTY_LIST)
    holidays: Mapped[JsonList] = mapped_column(server_default=EMPTY_LIST)
    monitoring_text: Mapped[str | None]
    cssrs_texts: Mapped[Json] = mapped_column(server_default=EMPTY_OBJECT)
    language: Mapped[str | None]
    reviewed_texts: Mapped[Json] = mapped_column(server_default=EMPTY_OBJECT)
    second_factor: Mapped[str] = mapped_column(server_default="optional")
    ladder: Mapped[Json]
    created_at: Mapped[datetime]
