"""The wire of what treatment did, as the trend report tells it."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from schemas.base import Instant

DURATIONS = ("observed", "interval_censored", "censored", "no_effect", "unknown")
RESPONSES = ("observed", "censored", "no_response", "unknown")


def number(**kwargs: object) -> fields.Float:
    """A figure in points, null when there is none."""
    return fields.Float(required=True, allow_none=True, **kwargs)  # type: ignore[arg-type] # marshmallow's keywords


def day(**kwargs: object) -> fields.Date:
    """A mood day, null when there is none."""
    return fields.Date(required=True, allow_none=True, **kwargs)  # type: ignore[arg-type] # marshmallow's keywords


class ReportedDoseOut(Schema):
    """As it was entered."""

    value = fields.Float(required=True)
    unit = fields.String(required=True, allow_none=True)


class IntervalOut(Schema):
    """Days after the session between which the effect was lost while nobody answered."""

    low = fields.Integer(required=True)
    high = fields.Integer(required=True)


class ReportedSessionOut(Schema):
    """One treatment that had started, and what it did. ``pre`` and ``nadir`` are levels in points,
    ``effect`` their difference. Sessions under 48 h apart share their figures.
    """

    id = fields.UUID(required=True)
    started_at = Instant(required=True)
    course_id = fields.UUID(required=True)
    place = fields.Integer(
        required=True, data_key="number", metadata={"description": "its place in the course"}
    )
    product = fields.String(required=True)
    route = fields.String(required=True, allow_none=True)
    dose = fields.Nested(ReportedDoseOut, required=True, allow_none=True)
    pre = number()
    pre_is_floor = fields.Boolean(required=True)
    nadir = number()
    nadir_on = day()
    observed_days = fields.Integer(required=True)
    effect = number()
    shares_window_with = fields.List(fields.UUID(), required=True)
    duration_days = fields.Integer(required=True, allow_none=True)
    duration_status = fields.String(required=True, validate=validate.OneOf(DURATIONS))
    interval = fields.Nested(IntervalOut, required=True, allow_none=True)
    censored_by = fields.String(
        required=True, allow_none=True, validate=validate.OneOf(("next_session", "last_entry"))
    )


class StepOut(Schema):
    """The share that still holds after a day, and who was followed up to it."""

    days = fields.Integer(required=True)
    at_risk = fields.Integer(required=True)
    events = fields.Integer(required=True)
    censored = fields.Integer(required=True)
    survival = fields.Float(required=True)


class EffectDurationOut(Schema):
    """Kaplan-Meier over the sessions (each shared window once), from 3 that were followed on."""

    n = fields.Integer(required=True)
    events = fields.Integer(required=True)
    censored = fields.Integer(required=True)
    no_effect = fields.Integer(required=True)
    unmeasured = fields.Integer(required=True)
    median_days = fields.Integer(required=True, allow_none=True)
    curve = fields.List(fields.Nested(StepOut), required=True)


class OnsetOut(Schema):
    """When relief set in after the first session; hours on the first two days."""

    on = fields.Date(required=True)
    days = fields.Integer(required=True)
    hours = number()


class CourseFiguresOut(Schema):
    """The course that began last; how long the response held after the last induction session."""

    id = fields.UUID(required=True)
    product = fields.String(required=True)
    phase = fields.String(required=True)
    started_on = fields.Date(required=True)
    ended_on = day()
    sessions = fields.Integer(required=True)
    last_induction_on = day()
    response_duration_days = fields.Integer(required=True, allow_none=True)
    response_status = fields.String(
        required=True, allow_none=True, validate=validate.OneOf(RESPONSES)
    )


class RelapseOut(Schema):
    """Rule M3: ``on`` is the first reading of the confirming pair."""

    on = fields.Date(required=True)
    confirmed_on = fields.Date(required=True)
    form = fields.String(required=True)


class TallyOut(Schema):
    """Different side effects, and the worst CTCAE grade."""

    count = fields.Integer(required=True)
    max_grade = fields.Integer(required=True, allow_none=True)


class ResolvedOut(Schema):
    """Gone within 24 hours of the end of the session, of those whose course is known."""

    resolved = fields.Integer(required=True)
    known = fields.Integer(required=True)
    percent = number()


class BurdenOut(TallyOut):
    """The side effects of a session; ``session_id`` is null for those before any."""

    session_id = fields.UUID(required=True, allow_none=True)
    acute = fields.Nested(TallyOut, required=True)
    persistent = fields.Nested(TallyOut, required=True)
    long_term = fields.Nested(TallyOut, required=True)
    resolved_within_24h = fields.Nested(ResolvedOut, required=True)
