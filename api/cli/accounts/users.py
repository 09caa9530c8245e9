"""What the operator does about an account, where no administrator can."""

from __future__ import annotations

from typing import Final
from uuid import UUID

import click
from flask.cli import with_appcontext

from api.cli.clinic import print_json, refusals_as_messages
from services.clock import utcnow
from services.membership.reset_factor import reset_factor_of


@click.group("users")
def users() -> None:
    """Accounts."""


@users.command("reset-factor")
@click.argument("email")
@click.option("--clinic", "clinic_id", type=click.UUID, help="where several have the address")
@with_appcontext
def reset_factor(email: str, clinic_id: UUID | None) -> None:
    """Take a lost second factor from an account: its password is enough to log in and enrol
    another. Every log-in of it ends, it is audited, and the person is written to.
    """
    with refusals_as_messages():
        account = reset_factor_of(email, clinic_id, utcnow())
    print_json({"clinic_id": account.clinic_id, "user_id": account.user_id})


command: Final = users
