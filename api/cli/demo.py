"""`flask demo`: make the demo clinic once, and print its log-ins and a first request to paste."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

import click
from flask import current_app
from flask.cli import with_appcontext
from rich.console import Console
from rich.table import Table

from api.http.auth import encode_pair
from models.encryption import derive
from services.accounts.tokens.families import PATIENT_LIFETIME
from services.clock import utcnow
from services.demo.clinic import ADMIN, PATIENT, STAFF, OtherClinicsError, make_demo, open_phone


@click.command("demo")
@with_appcontext
def demo() -> None:
    """Made-up people with simulated answers. Never on a server that patients use."""
    settings = current_app.config["INTERLUDE"]
    # Of this installation's secret: the same at every start, on no other machine.
    password = "demo-" + derive(settings.secret_key, b"interlude demo password").hex()[:10]
    now = utcnow()
    try:
        clinic_id = make_demo(password, now)
    except OtherClinicsError:
        click.echo("This database has clinics of its own: no made-up patients beside them.")
        return
    console = Console(width=100, soft_wrap=True)
    table = Table(title="Demo clinic (simulated patients)", title_justify="left")
    for heading in ("role", "e-mail", "password"):
        table.add_column(heading)
    for email, role in [
        (ADMIN, "admin"),
        *((email, role) for email, (_, role) in STAFF.items()),
        (PATIENT, "patient"),
    ]:
        table.add_row(role, email, password)
    console.print(table)
    console.print("A first request to paste (item 9 = 1: it opens an alert and pages):")
    click.echo(first_request(settings.public_url or settings.local_url, clinic_id, now))


def first_request(url: str, clinic_id: UUID, now: datetime) -> str:
    """A curl command with a token of the demo patient's phone, good for 15 minutes."""
    phone = open_phone(clinic_id, now)
    token = encode_pair(phone.actor, phone.issued_at, PATIENT_LIFETIME)["access_token"]
    body = (
        f'{{"id": "{uuid4()}", "instrument": "phq9-daily", "recorded_at":'
        f' "{now.isoformat(timespec="seconds")}", "timezone": "America/New_York",'
        ' "answers": {"q1": 1, "q2": 2, "q9": 1}}'
    )
    return (
        f"curl -s {url}/v1/check-ins -H 'Content-Type: application/json'"
        f" -H 'Authorization: Bearer {token}' -d '{body}'"
    )


command = demo
