"""Sign-in with a clinic's own provider: set and taken away by the operator."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from uuid import UUID

import click
from flask import current_app
from flask.cli import with_appcontext

from api.cli.clinic import print_json, refusals_as_messages
from api.settings import Settings
from services.accounts.oidc.by_operator import link_identity, unlink_identity
from services.accounts.oidc.discovery import Asker
from services.accounts.oidc.providers import (
    SCOPE,
    Provider,
    find_provider,
    remove_provider,
    set_provider,
)
from services.clock import utcnow

CLINIC: Final = click.argument("clinic_id", type=click.UUID)


@click.group("oidc")
def oidc() -> None:
    """Sign-in of staff with their clinic's own provider (OpenID Connect)."""


@oidc.command("set")
@CLINIC
@click.option("--issuer", required=True, help="as the provider writes it, such as https://id.x.org")
@click.option("--client-id", required=True)
@click.option(
    "--secret-file",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="a file with the client secret; kept encrypted",
)
@click.option("--name", required=True, help="what the button says after 'Sign in with'")
@click.option("--scope", default=SCOPE, show_default=True)
@click.option("--claim", help="the claim that says what somebody may be; a.b looks inside a")
@click.option("--role", "roles", multiple=True, help="VALUE=ROLE: what a value of it lets be")
@click.option("--factor", "factors", multiple=True, help="amr=VALUE or acr=VALUE: counts as one")
@with_appcontext
def set_one(
    clinic_id: UUID,
    issuer: str,
    client_id: str,
    secret_file: Path,
    name: str,
    scope: str,
    claim: str | None,
    roles: tuple[str, ...],
    factors: tuple[str, ...],
) -> None:
    """Let a clinic's staff sign in with a provider, which is asked at once; prints the address to
    register there, and the one for the staff.
    """
    settings: Settings = current_app.config["INTERLUDE"]
    if not settings.public_url:
        raise click.ClickException("INTERLUDE_PUBLIC_URL is needed: the provider sends people back")
    mapping: dict[str, list[str]] = {}
    for value, _, role in (each.rpartition("=") for each in roles):
        mapping.setdefault(value, []).append(role)
    secret = secret_file.read_text().strip()
    provider = Provider(name, issuer, client_id, secret, scope, claim, mapping, factors)
    with refusals_as_messages():
        set_provider(clinic_id, provider, Asker(private=settings.webhook_private), utcnow())
    here = f"{settings.public_url}/console/oidc/{clinic_id}"
    print_json({"sign_in": here, "redirect_uri": f"{here}/back"})


@oidc.command("show")
@CLINIC
@with_appcontext
def show(clinic_id: UUID) -> None:
    """What is set, without the secret."""
    with refusals_as_messages():
        found = find_provider(clinic_id)
    shown = ("name", "issuer", "client_id", "scope", "claim", "roles", "factors")
    print_json({each: getattr(found, each) for each in shown})


@oidc.command("remove")
@CLINIC
@with_appcontext
def remove(clinic_id: UUID) -> None:
    """Passwords alone open accounts again; log-ins that are open go on."""
    with refusals_as_messages():
        remove_provider(clinic_id, utcnow())


@oidc.command("link")
@CLINIC
@click.argument("email")
@click.argument("subject")
@with_appcontext
def link(clinic_id: UUID, email: str, subject: str) -> None:
    """Let the provider's SUBJECT (`sub`) open an account, where it vouches for no addresses."""
    with refusals_as_messages():
        link_identity(clinic_id, email, subject, utcnow())


@oidc.command("unlink")
@CLINIC
@click.argument("email")
@with_appcontext
def unlink(clinic_id: UUID, email: str) -> None:
    """No identity opens the account any more, and every log-in of it ends. Where the provider
    vouches for the address, the next sign-in links it again: deactivate whoever has left.
    """
    with refusals_as_messages():
        unlink_identity(clinic_id, email, utcnow())


command: Final = oidc
