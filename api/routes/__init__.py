"""The routes, one file a resource, and the OpenAPI document that is generated from their
schemas.
"""

from __future__ import annotations

from importlib import import_module
from typing import Final

from flask import Flask

from api.http.openapi.document import SETTINGS, DocumentedApi

RESOURCES: Final[tuple[str, ...]] = (
    "alerts",
    "audit",
    "phone.bootstrap",
    "accounts.auth",
    "clinicians.break_glass",
    "callbacks",
    "phone.changes",
    "phone.check_ins",
    "clinic",
    "consents",
    "clinicians.cohort",
    "accounts.contact_methods",
    "clinicians.courses",
    "phone.devices",
    "docs",
    "phone.due",
    "privacy.erasures",
    "privacy.exports",
    "phone.help_requests",
    "phone.instruments",
    "accounts.invitations",
    "accounts.me",
    "on_call.calendars",
    "on_call.policies",
    "on_call.schedules",
    "operations",
    "accounts.passkeys",
    "accounts.password_reset",
    "accounts.second_factor",
    "clinicians.patients",
    "clinicians.sessions",
    "phone.side_effects",
    "phone.sync",
    "clinicians.trend_difference",
    "clinicians.trends",
    "accounts.users",
)


def register_routes(app: Flask) -> None:
    """Register every resource's blueprint (`routes` in its module)."""
    app.config.update(SETTINGS)
    documented = DocumentedApi(app)
    for name in RESOURCES:
        documented.register_blueprint(import_module(f"api.routes.{name}").routes)
