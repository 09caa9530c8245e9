"""The wire of what each rule costs the staff of a clinic."""

from __future__ import annotations

from marshmallow import Schema, fields

from schemas.base import Instant, Strict


class RuleBurdenQuery(Strict):
    """`GET /v1/alerts/rules`: alerts that were opened in this span, the last 30 days when it is
    left out, at most 400 days.
    """

    from_ = Instant(data_key="from", attribute="from_at", load_default=None)
    to = Instant(attribute="to_at", load_default=None)


class DurationsOut(Schema):
    """Seconds from the opening of the alert, of those alerts of which it is known."""

    n = fields.Integer(required=True, metadata={"description": "of how many alerts"})
    median_s = fields.Integer(required=True, allow_none=True)
    p90_s = fields.Integer(
        required=True, allow_none=True, metadata={"description": "nine of ten took no longer"}
    )


class RuleBurdenOut(Schema):
    """What one rule cost the staff, and what they thought of it."""

    rule = fields.String(required=True)
    alerts = fields.Integer(required=True)
    open = fields.Integer(required=True, metadata={"description": "not resolved yet"})
    occurrences = fields.Integer(required=True)
    pages = fields.Integer(required=True, metadata={"description": "that got out"})
    time_to_acknowledge = fields.Nested(DurationsOut, required=True)
    time_to_resolve = fields.Nested(DurationsOut, required=True)
    judged = fields.Integer(
        required=True, metadata={"description": "resolved, or called useful or useless"}
    )
    noise = fields.Integer(
        required=True, metadata={"description": "false alarms, or useless to most who said so"}
    )
    noise_percent = fields.Float(
        required=True, allow_none=True, metadata={"description": "of those judged, 0-100"}
    )


class RuleBurdensOut(Schema):
    """Each rule that opened an alert in the span, most pages first; drills are left out."""

    from_at = Instant(required=True, data_key="from", attribute="from")
    to_at = Instant(required=True, data_key="to", attribute="to")
    items = fields.List(fields.Nested(RuleBurdenOut), required=True)
