"""The wire of break-glass."""

from __future__ import annotations

from typing import Any, Final

from marshmallow import Schema, ValidationError, fields, validates_schema

from schemas.base import Instant, Strict, text

# Administrators read it; it is no place for a history.
REASON_LIMIT: Final = 500


class BreakGlassIn(Strict):
    """`POST /v1/break-glass`: the patient by id or by record number, and why."""

    patient_id = fields.UUID()
    mrn = text(100, least=1)
    reason = text(REASON_LIMIT, required=True, least=1)

    @validates_schema
    def says_who_and_why(self, data: dict[str, Any], **_kwargs: Any) -> None:
        """Name one patient in one way; blanks are no reason."""
        errors = {}
        if ("patient_id" in data) is ("mrn" in data):
            errors["patient_id"] = ["Name the patient by `patient_id` or by `mrn`."]
        if not data.get("reason", "").strip():
            errors["reason"] = ["Say why."]
        if errors:
            raise ValidationError(errors)


class BreakGlassOut(Schema):
    """Whom it opened, and until when."""

    patient_id = fields.UUID(required=True)
    expires_at = Instant(required=True)
