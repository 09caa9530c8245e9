"""A refusal never hides danger: item 9 = 3 in five requests that cannot be taken as they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from api.play.phones import Reply
from tests.builders.entries import phq9
from tests.builders.world import ClinicWorld, Person
from tests.fixtures.running import RunningService, wait_until
from tests.proofs.seen import Seen, mails_about, post, verdict, ward

TEN_MB = 10_000_000
ALERTS = "SELECT id, family, severity FROM alerts WHERE patient_id = %s"


@dataclass(frozen=True, slots=True)
class Way:
    """How it is sent, what it is answered, and the family of the alert that it opens."""

    name: str
    send: Callable[[RunningService, ClinicWorld, Person], Reply]
    status: int
    family: str


def refusals_that_page(running: RunningService, times: int) -> Seen:
    """Each way so many times, each time from a new patient: a page and a crisis card."""
    clinic = ward(running)
    problems = [
        f"{way.name}: {problem}"
        for way in WAYS
        for _ in range(times)
        for problem in _try(running, clinic, way)
    ]
    names = ", ".join(f"{way.name} ({way.status})" for way in WAYS)
    claim = "item 9 = 3 in a refused request pages, and the answer carries the card"
    return verdict(
        claim, f"{len(WAYS)} ways x {times}", f"each paged with the card: {names}", problems
    )


def _try(running: RunningService, clinic: ClinicWorld, way: Way) -> list[str]:
    person = clinic.patient()
    reply = way.send(running, clinic, person)
    safety: Any = reply.json().get("safety") or {}
    problems = []
    if reply.status != way.status:
        problems.append(f"answered {reply.status}")
    if safety.get("level") != "crisis" or not safety.get("resources"):
        problems.append("no crisis card")
    alerts = running.rows(ALERTS, person.patient_id)
    if [(alert.family, alert.severity) for alert in alerts] != [(way.family, "critical")]:
        return [*problems, f"alerts {[(alert.family, alert.severity) for alert in alerts]}"]
    wait_until(lambda: mails_about(running, alerts[0].id), "the page is there")
    return problems


def _unknown_field(running: RunningService, _clinic: ClinicWorld, person: Person) -> Reply:
    return post(running, person, phq9(item9=3, mood_colour="grey"))


def _used_id(running: RunningService, _clinic: ClinicWorld, person: Person) -> Reply:
    first = phq9(item9=0)
    post(running, person, first)
    return post(running, person, phq9(item9=3, id=first["id"]))


def _ten_megabytes(running: RunningService, _clinic: ClinicWorld, person: Person) -> Reply:
    head = orjson.dumps(phq9(item9=3))
    return post(running, person, head[:-1] + b', "note": "' + b"x" * TEN_MB + b'"}')


def _expired(running: RunningService, _clinic: ClinicWorld, person: Person) -> Reply:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    return post(running, person, phq9(item9=3), **person.headers_at(yesterday))


def _discharged(running: RunningService, clinic: ClinicWorld, person: Person) -> Reply:
    staff, path = clinic.staff("clinician"), f"/v1/patients/{person.patient_id}"
    body = orjson.dumps({"status": "discharged"})
    changed = running.send("PATCH", path, staff.headers, body)
    if changed.status != 200:
        raise AssertionError(f"the discharge was answered {changed.status}")
    return post(running, person, phq9(item9=3))


WAYS = (
    Way("an unknown field", _unknown_field, 422, "unreadable_risk"),
    Way("a used id with other content", _used_id, 409, "unreadable_risk"),
    Way("a 10 MB body", _ten_megabytes, 413, "unreadable_risk"),
    Way("a token that expired yesterday", _expired, 201, "suicide_risk"),
    Way("a discharged patient", _discharged, 201, "suicide_risk"),
)
