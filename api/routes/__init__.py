"""The routes, one file a resource, and the OpenAPI document that is generated from their
schemas.
"""

from __future__ import annotations

from importlib import import_module
from typing import Final

from flask import Flask

from api.openapi import SETTINGS, DocumentedApi

RESOURCES: Final[tuple[str, ...]] = (
    "alerts",
    "auth",
    "check_ins",
    "clinic",
    "cohort",
    "courses",
    "docs",
    "due",
    "help_requests",
    "instruments",
    "invitations",
    "me",
    "operations",
    "password_reset",
    "patients",
    "sessions",
    "side_effects",
    "trend_difference",
    "trends",
    "users",
)


def register_routes(app: Flask) -> None:
    """Register every resource's blueprint (``routes`` in its module)."""
    app.config.update(SETTINGS)
    documented = DocumentedApi(app)
    for name in RESOURCES:
        documented.register_blueprint(import_module(f"api.routes.{name}").routes)
