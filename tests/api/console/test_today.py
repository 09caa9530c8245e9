"""Today: every count leads to whom it counts, in the words of the caseload."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime

import pytest
from flask import Flask

from tests.builders.alerts import open_alert
from tests.builders.caseload import many, set_status
from tests.builders.entries import ago
from tests.builders.pages.console import Console, console_of
from tests.builders.stored import entries, rows
from tests.builders.world import ClinicWorld, World

PHONE = {"phone": "+33 65 5550199"}
NAMES = re.compile(r"data-row><bdi>([^<]*)</bdi>")
CHIP = re.compile(r'<a href="([^"]+)" title="[^"]*" class="(\w*)[^>]*><strong>(\d+)</strong>')
TODAY = datetime.now(UTC).date()
TREATED = {"last_session_at": ago(days=3), "sessions_in_course": 6}
NEEDED = {
    "risk": {"item9_positive_at": ago(days=1), "last_item9": 1},
    "wearing_off": {"wearing_off_on": TODAY, **TREATED},
    "maintenance": {"maintenance_due_on": TODAY, **TREATED},
    "non_response": {"non_response": True, **TREATED},
}


def shown(console: Console) -> list[str]:
    return [html.unescape(name) for name in NAMES.findall(console.page)]


def counts(console: Console) -> dict[str, tuple[int, str]]:
    """Need: how many, and where the count leads."""
    found = CHIP.findall(console.page)
    return {
        need: (int(number), html.unescape(address).removeprefix("/console"))
        for address, need, number in found
    }


def test_each_count_leads_to_whom_it_counts(app: Flask, clinic: ClinicWorld) -> None:
    client, staff = app.test_client(), clinic.staff()
    for need, figures in NEEDED.items():
        set_status(clinic.patient(f"{need} Quagga", **PHONE), **figures)
    alerted = clinic.patient("alert Quagga", **PHONE)
    open_alert(client, alerted)
    clinic.patient("contact_missing Quagga")
    clinic.patient("nothing Quagga", **PHONE)
    console = console_of(app, staff)
    assert counts(console)[""] == (7, "/today")
    for need in [*NEEDED, "alert", "contact_missing"]:
        number, address = counts(console)[need]
        console.open(address)
        assert f"{need} Quagga" in shown(console), need
        assert len(shown(console)) == number
        assert "nothing Quagga" not in shown(console)
        console.open("/today")
    assert len(shown(console)) == 7


def test_whom_it_shows_is_recorded_and_nobody_else(app: Flask, clinic: ClinicWorld) -> None:
    staff, risk = clinic.staff(), clinic.patient()
    clinic.patient()
    set_status(risk, **NEEDED["risk"])
    console_of(app, staff, "/today?need=risk")
    (entry,) = entries(staff, "caseload_read")
    assert entry["about_ids"] == [risk.patient_id]


def test_search_own_teams_and_order(app: Flask, clinic: ClinicWorld) -> None:
    staff = clinic.staff()
    ada = clinic.patient("Ada Quagga", care_team=[staff.user_id], mrn="M-17")
    clinic.patient("Bob Quagga")
    set_status(ada, last_check_in_at=ago(days=2))
    console = console_of(app, staff, "/today?q=bob")
    assert shown(console) == ["Bob Quagga"]
    console.open("/today?q=m-17")
    assert shown(console) == ["Ada Quagga"]
    console.open("/today?mine=1&sort=name")
    assert shown(console) == ["Ada Quagga"]
    console.open("/today?sort=name")
    assert shown(console) == ["Ada Quagga", "Bob Quagga"]
    assert "By name" in console.text
    console.open("/today?q=nobody")
    assert "No patient in your view matches" in console.text


@pytest.mark.parametrize(
    "query", ["need=x", "sort=x&mine=7", "from=-1", "from=9999999999", "from=%D9%A3x", "q=%00%ff"]
)
def test_an_address_that_makes_no_sense_is_taken_as_not_asked(
    app: Flask, clinic: ClinicWorld, query: str
) -> None:
    clinic.patient("Ada Quagga")
    console = console_of(app, clinic.staff(), "/today")
    assert console.open(f"/today?{query}").status_code == 200


def test_many_are_paged_and_none_is_left_out(app: Flask, clinic: ClinicWorld) -> None:
    many(clinic, 120)
    console = console_of(app, clinic.staff(), "/today?sort=name")
    seen = shown(console)
    for place in (50, 100):
        link = re.findall(r'href="([^"]+)" rel="next"', console.page)[0]
        console.open(html.unescape(link).removeprefix("/console"))
        assert f"{place + 1}–" in console.text
        seen += shown(console)
    assert len(seen) == len(set(seen)) == 120
    assert 'rel="next"' not in console.page
    assert len(console.open("/today").data) < 100_000


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script> Quagga",
        "\N{RIGHT-TO-LEFT OVERRIDE}evil Quagga",
        "ليلى Quagga",
        "Q" * 200,
        "名前だけ",
        'O\'Brien & "Söhne" Quagga',
    ],
)
def test_names_are_shown_as_they_are_and_break_nothing(
    app: Flask, clinic: ClinicWorld, name: str
) -> None:
    clinic.patient("Quagga")
    assert rows(clinic.admin, "UPDATE patients SET name = :name RETURNING id", name=name)
    console = console_of(app, clinic.staff(), "/today")
    assert shown(console) == [name]
    assert "<script>alert" not in console.page


def test_an_administrator_sees_nothing_clinical(app: Flask, clinic: ClinicWorld) -> None:
    ada = clinic.patient("Ada Quagga")
    set_status(ada, **NEEDED["risk"], baseline=18, current=8, trend_status="response")
    console = console_of(app, clinic.admin, "/today")
    assert shown(console) == ["Ada Quagga"]
    assert "Patients" in console.text
    assert "item 9" not in console.text
    assert "PHQ-9" not in console.text
    assert counts(console)["risk"][0] == 0


def test_another_clinic_and_another_team_stay_out(
    app: Flask, clinic: ClinicWorld, world: World
) -> None:
    world.clinic().patient("Far Quagga")
    clinic.patient("Theirs Quagga", care_team=[clinic.staff().user_id])
    clinic.patient("Free Quagga")
    console = console_of(app, clinic.staff(), "/today")
    assert shown(console) == ["Free Quagga"]
    assert counts(console)[""][0] == 1


def test_it_is_printed_with_its_own_style(app: Flask, clinic: ClinicWorld) -> None:
    clinic.patient("Ada Quagga")
    console = console_of(app, clinic.staff(), "/today")
    printed = console.open("/today/print?q=ada")
    assert "Ada Quagga" in console.text
    assert "style-src 'sha256-" in printed.headers["Content-Security-Policy"]
    assert printed.headers["Cache-Control"] == "no-store"


def test_an_empty_clinic_is_led_to_its_first_patient(app: Flask, clinic: ClinicWorld) -> None:
    console = console_of(app, clinic.staff(), "/today")
    assert "No patient is in your view yet" in console.text
    assert 'href="/console/new-patient"' in console.page
