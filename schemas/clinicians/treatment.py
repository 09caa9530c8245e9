"""The wire of courses, sessions, vital signs, screenings and other treatment."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from models.alerts.alert import SEVERITIES
from models.treatment import (
    DECISION_KINDS,
    DECISION_OUTCOMES,
    PHASES,
    PRODUCTS,
    ROUTES,
    SUPERVISION,
    TREATMENT_KINDS,
    VITALS_PHASES,
)
from schemas.accounts import unknown_indications
from schemas.base import (
    NAME_LIMIT,
    NOTE_LIMIT,
    Instant,
    Patch,
    Strict,
    answers_to,
    one_of,
    requires,
    text,
    whole,
)
from schemas.base import name as visible_name

SESSION_FLAGS = (
    "screening_missing",
    "screening_expired",
    "contraindication",
    "unsupervised",
    "product_differs",
    "not_cleared",
    "entered_late",
)
STAFF_LIMIT = 20


class Amount(fields.Float):
    """A JSON number: text that looks like one is a mistake of the client."""

    def _validated(self, value: Any) -> float:
        if isinstance(value, str):
            raise self.make_error("invalid", input=value)
        return super()._validated(value)


def amount(least: float, most: float, *, above: bool = False, **kwargs: Any) -> Amount:
    """A number within plausible limits; `above`: more than `least`."""
    limits = validate.Range(min=least, max=most, min_inclusive=not above)
    return Amount(allow_nan=False, validate=limits, **kwargs)


class CourseChangeIn(Patch):
    """`PATCH …/courses/{cid}`; `new_baseline` is false when emptied."""

    product = one_of(PRODUCTS)
    phase = one_of(PHASES)
    indication = text(NAME_LIMIT, allow_none=True)
    protocol = text(
        NAME_LIMIT,
        allow_none=True,
        metadata={"description": "version of the protocol or consent that holds"},
    )
    started_on = fields.Date()
    ended_on = fields.Date(allow_none=True)
    new_baseline = fields.Boolean(
        truthy={True},
        falsy={False},
        allow_none=True,
        metadata={"description": "this course has its own baseline"},
    )
    maintenance_interval_days = whole(1, 365, allow_none=True)


@requires("product", "phase", "started_on")
class CourseIn(Strict, CourseChangeIn):
    """`POST …/courses`."""

    id = fields.UUID()


@answers_to(CourseIn)
class CourseOut(Schema):
    """A course as it stands now; `sessions` counts those that are not cancelled."""

    id = fields.UUID(required=True)
    patient_id = fields.UUID(required=True)
    new_baseline = fields.Boolean(required=True)
    sessions = fields.Integer(required=True)
    unknown_indications = unknown_indications()
    version = fields.Integer(required=True)
    entered_at = Instant(required=True)


class DoseIn(Strict):
    """An amount and its unit: mg, mg/kg, pulses."""

    value = amount(0, 100_000, above=True, required=True)
    unit = text(32, required=True, least=1)


class SessionChangeIn(Patch):
    """`PATCH …/sessions/{sid}`; emptied, `cancelled` is false, `timezone` the clinic's and
    `staff_ids` whoever enters it.
    """

    course_id = fields.UUID()
    started_at = Instant()
    ended_at = Instant(allow_none=True)
    timezone = text(64, allow_none=True)
    product = one_of(PRODUCTS)
    route = one_of(ROUTES, allow_none=True)
    dose = fields.Nested(DoseIn, allow_none=True)
    weight_kg = amount(20, 400, allow_none=True)
    supervision = one_of(SUPERVISION)
    cancelled = fields.Boolean(truthy={True}, falsy={False}, allow_none=True)
    staff_ids = fields.List(
        fields.UUID(),
        allow_none=True,
        validate=validate.Length(max=STAFF_LIMIT),
        metadata={"description": "who is with the patient; paged before the clinic's chain"},
    )


@requires("course_id", "started_at", "product", "supervision")
class SessionIn(Strict, SessionChangeIn):
    """`POST …/sessions`. `route` is needed for ketamine and esketamine."""

    id = fields.UUID()


@answers_to(SessionIn)
class TreatmentSessionOut(Schema):
    """A session as it stands now. `number` counts in its course; null when cancelled."""

    id = fields.UUID(required=True)
    patient_id = fields.UUID(required=True)
    number = fields.Integer(required=True, allow_none=True)
    cancelled = fields.Boolean(required=True)
    staff_ids = fields.List(fields.UUID(), required=True)
    driving_restriction_until = Instant(required=True, allow_none=True)
    clearance = one_of(DECISION_OUTCOMES, required=True, allow_none=True)
    discharge = one_of(DECISION_OUTCOMES, required=True, allow_none=True)
    flags = fields.List(one_of(SESSION_FLAGS), required=True)
    version = fields.Integer(required=True)
    entered_at = Instant(required=True)


class VitalsChangeIn(Patch):
    """`PATCH …/sessions/{sid}/vitals/{vid}`: pressures in mmHg, SpO2 in percent, sedation as MOAA/S
    (5 awake to 0), dissociation as the CADSS total.
    """

    phase = one_of(VITALS_PHASES)
    taken_at = Instant()
    systolic = whole(40, 300)
    diastolic = whole(20, 200)
    heart_rate = whole(20, 300, allow_none=True)
    spo2 = whole(30, 100, allow_none=True)
    sedation = whole(0, 5, allow_none=True)
    dissociation = whole(0, 92, allow_none=True)


@requires("phase", "taken_at", "systolic", "diastolic")
class VitalsIn(Strict, VitalsChangeIn):
    """`POST …/sessions/{sid}/vitals`."""

    id = fields.UUID()


class FindingOut(Schema):
    """A rule that fired, and what to do next in words."""

    rule = fields.String(required=True)
    severity = one_of(SEVERITIES, required=True)
    text = fields.String(required=True)


@answers_to(VitalsIn)
class VitalsOut(Schema):
    """Stored vital signs, and what the rules found in them."""

    id = fields.UUID(required=True)
    patient_id = fields.UUID(required=True)
    session_id = fields.UUID(required=True)
    received_at = Instant(required=True)
    flags = fields.List(fields.String(), required=True)
    findings = fields.List(fields.Nested(FindingOut), required=True)


class ScreeningIn(Strict):
    """`POST …/screenings`; `expires_on` defaults to the house's validity."""

    id = fields.UUID()
    screened_on = fields.Date(required=True)
    expires_on = fields.Date()
    contraindications = fields.List(fields.String(), load_default=list)
    note = text(NOTE_LIMIT)


class ScreeningOut(Schema):
    """A screening; `absolute` names the contraindications under which nobody may be cleared."""

    id = fields.UUID(required=True)
    patient_id = fields.UUID(required=True)
    screened_on = fields.Date(required=True)
    expires_on = fields.Date(required=True)
    contraindications = fields.List(fields.String(), required=True)
    absolute = fields.List(fields.String(), required=True)
    note = fields.String(required=True, allow_none=True)
    entered_at = Instant(required=True)


class DecisionIn(Strict):
    """`POST …/sessions/{sid}/decisions`: `clearance` is cleared or not_cleared, `discharge` is
    discharged or kept, `driving_restriction` is acknowledged.
    """

    id = fields.UUID()
    kind = one_of(DECISION_KINDS, required=True)
    outcome = one_of(DECISION_OUTCOMES, required=True)
    reason = text(NOTE_LIMIT)


@answers_to(DecisionIn)
class DecisionOut(Schema):
    """A decision, and what stood against it when it was made."""

    id = fields.UUID(required=True)
    patient_id = fields.UUID(required=True)
    session_id = fields.UUID(required=True)
    found = fields.List(fields.String(), required=True)
    decided_by = fields.UUID(required=True)
    decided_at = Instant(required=True)


class ConcomitantIn(Strict):
    """`POST …/concomitant-treatments`."""

    id = fields.UUID()
    name = visible_name(required=True)
    kind = one_of(TREATMENT_KINDS, required=True)
    started_on = fields.Date(required=True)
    stopped_on = fields.Date()


class ConcomitantChangeIn(Patch):
    """`PATCH …/concomitant-treatments/{tid}`; null: it goes on."""

    stopped_on = fields.Date(required=True, allow_none=True)


@answers_to(ConcomitantIn)
class ConcomitantOut(Schema):
    """Another treatment alongside."""

    id = fields.UUID(required=True)
    patient_id = fields.UUID(required=True)
    entered_at = Instant(required=True)
