"""The wire of the call with which an app starts."""

from __future__ import annotations

from typing import Any, Final

from marshmallow import Schema, fields, post_load, validate

from schemas.accounts import MeOut
from schemas.base import Instant, Strict
from schemas.phone.due import DueItemOut
from schemas.phone.instruments import InstrumentOut
from schemas.privacy.consent import ConsentStandingOut
from schemas.problems import SafetyOut

HAVE_LIMIT: Final = 2_000
PAIR: Final = "[a-z0-9-]{1,40}:[0-9a-f]{1,64}"


class BootstrapQuery(Strict):
    """`GET /v1/bootstrap`: what the phone has."""

    have = fields.String(
        validate=[
            validate.Length(max=HAVE_LIMIT),
            validate.Regexp(f"^({PAIR}(,{PAIR})*)?$", error="Must be code:hash, by commas."),
        ],
        load_default=None,
    )

    @post_load
    def by_code(self, data: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        """The hash of each code."""
        given = data["have"]
        pairs = [] if not given else [one.partition(":") for one in given.split(",")]
        return {"have": None if given is None else {code: tag for code, _, tag in pairs}}


class OwnClinicOut(Schema):
    """The clinic as its patients know it."""

    name = fields.String(required=True)
    phone = fields.String(required=True, allow_none=True)
    timezone = fields.String(required=True)
    country = fields.String(required=True, metadata={"description": "ISO 3166-1, two letters"})


class KeptInstrumentOut(Schema):
    """One questionnaire; `content` is null when `have` named this hash."""

    code = fields.String(required=True)
    version = fields.String(required=True)
    hash = fields.String(
        required=True,
        metadata={"description": "names the content, the clinic's own wording included"},
    )
    content = fields.Nested(
        InstrumentOut,
        required=True,
        allow_none=True,
        metadata={"description": "the questionnaire; null: the phone has it"},
    )


class OfflineCardOut(Schema):
    """What to show on any urgent answer or call for help that cannot be sent now. Keep it until
    another `version` comes.
    """

    version = fields.String(required=True)
    card = fields.Nested(
        SafetyOut,
        required=True,
        metadata={"description": "as an urgent answer carries it; it says that nothing arrived"},
    )


class RemindedOut(Schema):
    """An item of `due`: the one with this instrument that opens then."""

    instrument = fields.String(required=True)
    opens_at = Instant(required=True)


class ReminderOut(Schema):
    """One reminder: show it from `at` to just before `until_at`, and take it back when all that it
    is `about` is answered.
    """

    at = Instant(required=True, metadata={"description": "show it then"})
    until_at = Instant(required=True, metadata={"description": "from then on it is too late"})
    about = fields.List(
        fields.Nested(RemindedOut), required=True, metadata={"description": "what is due"}
    )


class ReminderPlanOut(Schema):
    """The patient's plan, on their wall clock and without their quiet hours. An app whose device is
    registered (`PUT /v1/me/devices/{device_id}`) is sent them and shows none by itself.
    """

    title = fields.String(required=True, metadata={"description": "what a reminder says first"})
    body = fields.String(required=True, metadata={"description": "what it says below"})
    plan = fields.List(
        fields.Nested(ReminderOut),
        required=True,
        metadata={"description": "of today's mood day and later, ascending"},
    )


class BootstrapOut(Schema):
    """All that an app needs to start, and to go on without a network. Ask again at `fresh_until`
    at the latest: what is due changes with the clock.
    """

    profile = fields.Nested(MeOut, required=True, metadata={"description": "as `/v1/me` has it"})
    clinic = fields.Nested(
        OwnClinicOut, required=True, metadata={"description": "whose patient it is"}
    )
    consent = fields.Nested(
        ConsentStandingOut,
        required=True,
        metadata={"description": "what the patient agreed to; the text: `GET /v1/consents`"},
    )
    due = fields.List(
        fields.Nested(DueItemOut),
        required=True,
        metadata={
            "description": "from 3 days before the beginning of today's mood day to 14 days after"
            " it, by `opens_at`"
        },
    )
    driving_restriction_until = Instant(
        required=True,
        allow_none=True,
        metadata={"description": "no driving before then; null when no restriction holds now"},
    )
    reminders = fields.Nested(
        ReminderPlanOut,
        required=True,
        metadata={"description": "for an app that reminds by itself"},
    )
    fresh_until = Instant(
        required=True, metadata={"description": "until then only the patient's data change this"}
    )
    instruments = fields.List(
        fields.Nested(KeptInstrumentOut),
        required=True,
        metadata={"description": "all questionnaires, by code"},
    )
    crisis_card = fields.Nested(
        OfflineCardOut, required=True, metadata={"description": "to be kept for offline use"}
    )
    minimum_app_version = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "An older app (header `Interlude-App-Version`) is answered 426 but where"
            " an urgent answer may come; null: all are taken"
        },
    )
