"""Alerts, pages and steps in whatever order things happen, on a real database: nobody is forgotten.

A hypothesis machine answers as patients, acts as staff, breaks the channel, kills the worker and
lets time pass. What must hold after each step are the promises; at the end the channel works again,
and whoever is still in danger has been paged about.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Literal
from uuid import UUID

import psycopg
from flask import Flask
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from api.embedded.urls import DatabaseUrls
from services.channels.base import ChannelError, Message, Page, Receipt
from tests.builders.calls import made
from tests.builders.scene import START, Scene
from tests.builders.seen import saw
from tests.builders.stored import rows
from tests.builders.workers import FIRST, SECOND, Killed
from tests.builders.world import Person, World
from tests.fixtures.postgres import SWEEP, broom_for

PAGING = ("critical", "high")
# Between two pages about an alert that nobody takes: a step of its ladder (clinical.md 5.2).
LONGEST_WAIT = {"critical": timedelta(minutes=11), "high": timedelta(hours=4, minutes=1)}
# Longer than a round of the ladder of `critical`, and the lease of a killed worker.
QUIET = timedelta(minutes=45)
NEVER = datetime.min.replace(tzinfo=UTC)
TICK = timedelta(seconds=30)
ALERTS = "SELECT * FROM alerts ORDER BY triggered_at"
COUNTED = """
SELECT a.patient_id, count(o.id) AS n, sum(a.occurrence_count) AS counted
FROM alerts a JOIN alert_occurrences o ON o.alert_id = a.id
WHERE a.family = 'suicide_risk' GROUP BY a.patient_id, a.id
"""
WAITING = """
SELECT alert_id FROM notifications
WHERE kind = 'page' AND state IN ('pending', 'sending', 'failed_temporarily')
"""
Way = Literal["works", "refuses", "fails", "dies before", "dies after"]


@dataclass(frozen=True)
class Received:
    """A page that got through, and how its alert stood when it was handed over."""

    notification_id: UUID
    alert_id: UUID
    address: str
    kind: str
    status: str
    at: datetime


@dataclass
class Fickle:
    """A channel that works, refuses for good, fails for now, or dies under the worker once."""

    way: Way = "works"
    received: list[Received] = field(default_factory=list)

    def send(self, message: Message, now: datetime) -> Receipt:
        way, self.way = self.way, "works" if self.way.startswith("dies") else self.way
        if way == "refuses":
            raise ChannelError("refused", permanent=True)
        if way == "fails":
            raise ChannelError("timed_out")
        if way == "dies before":
            raise Killed
        if isinstance(message, Page):
            self.received += [
                Received(
                    message.notification_id,
                    one.alert_id,
                    message.address,
                    message.kind,
                    one.status,
                    now,
                )
                for one in message.alerts
            ]
        if way == "dies after":
            raise Killed
        return Receipt.SENT


class LifeOfAlerts(RuleBasedStateMachine):
    """One clinic with two people on its chain, three patients, and a clock that goes forward."""

    make_scene: ClassVar[Callable[[Fickle], Scene]]

    def __init__(self) -> None:
        super().__init__()
        self.channel = Fickle()
        self.scene = type(self).make_scene(self.channel)
        self.patients = [self.scene.clinic.patient() for _ in range(3)]
        self.staff = self.scene.chart(self.patients[0])
        self.answered: dict[UUID, int] = {one.patient_id: 0 for one in self.patients}
        self.ended: set[UUID] = set()
        self.crashes = 0

    @initialize(tier=st.sampled_from(PAGING))
    def somebody_is_in_danger(self, tier: str) -> None:
        self.answers(0, tier)

    @rule(who=st.integers(0, 2), tier=st.sampled_from(["critical", "high", "medium"]))
    def answers(self, who: int, tier: str) -> None:
        self.scene.answer(self.patients[who], tier)
        self.answered[self.patients[who].patient_id] += 1

    @rule(who=st.integers(0, 2))
    def asks_for_help(self, who: int) -> None:
        self.scene.ask_for_help(self.patients[who])
        self.answered[self.patients[who].patient_id] += 1

    @rule(way=st.sampled_from(["works", "refuses", "fails", "dies before", "dies after"]))
    def channel_becomes(self, way: Way) -> None:
        self.channel.way = way

    @rule()
    def worker_looks(self) -> None:
        try:
            self.scene.work()
        except Killed:
            self.crashes += 1

    @rule(minutes=st.sampled_from([1, 6, 16, 31]))
    def time_passes(self, minutes: int) -> None:
        """A worker is there all the time; one that dies is followed by another."""
        self._let(timedelta(minutes=minutes))

    @rule(hours=st.sampled_from([1, 5, 26]))
    def all_workers_are_down(self, hours: int) -> None:
        self.scene.later(hours=hours)

    @precondition(lambda self: self._open())
    @rule(which=st.integers(0, 5), what=st.sampled_from(["acknowledge", "acknowledge", "notes"]))
    def staff_act(self, which: int, what: str) -> None:
        alert = self._pick(which)
        body = {"kind": "contact_attempt", "outcome": "no_answer"} if what == "notes" else None
        answer = self._as_staff(alert, what, body)
        assert answer.status_code in (200, 201), answer.json

    @precondition(lambda self: self._open())
    @rule(which=st.integers(0, 5))
    def staff_resolve(self, which: int) -> None:
        alert = self._pick(which)
        made(self._as_staff(alert, "resolve", {"disposition": "safe_plan_made"}), 200)
        again = self._as_staff(alert, "resolve", {"disposition": "treatment_changed"})
        assert (again.status_code, again.json["code"]) == (409, "already_resolved")
        self.ended.add(alert["id"])

    @invariant()
    def every_answer_stands_on_an_alert(self) -> None:
        found = dict.fromkeys(self.answered, 0)
        for row in self._rows(COUNTED):
            found[row["patient_id"]] += row["n"]
            assert row["counted"] == row["n"] * row["n"], "what is counted is what is there"
        assert found == self.answered

    @invariant()
    def one_is_open_a_patient_and_the_ended_stay_ended(self) -> None:
        alerts = self._rows(ALERTS)
        open_for = [row["patient_id"] for row in alerts if row["status"] != "resolved"]
        assert len(open_for) == len(set(open_for))
        assert {row["id"] for row in alerts if row["status"] == "resolved"} == self.ended

    @invariant()
    def time_or_a_page_moves_whatever_pages(self) -> None:
        waiting = {row["alert_id"] for row in self._rows(WAITING)}
        for row in self._rows(ALERTS):
            if row["status"] != "resolved" and row["ladder_severity"] in PAGING:
                assert row["next_at"] is not None or row["id"] in waiting

    @invariant()
    def nobody_is_paged_about_what_is_over(self) -> None:
        pages = [one for one in self.channel.received if one.kind == "page"]
        assert [one for one in pages if one.status == "resolved"] == []
        # A page comes twice only after its worker died with it, and then under the same id.
        copies = len(pages) - len({(one.notification_id, one.address) for one in pages})
        assert copies <= self.crashes

    def teardown(self) -> None:
        self.channel.way = "works"
        self._let(QUIET)
        saw(f"{sum(self.answered.values())} answers, {len(self.channel.received)} pages")
        last_page = {one.alert_id: one.at for one in self.channel.received if one.kind == "page"}
        for row in self._rows(ALERTS):
            if row["status"] == "resolved" or row["ladder_severity"] not in PAGING:
                continue
            assert row["next_at"] > self.scene.now, "what was due has been done"
            if row["status"] == "acknowledged":
                assert row["ack_expires_at"] > self.scene.now, "nobody has it any more"
            if row["status"] == "triggered":
                silent = self.scene.now - last_page.get(row["id"], NEVER)
                assert silent < LONGEST_WAIT[row["ladder_severity"]]

    def _let(self, passed: timedelta) -> None:
        until = self.scene.now + passed
        while self.scene.now < until:
            self.worker_looks()
            self.scene.now = min(until, self.scene.now + self._step())
        self.worker_looks()

    def _step(self) -> timedelta:
        """To the next instant at which anything is due, and at least a tick."""
        due = [row["next_at"] for row in self._rows(ALERTS) if row["next_at"]]
        if self._rows(WAITING) or not due:
            return TICK if due or self._rows(WAITING) else QUIET
        wait: timedelta = min(due) - self.scene.now
        return max(TICK, wait)

    def _open(self) -> list[dict[str, Any]]:
        return [row for row in self._rows(ALERTS) if row["status"] != "resolved"]

    def _pick(self, which: int) -> dict[str, Any]:
        found = self._open()
        return found[which % len(found)]

    def _as_staff(self, alert: dict[str, Any], what: str, body: Any) -> Any:
        self.staff.at(self.scene.now)
        path = f"/v1/alerts/{alert['id']}/{what}"
        return self.staff.send("POST", path, self.staff.staff, body)

    def _rows(self, query: str) -> list[dict[str, Any]]:
        person: Person = self.patients[0]
        return [dict(row) for row in rows(person, query)]


MakeScene = Callable[[Fickle], Scene]


def scenes_on(app: Flask, worker_app: Flask, broom: psycopg.Connection) -> MakeScene:
    """Each life begins in a database without people."""

    def make(channel: Fickle) -> Scene:
        broom.execute(SWEEP)
        clinic = World(app, START).clinic()
        clinic.contact(f"mailto:{FIRST}")
        clinic.contact(f"mailto:{SECOND}")
        return Scene(app, worker_app, clinic, {"email": channel})

    return make


def test_whatever_happens_whoever_is_in_danger_is_paged(
    app: Flask, worker_app: Flask, database_urls: DatabaseUrls
) -> None:
    with broom_for(database_urls.admin) as broom:
        live(scenes_on(app, worker_app, broom), lives=8, steps=20)


def live(scenes: MakeScene, lives: int, steps: int) -> None:
    """So many lives of at most so many steps, the same each time."""

    here = type("Here", (LifeOfAlerts,), {"make_scene": staticmethod(scenes)})
    run_state_machine_as_test(
        here,
        settings=settings(
            max_examples=lives,
            stateful_step_count=steps,
            derandomize=True,
            database=None,
            # A life takes seconds: as it was found, and not at its shortest.
            phases=(Phase.explicit, Phase.generate),
            deadline=None,
        ),
    )
