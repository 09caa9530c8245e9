"""The caseload for the printer: the same patients, on paper, and nothing that could do harm."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from services.caseload.worklist import courses, listing
from tests.builders.calls import post
from tests.builders.caseload import caseload, many, names, set_status
from tests.builders.entries import phq9
from tests.builders.stored import rows
from tests.builders.world import ClinicWorld, Person

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
CAUTION = "Absence from this list means nothing"


def six_days_ago() -> datetime:
    return datetime.now(UTC) - timedelta(days=6)


def printed(
    client: FlaskClient, who: Person, query: str = "", accept: str = BROWSER
) -> TestResponse:
    return client.get(f"/v1/patients{query}", headers={**who.headers, "Accept": accept})


def lines(answer: TestResponse) -> list[str]:
    """The text of each patient's line."""
    body = answer.text.partition("<tbody>")[2]
    found = re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    return [" ".join(html.unescape(re.sub(r"<[^>]+>", " ", row)).split()) for row in found]


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (BROWSER, "text/html"),
        ("text/html", "text/html"),
        ("text/*", "text/html"),
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("text/html;q=0.5, application/json", "application/json"),
        ("text/csv", "application/json"),
        ("", "application/json"),
    ],
)
def test_json_unless_a_page_is_liked_better(
    client: FlaskClient, clinic: ClinicWorld, accept: str, kind: str
) -> None:
    clinic.patient("Ada")
    answer = printed(client, clinic.staff(), accept=accept)
    assert (answer.status_code, answer.mimetype) == (200, kind)
    assert answer.headers["Vary"] == "Accept, Accept-Encoding"


def test_the_page_says_who_needs_somebody_and_when_it_was_made(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    staff, pat = clinic.staff(), clinic.patient("Ada", mrn="M-1")
    clinic.patient("Grace", phone="+33 1 23 45 67 89")
    post(client, pat, phq9(item9=2))
    at = six_days_ago()
    set_status(pat, last_session_id=uuid4(), last_session_at=at, sessions_in_course=1)
    answer = printed(client, staff)
    assert lines(answer)[0].startswith(
        "Ada M-1 no phone number on file critical critical alert open: suicide risk; item 9"
    )
    assert lines(answer)[0].endswith(f"{at.astimezone(ZoneInfo('Europe/Paris')):%Y-%m-%d}, day 6")
    assert "no phone number" not in lines(answer)[1]
    head = " ".join(answer.text.partition("<table>")[0].split())
    assert "North Clinic: who needs us today" in head
    assert "(Europe/Paris). Most urgent first. 2 patients." in head
    assert CAUTION in head
    assert "counter(page)" in head


def test_the_page_holds_everybody_in_the_order_of_the_list(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    staff = clinic.staff()
    many(clinic, 60)
    wanted = names(client, staff, "?sort=name&limit=500")
    found = lines(printed(client, staff, "?sort=name&limit=2"))
    assert [line.partition(" no phone")[0] for line in found] == wanted
    assert len(wanted) == 60


def test_a_page_that_is_cut_says_so(
    client: FlaskClient, clinic: ClinicWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    staff = clinic.staff()
    many(clinic, 3)
    assert "Not everybody" not in printed(client, staff).text
    monkeypatch.setattr(listing, "PRINTED_AT_MOST", 2)
    answer = printed(client, staff)
    assert len(lines(answer)) == 2
    assert "Not everybody is on this list: it ends after 2 patients" in answer.text


def test_a_part_of_the_caseload_names_the_part(client: FlaskClient, clinic: ClinicWorld) -> None:
    staff = clinic.staff()
    clinic.patient("Ada")
    answer = printed(client, staff, "?q=<i>&mine=true&sort=silence")
    assert lines(answer) == ["No patient in your view matches."]
    text = html.unescape(answer.text)
    assert "Longest silent first. Only patients of the reader's own teams." in text
    assert "“&lt;i&gt;”" in answer.text


def test_a_name_is_text_and_the_page_can_do_nothing(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    staff = clinic.staff()
    name = "<script>alert(1)</script>"
    named = {"name": name, "mrn": '"><img src=x>'}
    assert client.post("/v1/patients", json=named, headers=staff.headers).status_code == 201
    answer = printed(client, staff)
    assert lines(answer)[0].startswith(f'{name} "><img src=x> ')
    tags = set(re.findall(r"<(\w+)", answer.text))
    assert not tags & {"script", "img", "link", "form", "iframe"}
    # Links lead to patients and telephones alone.
    leads = re.findall(r'href="([^"]*)"', answer.text)
    assert [each for each in leads if not each.startswith(("/console/patients/", "tel:"))] == []
    style = re.search(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'none'")
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_a_print_is_recorded_as_one(client: FlaskClient, clinic: ClinicWorld) -> None:
    staff = clinic.staff()
    people = [clinic.patient() for _ in range(3)]
    printed(client, staff)
    query = "SELECT action, about_ids FROM audit_entries WHERE actor_id = :id ORDER BY id DESC"
    entry = rows(staff, query, id=staff.user_id)[0]
    assert entry["action"] == "caseload_printed"
    assert sorted(entry["about_ids"]) == sorted(person.patient_id for person in people)


def test_paper_tells_an_administrator_nothing_clinical(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat = clinic.patient("Ada", phone="+33 1 23 45 67 89")
    post(client, pat, phq9(item9=2))
    set_status(pat, last_session_id=uuid4(), last_session_at=six_days_ago(), sessions_in_course=1)
    line = "Ada +33 1 23 45 67 89 critical critical alert open"
    assert lines(printed(client, clinic.admin)) == [line]


def test_a_stranger_gets_no_page(client: FlaskClient, clinic: ClinicWorld) -> None:
    refused = printed(client, clinic.patient())
    assert (refused.status_code, refused.mimetype) == (403, "application/problem+json")
    nobody = client.get("/v1/patients", headers={"Accept": BROWSER})
    assert nobody.status_code == 401


def test_both_forms_are_documented(client: FlaskClient, clinic: ClinicWorld) -> None:
    document: dict[str, Any] = client.get("/openapi.json").json
    answer = document["paths"]["/v1/patients"]["get"]["responses"]["200"]
    assert set(answer["content"]) == {"application/json", "text/html"}
    assert caseload(client, clinic.admin) == []


def test_it_can_be_called_from_and_leads_to_the_patients(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    ada = clinic.patient("Ada", phone="+33 65 5550199")
    clinic.patient("Bea", phone="ask her sister")
    answer = printed(client, clinic.staff(), "?sort=name")
    assert 'href="tel:+33-6-55-55-01-99">+33 65 5550199</a>' in answer.text
    assert f'href="/console/patients/{ada.patient_id}"' in answer.text
    assert lines(answer)[1].startswith(
        "Bea ask her sister no phone number on file that can be dialled"
    )
    assert "max-width: 44em" in answer.text


def course(answer: TestResponse) -> list[tuple[int, str]]:
    """Of each picture how many runs of days are drawn, and its words."""
    found = re.findall(r'<span role="img" aria-label="([^"]*)">(<svg.*?</svg>)', answer.text)
    return [(svg.count('stroke-width="1.5"'), html.unescape(words)) for words, svg in found]


def test_the_last_60_days_stand_on_paper_as_a_picture_and_in_words(
    client: FlaskClient, clinic: ClinicWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, staff = clinic.patient("Ada"), clinic.staff()
    clinic.patient("Bea")
    noon = datetime.now(UTC).replace(hour=12, minute=0) - timedelta(days=1)
    for days, item9 in ((70, 3), (40, 0), (39, 1), (5, 0)):
        at = (noon - timedelta(days=days)).isoformat()
        # Sent late, so that it counts on its day.
        form = phq9(item9, instrument="phq9-daily", recorded_at=at)
        assert post(client, ada, form).status_code == 201
    day = {days: noon - timedelta(days=days) for days in (39, 5)}
    ((runs, words),) = course(printed(client, staff, "?sort=name"))
    assert runs == 2
    assert "answered on 3 of 60 days" in words
    assert f"item 9 above 0 on 1, last on {day[39].day} {day[39]:%b}." in words
    assert f"last 8 on {day[5].day} {day[5]:%b}" in words
    assert course(printed(client, clinic.admin)) == []
    monkeypatch.setattr(courses, "COURSES_AT_MOST", 1)
    answer = printed(client, staff, "?sort=name")
    assert "It is drawn for the first 1000 patients" in answer.text
    monkeypatch.setattr(courses, "COURSES_AT_MOST", 0)
    assert course(printed(client, staff)) == []
