"""The wire of check-ins, amendments and help requests."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from schemas.base import NAME_LIMIT, Instant, PageQuery, Strict, answers_to, own_words, text
from schemas.problems import SafetyOut

FLAGS = (
    "client_total_mismatch",
    "clock_skew",
    "implausible_time",
    "entered_late",
    "mood_day_ignored",
    "unknown_timezone",
    "timezone_missing",
    "token_expired",
    "entered_by_staff",
    "text_damaged",
)


DECLINED = "declined"


class AnswerValue(fields.Field[Any]):
    """An integer option, null (left out) or "declined"; which options exist is the instrument's."""

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> Any:
        return value


def answers(**kwargs: Any) -> fields.Dict:
    """Link ids to answers."""
    shapes = [{"type": "integer"}, {"type": "string", "enum": [DECLINED]}, {"type": "null"}]
    value = AnswerValue(allow_none=True, metadata={"anyOf": shapes})
    return fields.Dict(keys=fields.String(), values=value, **kwargs)


class CheckInIn(Strict):
    """`POST /v1/check-ins`."""

    id = fields.UUID(required=True)
    instrument = fields.String(required=True)
    answers = answers(required=True)
    recorded_at = Instant(required=True)
    timezone = own_words()  # a name that is no zone earns a flag, not a refusal
    mood_day = fields.Date()
    note = own_words()
    client_total = fields.Integer(strict=True, validate=validate.Range(min=-1000, max=1000))
    patient_id = fields.UUID(metadata={"description": "staff only"})


class AmendIn(Strict):
    """`POST /v1/check-ins/{id}/amend`: `answers` replace all."""

    id = fields.UUID(required=True)
    answers = answers(required=True)
    reason = own_words(required=True, least=1)


class TimeIn(Strict):
    """`POST /v1/check-ins/{id}/time`: when the patient answered, and how it is known."""

    recorded_at = Instant(required=True)
    reason = own_words(required=True, least=1)


class HelpRequestIn(Strict):
    """`POST /v1/help-requests`."""

    id = fields.UUID(required=True)
    recorded_at = Instant(required=True)
    note = own_words()


def seen_at() -> Instant:
    """When somebody first acknowledged the alert of an entry; null until then, and without one."""
    words = "when a person acknowledged or ended its alert; null is no promise that anybody will"
    return Instant(required=True, allow_none=True, metadata={"description": words})


def sent_at() -> Instant:
    """When the version that is shown left the phone."""
    words = "when the phone sent this version, by its own clock; null: it did not say"
    return Instant(required=True, allow_none=True, metadata={"description": words})


def notice() -> fields.String:
    """In the answer to whoever sent words."""
    words = "with a note: that notes are not read around the clock, and whom to call"
    return fields.String(metadata={"description": words})


class ScoreOut(Schema):
    """`total` is null unless complete."""

    total = fields.Integer(required=True, allow_none=True)
    band = fields.String(required=True, allow_none=True)
    complete = fields.Boolean(required=True)
    answered = fields.Integer(required=True)
    prorated_total = fields.Integer(required=True, allow_none=True)


class SinceSessionOut(Schema):
    """The last session before the answer, and the hours from its start to the answer."""

    id = fields.UUID(required=True)
    hours_since = fields.Float(required=True)


@answers_to(CheckInIn)
class CheckInOut(Schema):
    """A stored check-in."""

    patient_id = fields.UUID(required=True)
    instrument_version = fields.String(required=True)
    sent_at = sent_at()
    received_at = Instant(required=True)
    mood_day = fields.Date(required=True)
    score = fields.Nested(ScoreOut, required=True)
    session = fields.Nested(SinceSessionOut, required=True, allow_none=True)
    flags = fields.List(fields.String(validate=validate.OneOf(FLAGS)), required=True)
    seen_at = seen_at()
    safety = fields.Nested(SafetyOut, required=True, allow_none=True)
    notice = notice()


class ReceiptOut(Schema):
    """All that a token that has expired is shown of an entry that was known already."""

    id = fields.UUID(required=True)
    received_at = Instant(required=True)
    safety = fields.Nested(SafetyOut, required=True, allow_none=True)


class VersionOut(Schema):
    """One version of a form, in the order received."""

    id = fields.UUID(required=True)
    received_at = Instant(required=True)
    by = fields.UUID(required=True, allow_none=True)
    reason = fields.String(required=True, allow_none=True)
    answers = answers(required=True)


class CheckInWithVersionsOut(CheckInOut):
    """`GET /v1/check-ins/{id}`: the current version, and all."""

    versions = fields.List(fields.Nested(VersionOut), required=True)


class HelpRequestOut(Schema):
    """A stored help request."""

    id = fields.UUID(required=True)
    patient_id = fields.UUID(required=True)
    recorded_at = Instant(required=True)
    sent_at = sent_at()
    received_at = Instant(required=True)
    note = fields.String(required=True, allow_none=True)
    flags = fields.List(fields.String(validate=validate.OneOf(FLAGS)), required=True)
    seen_at = seen_at()
    safety = fields.Nested(SafetyOut, required=True)
    notice = notice()


class EntryListQuery(PageQuery):
    """A list of entries of one patient."""

    patient_id = fields.UUID(load_default=None, metadata={"description": "staff only"})


class CheckInListQuery(EntryListQuery):
    """`GET /v1/check-ins`."""

    instrument = text(NAME_LIMIT, load_default=None)
