"""The wire of consent: the text in force, what was agreed to, and taking it back."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from schemas.base import LANGUAGES, Instant, PageQuery, Strict, language, one_of, text

STANDINGS = ("none", "accepted", "withdrawn")


class ConsentIn(Strict):
    """`POST /v1/consents`: agree to a version of the text. Staff name the patient."""

    id = fields.UUID(metadata={"description": "client-made; the same again answers the same"})
    version = text(64, required=True, least=1)
    language = language()
    patient_id = fields.UUID(metadata={"description": "for staff; a patient's own is known"})


class ConsentQuery(PageQuery):
    """`GET /v1/consents`."""

    patient_id = fields.UUID(metadata={"description": "for staff: of this patient alone"})


class ConsentOut(Schema):
    """One acceptance of one version."""

    id = fields.UUID(required=True)
    patient_id = fields.UUID(required=True)
    version = fields.String(required=True)
    language = one_of(LANGUAGES, required=True)
    accepted_at = Instant(required=True, metadata={"description": "when the patient agreed"})
    withdrawn_at = Instant(
        required=True, allow_none=True, metadata={"description": "when it was taken back"}
    )


class ConsentStandingOut(Schema):
    """What holds for a patient, as their newest consent says. After a withdrawal ordinary answers
    are 403 `not_followed`; before any they are taken.
    """

    status = one_of(
        STANDINGS, required=True, metadata={"description": "none: nothing was agreed to yet"}
    )
    consent_id = fields.UUID(
        required=True, allow_none=True, metadata={"description": "the newest; it can be withdrawn"}
    )
    version = fields.String(required=True, allow_none=True)
    accepted_at = Instant(
        required=True, allow_none=True, metadata={"description": "when the patient agreed"}
    )
    withdrawn_at = Instant(
        required=True, allow_none=True, metadata={"description": "when it was taken back"}
    )
    to_accept = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "the version in force; null for whoever has agreed to it"},
    )


class ConsentWordsOut(Schema):
    """The text in one language."""

    language = one_of(LANGUAGES, required=True)
    title = fields.String(required=True, metadata={"description": "its heading"})
    paragraphs = fields.List(
        fields.String(), required=True, metadata={"description": "in the order of reading"}
    )


class ConsentTextOut(Schema):
    """The text that is agreed to now. In a language that the clinic has not reviewed the English
    one follows: show both.
    """

    version = fields.String(required=True)
    texts = fields.List(
        fields.Nested(ConsentWordsOut),
        required=True,
        validate=validate.Length(min=1),
        metadata={"description": "the reader's language first"},
    )


class ConsentsOut(Schema):
    """Acceptances, newest first, beside the text in force."""

    items = fields.List(fields.Nested(ConsentOut), required=True)
    next_cursor = fields.String(required=True, allow_none=True)
    standing = fields.Nested(
        ConsentStandingOut,
        required=True,
        allow_none=True,
        metadata={"description": "of the patient who reads or is named; null: of nobody in view"},
    )
    in_force = fields.Nested(
        ConsentTextOut, required=True, metadata={"description": "what is agreed to now"}
    )
