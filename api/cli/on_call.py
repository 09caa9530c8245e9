"""Whom the coming nights would page: what is wrong with it."""

from __future__ import annotations

from typing import Final
from uuid import UUID

import click
from flask.cli import with_appcontext

from services.alerts.monitors.nights import findings_of
from services.clock import utcnow
from services.unit_of_work import clinic_ids


@click.group("on-call")
def on_call() -> None:
    """Who is on call."""


@on_call.command("check")
@click.option("--clinic", type=click.UUID, help="this one alone")
@with_appcontext
def check(clinic: UUID | None) -> None:
    """Look at the chains of the coming nights; ends with status 1 and a list of what is wrong."""
    now, known = utcnow(), sorted(clinic_ids())
    if clinic is not None and clinic not in known:
        raise click.ClickException("no such clinic")
    found = 0
    for clinic_id in known if clinic is None else [clinic]:
        for words in findings_of(clinic_id, now):
            found += 1
            click.echo(f"clinic {clinic_id}: {words}")
    click.echo(f"{found} findings")
    if found:
        raise SystemExit(1)


command: Final = on_call
