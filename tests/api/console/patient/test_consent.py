"""Consent in the console: what is on file, the text, and entering it for the patient."""

from __future__ import annotations

import pytest
from flask import Flask

from services.rules.languages.consent import CONSENTS
from tests.builders.calls import made
from tests.builders.pages.clerk import Clerk
from tests.builders.stored import rows
from tests.builders.ward import Ward

VERSION = CONSENTS.newest.version


@pytest.fixture
def ward(app: Flask, clean_database: None, monkeypatch: pytest.MonkeyPatch) -> Ward:
    return Ward(app, monkeypatch, name="Ada Quagga")


def test_a_signed_consent_is_entered_and_taken_back(ward: Ward) -> None:
    clerk = Clerk(ward)
    clerk.console.open(clerk.base)
    assert "Consent nothing on file" in clerk.text
    assert clerk.send("/enter/consent", decision="withdrawn").status_code == 422
    assert clerk.wrong()["decision"] == "There is no consent to withdraw."
    assert "Do not rely on this to keep you safe." in clerk.text
    clerk.send("/enter/consent", decision="accepted", language="nl")
    assert "The consent is saved." in clerk.text
    assert f"Consent version {VERSION}, agreed" in clerk.text
    (kept,) = rows(ward.pat, "SELECT language, accepted_by FROM consents")
    assert (kept["language"], kept["accepted_by"]) == ("nl", ward.staff.user_id)
    clerk.send("/enter/consent", decision="withdrawn")
    for words in (
        "consent withdrawn",
        f"Consent version {VERSION}, withdrawn",
        "danger still pages",
    ):
        assert words in clerk.text
    clerk.console.open(f"{clerk.base}/enter/consent")
    assert f"Version {VERSION} (Nederlands): agreed" in clerk.text


def test_sent_twice_it_is_entered_once(ward: Ward) -> None:
    clerk = Clerk(ward)
    for _ in range(2):
        clerk.send("/enter/consent", decision="accepted")
        assert "The consent is saved." in clerk.text
    assert len(rows(ward.pat, "SELECT id FROM consents")) == 1


def test_a_withdrawal_on_the_phone_is_not_undone_by_an_older_form(ward: Ward) -> None:
    clerk = Clerk(ward)
    clerk.send("/enter/consent", decision="accepted")
    clerk.console.open(f"{clerk.base}/enter/consent")
    sent = clerk.filled() | {"decision": "accepted", "language": "fr"}
    (kept,) = rows(ward.pat, "SELECT id FROM consents")
    made(ward.post(f"/v1/consents/{kept['id']}/withdraw", {}, ward.pat), 200)
    late = clerk.console.post(f"{clerk.base}/enter/consent", sent)
    assert late.status_code == 409
    assert "There is now: Withdraw it." in clerk.text
    assert len(rows(ward.pat, "SELECT id FROM consents")) == 1


def test_an_hour_of_break_glass_shows_no_form_that_it_does_not_open(ward: Ward) -> None:
    team = {"user_ids": [str(ward.staff.user_id)]}
    made(ward.send("PUT", f"{ward.path}/care-team", ward.staff, team), 200)
    sam = ward.clinic.staff(name="Sam Zebra")
    asked = {"patient_id": str(ward.pat.patient_id), "reason": "found unwell"}
    made(ward.post("/v1/break-glass", asked, sam))
    clerk = Clerk(ward, sam)
    clerk.console.open(clerk.base)
    page = clerk.console.page
    assert [f"/enter/{form}" in page for form in ("session", "check-in")] == [True, True]
    for form in ("contact", "team", "status", "consent", "invitation"):
        assert f"/enter/{form}" not in page
