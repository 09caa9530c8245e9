"""What answers a refusal, a fault or an outage: always a problem document."""

from __future__ import annotations

import structlog
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from api.http.crisis import complete_refusal
from api.http.problems import RETRY_AFTER_S, document, is_outage, problem_of, problem_of_http
from services import exceptions as refused

log = structlog.get_logger()


def register_errors(app: Flask) -> None:
    """Every way out is a problem document: no stack trace, no driver message, no patient data.

    Each passes `complete_refusal`, so that a refusal on a crisis route never hides danger.
    """

    @app.errorhandler(refused.ServiceError)
    def refusal(error: refused.ServiceError) -> Response:
        problem = problem_of(error)
        headers = {"WWW-Authenticate": "Bearer"} if problem["status"] == 401 else {}
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
