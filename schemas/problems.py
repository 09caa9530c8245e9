"""The problem document (RFC 9457) that every refusal answers with."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from schemas.base import one_of

STORED = "what the id was first sent with, or what there is; not for a token that has expired"
FACTORS = ("totp", "passkey", "recovery_code")


class ResourceOut(Schema):
    """One way to get help now."""

    name = fields.String(required=True)
    phone = fields.String()
    text = fields.String()
    url = fields.String()


class SafetyOut(Schema):
    """The card: `crisis` goes with a critical alert."""

    level = fields.String(required=True, validate=validate.OneOf(("crisis", "support")))
    message = fields.String(required=True)
    resources = fields.List(fields.Nested(ResourceOut), required=True)
    monitoring = fields.String(required=True)
    next_instrument = fields.String()
    languages = fields.List(
        fields.String(),
        metadata={
            "description": "The languages of the words, in their order, unless English alone."
            " English stands below a language that the clinic has not reviewed"
        },
    )


class ProblemSchema(Schema):
    """What went wrong. Clients branch on `code`, which is stable; the words are for people."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    code = fields.String(required=True)
    safety = fields.Nested(
        SafetyOut, metadata={"description": "on crisis routes: the card to show at once"}
    )


class ValidationProblem(ProblemSchema):
    """What is wrong with which field."""

    errors = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.String()),
        metadata={"description": "JSON path of a field -> what is wrong with it"},
    )


class SecondFactorProblem(ProblemSchema):
    """The password was right, and more is needed."""

    factors = fields.List(
        one_of(FACTORS), required=True, metadata={"description": "which of them may be sent"}
    )
    passkey = fields.Dict(keys=fields.String())


class NamedClinicOut(Schema):
    """A clinic by its name."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)


class ChooseClinicProblem(ProblemSchema):
    """The password fits accounts in several clinics."""

    clinics = fields.List(
        fields.Nested(NamedClinicOut),
        required=True,
        metadata={"description": "send one `id` as `clinic_id`"},
    )


# What a problem of a code says beside what all say.
WITH_MORE: dict[str, type[ProblemSchema]] = {
    "validation_failed": ValidationProblem,
    "adults_only": ValidationProblem,
    "second_factor_required": SecondFactorProblem,
    "choose_clinic": ChooseClinicProblem,
}
