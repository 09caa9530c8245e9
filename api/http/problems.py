"""The one table from refusals to problem documents (RFC 9457)."""

from __future__ import annotations

from typing import Any, Final

from flask import Response, current_app
from psycopg.errors import IdleInTransactionSessionTimeout, ReadOnlySqlTransaction
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from services import exceptions as refused

MAX_FIELDS: Final = 50
PATH_LIMIT: Final = 200
MORE: Final = "More fields are not valid; the first ones are named."
MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER_S: Final = 5

# exception: (status, code, title)
TABLE: Final[dict[type[refused.ServiceError], tuple[int, str, str]]] = {
    refused.SecondFactorRequired: (401, "second_factor_required", "Second factor required"),
    refused.TokenExpired: (401, "token_expired", "Token expired"),
    refused.Unauthenticated: (401, "unauthenticated", "Not authenticated"),
    refused.NotFollowed: (403, "not_followed", "Answers are no longer read"),
    refused.Forbidden: (403, "forbidden", "Forbidden"),
    refused.NotFound: (404, "not_found", "Not found"),
    refused.ChooseClinic: (409, "choose_clinic", "Choose a clinic"),
    refused.ContentConflict: (409, "content_conflict", "Id known with other content"),
    refused.IdTaken: (409, "id_taken", "Id taken"),
    refused.DrillRunning: (409, "drill_running", "Drill running"),
    refused.AlreadyResolved: (409, "already_resolved", "Already resolved"),
    refused.InvitationInvalid: (409, "invitation_invalid", "Invitation invalid"),
    refused.OpenAlertExists: (409, "open_alert", "Safety alert open"),
    refused.LastAdmin: (409, "last_admin", "Last administrator"),
    refused.AdultsOnly: (422, "adults_only", "Adults only"),
    refused.Invalid: (422, "validation_failed", "Validation failed"),
    refused.AppTooOld: (426, "app_too_old", "App too old"),
    refused.RateLimited: (429, "rate_limited", "Too many attempts"),
    refused.Unavailable: (503, "unavailable", "Temporarily unavailable"),
}

# what the framework raises: status -> (code, title, detail)
FRAMEWORK: Final[dict[int, tuple[str, str, str]]] = {
    400: ("malformed_json", "Malformed JSON", "The body is not JSON in UTF-8 with each key once."),
    404: ("not_found", "Not found", "There is nothing here that you may see."),
    405: ("not_found", "Method not allowed", "This address does not take that method."),
    406: ("unsupported_media_type", "Not acceptable", "None of the types that you accept."),
    408: ("body_timeout", "Body timeout", "The body did not arrive whole; send it again."),
    413: ("body_too_large", "Body too large", "The body is larger than this call takes."),
    415: ("unsupported_media_type", "Unsupported media type", "Send application/json."),
    421: ("wrong_host", "Misdirected request", "This server answers to another name."),
    422: ("validation_failed", "Validation failed", "Some fields are not valid."),
}


def document(status: int, code: str, title: str, detail: str, **extra: Any) -> dict[str, Any]:
    """One problem document; `code` is stable, the words are not."""
    return {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        **extra,
    }


def respond(problem: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    """A problem document as a response."""
    response: Response = current_app.response_class(
        current_app.json.dumps(problem), status=problem["status"], mimetype=MEDIA_TYPE
    )
    response.headers.update(headers or {})
    return response


def problem_of(error: refused.ServiceError) -> dict[str, Any]:
    """The document of a refusal; an exception without a row of its own takes its parent's."""
    row = next(TABLE[kind] for kind in type(error).__mro__ if kind in TABLE)
    extra = error.extra
    if "errors" in extra:
        extra = extra | {"errors": flatten({"body": extra["errors"]})}
    return document(*row, error.detail, **extra)


def problem_of_http(error: HTTPException) -> dict[str, Any]:
    """The document of something that the framework refused."""
    status = error.code or 500
    code, title, detail = FRAMEWORK.get(status, ("malformed_json", error.name, error.name))
    messages = getattr(error, "data", {}).get("messages")
    if status == 422 and messages:
        return document(status, code, title, detail, errors=flatten(messages))
    return document(status, code, title, detail)


def flatten(messages: dict[str, Any]) -> dict[str, list[str]]:
    """marshmallow's nested messages as JSON path -> list of messages, without the location.

    The first `MAX_FIELDS` only, under paths of bounded length: an answer is not larger than what a
    person reads, whatever was sent.
    """
    found: dict[str, list[str]] = {}

    def walk(path: str, node: Any) -> None:
        if isinstance(node, dict):
            for key, child in node.items():
                name = "" if key == "_schema" else str(key)
                walk(f"{path}.{name}" if path and name else path or name, child)
        elif len(found) < MAX_FIELDS:
            name = path[:PATH_LIMIT] or "body"
            found.setdefault(name, []).extend(str(message) for message in node[:MAX_FIELDS])
        else:
            found.setdefault("body", [MORE])

    for child in messages.values():
        walk("", child)
    return found


def is_outage(error: Exception) -> bool:
    """Is it the database that does not answer, or cannot be written to right now?"""
    if isinstance(error, OperationalError | InterfaceError | PoolTimeout):
        return True
    # psycopg files these two under internal errors: a standby, and a session the server gave up.
    return isinstance(error, DBAPIError) and isinstance(
        error.orig, ReadOnlySqlTransaction | IdleInTransactionSessionTimeout
    )
