"""The wire of accounts: log-in, invitations, the own account, users."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from models.people.account import LOG_IN_KINDS, ROLES
from schemas.base import NOTE_LIMIT, Instant, Patch, Strict, one_of, text
from schemas.base import name as visible_name
from schemas.on_call import GapOut

EMAIL_LIMIT: Final = 254
TOTP_LIMIT: Final = 16
CODE_LIMIT: Final = 64
PASSWORD_LEAST: Final = 10
PASSWORD_LIMIT: Final = 1024
CLOCK: Final = r"^([01][0-9]|2[0-3]):[0-5][0-9]$(?!\n)"
LANGUAGE: Final = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$(?!\n)"
MAX_IN_LIST: Final = 200


def new_password(*, required: bool = False) -> fields.String:
    """A password that is set: 10 to 1024 characters of any kind (NIST SP 800-63B)."""
    return text(PASSWORD_LIMIT, required=required, least=PASSWORD_LEAST, load_only=True)


def roles(*, required: bool = False) -> fields.List[str]:
    """One or more roles; `patient` stands alone."""
    return fields.List(one_of(ROLES), required=required, validate=validate.Length(1, len(ROLES)))


def passkey_answer(*, required: bool = False) -> fields.Dict:
    """What an authenticator answered, as the browser's `toJSON` has it: the standard's members,
    whichever there are.
    """
    return fields.Dict(keys=fields.String(), required=required, load_only=True)


def unknown_indications() -> fields.List[str]:
    """What whoever entered indications is told."""
    words = "indications that the catalogue does not know: no form and no rule follows from them"
    return fields.List(fields.String(), metadata={"description": words})


def clock(**kwargs: Any) -> fields.String:
    """A time on a wall clock."""
    checked = validate.Regexp(CLOCK, error="Not a time such as 22:30.")
    words = {"description": "a time on the wall clock", "example": "22:30"}
    return fields.String(validate=checked, metadata=words, **kwargs)


class QuietHoursIn(Strict):
    """When not to be reminded, on the wall clock of the own zone: from `from` to just before `to`,
    past midnight where `to` is earlier.
    """

    from_ = clock(required=True, data_key="from", attribute="from")
    to = clock(required=True)


class QuietHoursOut(Schema):
    """When not to be reminded, on the wall clock of the own zone."""

    from_ = clock(required=True, data_key="from", attribute="from")
    to = clock(required=True)


class MeOut(Schema):
    """Who somebody is."""

    id = fields.UUID(required=True)
    email = fields.String(required=True)
    name = fields.String(required=True)
    roles = fields.List(one_of(ROLES), required=True)
    clinic_id = fields.UUID(required=True)
    patient_id = fields.UUID(metadata={"description": "Only for a patient."})
    timezone = fields.String(required=True)
    language = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "a BCP 47 tag, as `pt-BR`; null: as each request asks for"},
    )
    quiet_hours = fields.Nested(
        QuietHoursOut,
        required=True,
        allow_none=True,
        metadata={"description": "when not to be reminded; null: from 21:00 to 08:00"},
    )
    must_enrol = fields.Boolean()


class MePatchIn(Patch):
    """What everybody changes of their own account. A `timezone` that nobody knows is the clinic's;
    null takes language and quiet hours back to what is usual.
    """

    language = fields.String(
        allow_none=True,
        metadata={"description": "a BCP 47 tag; null: as each request asks for"},
        validate=validate.Regexp(LANGUAGE, error="Not a language tag such as pt-BR."),
    )
    timezone = text(200, least=1)
    quiet_hours = fields.Nested(
        QuietHoursIn,
        allow_none=True,
        metadata={"description": "when not to be reminded; equal times: never quiet"},
    )


class LoginIn(Strict):
    """E-mail and password; a second factor once the account has one; the clinic where the password
    fits accounts in several.
    """

    email = text(EMAIL_LIMIT, required=True)
    password = text(PASSWORD_LIMIT, required=True, load_only=True)
    totp = text(TOTP_LIMIT, load_only=True)
    recovery_code = text(CODE_LIMIT, load_only=True)
    passkey = passkey_answer()
    clinic_id = fields.UUID()


class PairOut(Schema):
    """A pair of tokens; `expires_in` is of the access token, in seconds."""

    access_token = fields.String(required=True)
    refresh_token = fields.String(required=True)
    expires_in = fields.Integer(required=True)


class LoginOut(PairOut):
    """A pair of tokens and whose they are."""

    user = fields.Nested(MeOut, required=True)


class EmergencyContactIn(Strict):
    """Whom to call for a patient who cannot be reached."""

    name = visible_name(required=True)
    phone = text(50, required=True, least=1)
    relation = text(100, load_default="")


class PatientFieldsIn(Strict):
    """A patient's contact data and what they come with."""

    phone = text(50)
    address = text(1000)
    emergency_contact = fields.Nested(EmergencyContactIn)
    born_on = fields.Date()
    mrn = text(100, least=1)
    indications = fields.List(text(200, least=1), validate=validate.Length(max=MAX_IN_LIST))
    care_team = fields.List(fields.UUID(), validate=validate.Length(max=MAX_IN_LIST))
    risk_at_intake = fields.Boolean(truthy={True}, falsy={False})


class InvitationIn(Strict):
    """Who is invited as what."""

    email = text(EMAIL_LIMIT, required=True)
    name = visible_name(required=True)
    roles = roles(required=True)
    timezone = text(NOTE_LIMIT)  # an unknown name takes the clinic's zone, and refuses nobody
    patient = fields.Nested(PatientFieldsIn)


class DeviceInvitationIn(Strict):
    """Another device of a known patient; `email` for one who has no account yet, or one that nobody
    has used: then it corrects the address.
    """

    end_old_devices = fields.Boolean(truthy={True}, falsy={False}, load_default=False)
    email = text(EMAIL_LIMIT)


class InvitationOut(Schema):
    """The code that staff hand over: one use, until `expires_at`."""

    code = fields.String(required=True)
    expires_at = Instant(required=True)
    user_id = fields.UUID(required=True)
    patient_id = fields.UUID()
    unknown_indications = unknown_indications()


class AcceptIn(Strict):
    """Take an account over. Staff need a password."""

    code = text(100, required=True)
    password = new_password()
    timezone = text(NOTE_LIMIT)  # an unknown name takes the clinic's zone, and refuses nobody
    device_id = text(200)


class ResetIn(Strict):
    """Whose password was forgotten."""

    email = text(EMAIL_LIMIT, required=True)


class ResetOut(Schema):
    """The same for every address: if an account has it, a code is on its way."""

    expires_in = fields.Integer(
        required=True, metadata={"description": "Seconds for which a code can be used."}
    )


class ResetConfirmIn(Strict):
    """The code from the mail, and the new password."""

    code = text(100, required=True, load_only=True)
    password = new_password(required=True)


class ProofIn(Strict):
    """Exactly one: the present password, a code of the authenticator app, a recovery code, or a
    passkey's answer.
    """

    password = text(PASSWORD_LIMIT, load_only=True)
    totp = text(TOTP_LIMIT, load_only=True)
    recovery_code = text(CODE_LIMIT, load_only=True)
    passkey = passkey_answer()

    @validates_schema
    def has_one(self, sent: Mapping[str, Any], **_kwargs: Any) -> None:
        """Refuse none, and two at once."""
        kinds = ("password", "totp", "recovery_code", "passkey")
        proofs = [name for name in kinds if name in sent]
        if len(proofs) != 1:
            words = "Exactly one of password, totp, recovery_code and passkey."
            raise ValidationError(words, proofs[0] if proofs else "password")


class NewAddressIn(ProofIn):
    """Another address for the own account, with the password or a second factor."""

    email = text(EMAIL_LIMIT, required=True)


class NewAddressOut(Schema):
    """The same whoever has the address: a code is on its way to it."""

    expires_in = fields.Integer(
        required=True, metadata={"description": "Seconds for which the code can be used."}
    )


class NewAddressConfirmIn(Strict):
    """The code from the new mailbox."""

    code = text(100, required=True, load_only=True)


class PasswordIn(Strict):
    """Change the own password. Whoever has none yet sends the newest refresh token of this device
    instead of the old one, within an hour of accepting the invitation.
    """

    old_password = text(PASSWORD_LIMIT, load_only=True)
    refresh_token = text(4096, load_only=True)
    new_password = new_password(required=True)


class SessionOut(Schema):
    """One device that is logged in."""

    id = fields.UUID(required=True)
    started_at = Instant(required=True)
    last_used_at = Instant(required=True)
    current = fields.Boolean(required=True)
    kind = one_of(LOG_IN_KINDS, required=True)
    device = fields.String(required=True, allow_none=True)
    by_invitation = fields.Boolean(
        required=True,
        metadata={"description": "It came with a code that staff handed out, not by a log-in."},
    )
    clock_skew_s = fields.Integer(
        required=True,
        allow_none=True,
        metadata={
            "description": "Seconds by which its clock was behind the server's (less than 0: ahead)"
            " when it last sent a check-in with `Interlude-Sent-At`; null: it never did."
        },
    )


class UserOut(Schema):
    """An account of the clinic."""

    id = fields.UUID(required=True)
    email = fields.String(required=True)
    name = fields.String(required=True)
    roles = fields.List(one_of(ROLES), required=True)
    timezone = fields.String(required=True)
    active = fields.Boolean(required=True)
    needs_invitation = fields.Boolean(required=True)
    created_at = Instant(required=True)
    second_factor_at = Instant(
        allow_none=True,
        metadata={
            "description": "Since when the account has a second factor; null: it has none. In the"
            " list, for administrators."
        },
    )
    on_call_gaps = fields.List(
        fields.Nested(GapOut),
        metadata={"description": "Opened in the next 28 days by this deactivation."},
    )


class UserPatchIn(Patch):
    """What an administrator changes."""

    roles = roles()
    active = fields.Boolean(truthy={True}, falsy={False})
