"""The command line (`flask --app wsgi …`), one file a command group."""

from __future__ import annotations

from importlib import import_module
from typing import Final

from flask import Flask

GROUPS: Final[tuple[str, ...]] = (
    "alerts",
    "audit",
    "caseload",
    "clinic",
    "cohort",
    "db",
    "demo",
    "play",
    "rules",
)


def register_commands(app: Flask) -> None:
    """Register every group (`commands` in its module: one or more click commands)."""
    for name in GROUPS:
        for command in import_module(f"api.cli.{name}").commands:
            app.cli.add_command(command)
