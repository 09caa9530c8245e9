"""The wire of patients, care teams and the caseload."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

from models.alerts.alert import SEVERITIES
from models.people.patient import PATIENT_STATUS
from schemas.accounts import (
    MAX_IN_LIST,
    EmergencyContactIn,
    PatientFieldsIn,
    unknown_indications,
)
from schemas.base import NOTE_LIMIT, Instant, PageQuery, Patch, Strict, one_of, text
from schemas.base import name as visible_name
from schemas.clinicians.trends import STATUSES
from schemas.privacy.consent import ConsentStandingOut

SORTS = ("risk", "silence", "trend", "name")


class PatientIn(PatientFieldsIn):
    """`POST /v1/patients`. The fields may also stand under `patient`, as in an invitation."""

    id = fields.UUID(metadata={"description": "client-made; the same again answers the same"})
    name = visible_name(required=True)
    timezone = text(NOTE_LIMIT, metadata={"description": "the clinic's when left out or unknown"})
    patient = fields.Nested(PatientFieldsIn)

    @post_load
    def in_one_place(self, data: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        """Take the nested fields out; one given twice is an error."""
        nested = data.pop("patient", {})
        twice = {name: ["Given twice."] for name in nested.keys() & data.keys()}
        if twice:
            raise ValidationError(twice)
        return {**data, **nested}


class PatientChangeIn(Patch):
    """`PATCH /v1/patients/{id}`: "" takes `phone`, `address` or `mrn` away as null does; emptied,
    `risk_at_intake` follows from the indications. A pause needs `reason` and `until_on`, its last
    day.
    """

    name = visible_name()
    timezone = text(64)
    phone = text(50, allow_none=True)
    address = text(1000, allow_none=True)
    emergency_contact = fields.Nested(EmergencyContactIn, allow_none=True)
    born_on = fields.Date(allow_none=True)
    mrn = text(100, allow_none=True)
    indications = fields.List(
        text(200, least=1), allow_none=True, validate=validate.Length(max=MAX_IN_LIST)
    )
    risk_at_intake = fields.Boolean(truthy={True}, falsy={False}, allow_none=True)
    status = one_of(PATIENT_STATUS)
    reason = text(NOTE_LIMIT, allow_none=True)
    until_on = fields.Date(allow_none=True)


class EmergencyContactOut(Schema):
    """Whom to call for a patient who cannot be reached."""

    name = fields.String(required=True)
    phone = fields.String(required=True)
    relation = fields.String(required=True)


class PatientOut(Schema):
    """A patient. The last four are clinical: left out for those who may not see them."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    mrn = fields.String(required=True, allow_none=True)
    born_on = fields.Date(required=True, allow_none=True)
    timezone = fields.String(required=True)
    phone = fields.String(required=True, allow_none=True)
    address = fields.String(required=True, allow_none=True)
    emergency_contact = fields.Nested(EmergencyContactOut, required=True, allow_none=True)
    contact_missing = fields.Boolean(required=True)
    care_team = fields.List(fields.UUID(), required=True)
    status = one_of(PATIENT_STATUS, required=True)
    paused_until_on = fields.Date(required=True, allow_none=True)
    needs_invitation = fields.Boolean(required=True)
    created_at = Instant(required=True)
    accepted_at = Instant(required=True, allow_none=True)
    consent = fields.Nested(
        ConsentStandingOut, required=True, metadata={"description": "what the patient agreed to"}
    )
    indications = fields.List(fields.String())
    unknown_indications = unknown_indications()
    risk_at_intake = fields.Boolean()
    status_reason = fields.String(allow_none=True)


class CaseloadQuery(PageQuery):
    """`GET /v1/patients`."""

    sort = one_of(SORTS, load_default="risk")
    q = text(200, metadata={"description": "part of a name or of an MRN"})
    mine = fields.Boolean(load_default=False, metadata={"description": "in my care teams only"})


class LastSessionOut(Schema):
    """The last session that has begun; `days_ago` in the patient's mood days."""

    id = fields.UUID(required=True)
    started_at = Instant(required=True)
    days_ago = fields.Integer(required=True)


class CaseloadRowOut(Schema):
    """One patient of the caseload: who needs me, and why. The figures after `last_session` are
    clinical: left out for those who may not see them, and `last_session` is then null.
    """

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    mrn = fields.String(required=True, allow_none=True)
    status = one_of(PATIENT_STATUS, required=True)
    paused_until_on = fields.Date(required=True, allow_none=True)
    reason = fields.String(required=True, metadata={"description": "why they stand here, in words"})
    open_alerts = fields.Integer(required=True)
    highest_severity = one_of(SEVERITIES, required=True, allow_none=True)
    contact_missing = fields.Boolean(required=True)
    needs_invitation = fields.Boolean(required=True)
    last_session = fields.Nested(LastSessionOut, required=True, allow_none=True)
    last_check_in_at = Instant(allow_none=True)
    trend_status = one_of(STATUSES)
    baseline = fields.Float(allow_none=True)
    current = fields.Float(allow_none=True)
    daily_m7 = fields.Float(allow_none=True)
    daily_slope_per_week = fields.Float(allow_none=True)
    next_session_at = Instant(allow_none=True, metadata={"description": "planned"})
    wearing_off_on = fields.Date(
        allow_none=True,
        metadata={"description": "mood day on which half of the last session's gain was lost"},
    )
    non_response = fields.Boolean(metadata={"description": "rule M4 holds for the course"})
    maintenance_due_on = fields.Date(allow_none=True)


class CareTeamIn(Strict):
    """`PUT /v1/patients/{id}/care-team`; nobody puts the patient in view of every clinician."""

    user_ids = fields.List(fields.UUID(), required=True, validate=validate.Length(max=MAX_IN_LIST))


class CareTeamOut(Schema):
    """The members of a care team."""

    user_ids = fields.List(fields.UUID(), required=True)
