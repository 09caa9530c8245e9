"""Whatever is written between the pages that phones read, they end with what the database shows."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.builders.alerts import open_alert
from tests.builders.calls import made, post
from tests.builders.entries import ago
from tests.builders.phone.copy import Phone, listed, same
from tests.builders.phone.sync import (
    amendment,
    asks_for_help,
    check_in,
    report,
    report_amendment,
    sync,
)
from tests.builders.trends.chart import Chart
from tests.builders.world import ClinicWorld

STEPS = 30
LIMITS = (1, 2, 3, 50)


class Writers:
    """The patient's phone and the staff, each of whom does now this and now that."""

    def __init__(self, chart: Chart, dice: random.Random) -> None:
        self.chart, self.dice = chart, dice
        self.client, self.pat = chart.client, chart.pat
        self.alert = f"/v1/alerts/{open_alert(chart.client, chart.pat)}"
        self.course = chart.course()
        self.forms: list[Any] = []
        self.reports: list[Any] = []
        self.sessions: list[str] = []

    def write(self) -> None:
        """One of the things that are done to a patient's record."""
        self.dice.choice(
            (
                self.enters,
                self.enters,
                self.amends,
                self.amends,
                self.amends,
                self.asks,
                self.is_seen,
                self.is_treated,
                self.treatment_moves,
            )
        )()

    def enters(self) -> None:
        """Forms and reports of the last two days, several in one request."""
        for _ in range(self.dice.randint(1, 3)):
            at = ago(minutes=self.dice.randint(1, 2800))
            group, one = self.dice.choice(
                (
                    (self.forms, check_in(self.dice.randint(0, 2), recorded_at=at)),
                    (self.reports, report(recorded_at=at)),
                )
            )
            sync(self.client, self.pat, one)
            group.append(one)

    def amends(self) -> None:
        """Any version of an entry, old ones as well."""
        for group, change in ((self.forms, amendment), (self.reports, report_amendment)):
            if group and self.dice.random() < 0.7:
                group.append(change(self.dice.choice(group)))
                sync(self.client, self.pat, group[-1])

    def asks(self) -> None:
        """For help."""
        sync(self.client, self.pat, asks_for_help())

    def is_seen(self) -> None:
        """By a clinician."""
        made(post(self.client, self.chart.staff, {}, f"{self.alert}/acknowledge"), 200)

    def is_treated(self) -> None:
        """A session that was held some time before."""
        self.sessions.append(self.chart.session(self.course, self.some_time())["id"])

    def treatment_moves(self) -> None:
        """It was held at another time, or not at all."""
        if self.sessions:
            moved: dict[str, Any] = {"started_at": self.some_time().isoformat()}
            changes = self.dice.choice((moved, moved, {"cancelled": True}))
            self.chart.change(self.dice.choice(self.sessions), **changes)

    def some_time(self) -> datetime:
        """Within the last three days."""
        return datetime.now(UTC) - timedelta(minutes=self.dice.randint(10, 4000))


@pytest.mark.parametrize("seed", range(2))
def test_phones_of_all_paces_end_with_what_the_database_shows(
    clinic: ClinicWorld, seed: int
) -> None:
    dice = random.Random(seed)
    chart = Chart(clinic, staff=clinic.staff())
    writers = Writers(chart, dice)
    phones = [Phone(chart.client, chart.pat, limit) for limit in LIMITS]
    for _ in range(STEPS):
        writers.write()
        for phone in phones:
            if dice.random() < 0.4:
                phone.page()
        if dice.random() < 0.1:
            dice.choice(phones).catch_up()
    shown = listed(chart.client, chart.pat)
    assert len(shown) > STEPS // 3
    for phone in phones:
        phone.catch_up()
        assert same(phone.copy, shown), phone.limit
