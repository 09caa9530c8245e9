"""Where clinicians may not look the console says so, and lets them in for a reason."""

from __future__ import annotations

from uuid import uuid4

import pytest
from flask import Flask

from tests.builders.pages.console import console_of
from tests.builders.stored import rows
from tests.builders.world import ClinicWorld, Person, World

ASK = "/break-glass"


@pytest.fixture
def ada(clinic: ClinicWorld) -> Person:
    return clinic.patient("Ada Quagga", mrn="M-77", care_team=[clinic.staff().user_id])


def test_a_link_to_a_patient_out_of_view_asks_for_a_reason(
    app: Flask, clinic: ClinicWorld, ada: Person
) -> None:
    console = console_of(app, clinic.staff())
    path = f"/patients/{ada.patient_id}"
    assert console.open(path).status_code == 404
    assert "Ada" not in console.text
    hers = {"patient_id": str(ada.patient_id)}
    assert console.send(ASK, **hers, reason=" ").status_code == 422
    assert console.send(ASK, **hers, reason="she collapsed", follow=False).status_code == 303
    assert console.open(path).status_code == 200
    assert "Ada Quagga" in console.text


def test_the_page_is_the_same_whether_there_is_such_a_patient_or_not(
    app: Flask, clinic: ClinicWorld, world: World, ada: Person
) -> None:
    console = console_of(app, clinic.staff())
    shown = set()
    for unknown in (ada.patient_id, world.clinic().patient().patient_id, uuid4()):
        assert console.open(f"/patients/{unknown}").status_code == 404
        shown.add(console.text)
    assert len(shown) == 1
    sent = console.send(ASK, patient_id=str(uuid4()), reason="she collapsed")
    assert (sent.status_code, "no such patient" in console.text) == (404, True)


def test_a_record_number_opens_as_well(app: Flask, clinic: ClinicWorld, ada: Person) -> None:
    sam = clinic.staff()
    console = console_of(app, sam)
    console.open("/today?q=M-77")
    assert "open one who is not in your view" in console.text
    console.open(ASK)
    assert "A patient who is not in your view" in console.text
    assert "this patient" not in console.text
    assert console.send(ASK, mrn="M-7", reason="she collapsed").status_code == 404
    console.send(ASK, mrn="M-77", reason="she collapsed")
    assert "Ada Quagga" in console.text
    assert len(rows(sam, "SELECT id FROM view_grants")) == 1


def test_what_is_not_there_of_a_patient_in_view_is_just_not_there(
    app: Flask, clinic: ClinicWorld
) -> None:
    bob = clinic.patient("Bob Quagga")
    for person in (clinic.staff(), clinic.admin):
        console = console_of(app, person)
        assert console.open(f"/patients/{bob.patient_id}/sessions/{uuid4()}").status_code in (
            403,
            404,
        )
        assert "care team" not in console.text


def test_it_is_slowed_down_in_its_place(app: Flask, clinic: ClinicWorld, ada: Person) -> None:
    console = console_of(app, clinic.staff())
    console.open(ASK)
    for _ in range(20):
        token = {"csrf": console.token(), "mrn": "M-77", "reason": "she collapsed"}
        assert console.post(ASK, token).status_code == 303
        console.open(ASK)
    assert console.send(ASK, mrn="M-77", reason="she collapsed").status_code == 429
