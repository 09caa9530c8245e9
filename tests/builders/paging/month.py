"""A month of a clinic: all answer each day, some with a steady item 9 of 1, and staff act."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any

from flask import Flask

from services.channels.base import Channel
from tests.builders.calls import made
from tests.builders.entries import cssrs, phq9, since_last
from tests.builders.trends.chart import Chart
from tests.builders.ward import MORNING
from tests.builders.workers import steady_pace, worker_on
from tests.builders.world import Person, World

PLAN_DAYS = 14


@dataclass(frozen=True)
class Size:
    """`rises`: how many of the people have one day on which item 9 is higher than their usual."""

    people: int
    steady: int
    days: int
    rises: int


@dataclass
class MonthSeen:
    """What staff got. `pages`: mails about alerts on each day; `missed`: rises without a page."""

    pages: Counter[int] = field(default_factory=Counter)
    steady_answers: int = 0
    rises: int = 0
    missed: list[str] = field(default_factory=list)


class Month:
    """One clinic with a chain of one mail address, and a worker on the same moved clock."""

    def __init__(
        self,
        app: Flask,
        worker_app: Flask,
        channels: Mapping[str, Channel],
        inbox: list[EmailMessage],
        size: Size,
        seed: int,
    ) -> None:
        self.size, self.inbox, self.dice = size, inbox, random.Random(seed)
        clinic = World(app, MORNING).clinic()
        clinic.contact("mailto:first@hospital.test")
        self.chart = Chart(clinic, now=MORNING)
        self.people = [clinic.patient() for _ in range(size.people)]
        chosen = self.dice.sample(range(size.people), size.rises)
        self.rise_on = {person: self.dice.randrange(2, size.days) for person in chosen}
        self.worker = worker_on(worker_app, channels, lambda: self.chart.now, steady_pace())

    def live(self, done: Callable[[int], object] = lambda _days: None) -> MonthSeen:
        """All days; `done` is called with 1 after each."""
        seen = MonthSeen()
        for day in range(self.size.days):
            self.chart.at(MORNING + timedelta(days=day))
            for number, person in enumerate(self.people):
                self._answer(seen, day, number, person)
            done(1)
        return seen

    def _answer(self, seen: MonthSeen, day: int, number: int, person: Person) -> None:
        is_steady = number < self.size.steady
        rises = self.rise_on.get(number) == day
        item9 = int(is_steady) + int(rises)
        self._send(person, phq9(item9, instrument="phq9-daily"))
        paged = self._pages()
        seen.pages[day] += paged
        seen.steady_answers += is_steady
        if rises:
            seen.rises += 1
            if not paged:
                seen.missed.append(f"day {day}, person {number}, item 9 of {item9}")
        if paged:
            self._handle(person, plan=is_steady and not rises)
        self.chart.later(seconds=10)

    def _handle(self, person: Person, *, plan: bool) -> None:
        """A clinician takes what is open, asks for a C-SSRS, and resolves."""
        for one in self.chart.get(f"/v1/alerts?patient_id={person.patient_id}")["items"]:
            if one["status"] == "resolved" or one["family"] != "suicide_risk":
                continue
            path = f"/v1/alerts/{one['id']}"
            made(self.chart.send("POST", f"{path}/acknowledge", self.chart.staff), 200)
            self.chart.later(seconds=1)
            asked = next(
                form["instrument"]
                for form in self.chart.get(f"/v1/patients/{person.patient_id}/due")["items"]
                if form["instrument"].startswith("cssrs")
            )
            self._send(person, since_last() if asked.startswith("cssrs-since") else cssrs())
            ending: dict[str, Any] = {"disposition": "safe_plan_made"}
            if plan:
                until = self.chart.now + timedelta(days=PLAN_DAYS)
                ending["standing_plan"] = {"until": until.isoformat(), "reason": "as always"}
            made(self.chart.post(f"{path}/resolve", ending), 200)
        self.worker.settle()
        self.inbox.clear()

    def _send(self, person: Person, form: dict[str, Any]) -> None:
        made(self.chart.post("/v1/check-ins", form | self._times(), person))

    def _times(self) -> dict[str, Any]:
        at: datetime = self.chart.now
        return {"recorded_at": at.isoformat(), "timezone": "Europe/Paris"}

    def _pages(self) -> int:
        """How many mails the worker sends now about alerts that page."""
        self.worker.settle()
        sent = [mail for mail in self.inbox if mail["X-Interlude-Alert"]]
        self.inbox.clear()
        return len(sent)
