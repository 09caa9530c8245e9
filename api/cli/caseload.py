"""Checking the caseload's cache against the answers."""

from __future__ import annotations

from typing import Final

import click
from flask.cli import with_appcontext

from services.caseload.verify import refresh_caseload, verify_caseload
from services.clock import utcnow


@click.group("caseload")
def caseload() -> None:
    """The caseload and what it is made of."""


@caseload.command("verify")
@with_appcontext
def verify() -> None:
    """Recompute every patient's status row; ends with status 1 and a list when one differs."""
    patients = wrong = 0
    for checked in verify_caseload(utcnow()):
        patients += 1
        if checked.differing:
            wrong += 1
            columns = ", ".join(checked.differing)
            click.echo(f"clinic {checked.clinic_id} patient {checked.patient_id}: {columns}")
    click.echo(f"{patients} patients, {wrong} status rows differ from a recompute")
    if wrong:
        raise SystemExit(1)


@caseload.command("refresh")
@with_appcontext
def rewrite() -> None:
    """Write every patient's status row anew: once after an upgrade that changed a formula."""
    click.echo(f"{refresh_caseload(utcnow())} status rows written")


command: Final = caseload
