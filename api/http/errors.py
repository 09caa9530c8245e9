"""What answers a refusal, a fault or an outage: always a problem document, and one that never hides
danger: on a crisis route it is looked for before the refusal leaves.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import structlog
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from api.http.auth import on_crisis_route
from api.http.bodies import readable_body
from api.http.hold import HEADER as HOLD
from api.http.hold import REFUSED_AFTER_S
from api.http.problems import (
    RETRY_AFTER_S,
    document,
    is_outage,
    problem_of,
    problem_of_http,
    respond,
)
from services import exceptions as refused
from services.access import Actor
from services.exceptions import OutcomeUnknown, Unauthenticated, Unavailable
from services.intake.refused import Refused, answer_refusal
from services.rules.cards.crisis import generic_card

log = structlog.get_logger()

# 500: a fault of ours in storing an answer must not hide what it says either.
SEARCHED: Final = frozenset({400, 403, 404, 405, 408, 409, 413, 415, 422, 429, 500})
GENERIC_CARD: Final = frozenset({401, 408, 413, 500, 503})
HELP_ROUTE: Final = "/v1/help-requests"


def register_errors(app: Flask) -> None:
    """Every way out is a problem document: no stack trace, no driver message, no patient data.

    Each passes `complete_refusal`, so that a refusal on a crisis route never hides danger.
    """

    @app.errorhandler(refused.ServiceError)
    def refusal(error: refused.ServiceError) -> Response:
        problem = problem_of(error)
        headers = {"WWW-Authenticate": "Bearer"} if problem["status"] == 401 else {}
        if isinstance(error, refused.LoginFailed):
            headers[HOLD] = str(REFUSED_AFTER_S)
        if isinstance(error, refused.RateLimited):
            headers["Retry-After"] = str(error.retry_after_s)
        if isinstance(error, refused.Unavailable):
            headers["Retry-After"] = str(RETRY_AFTER_S)
        committed = None if isinstance(error, refused.OutcomeUnknown) else False
        return complete_refusal(problem, headers, committed)

    @app.errorhandler(HTTPException)
    def framework(error: HTTPException) -> Response:
        return answer_http(error)

    @app.errorhandler(Exception)
    def fault(error: Exception) -> Response:
        # The kind only: a driver's message can carry the values of the failed statement.
        log.error("request_failed", kind=type(error).__name__, endpoint=request.endpoint)
        if is_outage(error):
            outage = problem_of(refused.Unavailable())
            return complete_refusal(outage, {"Retry-After": str(RETRY_AFTER_S)})
        broken = document(500, "internal_error", "Internal error", "Something went wrong.")
        return complete_refusal(broken, {})


def answer_http(error: HTTPException) -> Response:
    """Answer what the framework refused; a wrong method is told the right ones."""
    methods = getattr(error, "valid_methods", None)
    return complete_refusal(
        problem_of_http(error), {"Allow": ", ".join(methods)} if methods else {}
    )


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
