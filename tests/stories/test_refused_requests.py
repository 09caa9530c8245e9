"""A refusal never hides danger: item 9 = 3 in five requests that cannot be taken as they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from api.play.phones import Reply
from tests.builders.entries import phq9
from tests.builders.seen import saw
from tests.builders.world import ClinicWorld, Person
from tests.fixtures.running import RunningService

pytestmark = pytest.mark.xdist_group("running")
TEN_MB = 10_000_000


def an_unknown_field(running: RunningService, _clinic: ClinicWorld, patient: Person) -> Reply:
    return running.post(patient, phq9(item9=3, mood_colour="grey"))


def a_used_id(running: RunningService, _clinic: ClinicWorld, patient: Person) -> Reply:
    first = phq9(item9=0)
    running.post(patient, first)
    return running.post(patient, phq9(item9=3, id=first["id"]))


def ten_megabytes(running: RunningService, _clinic: ClinicWorld, patient: Person) -> Reply:
    head = orjson.dumps(phq9(item9=3))
    return running.post(patient, head[:-1] + b', "note": "' + b"x" * TEN_MB + b'"}')


def an_expired_token(running: RunningService, _clinic: ClinicWorld, patient: Person) -> Reply:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    return running.post(patient, phq9(item9=3), **patient.headers_at(yesterday))


def a_discharged_patient(running: RunningService, clinic: ClinicWorld, patient: Person) -> Reply:
    staff, path = clinic.staff("clinician"), f"/v1/patients/{patient.patient_id}"
    discharge = orjson.dumps({"status": "discharged"})
    assert running.send("PATCH", path, staff.headers, discharge).status == 200
    return running.post(patient, phq9(item9=3))


@dataclass(frozen=True, slots=True)
class Way:
    """How it is sent, what it is answered, and the family of the alert that it opens."""

    send: Callable[[RunningService, ClinicWorld, Person], Reply]
    status: int
    family: str


WAYS = (
    Way(an_unknown_field, 422, "unreadable_risk"),
    Way(a_used_id, 409, "unreadable_risk"),
    Way(ten_megabytes, 413, "unreadable_risk"),
    Way(an_expired_token, 201, "suicide_risk"),
    Way(a_discharged_patient, 201, "suicide_risk"),
)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.send.__name__)
def test_danger_in_a_refused_request_pages_with_the_card(
    running: RunningService, way: Way, times: int = 1
):
    clinic = running.clinic()
    for _ in range(times):
        patient = clinic.patient()

        reply = way.send(running, clinic, patient)

        assert reply.status == way.status
        card: Any = reply.json()["safety"]
        assert card["level"] == "crisis"
        assert card["resources"]
        (alert,) = running.alerts(patient)
        assert (alert.family, alert.severity) == (way.family, "critical")
        running.wait_for_page(alert.id)
    saw(f"{way.send.__name__.replace('_', ' ')} ({way.status}): paged with the card")
