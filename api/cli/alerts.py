"""The alert worker, from the command line."""

from __future__ import annotations

import signal
import sys
from email.utils import parseaddr
from functools import partial
from threading import Event
from typing import Final

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from api import CANNOT_START, create_app
from api.cli.watch import audit
from api.settings import Settings
from api.stopping import stop_on_signals
from models.database import db
from services.alerts.delivery.listener import WakeListener
from services.alerts.delivery.sending import Pace
from services.alerts.delivery.worker import Worker
from services.channels.apprise import AppriseChannel
from services.channels.base import Channel, ChannelError, MissingChannel
from services.channels.console import ConsoleChannel
from services.channels.sms import SmsChannel
from services.channels.smtp import SmtpChannel
from services.channels.webhook import WebhookChannel
from services.channels.webpush import WebPushChannel
from services.clock import utcnow
from services.operations.safety import CLOCKS_DIFFER_BY_S, clocks_apart_s


@click.group("alerts")
def alerts() -> None:
    """Alerts that arrive."""


@alerts.command("work")
@click.option("--once", is_flag=True, help="send what is due now, then stop")
@with_appcontext
def work(once: bool) -> None:
    """Send pages and move escalation until SIGTERM or Ctrl-C; any number of workers may run."""
    settings: Settings = current_app.config["INTERLUDE"]
    try:
        app = create_app(settings, role="worker")
    except CANNOT_START as error:
        raise click.ClickException(f"cannot start: {error}") from error
    worker = make_worker(app, settings)
    try:
        if once:
            worker.work_once()
        else:
            work_until_stopped(app, worker, settings.poll_s)
    finally:
        with app.app_context():
            db.engine.dispose()


def work_until_stopped(app: Flask, worker: Worker, poll_s: float) -> None:
    """Run the worker until SIGTERM or Ctrl-C; what is being sent is finished first."""
    stopping = Event()
    stop_on_signals(stopping, signal.SIGTERM, signal.SIGINT)
    with app.app_context():
        url = db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with WakeListener(url) as listener:
        worker.work(listener, poll_s, stopping)


def make_worker(app: Flask, settings: Settings) -> Worker:
    """A worker with the channels that these settings give it."""
    pace = Pace(settings.lease_s, settings.retry_base_s, settings.retry_max_s)
    return Worker(channels(settings), pace, utcnow, app.app_context, partial(faults_now, settings))


def faults_now(settings: Settings) -> tuple[str, ...]:
    """What does not work for this worker, as words of `REASONS`; raises what the database does."""
    found = list(settings.faults)
    mail = mail_channel(settings)
    try:
        if isinstance(mail, SmtpChannel):
            mail.greet()
    except ChannelError:
        found.append("mail_unreachable")
    if clocks_apart_s(utcnow) > CLOCKS_DIFFER_BY_S:
        found.append("clocks_differ")
    return tuple(found)


def channels(settings: Settings) -> dict[str, Channel]:
    """The channels by name."""
    sms: Channel = MissingChannel("sms")
    if settings.sms is not None:
        sms = SmsChannel(settings.sms, settings.public_url)
    return {
        "email": mail_channel(settings),
        "webhook": webhook_channel(settings),
        "sms": sms,
        "webpush": WebPushChannel(
            settings.push_key,
            f"mailto:{parseaddr(settings.mail_from)[1]}",
            settings.public_url,
            settings.push_services,
        ),
        "apprise": AppriseChannel(settings.public_url, private=settings.method_private),
    }


def webhook_channel(settings: Settings) -> WebhookChannel:
    """Webhooks, to where the operator lets them go."""
    return WebhookChannel(
        settings.public_url,
        private=settings.webhook_private,
        private_methods=settings.method_private,
    )


def mail_channel(settings: Settings) -> SmtpChannel | ConsoleChannel:
    """Mail; without a mail server, what shows that nobody gets it."""
    smtp = settings.smtp
    if smtp is None:
        return ConsoleChannel(sys.stderr, settings.mail_from, settings.public_url)
    return SmtpChannel(
        smtp.host,
        smtp.port,
        settings.mail_from,
        settings.public_url,
        tls=smtp.tls,
        starttls=smtp.starttls,
        username=smtp.username,
        password=smtp.password,
    )


alerts.add_command(audit)

command: Final = alerts
