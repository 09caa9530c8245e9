"""People with a steady item 9 of 1 do not wear staff out, and no rise among them goes unseen."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.builders.paging.month import Month, MonthSeen, Size
from tests.builders.seen import saw
from tests.builders.workers import channels_to
from tests.fixtures.mail import MailServer

SMALL = Size(people=10, steady=4, days=6, rises=5)


def lived(
    app: Flask, worker_app: Flask, smtp_server: MailServer, size: Size, seed: int
) -> MonthSeen:
    channels = channels_to(smtp_server.receiver.port)
    seen = Month(app, worker_app, channels, smtp_server.inbox, size, seed).live()
    pages = sum(seen.pages.values())
    saw(f"{pages} pages in {size.days} days for {seen.steady_answers} steady answers")
    assert seen.rises == size.rises
    assert seen.missed == []
    return seen


@pytest.mark.parametrize("seed", [1])
def test_a_steady_month_pages_for_rises_and_once_for_each_plan(
    app: Flask, worker_app: Flask, clean_database: None, smtp_server: MailServer, seed: int
) -> None:
    seen = lived(app, worker_app, smtp_server, SMALL, seed)
    # The first day asks for each plan, and a rise ends the plan of whoever had one.
    assert seen.pages[0] == SMALL.steady
    assert sum(seen.pages.values()) <= SMALL.steady + 2 * SMALL.rises
