"""The wire of what is due."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from schemas.base import Instant

REASONS = (
    "daily", "day_1", "day_3", "day_7", "day_14", "before_session", "after_session_24h", "periodic",
    "monthly", "by_indication", "at_start", "after_item9",
)  # fmt: skip
STATUSES = ("upcoming", "due", "overdue", "answered", "expired")


class DueItemOut(Schema):
    """One form to be answered once: `due` from `opens_at`, `overdue` from `due_at`, over at
    `expires_at`. An answer counts from `counts_from_at` on. `mood_day` is what a daily
    check-in is about: send it along when answering on a later day.
    """

    instrument = fields.String(
        required=True, metadata={"description": "the code of an instrument, or `side_effects`"}
    )
    reason = fields.String(required=True, validate=validate.OneOf(REASONS))
    session_id = fields.UUID(required=True, allow_none=True)
    mood_day = fields.Date(required=True, allow_none=True)
    counts_from_at = Instant(required=True)
    opens_at = Instant(required=True)
    due_at = Instant(required=True)
    expires_at = Instant(required=True)
    status = fields.String(required=True, validate=validate.OneOf(STATUSES))
    answered_at = Instant(required=True, allow_none=True)


class DueOut(Schema):
    """What is due from 3 days ago to 14 days ahead, by `opens_at`. Days begin at 04:00 on the
    wall clock of `timezone`.
    """

    items = fields.List(fields.Nested(DueItemOut), required=True)
    server_time = Instant(required=True)
    timezone = fields.String(required=True)
    driving_restriction_until = Instant(
        required=True,
        allow_none=True,
        metadata={"description": "no driving before then; null when no restriction holds now"},
    )
