"""Answers and notes stand beside their check-in, in a table that the alert worker cannot read."""

from __future__ import annotations

from typing import Final

from sqlalchemy import ColumnElement, and_

from models import CheckIn, CheckInContent

OF_ITS_CHECK_IN: Final[ColumnElement[bool]] = and_(
    CheckInContent.clinic_id == CheckIn.clinic_id,
    CheckInContent.patient_id == CheckIn.patient_id,
    CheckInContent.check_in_id == CheckIn.id,
)
