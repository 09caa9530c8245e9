"""What answers a refusal, a fault or an outage: always a problem document, and one that never hides
danger: on a crisis route it is looked for before the refusal leaves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal

import structlog
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from api.http.auth import on_crisis_route, unverified_patient
from api.http.bodies import raw_body
from api.http.hold import HEADER as HOLD
from api.http.hold import REFUSED_AFTER_S
from api.http.languages import accepted_languages
from api.http.problems import (
    RETRY_AFTER_S,
    document,
    is_outage,
    problem_of,
    problem_of_http,
    respond,
)
from api.observability.losses import unnoticed
from api.observability.metrics import REFUSED_WITH_DANGER
from services import exceptions as refused
from services.access import Actor
from services.exceptions import Unauthenticated, Unavailable
from services.intake.refused import Refused, answer_refusal, note_unverified
from services.rules.cards.crisis import generic_card
from services.rules.danger.body_text import opened
from services.rules.languages.wording import chosen_language, wording
from services.unit_of_work import may_be_committed

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
        if isinstance(error, refused.LoginFailed | refused.WrongFactor):
            headers[HOLD] = str(REFUSED_AFTER_S)
        if isinstance(error, refused.RateLimited):
            headers["Retry-After"] = str(error.retry_after_s)
        if isinstance(error, refused.Unavailable):
            headers["Retry-After"] = str(RETRY_AFTER_S)
        return complete_refusal(problem, headers)

    @app.errorhandler(HTTPException)
    def framework(error: HTTPException) -> Response:
        # What failed outside the view comes as a 500 around it.
        original = getattr(error, "original_exception", None)
        return answer_http(error) if original is None else fault(original)

    @app.errorhandler(Exception)
    def fault(error: Exception) -> Response:
        problem = problem_of_any(error)
        headers = {"Retry-After": str(RETRY_AFTER_S)} if problem["status"] == 503 else {}
        return complete_refusal(problem, headers)


def problem_of_any(error: Exception) -> dict[str, Any]:
    """The document of a refusal, of an outage, or of a fault of ours, which is logged: by its kind
    only, as a driver's message can carry the values of the failed statement.
    """
    if isinstance(error, refused.ServiceError):
        return problem_of(error)
    log.error("request_failed", kind=type(error).__name__, endpoint=request.endpoint)
    if is_outage(error):
        return problem_of(refused.Unavailable())
    return document(500, "internal_error", "Internal error", "Something went wrong.")


def answer_http(error: HTTPException) -> Response:
    """Answer what the framework refused; a wrong method is told the right ones."""
    methods = getattr(error, "valid_methods", None)
    return complete_refusal(
        problem_of_http(error), {"Allow": ", ".join(methods)} if methods else {}
    )


def complete_refusal(problem: dict[str, Any], headers: dict[str, str]) -> Response:
    """Answer a refusal; on a crisis route, look for danger first and add the card.

    What fails after a commit, or where a commit was not answered, is not told that nothing arrived.
    """
    if not on_crisis_route():
        return respond(problem, headers)
    actor: Actor | None = g.get("actor")
    try:
        if problem["status"] in SEARCHED and actor is not None:
            found = searched(
                actor, problem, lambda: _refused(problem), asks_for_help=_asks_for_help()
            )
            retry = {"Retry-After": str(RETRY_AFTER_S)} if found["status"] == 503 else headers
            return respond(found, retry)
    except Unauthenticated as error:
        problem = problem_of(error)
    if problem["status"] == 401:
        return respond(_unverified(problem), headers)
    return respond(_with_generic_card(problem, asks_for_help=_asks_for_help()), headers)


def _unverified(problem: dict[str, Any]) -> dict[str, Any]:
    """A 401 with the generic card, after the search of a request whose token, signed by us, does
    not hold. What was found is on an alert: then nobody says that nothing reached the clinic.
    """
    patient = unverified_patient(g.now)
    if patient is None:
        return _with_generic_card(problem, asks_for_help=_asks_for_help())
    try:
        note_unverified(patient, _refused(problem, sender_verified=False), g.now)
    except Exception as error:  # noqa: BLE001 - the card must go out whatever else is broken
        log.error("refusal_not_searched", kind=type(error).__name__, outage=is_outage(error))
    return _with_generic_card(problem, asks_for_help=_asks_for_help())


def searched(
    actor: Actor, problem: dict[str, Any], what: Callable[[], Refused], *, asks_for_help: bool
) -> dict[str, Any]:
    """Commit an alert for what can be read in what is refused, a request or an item of one; if
    that fails, say so. Raises `Unauthenticated` when the token no longer holds.
    """
    # As it is before anything is looked up, for when no danger is found.
    carded = _with_generic_card(problem, asks_for_help=asks_for_help)
    try:
        answered = answer_refusal(actor, what(), g.now)
    except Unauthenticated:
        raise
    except Exception as error:  # noqa: BLE001 - the card must go out whatever else is broken
        log.error("refusal_not_searched", kind=type(error).__name__, outage=is_outage(error))
        return _with_generic_card(problem_of(Unavailable()), asks_for_help=asks_for_help)
    if answered is None:
        return carded
    with unnoticed("refused_with_danger"):
        REFUSED_WITH_DANGER.inc()
    return answered


def _refused(problem: dict[str, Any], *, sender_verified: bool = True) -> Refused:
    return Refused(
        path=request.path,
        body=opened(raw_body()),
        problem=problem,
        asks_for_help=_asks_for_help(),
        sender_verified=sender_verified,
        check_in_id=(request.view_args or {}).get("check_in_id"),
    )


def _with_generic_card(problem: dict[str, Any], *, asks_for_help: bool) -> dict[str, Any]:
    """Nothing was committed for certain, or nobody knows: the card says so."""
    if problem["status"] not in GENERIC_CARD:
        return problem
    committed = None if may_be_committed() else False
    level: Literal["crisis", "support"] = "crisis" if asks_for_help else "support"
    # No clinic is known, or none can be asked: nobody reviewed the words.
    words = wording(chosen_language(*accepted_languages()), {})
    card = generic_card(committed=committed, level=level, today=g.now.date(), wording=words)
    return problem | {"safety": card}


def _asks_for_help() -> bool:
    return request.path.rstrip("/") == HELP_ROUTE
