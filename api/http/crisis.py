"""A refusal never hides danger: what a crisis route adds to a problem document before it leaves."""

from __future__ import annotations

from typing import Any, Final, Literal

import structlog
from flask import Response, g, request

from api.http.auth import on_crisis_route
from api.http.bodies import readable_body
from api.http.problems import RETRY_AFTER_S, is_outage, problem_of, respond
from services.access import Actor
from services.exceptions import OutcomeUnknown, Unauthenticated, Unavailable
from services.intake.refused import Refused, answer_refusal
from services.rules.cards.crisis import generic_card

log = structlog.get_logger()

# 500: a fault of ours in storing an answer must not hide what it says either.
SEARCHED: Final = frozenset({400, 403, 404, 405, 409, 413, 415, 422, 429, 500})
GENERIC_CARD: Final = frozenset({401, 413, 500, 503})
HELP_ROUTE: Final = "/v1/help-requests"


def complete_refusal(
    problem: dict[str, Any], headers: dict[str, str], committed: bool | None = False
) -> Response:
    """Answer a refusal; on a crisis route, look for danger first and add the card.

    `committed` is None when nobody knows whether the request was.
    """
    if not on_crisis_route():
        return respond(problem, headers)
    actor: Actor | None = g.get("actor")
    if problem["status"] in SEARCHED and actor is not None:
        return respond(*_searched(actor, problem, headers))
    return respond(_with_generic_card(problem, committed), headers)


def _searched(
    actor: Actor, problem: dict[str, Any], headers: dict[str, str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Commit an alert for what can be read in the refused request; if that fails, say so."""
    try:
        answered = answer_refusal(actor, _refused(problem), g.now)
    except Unauthenticated as error:
        return _with_generic_card(problem_of(error)), headers
    except Exception as error:  # noqa: BLE001 - the card must go out whatever else is broken
        log.error("refusal_not_searched", kind=type(error).__name__, outage=is_outage(error))
        outage = problem_of(Unavailable())
        committed = None if isinstance(error, OutcomeUnknown) else False
        return _with_generic_card(outage, committed), {"Retry-After": str(RETRY_AFTER_S)}
    if answered is not None:
        return answered, headers
    return _with_generic_card(problem), headers


def _refused(problem: dict[str, Any]) -> Refused:
    return Refused(
        path=request.path,
        body=readable_body(),
        problem=problem,
        asks_for_help=_asks_for_help(),
        check_in_id=(request.view_args or {}).get("check_in_id"),
    )


def _with_generic_card(problem: dict[str, Any], committed: bool | None = False) -> dict[str, Any]:
    """Nothing was committed, or nobody knows: the card says so."""
    if problem["status"] not in GENERIC_CARD:
        return problem
    level: Literal["crisis", "support"] = "crisis" if _asks_for_help() else "support"
    return problem | {"safety": generic_card(committed=committed, level=level, today=g.now.date())}


def _asks_for_help() -> bool:
    return request.path.rstrip("/") == HELP_ROUTE
