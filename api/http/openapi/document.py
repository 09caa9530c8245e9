"""The OpenAPI document: what every operation shares is added here, not repeated at each route.

A route documents only what is its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from http import HTTPStatus
from threading import Lock
from typing import Any, Final

from apispec import APISpec, BasePlugin
from flask import Flask, Response
from flask_smorest import Api, Blueprint
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Rule

from api.http.errors import answer_http
from api.http.openapi.examples import example_of
from api.http.openapi.fields import Plugin, explained_parameter
from api.http.openapi.refusals import Call, Refusals

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
    "description": "An access token (15 minutes).",
}
# Bodies whose schema says nothing that an example could show.
UNSHOWN: Final = ({"type": "object"}, {"type": "string"}, {"type": "string", "format": "binary"})
REFRESH: Final = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "The newest refresh token of a device, for a new pair.",
}


class Operations(BasePlugin):
    """Completes each operation: its name, whether it needs a token, and its refusals."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.refusals: Refusals

    def init_spec(self, spec: APISpec) -> None:
        """Called when the document is begun."""
        self.refusals = Refusals(spec)

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
            # The view's name: clients are generated with it, so that it stays.
            operation.setdefault("operationId", rule.endpoint.rpartition(".")[2])
            text = " ".join((view.__doc__ or "").split())
            operation |= {"summary": re.split(r"[.:;] |\.$", text)[0], "description": text}
            if is_public(view):
                operation.setdefault("security", [])
            call = self._call(rule, method, view, operation)
            self.refusals.respond(call, operation.setdefault("responses", {}))

            self._show(operation)

    def _show(self, operation: dict[str, Any]) -> None:
        """An example beside each schema of a body."""
        schemas = self.refusals.spec.components.schemas
        bodies = [operation.get("requestBody"), *operation["responses"].values()]
        for body in bodies:
            for media in body.get("content", {}).values() if isinstance(body, dict) else ():
                if "example" not in media and media["schema"] not in UNSHOWN:
                    media["example"] = example_of(media["schema"], schemas)

    def path_helper(
        self,
        path: str | None = None,  # noqa: ARG002 - signature of the base class
        operations: dict[str, Any] | None = None,  # noqa: ARG002 - the same
        parameters: list[dict[str, Any]] | None = None,
        **_kwargs: Any,
    ) -> None:
        """Says what the parts of an address mean."""
        for parameter in parameters or ():
            explained_parameter(parameter)

    def _call(self, rule: Rule, method: str, view: Any, operation: dict[str, Any]) -> Call:
        parameters = operation.get("parameters", ())
        body = operation.get("requestBody")
        return Call(
            name=operation["operationId"],
            method=method,
            path=rule.rule,
            public=is_public(view),
            crisis=getattr(view, "is_crisis_route", False),
            body=None if body is None else frozenset(self._fields(body)),
            query=any(isinstance(one, dict) and one.get("in") == "query" for one in parameters),
        )

    def _fields(self, body: dict[str, Any]) -> Iterator[str]:
        """Names of the fields of a body, at any depth but inside of items of a list."""
        waiting = [body["content"]["application/json"]["schema"]]
        while waiting:
            shape = waiting.pop()
            if "$ref" in shape:
                name = shape["$ref"].rpartition("/")[2]
                shape = self.refusals.spec.components.schemas[name]
            waiting += shape.get("anyOf", ())
            waiting += shape.get("properties", {}).values()
            yield from shape.get("properties", {})


def is_public(view: Any) -> bool:
    """Does it answer without an access token?"""
    return bool(getattr(view, "is_public", False))


class DocumentedApi(Api):  # type: ignore[misc] # flask-smorest ships no types
    """flask-smorest with our problem documents in place of its own error shape."""

    DEFAULT_ERROR_RESPONSE_NAME = None

    def __init__(self, app: Flask) -> None:
        plugins = {"marshmallow_plugin": Plugin(), "extra_plugins": [Operations(app)]}
        super().__init__(app, spec_kwargs=plugins)
        self.spec.components.security_scheme("bearer", BEARER)
        self.spec.components.security_scheme("refresh", REFRESH)
        self._unwritten: list[Blueprint] = []
        self._writing = Lock()
        self._document: dict[str, Any] = {}

    def register_blueprint(self, blp: Blueprint, **_options: Any) -> None:
        """Serve its routes; they are written down when somebody reads: that takes longer than
        anything else of a start.
        """
        self._app.extensions["flask-smorest"]["blp_name_to_api"][blp.name] = self
        self._app.register_blueprint(blp)
        self._unwritten.append(blp)

    def document(self) -> dict[str, Any]:
        """The whole of it, written once."""
        with self._writing:
            if self._unwritten:
                for blp in self._unwritten:
                    blp.register_views_in_doc(
                        self, self._app, self.spec, name=blp.name, parameters=None
                    )
                    self.spec.tag({"name": blp.name, "description": blp.description})
                self._unwritten = []
                self._document = self.spec.to_dict()
            return self._document

    def handle_http_exception(self, error: HTTPException) -> Response:
        """Answer what the framework refuses."""
        return answer_http(error)

    def _register_etag_headers(self) -> None:
        """Ours stand in `api.http.polled`."""

    def _register_pagination_header(self) -> None:
        """Lists have `next_cursor`."""

    def _register_responses(self) -> None:
        """What flask-smorest and routes refer to by a status; the refusals of each call take its
        place.
        """
        for status in HTTPStatus:
            self.spec.components.response(status.name, {"description": status.phrase}, lazy=True)
