"""The wire of the clinic's settings and of its alert chain."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from marshmallow import Schema, fields, validate

from models.alerts.notification import CHAIN_CHANNELS
from models.people.clinic import SECOND_FACTOR
from schemas.base import Patch, Strict, one_of, text
from schemas.base import language as language_code
from schemas.base import name as visible_name
from schemas.contact_methods import LastMessageOut

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CLOCK: Final = r"(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00)\Z"
CSSRS_LINK_IDS: Final = ("q1", "q2", "q3", "q4", "q5", "q6", "q6b")
MAX_ENTRIES: Final = 50
MAX_HOLIDAYS: Final = 400
# Seconds. A page may not wait for ever: nor may an acknowledgement outlive what a contact attempt
# could renew it to (contract, "Alerts": 4 h for critical, 24 h for high).
PACE_BOUNDS: Final = {"critical": (3_600, 14_400), "high": (86_400, 86_400)}


class StaffedIn(Strict):
    """Weekly hours; `to` before `from` runs past midnight, `24:00` is the end of a day."""

    days = fields.List(
        fields.String(validate=validate.OneOf(DAYS)), required=True, validate=validate.Length(1, 7)
    )
    from_ = fields.String(
        required=True, data_key="from", attribute="from", validate=validate.Regexp(CLOCK)
    )
    to = fields.String(required=True, validate=validate.Regexp(CLOCK))


class Day(fields.Date):
    """An ISO date, kept as its text."""

    def _deserialize(self, *args: Any, **kwargs: Any) -> Any:
        found: date = super()._deserialize(*args, **kwargs)
        return found.isoformat()


def seconds(longest: int) -> fields.Integer:
    """Whole seconds from 1."""
    return fields.Integer(strict=True, validate=validate.Range(1, longest))


class CriticalPaceIn(Patch):
    """The pace of critical alerts: seconds to the next step, to the end of an acknowledgement."""

    next_after_s = seconds(PACE_BOUNDS["critical"][0])
    ack_expires_s = seconds(PACE_BOUNDS["critical"][1])


class HighPaceIn(Patch):
    """The same for high."""

    next_after_s = seconds(PACE_BOUNDS["high"][0])
    ack_expires_s = seconds(PACE_BOUNDS["high"][1])


class LadderIn(Patch):
    """The pace of both paging tiers; what is left out stays."""

    critical = fields.Nested(CriticalPaceIn)
    high = fields.Nested(HighPaceIn)


class ClinicIn(Patch):
    """What an administrator changes; "" takes `phone` or `monitoring_text` away as null does."""

    name = visible_name()
    timezone = text(64)
    country = text(2)
    phone = text(50, allow_none=True)
    staffed = fields.List(
        fields.Nested(StaffedIn), allow_none=True, validate=validate.Length(max=MAX_ENTRIES)
    )
    holidays = fields.List(Day(), allow_none=True, validate=validate.Length(max=MAX_HOLIDAYS))
    monitoring_text = text(2000, allow_none=True)
    cssrs_texts = fields.Dict(
        keys=fields.String(validate=validate.OneOf(CSSRS_LINK_IDS)),
        values=text(1000, least=1),
        allow_none=True,
    )
    language = language_code(allow_none=True)
    second_factor = fields.String(validate=validate.OneOf(SECOND_FACTOR))
    ladder = fields.Nested(LadderIn)


class PaceOut(Schema):
    """Seconds to the next step, and to the end of an acknowledgement."""

    next_after_s = fields.Integer(required=True)
    ack_expires_s = fields.Integer(required=True)


class LadderOut(Schema):
    """The pace of both paging tiers."""

    critical = fields.Nested(PaceOut, required=True)
    high = fields.Nested(PaceOut, required=True)


class StaffedOut(Schema):
    """Weekly hours."""

    days = fields.List(fields.String(validate=validate.OneOf(DAYS)), required=True)
    from_ = fields.String(required=True, data_key="from")
    to = fields.String(required=True)


class ClinicOut(Schema):
    """The clinic's settings."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    timezone = fields.String(required=True)
    country = fields.String(required=True)
    phone = fields.String(required=True, allow_none=True)
    staffed = fields.List(fields.Nested(StaffedOut), required=True)
    holidays = fields.List(fields.Date(), required=True)
    monitoring_text = fields.String(required=True, allow_none=True)
    cssrs_texts = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    language = language_code(required=True, allow_none=True)
    second_factor = fields.String(required=True, validate=validate.OneOf(SECOND_FACTOR))
    ladder = fields.Nested(LadderOut, required=True)


class ContactIn(Strict):
    """A `mailto:` address; webhooks are added by the operator on the command line."""

    address = text(300, required=True)


class ContactMessageOut(LastMessageOut):
    """The newest page or test page to a contact; `reason`: why it failed, a stable word."""

    reason = fields.String(required=True, allow_none=True)


class ContactOut(Schema):
    """One link of the alert chain. Only administrators see where a webhook points."""

    id = fields.UUID(required=True)
    position = fields.Integer(required=True)
    channel = one_of(CHAIN_CHANNELS, required=True)
    address = fields.String(required=True, allow_none=True)
    last_resort = fields.Boolean(required=True)
    last_message = fields.Nested(ContactMessageOut, required=True, allow_none=True)


class ReviewIn(Strict):
    """Who read which version of the texts; somebody who speaks the language."""

    name = visible_name(required=True)
    version = text(50, required=True)


class ReviewOut(Schema):
    """A clinic's review; of another version than the present one it does not count."""

    name = fields.String(required=True)
    version = fields.String(required=True)
    by = fields.UUID(required=True, metadata={"description": "the account that entered it"})
    at = fields.AwareDateTime(required=True)


class LanguageOut(Schema):
    """One language. Until `is_reviewed` the English words stand below its own."""

    language = language_code(required=True)
    name = fields.String(required=True)
    version = fields.String(required=True)
    is_reviewed = fields.Boolean(required=True)
    review = fields.Nested(ReviewOut, required=True, allow_none=True)


class LanguageTextsOut(LanguageOut):
    """All its texts as mappings, the English ones of the same keys beside them."""

    texts = fields.Dict(keys=fields.String(), required=True)
    english = fields.Dict(keys=fields.String(), required=True)
