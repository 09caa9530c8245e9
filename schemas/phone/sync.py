"""The wire of a sync: items of several kinds, and a result for each."""

from __future__ import annotations

from typing import Any, Final

from marshmallow import Schema, fields, validate

from schemas.base import Strict
from schemas.phone.check_ins import AmendIn, CheckInIn, HelpRequestIn
from schemas.phone.side_effects import SideEffectsAmendIn, SideEffectsIn
from schemas.problems import ProblemSchema

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
RECORDS: Final = ("CheckInOut", "SideEffectsOut", "HelpRequestOut")


def one_of_schemas(*names: str) -> dict[str, Any]:
    """One of these schemas, as the document says it."""
    return {"oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in names]}


class SyncIn(Strict):
    """`POST /v1/sync`. What one item gets wrong is its own result."""

    items = fields.List(
        fields.Raw(
            allow_none=True,
            metadata=one_of_schemas(*(schema.__name__ for schema in ITEMS.values())),
        ),
        required=True,
        validate=validate.Length(max=MAX_ITEMS),
    )


class SyncResultOut(Schema):
    """What the single call would have answered: `status` and its body, as `record` (200, 201) or
    as `problem`.
    """

    id = fields.UUID(
        required=True, allow_none=True, metadata={"description": "null when it cannot be read"}
    )
    status = fields.Integer(required=True)
    record = fields.Raw(metadata=one_of_schemas(*RECORDS))
    problem = fields.Nested(ProblemSchema)


class SyncOut(Schema):
    """The results, in the order of the items."""

    results = fields.List(fields.Nested(SyncResultOut), required=True)
