"""The wire of the own second factor."""

from __future__ import annotations

from marshmallow import Schema, fields

from models.people.clinic import SECOND_FACTOR
from schemas.accounts import CODE_LIMIT, PASSWORD_LIMIT, TOTP_LIMIT, passkey_answer
from schemas.base import Instant, Strict, name, one_of, text


class TotpOut(Schema):
    """What the own account is asked besides its password."""

    enabled = fields.Boolean(required=True)
    enabled_at = Instant(required=True, allow_none=True)
    recovery_codes_left = fields.Integer(required=True)
    policy = one_of(SECOND_FACTOR, required=True)


class BothProofsIn(Strict):
    """The password; where a factor is in use one of its too: a code of the app, a passkey's answer,
    or a recovery code.
    """

    password = text(PASSWORD_LIMIT, required=True, load_only=True)
    totp = text(TOTP_LIMIT, load_only=True)
    recovery_code = text(CODE_LIMIT, load_only=True)
    passkey = passkey_answer()


class TotpBegunOut(Schema):
    """A secret that waits for its first code."""

    secret = fields.String(required=True)
    otpauth_uri = fields.String(required=True)


class TotpConfirmIn(Strict):
    """The first code of the new secret."""

    code = text(TOTP_LIMIT, required=True, load_only=True)


class PasskeyOptionsOut(Schema):
    """What the browser asks an authenticator, in the standard's own JSON."""

    public_key = fields.Dict(keys=fields.String(), required=True)


class PasskeyConfirmIn(Strict):
    """What the new authenticator answered, and what its owner calls it."""

    name = name(required=True)
    passkey = passkey_answer(required=True)


class PasskeyOut(Schema):
    """A passkey of the own account."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    added_at = Instant(required=True)
    last_used_at = Instant(required=True, allow_none=True)


class PasskeyAddedOut(PasskeyOut):
    """The new one, and recovery codes, shown this once, where it is the first factor."""

    recovery_codes = fields.List(fields.String(), required=True)


class RecoveryCodesOut(Schema):
    """The recovery codes, shown this once."""

    recovery_codes = fields.List(fields.String(), required=True)
