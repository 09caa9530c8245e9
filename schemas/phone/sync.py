"""The wire of a sync: items of several kinds, and a result for each."""

from __future__ import annotations

from typing import Final

from marshmallow import Schema, fields, validate

from schemas.base import OneOfKinds, Strict, one_of
from schemas.phone.check_ins import (
    AmendIn,
    CheckInIn,
    CheckInOut,
    HelpRequestIn,
    HelpRequestOut,
    ReceiptOut,
)
from schemas.phone.refused import EntryProblem
from schemas.phone.side_effects import SideEffectsAmendIn, SideEffectsIn, SideEffectsOut

MAX_ITEMS: Final = 500


def of_kind(kind: str) -> fields.String:
    """The field that says which kind of item it is."""
    return fields.String(required=True, validate=validate.Equal(kind))


def amended() -> fields.UUID:
    """Which entry an item amends."""
    words = "the id of any of its versions; the entry itself may come in the same request"
    return fields.UUID(required=True, metadata={"description": words})


class SyncCheckIn(CheckInIn):
    """A check-in, as `POST /v1/check-ins` takes it."""

    type = of_kind("check_in")


class SyncCheckInAmendment(AmendIn):
    """An amendment of a check-in, as `POST /v1/check-ins/{id}/amend` takes it."""

    type = of_kind("check_in_amendment")
    of = amended()


class SyncSideEffects(SideEffectsIn):
    """A report of side effects, as `POST /v1/side-effects` takes it."""

    type = of_kind("side_effects")


class SyncSideEffectsAmendment(SideEffectsAmendIn):
    """An amendment of a report, as `POST /v1/side-effects/{id}/amend` takes it."""

    type = of_kind("side_effects_amendment")
    of = amended()


class SyncHelpRequest(HelpRequestIn):
    """A help request, as `POST /v1/help-requests` takes it."""

    type = of_kind("help_request")


ITEMS: Final[dict[str, type[Strict]]] = {
    "check_in": SyncCheckIn,
    "check_in_amendment": SyncCheckInAmendment,
    "side_effects": SyncSideEffects,
    "side_effects_amendment": SyncSideEffectsAmendment,
    "help_request": SyncHelpRequest,
}
STORED: Final = (200, 201)
# What a single call can be refused with, and a fault of ours.
REFUSED: Final = (403, 404, 409, 422, 500, 503)


class SyncIn(Strict):
    """`POST /v1/sync`. What one item gets wrong is its own result."""

    items = fields.List(
        OneOfKinds(*ITEMS.values(), by="type", allow_none=True),
        required=True,
        validate=validate.Length(max=MAX_ITEMS),
    )


class SyncStoredCheckIn(Schema):
    """A check-in or its amendment is stored: 201 now, 200 before."""

    id = fields.UUID(required=True)
    type = one_of(("check_in", "check_in_amendment"), required=True)
    status = fields.Integer(required=True, validate=validate.OneOf(STORED))
    record = OneOfKinds(CheckInOut, ReceiptOut, required=True)


class SyncStoredSideEffects(Schema):
    """A report of side effects or its amendment is stored: 201 now, 200 before."""

    id = fields.UUID(required=True)
    type = one_of(("side_effects", "side_effects_amendment"), required=True)
    status = fields.Integer(required=True, validate=validate.OneOf(STORED))
    record = OneOfKinds(SideEffectsOut, ReceiptOut, required=True)


class SyncStoredHelpRequest(Schema):
    """A help request is stored: 201 now, 200 before."""

    id = fields.UUID(required=True)
    type = of_kind("help_request")
    status = fields.Integer(required=True, validate=validate.OneOf(STORED))
    record = OneOfKinds(HelpRequestOut, ReceiptOut, required=True)


class SyncRefused(Schema):
    """What the single call would have been refused with; `id` and `type` are null when they cannot
    be read.
    """

    id = fields.UUID(required=True, allow_none=True)
    type = one_of(tuple(ITEMS), required=True, allow_none=True)
    status = fields.Integer(required=True, validate=validate.OneOf(REFUSED))
    problem = fields.Nested(EntryProblem, required=True)


class SyncOut(Schema):
    """The results, in the order of the items."""

    results = fields.List(
        OneOfKinds(SyncStoredCheckIn, SyncStoredSideEffects, SyncStoredHelpRequest, SyncRefused),
        required=True,
    )
