"""The command line (`flask --app wsgi …`), one file a command group."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Final

from flask import Flask

if TYPE_CHECKING:
    from api import Role

GROUPS: Final[tuple[str, ...]] = (
    "alerts",
    "audit",
    "caseload",
    "check",
    "clinic",
    "cohort",
    "db",
    "demo",
    "keys",
    "on_call",
    "play",
    "reminders",
    "rules",
)


def group_called(arguments: Sequence[str]) -> str | None:
    """The group of commands that this process was started for; `None` in a server."""
    if os.environ.get("FLASK_RUN_FROM_CLI") != "true":
        return None
    names = (word.replace("-", "_") for word in arguments)
    return next((name for name in names if name in GROUPS), None)


def role_called(group: str | None, arguments: Sequence[str]) -> Role:
    """The database role that it works as: the process needs that one's URL and no other."""
    if group == "audit":
        return "sealer" if "seal" in arguments else "auditor"
    if group == "alerts":
        return "auditor" if "audit" in arguments else "worker"
    return "app"


def register_commands(app: Flask) -> None:
    """Register every group (`commands` in its module: one or more click commands)."""
    for name in GROUPS:
        for command in import_module(f"api.cli.{name}").commands:
            app.cli.add_command(command)
