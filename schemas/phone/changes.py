"""The wire of what has changed since a phone last asked."""

from __future__ import annotations

from marshmallow import Schema, fields

from schemas.base import OneOfKinds, PageQuery, one_of
from schemas.phone.check_ins import CheckInOut, HelpRequestOut
from schemas.phone.side_effects import SideEffectsOut
from schemas.phone.sync import of_kind

KINDS = ("check_in", "side_effects", "help_request")


class ChangesQuery(PageQuery):
    """`GET /v1/changes`: from where on, and about how many at once."""


class UpsertOut(Schema):
    """What the upserts share."""

    op = of_kind("upsert")
    id = fields.UUID(required=True)


class CheckInUpsert(UpsertOut):
    """A check-in as it is now."""

    kind = of_kind("check_in")
    record = fields.Nested(CheckInOut, required=True)


class SideEffectsUpsert(UpsertOut):
    """A report of side effects as it is now."""

    kind = of_kind("side_effects")
    record = fields.Nested(SideEffectsOut, required=True)


class HelpRequestUpsert(UpsertOut):
    """A help request as it is now."""

    kind = of_kind("help_request")
    record = fields.Nested(HelpRequestOut, required=True)


class Deletion(Schema):
    """An id that is no current one any more: another version stands in its place."""

    op = of_kind("delete")
    kind = one_of(KINDS, required=True)
    id = fields.UUID(required=True)


class ChangesOut(Schema):
    """The changes in their order; `next_cursor` is where to go on, now or later."""

    items = fields.List(
        OneOfKinds(CheckInUpsert, SideEffectsUpsert, HelpRequestUpsert, Deletion), required=True
    )
    next_cursor = fields.String(required=True)
