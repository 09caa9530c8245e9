"""The routes, one file a resource, and the OpenAPI document that is generated from their
schemas.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

from flask import Flask, Response
from flask_smorest import Api
from werkzeug.exceptions import HTTPException

RESOURCES: Final[tuple[str, ...]] = ()


class DocumentedApi(Api):
    """flask-smorest with our problem documents in place of its own error shape."""

    def handle_http_exception(self, error: HTTPException) -> Response:
        """Answer what the framework refuses."""
        from api.errors import finish, problem_of_http

        return finish(problem_of_http(error))


OPENAPI: Final[dict[str, Any]] = {
    "API_TITLE": "Interlude",
    "API_VERSION": "v1",
    "OPENAPI_VERSION": "3.1.0",
    "OPENAPI_URL_PREFIX": None,
}


def register_routes(app: Flask) -> None:
    """Register every resource's blueprint (``routes`` in its module)."""
    app.config.update(OPENAPI)
    documented = DocumentedApi(app)
    for name in RESOURCES:
        documented.register_blueprint(import_module(f"api.routes.{name}").routes)
