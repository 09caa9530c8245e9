"""The caseload: who needs somebody first, page by page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from services.rules.figures.status import Status
from tests.builders.calls import post
from tests.builders.caseload import caseload, many, names, set_status
from tests.builders.entries import ago, phq9
from tests.builders.stored import rows
from tests.builders.world import ClinicWorld
from tests.fixtures.statements import round_trips, statements_sent

CELLS = {
    "id",
    "name",
    "mrn",
    "status",
    "paused_until_on",
    "reason",
    "open_alerts",
    "highest_severity",
    "contact_missing",
    "needs_invitation",
    "last_session",
    "last_check_in_at",
    "trend_status",
    "baseline",
    "current",
    "daily_m7",
    "daily_slope_per_week",
    "next_session_at",
    "wearing_off_on",
    "non_response",
    "maintenance_due_on",
}


def test_a_row_says_what_is_known(client: FlaskClient, clinic: ClinicWorld) -> None:
    pat, staff = clinic.patient("Ada", phone="+33 1 23 45 67 89", mrn="M-1"), clinic.staff()
    post(client, pat, phq9(others=2, recorded_at=ago(days=9)))
    stored = post(client, pat, phq9(others=1, item9=1)).json
    (row,) = caseload(client, staff)
    assert set(row) == CELLS
    assert row["last_check_in_at"] == stored["received_at"]
    assert (row["baseline"], row["current"], row["trend_status"]) == (16, 9, "baseline_only")
    assert (row["open_alerts"], row["highest_severity"]) == (1, "high")
    assert (row["contact_missing"], row["last_session"]) == (False, None)
    assert row["reason"] == (
        "high alert open: suicide risk; item 9 positive in the last 14 days, last answer 1;"
        " last check-in less than a day ago; PHQ-9 9, no session yet"
    )


def test_risk_puts_the_highest_alert_first(client: FlaskClient, clinic: ClinicWorld) -> None:
    staff = clinic.staff()
    people = {name: clinic.patient(name) for name in ("quiet", "medium", "critical", "high")}
    risky = clinic.patient("came with ideation", indications=["suicidal ideation"])
    for name, item9 in (("quiet", 0), ("medium", None), ("critical", 3), ("high", 1)):
        post(client, people[name], phq9(item9=item9))
    post(client, risky, phq9())
    expected = ["critical", "high", "medium", "came with ideation", "quiet"]
    assert names(client, staff) == names(client, staff, "?sort=risk") == expected


def test_recent_danger_stands_before_old_danger(client: FlaskClient, clinic: ClinicWorld) -> None:
    staff = clinic.staff()
    for name, days in (("old", 15), ("recent", 13)):
        set_status(clinic.patient(name), item9_positive_at=datetime.now(UTC) - timedelta(days=days))
    assert names(client, staff, "?sort=risk") == ["recent", "old"]


def test_silence_puts_the_longest_silent_first(client: FlaskClient, clinic: ClinicWorld) -> None:
    staff = clinic.staff()
    for name, days in (("a week", 7), ("a day", 1), ("a month", 30)):
        set_status(clinic.patient(name), last_check_in_at=datetime.now(UTC) - timedelta(days=days))
    clinic.patient("just started")
    gone = clinic.patient("gone")
    set_status(gone, last_check_in_at=datetime.now(UTC) - timedelta(days=99))
    client.patch(
        f"/v1/patients/{gone.patient_id}", json={"status": "discharged"}, headers=staff.headers
    )
    expected = ["a month", "a week", "a day", "just started", "gone"]
    assert names(client, staff, "?sort=silence") == expected


def test_trend_puts_the_worst_first_and_then_the_steepest_rise(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    staff = clinic.staff()
    made: list[tuple[str, Status, float | None]] = [
        ("remission", "remission", -3.0),
        ("rising", "response", 2.5),
        ("falling", "response", -2.5),
        ("unknown slope", "response", None),
        ("worse", "worse", 0.0),
    ]
    for name, status, slope in made:
        set_status(clinic.patient(name), trend_status=status, daily_slope=slope)
    clinic.patient("never answered")
    assert names(client, staff, "?sort=trend") == [
        "worse",
        "never answered",
        "rising",
        "falling",
        "unknown slope",
        "remission",
    ]


@pytest.mark.parametrize("sort", ["risk", "silence", "trend", "name"])
def test_pages_join_into_the_whole(client: FlaskClient, clinic: ClinicWorld, sort: str) -> None:
    staff = clinic.staff()
    for number in range(7):
        pat = clinic.patient("Same Name" if number % 2 else f"Name {number}")
        if number % 3 == 0:
            post(client, pat, phq9(item9=number % 4, others=number % 3))
    whole = [row["id"] for row in caseload(client, staff, f"?sort={sort}")]
    assert len(set(whole)) == 7
    pages, cursor = [], ""
    for _ in range(4):
        answer = client.get(f"/v1/patients?sort={sort}&limit=2{cursor}", headers=staff.headers).json
        pages += [row["id"] for row in answer["items"]]
        cursor = f"&cursor={answer['next_cursor']}"
    assert pages == whole
    assert answer["next_cursor"] is None


@pytest.mark.parametrize("letter", ["a", "ß", "م", "王", "🙂"])
def test_a_list_goes_on_after_the_longest_name(
    client: FlaskClient, clinic: ClinicWorld, letter: str
) -> None:
    staff = clinic.staff()
    for last in ("a", "b"):
        clinic.patient(letter * 199 + last)
    first = client.get("/v1/patients?sort=name&limit=1", headers=staff.headers).json
    later = f"/v1/patients?sort=name&limit=1&cursor={first['next_cursor']}"
    answer = client.get(later, headers=staff.headers)
    assert answer.status_code == 200, answer.json
    assert {one["name"][-1] for one in (*first["items"], *answer.json["items"])} == {"a", "b"}


def test_search_finds_parts_of_names_and_numbers(client: FlaskClient, clinic: ClinicWorld) -> None:
    staff = clinic.staff()
    clinic.patient("Ada Lovelace", mrn="M-100")
    clinic.patient("Grace 100%", mrn="X_7")
    assert names(client, staff, "?q=LOVE") == ["Ada Lovelace"]
    assert names(client, staff, "?q=m-1") == ["Ada Lovelace"]
    assert names(client, staff, "?q=100%25") == ["Grace 100%"]
    assert names(client, staff, "?q=_") == ["Grace 100%"]
    assert names(client, staff, "?q=nobody") == []


SPELLINGS = [
    ("Zo\u00eb M\u00fcller", ["Zoe\u0308", "zoe", "ZO\u00cb M", "mu\u0308ller", "muller"]),
    ("Se\u0301an O\u2019Connor", ["O'Connor", "o\u02bcconnor", "oconnor", "s\u00e9an", "sean"]),
    (
        "Anne-Marie  Stra\u00dfe",
        ["anne marie", "Anne\u2011Marie", "marie strasse"],
    ),
    ("S\u00f8ren \u0141ukasz", ["soren", "\u0142uk", "lukasz"]),
    ("Nguy\u1ec5n \u0110\u1ee9c", ["nguyen duc", "Nguye\u0302\u0303n"]),
    ("\uff21\uff44\uff41 \u738b", ["ada", "\u738b"]),
]


@pytest.mark.parametrize(("name", "typed"), SPELLINGS)
def test_a_name_is_found_however_it_is_typed(
    client: FlaskClient, clinic: ClinicWorld, name: str, typed: list[str]
) -> None:
    staff = clinic.staff()
    clinic.patient(name)
    clinic.patient("Somebody Else")
    for part in typed:
        assert names(client, staff, f"?q={quote(part)}") == [name], part


def test_mine_is_what_my_care_teams_look_after(client: FlaskClient, clinic: ClinicWorld) -> None:
    me, colleague = clinic.staff(), clinic.staff()
    clinic.patient("mine", care_team=[me.user_id, colleague.user_id])
    clinic.patient("hers", care_team=[colleague.user_id])
    clinic.patient("everybody's")
    assert names(client, me, "?sort=name") == ["everybody's", "mine"]
    assert names(client, me, "?mine=true") == ["mine"]


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("sort=age", "sort"),
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("mine=perhaps", "mine"),
        ("cursor=abc", "cursor"),
        ("cursor=WyJhIiwiYiJd", "cursor"),
        ("q=%00", "q"),
        ("page=2", "page"),
    ],
)
def test_a_list_that_cannot_be(
    client: FlaskClient, clinic: ClinicWorld, query: str, path: str
) -> None:
    answer = client.get(f"/v1/patients?{query}", headers=clinic.admin.headers)
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == [path]


def test_the_order_tells_an_administrator_nothing_clinical(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    first, second = clinic.patient("first"), clinic.patient("second")
    set_status(first, trend_status="remission", last_check_in_at=datetime.now(UTC))
    set_status(second, trend_status="worse", item9_positive_at=datetime.now(UTC))
    for sort in ("risk", "silence", "trend"):
        assert names(client, clinic.admin, f"?sort={sort}") == ["first", "second"]
        assert names(client, clinic.staff(), f"?sort={sort}") == ["second", "first"]


def test_a_read_of_the_caseload_is_recorded(client: FlaskClient, clinic: ClinicWorld) -> None:
    staff = clinic.staff()
    caseload(client, staff)
    query = "SELECT actor_id FROM audit_entries WHERE action = 'caseload_read'"
    assert [row["actor_id"] for row in rows(staff, query)] == [staff.user_id]


def test_a_stolen_token_shows_until_a_new_invitation(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat, staff = clinic.patient(), clinic.staff()
    rows(
        pat,
        "UPDATE users SET needs_invitation = true WHERE id = :id RETURNING id",
        id=pat.user_id,
    )
    (row,) = caseload(client, staff)
    assert row["needs_invitation"] is True
    assert "phone needs a new invitation" in row["reason"]


def test_a_caseload_of_500_comes_in_one_page(client: FlaskClient, clinic: ClinicWorld) -> None:
    staff = clinic.staff()
    caseload(client, staff)  # the first use of a pair is written down
    counts = []
    for count in (1, 499):
        many(clinic, count)
        with statements_sent(clinic.app) as sent:
            shown = caseload(client, staff, "?limit=500")
        counts.append(len(sent))
    assert len(shown) == 500
    assert counts[0] == counts[1] > 0


def test_a_page_waits_four_times_for_the_database(
    client: FlaskClient, clinic: ClinicWorld, tmp_path: Path
) -> None:
    """All that can be asked beforehand with BEGIN; the rows; the audit entry; the commit."""
    staff = clinic.staff()
    many(clinic, 3)
    caseload(client, staff)
    with round_trips(clinic.app, tmp_path / "trace") as count:
        caseload(client, staff)
    assert count() == 4
