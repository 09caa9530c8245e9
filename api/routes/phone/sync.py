"""What a phone has gathered while it was offline: many entries in one request."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from flask import Response, request
from marshmallow import ValidationError

from api.http.audited import record_refused_items
from api.http.auth import crisis_route, current_actor, now
from api.http.bodies import Routes, json_answer
from api.http.errors import problem_of_any, searched
from api.http.problems import RETRY_AFTER_S, flatten
from api.observability.requests import count_synced
from api.routes.phone.check_ins import SENT_AT_HEADER, sent_at
from schemas.phone.sync import ITEMS, SyncIn, SyncOut
from services.access import Actor
from services.exactly_once import FirstAnswer
from services.exceptions import Invalid, ServiceError
from services.intake.check_in import new_amendment, new_check_in
from services.intake.entry import NewEntry
from services.intake.forms import AmendForm, CheckInForm, EffectsAmendment, EffectsForm, HelpForm
from services.intake.help_request import new_help_request
from services.intake.refused import Refused
from services.intake.side_effects import new_effects_amendment, new_side_effects
from services.intake.sync import SyncForm, SyncItem, is_urgent, may_sync, write_items

routes = Routes("sync", __name__, description="Many entries in one request")

SCHEMAS: Final = {kind: schema() for kind, schema in ITEMS.items()}


@routes.writes("/v1/sync", SyncIn, SyncOut)
@crisis_route
@routes.doc(parameters=[SENT_AT_HEADER])
def post_sync(body: dict[str, Any]) -> Response:
    """Store up to 500 entries, each exactly once: a result for each, in their order. Safe to send
    again, whole or in part.
    """
    actor, at, sent = current_actor(), now(), sent_at()
    may_sync(actor, at)
    raws: list[Any] = body["items"]
    results: dict[int, dict[str, Any]] = {}
    items: dict[int, SyncItem] = {}
    for place, raw in enumerate(raws):
        try:
            items[place] = _read(raw, actor, sent, at)
        except ServiceError as refusal:
            results[place] = _refused(raw, actor, refusal)
    answers = write_items(actor, list(items.values()), at)
    for place, answer in zip(items, answers, strict=True):
        results[place] = _result(raws[place], actor, answer)
    record_refused_items(
        actor, [(one["status"], _named(raws[place])) for place, one in results.items()]
    )
    count_synced((one["type"], one["status"]) for one in results.values())
    response = json_answer({"results": [results[place] for place in range(len(raws))]})
    if any(one["status"] == 503 for one in results.values()):
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response


def _read(raw: Any, actor: Actor, sent: datetime | None, at: datetime) -> SyncItem:
    """What the single call reads; raises `Invalid` as it does."""
    kind = _field(raw, "type")
    schema = SCHEMAS.get(kind) if isinstance(kind, str) else None
    if schema is None:
        raise Invalid({"type": [f"Must be one of: {', '.join(ITEMS)}."]})
    try:
        fields: dict[str, Any] = schema.load(raw)
    except ValidationError as error:
        raise Invalid(flatten({"json": error.messages_dict})) from error
    del fields["type"]
    of: UUID | None = fields.pop("of", None)
    form, new = _entry(str(kind), of or UUID(int=0), fields, actor, sent, at)
    return SyncItem(form.id, of, is_urgent(form), new)


def _entry(
    kind: str, of: UUID, fields: dict[str, Any], actor: Actor, sent: datetime | None, at: datetime
) -> tuple[SyncForm, NewEntry]:
    """Through the use case of the single call."""
    match kind:
        case "check_in":
            check_in = CheckInForm(**fields)
            return check_in, new_check_in(actor, check_in, sent, at)
        case "check_in_amendment":
            amendment = AmendForm(**fields)
            return amendment, new_amendment(actor, of, amendment, sent, at)
        case "side_effects":
            report = EffectsForm(**fields)
            return report, new_side_effects(actor, report, sent, at)
        case "side_effects_amendment":
            corrected = EffectsAmendment(**fields)
            return corrected, new_effects_amendment(actor, of, corrected, sent, at)
    asked = HelpForm(**fields)
    return asked, new_help_request(actor, asked, sent, at)


def _result(raw: Any, actor: Actor, answer: FirstAnswer | Exception) -> dict[str, Any]:
    if isinstance(answer, Exception):
        return _refused(raw, actor, answer)
    record = orjson.Fragment(answer.body)
    return {**_named_item(raw), "status": answer.status, "record": record}


def _refused(raw: Any, actor: Actor, error: Exception) -> dict[str, Any]:
    """As the single call is refused: danger in it is looked for first."""
    kind, problem = _field(raw, "type"), problem_of_any(error)
    asks_for_help = kind == "help_request"

    def what() -> Refused:
        return Refused(
            path=request.path,
            body=json.dumps(raw).encode(),  # takes what is nested too deeply for orjson
            problem=problem,
            asks_for_help=asks_for_help,
            check_in_id=_uuid(_field(raw, "of")) if kind == "check_in_amendment" else None,
        )

    answered = searched(actor, problem, what, asks_for_help=asks_for_help)
    return {**_named_item(raw), "status": answered["status"], "problem": answered}


def _named_item(raw: Any) -> dict[str, Any]:
    """Which item a result is of: null what cannot be read, nothing of the client's own words."""
    kind = _field(raw, "type")
    known = kind if isinstance(kind, str) and kind in ITEMS else None
    return {"id": _uuid(_field(raw, "id")), "type": known}


def _named(raw: Any) -> list[UUID]:
    amended = _uuid(_field(raw, "of"))
    return [] if amended is None else [amended]


def _field(raw: Any, name: str) -> Any:
    return raw.get(name) if isinstance(raw, Mapping) else None


def _uuid(value: Any) -> UUID | None:
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None
