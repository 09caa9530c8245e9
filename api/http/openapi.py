"""The OpenAPI document: what every operation shares is added here, not repeated at each route.

Which refusals an operation can answer follows from what it is: has it a body, a query, a path
with an id, does it ask for a token, is it a crisis route? A route documents only what is its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

from apispec import APISpec, BasePlugin
from flask import Flask, Response
from flask_smorest import Api
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Rule

from api.http.errors import answer_http
from api.http.problems import FRAMEWORK, MEDIA_TYPE, TABLE
from schemas.phone.sync import ITEMS
from schemas.problems import ProblemSchema

SETTINGS: Final[dict[str, Any]] = {
    "API_TITLE": "Interlude",
    "API_VERSION": "v1",
    "OPENAPI_VERSION": "3.1.0",
    "OPENAPI_URL_PREFIX": None,
    "API_SPEC_OPTIONS": {
        "info": {
            "description": "What happens between treatments: check-ins, scores, and alerts that"
            " reach a human. Refusals are problem documents (RFC 9457) with a stable `code`.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "this server"}],
        "security": [{"bearer": []}],
    },
}
BEARER: Final = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "An access token (15 minutes); `/v1/auth/refresh` takes the refresh token.",
}
WRITES: Final = frozenset({"post", "put", "patch", "delete"})
CRISIS: Final = (400, 401, 403, 404, 408, 409, 413, 415, 422, 429, 503)


class ProblemDocuments(BasePlugin):
    """Completes each operation: its name, whether it needs a token, and its refusals."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.named: set[str] = set()

    def operation_helper(
        self,
        path: str | None = None,  # noqa: ARG002 - signature of the base class
        operations: dict[str, Any] | None = None,
        *,
        rule: Rule | None = None,
        **_kwargs: Any,
    ) -> None:
        """Called once a path; what the route says itself stands."""
        if rule is None or not operations:
            return
        view = self.app.view_functions[rule.endpoint]
        for method, operation in operations.items():
            operation.setdefault("operationId", self._name(rule, method))
            if getattr(view, "is_public", False):
                operation.setdefault("security", [])
            for status in problem_statuses(rule, method, view, operation):
                operation.setdefault("responses", {}).setdefault(status, HTTPStatus(status).name)

    def _name(self, rule: Rule, method: str) -> str:
        """The view's name, which is a verb; with its resource, then its method, when taken."""
        resource, _, verb = rule.endpoint.rpartition(".")
        candidates = (verb, f"{verb}_{resource}", f"{method}_{verb}_{resource}")
        name = next(name for name in candidates if name not in self.named)
        self.named.add(name)
        return name


def problem_statuses(
    rule: Rule, method: str, view: Any, operation: dict[str, Any]
) -> Iterator[int]:
    """The refusals that an operation of this kind can answer (operations outside `/v1` say
    theirs themselves).
    """
    if not rule.rule.startswith("/v1/"):
        return
    if getattr(view, "is_crisis_route", False):
        yield from CRISIS
        return
    if not getattr(view, "is_public", False):
        yield from (401, 403)
    if rule.arguments:
        yield 404
    if method in WRITES:
        yield from (401, 409, 422, 429)
    if "requestBody" in operation:
        yield from (400, 408, 413, 415, 422)
    if any(_is_query(parameter) for parameter in operation.get("parameters", ())):
        yield 422
    if "<string:" in rule.rule:  # a word that may not be one of ours
        yield 422
    yield from (421, 503)


def _is_query(parameter: Any) -> bool:
    return isinstance(parameter, dict) and parameter.get("in") == "query"


def codes_of(status: int) -> list[str]:
    """The stable codes that come with a status."""
    from_services = {code for number, code, _ in TABLE.values() if number == status}
    framework = {FRAMEWORK[status][0]} if status in FRAMEWORK else set()
    return sorted(from_services | framework)


class DocumentedApi(Api):  # type: ignore[misc] # flask-smorest ships no types
    """flask-smorest with our problem documents in place of its own error shape."""

    DEFAULT_ERROR_RESPONSE_NAME = None

    def __init__(self, app: Flask) -> None:
        super().__init__(app, spec_kwargs={"extra_plugins": [ProblemDocuments(app)]})
        self.spec.components.security_scheme("bearer", BEARER)

    def handle_http_exception(self, error: HTTPException) -> Response:
        """Answer what the framework refuses."""
        return answer_http(error)

    def _register_responses(self) -> None:
        """One named response a status, with the codes it can carry; used where referred to."""
        spec: APISpec = self.spec
        spec.components.schema("Problem", schema=ProblemSchema)
        for item in ITEMS.values():
            spec.components.schema(item.__name__, schema=item)
        for status in HTTPStatus:
            spec.components.response(status.name, _response(status), lazy=True)


def _response(status: HTTPStatus) -> dict[str, Any]:
    codes = codes_of(status)
    if not codes:
        return {"description": status.phrase}
    response: dict[str, Any] = {
        "description": " or ".join(f"`{code}`" for code in codes),
        "content": {
            MEDIA_TYPE: {
                "schema": {
                    "allOf": [{"$ref": "#/components/schemas/Problem"}],
                    "properties": {"status": {"const": int(status)}, "code": {"enum": codes}},
                }
            }
        },
    }
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        seconds = {"description": "Seconds to wait", "schema": {"type": "integer", "minimum": 0}}
        response["headers"] = {"Retry-After": seconds}
    return response
