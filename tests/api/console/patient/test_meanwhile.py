"""Two people and one record: what somebody changed meanwhile is not undone by an older form."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from api.console.clinic import staff as staff_pages
from tests.builders.pages.clerk import Clerk
from tests.builders.ward import Ward

MEANWHILE = "Somebody has changed this since you opened it."


@pytest.fixture
def ward(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Ward:
    return Ward(app, monkeypatch)


@pytest.fixture
def clerk(ward: Ward) -> Clerk:
    return Clerk(ward)


def open_form(clerk: Clerk, path: str) -> str:
    assert clerk.console.open(f"{clerk.base}{path}").status_code == 200
    return path


def test_a_number_that_a_colleague_corrected_stays(
    ward: Ward,
    clerk: Clerk,
) -> None:
    path = open_form(clerk, "/enter/contact")
    ward.patch(ward.path, {"phone": "+33 65 5550199"})
    assert clerk.again(path, address="1, rue Quagga").status_code == 409
    assert MEANWHILE in clerk.text
    assert clerk.wrong()["phone"] == "There is now: +33 65 5550199."
    assert clerk.filled()["address"] == "1, rue Quagga"
    assert ward.get(ward.path)["phone"] == "+33 65 5550199"
    clerk.again(path, phone="+33 65 5550199")
    kept = ward.get(ward.path)
    assert (kept["phone"], kept["address"]) == ("+33 65 5550199", "1, rue Quagga")


def test_vital_signs_that_a_colleague_corrected_stay(
    ward: Ward,
    clerk: Clerk,
) -> None:
    session = ward.session(ward.course(), ward.now)["id"]
    here = f"/sessions/{session}"
    clerk.send(f"{here}/vitals", phase="pre", systolic="120", diastolic="80")
    (first,) = ward.get(f"{ward.path}{here}/vitals")["items"]
    path = open_form(clerk, f"{here}/vitals/{first['id']}")
    ward.patch(f"{ward.path}{here}/vitals/{first['id']}", {"systolic": 190})
    assert clerk.again(path, heart_rate="70").status_code == 409
    assert clerk.wrong()["systolic"] == "There is now: 190."
    (kept,) = ward.get(f"{ward.path}{here}/vitals")["items"]
    assert (kept["systolic"], kept["heart_rate"]) == (190, None)


def test_a_member_whom_a_colleague_added_to_the_team_stays(
    ward: Ward,
    clerk: Clerk,
) -> None:
    nurse = ward.clinic.staff("on_call", name="Nils Quagga")
    other = ward.clinic.staff(name="Olu Quagga")
    path = open_form(clerk, "/enter/team")
    team = {"user_ids": sorted([str(ward.staff.user_id), str(other.user_id)])}
    ward.send("PUT", f"{ward.path}/care-team", ward.staff, team)
    added = [str(ward.staff.user_id), str(nurse.user_id)]
    assert clerk.again(path, user_ids=added).status_code == 409
    assert "Olu Quagga" in clerk.wrong().get("", clerk.text)
    assert sorted(ward.get(f"{ward.path}/care-team")["user_ids"]) == team["user_ids"]


def test_a_team_is_whole_where_the_clinic_has_many_accounts(
    ward: Ward,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(staff_pages, "PAGE_ROWS", 1)
    team: dict[str, Any] = {"user_ids": [str(ward.staff.user_id)]}
    ward.send("PUT", f"{ward.path}/care-team", ward.staff, team)
    ward.clinic.patient(name="Newer Quagga")
    clerk = Clerk(ward, ward.clinic.admin)
    open_form(clerk, "/enter/team")
    assert clerk.filled()["user_ids"] == team["user_ids"]
    assert "Newer Quagga" not in clerk.text


def test_who_has_left_still_was_at_the_session(
    ward: Ward,
    clerk: Clerk,
) -> None:
    nurse = ward.clinic.staff("on_call", name="Nils Quagga")
    there = sorted([str(ward.staff.user_id), str(nurse.user_id)])
    session = ward.session(ward.course(), ward.now, staff_ids=there)["id"]
    admin = ward.clinic.admin
    ward.send("PATCH", f"/v1/users/{nurse.user_id}", admin, {"active": False})
    clerk.send(f"/sessions/{session}/correct", weight_kg="71")
    (kept,) = ward.get(f"{ward.path}/sessions")["items"]
    assert (kept["weight_kg"], sorted(kept["staff_ids"])) == (71, there)
