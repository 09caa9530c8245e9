"""How often a clinic is paged in a month in which many answer item 9 with a steady 1."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.builders.paging.month import Month, Size
from tests.builders.workers import channels_to
from tests.fixtures.app import worker_of
from tests.fixtures.mail import mail_server
from tests.proofs.apart import own_app
from tests.proofs.seen import Seen, verdict


def steady_month(size: Size, seed: int) -> Iterator[Seen]:
    """A line of the table, on a database of its own."""
    with (
        tempfile.TemporaryDirectory(prefix="interlude-month-") as folder,
        own_app(Path(folder)) as app,
        worker_of(app) as worker_app,
        mail_server() as mail,
    ):
        channels = channels_to(mail.receiver.port)
        seen = Month(app, worker_app, channels, mail.inbox, size, seed).live()
    pages = [seen.pages[day] for day in range(size.days)]
    yield verdict(
        "a steady item 9 of 1 pages for its plan alone, and no rise among them is missed",
        f"{size.people} patients, {size.steady} of them steady, {size.days} days",
        f"{sum(pages)} pages for {seen.steady_answers} steady answers and {seen.rises} rises:"
        f" {sum(pages) / size.days:.1f} a day (each day: {' '.join(map(str, pages))})",
        seen.missed,
    )
