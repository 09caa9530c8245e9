"""The wire of side effects."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from schemas.base import NAME_LIMIT, Instant, Strict, answers_to, own_words, text
from schemas.phone.check_ins import FLAGS, SinceSessionOut, notice, seen_at, sent_at
from schemas.problems import SafetyOut

MAX_EFFECTS = 100


class EffectIn(Strict):
    """One effect: a code of `GET /v1/side-effects/codes` and a CTCAE grade, 1 mild to 4 life
    threatening. No `ended_at` says that it is still there.
    """

    code = text(NAME_LIMIT, required=True)
    grade = fields.Integer(required=True, strict=True, validate=validate.Range(min=1, max=4))
    onset_at = Instant()
    ended_at = Instant()


class EffectVitalsIn(Strict):
    """A blood pressure that the patient measured, in mmHg."""

    systolic = fields.Integer(required=True, strict=True, validate=validate.Range(40, 300))
    diastolic = fields.Integer(required=True, strict=True, validate=validate.Range(20, 200))
    heart_rate = fields.Integer(strict=True, validate=validate.Range(20, 300))


class SideEffectsIn(Strict):
    """`POST /v1/side-effects`."""

    id = fields.UUID(required=True)
    recorded_at = Instant(required=True)
    timezone = own_words()
    session_id = fields.UUID()
    effects = fields.List(
        fields.Nested(EffectIn), load_default=list, validate=validate.Length(max=MAX_EFFECTS)
    )
    vitals = fields.Nested(EffectVitalsIn, load_default=dict)
    note = own_words()
    patient_id = fields.UUID(metadata={"description": "staff only"})

    @validates_schema
    def says_something(self, data: dict[str, Any], **_kwargs: Any) -> None:
        """An empty report is a mistake of the app."""
        if not data["effects"] and not data["vitals"]:
            raise ValidationError({"effects": ["Missing data for required field."]})


class SideEffectsAmendIn(Strict):
    """`POST /v1/side-effects/{id}/amend`: replaces effects and vitals; none of both voids it."""

    id = fields.UUID(required=True)
    effects = fields.List(
        fields.Nested(EffectIn), required=True, validate=validate.Length(max=MAX_EFFECTS)
    )
    vitals = fields.Nested(EffectVitalsIn, load_default=dict)
    reason = own_words(required=True, least=1)


@answers_to(EffectIn)
class EffectOut(Schema):
    """One effect as stored."""


@answers_to(EffectVitalsIn)
class EffectVitalsOut(Schema):
    """A blood pressure in mmHg."""


class SideEffectsOut(Schema):
    """A stored report. `session_id` was named by the reporter; `session` is the last one."""

    id = fields.UUID(required=True)
    patient_id = fields.UUID(required=True)
    recorded_at = Instant(required=True)
    sent_at = sent_at()
    received_at = Instant(required=True)
    timezone = fields.String(required=True, allow_none=True)
    mood_day = fields.Date(required=True)
    session_id = fields.UUID(required=True, allow_none=True)
    session = fields.Nested(SinceSessionOut, required=True, allow_none=True)
    effects = fields.List(fields.Nested(EffectOut), required=True)
    vitals = fields.Nested(EffectVitalsOut, required=True, allow_none=True)
    note = fields.String(required=True, allow_none=True)
    flags = fields.List(fields.String(validate=validate.OneOf(FLAGS)), required=True)
    seen_at = seen_at()
    safety = fields.Nested(SafetyOut, required=True, allow_none=True)
    notice = notice()


class EffectsVersionOut(Schema):
    """One version of a report, in the order received."""

    id = fields.UUID(required=True)
    received_at = Instant(required=True)
    by = fields.UUID(required=True, allow_none=True)
    reason = fields.String(required=True, allow_none=True)
    effects = fields.List(fields.Nested(EffectOut), required=True)


class SideEffectsWithVersionsOut(SideEffectsOut):
    """`GET /v1/side-effects/{id}`: the current version, and all."""

    versions = fields.List(fields.Nested(EffectsVersionOut), required=True)


class EffectCodeOut(Schema):
    """One side effect that can be reported; `emergency`: the app says to call for help."""

    code = fields.String(required=True)
    label = fields.String(required=True)
    group = fields.String(required=True)
    emergency = fields.Boolean(required=True)


class GradeOut(Schema):
    """A CTCAE grade in lay words."""

    grade = fields.Integer(required=True)
    label = fields.String(required=True)


class EffectCodesOut(Schema):
    """The coded list, of one version."""

    version = fields.String(required=True)
    effects = fields.List(fields.Nested(EffectCodeOut), required=True)
    grades = fields.List(fields.Nested(GradeOut), required=True)
