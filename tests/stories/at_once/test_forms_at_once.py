"""Two people save one form of a patient at once: neither undoes what the other wrote."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask

from api.embedded.urls import DatabaseUrls
from tests.builders.pages.clerk import Clerk
from tests.builders.ward import Ward
from tests.fixtures.waiting import status_row_locked

MEANWHILE = "Somebody has changed this since you opened it."
# Form: what the first of two sends, and the second; both opened it before.
AT_ONCE: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "contact": ({"phone": "+33 65 5550101"}, {"phone": "+33 65 5550202"}),
    "team": ({}, {}),
    "status": (
        {"status": "paused", "until_on": "2025-06-09", "reason": "a journey"},
        {"status": "discharged"},
    ),
}


@pytest.mark.parametrize("form", AT_ONCE)
def test_of_two_who_save_at_once_the_second_is_shown_what_the_first_wrote(
    app: Flask, monkeypatch: pytest.MonkeyPatch, database_urls: DatabaseUrls, form: str
) -> None:
    """Both have looked before either has the lock, on a connection of their own."""
    ward, sent = Ward(app, monkeypatch), AT_ONCE[form]
    if form == "team":
        others = [ward.clinic.staff(name=f"{name} Quagga").user_id for name in ("Olu", "Pia")]
        members = [[str(ward.staff.user_id), str(other)] for other in others]
        sent = ({"user_ids": members[0]}, {"user_ids": members[1]})
    path = f"/enter/{form}"
    clerks = [Clerk(ward, person) for person in (ward.staff, ward.clinic.admin)]
    for clerk in clerks:
        assert clerk.console.open(f"{clerk.base}{path}").status_code == 200
    with ThreadPoolExecutor(2) as pool:
        with status_row_locked(database_urls, ward.pat) as until:
            first = pool.submit(clerks[0].again, path, **sent[0])
            until(1)
            second = pool.submit(clerks[1].again, path, **sent[1])
            until(2)
        assert first.result().status_code == 200
        assert second.result().status_code == 409, clerks[1].text
    assert MEANWHILE in clerks[1].text
    assert "There is now" in clerks[1].text
    kept = ward.get(ward.path)
    if form == "contact":
        assert kept["phone"] == "+33 65 5550101"
    elif form == "status":
        assert (kept["status"], kept["paused_until_on"]) == ("paused", "2025-06-09")
    else:
        assert sorted(kept["care_team"]) == sorted(sent[0]["user_ids"])
