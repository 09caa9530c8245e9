"""The problem document (RFC 9457) that every refusal answers with."""

from __future__ import annotations

from marshmallow import INCLUDE, Schema, fields


class ProblemSchema(Schema):
    """What went wrong. Clients branch on `code`, which is stable; the words are for people.

    `errors`, of a 422: JSON path of a field -> what is wrong with it. `stored`, of a 409
    `content_conflict`: the caller's own record. `factors`, of a 401
    `second_factor_required`. `clinics`, of a 409 `choose_clinic`: `{id, name}` of those whose
    account the password fits. `safety`, on crisis routes: the card to show at once.
    """

    class Meta:
        unknown = INCLUDE

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    code = fields.String(required=True)
    errors = fields.Dict(keys=fields.String(), values=fields.List(fields.String()))
    stored = fields.Dict()
    factors = fields.List(fields.String())
    clinics = fields.List(fields.Dict())
    safety = fields.Dict()
