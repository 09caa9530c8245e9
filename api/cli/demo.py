"""`flask demo`: make the demo clinic once, and print its log-ins and a first request to paste; with
`--live`, phones of its patients that answer for a while.
"""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Final
from uuid import UUID, uuid4

import click
from flask import current_app
from flask.cli import with_appcontext
from rich.console import Console
from rich.table import Table

from api.http.auth import encode_pair
from api.play.living import LivingPhone, live, losing, open_disk
from api.play.phones import Wire
from api.settings import Settings
from models.encryption import derive
from services.accounts.tokens.families import PATIENT_LIFETIME
from services.clock import utcnow
from services.demo.clinic import (
    PATIENT,
    OtherClinicsError,
    email_of,
    make_demo,
    open_phone,
)
from services.demo.series import Story, well_enough
from services.demo.staff import ADMIN, STAFF

MOST_MINUTES: Final = 120
LIVE: Final = "for so many minutes phones of patients answer, one each EVERY seconds"


@click.command("demo")
@click.option("--live", "minutes", type=click.IntRange(0, MOST_MINUTES), default=0, help=LIVE)
@click.option("--every", "every_s", type=click.IntRange(1, 600), default=15, show_default=True)
@click.option("--bad-night", is_flag=True, help="one of them says item 9 = 2: it pages")
@click.option("--url", help="the running service, where it is another than that of the settings")
@with_appcontext
def demo(minutes: int, every_s: int, bad_night: bool, url: str | None) -> None:
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
    if minutes:
        target = url or settings.public_url or settings.local_url
        rounds = max(1, minutes * 60 // every_s)
        show_life(settings, clinic_id, target, rounds, every_s, bad_night=bad_night)
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


def show_life(
    settings: Settings, clinic_id: UUID, url: str, rounds: int, wait_s: float, *, bad_night: bool
) -> None:
    """A line for each answer as it is given. Harmless ones page nobody."""
    dice = Random()  # noqa: S311 -- simulated answers, not a secret
    phones = [_living(settings, clinic_id, story, url, dice) for story in well_enough()]
    steps = live(phones, rounds, lambda: time.sleep(wait_s), bad_night=bad_night)
    for name, what, unsent in steps:
        click.echo(f"{utcnow():%H:%M:%S} {name}: {what}" + f" ({unsent} not sent)" * bool(unsent))


def _living(
    settings: Settings, clinic_id: UUID, story: Story, url: str, dice: Random
) -> LivingPhone:
    folder: Path = settings.data_dir / "phones" / str(clinic_id)
    disk = open_disk(folder, email_of(story).partition("@")[0])
    found = LivingPhone(story, disk, losing(Wire(url, tries=1), dice), dice)
    if disk.kept("tokens") is None:
        grant = open_phone(clinic_id, utcnow(), email_of(story))
        found.phone.accept(encode_pair(grant.actor, grant.issued_at, PATIENT_LIFETIME))
    return found


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
