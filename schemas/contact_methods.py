"""The wire of contact methods."""

from __future__ import annotations

from typing import Final

from marshmallow import Schema, fields, validate

from models.alerts.contact_method import METHOD_KINDS
from models.alerts.notification import NOTIFICATION_STATES
from schemas.base import Instant, Strict, one_of, text

ADDRESS_LIMIT: Final = 4000
MOST_NAMED: Final = 100


class MethodIn(Strict):
    """A mail address, a phone number with its country code, a URL, a browser's subscription."""

    kind = one_of(METHOD_KINDS, required=True)
    address = text(ADDRESS_LIMIT, required=True, least=1, load_only=True)


class PagerIn(Strict):
    """What an administrator adds for somebody: an Apprise URL of a service that is known."""

    kind = one_of(("apprise",), required=True)
    address = text(ADDRESS_LIMIT, required=True, least=1, load_only=True)


class MethodOrderIn(Strict):
    """All of a person's methods, the first to be tried first."""

    method_ids = fields.List(fields.UUID(), required=True, validate=validate.Length(max=MOST_NAMED))


class MethodCodeIn(Strict):
    """The code that came to the address."""

    code = text(100, required=True, load_only=True)


class LastMessageOut(Schema):
    """The newest page, test page or code by the method. `sent`: somebody on the way took it;
    `delivered`: the receiver has it.
    """

    state = one_of(NOTIFICATION_STATES, required=True)
    at = Instant(required=True)


class MethodOut(Schema):
    """One way to reach a member of staff. `address` is cut short: the whole is a secret.

    `verified_at`: the code came back, and pages go there. `confirmed_at`: when it was last known
    that something had arrived. `failing_since`: it refuses for good, and comes last.
    """

    id = fields.UUID(required=True)
    kind = one_of(METHOD_KINDS, required=True)
    address = fields.String(required=True)
    created_at = Instant(required=True)
    verified_at = Instant(required=True, allow_none=True)
    confirmed_at = Instant(required=True, allow_none=True)
    failing_since = Instant(required=True, allow_none=True)
    failing_reason = fields.String(required=True, allow_none=True)
    last_message = fields.Nested(LastMessageOut, required=True, allow_none=True)


class NewMethodOut(MethodOut):
    """The method just added."""

    signing_secret = fields.String(
        metadata={"description": "Only of a webhook, and only this once."}
    )


class SentPageOut(Schema):
    """The test page is on its way."""

    notification_id = fields.UUID(required=True)


class PushKeyOut(Schema):
    """The key by which push services know this installation."""

    public_key = fields.String(required=True)
