"""The wire of the cohort outcomes."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from models.treatment import PHASES, PRODUCTS, ROUTES
from schemas.base import Instant, Strict, one_of
from schemas.clinicians.trends import StepOut

GROUPED_BY = ("overall", "phase", "strict", "product", "route", "product_route")
# A course whose sessions differ, and a treatment without a route.
COURSE_ROUTES = (*ROUTES, "mixed", "none")


def counted(meaning: str) -> fields.Integer:
    """How many courses."""
    return fields.Integer(required=True, metadata={"description": meaning})


def figure(meaning: str) -> fields.Float:
    """A number, null of nobody."""
    return fields.Float(required=True, allow_none=True, metadata={"description": meaning})


class CohortQuery(Strict):
    """`GET /v1/cohort/outcomes`: which courses; `from` and `to` bound the mood day of the
    last session, both included.
    """

    product = fields.String(validate=validate.OneOf(PRODUCTS))
    route = fields.String(validate=validate.OneOf(COURSE_ROUTES))
    phase = fields.String(validate=validate.OneOf(PHASES))
    from_day = fields.Date(data_key="from")
    to_day = fields.Date(data_key="to")
    strict = fields.Boolean(
        load_default=False, metadata={"description": "only inductions on the published schedule"}
    )


class CohortFiltersOut(Schema):
    """What was asked."""

    product = one_of(PRODUCTS, required=True, allow_none=True)
    route = one_of(COURSE_ROUTES, required=True, allow_none=True)
    phase = one_of(PHASES, required=True, allow_none=True)
    from_day = fields.Date(required=True, allow_none=True, data_key="from")
    to_day = fields.Date(required=True, allow_none=True, data_key="to")
    strict = fields.Boolean(required=True)


class CohortShareOut(Schema):
    """`count` of `n` courses, in percent with its 95 % Wilson interval."""

    count = counted("courses of which it holds")
    n = counted("courses of which it is known")
    percent = figure("0-100")
    low = figure("lower bound, 0-100")
    high = figure("upper bound, 0-100")


class CohortMarkOut(Schema):
    """The share still responding after so many days."""

    days = fields.Integer(required=True)
    percent = figure("0-100; null once nobody is observed")
    at_risk = counted("responses observed until then")


class CohortStepOut(StepOut):
    """One day of the Kaplan-Meier curve; `survival` (0-1) holds from it on."""


class CohortSustainedOut(Schema):
    """How long responses lasted without further treatment."""

    n = counted("responses")
    lost = counted("seen to end")
    censored = counted("not seen to end")
    marks = fields.List(fields.Nested(CohortMarkOut), required=True)
    steps = fields.List(fields.Nested(CohortStepOut), required=True)


class CohortGroupOut(Schema):
    """Courses counted together; a null in `phase`, `product` or `route` is any."""

    by = fields.String(required=True, validate=validate.OneOf(GROUPED_BY))
    phase = one_of(PHASES, required=True, allow_none=True)
    product = one_of(PRODUCTS, required=True, allow_none=True)
    route = one_of(COURSE_ROUTES, required=True, allow_none=True)
    patients = fields.Integer(required=True)
    courses = counted("n + pending + baseline_missing + retreated + missing")
    strict = counted("inductions on the published schedule")
    n = counted("with baseline and outcome")
    pending = counted("their window has not closed")
    baseline_missing = counted("without a PHQ-9 before the course")
    retreated = counted("treated again before an outcome was read")
    missing = counted("nobody answered in the window")
    small = fields.Boolean(
        required=True, metadata={"description": "few outcomes, see small_groups"}
    )
    below_limit = counted("with an outcome, and a baseline too low for response and remission")
    baseline_mean = figure("points, of those with an outcome")
    outcome_mean = figure("points")
    response = fields.Nested(CohortShareOut, required=True)
    remission = fields.Nested(CohortShareOut, required=True)
    worsened = fields.Nested(CohortShareOut, required=True)
    worsened_reliably = fields.Nested(CohortShareOut, required=True)
    item9_lower = fields.Nested(CohortShareOut, required=True)
    item9_zero = fields.Nested(CohortShareOut, required=True)
    item9_higher = fields.Nested(CohortShareOut, required=True)
    sustained = fields.Nested(CohortSustainedOut, required=True)


class CohortPublishedMarkOut(Schema):
    """A published share still responding."""

    days = fields.Integer(required=True)
    percent = fields.Float(required=True)


class CohortPublishedOut(Schema):
    """The published table; percentages 0-100."""

    of = fields.String(required=True)
    n = fields.Integer(required=True)
    people_treated = fields.Integer(required=True)
    response = fields.Float(required=True)
    remission = fields.Float(required=True)
    item9_lower = fields.Float(required=True)
    worsened = fields.Float(required=True)
    item9_higher = fields.Float(required=True)
    sustained = fields.List(fields.Nested(CohortPublishedMarkOut), required=True)


class CohortOut(Schema):
    """The outcomes of a clinic's courses of treatment beside the published ones."""

    clinic_id = fields.UUID(required=True)
    generated_at = Instant(required=True)
    as_of = Instant(
        required=True,
        metadata={
            "description": "what was stored by then is counted; read elsewhere it is earlier"
        },
    )
    filters = fields.Nested(CohortFiltersOut, required=True)
    rules_version = fields.String(required=True)
    caution = fields.String(required=True)
    small_groups = fields.String(required=True)
    definitions = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    published = fields.Nested(CohortPublishedOut, required=True)
    groups = fields.List(fields.Nested(CohortGroupOut), required=True)
