"""The wire of the audit."""

from __future__ import annotations

from marshmallow import Schema, fields

from schemas.base import Instant, PageQuery


class AuditQuery(PageQuery):
    """`GET /v1/audit`; one of the two at least."""

    patient_id = fields.UUID()
    user_id = fields.UUID()


class AuditEntryOut(Schema):
    """Who read or changed what; `seq` and `sealed_at` are null until it is sealed."""

    id = fields.UUID(required=True)
    at = Instant(required=True)
    action = fields.String(required=True)
    actor_id = fields.UUID(
        required=True,
        allow_none=True,
        metadata={"description": "null: the service, its operator, or nobody who is logged in"},
    )
    patient_id = fields.UUID(required=True, allow_none=True)
    object_id = fields.UUID(required=True, allow_none=True)
    about_ids = fields.List(
        fields.UUID(),
        required=True,
        metadata={"description": "further patients and accounts that were shown or named"},
    )
    detail = fields.Dict(keys=fields.String(), required=True)
    seq = fields.Integer(required=True, allow_none=True)
    sealed_at = Instant(required=True, allow_none=True)
