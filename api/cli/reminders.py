"""Patients' reminders, from the command line: apart from the alert worker, and never in its way."""

from __future__ import annotations

import signal
from email.utils import parseaddr
from threading import Event
from typing import Final

import click
import structlog
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy.exc import SQLAlchemyError

from api.settings import Settings
from api.stopping import stop_on_signals
from services.channels.reminders.fcm import FcmChannel, ServiceAccount
from services.channels.reminders.nudge import ReminderChannel
from services.channels.webpush import WebPushChannel
from services.clock import utcnow
from services.reminders.sending import Reminding

# What a reminder may be late.
ROUND_EVERY_S: Final = 20.0
_log = structlog.get_logger()


@click.group("reminders")
def reminders() -> None:
    """Patients' reminders of what is due."""


@reminders.command("work")
@click.option("--once", is_flag=True, help="send what is due now, then stop")
@with_appcontext
def work(once: bool) -> None:
    """Send reminders until SIGTERM or Ctrl-C; any number of processes may run."""
    reminding = Reminding(reminder_channels(current_app.config["INTERLUDE"]), utcnow)
    stopping = Event()
    if once:
        click.echo(f"{reminding.work_once()} sent")
        return
    stop_on_signals(stopping, signal.SIGTERM, signal.SIGINT)
    while not stopping.is_set():
        try:
            reminding.work_once()
        except SQLAlchemyError as error:
            # Not even the list of clinics could be read: in the next round.
            _log.warning("database_fault", kind=type(error).__name__)
        stopping.wait(ROUND_EVERY_S)


def reminder_channels(settings: Settings) -> dict[str, ReminderChannel]:
    """The channels by kind of device; without a key file apps remind by themselves."""
    contact = f"mailto:{parseaddr(settings.mail_from)[1]}"
    found: dict[str, ReminderChannel] = {
        "webpush": WebPushChannel(
            settings.push_key, contact, settings.public_url, settings.push_services
        )
    }
    if settings.fcm_key_file is not None:
        try:
            account = ServiceAccount.read(settings.fcm_key_file)
        except (OSError, ValueError) as error:
            problem = "INTERLUDE_FCM_KEY_FILE is no key file of a service account that can be read"
            raise click.ClickException(problem) from error
        found["fcm"] = FcmChannel(account)
    return found


command: Final = reminders
