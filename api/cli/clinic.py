"""Making a clinic, and adding to its alert chain: for the operator, one JSON line each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from uuid import UUID

import click
import orjson
from flask.cli import with_appcontext

from services.clinic.contacts import add_contact
from services.clinic.create import create_clinic, invite_administrator, invite_again
from services.clinic.list_all import all_clinics
from services.clock import utcnow
from services.exceptions import Invalid, ServiceError


@click.group("clinic")
def clinic() -> None:
    """Clinics and their alert chains."""


@clinic.command("create")
@click.argument("name")
@click.option("--timezone", required=True, help="IANA zone, such as Europe/Paris")
@click.option("--country", required=True, help="ISO 3166-1 code, such as FR")
@click.option("--admin", required=True, help="e-mail of the first administrator")
@with_appcontext
def create(name: str, timezone: str, country: str, admin: str) -> None:
    """Make a clinic; prints its id and the administrator's invitation code."""
    with refusals_as_messages():
        made = create_clinic(name, timezone, country, admin, utcnow())
    print_json({"clinic_id": made.clinic_id, "invitation_code": made.invitation_code})


@clinic.command("list")
@with_appcontext
def list_clinics() -> None:
    """Every clinic, one JSON line each, the oldest first; nothing about anybody in it."""
    for found in all_clinics():
        print_json(found)


@clinic.command("invite")
@click.argument("clinic_id", type=click.UUID)
@click.argument("email")
@click.option(
    "--administrator",
    is_flag=True,
    help="somebody new, as an administrator: when nobody of the clinic can log in any more",
)
@with_appcontext
def invite(clinic_id: UUID, email: str, administrator: bool) -> None:
    """A new invitation code for somebody of the clinic who never logged in; earlier codes end."""
    with refusals_as_messages():
        ways = invite_administrator if administrator else invite_again
        code = ways(clinic_id, email, utcnow())
    print_json({"invitation_code": code})


@clinic.command("contact")
@click.argument("clinic_id", type=click.UUID)
@click.argument("address")
@with_appcontext
def contact(clinic_id: UUID, address: str) -> None:
    """Add mailto:… or an http(s)://… webhook to the end of the clinic's alert chain."""
    with refusals_as_messages():
        made = add_contact(clinic_id, address, utcnow())
    answer: dict[str, object] = {"contact_id": made.contact_id}
    if made.signing_secret:
        answer["signing_secret"] = made.signing_secret
    print_json(answer)


@contextmanager
def refusals_as_messages() -> Iterator[None]:
    """A refusal ends the command with status 1 and words, not with a stack trace."""
    try:
        yield
    except Invalid as error:
        problems = (f"{path}: {' '.join(words)}" for path, words in error.errors.items())
        raise click.ClickException("; ".join(problems)) from error
    except ServiceError as error:
        raise click.ClickException(error.detail) from error


def print_json(answer: dict[str, object]) -> None:
    """One JSON line on standard output."""
    click.echo(orjson.dumps(answer, option=orjson.OPT_UTC_Z))


command: Final = clinic
