"""The wire of what has changed since a phone last asked."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from schemas.base import PageQuery
from schemas.phone.sync import RECORDS, one_of_schemas

KINDS = ("check_in", "side_effects", "help_request")


class ChangesQuery(PageQuery):
    """`GET /v1/changes`: from where on, and about how many at once."""


class ChangeOut(Schema):
    """An entry as it is now (`upsert`, with its record), or an id that is no current one any more
    (`delete`): another version stands in its place.
    """

    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    id = fields.UUID(required=True)
    op = fields.String(required=True, validate=validate.OneOf(("upsert", "delete")))
    record = fields.Raw(metadata=one_of_schemas(*RECORDS))


class ChangesOut(Schema):
    """The changes in their order; `next_cursor` is where to go on, now or later."""

    items = fields.List(fields.Nested(ChangeOut), required=True)
    next_cursor = fields.String(required=True)
