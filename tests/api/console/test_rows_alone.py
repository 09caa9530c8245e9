"""Row-level security as the only guard of the console and of `/a`: as of `/v1` beside the table
`who_may_what.txt`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import psycopg
import pytest
from flask import Flask

from api.embedded.urls import DatabaseUrls
from migrations.roles import libpq_url
from tests.builders.doors.rows_alone import no_rows_guarded, rows_alone, shown_of, stored_rows
from tests.builders.doors.sides import MARK, Ids, stranger
from tests.builders.entries import ago
from tests.builders.pages.console import ORIGIN, Console, console_of
from tests.builders.world import World
from tests.fixtures.watched.one_clinic import crossings

# What begins or ends a log-in, and what is no page.
NOT_CALLED: Final = re.compile(
    r"/console(/(log-in|log-out|join|demo|files/<name>|<path:anything>))?/?"
    r"|/a/(<alert_id>/)?(log-in|log-out)|/a/(files/.*|device|email|forgot.*|push.*)"
)
PART: Final = re.compile(r"<(?:\w+:)?(\w+)>")


def filled(theirs: Ids, token: str) -> Mapping[str, Any]:
    """What any form of the console is sent: each takes of it what it has fields for."""
    day, moment = ago()[:10], ago(minutes=5)[:16]
    return {
        "csrf": token,
        **{name: theirs[name] for name in ("user_id", "course_id", "session_id", "schedule_id")},
        **{f"answers.q{n}": "0" for n in range(1, 10)},
        "user_ids": theirs["user_id"],
        "to": theirs["user_id"],
        "first": theirs["override_id"],
        f"place.{theirs['user_id']}": "1",
        "email": "ida@quagga.example",
        "name": "Quagga",
        "targets.0": f"user:{theirs['user_id']}",
        "delay.0": "5",
        "severity": "critical",
        "product": "ketamine",
        "phase": "induction",
        "started_on": day,
        "screened_on": day,
        "supervision": "clinic",
        "started_at": moment,
        "recorded_at": moment,
        "systolic": "120",
        "diastolic": "80",
        "taken_at": moment,
        "effects.headache": "2",
        "outcome": "no_answer",
        "disposition": "safe_plan_made",
        "text": "called",
        "reason": "misread",
        "sure": "1",
        "useful": "no",
        "status": "paused",
        "until_on": day,
        "mrn": "Q-9",
        "roles": "on_call",
        "address": "day@clinic.example",
        "decision": "accepted",
        "from_at": moment,
        "to_at": ago(days=-1)[:16],
        "weight_kg": "71",
        "protocol": "v2",
        "instrument": "phq9",
        "stopped_on": day,
        "seen": "",
        "patient_id": theirs["patient_id"],
    }


def routes(app: Flask) -> list[tuple[str, str]]:
    """Every method and address of the console and of the pages of alerts."""
    return sorted(
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        if re.match("/(console|a)(/|$)", rule.rule) and not NOT_CALLED.fullmatch(rule.rule)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    )


def _address(path: str, theirs: Ids) -> str:
    """Of an account the sessions are log-ins."""
    own = {"export_id": theirs["export_of_staff"]}
    if "/account/" in path:
        own["session_id"] = theirs["device_of_staff"]
    return PART.sub(lambda part: {**theirs, **own}[part[1]], path)


def leaks(console: Console, theirs: Ids) -> dict[str, str]:
    """By route what somebody is shown of the other clinic, but for the ids that they named."""
    found = {}
    ids = {**theirs, "severity": "critical", "suffix": "csv", "kind": "clearance", "what": "note"}
    console.open("/account")
    sent = filled(theirs, console.token())
    for method, path in routes(console.client.application):
        address = _address(path, ids)
        body = sent if method == "POST" else None
        answer = console.client.open(
            address, method=method, data=body, headers={"Origin": ORIGIN}, base_url=ORIGIN
        )
        named = {*address.split("/"), *(sent.values() if body else ())}
        unnamed = {name: one for name, one in theirs.items() if one not in named}
        if shown := shown_of(answer.text, unnamed, MARK):
            found[f"{method} {path}"] = f"{answer.status_code}: {', '.join(shown)}"
    return found


@pytest.fixture
def theirs(world: World) -> Ids:
    return stranger(world)


@pytest.fixture
def console(app: Flask, world: World) -> Console:
    """Of somebody whose roles reach everything in their clinic."""
    return console_of(app, world.clinic().staff("clinician", "on_call", "admin"))


def test_no_page_shows_or_changes_a_row_of_another_clinic(
    app: Flask,
    console: Console,
    theirs: Ids,
    database_urls: DatabaseUrls,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = stored_rows(database_urls.admin, theirs["clinic_id"])
    with rows_alone(app, monkeypatch):
        assert leaks(console, theirs) == {}
    after = stored_rows(database_urls.admin, theirs["clinic_id"])
    assert {name for name in before if before[name] != after[name]} == set()


def test_without_it_nothing_would_be_left(
    app: Flask,
    console: Console,
    theirs: Ids,
    database_urls: DatabaseUrls,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is switched off above is what else would have held: pages and forms reach the rows, and
    transactions touch two clinics, which is seen.
    """
    before = stored_rows(database_urls.admin, theirs["clinic_id"])
    with rows_alone(app, monkeypatch), no_rows_guarded(database_urls.admin):
        shown = leaks(console, theirs)
    after = stored_rows(database_urls.admin, theirs["clinic_id"])
    assert len([route for route in shown if route.startswith("GET")]) > 20
    assert len([name for name in before if before[name] != after[name]]) > 3
    with psycopg.connect(libpq_url(database_urls.admin)) as connection:
        assert crossings(connection)
