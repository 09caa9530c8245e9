"""The wire of the own second factor."""

from __future__ import annotations

from marshmallow import Schema, fields

from models.people.clinic import SECOND_FACTOR
from schemas.accounts import CODE_LIMIT, PASSWORD_LIMIT, TOTP_LIMIT
from schemas.base import Instant, Strict, one_of, text


class TotpOut(Schema):
    """What the own account is asked besides its password."""

    enabled = fields.Boolean(required=True)
    enabled_at = Instant(required=True, allow_none=True)
    recovery_codes_left = fields.Integer(required=True)
    policy = one_of(SECOND_FACTOR, required=True)


class BothProofsIn(Strict):
    """The password; where a factor is in use a code of it too: of the app, or a recovery code."""

    password = text(PASSWORD_LIMIT, required=True, load_only=True)
    totp = text(TOTP_LIMIT, load_only=True)
    recovery_code = text(CODE_LIMIT, load_only=True)


class TotpBegunOut(Schema):
    """A secret that waits for its first code."""

    secret = fields.String(required=True)
    otpauth_uri = fields.String(required=True)


class TotpConfirmIn(Strict):
    """The first code of the new secret."""

    code = text(TOTP_LIMIT, required=True, load_only=True)


class RecoveryCodesOut(Schema):
    """The recovery codes, shown this once."""

    recovery_codes = fields.List(fields.String(), required=True)
