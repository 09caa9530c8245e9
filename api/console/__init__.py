"""The console `/console`: the clinic's pages, rendered here, that work without scripts. Every page
is a view over the services that the API has; it asks no database and knows no rule of its own.
"""

from __future__ import annotations

from importlib import import_module
from typing import Final

from flask import Flask

from api.console.entrance import begin_at_console
from api.console.files import console_files
from api.console.shell import console

# Each module adds its routes.
PAGES: Final = (
    "entrance",
    "oidc",
    "today",
    "account",
    "passkeys",
    "new_patient",
    "clinic.staff",
    "clinic.chain",
    "clinic.settings",
    "clinic.trail",
    "clinic.rights",
    "clinic.health",
    "rules",
    "alerts",
    "on_call",
    "patient.routes",
    "patient.rights",
    "patient.out_of_view",
    "patient.entering.treatment",
    "patient.entering.sessions",
    "patient.entering.check_in",
    "patient.entering.amending",
    "patient.entering.side_effects",
    "patient.entering.people",
    "patient.entering.consent",
    "patient.entering.invitation",
)


def register_console(app: Flask) -> None:
    """Add the pages to the application, and lead whoever opens the server to them."""
    app.add_url_rule("/", "begin", begin_at_console, methods=["GET"])
    app.register_blueprint(console_files)
    app.register_blueprint(console)


for name in PAGES:
    import_module(f"api.console.{name}")
