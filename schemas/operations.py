"""What the operators' probes answer. No patient data, no ids: words, counts and seconds."""

from __future__ import annotations

from copy import copy
from typing import Any, Final

from marshmallow import Schema, fields, validate

from schemas.problems import ProblemSchema


class AliveSchema(Schema):
    """The process answers."""

    status = fields.Constant("alive", required=True)


class ReadySchema(Schema):
    """The database answers and is at the revision that this version needs."""

    status = fields.Constant("ready", required=True)
    revision = fields.String(required=True)


class RulesSchema(Schema):
    """The rule set that decides, and rule files on disk that would not load (the last good set
    stays).
    """

    version = fields.String(required=True)
    unloadable = fields.List(fields.String(), required=True)


class SafetySchema(Schema):
    """Ages in seconds; null where nothing waits. `late` names what turns the answer into 503."""

    late = fields.List(fields.String(), required=True)
    unsent_pages = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    oldest_unsent_s = fields.Dict(keys=fields.String(), values=fields.Float(), required=True)
    late_pages = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    undeliverable_pages = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    worker_seen_s = fields.Float(required=True, allow_none=True)
    worker_faults = fields.List(fields.String(), required=True)
    oldest_letter_s = fields.Float(required=True, allow_none=True)
    oldest_unacknowledged_critical_s = fields.Float(required=True, allow_none=True)
    critical_step_overdue_s = fields.Float(required=True, allow_none=True)
    auditor_seen_s = fields.Float(required=True, allow_none=True)
    auditor_findings = fields.Integer(required=True)
    auditor_faults = fields.List(fields.String(), required=True)
    rules = fields.Nested(RulesSchema, required=True)


def _perhaps(field: fields.Field[Any]) -> fields.Field[Any]:
    left_out = copy(field)
    left_out.required = False
    return left_out


class NotSafe(ProblemSchema):
    """503: why, in words, and the figures where the database could be asked for them."""

    status = fields.Integer(required=True, validate=validate.Equal(503))
    code = fields.String(required=True, validate=validate.Equal("unavailable"))


FIGURES: Final = {name: _perhaps(field) for name, field in SafetySchema._declared_fields.items()}
SafetyProblem = NotSafe.from_dict(FIGURES, name="SafetyProblem")
SafetyProblem.__doc__ = NotSafe.__doc__
