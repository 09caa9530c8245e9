"""What a restored database needs before anybody uses it, in one go that may be run again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

import click

from api.cli.audit import working_as
from api.settings import Settings
from services.auditing.endings import EndingEntry
from services.clock import utcnow
from services.operations.keys import missing_key
from services.restoring.again import end_again, end_staff_log_ins, unknown_endings
from services.restoring.mark import mark_restored
from services.restoring.pages import queue_pages_anew

PATIENTS: Final = (
    "log-ins of patients stand as they did: whoever lost a phone since then needs its log-in ended"
    " again, unless the file of endings was given"
)


def finish_restore(
    settings: Settings, endings: Sequence[EndingEntry], tell: Callable[[str], object]
) -> None:
    """End again what was ended, name what only a person can do again, log the staff out, queue the
    pages of open alerts anew, and write down that it was done, last: a run that broke off is run
    again.

    Erasures come first: no page about somebody who was erased goes out again. Raises
    `click.ClickException` without the key that the database was written with.
    """
    with working_as("app", settings) as app, app.app_context():
        if problem := missing_key():
            raise click.ClickException(problem)
        _end_again(endings, tell)
        tell(f"{end_staff_log_ins(utcnow())} accounts of staff have to log in anew")
        tell(PATIENTS)
    now = utcnow()
    with working_as("worker", settings) as app, app.app_context():
        alerts, pages = queue_pages_anew(now)
        tell(f"{pages} pages of {alerts} open alerts are queued anew, each with the key it had")
    with working_as("app", settings) as app, app.app_context():
        tell(f"written down in the audit of {mark_restored(now)} clinics")


def _end_again(endings: Sequence[EndingEntry], tell: Callable[[str], object]) -> None:
    unknown = unknown_endings(endings)
    done = Counter(one.again for one in unknown if end_again(one, utcnow()))
    tell(
        f"{len(unknown)} of {len(endings)} endings are unknown here: erased again {done['erase']},"
        f" log-ins ended again {done['end log-in'] + done['end log-ins']}"
    )
    for one in unknown:
        if one.needs_a_person:
            tell(f"look at it, and do it again: {_in_words(one)}")


def _in_words(ending: EndingEntry) -> str:
    """What it was about, where the entry says it; whoever did it knows what it was."""
    about = ending.object_id or ending.patient_id
    by = f" by account {ending.actor_id}" if ending.actor_id else ""
    return (
        f"{ending.action}{f' {about}' if about else ''} of clinic {ending.clinic_id},"
        f" at {ending.at:%FT%TZ}{by}"
    )
