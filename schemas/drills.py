"""The wire of drills."""

from __future__ import annotations

from marshmallow import Schema, fields

from models.alerts.notification import CHANNELS, NOTIFICATION_STATES
from models.on_call.policy import CLIMBING
from schemas.base import Instant, Strict, one_of, page_of


class DrillIn(Strict):
    """Down the chain of which severity."""

    severity = one_of(CLIMBING, required=True)


class DrillPageOut(Schema):
    """A page of a drill."""

    step = fields.Integer(required=True)
    channel = one_of(CHANNELS, required=True)
    contact = fields.String(required=True, metadata={"description": "Never an address."})
    state = one_of(NOTIFICATION_STATES, required=True)
    queued_at = Instant(required=True)
    sent_at = Instant(required=True, allow_none=True)
    delivered_at = Instant(required=True, allow_none=True)


class DrillOut(Schema):
    """A drill, what came of it, and seconds to its first page and acknowledgement."""

    id = fields.UUID(required=True)
    alert_id = fields.UUID(required=True)
    severity = one_of(CLIMBING, required=True)
    started_at = Instant(required=True)
    started_by = fields.UUID(required=True)
    ended_at = Instant(required=True, allow_none=True)
    pages = fields.List(fields.Nested(DrillPageOut), required=True)
    acknowledged_at = Instant(required=True, allow_none=True)
    acknowledged_by = fields.String(required=True, allow_none=True)
    acknowledged_step = fields.Integer(required=True, allow_none=True)
    to_page_s = fields.Float(required=True, allow_none=True)
    to_acknowledge_s = fields.Float(required=True, allow_none=True)


class DrillFigureOut(Schema):
    """Of the drills that came so far (`answered`), in seconds."""

    answered = fields.Integer(required=True)
    median = fields.Float(required=True, allow_none=True)
    max = fields.Float(required=True, allow_none=True)


class DrillFiguresOut(Schema):
    """Of the newest hundred drills."""

    drills = fields.Integer(required=True)
    to_page_s = fields.Nested(DrillFigureOut, required=True)
    to_acknowledge_s = fields.Nested(DrillFigureOut, required=True)


class DrillsOut(page_of(DrillOut)):  # type: ignore[misc] # made of a schema
    """The drills, newest first."""

    figures = fields.Nested(DrillFiguresOut, required=True)
