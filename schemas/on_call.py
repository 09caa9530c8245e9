"""The wire of schedules, shifts, overrides and calendar links."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from models.on_call.foresight import FINDINGS
from models.on_call.policy import CLIMBING
from models.on_call.schedule import ROTATIONS
from schemas.base import (
    Instant,
    PageQuery,
    Patch,
    Strict,
    answers_to,
    one_of,
    page_of,
    text,
    whole,
)
from schemas.base import name as visible_name

MAX_MEMBERS: Final = 50
LONGEST_TURN: Final = 336
MAX_STEPS: Final = 20
MAX_TARGETS: Final = 20
# What staff enter; the third kind is what a deactivated account leaves.
ENTERED: Final = ("cover", "away")
HANDOVER: Final = "Wall clock, such as `08:00`; of weeks with its day, such as `mon 08:00`."


def members(*, required: bool = False) -> fields.List[UUID]:
    """Accounts in the order of their turns."""
    return fields.List(fields.UUID(), required=required, validate=validate.Length(max=MAX_MEMBERS))


class RotationIn(Strict):
    """Whose turn lasts how long, and when it is handed over."""

    kind = one_of(ROTATIONS, required=True)
    length = whole(1, LONGEST_TURN, required=True)
    handover = text(9, required=True, metadata={"description": HANDOVER})
    members = members(required=True)


class RotationPatchIn(Patch):
    """The same, changed; what is left out stays."""

    kind = one_of(ROTATIONS)
    length = whole(1, LONGEST_TURN)
    handover = text(9, metadata={"description": HANDOVER})
    members = members()


class ScheduleIn(Strict):
    """A new schedule, in force from `from_at` (default now)."""

    name = visible_name(required=True)
    timezone = text(64, required=True)
    rotation = fields.Nested(RotationIn, required=True)
    from_at = Instant()


class SchedulePatchIn(Patch):
    """A change from `from_at` on (default now)."""

    name = visible_name()
    timezone = text(64)
    rotation = fields.Nested(RotationPatchIn)
    from_at = Instant()


class RotationOut(Schema):
    """Turns, and the members in their order."""

    kind = one_of(ROTATIONS, required=True)
    length = fields.Integer(required=True)
    handover = fields.String(required=True, metadata={"description": HANDOVER})
    members = fields.List(fields.UUID(), required=True)


class InForceOut(Schema):
    """A rotation and from when it is in force."""

    timezone = fields.String(required=True)
    rotation = fields.Nested(RotationOut, required=True)
    from_at = Instant(required=True)


class ScheduleOut(InForceOut):
    """A schedule: what is in force now (or will be first), and what is planned."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    planned = fields.List(fields.Nested(InForceOut), required=True)
    created_at = Instant(required=True)


class SpanQuery(PageQuery):
    """A span, 28 days from now when it is left out, at most 400 days."""

    from_ = Instant(data_key="from", attribute="from_at", load_default=None)
    to = Instant(attribute="to_at", load_default=None)


class AtQuery(Strict):
    """An instant, now when it is left out."""

    at = Instant(load_default=None)


class ShiftOut(Schema):
    """Somebody is on call until (not including) `to_at`."""

    user_id = fields.UUID(required=True)
    name = fields.String(required=True)
    from_at = Instant(required=True)
    to_at = Instant(required=True)
    source = one_of(("rotation", "override"), required=True)


class GapOut(Schema):
    """A span in which nobody is on call."""

    schedule_id = fields.UUID(required=True)
    name = fields.String(required=True, metadata={"description": "Of the schedule."})
    from_at = Instant(required=True)
    to_at = Instant(required=True)


class NightFindingOut(Schema):
    """What is wrong with whom the coming nights would page."""

    kind = one_of(FINDINGS, required=True)
    severity = one_of(CLIMBING, required=True, allow_none=True)
    from_at = Instant(required=True)
    to_at = Instant(required=True)
    words = fields.String(required=True, metadata={"description": "Of the clinic's clock."})


class CoverageOut(page_of(GapOut)):  # type: ignore[misc] # made of a schema
    """The gaps of a span; `findings` are of the coming nights, whatever the span."""

    findings = fields.List(fields.Nested(NightFindingOut), required=True)


class OnCallOut(Schema):
    """Of one schedule: who is on call and who is next; null: nobody."""

    schedule_id = fields.UUID(required=True)
    name = fields.String(required=True)
    now = fields.Nested(ShiftOut, required=True, allow_none=True)
    next = fields.Nested(ShiftOut, required=True, allow_none=True)


class OnCallNowOut(Schema):
    """All schedules of the clinic at an instant."""

    at = Instant(required=True)
    items = fields.List(fields.Nested(OnCallOut), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class OverrideIn(Strict):
    """Somebody covers a span, or is away: then whoever follows in the rotation takes it."""

    user_id = fields.UUID(required=True)
    kind = one_of(ENTERED, load_default="cover")
    from_at = Instant(required=True)
    to_at = Instant(required=True)
    reason = text(500)


@answers_to(OverrideIn)
class OverrideOut(Schema):
    """An override; `left`: the account was deactivated, and its turns are nobody's."""

    id = fields.UUID(required=True)
    schedule_id = fields.UUID(required=True)
    name = fields.String(required=True)
    kind = one_of((*ENTERED, "left"), required=True)
    to_at = Instant(required=True, allow_none=True)
    created_by = fields.UUID(required=True)
    created_at = Instant(required=True)


class NewOverrideOut(OverrideOut):
    """With the gaps that are left in its span."""

    gaps = fields.List(fields.Nested(GapOut), required=True)


class CalendarLinkOut(Schema):
    """A link to a schedule's calendar."""

    id = fields.UUID(required=True)
    schedule_id = fields.UUID(required=True)
    user_id = fields.UUID(required=True)
    created_at = Instant(required=True)


class NewCalendarLinkOut(CalendarLinkOut):
    """With its address, shown this once: whoever has it reads the calendar."""

    url = fields.String(required=True)


class TargetIn(Strict):
    """Exactly one: whoever is on call in a schedule, a person, or everybody."""

    schedule_id = fields.UUID()
    user_id = fields.UUID()
    everyone = fields.Boolean(truthy={True}, falsy={False})

    @validates_schema
    def names_one(self, target: Mapping[str, Any], **_kwargs: Any) -> None:
        """Refuse none, and two at once."""
        if sum(bool(value) for value in target.values()) != 1:
            raise ValidationError("Exactly one of schedule_id, user_id and everyone: true.")


class PolicyStepIn(Strict):
    """Whom a step pages, and how many seconds it waits before the next."""

    delay_s = whole(0, 86_400, required=True)
    targets = fields.List(
        fields.Nested(TargetIn), required=True, validate=validate.Length(1, MAX_TARGETS)
    )


class PolicyIn(Strict):
    """The steps in their order; none: the contact chain is the policy. Always repeated until
    somebody acknowledges.
    """

    steps = fields.List(
        fields.Nested(PolicyStepIn), required=True, validate=validate.Length(max=MAX_STEPS)
    )
    repeat = fields.Boolean(
        truthy={True},
        falsy={False},
        load_default=True,
        validate=validate.Equal(True, error="An alert pages until somebody acknowledges it."),
    )


class TargetOut(Schema):
    """One of these."""

    schedule_id = fields.UUID()
    user_id = fields.UUID()
    everyone = fields.Boolean()


class PolicyStepOut(Schema):
    """A step."""

    delay_s = fields.Integer(required=True)
    targets = fields.List(fields.Nested(TargetOut), required=True)


class PolicyOut(Schema):
    """The policy of a severity; after its last step comes the last resort, always."""

    severity = one_of(CLIMBING, required=True)
    steps = fields.List(fields.Nested(PolicyStepOut), required=True)
    repeat = fields.Boolean(required=True)
    source = one_of(("policy", "contact_chain"), required=True)
