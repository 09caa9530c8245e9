"""The wire of a patient's rights."""

from __future__ import annotations

from typing import Final

from marshmallow import Schema, fields

from schemas.base import Instant, Strict, one_of, text

REASON_LIMIT: Final = 500


class ErasureIn(Strict):
    """Why a patient is to be erased."""

    reason = text(REASON_LIMIT, required=True, least=1)


class ErasureOut(Schema):
    """An erasure. What is `erased` stays as ids and times alone."""

    id = fields.UUID(required=True)
    patient_id = fields.UUID(required=True)
    status = one_of(("requested", "erased", "withdrawn"), required=True)
    reason = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Why; null once it is done or taken back."},
    )
    requested_by = fields.UUID(required=True)
    requested_at = Instant(required=True)
    confirmed_by = fields.UUID(required=True, allow_none=True)
    erased_at = Instant(required=True, allow_none=True)
    withdrawn_by = fields.UUID(required=True, allow_none=True)
    withdrawn_at = Instant(
        required=True,
        allow_none=True,
        metadata={"description": "When the request was taken back; null: it was not."},
    )


class ExportOut(Schema):
    """An export that was asked for; `ready`: it is made whenever it is read."""

    id = fields.UUID(required=True)
    patient_id = fields.UUID(required=True)
    status = one_of(("ready",), required=True)
    requested_at = Instant(required=True)
    expires_at = Instant(required=True)
