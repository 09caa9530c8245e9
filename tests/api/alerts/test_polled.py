"""What a board asks every few seconds: what it has already costs one statement and no entry."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.builders.alerts import do, open_alert, set_alert
from tests.builders.pages.console import console_of
from tests.builders.stored import entries
from tests.builders.world import ClinicWorld, Person
from tests.fixtures.statements import round_trips

# BEGIN, the door, the token and the alerts; the commit.
UNCHANGED = 2
LIST, PART = "/v1/alerts", "/console/alerts/board"


def asked(client: FlaskClient, person: Person, path: str, tag: str = "") -> tuple[int, str]:
    headers = person.headers if path.startswith(LIST) else {}
    answer = client.get(path, headers={**headers, **({"If-None-Match": tag} if tag else {})})
    return answer.status_code, answer.headers["ETag"]


@pytest.mark.parametrize("path", [LIST, PART])
@pytest.mark.parametrize("roles", ["clinician", "on_call", "admin", "clinician admin"])
def test_what_is_unchanged_is_one_statement_and_no_read(
    app: Flask, client: FlaskClient, clinic: ClinicWorld, tmp_path: Path, roles: str, path: str
) -> None:
    staff = clinic.staff(*roles.split())
    screen = console_of(app, staff).client
    first = open_alert(client, clinic.patient())
    member = staff if "clinician" in roles else clinic.staff()
    open_alert(client, clinic.patient(care_team=[member.user_id]))
    for _ in range(2):  # the board's tag names the minute, which may end in between
        _, tag = asked(screen, staff, path)
        before = len(entries(staff, "alerts_listed"))
        with round_trips(app, tmp_path / "trace") as count:
            found = asked(screen, staff, path, tag)
        if found == (304, tag):
            break
    assert (found, count()) == ((304, tag), UNCHANGED)
    assert len(entries(staff, "alerts_listed")) == before
    set_alert(clinic, first, severity="high")
    assert asked(screen, staff, path, tag)[0] == 200


def test_a_tag_says_what_this_log_in_was_shown_under_these_filters(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    staff, colleague = clinic.staff(), clinic.staff()
    alert_id = open_alert(client, clinic.patient())
    _, tag = asked(client, staff, LIST)
    assert asked(client, staff, LIST, f'"another", {tag}')[0] == 304
    assert asked(client, colleague, LIST, tag)[0] == 200
    assert asked(client, staff, f"{LIST}?status=resolved", tag)[0] == 200
    do(client, colleague, alert_id, "acknowledge")
    assert asked(client, staff, LIST, tag)[0] == 200
