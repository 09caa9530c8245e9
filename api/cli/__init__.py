"""The command line (`flask --app wsgi …`), one file a command group, called as the file is."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Final

import click
from flask.cli import AppGroup

if TYPE_CHECKING:
    from api import Role

GROUPS: Final[tuple[str, ...]] = (
    "accounts.oidc",
    "accounts.users",
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
    "privacy.erasure",
    "privacy.retention",
    "production.cards",
    "recovery.restore",
    "reminders",
    "rules",
)
# What also looks into a database that it has no key for, or that is of another version.
ANY_KEY: Final[tuple[str, ...]] = ("audit", "db", "keys", "check", "recovery.restore")


def group_called(arguments: Sequence[str]) -> str | None:
    """The group of commands that this process was started for; `None` in a server."""
    if os.environ.get("FLASK_RUN_FROM_CLI") != "true":
        return None
    called = {_called(name): name for name in GROUPS}
    return next((called[word] for word in arguments if word in called), None)


def role_called(group: str | None, arguments: Sequence[str]) -> Role:
    """The database role that it works as: the process needs that one's URL and no other."""
    if group == "audit":
        return "sealer" if "seal" in arguments else "auditor"
    if group == "recovery.restore":
        return "auditor"
    if group == "alerts":
        return "auditor" if "audit" in arguments else "worker"
    return "app"


class Commands(AppGroup):
    """The groups by their names. A server loads none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Every group."""
        return [_called(name) for name in GROUPS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """The group of this name, or none."""
        name = next((one for one in GROUPS if _called(one) == cmd_name), None)
        if name is None:
            return None
        command: click.Command = import_module(f"api.cli.{name}").command
        return command


def _called(module: str) -> str:
    return module.rpartition(".")[2].replace("_", "-")
