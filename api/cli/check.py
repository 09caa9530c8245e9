"""`flask check`: does everything work that a clinic relies on? One line each, exit 1 when not."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable, Iterator
from email.utils import parseaddr
from typing import Final
from urllib.parse import urlsplit

import click
import psycopg
from flask import current_app
from flask.cli import with_appcontext

from api.cli.alerts import mail_channel
from api.cli.audit import working_as
from api.embedded.urls import database_urls
from api.settings import Settings
from migrations.numbered import migrations, newest_migration
from migrations.roles import libpq_url
from models.revision import migration_problem
from services.channels.smtp import SmtpChannel
from services.clock import utcnow
from services.operations.archive import archive
from services.operations.keys import missing_key
from services.operations.revision import database_revision, oldest_served, write_probe
from services.operations.safety import (
    CLOCKS_DIFFER_BY_S,
    WORKER_WITHIN_S,
    clocks_apart_s,
    safety,
)
from services.replica.standing import replica_standing
from services.watch.reminders import UNPLANNED_FOR_S, latest_unplanned_s
from services.watch.seals import UNSEALED_FOR_S, oldest_unsealed_s

ANSWER_WITHIN_S: Final = 5.0
# Names that stand in our files until an operator puts their own there (RFC 2606). Not `.test`: a
# service that is tried out may have one.
NOBODYS: Final = ("example", "invalid", "example.com", "example.net", "example.org")
UNSAFE: Final = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"


class Fault(Exception):
    """It does not work; the message says what to do."""


@click.command("check")
@with_appcontext
def check() -> None:
    """Say line by line whether everything works: key, roles, migration, writes, clock, mail, public
    URL, worker, replica, archive, seals, reminders. Exit 1 when one does not.
    """
    results = [_run(name, look) for name, look in CHECKS.items()]
    if not all(results):
        raise SystemExit(1)


def _run(name: str, look: Callable[[Settings], str]) -> bool:
    settings: Settings = current_app.config["INTERLUDE"]
    try:
        words = look(settings)
    except Fault as fault:
        click.echo(f"NO   {name:<11} {fault}")
        return False
    except Exception as error:  # noqa: BLE001 - a message could hold a password; its kind does not
        click.echo(f"NO   {name:<11} {type(error).__name__}")
        return False
    click.echo(f"ok   {name:<11} {words}")
    return True


def _key(_settings: Settings) -> str:
    problem = missing_key()
    if problem:
        raise Fault(problem)
    return "this process holds every key in use"


def _roles(settings: Settings) -> str:
    checked = list(_connecting(settings))
    return f"{', '.join(checked)}: none is a superuser or passes row-level security"


def _connecting(settings: Settings) -> Iterator[str]:
    urls = database_urls(settings)
    for role in ("app", "worker", "auditor"):
        url = getattr(urls, role)
        if not url:
            raise Fault(f"no database URL for the {role}")
        with psycopg.connect(libpq_url(url), connect_timeout=3) as connection:
            unsafe = connection.execute(UNSAFE).fetchone()
        if unsafe is None or unsafe[0]:
            raise Fault(f"the {role} connects as a superuser or passes row-level security")
        yield role


def _migration(_settings: Settings) -> str:
    found = database_revision()
    problem = migration_problem(found, newest_migration(), migrations(), oldest_served())
    if problem:
        raise Fault(problem)
    return f"the database is at {found}"


def _writes(_settings: Settings) -> str:
    write_probe()
    return "the database takes writes"


def _clock(_settings: Settings) -> str:
    apart = clocks_apart_s(utcnow)
    if apart > CLOCKS_DIFFER_BY_S:
        raise Fault(f"this clock and the database's are {apart:.1f} s apart")
    return f"{apart:.1f} s from the database's"


def _is_nobodys(host: str, *others: str) -> bool:
    return any(f".{host.lower()}".endswith(f".{name}") for name in (*NOBODYS, *others))


def _mail(settings: Settings) -> str:
    channel = mail_channel(settings)
    if not isinstance(channel, SmtpChannel):
        raise Fault("no INTERLUDE_SMTP_URL: no page reaches anybody by mail")
    domain = parseaddr(settings.mail_from)[1].rpartition("@")[2]
    # The demo's own mailbox takes what comes from this machine.
    if _is_nobodys(domain, *([] if settings.demo else ["localhost"])):
        raise Fault(
            f"INTERLUDE_MAIL_FROM is at {domain}, which nobody has: who gets such mail may drop it"
            " unseen, and pages with it"
        )
    channel.greet()
    return "the mail server greets us" + (" and takes our log-in" if channel.username else "")


def _public_url(settings: Settings) -> str:
    if not settings.public_url:
        raise Fault("no INTERLUDE_PUBLIC_URL: pages carry no link")
    host = urlsplit(settings.public_url).hostname or ""
    # Not `localhost`: whether this machine is all that is meant, nobody knows here.
    if _is_nobodys(host):
        raise Fault(f"INTERLUDE_PUBLIC_URL is at {host}, which nobody has: put your own name there")
    asked = f"{settings.public_url}/healthz"
    with urllib.request.urlopen(asked, timeout=ANSWER_WITHIN_S) as answer:  # noqa: S310 - http(s), checked at the start
        if b"alive" not in answer.read(200):
            raise Fault("something else answers at INTERLUDE_PUBLIC_URL")
    return "the API answers at INTERLUDE_PUBLIC_URL"


def _worker(_settings: Settings) -> str:
    seen = safety(utcnow()).worker_seen_s
    if seen is None or seen > WORKER_WITHIN_S:
        raise Fault("no alert worker is at work: flask --app wsgi alerts work")
    return f"at work {seen:.0f} s ago"


def _replica(_settings: Settings) -> str:
    found = replica_standing()
    if found is None:
        return "none is set: the primary makes reports"
    if found.lag_s is None:
        raise Fault("it does not answer, or is no standby of this database: not used")
    if not found.is_near:
        raise Fault(f"it may be {found.lag_s:.0f} s behind, over INTERLUDE_REPLICA_LAG_S: not used")
    return f"at most {found.lag_s:.1f} s behind"


def _archive(_settings: Settings) -> str:
    found = archive()
    if not found.is_on:
        return "there is none: a lost disk takes all that came in since the last backup"
    newest = f"its newest file is {found.age_s:.0f} s old"
    if found.is_failing:
        raise Fault(f"PostgreSQL cannot archive, so its disk fills; its log says why; {newest}")
    if found.is_late:
        raise Fault(f"{newest}: is archive_timeout set, does archive_command hang?")
    return newest


def _seals(settings: Settings) -> str:
    with working_as("auditor", settings) as app, app.app_context():
        age_s = oldest_unsealed_s()
    if age_s > UNSEALED_FOR_S:
        raise Fault(f"the audit has had no seal for {age_s:.0f} s: no sealer is at work")
    return f"the oldest entry without one is {age_s:.0f} s old" if age_s else "all have one"


def _reminders(settings: Settings) -> str:
    with working_as("auditor", settings) as app, app.app_context():
        late_s = latest_unplanned_s(utcnow())
    if late_s > UNPLANNED_FOR_S:
        raise Fault(f"a patient's are {late_s:.0f} s late: is `reminders work` running?")
    return "each is looked at in time"


CHECKS: Final[dict[str, Callable[[Settings], str]]] = {
    "key": _key,
    "roles": _roles,
    "migration": _migration,
    "writes": _writes,
    "clock": _clock,
    "mail": _mail,
    "public URL": _public_url,
    "worker": _worker,
    "replica": _replica,
    "archive": _archive,
    "seals": _seals,
    "reminders": _reminders,
}
command: Final = check
